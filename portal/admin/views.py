"""The shell of the admin area: overview, settings, audit log, failed work."""

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from portal.admin import actions, health, words
from portal.admin.blueprint import bp
from portal.admin.forms import AuditForm, SettingsForm
from portal.admin.queries import (
    AUDIT_ORDER,
    MANY,
    audit,
    audit_rows,
    delivery_or_404,
    failed_page,
    figures,
    oldest_due,
)
from portal.events.kinds import Kind
from portal.events.record import record
from portal.extensions import db
from portal.gateways.queue import queues
from portal.gateways.redis import RedisAway
from portal.outbox_mail.queries import failed_mails
from portal.permissions import Permission, requires
from portal.settings.actions import change_settings
from portal.settings.cache import forget_site
from portal.settings.queries import site_settings
from portal.web.htmx import done, render
from portal.web.paging import PAGE, keyset
from portal.web.session import me
from portal.web.sheets import download


@bp.get("/")
@requires(Permission.OPERATE)
def overview():
    """The figures at once; the health is fetched by the page itself, for it may take seconds."""
    return render_template("admin/overview.html", figures=figures(), many=MANY)


@bp.get("/health")
@requires(Permission.OPERATE)
def show_health():
    return render("admin/health.html", "admin/_health.html", checks=health.checks())


@bp.route("/settings", methods=["GET", "POST"])
@requires(Permission.SETTINGS_MANAGE)
def settings():
    form = SettingsForm(now=site_settings())
    if not form.validate_on_submit():
        return _settings_page(form, 422 if form.is_submitted() else 200)
    change_settings(actor=me(), **form.wanted())
    db.session.commit()
    forget_site()
    flash(_("The settings are saved."), "success")
    return redirect(url_for(".settings"), 303)


def _settings_page(form: SettingsForm, status: int):
    return render("admin/settings.html", "admin/settings.html", status, form=form)


@bp.get("/audit", endpoint="audit")
@requires(Permission.AUDIT_READ)
def show_audit():
    """Fields that hold nonsense say so, and do not filter."""
    form = AuditForm(request.args)
    form.validate()
    page = keyset(
        audit(form.wanted()),
        AUDIT_ORDER,
        cursor=request.args.get("cursor"),
        of=("created_at", "id"),
        fetch=db.session.scalars,
    )
    kept = {name: value for name, value in request.args.items() if value and name in form.data}
    return render("admin/audit.html", "admin/_audit.html", form=form, page=page, kept=kept, words=words)


@bp.post("/audit/export")
@requires(Permission.AUDIT_READ)
def export_audit():
    """What the filter of the address finds, as a file; that it was taken stands in the log as well."""
    form = AuditForm(request.args)
    form.validate()
    wanted = form.wanted()
    asked = " ".join(f"{name}={value}" for name, value in request.args.items() if value and name in form.data)
    record(Kind.AUDIT_EXPORTED, actor=me(), asked=asked[:500])
    db.session.commit()
    return download("audit-log", words.HEADER, map(words.as_cells, audit_rows(wanted)))


@bp.get("/work")
@requires(Permission.OPERATE)
def work():
    return render_template("admin/work.html", **_about_work())


@bp.post("/work/<row:event_id>/<reaction>/retry")
@requires(Permission.OPERATE)
def retry_delivery(event_id: int, reaction: str):
    actions.retry_delivery(delivery_or_404(event_id, reaction), actor=me())
    db.session.commit()
    return _work_again()


@bp.post("/work/retry")
@requires(Permission.OPERATE)
def retry_deliveries():
    """Those that the page shows; of a thousand failures they tell whether it is mended."""
    for delivery in failed_page(cursor=request.args.get("cursor")).rows:
        actions.retry_delivery(delivery_or_404(delivery.event_id, delivery.reaction), actor=me())
    db.session.commit()
    return _work_again()


def _work_again():
    return done(url_for(".work", cursor=request.args.get("cursor")), "admin/_work.html", _about_work)


def _about_work() -> dict:
    try:
        lengths = queues().lengths()
    except RedisAway:
        lengths = None
    return {
        "page": failed_page(cursor=request.args.get("cursor")),
        "cursor": request.args.get("cursor"),
        "mails": failed_mails(at_most=PAGE),
        "shown": PAGE,
        "lengths": lengths,
        "due_since": oldest_due(),
    }
