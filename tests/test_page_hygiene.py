"""What every template and script keeps to: what a strict CSP, a screen reader and a translator need."""

import re

import pytest
from jinja2 import Environment, FileSystemLoader, meta, nodes

from portal.assets import ROOT, STATIC

TEMPLATES = ROOT / "templates"
PAGES = sorted(path for path in TEMPLATES.rglob("*.html") if "mail" not in path.parts)
SAMPLES = [TEMPLATES / "admin" / "components.html", *(TEMPLATES / "components" / "samples").iterdir()]
REAL = [path for path in PAGES if path not in SAMPLES]  # the page of components shows sample words
SCRIPTS = sorted((STATIC / "js").rglob("*.js"))

JINJA = r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}"
TAG = re.compile(rf"<(\w+)\b((?:{JINJA}|[^>])*)>", re.DOTALL)
INLINE = re.compile(r"""<style\b|\sstyle=|\son\w+=["']|\shx-on|javascript:|hx-(vals|vars)=["']js:""")
TRANSLATED = re.compile(r"\{%-?\s*trans\b.*?endtrans\s*-?%\}", re.DOTALL)
SPOKEN = re.compile(r"""\b(?:aria-label|title|placeholder|alt)="([^"{]*)""")
WORD = re.compile(r"[^\W\d_]{2,}")
WRITES_HTML = re.compile(r"(inner|outer)HTML\s*=|insertAdjacentHTML|\beval\(|new Function|document\.write")
CLASSES = re.compile(rf'\bclass="((?:{JINJA}|[^"])*)"')
KEY_CAPS = {"Esc", "Ctrl"}
GLOBALS = {"_", "gettext", "ngettext", "asset_url", "csrf_token", "kept", "url_for"}


def name_of(path):
    return str(path.relative_to(ROOT))


def each(paths):
    return pytest.mark.parametrize("path", paths, ids=name_of)


def environment():
    found = Environment(loader=FileSystemLoader(TEMPLATES), extensions=["jinja2.ext.i18n"], autoescape=True)
    found.filters |= dict.fromkeys(("initials", "when", "exact", "rendered"), str)
    return found


@each(PAGES)
def test_nothing_is_trusted_to_be_html_but_what_was_rendered(path):
    text = path.read_text()

    assert not re.search(r"\|\s*safe\b|autoescape\s+false", text)
    for trusted in re.findall(r"([\w.]+)\s*\|\s*rendered", text):
        assert trusted.endswith("html"), f"{trusted} was not rendered by portal.markdown"


@each(PAGES)
def test_no_script_style_or_handler_stands_in_the_page(path):
    text = re.sub(r"\{#.*?#\}", "", path.read_text(), flags=re.DOTALL)

    assert not INLINE.search(text)
    for tag, attributes in TAG.findall(text):
        assert tag != "script" or "src=" in attributes


@each([path for path in PAGES if path.name.startswith("_")])
def test_a_fragment_says_what_it_needs(path):
    assert path.read_text().startswith("{# Needs: ")


@each(PAGES)
def test_every_form_works_without_a_script(path):
    text = path.read_text()
    for tag, attributes in TAG.findall(text):
        if tag == "form":
            assert "method=" in attributes, attributes
        if tag == "form" and re.search(r"\shx-(post|put|patch|delete|get)", attributes):
            assert "action=" in attributes, attributes
        if tag in {"button", "input"}:
            assert not re.search(r"\shx-(post|put|patch|delete)", attributes), "only its form may send"


@each(REAL)
def test_every_form_that_changes_something_carries_the_token(path):
    for form in re.findall(r"<form\b.*?</form>", path.read_text(), re.DOTALL):
        assert "csrf_token" in form or 'method="get"' in form, form[:120]


@each(REAL)
def test_all_words_can_be_translated(path):
    text = TRANSLATED.sub("", path.read_text())
    spoken = " ".join(SPOKEN.findall(text))
    seen = re.sub(r"<[^>]*>|\bhx-[\w-]+=\"[^\"]*\"", " ", re.sub(JINJA, "", text, flags=re.DOTALL))

    assert [word for word in WORD.findall(f"{seen} {spoken}") if word not in KEY_CAPS] == []


@each(PAGES)
def test_icons_that_are_named_are_drawn(path):
    drawn = set(re.findall(r'<symbol id="([\w-]+)"', (STATIC / "icons.svg").read_text()))
    syntax = environment().parse(path.read_text())
    calls = [call for call in syntax.find_all(nodes.Call) if getattr(call.node, "name", "") == "icon"]

    assert {call.args[0].value for call in calls if isinstance(call.args[0], nodes.Const)} <= drawn


@each(sorted((TEMPLATES / "components").glob("*.html")))
def test_macros_get_everything_by_argument(path):
    assert meta.find_undeclared_variables(environment().parse(path.read_text())) <= GLOBALS


@each(PAGES)
def test_classes_that_are_used_are_drawn(path):
    sheets = " ".join(sheet.read_text() for sheet in (STATIC / "css").rglob("*.css"))
    drawn = set(re.findall(r"\.([a-zA-Z][\w-]*)", sheets))
    used = " ".join(CLASSES.findall(path.read_text()))
    whole = [
        name for name in re.sub(JINJA, " ", used).split() if not name.endswith("-")
    ]  # is-{{ … }} is a part

    assert set(whole) <= drawn


@each(PAGES)
def test_templates_stay_small(path):
    assert len(path.read_text().splitlines()) <= 150


@each(SCRIPTS)
def test_a_script_says_what_it_does_in_few_lines_and_writes_no_html(path):
    text = path.read_text()

    assert text.startswith("// ")
    assert len(text.splitlines()) <= 120
    assert not WRITES_HTML.search(text)


@each(SCRIPTS)
def test_a_script_imports_from_the_kit_only(path):
    for source in re.findall(r'^import .* from "([^"]+)"', path.read_text(), re.MULTILINE):
        assert (path.parent / source).resolve().parent == STATIC / "js" / "kit"
        assert (path.parent / source).exists()


@each(SCRIPTS)
def test_a_script_says_no_words_of_its_own(path):
    """What people read stands in the page, in their language."""
    code = re.sub(r"//.*", "", path.read_text())

    assert not re.search(r"""["'`][A-Z][a-z]+ [a-z]+""", code)
