"""People from a CSV file, as admins import them: a preview first, which can be corrected and asked again."""

from flask import flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import TextAreaField
from wtforms.validators import ValidationError

from portal.admin.blueprint import bp
from portal.extensions import db
from portal.importing.people import Deed, Planned, carry_out, plan
from portal.importing.reading import Unreadable, sheet_of, text_of
from portal.permissions import Permission, requires
from portal.web.forms import DeskForm
from portal.web.htmx import render
from portal.web.session import me

LARGEST = 200_000  # characters
PAGE = "admin/people_import.html"
EXAMPLE = """email,name,role,organization,teams
ann@example.org,Ann Example,employee,,
petra@example.org,Petra Example,agent,,"Network, Field"
"""


class PeopleImportForm(DeskForm):
    """A file, or what was in it, which stands in the page to be corrected."""

    file = FileField(_l("CSV file"))
    text = TextAreaField(_l("Or its rows, the names of the columns first"))

    @property
    def content(self) -> str:
        return (self.text.data or "").replace("\r\n", "\n")

    def take_file(self) -> None:
        """A file that is sent takes the place of the text."""
        if self.file.data:
            self.text.data = text_of(self.file.data.read())

    def validate_text(self, field: TextAreaField) -> None:
        if not self.content.strip():
            raise ValidationError(_("Choose a file, or enter some rows."))
        if len(self.content) > LARGEST:
            raise ValidationError(
                _(
                    "That is more than %(max)s characters. Import it in parts.",
                    max=LARGEST,
                )
            )


@bp.route("/people/import", methods=["GET", "POST"])
@requires(Permission.PEOPLE_MANAGE)
def import_people():
    form = PeopleImportForm()
    if not form.is_submitted():
        return render(PAGE, PAGE, form=form, example=EXAMPLE, planned=None)
    form.take_file()
    if not form.validate():
        return render(PAGE, PAGE, 422, form=form, example=EXAMPLE, planned=None)
    try:
        planned = plan(sheet_of(form.content.encode()), actor=me())
    except Unreadable as error:
        form.text.errors = [str(error)]
        return render(PAGE, PAGE, 422, form=form, example=EXAMPLE, planned=None)
    if "apply" not in request.form:
        return render(
            PAGE, PAGE, form=form, example=EXAMPLE, planned=planned, counts=_counts(planned), is_done=False
        )
    return _carried_out(form, planned)


def _carried_out(form: PeopleImportForm, planned: list[Planned]):
    """Rows that could not be taken stay, to be corrected; all others are in."""
    done = carry_out(planned, actor=me())
    db.session.commit()
    flash(
        _(
            "%(new)s people are new, %(changed)s are changed, %(kept)s were as they should be.",
            new=done[Deed.CREATE],
            changed=done[Deed.CHANGE],
            kept=done[Deed.KEEP],
        ),
        "success",
    )
    if not done[Deed.REFUSE]:
        return redirect(url_for(".people"), 303)
    left = [row for row in planned if row.deed is Deed.REFUSE]
    return render(PAGE, PAGE, form=form, example=EXAMPLE, planned=left, counts=_counts(left), is_done=True)


def _counts(planned: list[Planned]) -> dict[Deed, int]:
    return {deed: sum(row.deed is deed for row in planned) for deed in Deed}
