"""The configuration as a file: taken along, and put in place after a look at what that changes."""

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import TextAreaField, ValidationError

from portal import clock
from portal.admin.blueprint import bp
from portal.configuration import bundle
from portal.configuration.reading import Fault, Faulty
from portal.errors import DomainError
from portal.extensions import db
from portal.permissions import Permission, requires
from portal.web.forms import DeskForm
from portal.web.session import me

PAGE = "admin/configuration.html"
LARGEST = 1_000_000  # characters


class ConfigurationForm(DeskForm):
    """A file, or what was in it, which stands in the page to be corrected."""

    file = FileField(_l("YAML file"))
    text = TextAreaField(_l("Or its text"))

    @property
    def content(self) -> str:
        return (self.text.data or "").replace("\r\n", "\n")

    def take_file(self) -> None:
        """A file that is sent takes the place of the text. Raises ValidationError for one that is no text."""
        if not self.file.data:
            return
        try:
            self.text.data = self.file.data.read(4 * LARGEST + 1).decode("utf-8-sig")
        except UnicodeDecodeError:
            self.text.data = ""
            raise ValidationError(_("This file is no text in UTF-8.")) from None

    def validate_file(self, field: FileField) -> None:
        self.take_file()

    def validate_text(self, field: TextAreaField) -> None:
        if self.file.errors:
            return
        if not self.content.strip():
            raise ValidationError(_("Choose a file, or enter its text."))
        if len(self.content) > LARGEST:
            raise ValidationError(_("That is more than %(max)s characters.", max=LARGEST))


@bp.route("/configuration", methods=["GET", "POST"])
@requires(Permission.SETTINGS_MANAGE)
def configuration():
    """First what it would do; it is done when that was looked at."""
    form = ConfigurationForm()
    if not form.validate_on_submit():
        return _page(form, 422 if form.is_submitted() else 200)
    try:
        wanted = bundle.read(form.content)
    except Faulty as error:
        return _page(form, 422, faults=error.faults)
    if "apply" not in request.form:
        return _page(form, deeds=bundle.deeds(wanted))
    try:
        done = bundle.put(wanted, actor=me())
        db.session.commit()
    except DomainError as error:  # somebody has changed something since it was checked
        db.session.rollback()
        return _page(form, 409, faults=[Fault("", 1, str(error))])
    flash(_("The configuration is in place: %(number)d entries were changed.", number=len(done)), "success")
    return redirect(url_for(".configuration"), 303)


@bp.get("/configuration/export")
@requires(Permission.SETTINGS_MANAGE)
def export_configuration():
    answer = make_response(bundle.write())
    day = clock.now().date().isoformat()
    answer.headers["Content-Type"] = "application/yaml; charset=utf-8"
    answer.headers["Content-Disposition"] = f"attachment; filename=desk-{day}.yaml"
    return answer


def _page(
    form: ConfigurationForm,
    status: int = 200,
    *,
    faults: list[Fault] | None = None,
    deeds: list[bundle.Deed] | None = None,
):
    return render_template(PAGE, form=form, faults=faults, deeds=deeds), status
