"""The real application, as the benchmark runs it: it tells how much SQL each answer took.

`X-Statements` counts them. Where a request says `X-Explain: 1`, PostgreSQL is
asked how it would run each, and `X-Scans` names the big tables it would read
from end to end.
"""

import json
from contextvars import ContextVar

from flask import Flask, Response, request
from sqlalchemy import event

from bench.generate import BIG
from portal import create_app
from portal.extensions import db

_statements: ContextVar[list[str] | None] = ContextVar("statements", default=None)
_scans: ContextVar[set[str] | None] = ContextVar("scans", default=None)


def watch(app: Flask) -> Flask:
    """Count and explain what the application asks the database."""
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", _note)
    app.before_request_funcs.setdefault(None, []).insert(0, _begin)
    app.after_request(_tell)
    return app


def _begin() -> None:
    _statements.set([])
    _scans.set(set() if request.headers.get("X-Explain") else None)


def _tell(response: Response) -> Response:
    response.headers["X-Statements"] = str(len(_statements.get() or []))
    if (scans := _scans.get()) is not None:
        response.headers["X-Scans"] = ",".join(sorted(scans))
    return response


def _note(connection, cursor, statement, parameters, context, executemany) -> None:  # noqa: PLR0917, as SQLAlchemy calls it
    seen = _statements.get()
    if seen is None or "SAVEPOINT" in statement:
        return
    seen.append(statement)
    scans = _scans.get()
    if scans is not None and statement.lstrip().startswith(("SELECT", "UPDATE", "DELETE", "WITH")):
        with connection.connection.cursor() as asking:
            asking.execute(f"EXPLAIN (FORMAT JSON) {statement}", parameters)
            plan = asking.fetchone()[0]
        plan = json.loads(plan) if isinstance(plan, str) else plan
        scans.update(_scanned(plan[0]["Plan"]))


def _scanned(plan: dict) -> set[str]:
    """The big tables that this plan, or a part of it, reads from end to end."""
    found = {table for part in plan.get("Plans", []) for table in _scanned(part)}
    if plan["Node Type"] == "Seq Scan" and plan["Relation Name"] in BIG:
        found.add(plan["Relation Name"])
    return found


def make_app() -> Flask:
    """For gunicorn: `bench.watch:make_app()`."""
    return watch(create_app())
