"""The attributes of form fields: the same as WTForms writes, letter for letter."""

import importlib.util

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup
from wtforms import Form, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.widgets import core

from portal.web.attributes import attributes

NAMES = st.one_of(
    st.sampled_from(["class_", "for_", "data_of_it", "aria_label", "data-is", "hx_get", "a__", "checked"]),
    st.text("abc_-", min_size=1, max_size=6),
)
VALUES = st.one_of(
    st.booleans(),
    st.none(),
    st.integers(),
    st.text("a\"&<>' =", max_size=8),
    st.text('a"&;', max_size=6).map(Markup),
)


@pytest.fixture(scope="module")
def theirs():
    """The library's own way, read anew: the one in use has been replaced."""
    spec = importlib.util.find_spec("wtforms.widgets.core")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.html_params


@given(st.dictionaries(NAMES, VALUES, max_size=6))
def test_they_are_those_of_the_library(theirs, given):
    assert attributes(**given) == theirs(**given)
    assert isinstance(attributes(**given), Markup)


class EveryKind(Form):
    line = StringField()
    text = TextAreaField()
    choice = SelectField(choices=[SelectChoice("a", "A <b>")])


def test_fields_of_all_kinds_are_written_so(app):
    assert core.html_params is attributes
    form = EveryKind(data={"line": '"><b>', "text": "&", "choice": "a"})

    assert form.line(data_of=True, hidden=False) == (
        '<input data-of id="line" name="line" type="text" value="&#34;&gt;&lt;b&gt;">'
    )
    assert form.text(class_="wide").startswith('<textarea class="wide" id="text" name="text">')
    assert '<option selected value="a">A &lt;b&gt;</option>' in form.choice()
