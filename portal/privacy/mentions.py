"""What may still name somebody who was anonymized, for a person to decide. Nothing here commits."""

from collections.abc import Iterator

from portal import clock
from portal.accounts.models import User, digest
from portal.events.kinds import Kind
from portal.events.record import record
from portal.extensions import db
from portal.markdown import render_markdown
from portal.privacy.models import Decision, Mention, Place
from portal.privacy.traces import neutral_name
from portal.tickets.mentions import rendered

AROUND = 120  # letters before and behind that are shown


def text_of(mention: Mention) -> str:
    """What stands there now."""
    if mention.comment:
        return mention.comment.body
    if mention.attachment:
        return mention.attachment.original_filename
    return mention.ticket.title if mention.place is Place.TITLE else mention.ticket.description


def excerpts(mention: Mention) -> Iterator[tuple[str, str, str]]:
    """Up to three places of the text: what stands before, the word itself, what stands behind.

    None where the text was changed since.
    """
    text = text_of(mention)
    if digest(text) != mention.text_digest:
        return
    for start, end in mention.spans[:3]:
        yield text[max(start - AROUND, 0) : start], text[start:end], text[end : end + AROUND]


def keep(mention: Mention, *, actor: User) -> None:
    """It means somebody else, or may stay."""
    _decide(mention, Decision.KEPT, actor=actor)


def replace(mention: Mention, text: str, *, actor: User) -> None:
    """Write something else there. What it was before is kept nowhere, so no event tells it."""
    if mention.comment:
        mention.comment.body = text
        mention.comment.body_html = rendered(text, mention.comment.id, ask=db.session())
    elif mention.attachment:
        mention.attachment.original_filename = text
    elif mention.place is Place.TITLE:
        mention.ticket.title = text
    else:
        mention.ticket.description = text
        mention.ticket.description_html = render_markdown(text)
    _decide(mention, Decision.REPLACED, actor=actor)


def _decide(mention: Mention, decision: Decision, *, actor: User) -> None:
    mention.decision, mention.decided_by_id, mention.decided_at = decision, actor.id, clock.now()
    person_id = mention.job.person_id
    record(
        Kind.MENTION_DECIDED,
        actor=actor,
        user_id=person_id,
        user=neutral_name(person_id),
        key=mention.ticket.key,
        place=mention.place,
        decision=decision,
    )
