"""The settings of the desk, read at most once in a few seconds by each process."""

from time import monotonic

from flask import current_app

from portal.settings.queries import SiteSettings, site_settings

LIFE = 3.0  # seconds; another process learns of a change this late


def site() -> SiteSettings:
    """The settings, perhaps `LIFE` seconds old: every page asks for them."""
    kept = current_app.extensions.get("site_settings")
    if kept is None or kept[1] < monotonic():
        kept = (site_settings(), monotonic() + LIFE)
        current_app.extensions["site_settings"] = kept
    return kept[0]


def forget_site() -> None:
    """Read them anew: said by whoever has just changed them, after the commit."""
    current_app.extensions.pop("site_settings", None)
