from portal.events.kinds import Kind


def test_every_ticket_event_can_be_shown(app):
    of_tickets = [kind for kind in Kind if kind.split(".")[0] in {"ticket", "comment", "note"}]
    of_tickets += [Kind.FILE_ATTACHED, Kind.FILE_DELETED]
    shown = set(app.jinja_env.list_templates())
    assert [kind for kind in of_tickets if f"tickets/events/{kind}.html" not in shown] == []
