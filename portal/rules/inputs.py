"""What has to be said for a line of a rule: read from what is typed, kept as plain JSON, said in words.

What refers to a row keeps its id and its name of the moment: the id is what counts, the name tells what
was meant when the row is not there any more. `read` is asked again when the rule is looked at.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from datetime import time
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.accounts.models import User
from portal.extensions import db
from portal.tickets import called
from portal.tickets.tags import NoTag, tag_names

Options = Callable[[], Iterable[tuple[str, str]]]  # what is kept, and how people read it


class Mistyped(Exception):
    """This is no value; the message says why, fit to show at its field."""


class Input(ABC):
    """`kind` says which control shows it, `hint` what stands beside it."""

    kind = "line"

    def __init__(self, name: str, label: Any, *, hint: Any = "", is_optional: bool = False) -> None:
        self.name, self.label, self.hint, self.is_optional = name, label, hint, is_optional

    def read(self, typed: str) -> Any:
        """The value that is meant; None for nothing, where that is allowed. Raises Mistyped."""
        text = typed.strip()
        if text:
            return self.value(text)
        if self.is_optional:
            return None
        raise Mistyped(self.missing())

    @abstractmethod
    def value(self, text: str) -> Any:
        """Raises Mistyped."""

    def typed(self, value: Any) -> str:
        """As somebody would type what is kept."""
        return "" if value is None else str(value)

    def said(self, value: Any) -> str:
        return self.typed(value)

    def past(self, value: Any) -> str:
        """What is to be said of a value that is none any more; nothing of one that is."""
        return ""

    def missing(self) -> str:
        return _("Fill this in.")


class Choose(Input):
    """One of a list. `gone` is what is said of one that is not there any more.

    Where it `names_rows`, another desk knows them by their labels, not by what is kept.
    """

    kind = "choice"

    def __init__(
        self,
        name: str,
        label: Any,
        options: Options,
        *,
        gone: Any = "",
        names_rows: bool = False,
        **more: Any,
    ) -> None:
        super().__init__(name, label, **more)
        self.options, self.gone = options, gone or _l("“%(name)s” is not there any more.")
        self.names_rows = names_rows

    def value(self, text: str) -> dict[str, str]:
        for known, label in self.options():
            if known == text:
                return {"id": known, "label": str(label)}
        raise Mistyped(self.missing())

    def typed(self, value: Any) -> str:
        return str(value["id"]) if value else ""

    def said(self, value: Any) -> str:
        if not value:
            return ""
        labels = {known: str(label) for known, label in self.options()}
        return labels.get(str(value["id"]), str(value["label"]))

    def missing(self) -> str:
        return _("Choose one of the list.")

    def past(self, value: Any) -> str:
        if not value or any(known == value["id"] for known, _label in self.options()):
            return ""
        return str(self.gone) % {"name": value["label"]}


class Several(Input):
    """Any of a list; none of them stands for all."""

    kind = "several"

    def __init__(self, name: str, label: Any, options: Options, **more: Any) -> None:
        super().__init__(name, label, is_optional=True, **more)
        self.options = options

    def value(self, text: str) -> list[str]:
        known = [name for name, _label in self.options()]
        return [name for name in known if name in text.split(",")]

    def typed(self, value: Any) -> str:
        return ",".join(value or ())

    def said(self, value: Any) -> str:
        return ", ".join(str(label) for name, label in self.options() if name in (value or ()))


class Somebody(Input):
    """One of the desk's people, by name or mail address."""

    kind = "person"

    def meant(self, user_id: int, *, called: str) -> User:
        """Raises Mistyped for somebody who is none of them."""
        return staff_of(user_id, called=called)

    def value(self, text: str) -> dict[str, Any]:
        found = called.people([text])[text]
        if len(found) > 1:
            raise Mistyped(_("Several people are called so. Give the mail address."))
        if not found:
            raise Mistyped(_("Nobody is called “%(name)s”. Give the name or the mail address.", name=text))
        return person_value(self.meant(next(iter(found[0].meaning)), called=text))

    def typed(self, value: Any) -> str:
        return str(value["email"]) if value else ""

    def said(self, value: Any) -> str:
        return str(value["label"]) if value else ""

    def past(self, value: Any) -> str:
        try:
            if value:
                self.meant(value["id"], called=value["label"])
        except Mistyped as gone:
            return str(gone)
        return ""

    def missing(self) -> str:
        return _("Give the name or the mail address of somebody who works here.")


class Anybody(Somebody):
    """Somebody who has an account here, whether they work on tickets or not."""

    kind = "anybody"

    def meant(self, user_id: int, *, called: str) -> User:
        person = db.session.get(User, user_id)
        if person is None or not person.is_active:
            raise Mistyped(_("%(name)s is not there any more.", name=person.name if person else called))
        return person

    def missing(self) -> str:
        return _("Give the name or the mail address of somebody who has an account here.")


class Text(Input):
    def __init__(self, name: str, label: Any, *, most: int, **more: Any) -> None:
        super().__init__(name, label, **more)
        self.most = most

    def value(self, text: str) -> str:
        if len(text) > self.most:
            raise Mistyped(_("Use at most %(max)d characters.", max=self.most))
        return text


class TimeOfDay(Input):
    def value(self, text: str) -> str:
        try:
            return time.fromisoformat(text).strftime("%H:%M")
        except ValueError:
            raise Mistyped(self.missing()) from None

    def missing(self) -> str:
        return _("Enter a time such as 08:00.")


class LongText(Text):
    kind = "text"

    def value(self, text: str) -> str:
        """Browsers send other ends of lines than they show."""
        return super().value(text.replace("\r\n", "\n"))

    def said(self, value: Any) -> str:
        words = " ".join(str(value or "").split())
        return words if len(words) <= 80 else words[:79] + "…"


class Tags(Input):
    kind = "tags"

    def value(self, text: str) -> list[str]:
        try:
            names = tag_names(text)
        except NoTag as wrong:
            raise Mistyped(str(wrong)) from wrong
        if not names:
            raise Mistyped(self.missing())
        return names

    def typed(self, value: Any) -> str:
        return ", ".join(value or ())


class Number(Input):
    kind = "number"

    def __init__(self, name: str, label: Any, *, least: int, most: int, **more: Any) -> None:
        super().__init__(name, label, **more)
        self.least, self.most = least, most

    def value(self, text: str) -> int:
        if not (text.isascii() and text.isdigit() and self.least <= int(text[:9]) <= self.most):
            raise Mistyped(_("Enter a number from %(least)s to %(most)s.", least=self.least, most=self.most))
        return int(text[:9])


def person_value(person: User) -> dict[str, Any]:
    return {"id": person.id, "label": person.name, "email": person.email}


def staff_of(user_id: int, *, called: str) -> User:
    """Raises Mistyped for somebody who does not work here, or no more."""
    person = db.session.get(User, user_id)
    if person is None or not (person.is_active and person.is_staff):
        raise Mistyped(_("%(name)s does not work here any more.", name=person.name if person else called))
    return person
