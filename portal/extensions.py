"""The unbound Flask extensions; `create_app` binds them."""

import enum
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from flask import g
from flask_babel import Babel, Domain
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import LoginManager
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect
from htmx_flask import Htmx
from sqlalchemy import BigInteger, CursorResult, DateTime, Enum, MetaData, Result
from sqlalchemy.orm import DeclarativeBase, registry

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """What every table has in common, so that no model has to repeat it.

    Whole numbers are bigint and foreign keys follow what they refer to; times
    carry their zone; an enum is text, stored by value and held by a CHECK;
    every constraint has a name that migrations can refer to.
    """

    metadata = MetaData(naming_convention=NAMES)
    # Through the registry: Flask-SQLAlchemy refuses a `type_annotation_map` of the class.
    registry = registry(
        type_annotation_map={
            int: BigInteger,
            datetime: DateTime(timezone=True),
            enum.Enum: Enum(
                enum.Enum,
                native_enum=False,
                create_constraint=True,
                length=40,
                values_callable=lambda kind: [member.value for member in kind],
            ),
        }
    )


class RememberedDomain(Domain):
    """Flask-Babel's, which asks for the request's language once and not for each text."""

    def get_translations(self) -> Any:
        asked = getattr(g, "_flask_babel", None) if g else None
        words = getattr(asked, "babel_translations", None)  # Flask-Babel drops it with the language
        if words is None:
            words = super().get_translations()
            if asked is not None:
                asked.babel_translations = words
        return words


class DeskBabel(Babel):
    @cached_property
    def domain_instance(self) -> Domain:
        return RememberedDomain(domain=self.domain)


# What was loaded stays loaded after the commit: an answer shows it, and asks for nothing twice.
db = SQLAlchemy(
    model_class=Base,
    session_options={"join_transaction_mode": "create_savepoint", "expire_on_commit": False},
)
migrate = Migrate()
csrf = CSRFProtect()
login = LoginManager()
htmx = Htmx()
babel = DeskBabel()
limiter = Limiter(get_remote_address)

if TYPE_CHECKING:
    Model = Base  # mypy takes no class from an attribute of an object
else:
    Model = db.Model


def affected(result: Result[Any]) -> int:
    """How many rows the statement has changed; for an update or a delete, which alone count them."""
    return cast("CursorResult[Any]", result).rowcount
