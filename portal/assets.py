"""The few hashed files that a page links: a style sheet, two scripts, the font, the icons.

What people edit are small files in `static/css` and `static/js`; third-party code comes
from `node_modules`. `flask assets build` joins both into `static/vendor/`, which is never
committed. The name of each file holds its hash, so browsers may keep it for ever.
"""

import gzip
import hashlib
import json
import re
import tempfile
from functools import cache
from pathlib import Path

import click
from flask import Flask
from flask.cli import AppGroup

ROOT = Path(__file__).parent.parent
STATIC = ROOT / "static"
PACKAGES = ROOT / "node_modules"

SCRIPTS = (
    "htmx.org/dist/htmx.min.js",
    "idiomorph/dist/idiomorph-ext.min.js",
)  # htmx first: the other extends it
FONT = "@fontsource-variable/inter"
FONT_PARTS = ("latin", "latin-ext")  # every Western, Central European and Turkish name
LICENCES = ("htmx.org/LICENSE", "idiomorph/LICENSE", f"{FONT}/LICENSE")

IMPORT = re.compile(r'@import url\("(?P<path>[^"]+)"\) layer\((?P<layer>\w+)\)(?: (?P<medium>\w+))?;')
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
FONT_FACE = re.compile(r"@font-face {.*?}", re.DOTALL)
FONT_FILE = re.compile(r"\./files/(inter-(.+)-wght-normal)\.woff2")
MODULE_IMPORT = re.compile(r"^import .*\n", re.MULTILINE)
MODULE_EXPORT = re.compile(r"^export ", re.MULTILINE)

Manifest = dict[str, dict[str, str]]


class AssetsError(Exception):
    """The files cannot be built or are not there; the message says what to run."""


def init_app(app: Flask) -> None:
    """Give templates `asset_url("app.css")`, and the command line `flask assets`."""

    def asset_url(name: str) -> str:
        return f"{app.static_url_path}/vendor/{_file_of(name)}"

    if app.debug:
        app.before_request(build_if_changed)
    app.jinja_env.globals["asset_url"] = asset_url if app.debug else cache(asset_url)
    app.cli.add_command(commands)


commands = AppGroup("assets", help="The style sheet, scripts, font and icons of the pages.")


@commands.command("build")
def build_command() -> None:
    """Join static/css, static/js and the packages of npm into static/vendor."""
    try:
        manifest = build()
    except AssetsError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"static/vendor: {len(manifest)} files are up to date.")


def build(static: Path = STATIC, packages: Path = PACKAGES) -> Manifest:
    """Write the hashed files, then the manifest that names them; twice in a row changes nothing.

    A page that is being served meanwhile finds either the old set or the new one: files are
    renamed into place, the manifest last, and those of the set before stay for open pages.
    Raises AssetsError where the packages of npm are missing.
    """
    vendor = static / "vendor"
    vendor.mkdir(exist_ok=True)
    before = _read_manifest(vendor)
    fonts = {
        f"inter-{part}.woff2": _package(packages, f"{FONT}/files/inter-{part}-wght-normal.woff2")
        for part in FONT_PARTS
    }
    manifest = {name: _write(vendor, name, content) for name, content in fonts.items()}
    sources = {
        "app.css": _font_faces(packages, manifest) + style_sheet(static / "css" / "app.css"),
        "app.js": script(static / "js"),
        "vendor.js": "\n;".join(_package(packages, path).decode() for path in SCRIPTS),
        "icons.svg": (static / "icons.svg").read_text(encoding="utf-8"),
        "favicon.svg": (static / "favicon.svg").read_text(encoding="utf-8"),
        "licences.txt": "\n\n".join(f"{path}\n\n{_package(packages, path).decode()}" for path in LICENCES),
    }
    manifest |= {name: _write(vendor, name, text.encode()) for name, text in sources.items()}
    _replace(vendor / "manifest.json", json.dumps(manifest, indent=2, sort_keys=True).encode())
    _sweep(vendor, keep={entry["file"] for entry in (*manifest.values(), *before.values())})
    return manifest


