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
