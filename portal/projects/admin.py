"""Projects and categories, as managers and admins see them."""

from itertools import groupby

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from portal.accounts.models import User
from portal.accounts.queries import person_or_404
from portal.admin.blueprint import bp
from portal.extensions import db
from portal.organizations.queries import people_like
from portal.permissions import STAFF, Permission, requires
from portal.projects import actions, members
from portal.projects.forms import (
    CategoryForm,
    NewCategoryForm,
    NewProjectForm,
    ProjectForm,
    ProjectMemberForm,
    WorkflowForm,
)
from portal.projects.models import Project, TicketCategory
from portal.projects.policy import is_shut
from portal.projects.queries import (
    all_categories,
    all_lifecycles,
    all_projects,
    category_or_404,
    ids_shut_to,
    members_of,
    project_or_404,
    what_holds,
)
from portal.tickets.catching_up import give_lifecycle, standing_of
from portal.tickets.handover import leave_projects
from portal.web.htmx import VARY, done, render
from portal.web.paging import Order, Page, keyset
from portal.web.session import me

PROJECT, CATEGORY, WORKFLOW = "admin/project.html", "admin/category.html", "admin/project_workflow.html"
PROJECT_ID, CATEGORY_ID = "<row:project_id>", "<row:category_id>"
NAMING = {"person", "lead", "owner"}  # fields, whatever stands before in a form of many lines


@bp.get("/projects")
@requires(Permission.PROJECT_MANAGE)
def projects():
    return render_template("admin/projects.html", projects=all_projects(), shut=ids_shut_to(me()))


@bp.route("/projects/new", methods=["GET", "POST"])
@requires(Permission.PROJECT_MANAGE)
def new_project():
    form = NewProjectForm(reader=me())
    if not form.validate_on_submit():
        return _project_page(form, None, 422 if form.is_submitted() else 200)
    project = actions.create_project(key=form.key.data, actor=me(), **form.wanted())
    db.session.commit()
    flash(_("The project %(name)s takes tickets now.", name=project.name), "success")
    return redirect(url_for(".projects"), 303)


@bp.route(f"/projects/{PROJECT_ID}", methods=["GET", "POST"])
@requires(Permission.PROJECT_MANAGE)
def project(project_id: int):
    """Whoever led it and is shut out by that hands their tickets over."""
    project = _project(project_id)
    form = ProjectForm(reader=me(), project=project)
    if not form.validate_on_submit():
        return _project_page(form, project, 422 if form.is_submitted() else 200)
    led_by = project.lead
    actions.edit_project(project, actor=me(), **form.wanted())
    if led_by and led_by is not project.lead:
        leave_projects(led_by, actor=me())
    db.session.commit()
    flash(_("Your changes to %(name)s are saved.", name=project.name), "success")
    return redirect(url_for(".projects"), 303)


@bp.route(f"/projects/{PROJECT_ID}/workflow", methods=["GET", "POST"])
@requires(Permission.PROJECT_MANAGE)
def change_workflow(project_id: int):
    """Which one, by the address; then what its tickets become whose statuses are not in that one."""
    project = _project(project_id)
    others = [each for each in all_lifecycles() if each.id != project.lifecycle_id]
    wanted = request.values.get("to", type=int)
    lifecycle = next((each for each in others if each.id == wanted), None)
    form = WorkflowForm.between(standing_of(project) if lifecycle else [], lifecycle)
    if lifecycle is None or not form.validate_on_submit():
        shown = {"project": project, "others": others, "lifecycle": lifecycle, "form": form}
        return render_template(WORKFLOW, **shown), 422 if form.is_submitted() else 200
    give_lifecycle(project, lifecycle, form.targets, actor=me())
    db.session.commit()
    said = _("%(name)s has the workflow %(workflow)s now.", name=project.name, workflow=lifecycle.name)
    flash(said, "success")
    return redirect(url_for(".project", project_id=project.id), 303)


@bp.get("/projects/people")
@requires(Permission.PROJECT_MANAGE)
def suggest_agents():
    """A few of the desk, for the fields that name one."""
    typed = next((value for name, value in request.args.items() if name.rpartition("-")[2] in NAMING), "")
    found = people_like(" ".join(typed.split()), by=me(), which=User.role.in_(STAFF))
    return render_template("tickets/_suggested.html", people=found), 200, VARY


@bp.post(f"/projects/{PROJECT_ID}/members")
@requires(Permission.PROJECT_MANAGE)
def add_project_member(project_id: int):
    project = _project(project_id)
    form = ProjectMemberForm(reader=me())
    if not form.validate_on_submit():
        return _project_page(_fresh(project), project, 422, member_form=form)
    members.add_member(project, form.member, actor=me())
    db.session.commit()
    flash(_("%(name)s works in %(project)s now.", name=form.member.name, project=project.name), "success")
    return redirect(url_for(".project", project_id=project.id), 303)


@bp.post(f"/projects/{PROJECT_ID}/members/<row:user_id>/removal")
@requires(Permission.PROJECT_MANAGE)
def remove_project_member(project_id: int, user_id: int):
    """Also oneself: a manager who leaves a project for its members only does not look into it any more.

    Of somebody who is no member nothing is said, and nothing of theirs is touched.
    """
    project, person = _project(project_id), person_or_404(user_id)
    if members.remove_member(project, person, actor=me()):
        leave_projects(person, actor=me())
        db.session.commit()
        said = _("%(name)s is no member of %(project)s any more.", name=person.name, project=project.name)
        flash(said, "success")
    return redirect(_home_of(project), 303)


