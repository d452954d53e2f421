"""The forms of workflows. What is typed into the plan itself, `typed` understands."""

from typing import Any, Self

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import IntegerField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, NumberRange
from wtforms.widgets import HiddenInput

from portal.lifecycles.models import Lifecycle, LifecycleDraft
from portal.web.forms import DeskForm, NotBlank, at_most, options, tidy, whole_number


class LifecycleForm(DeskForm):
    name = StringField(_l("Name"), [NotBlank(_l("Enter a name.")), at_most(80)], [tidy])
    description = TextAreaField(_l("Description"), [at_most(500)])

    @property
    def text(self) -> str:
        return (self.description.data or "").replace("\r\n", "\n").strip()


class NewLifecycleForm(LifecycleForm):
    """Beside its name, which one it begins like."""

    like_id = SelectField(_l("Begins like"), coerce=whole_number)

    def __init__(self, *, lifecycles: list[Lifecycle], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.lifecycles = lifecycles
        self.like_id.choices = options([(each.id, each.name) for each in lifecycles])

    @property
    def like(self) -> Lifecycle | None:
        return next((each for each in self.lifecycles if each.id == self.like_id.data), None)


class DraftForm(DeskForm):
    """`version` says which version of the draft was seen; 0 where there was none."""

    version = IntegerField(validators=[InputRequired(), NumberRange(0, 2**31)], widget=HiddenInput())

    @classmethod
    def of(cls, draft: LifecycleDraft | None) -> Self:
        return cls(formdata=None, data={"version": draft.version if draft else 0})


class PublishForm(DraftForm):
    """What is to be published, as it was seen, and why."""

    note = StringField(_l("What is it for?"), [at_most(500)], [tidy])


class VersionsForm(DeskForm):
    """Two versions to hold beside each other; by a GET."""

    class Meta(DeskForm.Meta):
        csrf = False

    old = SelectField(_l("From version"), coerce=whole_number)
    new = SelectField(_l("To version"), coerce=whole_number)

    def __init__(self, *, numbers: list[int], **kwargs: Any) -> None:
        last = numbers[0]
        super().__init__(data={"old": numbers[1] if len(numbers) > 1 else last, "new": last}, **kwargs)
        for field in (self.old, self.new):
            field.choices = options(
                [(number, gettext("Version %(number)s", number=number)) for number in numbers]
            )
