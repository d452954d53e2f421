import threading

from sqlalchemy import select

from portal.accounts.models import User
from portal.admin.actions import open_desk
from portal.extensions import db
from portal.lifecycles.models import Lifecycle
from portal.organizations.models import Organization
from portal.permissions import Role
from portal.projects.models import Project, ProjectCounter, TicketCategory
from portal.settings.queries import site_settings
from tests import factories as make
from tests.accounts.gate import is_inside, log_in

TYPED = {"organization": "Nordwerk", "name": "Aylin Demir", "email": "aylin@example.org",
         "password": "glass bridge kettle"}  # fmt: skip


def test_every_page_of_a_new_desk_leads_to_the_first(app):
    client = app.test_client()

    for path in ("/account", "/admin/people", "/tickets/new"):
        answer = client.get(path, follow_redirects=True)
        assert answer.request.path == "/welcome"
        assert answer.status_code == 200
    for path in ("/login", "/register"):
        assert client.get(path).location == "/welcome"


def test_whoever_opens_it_is_the_first_admin_and_can_begin(app):
    client = app.test_client()

    answer = client.post("/welcome", data=TYPED)

    assert (answer.status_code, answer.location) == (303, "/")
    assert is_inside(client)
    admin = db.session.scalar(select(User))
    assert (admin.role, admin.is_verified) == (Role.ADMIN, True)
    assert site_settings().name == "Nordwerk"
    project = db.session.scalar(select(Project))
    assert (project.key, db.session.get(ProjectCounter, project.id).last_number) == ("IT", 0)
    assert db.session.scalar(select(Lifecycle.id)) == project.lifecycle_id
    assert db.session.scalar(select(TicketCategory.id).where(TicketCategory.project_id == project.id))
    assert db.session.scalar(select(Organization.name)) == "Nordwerk"
    make.ticket(admin, project=project)  # and a ticket can be made


def test_once_somebody_is_there_it_is_not(app):
    make.employee()
    db.session.commit()
    client = app.test_client()

    assert client.get("/welcome").status_code == 404
    assert client.post("/welcome", data=TYPED).status_code == 404
    assert client.get("/login").status_code == 200


def test_what_is_missing_is_said(app):
    answer = app.test_client().post("/welcome", data=TYPED | {"organization": " ", "password": "nordwerk"})

    assert answer.status_code == 422
    assert "Enter the name of your organization." in answer.text
    assert "at least 12 characters" in answer.text
    assert 'value="Aylin Demir"' in answer.text
    assert db.session.scalar(select(User)) is None


def test_of_two_who_open_it_at_once_one_is_the_admin(shared_app):
    start, made = threading.Barrier(2), []

    def welcome(number):
        with shared_app.app_context():
            start.wait()
            made.append(open_desk(**TYPED | {"email": f"a{number}@example.org"}, locale=None) is not None)
            db.session.commit()
            db.session.remove()

    threads = [threading.Thread(target=welcome, args=[number]) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(made) == [False, True]
    assert len(list(db.session.scalars(select(User)))) == 1
    assert len(list(db.session.scalars(select(Project)))) == 1


def test_the_first_admin_logs_in_again(app):
    app.test_client().post("/welcome", data=TYPED)

    assert log_in(app.test_client(), "aylin@example.org", "glass bridge kettle").status_code == 303
