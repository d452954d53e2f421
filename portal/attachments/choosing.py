"""What a form says of the files that may be chosen for it; what is sent is checked all the same."""

from functools import lru_cache

from portal.attachments.kinds import KINDS
from portal.settings.cache import site

# What cameras make: a telephone offers its own by these, and not by the ends of names alone.
TAKEN_HERE = {"image/*": {"jpg", "jpeg", "heic"}, "video/*": {"mp4", "mov"}}


def accepted_files() -> str:
    """For an `accept`: the extensions that are taken."""
    return _accepted(site().upload_types)


@lru_cache(maxsize=8)
def _accepted(types: tuple[str, ...]) -> str:
    taken = sorted(KINDS.keys() & set(types))
    cameras = [kind for kind, made in TAKEN_HERE.items() if made & set(taken)]
    return ",".join([*(f".{each}" for each in taken), *cameras])
