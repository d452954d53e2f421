"""Searching: what is found by which words, by whom, in which order, and what is shown of it."""

import re
from html import unescape

import pytest
from sqlalchemy import select, text

from portal.attachments.models import State
from portal.extensions import db
from portal.organizations.models import Shares
from portal.tickets import actions, merging, moving, tagging
from portal.tickets.models import Part
from portal.tickets.texts import SearchText
from tests import factories as make


def keys(page):
    return re.findall(r'<article class="hit"><h3><a href="/tickets/([^"]+)"', page.text)


def search(client, words, **more):
    page = client.get("/search", query_string={"q": words, **more})
    assert page.status_code == 200, page.text
    return page


def found(client, words, **more):
    return set(keys(search(client, words, **more)))


@pytest.fixture
def ann(world):
    return make.employee(name="Ann")


@pytest.fixture
def desk(world, client_for):
    petra = make.agent(name="Petra")
    db.session.commit()
    return client_for(petra)


FORMS = [
    ("Printers are printing slowly", "printer"),
    ("The printer", "printers"),
    ("It crashed twice", "crashes"),
    ("Die Drucker sind kaputt", "Drucker"),
    ("Zwei kaputte Bildschirme", "Bildschirm"),
    ("Rechnung fehlt", "Rechnungen"),
    ("Änderung der Adresse", "anderung"),
    ("Anderung der Adresse", "ÄNDERUNGEN"),
    ("Straße gesperrt", "strasse"),
    ("Café résumé", "cafe resume"),
    ("Drucker/Scanner defekt", "scanner"),
    ("Certificates have expired", "certif"),
    ("Replace toner", "ton"),
    ("Order a new badge", "new badge"),
    ("NW-116 has no network", "NW-116"),
    ("Mail to ann@example.org bounces", "ann@example.org"),
    ("Works with C++ only", "C++"),
]


@pytest.mark.parametrize(("title", "words"), FORMS)
def test_a_word_is_found_in_its_forms(ann, client_for, title, words):
    ticket = make.ticket(ann, title=title)
    make.ticket(ann, title="Something else")
    db.session.commit()
    assert found(client_for(ann), words) == {ticket.key}


@pytest.mark.parametrize(
    ("words", "is_found"),
    [
        ('"paper jam"', True),
        ('"jam paper"', False),
        ("jam paper", True),
        ('"papers jam"', False),
        ("paper -jam", False),
        ("paper -toner", True),
        ('paper -"jam paper"', True),
        ("paper toner", False),
        ("pap", True),
        ("papr jam", False),
    ],
)
@pytest.mark.parametrize("who", ["employee", "agent"])
def test_quotation_marks_hold_words_together_and_a_minus_leaves_one_out(
    ann, desk, client_for, words, is_found, who
):
    ticket = make.ticket(ann, title="A paper jam")
    db.session.commit()
    client = desk if who == "agent" else client_for(ann)
    assert found(client, words) == ({ticket.key} if is_found else set())


def test_an_exact_key_leads_straight_to_the_ticket_and_so_does_one_it_had_before(ann, client_for, desk):
    ticket, other = make.ticket(ann), make.project("HR")
    old = ticket.key
    moving.move(ticket, other, actor=make.admin())
    db.session.commit()
    for client in (client_for(ann), desk):
        for key in (old.lower(), ticket.key, f"http://localhost/tickets/{ticket.key}"):
            answer = client.get("/search", query_string={"q": key})
            assert answer.status_code == 303
            assert answer.headers["Location"] == f"/tickets/{ticket.key}"


def test_a_key_of_nothing_one_may_see_is_searched_for_like_any_word(ann, client_for):
    strange = make.ticket()
    db.session.commit()
    page = search(client_for(ann), strange.key)
    assert keys(page) == []
    assert "Nothing found" in page.text


