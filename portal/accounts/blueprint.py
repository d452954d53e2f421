"""The one blueprint of accounts, apart from the views that fill it: nothing imports views."""

from flask import Blueprint

bp = Blueprint("accounts", __name__)
