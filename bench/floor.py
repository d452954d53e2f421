"""The floor: the least that a page of 25 tickets, and a form that is sent, can cost in Flask.

Raw psycopg with a pool, one indexed statement, a template of about 20 KB; no
login, no layout, no form library. The real pages are judged beside it.
"""

import os
import secrets

from flask import Flask, redirect, render_template, request
from psycopg_pool import ConnectionPool

INSERT = "INSERT INTO bench_floor (title, token) VALUES (%s, %s)"
LIST = """
    SELECT id, key, title, status_category, priority, requester_id, assignee_id, reply_count,
        created_at, updated_at
    FROM tickets WHERE status_category <> 'done' AND hidden_as IS NULL
    ORDER BY updated_at DESC, id DESC LIMIT 25
"""


def make_floor() -> Flask:
    """For gunicorn: `bench.floor:make_floor()`; on the database of DATABASE_URL."""
    app = Flask(__name__)
    pool = ConnectionPool(os.environ["DATABASE_URL"], min_size=2, max_size=20, open=True)

    @app.get("/")
    def rows():
        with pool.connection() as connection:
            found = connection.execute(LIST).fetchall()
        return render_template("floor.html", rows=found)

    @app.post("/")
    def insert():
        token = secrets.token_hex(8)
        with pool.connection() as connection:
            connection.execute(INSERT, [request.form["title"], token])
        return redirect("/", 303)

    app.extensions["pool"] = pool
    return app