def test_what_stands_in_the_title_comes_before_tags_the_description_and_replies(ann, desk):
    said = make.ticket(ann, title="One")
    make.reply(said, body="zebra")
    described = make.ticket(ann, title="Two", description="a zebra")
    tagged = make.ticket(ann, title="Three")
    tagging.change_tags(tagged, ["zebra"], actor=make.agent())
    titled = make.ticket(ann, title="Zebra")
    db.session.commit()
    assert keys(search(desk, "zebra")) == [titled.key, tagged.key, described.key, said.key]


def test_the_newest_come_first_where_somebody_wants_it_so(ann, desk):
    first = make.ticket(ann, title="zebra")
    second = make.ticket(ann, title="x", description="zebra")
    db.session.commit()
    assert keys(search(desk, "zebra")) == [first.key, second.key]
    assert keys(search(desk, "zebra", order="newest")) == [second.key, first.key]


def test_of_many_only_the_newest_are_shown_first_and_the_page_says_so(ann, client_for, desk, monkeypatch):
    monkeypatch.setattr("portal.search.ranking.MOST", 2)
    tickets = [make.ticket(ann, title="zebra") for _ in range(4)]
    db.session.commit()
    for client in (client_for(ann), desk):
        page = search(client, "zebra")
        assert keys(page) == [ticket.key for ticket in reversed(tickets)]
        assert "because too many match" in page.text
        monkeypatch.setattr("portal.search.ranking.COMMON", -1)
        for few in (300, 0):
            monkeypatch.setattr("portal.search.ranking.FEW", few)
            assert keys(search(client, "zebra")) == [ticket.key for ticket in reversed(tickets)]
        monkeypatch.setattr("portal.search.ranking.FEW_ENOUGH", 1)
        assert keys(search(client, "zebra")) == [ticket.key for ticket in reversed(tickets)]
        monkeypatch.undo()
        monkeypatch.setattr("portal.search.ranking.MOST", 2)


@pytest.mark.parametrize("order", [None, "newest"])
@pytest.mark.parametrize("common", [6000, -1])
def test_pages_lead_on_and_back_without_losing_or_repeating_any(ann, client_for, order, common, monkeypatch):
    monkeypatch.setattr("portal.search.ranking.COMMON", common)
    all_keys = {make.ticket(ann, title="zebra " + "zebra " * (n % 3)).key for n in range(60)}
    db.session.commit()
    client, pages = client_for(ann), []
    address = "/search?q=zebra" + (f"&order={order}" if order else "")
    while address:
        page = client.get(address)
        pages.append(keys(page))
        older = re.search(r'href="([^"]+)" rel="next"', page.text)
        address = older and unescape(older[1])
    assert [len(each) for each in pages] == [25, 25, 10]
    assert {key for each in pages for key in each} == all_keys


def test_the_filter_of_the_desk_narrows_a_search(ann, desk):
    low = make.ticket(ann, title="zebra", priority="low")
    make.ticket(ann, title="zebra", priority="high")
    db.session.commit()
    assert found(desk, "zebra priority:low") == {low.key}
    assert found(desk, "zebra -priority:high") == {low.key}


def test_a_filter_without_words_is_one_for_the_queue(desk):
    answer = desk.get("/search?q=priority:low")
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/queue/all?q=priority:low"


@pytest.mark.parametrize("words", ["zebra prioritie:low", '"never closed', "zebra OR lion", "x" * 1001, "!!"])
def test_a_filter_that_is_none_says_why_and_keeps_what_was_typed(desk, words):
    answer = desk.get("/search", query_string={"q": words})
    assert answer.status_code == 422
    assert words in unescape(answer.text)


@pytest.mark.parametrize("words", ["!!", "-zebra", "x" * 1001])
def test_an_employee_is_told_why_nothing_can_be_searched(ann, client_for, words):
    db.session.commit()
    answer = client_for(ann).get("/search", query_string={"q": words})
    assert answer.status_code == 422
    assert words in unescape(answer.text)


