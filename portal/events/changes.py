"""A change of a field, as events keep it: what it was and what it became, with the labels of the moment."""

from datetime import date
from typing import Any

Changes = dict[str, dict[str, dict[str, Any]]]


def set_fields(thing: Any, **values: Any) -> Changes:
    """Set these fields and say which have changed; the values they have already change nothing."""
    changes = {name: change(getattr(thing, name), new) for name, new in values.items()}
    for name, new in values.items():
        setattr(thing, name, new)
    return {name: both for name, both in changes.items() if both["old"] != both["new"]}


def change(old: Any, new: Any) -> dict[str, dict[str, Any]]:
    return {"old": _kept(old), "new": _kept(new)}


def _kept(value: Any) -> dict[str, Any]:
    """A row by its id and its name, a category under the name it is stored by; all else as it is."""
    if value is None:
        return {"id": None, "label": None}
    if hasattr(value, "id"):
        return {"id": value.id, "label": getattr(value, "stored_name", None) or value.name}
    plain = list(value) if isinstance(value, tuple) else value
    plain = plain.isoformat() if isinstance(plain, date) else plain
    return {"id": plain, "label": plain}
