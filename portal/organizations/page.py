"""The list of an organization's members, as admins of the desk and its own owners see it.

Knows the web, as views do; admin.py and views.py share it.
"""

from typing import Any

from flask import request, url_for

from portal.accounts.models import User
from portal.extensions import db
from portal.organizations.forms import SearchForm
from portal.organizations.models import Organization
from portal.organizations.queries import members_called
from portal.web.paging import Order, keyset

MEMBER = "organizations/member.html"


def members_shown(house: Organization, search: SearchForm, page_of: str, member_of: str) -> dict[str, Any]:
    """What `organizations/_members.html` needs; the endpoints are those of its page and of one member."""
    page = keyset(
        members_called(house, search.words),
        Order(User.sort_name, User.id, descending=False),
        cursor=request.args.get("cursor"),
        of=("sort_name", "id"),
        fetch=db.session.execute,
    )
    kept = {"q": search.words} if search.words else {}

    def page_url(**more: Any) -> str:
        return url_for(page_of, organization_id=house.id, **more)

    def member_url(user_id: int) -> str:
        return url_for(member_of, organization_id=house.id, user_id=user_id)

    return {"page": page, "search": search, "kept": kept, "page_url": page_url, "member_url": member_url}
