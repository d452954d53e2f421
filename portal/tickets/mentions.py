"""Whom people mean by an "@" and a name in what they say on a ticket. Nothing here commits.

The name is the whole one, or a mail address; the longest that fits is meant. So nothing but
the text is needed to mention somebody, and whoever reads it as plain text reads the same.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from unicodedata import category, normalize

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Connection, Text, any_, cast, func, insert, or_, select, union_all
from sqlalchemy.dialects.postgresql import ARRAY, array
from sqlalchemy.orm import Session, aliased

from portal.accounts.absence import is_away
from portal.accounts.models import User, sort_key
from portal.extensions import db
from portal.filters.fields import Columns
from portal.markdown import UNSPACED, Named, behind_signs, read_markdown
from portal.organizations.queries import findable_by
from portal.tickets.hearers import Saying, hears, takes_part
from portal.tickets.models import Comment, Ticket
from portal.tickets.relations import CommentMention

GOES_ON = re.compile(r"[._+@-]?[^\W_]")  # a name or an address that is longer than what stands before


@dataclass(frozen=True)
class _Known:
    """Somebody of that name or address, and whether they may read what is said and are there."""

    user: User
    hears: bool
    takes_part: bool


@dataclass(frozen=True)
class Said:
    """What somebody says, as a page shows it, and whom they mean. `untold` is for the writer: why of whom
    else it names they are not told, a sentence each."""

    html: str
    meant: tuple[_Known, ...] = ()
    untold: tuple[str, ...] = ()

    @property
    def people(self) -> list[User]:
        return [someone.user for someone in self.meant]

    @property
    def newcomers(self) -> list[User]:
        """Those who have no part in the ticket yet."""
        return [someone.user for someone in self.meant if not someone.takes_part]


def understand(body: str, saying: Saying) -> Said:
    """Read what is about to be said. A text without a sign asks the database nothing."""
    behind = behind_signs(body)
    if not behind:
        return Said(read_markdown(body).html())
    known = _called(behind, saying)
    reading = read_markdown(body, _longest_of(known.keys(), behind))
    named = {name: _meant(known[_key(name)]) for name in reading.names}
    told = {name: someone for name, someone in named.items() if someone and someone.hears}
    untold = [_why_not(name, someone, saying) for name, someone in named.items() if name not in told]
    people = {someone.user.id: someone for someone in told.values()}
    html = reading.html(marked=told.keys())
    return Said(html, tuple(people.values()), tuple(dict.fromkeys(filter(None, untold))))


def note(comment: Comment, people: Iterable[User]) -> None:
    """Keep who is meant by what was said."""
    rows = [{"comment_id": comment.id, "user_id": user.id} for user in people]
    if rows:
        db.session.execute(insert(CommentMention), rows)


def rendered(body: str, comment_id: int, *, ask: Session | Connection) -> str:
    """A comment's words, which were changed, as a page shows them: whom it was kept to mention stands out."""
    names = select(User.name, User.email).join(CommentMention, CommentMention.user_id == User.id)
    rows = ask.execute(names.where(CommentMention.comment_id == comment_id))
    keys = {_key(name) for row in rows for name in row}
    reading = read_markdown(body, _longest_of(keys, behind_signs(body)))
    return reading.html(marked=reading.names)


def mentioning(shut: Collection[int]) -> Callable[[Columns, Collection[int]], ColumnElement[bool]]:
    """For a filter: tickets, with those in which they go on, where somebody is mentioned.

    What an internal note says of people is for who works on both: not in projects that are `shut`.
    """

    def mentions(tickets: Columns, ids: Collection[int]) -> ColumnElement[bool]:
        there, home = aliased(Ticket), aliased(Ticket)
        places = (
            select(func.unnest(array([there.id, home.id])))
            .select_from(CommentMention)
            .join(Comment, Comment.id == CommentMention.comment_id)
            .join(there, there.id == Comment.ticket_id)
            .join(home, home.id == func.coalesce(there.merged_into_id, there.id))
            .where(CommentMention.user_id.in_(ids))
        )
        if shut:
            closed = or_(there.project_id.in_(sorted(shut)), home.project_id.in_(sorted(shut)))
            places = places.where(~(Comment.is_internal & closed))
        return tickets.id.in_(places.correlate(None))

    return mentions