def test_people_who_ask_find_what_is_theirs_or_shared_and_nothing_else(world, client_for):
    house = make.organization(shares=Shares.ALL)
    ann, ben = make.member(house), make.member(house)
    own, shared = make.ticket(ann, title="zebra"), make.ticket(ben, title="zebra", organization=house)
    secret = make.ticket(ben, title="zebra", organization=house)
    secret.is_confidential = True
    make.ticket(title="zebra of a stranger")
    followed = make.ticket(title="zebra")
    actions.take_part(followed, ann, Part.WATCHER)
    db.session.commit()
    assert found(client_for(ann), "zebra") == {own.key, shared.key, followed.key}


def test_tags_are_the_desks_and_a_renamed_or_merged_one_is_found_at_once(ann, desk, client_for):
    petra = make.agent()
    ticket = make.ticket(ann, title="Slow")
    tagging.change_tags(ticket, ["home office"], actor=petra)
    db.session.commit()
    assert found(desk, "office") == {ticket.key}
    assert found(desk, "slow office") == {ticket.key}
    assert found(desk, "slow beach") == set()
    assert found(client_for(ann), "office") == set()
    assert found(client_for(ann), f"#{ticket.tag_ids[0]}") == set()

    tag = db.session.get(tagging.Tag, ticket.tag_ids[0])
    tagging.rename(tag, "beach", actor=petra)
    db.session.commit()
    assert found(desk, "slow beach") == {ticket.key}
    assert found(desk, "office") == set()

    other = make.ticket(ann, title="Fast")
    tagging.change_tags(other, ["sand"], actor=petra)
    tagging.merge(tag, db.session.get(tagging.Tag, other.tag_ids[0]), actor=petra)
    db.session.commit()
    assert found(desk, "sand") == {ticket.key, other.key} == found(desk, "beach")


def test_names_of_clean_files_are_found_and_those_of_others_never(ann, desk, client_for):
    ticket = make.ticket(ann, title="Look")
    file = make.file(ticket, ann, name="Zebra_report-2026.pdf")
    note = make.file(ticket, make.agent(), name="lion.pdf", is_internal=True)
    db.session.commit()
    for words in ("zebra", "report 2026", "Zebra_report-2026.pdf"):
        assert found(desk, words) == found(client_for(ann), words) == {ticket.key}
    assert "Zebra_report-2026.pdf" in search(client_for(ann), "report").text
    assert (found(desk, "lion"), found(client_for(ann), "lion")) == ({ticket.key}, set())

    file.scanned_status, file.clean_key = State.INFECTED, None
    db.session.delete(note)
    db.session.commit()
    assert found(desk, "zebra") == found(desk, "lion") == set()


def test_what_is_changed_or_removed_is_found_as_it_is_now(ann, client_for):
    ticket = make.ticket(ann, title="zebra", description="lion")
    reply = make.reply(ticket, body="tiger")
    db.session.commit()
    client = client_for(ann)
    ticket.title, ticket.description, reply.body = "cow", "goat", "sheep"
    db.session.commit()
    assert all(found(client, word) == set() for word in ("zebra", "lion", "tiger"))
    assert all(found(client, word) == {ticket.key} for word in ("cow", "goat", "sheep"))
    db.session.delete(reply)
    db.session.commit()
    assert found(client, "sheep") == set()


def test_what_was_merged_is_found_where_it_goes_on_and_back_again(ann, desk):
    petra = make.agent()
    home, source = make.ticket(ann, title="home"), make.ticket(ann, title="zebra")
    make.reply(source, body="lion")
    db.session.commit()
    merging.merge(source, home, actor=petra)
    db.session.commit()
    assert found(desk, "zebra") == found(desk, "lion") == {home.key}
    merging.unmerge(source, actor=petra)
    db.session.commit()
    assert found(desk, "zebra") == found(desk, "lion") == {source.key}


