"""What is known of people, as admins hand it out or take it away."""

from flask import flash, redirect, request, url_for
from flask_babel import gettext as _

from portal.accounts.models import User
from portal.accounts.queries import person_or_404
from portal.admin.blueprint import bp
from portal.extensions import db
from portal.permissions import Permission, requires
from portal.privacy import actions, mentions
from portal.privacy.files import hand_out
from portal.privacy.forms import AnonymizeForm, MentionForm
from portal.privacy.models import Mention, PersonJob
from portal.privacy.queries import count_mentions, job_or_404, mention_or_404, mentions_of
from portal.web.htmx import render
from portal.web.paging import Order, keyset
from portal.web.session import me

JOB, MENTIONS = "<row:job_id>", "privacy/mentions.html"
ANONYMIZE, MENTION = "privacy/anonymize.html", "privacy/mention.html"
MANY = 1000  # mentions are counted up to here


@bp.post("/people/<row:user_id>/export")
@requires(Permission.PEOPLE_MANAGE)
def export_person(user_id: int):
    job = actions.ask_for_export(person_or_404(user_id), actor=me())
    db.session.commit()
    return redirect(url_for(".person_job", job_id=job.id), 303)


@bp.route("/people/<row:user_id>/anonymizing", methods=["GET", "POST"])
@requires(Permission.PEOPLE_MANAGE)
def anonymize_person(user_id: int):
    person = person_or_404(user_id)
    form = AnonymizeForm(person=person)
    if not form.validate_on_submit():
        return _anonymize_page(person, form, 422 if form.is_submitted() else 200)
    job = actions.anonymize(person, actor=me())
    db.session.commit()
    return redirect(url_for(".person_job", job_id=job.id), 303)


@bp.get(f"/person-jobs/{JOB}")
@requires(Permission.PEOPLE_MANAGE)
def person_job(job_id: int):
    """The page asks again by itself as long as the work goes on."""
    job = job_or_404(job_id)
    return render("privacy/job.html", "privacy/_job.html", **_about(job))


@bp.post(f"/person-jobs/{JOB}/cancel")
@requires(Permission.PEOPLE_MANAGE)
def cancel_person_job(job_id: int):
    actions.cancel(job_or_404(job_id, to_change=True), actor=me())
    db.session.commit()
    return redirect(url_for(".person_job", job_id=job_id), 303)


@bp.post(f"/person-jobs/{JOB}/retry")
@requires(Permission.PEOPLE_MANAGE)
def retry_person_job(job_id: int):
    actions.try_again(job_or_404(job_id, to_change=True))
    db.session.commit()
    return redirect(url_for(".person_job", job_id=job_id), 303)


@bp.get(f"/person-jobs/{JOB}/file")
@requires(Permission.PEOPLE_MANAGE)
def person_job_file(job_id: int):
    """The store hands it out itself; the address is good for a minute."""
    return hand_out(job_or_404(job_id))


@bp.get(f"/person-jobs/{JOB}/mentions", endpoint="mentions")
@requires(Permission.PEOPLE_MANAGE)
def show_mentions(job_id: int):
    job = job_or_404(job_id)
    page = keyset(
        mentions_of(job),
        Order(Mention.id, Mention.id, descending=False),
        cursor=request.args.get("cursor"),
        of=("id", "id"),
        fetch=db.session.scalars,
    )
    return render(MENTIONS, MENTIONS, job=job, page=page, excerpts=mentions.excerpts)


@bp.post(f"/person-jobs/{JOB}/mentions/<row:mention_id>/keep")
@requires(Permission.PEOPLE_MANAGE)
def keep_mention(job_id: int, mention_id: int):
    mentions.keep(mention_or_404(job_id, mention_id), actor=me())
    db.session.commit()
    return redirect(url_for(".mentions", job_id=job_id), 303)


@bp.route(f"/person-jobs/{JOB}/mentions/<row:mention_id>", methods=["GET", "POST"])
@requires(Permission.PEOPLE_MANAGE)
def mention(job_id: int, mention_id: int):
    mention = mention_or_404(job_id, mention_id)
    form = MentionForm(place=mention.place, data={"text": mentions.text_of(mention)})
    if not form.validate_on_submit():
        return render(MENTION, MENTION, 422 if form.is_submitted() else 200, mention=mention, form=form)
    mentions.replace(mention, form.text.data, actor=me())
    db.session.commit()
    flash(_("The text of %(key)s is replaced.", key=mention.ticket.key), "success")
    return redirect(url_for(".mentions", job_id=job_id), 303)


def _anonymize_page(person: User, form: AnonymizeForm, status: int):
    return render(ANONYMIZE, ANONYMIZE, status, person=person, form=form, is_me=person.id == me().id)


def _about(job: PersonJob) -> dict[str, object]:
    waiting = 0 if job.is_export or job.is_open else count_mentions(job, most=MANY)
    return {"job": job, "waiting": waiting, "many": MANY, "is_own": False}
