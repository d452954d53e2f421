"""The hashed files of the pages, and the colours in them."""

import gzip
import hashlib
import json
import re
import shutil
import subprocess

import pytest
from flask import Flask

from portal import assets

IMPORTED = re.compile(r'@import url\("([^"]+)"\)')
COLOUR = re.compile(r"--([\w-]+): (?:light-dark\((#\w{6}), (#\w{6})\)|(#\w{6}));")
LINKED = re.compile(r"url\(([^)\"']+)\)")
MEANINGS = ("new", "active", "waiting", "solved", "closed", "critical", "high", "medium", "low")
GROUNDS = ("canvas", "surface", "sunken")


@pytest.fixture
def static(tmp_path):
    """A copy of the sources, so that a test may change them."""
    shutil.copytree(assets.STATIC, tmp_path / "static", ignore=shutil.ignore_patterns("vendor"))
    return tmp_path / "static"


def test_each_file_is_named_by_its_content_and_compressed_beside(static):
    manifest = assets.build(static)

    for name, entry in manifest.items():
        content = (static / "vendor" / entry["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == entry["sha256"]
        assert entry["sha256"][:12] in entry["file"]
        if not name.endswith(".woff2"):
            assert gzip.decompress((static / "vendor" / f"{entry['file']}.gz").read_bytes()) == content
    assert json.loads((static / "vendor" / "manifest.json").read_text()) == manifest


def test_building_again_changes_nothing(static):
    assets.build(static)
    before = {path.name: path.stat().st_mtime_ns for path in (static / "vendor").glob("*.*.*")}

    assets.build(static)

    assert {path.name: path.stat().st_mtime_ns for path in (static / "vendor").glob("*.*.*")} == before


def test_a_change_gives_a_new_name_and_the_last_one_stays_for_open_pages(static):
    old = assets.build(static)["app.css"]["file"]
    (static / "css" / "base.css").write_text("body { color: red }")

    new = assets.build(static)["app.css"]["file"]

    assert old != new
    assert (static / "vendor" / old).exists()

    assets.build(static)

    assert not (static / "vendor" / old).exists()


def test_the_style_sheet_is_whole():
    sheet = assets.style_sheet(assets.STATIC / "css" / "app.css")
    imported = IMPORTED.findall((assets.STATIC / "css" / "app.css").read_text())
    there = {str(path.relative_to(assets.STATIC / "css")) for path in (assets.STATIC / "css").rglob("*.css")}

    assert "@import" not in sheet
    assert sheet.count("{") == sheet.count("}")
    assert sorted(imported) == sorted(there - {"app.css"})  # each once, and none forgotten


def test_what_the_style_sheet_links_is_there(static):
    manifest = assets.build(static)
    sheet = (static / "vendor" / manifest["app.css"]["file"]).read_text()

    linked = LINKED.findall(sheet)

    assert linked
    assert all((static / "vendor" / file).exists() for file in linked)


def test_the_script_has_every_behaviour_and_no_module_lines():
    joined = assets.script(assets.STATIC / "js")

    assert not re.search(r"^\s*(import|export) ", joined, re.MULTILINE)
    for path in (assets.STATIC / "js").rglob("*.js"):
        assert path.read_text().splitlines()[0] in joined


@pytest.mark.skipif(not shutil.which("node"), reason="Node is not here")
def test_the_script_can_be_read_by_a_browser(tmp_path):
    (tmp_path / "app.js").write_text(assets.script(assets.STATIC / "js"))

    read = subprocess.run(
        ["node", "--check", tmp_path / "app.js"], check=False, capture_output=True, text=True
    )
    assert read.returncode == 0, read.stderr


def test_a_missing_package_is_named_with_the_command_that_brings_it(static, tmp_path):
    with pytest.raises(assets.AssetsError, match="npm ci"):
        assets.build(static, packages=tmp_path)


def test_a_page_without_built_files_says_what_to_run(monkeypatch, tmp_path):
    monkeypatch.setattr(assets, "STATIC", tmp_path)
    app = Flask(__name__)
    assets.init_app(app)

    with pytest.raises(assets.AssetsError, match="flask assets build"):
        app.jinja_env.globals["asset_url"]("app.css")


def _colours():
    text = (assets.STATIC / "css" / "tokens.css").read_text()
    return {name: (light or both, dark or both) for name, light, dark, both in COLOUR.findall(text)}


def _contrast(one, other):
    """WCAG 2.2, relative luminance and contrast ratio."""

    def luminance(colour):
        parts = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("ink", "grounds", "least"),
    [
        ("text", (*GROUNDS, "raised", "hover", "selected", "paper"), 7),
        ("muted", (*GROUNDS, "raised", "hover", "selected"), 4.5),
        ("accent-ink", (*GROUNDS, "raised", "selected", "accent-soft"), 4.5),
        ("on-accent", ("accent", "accent-strong"), 4.5),
        ("paper-ink", ("paper",), 4.5),
        ("on-paper-strong", ("paper-strong", "paper-ink"), 4.5),
        ("control", ("surface", "canvas", "raised"), 3),
        ("focus", (*GROUNDS, "raised"), 3),
        *[(f"{meaning}-ink", (f"{meaning}-ground", "surface"), 4.5) for meaning in MEANINGS],
        *[(f"{meaning}-dot", ("surface", "canvas"), 3) for meaning in MEANINGS],
    ],
)
def test_colours_can_be_told_apart(ink, grounds, least, theme):
    colours = _colours()

    ratios = {ground: round(_contrast(colours[ink][theme], colours[ground][theme]), 2) for ground in grounds}

    assert min(ratios.values()) >= least, ratios