def test_a_text_of_any_length_can_be_sent_and_is_found_by_how_it_begins(ann, desk):
    words = " ".join(f"w{n:x}q" for n in range(150_000))
    ticket = make.ticket(ann, title="Long", description="zebra " + words)
    assert len(words) > 900_000
    db.session.commit()
    assert found(desk, "zebra w2q") == {ticket.key}
    assert found(desk, "w249efq") == set()  # the last


def test_the_words_are_marked_and_whatever_people_wrote_is_text(ann, desk):
    make.ticket(
        ann,
        title="<img src=x onerror=alert(1)> zebra",
        description="**bold** \ue000script\ue001 </mark><script>alert(1)</script> the zebras & lions",
    )
    db.session.commit()
    page = search(desk, "zebra").text
    hit = re.search(r'<article class="hit">.*?</article>', page, re.DOTALL)[0]
    assert "<mark>zebra</mark>" in hit
    assert "<mark>zebras</mark> &amp; lions" in hit
    assert "<script" not in hit
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in hit
    assert "<img" not in hit
    assert "\ue000" not in hit
    assert "**" not in hit
    assert hit.count("<mark>") == hit.count("</mark>")


def test_a_german_word_is_marked_in_its_form(ann, desk):
    make.ticket(ann, title="Hilfe", description="Wir brauchen zwei neue Bildschirme/Monitore.")
    db.session.commit()
    assert "<mark>Bildschirme</mark>/Monitore" in search(desk, "Bildschirm").text


def test_notes_are_found_by_who_works_on_the_ticket_alone(world, ann, desk, client_for):
    ticket = make.ticket(ann, title="x")
    make.note(ticket, body="zebracrossing")
    db.session.commit()
    page = search(desk, "zebracrossing")
    assert keys(page) == [ticket.key]
    assert "Internal note:" in page.text
    assert keys(search(client_for(ann), "zebracrossing")) == []


@pytest.mark.parametrize("common", [6000, -1])
def test_of_a_project_that_is_shut_the_desk_finds_no_notes_and_no_tags(
    world, client_for, common, monkeypatch
):
    monkeypatch.setattr("portal.search.ranking.COMMON", common)
    shut = make.project("HR", members_only=True)
    petra = make.agent()
    ticket = make.ticket(petra, project=shut, title="Holiday")
    make.note(ticket, make.admin(), body="zebracrossing")
    tagging.change_tags(ticket, ["lion"], actor=make.admin())
    db.session.commit()
    client = client_for(petra)
    assert found(client, "holiday") == {ticket.key}
    for words in ("zebracrossing", "lion", "holiday lion"):
        assert found(client, words) == set()
        assert ticket.key not in client.get("/queue/all", query_string={"q": words}).text


def test_the_database_is_asked_the_same_number_of_times_for_three_and_for_thirty(ann, desk, statements):
    counts = []
    for number in (3, 30):
        for _ in range(number):
            make.ticket(ann, title="zebra")
        db.session.commit()
        search(desk, "zebra")
        statements.clear()
        search(desk, "zebra")
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 8


def test_the_palette_is_offered_tickets_by_their_subject(ann, client_for):
    ticket = make.ticket(ann, title="Zebra <b>crossing</b>")
    make.ticket(title="Zebra of a stranger")
    db.session.commit()
    answer = client_for(ann).get("/search/suggestions?q=zeb")
    assert re.findall(r'href="/tickets/([^"]+)"', answer.text) == [ticket.key]
    assert "<b>" not in answer.text


def test_every_text_has_its_row_and_nothing_else_has_one(world):
    make.reply(make.ticket())
    db.session.flush()
    rows = db.session.execute(select(SearchText.kind, SearchText.source_id)).all()
    texts = text("SELECT 'ticket', id FROM tickets UNION ALL SELECT 'comment', id FROM comments")
    assert sorted(map(tuple, rows)) == sorted(map(tuple, db.session.execute(texts)))
