"""What admins set for the whole desk. Nothing here commits; afterwards say `cache.forget_site()`."""

import base64
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from sqlalchemy.dialects.postgresql import insert

from portal.errors import DomainError
from portal.events.changes import change
from portal.events.kinds import Kind
from portal.events.record import record
from portal.extensions import db
from portal.settings.models import Setting
from portal.settings.queries import site_settings

if TYPE_CHECKING:
    from portal.accounts.models import User

LOGO_LIMIT = 100_000  # bytes
LOGO_SIDE = 1024  # pixels
PNG = b"\x89PNG\r\n\x1a\n"


def change_settings(*, actor: "User | None", **values: Any) -> None:
    """Set these settings; those that have that value already change nothing. Raises KeyError for others."""
    now = asdict(site_settings())
    changed = {name: new for name, new in values.items() if now[name] != new}
    for name, new in changed.items():
        stored = list(new) if isinstance(new, tuple) else new
        row = insert(Setting).values(name=name, value=stored)
        db.session.execute(row.on_conflict_do_update(index_elements=["name"], set_={"value": stored}))
    if changed:
        changes = {name: _change(name, now[name], new) for name, new in changed.items()}
        record(Kind.SETTINGS_EDITED, actor=actor, changes=changes)


def logo_from(picture: bytes) -> str:
    """A small PNG as a data: address. Raises DomainError for anything else, whatever it is called."""
    if len(picture) > LOGO_LIMIT:
        raise DomainError(_("The picture is larger than %(limit)d kB.", limit=LOGO_LIMIT // 1000))
    if not picture.startswith(PNG) or picture[12:16] != b"IHDR":
        raise DomainError(_("The picture is not a PNG."))
    width, height = (int.from_bytes(picture[at : at + 4]) for at in (16, 20))
    if not (0 < width <= LOGO_SIDE and 0 < height <= LOGO_SIDE):
        raise DomainError(_("The picture is larger than %(side)d pixels.", side=LOGO_SIDE))
    return "data:image/png;base64," + base64.b64encode(picture).decode()


def _change(name: str, old: Any, new: Any) -> dict:
    """Of the logo only that it is there: history is no place for pictures."""
    return change(bool(old), bool(new)) if name == "logo" else change(old, new)
