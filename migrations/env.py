"""How Alembic reaches the database: as its owner, or over a connection handed in."""

from alembic import context
from flask import current_app
from sqlalchemy import text

import portal.models  # noqa: F401, the metadata must hold every table
from portal.extensions import db
from portal.gateways import maintenance


def run(connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=db.metadata,
        compare_type=True,
        transaction_per_migration=True,
    )
    connection.execute(text("SET lock_timeout = '4s'"))
    connection.execute(text("SET statement_timeout = '15min'"))
    connection.execute(text("SET idle_in_transaction_session_timeout = '15min'"))
    connection.commit()
    with context.begin_transaction():
        context.run_migrations()


handed_in = context.config.attributes.get("connection")
if handed_in is not None:
    run(handed_in)
else:
    with current_app.app_context(), maintenance.engine().connect() as own:
        run(own)
        own.commit()
