"""The texts of the pages in other languages: `flask translations extract`, `compile`."""

from collections.abc import Iterator
from pathlib import Path

import click
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from flask import Flask
from flask.cli import AppGroup

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "translations"
METHODS = [("portal/**.py", "python"), ("jobs/**.py", "python"), ("templates/**.html", "jinja2"),
           ("templates/**.txt", "jinja2")]  # fmt: skip
JINJA = {"extensions": "jinja2.ext.do"}
OPTIONS = {"templates/**.html": JINJA, "templates/**.txt": JINJA}
FOREIGN = {".venv", "node_modules", "var", "tests", "static"}  # folders without texts of ours
KEYWORDS = {"_": None, "_l": None, "_n": (1, 2), "gettext": None, "lazy_gettext": None, "ngettext": (1, 2)}

translations = AppGroup("translations", help="The texts of the pages in other languages.")


def init_app(app: Flask) -> None:
    app.cli.add_command(translations)


@translations.command("extract")
def extract() -> None:
    """Bring every language's file up to date with the texts that the code and the pages have."""
    template = current_texts()
    for path in language_files():
        catalog = read(path)
        catalog.update(template, no_fuzzy_matching=True)
        catalog.obsolete.clear()
        with path.open("wb") as file:
            write_po(file, catalog, omit_header=False, sort_output=True, width=110, no_location=True)
        click.echo(f"{path.parent.parent.name}: {len(missing(catalog))} of {len(catalog)} to translate")


@translations.command("compile")
def compile_() -> None:
    """Write the files that the application reads; those that are up to date are left."""
    for path in language_files():
        compiled = path.with_suffix(".mo")
        if compiled.exists() and compiled.stat().st_mtime >= path.stat().st_mtime:
            continue
        with compiled.open("wb") as file:
            write_mo(file, read(path))
        click.echo(f"{path.parent.parent.name}: compiled")


def current_texts() -> Catalog:
    """Every text that the code and the pages have today, in English."""
    template = Catalog(charset="utf-8")
    found = extract_from_dir(
        ROOT, METHODS, OPTIONS, KEYWORDS, comment_tags=("Translators:",),
        directory_filter=lambda folder: Path(folder).name not in FOREIGN,
    )  # fmt: skip
    for filename, line, message, comments, context in found:
        template.add(message, None, [(filename, line)], auto_comments=comments, context=context)
    return template


def language_files() -> Iterator[Path]:
    yield from sorted(FOLDER.glob("*/LC_MESSAGES/messages.po"))


def read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=path.parent.parent.name, domain="messages")


def missing(catalog: Catalog) -> list[str]:
    """The texts without a translation, or with one that may be wrong."""
    return [str(message.id) for message in catalog if message.id and not _is_translated(message)]


def _is_translated(message) -> bool:
    strings = message.string if isinstance(message.string, tuple | list) else (message.string,)
    return all(strings) and not message.fuzzy
