"""What the demo world promises, and its rules and macros: a configuration like any other."""

from pathlib import Path

from portal.accounts.models import User
from portal.configuration import bundle

FILE = Path(__file__).parent / "desk.yaml"


def configuration_there(*, actor: User) -> None:
    """What is there under its name is left alone, whatever it has become."""
    wanted = bundle.read(FILE.read_text())
    for section in bundle.SECTIONS:
        for entry in getattr(wanted, section.NAME):
            if section.changes(entry) is None:
                section.put(entry, actor=actor)
