"""The outbox, as whoever operates the desk sees it."""

from flask import flash, redirect, request, url_for
from flask_babel import gettext as _

from portal.admin.actions import retry_mail as try_again
from portal.admin.blueprint import bp
from portal.extensions import db
from portal.gateways import smtp
from portal.outbox_mail.models import Mail, MailState
from portal.outbox_mail.queries import counts, mail_or_404, mails
from portal.permissions import Permission, requires
from portal.web.htmx import render
from portal.web.paging import Order, keyset
from portal.web.session import me


@bp.get("/mail")
@requires(Permission.OPERATE)
def mail():
    state = _state(request.args.get("state"))
    page = keyset(
        mails(state),
        Order(Mail.id, Mail.id),
        cursor=request.args.get("cursor"),
        of=("id", "id"),
        fetch=db.session.execute,
    )
    return render(
        "admin/mail.html",
        "admin/_mail.html",
        page=page,
        state=state,
        counts=counts(),
        states=MailState,
        is_set_up=smtp.is_set_up(),
    )


@bp.get("/mail/<row:mail_id>")
@requires(Permission.OPERATE)
def one_mail(mail_id: int):
    """Without a mail server this is the way to a mail's links; with one they are its recipient's alone."""
    template, mail = "admin/one_mail.html", mail_or_404(mail_id)
    body = mail.body_without_secrets if smtp.is_set_up() else mail.body
    return render(template, template, mail=mail, body=body, is_set_up=smtp.is_set_up())


@bp.post("/mail/<row:mail_id>/retry")
@requires(Permission.OPERATE)
def retry_mail(mail_id: int):
    try_again(mail_or_404(mail_id, to_change=True), actor=me())
    db.session.commit()
    flash(_("The mail stands in the queue again."), "success")
    return redirect(url_for(".one_mail", mail_id=mail_id), 303)


def _state(asked: str | None) -> MailState | None:
    """What the address asks for; nonsense means all."""
    return MailState(asked) if asked in set(MailState) else None
