"""The first version of the API. Only a token lets somebody in, so nothing here asks for that of a form."""

from flask import Blueprint

from portal.extensions import csrf

bp = Blueprint("api", __name__, url_prefix="/api/v1")
csrf.exempt(bp)
