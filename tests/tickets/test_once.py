from threading import Barrier, Thread

from sqlalchemy import func, select

from portal.extensions import db
from portal.tickets import actions, once
from portal.tickets.models import Request, Ticket
from tests import factories as make


def test_a_form_sent_again_leads_to_what_it_made(world):
    ann = make.employee()
    assert once.claim("k", user=ann) is None
    once.remember("k", "IT-1", user=ann)
    assert once.claim("k", user=ann) == "IT-1"


def test_the_same_key_of_another_person_is_another_form(world):
    once.claim("k", user=make.employee())
    assert once.claim("k", user=make.employee()) is None


def test_twenty_at_the_same_moment_make_one_ticket(shared_app):
    project, ann = make.desk(), make.employee()
    db.session.commit()
    project_id, ann_id, start, made = project.id, ann.id, Barrier(20), []

    def send():
        with shared_app.app_context():
            start.wait()
            user = db.session.get_one(make.User, ann_id)
            key = once.claim("same", user=user)
            if key is None:
                request = Request(project=db.session.get_one(make.Project, project_id), title="Once")
                key = actions.submit_ticket(user, request).key
                once.remember("same", key, user=user)
            db.session.commit()
            made.append(key)

    threads = [Thread(target=send) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert made == ["IT-1"] * 20
    assert db.session.scalar(select(func.count(Ticket.id))) == 1


def test_keys_have_no_gaps_and_no_doubles_under_concurrency(shared_app):
    project, ann = make.desk(), make.employee()
    db.session.commit()
    project_id, ann_id, start = project.id, ann.id, Barrier(8)

    def send(number):
        with shared_app.app_context():
            start.wait()
            for turn in range(4):
                user = db.session.get_one(make.User, ann_id)
                request = Request(project=db.session.get_one(make.Project, project_id), title="x")
                actions.submit_ticket(user, request)
                if (number + turn) % 3:
                    db.session.commit()
                else:
                    db.session.rollback()

    threads = [Thread(target=send, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    numbers = sorted(db.session.scalars(select(Ticket.number)))
    assert numbers == list(range(1, len(numbers) + 1))
    assert 0 < len(numbers) < 32
