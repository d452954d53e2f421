import secrets
from typing import Any, cast

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from sqlalchemy import Row
from wtforms import BooleanField, SelectField, StringField, ValidationError

from portal.accounts.models import User
from portal.tickets.forms import TicketForm
from portal.tickets.models import Comment, Ticket
from portal.tickets.naming import tickets_like
from portal.tickets.relations import Relation
from portal.web.forms import DeskForm, NotBlank, at_most, options, tidy

LIMIT = 400  # an address may be long
_ASKED = _l("Enter a key, an address, or a part of the subject.")


class OtherTicketField(StringField):
    """A ticket, by key, address or a part of its title; `found` is the one that is meant, once validated.

    The form says in `reader` who asks: they find none that they may not see.
    """

    found: Row | None = None

    def pre_validate(self, form: Any) -> None:
        typed = tidy(self.data) or ""
        if not typed:
            return
        found = tickets_like(typed, by=form.reader)
        if not found:
            raise ValidationError(gettext("There is no ticket “%(typed)s” that you may see.", typed=typed))
        if len(found) > 1:
            several = ", ".join(f"{row.key} ({row.title})" for row in found[:3])
            raise ValidationError(
                gettext("Several tickets are like that: %(several)s … Enter the key.", several=several)
            )
        self.found = found[0]


class LinkForm(DeskForm):
    """What the ticket is to which other one."""

    relation = SelectField(_l("How it belongs to the other ticket"))
    other = OtherTicketField(_l("Other ticket"), [NotBlank(_ASKED), at_most(LIMIT)], [tidy], id="link-other")

    def __init__(self, *, reader: User, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.reader = reader
        self.relation.choices = options([(each.value, each.label) for each in Relation])

    @property
    def key(self) -> str:
        """Of the other ticket; of a form that is valid."""
        return cast("Row", self.other.found).key


class MergeForm(DeskForm):
    """Into which ticket; asked for by GET first, so that it can be looked at beside this one."""

    into = OtherTicketField(_l("Merge into"), [NotBlank(_ASKED), at_most(LIMIT)], [tidy])

    def __init__(self, *, reader: User, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.reader = reader

    @property
    def key(self) -> str:
        return cast("Row", self.into.found).key


class SplitForm(TicketForm):
    """A new ticket of what was said on another one, and what it is to that."""

    relation = SelectField(_l("The new ticket"))
    with_files = BooleanField(_l("Copy its files to the new ticket"))

    def __init__(self, *, reader: User, original: Ticket, **kwargs: object) -> None:
        super().__init__(reader=reader, **kwargs)
        self.original = original
        if self.organization_id:
            del self.organization_id  # the requester's own
        self.person.validators = [NotBlank(_l("Enter whose ticket it is."))]
        self.person.flags.required = True
        words = {
            Relation.CAUSED_BY: gettext("is caused by %(key)s", key=original.key),
            Relation.RELATES_TO: gettext("relates to %(key)s", key=original.key),
        }
        self.relation.choices = options([(one.value, said) for one, said in words.items()])

    @property
    def asker(self) -> User:
        """Whose ticket it becomes; of a form that is valid."""
        return cast("User", self.person.person)

    def validate_confidential(self, field: Any) -> None:
        if self.original.is_confidential and not field.data:
            raise ValidationError(
                gettext("%(key)s is confidential: so is what is made of it.", key=self.original.key)
            )

    @classmethod
    def of(cls, comment: Comment, ticket: Ticket, *, reader: User, asker: User) -> "SplitForm":
        """As it is shown first: with what was said, in the name of whoever it is about."""
        quoted = "\n".join(f"> {line}".rstrip() for line in comment.body.splitlines())
        known = {
            "title": _beginning(comment.body) or ticket.title,
            "description": quoted,
            "project_id": ticket.project_id,
            "type": ticket.type.value,
            "priority": ticket.priority.value,
            "person": asker.email,
            "confidential": ticket.is_confidential,
            "relation": Relation.RELATES_TO.value,
            "with_files": True,
            "idempotency_key": secrets.token_urlsafe(16),
        }
        return cls(reader=reader, original=ticket, formdata=None, data=known)


def _beginning(text: str) -> str:
    """The first words, as a title."""
    line = " ".join(text.split())
    if len(line) <= 80:
        return line
    return line[:80].rpartition(" ")[0] + " …"
