"""Tags on tickets: what may be one, who puts them on, what is told of it, and keeping them in order."""

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from portal.errors import DomainError
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.extensions import db
from portal.tickets import tagging
from portal.tickets.tag_lists import names_of, uses_of
from portal.tickets.tags import LONGEST, MOST, NoTag, Tag, tag_name, tag_names
from tests import factories as make

HTMX = {"HX-Request": "true"}


@pytest.fixture
def petra(world):
    return make.agent(name="Petra Lindqvist")


def tagged(*names, by=None, **values):
    ticket = make.ticket(**values)
    tagging.change_tags(ticket, names, actor=by)
    return ticket


def tag(name):
    return db.session.scalars(select(Tag).where(Tag.name == name)).one()


def events(kind):
    return list(db.session.scalars(select(Event).where(Event.kind == kind).order_by(Event.id)))


# Names.


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("VPN", "vpn"),
        ("  Home   Office ", "home office"),
        ("Zugänge", "zugänge"),
        ("Zuga\u0308nge", "zugänge"),
        ("c++", "c++"),
        ("zero\u200bwidth", "zerowidth"),
        ("x" * LONGEST, "x" * LONGEST),
    ],
)
def test_a_name_has_one_form(typed, name):
    assert tag_name(typed) == name


@pytest.mark.parametrize(
    "typed", ["", "  ", "\u200b", "x" * (LONGEST + 1), "a,b", 'say "x"', "it's", "„x“", "none", "\ud800"]
)
def test_what_is_no_name_is_refused_in_words(typed):
    with pytest.raises(NoTag) as refused:
        tag_name(typed)
    assert str(refused.value).endswith(".")


@given(st.text(max_size=60))
def test_any_text_is_a_name_or_refused(typed):
    try:
        name = tag_name(typed)
    except NoTag:
        return
    assert tag_name(name) == name
    assert 1 <= len(name) <= LONGEST
    assert not {",", '"', "'"} & set(name)


def test_a_line_holds_names_with_commas_between_them():
    assert tag_names(" VPN, ,mail,vpn,") == ["vpn", "mail"]
    with pytest.raises(NoTag, match=f"at most {MOST} tags"):
        tag_names(",".join(f"tag {number}" for number in range(MOST + 1)))


# On a ticket.


def test_new_names_are_made_on_the_way_and_the_event_tells_ids_and_names(petra):
    ticket = tagged("vpn", "mail", by=petra)
    version = ticket.version

    tagging.change_tags(ticket, ["vpn", "router"], actor=petra)

    assert names_of(ticket) == ["router", "vpn"]
    assert ticket.version == version + 1
    (told,) = events(Kind.TICKET_TAGGED)[1:]
    assert told.data["changes"]["tags"] == {
        "old": {"id": sorted([tag("mail").id, tag("vpn").id]), "label": ["mail", "vpn"]},
        "new": {"id": sorted([tag("router").id, tag("vpn").id]), "label": ["router", "vpn"]},
    }
    assert not told.is_public
    assert [event.data["tag"] for event in events(Kind.TAG_CREATED)] == ["mail", "vpn", "router"]
    assert tag("mail").created_by_id == petra.id


def test_the_tags_it_has_change_nothing(petra):
    ticket = tagged("vpn", by=petra)
    tagging.change_tags(ticket, ["vpn"], actor=petra)
    assert len(events(Kind.TICKET_TAGGED)) == 1


def test_what_others_have_put_on_meanwhile_stays(petra):
    ticket = tagged("vpn", "mail", by=petra)
    seen = ticket.version
    tagging.change_tags(ticket, ["vpn", "mail", "theirs"], actor=make.agent())

    tagging.change_tags(ticket, ["vpn", "mine"], actor=petra, seen=seen)

    assert names_of(ticket) == ["mine", "theirs", "vpn"]


def test_with_others_they_may_be_too_many(petra):
    ticket = make.ticket()
    seen = ticket.version
    tagging.change_tags(ticket, [f"theirs {number}" for number in range(MOST)], actor=None)

    with pytest.raises(DomainError, match=f"at most {MOST} tags"):
        tagging.change_tags(ticket, ["mine"], actor=petra, seen=seen)


