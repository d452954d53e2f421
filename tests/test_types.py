"""What the tools say of the code: types that fit, one style, one layout."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
FOLDERS = ["portal", "jobs", "tests", "embedded", "bench", "migrations", "gunicorn.conf.py", "wsgi.py"]


def run(*command):
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False, timeout=300
    )


def test_the_types_of_the_application_fit():
    found = run("mypy", "portal", "jobs")

    assert found.returncode == 0, found.stdout + found.stderr


def test_the_code_is_in_the_style_of_the_house():
    found = run("ruff", "check", "--output-format", "concise", *FOLDERS)

    assert found.returncode == 0, found.stdout + found.stderr


def test_the_code_is_laid_out_by_the_formatter():
    found = run("ruff", "format", "--check", *FOLDERS)

    assert found.returncode == 0, found.stdout + found.stderr
