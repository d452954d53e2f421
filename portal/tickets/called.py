"""What the words of a filter mean that are looked up: people, organizations, departments, tags.

For each kind one statement for all texts, and another one only to say what was perhaps meant.
"""

import difflib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import func, or_, select

from portal.accounts.models import User, sort_key
from portal.extensions import db
from portal.filters import Value
from portal.organizations.models import Department, Organization
from portal.tickets.tags import Tag, plain

FOUND = 200  # rows that mean one of the texts
NEAR = 500  # names among which the nearest is sought
Found = dict[str, list[Value]]


def people(texts: Sequence[str]) -> Found:
    """By mail address or by name."""
    mails, names = {one.strip().lower() for one in texts}, {sort_key(one) for one in texts}
    wanted = select(User.id, User.email, User.name, User.sort_name).where(
        or_(User.email.in_(mails), User.sort_name.in_(names))
    )
    rows = list(db.session.execute(wanted.order_by(User.sort_name, User.id).limit(FOUND)))
    found: Found = {}
    for asked in texts:
        mail, name = asked.strip().lower(), sort_key(asked)
        found[asked] = [
            Value(row.email, row.name, {row.id}) for row in rows if mail == row.email or name == row.sort_name
        ]
    return found


def nearest_person(text: str) -> str:
    begins = sort_key(text)[:1]
    wanted = select(User.email, User.sort_name).where(
        or_(
            User.sort_name.startswith(begins, autoescape=True), User.email.startswith(begins, autoescape=True)
        )
    )
    names = {name: row.email for row in _few(wanted, User.id) for name in (row.sort_name, row.email)}
    return names.get(_nearest(sort_key(text), names), "")


def organizations(texts: Sequence[str]) -> Found:
    return _named(Organization, texts)


def nearest_organization(text: str) -> str:
    return _nearest_name(Organization, text)


def departments(texts: Sequence[str]) -> Found:
    """All of the same name: several organizations may have one."""
    return _named(Department, texts)


def nearest_department(text: str) -> str:
    return _nearest_name(Department, text)


def tags(texts: Sequence[str]) -> Found:
    """By the name it has, or one that was merged into it: it stands for all ids that mean it."""
    names = {plain(text) for text in texts}
    meant = select(func.coalesce(Tag.merged_into_id, Tag.id)).where(Tag.name.in_(names))
    family = select(Tag.id, Tag.name, Tag.merged_into_id).where(
        or_(Tag.id.in_(meant), Tag.merged_into_id.in_(meant))
    )
    rows = list(db.session.execute(family))
    ids: dict[int, set[int]] = defaultdict(set)
    for row in rows:
        ids[row.merged_into_id or row.id].add(row.id)
    main = {row.id: row.name for row in rows if row.merged_into_id is None}
    called = {row.name: row.merged_into_id or row.id for row in rows}
    values = {one: Value(name, name, ids[one]) for one, name in main.items()}
    return {text: [values[called[plain(text)]]] for text in texts if plain(text) in called}


def nearest_tag(text: str) -> str:
    names = {row.name for row in _few(select(Tag.name).where(Tag.merged_into_id.is_(None)), Tag.name)}
    return _nearest(plain(text), names)


def _named(model: Any, texts: Sequence[str]) -> Found:
    small = {text.strip().lower() for text in texts}
    wanted = select(model.id, model.name).where(func.lower(model.name).in_(small))
    ids: dict[str, set[int]] = defaultdict(set)
    written: dict[str, str] = {}
    for row in db.session.execute(wanted.order_by(model.id).limit(FOUND)):
        name = row.name.lower()
        written.setdefault(name, row.name)
        ids[name].add(row.id)
    values = {name: Value(written[name], written[name], ids[name]) for name in written}
    return {text: [values[text.strip().lower()]] for text in texts if text.strip().lower() in values}


def _nearest_name(model: Any, text: str) -> str:
    names = {row.name.lower(): row.name for row in _few(select(model.name), model.name)}
    return names.get(_nearest(text.strip().lower(), names), "")


def _nearest(text: str, names: Iterable[str]) -> str:
    return next(iter(difflib.get_close_matches(text, list(names), n=1, cutoff=0.6)), "")


def _few(wanted: Any, order: Any) -> Iterable[Any]:
    return db.session.execute(wanted.order_by(order).limit(NEAR))
