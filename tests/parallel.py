"""Several things at the same moment, each as a request of its own with real commits."""

from threading import Barrier, Thread

from werkzeug.exceptions import HTTPException

from portal.errors import DomainError
from portal.extensions import db


def at_once(app, *things):
    """What each of them came to: its answer, or the error that it raised for whoever asked.

    Raises what nobody was meant to see, such as a deadlock.
    """
    start, answers, broken = Barrier(len(things)), [], []

    def run(thing):
        with app.test_request_context():
            start.wait()
            try:
                answer = thing()
                db.session.commit()
                answers.append(answer)
            except (DomainError, HTTPException) as error:
                answers.append(error)
            except Exception as error:  # noqa: BLE001, raised below
                broken.append(error)
            db.session.remove()

    threads = [Thread(target=run, args=[thing]) for thing in things]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    if broken:
        raise broken[0]
    return answers
