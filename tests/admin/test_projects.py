import pytest
from sqlalchemy import select

from portal.errors import DomainError
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.extensions import db
from portal.projects import actions
from portal.projects.models import Project, ProjectCounter, TicketCategory
from portal.projects.queries import open_categories, open_projects
from tests import factories as make


@pytest.fixture
def client(app, world, client_for):
    boss = make.manager()
    db.session.commit()
    return client_for(boss)


def last_event(kind):
    return db.session.scalars(select(Event).where(Event.kind == kind).order_by(Event.id.desc())).first()


def names():
    return [each.stored_name for each in open_categories()]


# Projects


def test_a_project_is_made_and_takes_tickets(client):
    team = make.team()
    db.session.commit()
    typed = {"name": "Human resources", "key": " hr ", "description": "Pay\r\nand leave", "team_id": team.id}

    answer = client.post("/admin/projects/new", data=typed)

    assert (answer.status_code, answer.location) == (303, "/admin/projects")
    made = db.session.scalar(select(Project).where(Project.key == "HR"))
    assert (made.name, made.description, made.default_team_id) == (
        "Human resources",
        "Pay\nand leave",
        team.id,
    )
    assert db.session.get(ProjectCounter, made.id).last_number == 0
    assert make.ticket(project=made).key == "HR-1"
    assert last_event(Kind.PROJECT_CREATED).data["project"] == "HR"


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("", "Enter a key such as IT."),
        ("H", "Use 2 to 10 letters and digits"),
        ("1HR", "Use 2 to 10 letters and digits"),
        ("H-R", "Use 2 to 10 letters and digits"),
        ("HUMANRESOURCES", "Use 2 to 10 letters and digits"),
        ("HÄ", "Use 2 to 10 letters and digits"),
        ("it", "Another project has this key."),
        ("OLD", "Another project has this key."),
    ],
)
def test_a_key_that_is_none_or_taken_is_refused(client, key, said):
    old = make.project("OLD")
    actions.archive_project(old, actor=None)
    db.session.commit()

    answer = client.post("/admin/projects/new", data={"name": "New", "key": key, "team_id": ""})

    assert answer.status_code == 422
    assert said in answer.text
    assert 'value="New"' in answer.text


def test_a_project_needs_a_name_and_a_team_that_is_there(client):
    assert client.post("/admin/projects/new", data={"name": " ", "key": "HR"}).status_code == 422
    typed = {"name": "HR", "key": "HR", "team_id": "99999"}
    assert client.post("/admin/projects/new", data=typed).status_code == 422


def test_a_key_that_was_taken_meanwhile_is_a_broken_rule(app, world):
    with app.test_request_context(), pytest.raises(DomainError, match="has the key IT"):
        actions.create_project(key="IT", name="Again", actor=None)


def test_a_project_is_changed_but_for_its_key(client, world):
    answer = client.post(f"/admin/projects/{world.id}", data={"name": "Help", "key": "XX", "team_id": ""})

    assert answer.status_code == 303
    db.session.expire_all()
    assert (world.name, world.key) == ("Help", "IT")
    assert last_event(Kind.PROJECT_EDITED).data["changes"]["name"]["old"]["label"] == "IT support"


def test_saving_what_is_there_records_nothing(client, world):
    client.post(f"/admin/projects/{world.id}", data={"name": world.name, "team_id": ""})

    assert last_event(Kind.PROJECT_EDITED) is None


def test_an_archived_project_takes_no_tickets_until_it_is_opened_again(client, world):
    assert client.post(f"/admin/projects/{world.id}/archive").status_code == 303
    assert client.post(f"/admin/projects/{world.id}/archive").status_code == 303
    db.session.expire_all()
    assert open_projects() == []

    assert client.post(f"/admin/projects/{world.id}/reopen").status_code == 303
    db.session.expire_all()
    assert open_projects() == [world]
    kinds = list(db.session.scalars(select(Event.kind).where(Event.kind == Kind.PROJECT_EDITED)))
    assert len(kinds) == 2