def build_if_changed() -> None:
    """Build again where a source is younger than the manifest: for development only."""
    manifest = STATIC / "vendor" / "manifest.json"
    sources = [*STATIC.glob("*.svg"), *(STATIC / "css").rglob("*.css"), *(STATIC / "js").rglob("*.js")]
    if not manifest.exists() or max(path.stat().st_mtime for path in sources) > manifest.stat().st_mtime:
        build()


def style_sheet(start: Path) -> str:
    """The sheet with its imports put in place, each as a block of the layer it was imported into."""

    def put_in(match: re.Match[str]) -> str:
        content = COMMENT.sub("", (start.parent / match["path"]).read_text(encoding="utf-8")).strip()
        if match["medium"]:
            content = f"@media {match['medium']} {{\n{content}\n}}"
        return f"@layer {match['layer']} {{\n{content}\n}}"

    return IMPORT.sub(put_in, COMMENT.sub("", start.read_text(encoding="utf-8")))


def script(folder: Path) -> str:
    """The behaviours in one strict script: what is in `kit/` in reach of all, each behaviour by itself.

    The sources are ES modules that import from `kit/` only, so the lines that import can go.
    A behaviour that breaks (no storage, an old browser) leaves the others working.
    """
    kit = [_body(path) for path in sorted(folder.glob("kit/*.js"))]
    behaviours = [
        f"try {{\n{_body(path)}}} catch (error) {{ console.error(error) }}"
        for path in sorted(folder.glob("*.js"))
    ]
    return "\n".join(['(() => {\n"use strict"', *kit, *behaviours, "})()\n"])


def _body(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    return MODULE_EXPORT.sub("", MODULE_IMPORT.sub("", text))


def _font_faces(packages: Path, manifest: Manifest) -> str:
    """The package's own rules (their ranges of letters included) for the parts we serve."""
    blocks = FONT_FACE.findall(_package(packages, f"{FONT}/wght.css").decode())
    wanted = [block for block in blocks if FONT_FILE.search(block)[2] in FONT_PARTS]  # type: ignore[index]
    return (
        '@charset "utf-8";\n'
        + "\n".join(
            FONT_FILE.sub(lambda match: manifest[f"inter-{match[2]}.woff2"]["file"], block)
            for block in wanted
        )
        + "\n"
    )


def _package(packages: Path, path: str) -> bytes:
    try:
        return (packages / path).read_bytes()
    except FileNotFoundError as error:
        raise AssetsError(
            f"{path} is not installed. Run `npm ci --ignore-scripts`, then `flask assets build`."
        ) from error


def _write(vendor: Path, name: str, content: bytes) -> dict[str, str]:
    """Write the file under its hashed name, and compressed beside it where that helps."""
    digest = hashlib.sha256(content).hexdigest()
    stem, _, suffix = name.rpartition(".")
    file = f"{stem}.{digest[:12]}.{suffix}"
    if not (vendor / file).exists():
        _replace(vendor / file, content)
    if suffix != "woff2" and not (vendor / f"{file}.gz").exists():
        _replace(vendor / f"{file}.gz", gzip.compress(content, 9, mtime=0))
    return {"file": file, "sha256": digest}


def _replace(path: Path, content: bytes) -> None:
    """Write beside, then rename: nobody ever reads half a file."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as beside:
        beside.write(content)
    written = Path(beside.name)
    written.chmod(0o644)
    written.replace(path)


def _sweep(vendor: Path, *, keep: set[str]) -> None:
    keep = keep | {"manifest.json"}
    for path in vendor.glob("[!.]*"):  # a dot: another build is writing it
        if path.name.removesuffix(".gz") not in keep:
            path.unlink(missing_ok=True)


def _file_of(name: str) -> str:
    entry = _read_manifest(STATIC / "vendor").get(name)
    if entry is None:
        raise AssetsError(f"static/vendor has no {name}. Run `flask assets build`.")
    return entry["file"]


def _read_manifest(vendor: Path) -> Manifest:
    try:
        return json.loads((vendor / "manifest.json").read_bytes())
    except FileNotFoundError:
        return {}
