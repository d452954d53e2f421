"""The WSGI entry: `gunicorn wsgi:app`, `flask --app wsgi`."""

import sys

from portal import create_app
from portal.config import ConfigError

try:
    app = create_app()
except ConfigError as error:
    sys.exit(f"The desk does not start:\n{error}")