@bp.route(f"/projects/{PROJECT_ID}/deletion", methods=["GET", "POST"])
@requires(Permission.PROJECT_MANAGE)
def delete_project(project_id: int):
    """Asks first; where the project is not empty, it says why it stays."""
    project = _project(project_id)
    if request.method == "GET":
        return render_template("admin/project_deletion.html", project=project, held=what_holds(project))
    name = project.name
    actions.delete_project(project, actor=me())
    db.session.commit()
    flash(_("The project %(name)s is deleted.", name=name), "success")
    return redirect(url_for(".projects"), 303)


@bp.post(f"/projects/{PROJECT_ID}/archive")
@requires(Permission.PROJECT_MANAGE)
def archive_project(project_id: int):
    project = _project(project_id)
    actions.archive_project(project, actor=me())
    db.session.commit()
    flash(_("%(name)s takes no more tickets; those it has go on.", name=project.name), "success")
    return redirect(url_for(".project", project_id=project.id), 303)


@bp.post(f"/projects/{PROJECT_ID}/reopen")
@requires(Permission.PROJECT_MANAGE)
def reopen_project(project_id: int):
    project = _project(project_id)
    actions.reopen_project(project, actor=me())
    db.session.commit()
    flash(_("%(name)s takes tickets again.", name=project.name), "success")
    return redirect(url_for(".project", project_id=project.id), 303)


@bp.get("/categories")
@requires(Permission.PROJECT_MANAGE)
def categories():
    return render("admin/categories.html", "admin/_categories.html", groups=_groups())


@bp.route("/categories/new", methods=["GET", "POST"])
@requires(Permission.PROJECT_MANAGE)
def new_category():
    form = NewCategoryForm(reader=me())
    if not form.validate_on_submit():
        return _category_page(form, None, 422 if form.is_submitted() else 200)
    category = actions.create_category(form.name.data, project=form.project, team=form.team, actor=me())
    db.session.commit()
    flash(_("The category %(name)s is offered from now on.", name=category.name), "success")
    return redirect(url_for(".categories"), 303)


@bp.route(f"/categories/{CATEGORY_ID}", methods=["GET", "POST"])
@requires(Permission.PROJECT_MANAGE)
def category(category_id: int):
    category = category_or_404(category_id, managed_by=me(), to_change=request.method == "POST")
    form = CategoryForm(category=category, data={"name": category.stored_name, "team_id": category.team_id})
    if not form.validate_on_submit():
        return _category_page(form, category, 422 if form.is_submitted() else 200)
    actions.edit_category(category, name=form.name.data, team=form.team, actor=me())
    db.session.commit()
    flash(_("Your changes to %(name)s are saved.", name=category.name), "success")
    return redirect(url_for(".categories"), 303)


@bp.post(f"/categories/{CATEGORY_ID}/archive")
@requires(Permission.PROJECT_MANAGE)
def archive_category(category_id: int):
    category = category_or_404(category_id, managed_by=me(), to_change=True)
    actions.archive_category(category, actor=me())
    return _categories_changed()


@bp.post(f"/categories/{CATEGORY_ID}/restore")
@requires(Permission.PROJECT_MANAGE)
def restore_category(category_id: int):
    category = category_or_404(category_id, managed_by=me(), to_change=True)
    actions.restore_category(category, actor=me())
    return _categories_changed()


@bp.post(f"/categories/{CATEGORY_ID}/<any(up, down):direction>")
@requires(Permission.PROJECT_MANAGE)
def move_category(category_id: int, direction: str):
    category = category_or_404(category_id, managed_by=me())
    actions.move_category(category, up=direction == "up", actor=me())
    return _categories_changed()


def _categories_changed():
    db.session.commit()
    return done(url_for(".categories"), "admin/_categories.html", groups=_groups())


def _groups() -> list[tuple[str, list[TicketCategory], list[TicketCategory]]]:
    """By project, those of every project first: its name, the living ones, the archived ones."""
    every = sorted(
        all_categories(managed_by=me()), key=lambda each: each.project.name if each.project else ""
    )
    groups = []
    for project, of_project in groupby(every, key=lambda each: each.project):
        rows = list(of_project)
        living = [each for each in rows if not each.archived_at]
        archived = [each for each in rows if each.archived_at]
        groups.append((project.name if project else _("Every project"), living, archived))
    return groups


def _project(project_id: int) -> Project:
    return project_or_404(project_id, managed_by=me(), to_change=request.method == "POST")


def _fresh(project: Project) -> ProjectForm:
    """The project's own form beside another one that was sent."""
    return ProjectForm(reader=me(), project=project, formdata=None)


def _home_of(project: Project) -> str:
    """The project's page, or the list for whoever it is shut to by now."""
    if is_shut(project, me()):
        return url_for(".projects")
    return url_for(".project", project_id=project.id)


def _project_page(
    form: ProjectForm, project: Project | None, status: int, *, member_form: ProjectMemberForm | None = None
):
    page = _member_page(project) if project else None
    member_form = member_form or ProjectMemberForm(reader=me(), formdata=None)
    return render(PROJECT, PROJECT, status, form=form, project=project, page=page, member_form=member_form)


def _member_page(project: Project) -> Page:
    order = Order(User.sort_name, User.id, descending=False)
    cursor = request.args.get("cursor")
    found = members_of(project)
    return keyset(found, order, cursor=cursor, of=("sort_name", "id"), fetch=db.session.execute)


def _category_page(form: CategoryForm, category: TicketCategory | None, status: int):
    return render(CATEGORY, CATEGORY, status, form=form, category=category)