def _called(behind: Iterable[str], saying: Saying) -> dict[str, list[_Known]]:
    """Everybody who may be named there, by the names and addresses that they have: in one statement.

    Of those who do not hear it, and of addresses, the writer learns nothing but of whom they may look up.
    """
    keys = {_key(begun) for text in behind for begun in _beginnings(text)}
    hearing, findable = hears(saying), findable_by(saying.writer)
    asked = any_(cast(sorted(keys), ARRAY(Text)))
    by_name, by_address = (User.sort_name == asked) & or_(hearing, findable), (User.email == asked) & findable
    found = select(User, hearing.label("hears"), takes_part(saying.ticket).label("takes_part"))
    called = union_all(
        *(select(User.id).where(one == asked).correlate(None) for one in (User.sort_name, User.email))
    )
    found = found.where(User.id.in_(called), or_(by_name, by_address))
    found = found.where(User.is_active.is_(True), User.id != saying.writer.id)
    known: dict[str, list[_Known]] = {}
    for user, is_heard, has_part in db.session.execute(found.order_by(User.id)):
        someone = _Known(user, is_heard and not is_away(user), has_part)
        for key in {user.sort_name, user.email} & keys:
            known.setdefault(key, []).append(someone)
    return known


def _longest_of(keys: Collection[str], behind: Iterable[str]) -> Named:
    """How long the longest of these names is at the beginning of each of these texts."""
    lengths = {
        text: next((len(begun) for begun in _beginnings(text) if _key(begun) in keys), 0) for text in behind
    }
    return lambda text: lengths.get(text, 0)


def _beginnings(text: str) -> Iterator[str]:
    """All with which a name or an address may end, the longest first."""
    for end in range(0 if text[:1].isspace() else len(text), 0, -1):
        if not text[end - 1].isspace() and _may_end(text, end):
            yield text[:end]


def _may_end(text: str, end: int) -> bool:
    behind = text[end : end + 2]
    if not behind:
        return True
    if category(behind[0]).startswith("M"):  # an accent that is written for itself
        return False
    return not GOES_ON.match(behind) or bool(UNSPACED.match(text[end - 1]) or UNSPACED.match(behind))


def _key(name: str) -> str:
    return sort_key(normalize("NFC", " ".join(name.split())))


def _meant(known: list[_Known]) -> _Known | None:
    """The one who hears it, of all who are called so; None where that may be several."""
    hearing = [someone for someone in known if someone.hears] or known
    return hearing[0] if len(hearing) == 1 else None


def _why_not(name: str, someone: _Known | None, saying: Saying) -> str:
    """For the writer, who only following the ticket is told nothing of the desk's people."""
    if someone is None:
        return _several(name) if saying.is_of_desk else ""
    user, said = someone.user, {"name": someone.user.name, "key": saying.ticket.key}
    if not saying.is_of_desk and someone.takes_part:
        return ""
    if saying.is_of_desk and is_away(user) and (someone.takes_part or user.is_staff):
        return _("%(name)s is away and was not told.", **said)
    if saying.internal and (someone.takes_part or not user.is_staff):
        return _("%(name)s does not read internal notes and was not told.", **said)
    if saying.is_of_desk and user.is_staff:
        return _("%(name)s does not see %(key)s and was not told.", **said)
    return _("%(name)s takes no part in %(key)s and was not told.", **said)


def _several(name: str) -> str:
    return _(
        "Several people are called “%(name)s”, and none was told. Write @ and a mail address.", name=name
    )
