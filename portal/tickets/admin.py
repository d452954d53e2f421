"""The desk's tags, as managers and admins keep them in order; and who has sent it spam."""

from flask import flash, redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select

from portal.admin.blueprint import bp
from portal.extensions import db
from portal.organizations.forms import SearchForm
from portal.permissions import Permission, requires
from portal.tickets import spam, tagging
from portal.tickets.mark_forms import MergeForm, RenameForm
from portal.tickets.senders import SpamNote, noted_senders, notes_of
from portal.tickets.tag_lists import USES, former_names, tag_or_404, tags_called, uses_of
from portal.tickets.tags import Tag
from portal.web.forms import DeskForm
from portal.web.htmx import render
from portal.web.paging import Order, keyset
from portal.web.session import me

SENDERS, SENDER_ROWS, SENDER = "admin/senders.html", "admin/_senders.html", "admin/sender_removal.html"
LIST, ROWS, PAGE = "admin/tags.html", "admin/_tags.html", "admin/tag.html"
TAG = "<row:tag_id>"


@bp.get("/tags")
@requires(Permission.PROJECT_MANAGE)
def tags():
    form = SearchForm(request.args)
    order, cursor = Order(Tag.name, Tag.id, descending=False), request.args.get("cursor")
    page = keyset(tags_called(form.words), order, cursor=cursor, of=("name", "id"), fetch=db.session.execute)
    ids = [row.id for row in page.rows]
    return render(LIST, ROWS, form=form, page=page, uses=uses_of(ids), former=former_names(ids), most=USES)


@bp.route(f"/tags/{TAG}", methods=["GET", "POST"])
@requires(Permission.PROJECT_MANAGE)
def tag(tag_id: int):
    tag = tag_or_404(tag_id, to_change=request.method == "POST")
    form = RenameForm(data={"name": tag.name})
    if not form.validate_on_submit():
        return _page(tag, 422 if form.is_submitted() else 200, form=form)
    tagging.rename(tag, form.tag, actor=me())
    db.session.commit()
    flash(_("The tag is called “%(name)s” now.", name=tag.name), "success")
    return redirect(url_for(".tags"), 303)


@bp.post(f"/tags/{TAG}/merge")
@requires(Permission.PROJECT_MANAGE)
def merge_tag(tag_id: int):
    form = MergeForm()
    if not form.validate_on_submit():
        return _page(tag_or_404(tag_id), 422, merge_form=form)
    tag, into = _both(tag_id, form.into.id)
    name = tag.name
    tagging.merge(tag, into, actor=me())
    db.session.commit()
    flash(_("“%(name)s” is “%(into)s” now, wherever it stood.", name=name, into=into.name), "success")
    return redirect(url_for(".tags"), 303)


@bp.post(f"/tags/{TAG}/delete")
@requires(Permission.PROJECT_MANAGE)
def delete_tag(tag_id: int):
    tag = tag_or_404(tag_id, to_change=True)
    name = tag.name
    tagging.delete_tag(tag, actor=me())
    db.session.commit()
    flash(_("The tag “%(name)s” is deleted.", name=name), "success")
    return redirect(url_for(".tags"), 303)


@bp.get("/senders")
@requires(Permission.PEOPLE_MANAGE)
def senders():
    form = SearchForm(request.args)
    page = noted_senders(form.words, cursor=request.args.get("cursor"))
    return render(SENDERS, SENDER_ROWS, form=form, page=page)


@bp.route("/senders/<row:note_id>/removal", methods=["GET", "POST"])
@requires(Permission.PEOPLE_MANAGE)
def forget_sender(note_id: int):
    """One of their notes names them."""
    note = db.one_or_404(select(SpamNote).where(SpamNote.id == note_id))
    form = DeskForm()
    if not form.validate_on_submit():
        return render(SENDER, SENDER, sender=note.address, times=len(notes_of(note.address)), form=form)
    address = note.address
    spam.forget_sender(address, actor=me())
    db.session.commit()
    flash(_("%(address)s is not noted any more.", address=address), "success")
    return redirect(url_for(".senders"), 303)


def _both(tag_id: int, into_id: int) -> tuple[Tag, Tag]:
    """Both held, by ascending id: two who merge them crosswise wait for each other in one order."""
    held = {each: tag_or_404(each, to_change=True) for each in sorted({tag_id, into_id})}
    return held[tag_id], held[into_id]


def _page(tag: Tag, status: int, **forms):
    shown = {
        "form": RenameForm(formdata=None, data={"name": tag.name}),
        "merge_form": MergeForm(formdata=None),
        "uses": uses_of([tag.id]).get(tag.id, 0),
        "former": former_names([tag.id]).get(tag.id, []),
        "most": USES,
    }
    return render(PAGE, PAGE, status, tag=tag, **shown | forms)
