"""German is complete, and says the same as English."""

import re

import pytest
from flask_babel import force_locale, gettext

from portal import translations

FILES = list(translations.language_files())
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|%%")


def messages():
    for path in FILES:
        yield from ((path.parent.parent.name, message) for message in translations.read(path) if message.id)


def _texts(of):
    """Its singular and plural, where it has both."""
    return of if isinstance(of, tuple | list) else (of,)


def test_german_is_there():
    assert [path.parent.parent.name for path in FILES] == ["de"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.parent.name)
def test_every_text_of_today_is_translated(path):
    catalog = translations.read(path)
    today = translations.current_texts()
    absent = [message.id for message in today if message.id and message.id not in catalog]
    assert absent == [], "run `flask translations extract` and translate"
    assert translations.missing(catalog) == []


def test_no_placeholder_is_lost_or_invented():
    for language, message in messages():
        english = _texts(message.id)
        other = _texts(message.string)
        wanted = {name for text in english for name in PLACEHOLDER.findall(text)}
        for text in other:
            assert set(PLACEHOLDER.findall(text)) <= wanted, (language, message.id)
            assert set(PLACEHOLDER.findall(text)) or not wanted or len(english) > 1, (language, message.id)


def test_html_in_a_text_is_the_same_in_each_language():
    tag = re.compile(r"</?\w+[^>]*>")
    for language, message in messages():
        if isinstance(message.id, str):
            english, other = tag.findall(message.id), tag.findall(message.string)
            assert sorted(english) == sorted(other), (language, message.id)


def test_a_page_speaks_german(app):
    with app.test_request_context(), force_locale("de"):
        assert gettext("My requests") == "Meine Anfragen"


def test_the_desk_has_one_spelling_in_german():
    catalog = translations.read(next(path for path in FILES if path.parent.parent.name == "de"))
    assert [message.id for message in catalog if "Service Desk" in str(message.string)] == []


@pytest.mark.parametrize("other", ["Fassung", "Vorgang", "Vorgäng"])
def test_one_thing_has_one_name_in_german(other):
    """Versions are called “Version”, tickets “Ticket”."""
    said = [text for _language, message in messages() for text in _texts(message.string)]

    assert [text for text in said if other.lower() in text.lower()] == []
