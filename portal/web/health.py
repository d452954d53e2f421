"""Whether the desk lives, and whether it can work: for people who operate it and their machines."""

from flask import Blueprint, jsonify
from sqlalchemy.exc import SQLAlchemyError

from portal import schema
from portal.gateways.redis import RedisAway, redis
from portal.gateways.storage import StorageAway, storage
from portal.permissions import for_anyone

bp = Blueprint("health", __name__)


@bp.get("/ping")
@bp.get("/healthz")
@for_anyone
def lives():
    """The process answers; nothing else is asked."""
    return jsonify(status="ok")


@bp.get("/readyz")
@for_anyone
def ready():
    """503 without a database at head. What else is away is told, and answers 200: the desk works on."""
    try:
        at_head = schema.is_at_head()
    except (schema.SchemaError, SQLAlchemyError):
        return jsonify(status="unavailable", database="away"), 503
    if not at_head:
        return jsonify(status="unavailable", database="not at head"), 503
    others = {"redis": _redis(), "storage": _storage()}
    degraded = any(word != "ok" for word in others.values())
    return jsonify(status="degraded" if degraded else "ok", database="ok", **others)


def _redis() -> str:
    try:
        redis().ask(lambda connection: connection.ping())
    except RedisAway:
        return "away"
    return "ok"


def _storage() -> str:
    try:
        storage().check()
    except StorageAway:
        return "away"
    return "ok"
