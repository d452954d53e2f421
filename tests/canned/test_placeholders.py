"""Only names of a fixed list stand for anything, and what they stand for is text."""

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as some

from portal.canned.placeholders import NAMES, RAW, Problem, escaped, fill, problems
from portal.markdown import render_markdown

VALUES = {name: f"<{name}>" if name not in RAW else name for name in NAMES}
NASTY = [
    "**x**", "[a](javascript:alert(1))", "{{ agent.name }}", "<b>bold</b>", "<https://example.org>", "# Head",
    "1. first", "12) twelfth", "- item", "+ item", "> said", "---", "===", "~~gone~~", "`code`", "a | b | c",
    "&lt;script&gt;", "R&D", "snake_case and _this_", "C:\\Users\\ann", "end\\", "![x](y)", "foo #", "\\*",
    "(x)", "[x]: https://example.org", ": x", "~~~", "Ann  (HR)", "O'Neil", "__init__", "a * b * c",
    "{{", "}}", "{% if %}",
]  # fmt: skip
TEXTS = some.text(some.characters(blacklist_categories=("Cs", "Cc", "Cf", "Zl", "Zp")), max_size=40)
LIKELY = some.text("ab1 .)(-+#>*_`[]<>|~&;\\!{}:=/\"'", max_size=30)


def read(markdown):
    """What somebody reads who sees it rendered."""
    html = render_markdown(markdown).removesuffix("\n")
    return unescape(re.sub(r"<[^>]*>", "", html)), html


@pytest.mark.parametrize("name", NAMES)
def test_each_name_is_filled_in_however_it_is_spaced(name):
    text = f"a {{{{{name}}}}} b {{{{   {name}\t}}}} c"

    assert list(problems(text)) == []
    assert fill(text, dict.fromkeys(NAMES, "value")) == "a value b value c"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ ticket.ky }}", Problem("ticket.ky", 1, "ticket.key")),
        ("Hello\n{{ Requester.Name }}", Problem("Requester.Name", 2, "requester.name")),
        ("{{ requester.email }}", Problem("requester.email", 1, "requester.name")),
        ("{{ ticket.__class__ }}", Problem("ticket.__class__", 1, "ticket.status")),
        ("{{ config }}", None),
        ("{{ 7 * 7 }}", None),
        ("{{}}", None),
        ("one\ntwo {{ ticket.key }\nthree", Problem(None, 2)),
        ("{ ticket.key }}", Problem(None, 1)),
        ("{{ ticket.key\n}}", Problem(None, 1)),
        ("{{{ ticket.key }}}", Problem(None, 1)),
    ],
)
def test_what_is_no_placeholder_is_told_with_its_place(text, expected):
    found = list(problems(text))

    assert found
    assert found[0].nearest in {"", *NAMES}
    assert expected is None or found[0] == expected


def test_braces_and_other_templates_by_themselves_are_text():
    text = "{ a } {% if x %} {# y #} ${z} %(name)s {0}"

    assert list(problems(text)) == []
    assert fill(text, VALUES) == text


@pytest.mark.parametrize("value", NASTY)
def test_a_value_reads_as_it_is_and_is_no_markup(value):
    for before in ("", "Hello ", "- "):
        said, html = read(f"{before}{escaped(value)}")

        assert said.replace("\n", "") == (before.removeprefix("- ") + " ".join(value.split()))
        assert not re.search(r"<(strong|em|a|h\d|del|s|code|hr|blockquote|ol|table)\b", html)


@given(TEXTS | LIKELY)
def test_whatever_a_value_is_it_reads_as_that_text(value):
    said, html = read(f"Hello {escaped(value)}")

    assert said == f"Hello {' '.join(value.split())}".rstrip()
    assert set(re.findall(r"<(\w+)", html)) <= {"p"}


@given(LIKELY)
def test_the_same_at_the_beginning_of_a_line(value):
    said, html = read(f"{escaped(value)} x")

    assert said == f"{' '.join(value.split())} x".strip()
    assert set(re.findall(r"<(\w+)", html)) <= {"p"}


@given(TEXTS | LIKELY, some.sampled_from(sorted(set(NAMES) - RAW)), some.sampled_from(sorted(NAMES)))
def test_a_value_is_never_filled_in_itself(value, outer, inner):
    value = f"{value}{{{{ {inner} }}}}"
    filled = fill(f"{{{{ {outer} }}}}", dict.fromkeys(NAMES, "EXPANDED") | {outer: value})

    assert filled == escaped(value)
    assert "EXPANDED" not in filled or "EXPANDED" in value


@given(some.text("{} \nticke.yab", max_size=60))
def test_a_text_without_problems_has_no_braces_left_and_one_with_some_is_not_run(text):
    filled = fill(text, dict.fromkeys(NAMES, "x"))

    if not list(problems(text)):
        assert "{{" not in filled
        assert "}}" not in filled
    else:
        assert "{{" in filled or "}}" in filled


def test_usual_names_stay_as_they_are():
    for name in (
        "Ann Sørensen",
        "Käthe Großmann-Übelhör",
        "O'Neil, Pat (HR)",
        "R&D",
        "VPN drops: why?",
        "foo_bar v1.2",
    ):
        assert escaped(name) == name
