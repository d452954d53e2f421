"""Public holidays of countries and their regions, from the `holidays` library. Knows no table."""

from collections.abc import Iterable
from datetime import date
from functools import lru_cache

import holidays

FIRST_YEAR, LAST_YEAR = 1970, 2100  # nobody's tickets are older, and no rule reaches further


@lru_cache(maxsize=1)
def countries() -> frozenset[str]:
    """The codes of those whose holidays are known, as ISO 3166 has them."""
    return frozenset(holidays.list_supported_countries(include_aliases=False))


def regions(country: str) -> dict[str, str]:
    """The regions of a country that have holidays of their own: by code, with the name where there is one."""
    if country not in countries():
        return {}
    codes = holidays.list_supported_countries(include_aliases=False)[country]
    aliases = holidays.country_holidays(country).subdivisions_aliases
    names = {code: name for name, code in aliases.items()}
    return {code: names.get(code, code) for code in codes}


@lru_cache(maxsize=2_000)
def public_holidays(country: str, region: str, year: int, language: str = "") -> dict[date, str]:
    """The holidays of that year, named in that language where the library speaks it; to be read only."""
    if country not in countries() or not FIRST_YEAR <= year <= LAST_YEAR:
        return {}
    spoken = _spoken(holidays.country_holidays(country).supported_languages, language)
    found = holidays.country_holidays(country, subdiv=region or None, years=year, language=spoken)
    return dict(sorted(found.items()))


def _spoken(known: Iterable[str], wanted: str) -> str | None:
    return next((code for code in known if wanted and code.split("_")[0] == wanted), None)