def test_an_agent_sets_them_on_the_page(petra, client_for):
    ticket = make.ticket()
    client = client_for(petra)
    sent = {"tags": "VPN, Home  Office", "version": ticket.version}

    answer = client.post(f"/tickets/{ticket.key}/tags", data=sent)

    assert answer.location == f"/tickets/{ticket.key}"
    page = client.get(answer.location).text
    assert "tagged it <b>home office, vpn</b>" in page
    assert re.search(r'<a class="tag" href="/queue\?q=tag:%22home\+office%22">home office</a>', page)
    sent = {"tags": "", "version": ticket.version}
    panel = client.post(f"/tickets/{ticket.key}/tags", data=sent, headers=HTMX)
    assert "took off the tag <b>home office, vpn</b>" in panel.text
    form = client.get(f"/tickets/{ticket.key}/tags", headers=HTMX)
    assert "<html" not in form.text
    assert f'name="version" value="{ticket.version}"' in form.text


@pytest.mark.parametrize("typed", ["none", "x" * 41, 'a "quote"', ",".join(str(n) for n in range(21))])
def test_what_is_no_tag_is_refused_and_kept(petra, client_for, typed):
    ticket = make.ticket()
    db.session.commit()
    page = client_for(petra).post(f"/tickets/{ticket.key}/tags", data={"tags": typed, "version": 1})
    assert page.status_code == 422
    assert typed in unescape(page.text)


def test_the_form_says_what_its_sender_saw(petra, client_for):
    ticket = make.ticket()
    db.session.commit()
    assert client_for(petra).post(f"/tickets/{ticket.key}/tags", data={"tags": "vpn"}).status_code == 422


def test_requesters_learn_nothing_of_tags(petra, client_for):
    ann = make.employee()
    ticket = tagged("difficult customer", by=petra, requester=ann)
    db.session.commit()
    client = client_for(ann)
    for path in (f"/tickets/{ticket.key}", "/tickets", "/"):
        assert "difficult" not in client.get(path).text
    assert client.get(f"/tickets/{ticket.key}/tags").status_code == 403
    assert client.get("/tickets/tags?tags=diff").status_code == 403


def test_a_stranger_does_not_find_the_ticket(petra, client_for):
    ticket = make.ticket(team=make.team())
    db.session.commit()
    assert client_for(petra).get(f"/tickets/{ticket.key}/tags").status_code == 404


def test_the_last_name_that_is_typed_is_completed(petra, client_for):
    tagged("printer", "printing", "mail")
    db.session.commit()
    client = client_for(petra)
    found = re.findall(r'value="([^"]*)"', client.get("/tickets/tags?tags=Mail,++PRI").text)
    assert found == ["Mail, printer", "Mail, printing"]
    assert "option" not in client.get("/tickets/tags?tags=mail,").text
    assert "option" not in client.get("/tickets/tags?tags=%25").text


def test_rows_of_the_queue_show_them_to_the_desk_alone(petra, client_for, statements):
    client, counts = client_for(petra), []
    ticket = make.ticket()
    for names in ((), ("vpn", "mail")):
        tagging.change_tags(ticket, names, actor=None)
        db.session.commit()
        client.get("/queue")
        statements.clear()
        page = client.get("/queue")
        counts.append(len(statements))
    assert counts[0] == counts[1]
    assert re.search(r'row-tags.*class="tag">mail<.*class="tag">vpn<', page.text, re.DOTALL)


def test_of_a_project_that_is_shut_to_them_agents_who_follow_see_no_tags(world, client_for):
    shut = make.project(members_only=True, lead_id=make.manager().id)
    petra = make.agent()
    ticket = make.ticket(petra, project=shut)
    tagging.change_tags(ticket, ["secret word"], actor=None)
    db.session.commit()
    client = client_for(petra)
    assert "secret word" not in client.get("/queue/all").text
    assert "secret word" not in client.get(f"/tickets/{ticket.key}").text
    found = client.get("/queue/all?q=tag:%22secret+word%22").text
    assert ticket.key not in re.findall(r'id="row-([^"]+)"', found)


# Keeping them in order.


@pytest.fixture
def mia(world):
    return make.manager(name="Mia")


def test_a_new_name_is_that_of_all_its_tickets(mia, client_for):
    ticket = tagged("vpn")
    db.session.commit()
    client = client_for(mia)
    answer = client.post(f"/admin/tags/{tag('vpn').id}", data={"name": " Remote  Access "})
    assert answer.location == "/admin/tags"
    assert names_of(ticket) == ["remote access"]
    (renamed,) = events(Kind.TAG_RENAMED)
    assert renamed.data["changes"]["name"]["old"]["label"] == "vpn"
    assert "tagged it <b>vpn</b>" in client.get(f"/tickets/{ticket.key}").text


