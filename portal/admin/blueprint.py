"""The one blueprint of the admin area, apart from the views that fill it: nothing imports views."""

from flask import Blueprint

bp = Blueprint("admin", __name__, url_prefix="/admin")
