import pytest

from portal.extensions import db
from portal.tickets import actions, conflicts
from portal.tickets.models import Priority
from tests import factories as make


def wanted(ticket, **changed):
    now = {
        "title": ticket.title,
        "description": ticket.description,
        "type": ticket.type,
        "priority": ticket.priority,
        "category": ticket.category,
    }
    return now | changed


def test_what_does_not_overlap_is_merged(world):
    ticket = make.ticket()
    mine = wanted(ticket, title="Mine")
    actions.edit(ticket, actor=make.agent(), priority=Priority.CRITICAL)

    merged = conflicts.merge(ticket, mine, seen=1)
    actions.edit(ticket, actor=None, **merged.values)

    assert not merged.clashes
    assert (ticket.title, ticket.priority) == ("Mine", Priority.CRITICAL)


def test_what_overlaps_is_a_clash_that_names_both_and_who(world):
    ticket, ben = make.ticket(), make.agent(name="Ben")
    mine = wanted(ticket, title="Mine")
    actions.edit(ticket, actor=ben, title="Bens")

    (clash,) = conflicts.merge(ticket, mine, seen=1).clashes

    assert (clash.field, clash.yours, clash.theirs, clash.actor) == ("title", "Mine", "Bens", ben)


def test_the_same_change_twice_is_no_clash(world):
    ticket = make.ticket()
    mine = wanted(ticket, title="Same")
    actions.edit(ticket, actor=None, title="Same")
    assert not conflicts.merge(ticket, mine, seen=1).clashes


def test_a_category_set_by_two_is_compared_by_its_row(world):
    ticket, vpn, mail = make.ticket(), make.category("VPN"), make.category("Mail")
    mine = wanted(ticket, category=vpn)
    actions.edit(ticket, actor=None, category=mail)
    assert [clash.theirs for clash in conflicts.merge(ticket, mine, seen=1).clashes] == [mail]


def test_several_changes_by_others_count_from_what_was_seen(world):
    ticket = make.ticket(title="First")
    untouched = wanted(ticket)
    actions.edit(ticket, actor=None, title="Second")
    actions.edit(ticket, actor=None, title="Third")

    merged = conflicts.merge(ticket, untouched, seen=1)

    assert not merged.clashes
    assert "title" not in merged.values


# The menus of the page: they say which version they were drawn from.


@pytest.fixture
def two(world, client_for):
    """A ticket, Ann and Ben who work on it, and Ann's browser."""
    ticket, ann, ben = make.ticket(), make.agent(name="Ann Agent"), make.agent(name="Ben Okafor")
    db.session.commit()
    return ticket, ann, ben, client_for(ann)


def sends(client, ticket, noun, **fields):
    return client.post(f"/tickets/{ticket.key}/{noun}", data={"version": "1"} | fields)


def test_a_priority_that_somebody_else_has_set_meanwhile_is_shown_and_not_overwritten(two):
    ticket, _, ben, client = two
    actions.edit(ticket, actor=ben, priority=Priority.CRITICAL)
    db.session.commit()

    answer = sends(client, ticket, "priority", priority="low")

    assert answer.status_code == 409
    assert "Ben Okafor has set “Priority” to Critical." in answer.text
    assert ticket.priority == Priority.CRITICAL
    assert f'name="version" value="{ticket.version}"' in answer.text
    assert sends(client, ticket, "priority", priority="low", version=ticket.version).status_code == 303
    assert ticket.priority == Priority.LOW


def test_of_two_who_take_a_ticket_the_second_learns_who_has_it(two):
    ticket, ann, ben, client = two
    actions.assign(ticket, ben, actor=ben)
    db.session.commit()

    answer = sends(client, ticket, "assignment", assignee_id=ann.id)

    assert (answer.status_code, ticket.assignee) == (409, ben)
    assert "Ben Okafor has set “Assignee” to Ben Okafor." in answer.text


def test_a_status_that_was_changed_meanwhile_is_shown(two):
    ticket, _, ben, client = two
    steps = {step.name: step for step in ticket.status.next}
    actions.change_status(ticket, steps["in_progress"], actor=ben)
    db.session.commit()

    answer = sends(client, ticket, "status", status=steps["closed"].id)

    assert (answer.status_code, ticket.status.name) == (409, "in_progress")


def test_what_others_did_to_other_fields_is_in_nobodys_way(two):
    ticket, ann, ben, client = two
    actions.edit(ticket, actor=ben, title="Another title")
    db.session.commit()

    assert sends(client, ticket, "assignment", assignee_id=ann.id).status_code == 303
    assert (ticket.assignee, ticket.title) == (ann, "Another title")


def test_what_one_did_oneself_or_what_both_want_is_no_clash(two):
    ticket, ann, ben, client = two
    actions.edit(ticket, actor=ann, priority=Priority.HIGH)
    actions.assign(ticket, ann, actor=ben)
    db.session.commit()

    assert sends(client, ticket, "priority", priority="low").status_code == 303
    assert sends(client, ticket, "assignment", assignee_id=ann.id).status_code == 303


@pytest.mark.parametrize("version", ["", "x", "-1", "9" * 30, "-" + "9" * 30])
def test_a_version_that_is_none_breaks_nothing(two, version):
    ticket, _, _, client = two

    assert sends(client, ticket, "priority", priority="low", version=version).status_code == 303