@pytest.mark.parametrize("path", ["", "/archive", "/reopen"])
def test_a_project_that_is_not_there_is_not_found(client, path):
    assert client.post(f"/admin/projects/99999{path}").status_code == 404
    assert client.post(f"/admin/projects/{2**63}{path}").status_code == 404


def test_a_desk_without_projects_says_what_they_are(app, client_for):
    boss = make.admin()
    db.session.commit()

    assert "No projects yet" in client_for(boss).get("/admin/projects").text


# Categories


def test_a_category_is_made_behind_the_others(client, world):
    team = make.team()
    make.category("Network", project_id=world.id, position=4)
    db.session.commit()

    typed = {"name": " Hard  ware", "project_id": world.id, "team_id": team.id}
    answer = client.post("/admin/categories/new", data=typed)

    assert (answer.status_code, answer.location) == (303, "/admin/categories")
    made = db.session.scalar(select(TicketCategory).where(TicketCategory.stored_name == "Hard ware"))
    assert (made.project_id, made.team_id, made.position) == (world.id, team.id, 5)
    assert last_event(Kind.CATEGORY_CREATED).data["category"] == "Hard ware"


def test_its_name_is_the_only_one_of_its_project(client, world):
    make.category("Network", project_id=world.id)
    make.category("Other")
    db.session.commit()

    taken = client.post("/admin/categories/new", data={"name": "network", "project_id": world.id})
    everywhere = client.post("/admin/categories/new", data={"name": "Network", "project_id": ""})

    assert (taken.status_code, everywhere.status_code) == (422, 303)
    assert "There is already a category of this name" in taken.text
    assert client.post("/admin/categories/new", data={"name": "OTHER", "project_id": ""}).status_code == 422


def test_a_category_is_changed(client):
    category = make.category("Network")
    make.category("Taken")
    db.session.commit()
    url = f"/admin/categories/{category.id}"

    assert client.post(url, data={"name": "Networks", "team_id": ""}).status_code == 303
    assert client.post(url, data={"name": "networks", "team_id": ""}).status_code == 303
    assert client.post(url, data={"name": "taken", "team_id": ""}).status_code == 422
    assert client.post(url, data={"name": "", "team_id": ""}).status_code == 422

    db.session.expire_all()
    assert category.stored_name == "networks"


def test_categories_change_places(client, world):
    for place, name in enumerate("ABC"):
        make.category(name, project_id=world.id, position=place * 10)
    make.category("Elsewhere", position=5)
    db.session.commit()
    a, c = (
        db.session.scalar(select(TicketCategory).where(TicketCategory.stored_name == name)) for name in "AC"
    )

    client.post(f"/admin/categories/{c.id}/up")
    assert [name for name in names() if name in "ABC"] == ["A", "C", "B"]
    client.post(f"/admin/categories/{a.id}/up")  # the first stays
    assert [name for name in names() if name in "ABC"] == ["A", "C", "B"]
    client.post(f"/admin/categories/{a.id}/down")
    assert [name for name in names() if name in "ABC"] == ["C", "A", "B"]
    assert client.post(f"/admin/categories/{a.id}/sideways").status_code == 404


def test_an_archived_category_is_offered_no_more_until_it_is_restored(client):
    category = make.category("Network")
    db.session.commit()

    answer = client.post(f"/admin/categories/{category.id}/archive", headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert 'id="categories"' in answer.text
    assert "<html" not in answer.text
    assert names() == []

    assert client.post(f"/admin/categories/{category.id}/restore").status_code == 303
    db.session.expire_all()
    assert names() == ["Network"]


@pytest.mark.parametrize("path", ["", "/archive", "/restore", "/up", "/down"])
def test_a_category_that_is_not_there_is_not_found(client, path):
    assert client.post(f"/admin/categories/99999{path}").status_code == 404


def test_the_page_asks_as_much_with_thirty(client, world, statements):
    make.category(project_id=world.id, team_id=make.team().id)
    db.session.commit()
    client.get("/admin/categories")
    statements.clear()
    client.get("/admin/categories")
    few = len(statements)
    for _ in range(30):
        make.category(project_id=make.project().id, team_id=make.team().id)
    db.session.commit()
    statements.clear()

    client.get("/admin/categories")

    assert len(statements) == few
