"""A list taken along: what the reader sees of it, in a file that no spreadsheet runs."""

import csv
import zipfile
from datetime import datetime, timedelta
from io import BytesIO, StringIO
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from jobs import exports as jobs
from portal import clock
from portal.desk.queues import Desk
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.exports import actions, rows, running
from portal.exports.models import ExportState, Format, TicketExport
from portal.extensions import db
from portal.gateways.storage import Area, NoSuchObject, StorageAway, storage
from tests import factories as make

SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
HOSTILE = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1+1", "＋1", " =1")


@pytest.fixture
def petra(world):
    return make.agent(name="Petra")


@pytest.fixture
def client(petra, client_for):
    return client_for(petra)


def export(client, form="csv", **asked):
    return client.post("/queue/exports/new", data={"format": form} | asked)


def lines(content):
    return list(csv.reader(StringIO(content.decode("utf-8-sig"))))


def sheet(content):
    """The cells of the sheet as they are stored: their kind and their text, by row."""
    with zipfile.ZipFile(BytesIO(content)) as book:
        tree = ET.fromstring(book.read("xl/worksheets/sheet1.xml"))
    return [[_cell(cell) for cell in row] for row in tree.iter(f"{SHEET}row")]


def _cell(cell):
    assert cell.find(f"{SHEET}f") is None, "a formula"
    return cell.get("t", "n"), "".join(cell.itertext())


def kept(public_id):
    row = db.session.scalars(select(TicketExport).where(TicketExport.public_id == public_id)).one()
    db.session.refresh(row)
    return row


@pytest.fixture
def long_ones(monkeypatch):
    """Two tickets are too many to wait for."""
    monkeypatch.setattr(actions, "AT_ONCE", 1)
    monkeypatch.setattr(rows, "BATCH", 2)
    monkeypatch.setattr(running, "BATCH", 2)


def ask(client, **asked):
    answer = export(client, **asked)
    assert answer.status_code == 303
    return answer.location.rpartition("/")[2]


def test_what_the_list_shows_comes_in_its_order_with_all_that_is_known(client, petra):
    network, boss = make.team(name="Network"), make.agent(name="Ben")
    make.ticket(title="Low")
    high = make.ticket(make.employee(name="Ann Sørensen"), title="High", priority="high", assignee=boss)
    top = make.ticket(title="Top", priority="critical", is_confidential=False)
    db.session.commit()

    answer = export(client, q="priority>=high", sort="-priority")
    head, *found = lines(answer.data)
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="Tickets ')
    assert answer.headers["Cache-Control"] == "no-store"
    assert [row[0] for row in found] == [top.key, high.key]
    told = dict(zip(head, found[1], strict=True))
    assert (told["Subject"], told["Requester"], told["Assignee"]) == ("High", "Ann Sørensen", "Ben")
    assert told["Created (Europe/Berlin)"].startswith(str(clock.now().year))
    assert network.name not in answer.text


def test_what_a_reader_may_not_see_is_in_no_file(world, client, client_for):
    make.ticket(team=make.team(), title="Of another team")
    make.ticket(is_confidential=True, title="Secret")
    own = make.ticket(title="Mine")
    db.session.commit()
    assert [row[0] for row in lines(export(client).data)[1:]] == [own.key]


def test_a_saved_view_of_another_who_does_not_share_it_is_none(client, client_for):
    assert client.get("/queue/exports/new?view=nothing").status_code == 404
    assert client.get("/queue/exports/new?queue=nothing").status_code == 404


@pytest.mark.parametrize("title", HOSTILE)
def test_nothing_that_people_wrote_is_run_by_a_spreadsheet(client, title):
    make.ticket(title=title)
    db.session.commit()

    (_head, row) = lines(export(client).data)
    assert row[1] == "'" + title
    (_head, row) = sheet(export(client, "xlsx").data)
    assert row[1][0] in {"s", "inlineStr", "str"}