def test_the_name_of_another_is_refused(mia, client_for):
    tagged("vpn", "mail")
    db.session.commit()
    client = client_for(mia)
    assert client.post(f"/admin/tags/{tag('vpn').id}", data={"name": "mail"}).status_code == 409
    assert client.post(f"/admin/tags/{tag('vpn').id}", data={"name": "none"}).status_code == 422
    assert client.post(f"/admin/tags/{tag('vpn').id}", data={"name": "vpn"}).status_code == 303
    assert not events(Kind.TAG_RENAMED)


def test_a_merged_tag_lives_on_in_the_other(mia, client_for):
    old, both = tagged("vpm"), tagged("vpm", "vpn")
    version = old.version
    db.session.commit()

    answer = client_for(mia).post(f"/admin/tags/{tag('vpm').id}/merge", data={"tag": "VPN"})

    assert answer.location == "/admin/tags"
    assert names_of(old) == names_of(both) == ["vpn"]
    assert old.version == version
    later = tagged("vpm")
    assert names_of(later) == ["vpn"]
    assert uses_of([tag("vpn").id]) == {tag("vpn").id: 3}
    (merged,) = events(Kind.TAG_MERGED)
    assert (merged.data["tag"], merged.data["into"]) == ("vpm", "vpn")


def test_tags_are_merged_again_and_again(mia):
    ticket = tagged("a")
    tagged("b"), tagged("c")
    tagging.merge(tag("a"), tag("b"), actor=mia)
    tagging.merge(tag("b"), tag("c"), actor=mia)
    assert names_of(ticket) == ["c"]
    tagging.rename(tag("c"), "a", actor=mia)
    assert names_of(ticket) == ["a"]
    assert names_of(tagged("c")) == ["a"]


@pytest.mark.parametrize("into", ["vpn", "nothing of that name", ""])
def test_a_tag_is_merged_into_another_one_that_there_is(mia, client_for, into):
    tagged("vpn")
    db.session.commit()
    answer = client_for(mia).post(f"/admin/tags/{tag('vpn').id}/merge", data={"tag": into})
    assert answer.status_code == (409 if into == "vpn" else 422)


def test_a_deleted_tag_is_gone_with_those_that_were_merged_into_it(mia, client_for):
    first, second = tagged("vpm", "mail"), tagged("vpn")
    tagging.merge(tag("vpm"), tag("vpn"), actor=mia)
    db.session.commit()
    client = client_for(mia)

    client.post(f"/admin/tags/{tag('vpn').id}/delete")

    assert names_of(first) == ["mail"]
    db.session.refresh(second)
    assert second.tag_ids == []
    assert events(Kind.TAG_DELETED)[0].data["tickets"] == 2
    assert list(db.session.scalars(select(Tag.name))) == ["mail"]
    assert client.post(f"/admin/tags/{first.tag_ids[0] + 1000}/delete").status_code == 404


def test_a_tag_of_very_many_tickets_is_merged_instead(mia, monkeypatch):
    monkeypatch.setattr(tagging, "MOST_AT_ONCE", 1)
    tagged("vpn"), tagged("vpn")
    with pytest.raises(DomainError, match="Merge it"):
        tagging.delete_tag(tag("vpn"), actor=mia)


def test_the_list_is_walked_by_name_and_searched(mia, client_for, statements):
    for number in range(30):
        tagged(f"tag {number:02}")
    tagged("tag 29", "old name")
    tagging.merge(tag("old name"), tag("tag 29"), actor=mia)
    db.session.commit()
    client = client_for(mia)
    statements.clear()
    first = client.get("/admin/tags")
    assert len(statements) <= 8
    assert "tag 24" in first.text
    assert "tag 25" not in first.text
    more = unescape(re.search(r'href="(/admin/tags\?cursor=[^"]+)"', first.text)[1])
    assert "tag 29" in client.get(more).text
    found = client.get("/admin/tags?q=OLD").text
    assert re.findall(r">(tag \d+)</a>", found) == ["tag 29"]
    assert "2<span" in found
    assert "No tag is called so" in client.get("/admin/tags?q=xyzzy").text


def test_agents_keep_no_tags_in_order(petra, client_for):
    tagged("vpn")
    db.session.commit()
    client = client_for(petra)
    assert client.get("/admin/tags").status_code == 403
    assert client.post(f"/admin/tags/{tag('vpn').id}/delete").status_code == 403
