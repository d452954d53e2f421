"""Logs: one line an event, JSON for machines or plain for people, with the request's id."""

import logging
import sys

import structlog
from structlog.typing import Processor

from portal.config import Settings

_shared: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
]


def set_up(settings: Settings) -> None:
    """Send every logger's lines through one formatter to standard error."""
    console = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    renderer = console if settings.log_format == "console" else structlog.processors.JSONRenderer()
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level)
    for noisy in ("urllib3", "alembic", "flask_migrate", "rq.worker"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