def test_in_a_sheet_times_are_times_and_numbers_numbers(client):
    ticket = make.ticket(title="0012")
    db.session.commit()
    with zipfile.ZipFile(BytesIO(export(client, "xlsx").data)) as book:
        tree = ET.fromstring(book.read("xl/worksheets/sheet1.xml"))
    told = {cell.get("r"): _cell(cell) for cell in tree.iter(f"{SHEET}c")}
    assert (told["A1"][1], told["A2"][1]) == ("Key", ticket.key)
    assert told["B2"] == ("inlineStr", "0012")
    assert (told["M1"][1], told["M2"]) == ("Replies", ("n", "0"))
    assert told["O1"][1] == "Created (Europe/Berlin)"
    local = ticket.created_at.astimezone(ZoneInfo("Europe/Berlin")).replace(tzinfo=None)
    first_day = datetime(1899, 12, 30)  # noqa: DTZ001, spreadsheets know no zones
    days = (local - first_day) / timedelta(days=1)
    assert (told["O2"][0], float(told["O2"][1])) == ("n", pytest.approx(days, abs=1 / 1440))


def test_a_filter_that_is_none_says_so(client):
    make.ticket()
    db.session.commit()
    answer = client.get("/queue/exports/new?q=statsu:open")
    assert (answer.status_code, "statsu" in answer.text) == (422, True)
    assert export(client, "doc").status_code == 422


def test_an_order_that_would_leave_some_out_is_not_taken(client):
    ticket = make.ticket()
    db.session.commit()
    assert [row[0] for row in lines(export(client, sort="-closed").data)[1:]] == [ticket.key]


def test_what_fits_into_no_sheet_is_not_cut_off_in_silence(client, long_ones, monkeypatch):
    for _number in range(3):
        make.ticket()
    db.session.commit()
    public_id = ask(client)
    monkeypatch.setattr(running, "MOST", 2)
    jobs.work()
    assert (kept(public_id).state, kept(public_id).error) == (ExportState.FAILED, "many")
    assert "Narrow the filter" in client.get(f"/queue/exports/{public_id}").text


def test_an_empty_list_has_nothing_to_export(client):
    answer = export(client, q="priority:high")
    assert (answer.status_code, "nothing to export" in answer.text) == (409, True)


def test_who_took_what_stands_in_the_audit_log(client, petra):
    make.ticket()
    db.session.commit()
    export(client, q="priority:medium")
    event = db.session.scalars(select(Event).where(Event.kind == Kind.TICKETS_EXPORTED)).one()
    assert (event.actor, event.data["tickets"], event.data["format"]) == (petra, 1, "csv")
    assert "priority:medium" in event.data["asked"]


def test_a_long_list_is_written_by_a_worker_and_fetched_for_two_days(client, petra, long_ones):
    tickets = [make.ticket(title=f"No. {number}") for number in range(5)]
    db.session.commit()
    public_id = ask(client, queue="open")
    assert kept(public_id).state is ExportState.QUEUED
    assert client.get(f"/queue/exports/{public_id}/file").status_code == 404

    jobs.work()

    done = kept(public_id)
    assert (done.state, done.done, done.total, done.lease_until) == (ExportState.DONE, 5, 5, None)
    assert "Download" in client.get(f"/queue/exports/{public_id}").text
    content = b"".join(storage().read(Area.CLEAN, done.result_key))
    assert [row[0] for row in lines(content)[1:]] == [ticket.key for ticket in reversed(tickets)]
    link = client.get(f"/queue/exports/{public_id}/file")
    assert (link.status_code, done.result_key in link.location) == (303, True)

    later = clock.now() + timedelta(days=2, minutes=1)
    with clock.travelling_to(later):
        assert client.get(f"/queue/exports/{public_id}/file").status_code in {303, 404}
        jobs.forget()
    assert kept(public_id).result_key is None
    with pytest.raises(NoSuchObject):
        list(storage().read(Area.CLEAN, done.result_key or "gone"))
    assert client.get(f"/queue/exports/{public_id}/file").status_code == 404


def test_it_is_written_with_the_rights_that_its_owner_has_then(client, petra, long_ones):
    for _number in range(3):
        make.ticket()
    db.session.commit()
    public_id = ask(client)
    petra.is_active = False
    db.session.commit()

    jobs.work()
    assert (kept(public_id).state, kept(public_id).error) == (ExportState.FAILED, "permission")


