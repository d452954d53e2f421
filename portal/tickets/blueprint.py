"""The one blueprint of tickets, apart from the views that fill it: nothing imports views."""

from flask import Blueprint

bp = Blueprint("tickets", __name__, url_prefix="/tickets")
