"""Projects and categories, as managers and admins see them."""

from itertools import groupby

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from portal.admin.blueprint import bp
from portal.extensions import db
from portal.permissions import Permission, requires
from portal.projects import actions
from portal.projects.forms import CategoryForm, NewCategoryForm, NewProjectForm, ProjectForm
from portal.projects.models import Project, TicketCategory
from portal.projects.queries import all_categories, all_projects, category_or_404, project_or_404
from portal.web.htmx import done, render
from portal.web.session import me

PROJECT, CATEGORY = "admin/project.html", "admin/category.html"
PROJECT_ID, CATEGORY_ID = "<row:project_id>", "<row:category_id>"


@bp.get("/projects")
@requires(Permission.PROJECT_MANAGE)
def projects():
    return render_template("admin/projects.html", projects=all_projects())


@bp.route("/projects/new", methods=["GET", "POST"])
@requires(Permission.PROJECT_MANAGE)
def new_project():
    form = NewProjectForm()
    if not form.validate_on_submit():
        return _project_page(form, None, 422 if form.is_submitted() else 200)
    project = actions.create_project(key=form.key.data, actor=me(), **form.wanted())
    db.session.commit()
    flash(_("The project %(name)s takes tickets now.", name=project.name), "success")
    return redirect(url_for(".projects"), 303)


@bp.route(f"/projects/{PROJECT_ID}", methods=["GET", "POST"])
@requires(Permission.PROJECT_MANAGE)
def project(project_id: int):
    project = project_or_404(project_id, to_change=request.method == "POST")
    now = {"name": project.name, "description": project.description, "team_id": project.default_team_id}
    form = ProjectForm(data=now)
    if not form.validate_on_submit():
        return _project_page(form, project, 422 if form.is_submitted() else 200)
    actions.edit_project(project, actor=me(), **form.wanted())
    db.session.commit()
    flash(_("Your changes to %(name)s are saved.", name=project.name), "success")
    return redirect(url_for(".projects"), 303)


@bp.post(f"/projects/{PROJECT_ID}/archive")
@requires(Permission.PROJECT_MANAGE)
def archive_project(project_id: int):
    project = project_or_404(project_id, to_change=True)
    actions.archive_project(project, actor=me())
    db.session.commit()
    flash(_("%(name)s takes no more tickets; those it has go on.", name=project.name), "success")
    return redirect(url_for(".project", project_id=project.id), 303)


@bp.post(f"/projects/{PROJECT_ID}/reopen")
@requires(Permission.PROJECT_MANAGE)
def reopen_project(project_id: int):
    project = project_or_404(project_id, to_change=True)
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
    form = NewCategoryForm()
    if not form.validate_on_submit():
        return _category_page(form, None, 422 if form.is_submitted() else 200)
    category = actions.create_category(form.name.data, project=form.project, team=form.team, actor=me())
    db.session.commit()
    flash(_("The category %(name)s is offered from now on.", name=category.name), "success")
    return redirect(url_for(".categories"), 303)


@bp.route(f"/categories/{CATEGORY_ID}", methods=["GET", "POST"])
@requires(Permission.PROJECT_MANAGE)
def category(category_id: int):
    category = category_or_404(category_id, to_change=request.method == "POST")
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
    actions.archive_category(category_or_404(category_id, to_change=True), actor=me())
    return _categories_changed()


@bp.post(f"/categories/{CATEGORY_ID}/restore")
@requires(Permission.PROJECT_MANAGE)
def restore_category(category_id: int):
    actions.restore_category(category_or_404(category_id, to_change=True), actor=me())
    return _categories_changed()


@bp.post(f"/categories/{CATEGORY_ID}/<any(up, down):direction>")
@requires(Permission.PROJECT_MANAGE)
def move_category(category_id: int, direction: str):
    actions.move_category(category_or_404(category_id), up=direction == "up", actor=me())
    return _categories_changed()


def _categories_changed():
    db.session.commit()
    return done(url_for(".categories"), "admin/_categories.html", groups=_groups())


def _groups() -> list[tuple[str, list[TicketCategory], list[TicketCategory]]]:
    """By project, those of every project first: its name, the living ones, the archived ones."""
    every = sorted(all_categories(), key=lambda each: each.project.name if each.project else "")
    groups = []
    for project, of_project in groupby(every, key=lambda each: each.project):
        rows = list(of_project)
        living = [each for each in rows if not each.archived_at]
        archived = [each for each in rows if each.archived_at]
        groups.append((project.name if project else _("Every project"), living, archived))
    return groups


def _project_page(form: ProjectForm, project: Project | None, status: int):
    return render(PROJECT, PROJECT, status, form=form, project=project)


def _category_page(form: CategoryForm, category: TicketCategory | None, status: int):
    return render(CATEGORY, CATEGORY, status, form=form, category=category)
