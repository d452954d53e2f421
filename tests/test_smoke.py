from tests import factories as make
from portal.extensions import db


def test_world(app, world, queue):
    t = make.ticket()
    make.reply(t)
    a = make.agent()
    make.note(t, a)
    make.walk(t, "blocked")
    db.session.commit()
    assert t.key == "IT-1" and t.version == 3
