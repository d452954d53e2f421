"""Templates with the words of each language in them."""

import pytest
from flask import render_template
from flask_babel import force_locale
from jinja2 import DictLoader

PAGES = {
    "plain.html": '{{ _("Cancel") }}',
    "value.html": '{{ _("Remove the filter %(name)s %(value)s", name=name, value="<i>") }}',
    "known_later.html": "{{ _(word) }}",
    "number.html": '{{ ngettext("%(num)s reply", "%(num)s replies", number) }}',
    "block.html": "{% trans who=name %}<b>{{ who }}</b> edited the description{% endtrans %}",
    "argument.html": '{% macro told(words) %}[{{ words }}]{% endmacro %}{{ told(_("Cancel")) }}',
    "percent.html": '{{ _("100%% sure") }}',
    "inner.html": '{% include "plain.html" %}',
    "mail.txt": '{{ _("Remove the filter %(name)s %(value)s", name=name, value="<i>") }}',
    "kept.html": "{% macro shown(x) %}{{ x }}{% endmacro %}{% set shown = kept(shown) %}"
    "{{ shown('<b>'|safe) }}{{ shown('<b>') }}",
}


@pytest.fixture
def said(app, monkeypatch):
    """What a template says in a language."""
    monkeypatch.setattr(app.jinja_env, "loader", DictLoader(PAGES))
    monkeypatch.setattr(app.jinja_env, "languages", {})

    def said(name, locale, /, **values):
        with app.test_request_context(), force_locale(locale):
            return render_template(name, **values)

    return said


@pytest.mark.parametrize(
    ("template", "values", "english", "german"),
    [
        ("plain.html", {}, "Cancel", "Abbrechen"),
        ("inner.html", {}, "Cancel", "Abbrechen"),
        ("argument.html", {}, "[Cancel]", "[Abbrechen]"),
        ("known_later.html", {"word": "Cancel"}, "Cancel", "Abbrechen"),
        ("number.html", {"number": 1}, "1 reply", "1 Antwort"),
        ("number.html", {"number": 3}, "3 replies", "3 Antworten"),
        ("percent.html", {}, "100% sure", "100% sure"),
    ],
)
def test_each_language_has_its_words(said, template, values, english, german):
    assert said(template, "en", **values) == english
    assert said(template, "de", **values) == german
    assert said(template, "en", **values) == english


def test_what_is_put_into_a_text_is_escaped(said):
    assert said("value.html", "en", name="<b>") == "Remove the filter &lt;b&gt; &lt;i&gt;"


def test_a_block_of_text_keeps_its_markup_and_escapes_the_rest(said):
    assert said("block.html", "en", name="<i>") == "<b>&lt;i&gt;</b> edited the description"
    assert "<b>&lt;i&gt;</b>" in said("block.html", "de", name="<i>")


def test_plain_text_is_not_escaped(said):
    assert said("mail.txt", "en", name="<b>") == "Remove the filter <b> <i>"


def test_a_kept_part_tells_markup_from_text(said):
    assert said("kept.html", "en") == "<b>&lt;b&gt;"