def test_a_filter_that_lost_its_meaning_meanwhile_ends_it_in_words(client, long_ones):
    team = make.team(name="Gone soon")
    for _number in range(3):
        make.ticket()
    db.session.commit()
    public_id = ask(client, q='-team:"Gone soon"')
    db.session.delete(team)
    db.session.commit()

    jobs.work()
    assert kept(public_id).state is ExportState.FAILED
    assert "not there any more" in client.get(f"/queue/exports/{public_id}").text


def test_nobody_elses_export_exists(client, client_for, long_ones):
    for _number in range(2):
        make.ticket()
    db.session.commit()
    public_id = ask(client)
    other = client_for(make.manager())
    for path in ("", "/file"):
        assert other.get(f"/queue/exports/{public_id}{path}").status_code == 404
    assert other.post(f"/queue/exports/{public_id}/cancellation").status_code == 404
    assert "All open" not in other.get("/queue/exports").text.partition("<main")[2]


def test_cancelled_it_is_not_written(client, long_ones):
    for _number in range(2):
        make.ticket()
    db.session.commit()
    public_id = ask(client)
    client.post(f"/queue/exports/{public_id}/cancellation")
    jobs.work()
    assert (kept(public_id).state, kept(public_id).result_key) == (ExportState.CANCELLED, None)


def test_cancelled_in_the_middle_nothing_is_kept(client, long_ones, monkeypatch):
    for _number in range(5):
        make.ticket()
    db.session.commit()
    public_id = ask(client)
    keep = type(storage()).keep

    def cancelled_meanwhile(self, *args, **kwargs):
        keep(self, *args, **kwargs)
        actions.cancel(kept(public_id))
        db.session.commit()

    monkeypatch.setattr(type(storage()), "keep", cancelled_meanwhile)
    jobs.work()
    assert (kept(public_id).state, kept(public_id).result_key) == (ExportState.CANCELLED, None)


def test_without_a_store_it_is_tried_again_and_given_up_after_five_tries(client, long_ones, monkeypatch):
    for _number in range(2):
        make.ticket()
    db.session.commit()
    public_id = ask(client)

    def away(*_args, **_kwargs):
        raise StorageAway("It does not answer.")

    with monkeypatch.context() as patch:
        patch.setattr(type(storage()), "keep", away)
        for turn in range(running.MAX_ATTEMPTS):
            with clock.travelling_to(clock.now() + timedelta(minutes=10 * turn)):
                jobs.work()
            assert kept(public_id).attempts == turn + 1
    assert (kept(public_id).state, kept(public_id).error) == (ExportState.FAILED, "storage")
    assert "did not answer" in client.get(f"/queue/exports/{public_id}").text


def test_a_worker_that_died_is_followed_by_another(client, long_ones):
    for _number in range(2):
        make.ticket()
    db.session.commit()
    public_id = ask(client)
    running.claim_next()
    db.session.commit()
    jobs.work()
    assert kept(public_id).state is ExportState.RUNNING  # somebody is at it

    with clock.travelling_to(clock.now() + running.LEASE + timedelta(seconds=1)):
        jobs.work()
    assert (kept(public_id).state, kept(public_id).attempts) == (ExportState.DONE, 2)


def test_three_at_a_time(client, long_ones):
    for _number in range(2):
        make.ticket()
    db.session.commit()
    for _turn in range(actions.WAITING):
        ask(client)
    answer = export(client)
    assert (answer.status_code, "Wait until one" in answer.text) == (409, True)


def test_rows_are_read_a_batch_at_a_time(world, petra, monkeypatch, statements):
    for _number in range(7):
        make.ticket()
    db.session.commit()
    desk = Desk.of(petra)
    monkeypatch.setattr(rows, "BATCH", 3)
    some = rows.rows(desk, desk.read("is:open"), rows.STABLE)
    next(some)
    statements.clear()
    assert len(list(some)) == 6
    assert len(statements) == 2


@pytest.mark.parametrize("form", Format)
def test_a_form_without_a_script_is_all_it_takes(client, form):
    make.ticket()
    db.session.commit()
    page = client.get("/queue/exports/new?q=priority:medium&sort=created").text
    assert f'value="{form}"' in page
    assert '<input type="hidden" name="q" value="priority:medium">' in page
    assert export(client, form, q="priority:medium").status_code == 200
