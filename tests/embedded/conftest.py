import shutil
import tempfile
from pathlib import Path

import pytest

from embedded import processes


@pytest.fixture(scope="module")
def place():
    """A folder that, unlike pytest's own, accounts other than root may pass through."""
    path = Path(tempfile.mkdtemp(prefix="embedded-"))
    path.chmod(0o711)
    yield path
    for mark in (path, *path.iterdir()):
        processes.end_leftovers(mark, grace=0)
    shutil.rmtree(path)


@pytest.fixture
def state(place):
    """Where servers may keep their state; nothing of them outlives the test."""
    path = Path(tempfile.mkdtemp(dir=place))
    path.chmod(0o711)
    yield path
    for mark in (path, *path.iterdir()):
        processes.end_leftovers(mark, grace=0)
