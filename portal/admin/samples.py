"""The page of components: every part that pages are made of, in all its states, for those who build on it."""

from flask import render_template
from wtforms import BooleanField, PasswordField, RadioField, SelectField, StringField, TextAreaField

from portal.admin.blueprint import bp
from portal.permissions import Permission, requires
from portal.web.forms import DeskForm, options


class SampleForm(DeskForm):
    """One field of each kind. Its words are samples, not texts of the desk."""

    room = StringField("Room")
    subject = StringField("Subject")
    affected = SelectField(
        "Who is affected", choices=options([("me", "Only me"), ("team", "My team"), ("all", "Everyone")])
    )
    secret = PasswordField("Password")
    body = TextAreaField("Description")
    mail = BooleanField("Mail me")
    bad = RadioField(
        "How bad is it?", choices=options([("slow", "It slows me down"), ("stop", "I cannot work")])
    )


@bp.get("/components")
@requires(Permission.OPERATE)
def components():
    form = SampleForm(formdata=None, data={"bad": "slow"})
    wrong = SampleForm(formdata=None, prefix="wrong-", data={"subject": "x" * 80})
    wrong.subject.errors = ["Use at most 60 characters."]
    wrong.body.errors = ["Say what happened."]
    wrong.bad.errors = ["Choose how bad it is."]
    return render_template("admin/components.html", form=form, wrong=wrong)
