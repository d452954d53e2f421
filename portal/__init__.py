"""The service desk. Its table of contents is `portal/app.py`; blueprints are added there."""

from portal.app import create_app

__all__ = ["create_app"]
