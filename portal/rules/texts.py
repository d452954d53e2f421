"""What rules and macros write into the subject and the description of a ticket."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.accounts.models import User
from portal.canned.filling import fill_for
from portal.errors import DomainError
from portal.rules.inputs import Choose, LongText, Text
from portal.rules.registry import Effect, Values
from portal.tickets import actions
from portal.tickets.models import Ticket

TITLE_LIMIT = 200
DESCRIPTION_LIMIT = 20_000
REPLACE, APPEND = "replace", "append"


def subject_input() -> Text:
    return Text(
        "title",
        _l("Subject"),
        most=TITLE_LIMIT,
        hint=_l("{{ ticket.key }} and {{ ticket.title }} stand for those of this ticket."),
    )


def subject_of(title: str, ticket: Ticket) -> str:
    """In a subject, which is no Markdown, only these two stand for something."""
    named = title.replace("{{ ticket.key }}", ticket.key).replace("{{ ticket.title }}", ticket.title)
    return named[:TITLE_LIMIT].rstrip()


class SetTitle(Effect):
    name, label = "title", _l("Change the subject")
    inputs = (subject_input(),)

    def apply(self, ticket: Ticket, values: Values, *, actor: User) -> None:
        actions.edit(ticket, actor=actor, title=subject_of(values["title"], ticket))


class SetDescription(Effect):
    name, label = "description", _l("Change the description")
    inputs = (
        LongText(
            "text", _l("Text"), most=DESCRIPTION_LIMIT, hint=_l("With the placeholders of canned replies")
        ),
        Choose(
            "how",
            _l("What becomes of the old one"),
            lambda: [
                (APPEND, str(_l("It stays, the text is put behind it"))),
                (REPLACE, str(_l("The text takes its place"))),
            ],
        ),
    )
    hint = _l("One that ends so already gets nothing behind it.")

    def apply(self, ticket: Ticket, values: Values, *, actor: User) -> None:
        text, old = fill_for(values["text"], ticket, agent=actor), ticket.description
        if values["how"]["id"] == APPEND:
            text = old if old.endswith(text) else f"{old}\n\n{text}".lstrip("\n")
        if len(text) > DESCRIPTION_LIMIT:
            raise DomainError(_("The description would be longer than can be kept."))
        actions.edit(ticket, actor=actor, description=text)


EFFECTS_ON_TEXTS = (SetTitle(), SetDescription())
