from flask_babel import lazy_gettext as _l
from wtforms import RadioField
from wtforms.validators import InputRequired

from portal.exports.models import Format
from portal.web.forms import DeskForm, options


class ExportForm(DeskForm):
    format = RadioField(_l("As what?"), [InputRequired(_l("Choose a format."))], default=Format.XLSX.value)

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.format.choices = options([(form.value, form.label) for form in (Format.XLSX, Format.CSV)])

    @property
    def chosen(self) -> Format:
        return Format(self.format.data)
