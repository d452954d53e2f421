"""Where the routes of the queue and its views stand."""

from flask import Blueprint

bp = Blueprint("desk", __name__)
