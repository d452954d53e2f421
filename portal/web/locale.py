"""The reader's language and time zone, and the words a moment is told in."""

from datetime import date, datetime, timedelta, tzinfo
from functools import lru_cache
from pathlib import Path
from zoneinfo import available_timezones

from babel import Locale, dates, numbers
from babel.units import format_unit
from flask import Flask, g, has_request_context, request, session
from flask_babel import get_locale, get_timezone
from flask_login import current_user
from markupsafe import Markup, escape

from portal import clock
from portal.extensions import babel
from portal.settings.cache import site
from portal.web.durations import duration, span

FOLDER = Path(__file__).parents[2] / "translations"
LANGUAGES = {"en": "English", "de": "Deutsch"}
DOTTED = {"de"}  # languages that write a dot behind a day: 7. Okt. 2026
TIMEZONES = frozenset(zone for zone in available_timezones() if "/" in zone) | {"UTC"}


def init_app(app: Flask) -> None:
    babel.init_app(
        app,
        locale_selector=choose_locale,
        timezone_selector=choose_timezone,
        default_translation_directories=str(FOLDER),
    )
    app.jinja_env.filters["when"] = when
    app.jinja_env.filters["exact"] = exact
    app.jinja_env.filters["day"] = day
    app.jinja_env.filters["moment"] = datetime.fromisoformat  # as events keep it
    app.jinja_env.filters["size"] = size
    app.jinja_env.filters["duration"] = duration
    app.jinja_env.filters["span"] = span
    app.jinja_env.filters["initials"] = initials
    app.jinja_env.filters["rendered"] = Markup  # HTML that portal.markdown has made


def choose_locale() -> str | None:
    """The person's own, else what this browser chose, else what it prefers."""
    if not has_request_context() or "no_database" in g:
        return None
    offered = site().languages
    own = getattr(current_user, "locale", None) or session.get("locale")
    if own in offered:
        return own
    return request.accept_languages.best_match(offered) or site().default_language


def choose_timezone() -> str | None:
    if not has_request_context() or "no_database" in g:
        return None
    return getattr(current_user, "timezone", None) or site().default_timezone


DAYS_TOLD = 7  # so long it is said how long ago something was; then when


def when(moment: datetime | None) -> Markup:
    """A moment as people say it ("3 minutes ago"), with the exact one behind it."""
    if moment is None:
        return Markup("")
    ago, (locale, zone) = moment - clock.now(), _reader()
    return _shown(moment, _rounded(ago) if abs(ago.days) < DAYS_TOLD else None, locale, zone)


def _reader() -> tuple[Locale | None, tzinfo]:
    """Language and zone, as Flask-Babel has noted them for this request: a list asks fifty times."""
    notes = vars(g._get_current_object()).get("_flask_babel") if g else None  # noqa: SLF001
    locale = getattr(notes, "babel_locale", None) or get_locale()
    return locale, getattr(notes, "babel_tzinfo", None) or get_timezone()


def exact(moment: datetime | None) -> str:
    """The moment in the reader's zone and language, to the minute."""
    if moment is None:
        return ""
    minute = moment.replace(second=0, microsecond=0)
    return _told(minute, _exact(get_locale()), get_locale(), get_timezone())


def day(moment: date | None) -> str:
    """The day alone, of a moment as the reader's zone has it: `Mon, 23 Nov`."""
    if moment is None:
        return ""
    local = moment.astimezone(_reader()[1]).date() if isinstance(moment, datetime) else moment
    locale = get_locale()
    return dates.format_date(local, f"EEE, {day_pattern(locale)}", locale=locale or "en")


def size(number: int) -> str:
    """So many bytes, as the reader's language writes them: `1.2 MB`, `1,2 MB`."""
    return _measured(number, get_locale())


# From how many bytes on a unit is used, and of how many it is (SI, as systems and browsers have it).
_UNITS = (("TB", 10**12, 10**12), ("GB", 10**9, 10**9), ("MB", 100_000, 10**6), ("kB", 1000, 1000))


@lru_cache(maxsize=5_000)
def _measured(number: int, locale: Locale | None) -> str:
    for unit, least, by in _UNITS:
        if number >= least:
            return f"{numbers.format_decimal(number / by, '#,##0.#', locale=locale or 'en')}\xa0{unit}"
    return format_unit(number, "digital-byte", "long", locale=locale or "en")


def _rounded(ago: timedelta) -> timedelta:
    """To the second, and beyond a minute to the minute: as exactly as anybody reads it."""
    step = 60 if abs(ago) >= timedelta(minutes=1) else 1
    return timedelta(seconds=round(ago.total_seconds() / step) * step or -1)


# A list tells fifty moments, the same ones to everybody: putting one into words takes long.


@lru_cache(maxsize=20_000)
def _shown(moment: datetime, ago: timedelta | None, locale: Locale | None, zone: tzinfo) -> Markup:
    minute = moment.replace(second=0, microsecond=0)
    words = _ago(ago, locale) if ago else _told(minute, f"{day_pattern(locale)} y", locale, zone)
    exact = _told(minute, _exact(locale), locale, zone)
    stamp, title = moment.isoformat(timespec="seconds"), escape(exact)
    told = f'<time datetime="{stamp}" title="{title}" data-relative>{escape(words)}</time>'
    return Markup(told)  # noqa: S704, all of it is escaped; `Markup.format` takes ten times as long


@lru_cache(maxsize=20_000)
def _told(minute: datetime, pattern: str, locale: Locale | None, zone: tzinfo) -> str:
    return dates.format_datetime(minute, pattern, tzinfo=zone, locale=locale or "en")


@lru_cache(maxsize=5_000)
def _ago(ago: timedelta, locale: Locale | None) -> str:
    return dates.format_timedelta(ago, add_direction=True, threshold=0.95, locale=locale or "en")


def _exact(locale: Locale | None) -> str:
    return f"EEE, {day_pattern(locale)} y, HH:mm"


def day_pattern(locale: Locale | None) -> str:
    """A day of this year, as the language writes it, for Babel: https://babel.pocoo.org/en/latest/dates.html."""
    return "d. MMM" if locale and locale.language in DOTTED else "d MMM"


def initials(name: str) -> str:
    """`Petra Lindqvist` -> `PL`; a single word gives its first letter."""
    words = [word for word in name.split() if word[0].isalnum()]
    if not words:
        return "?"
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()


def language() -> str:
    """The code of the language of this answer: `en`."""
    locale = get_locale()
    return str(locale.language) if locale else "en"
