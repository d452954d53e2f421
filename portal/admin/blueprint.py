"""The one blueprint of the admin area, apart from the views that fill it: nothing imports views."""

from flask import Blueprint

bp = Blueprint("admin", __name__, url_prefix="/admin")


def row(name: str) -> str:
    """The id of a row in an address; one that no row can have is a 404, not an error of the database."""
    return f"<int(min=1, max={2**63 - 1}):{name}>"
