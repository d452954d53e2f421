"""Where an installed package keeps its files."""

from importlib.util import find_spec
from pathlib import Path

from embedded.problems import Problem


def directory_of(package: str) -> Path:
    """The folder of an installed package, found without importing it."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise Problem(f"The package {package} is not installed: pip install -r requirements-dev.txt")
    return Path(spec.submodule_search_locations[0])
