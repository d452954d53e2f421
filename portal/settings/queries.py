"""What an admin has set, with what holds until then."""

import base64
from dataclasses import dataclass, fields
from functools import cached_property
from hashlib import sha256
from typing import Any

from sqlalchemy import select

from portal.extensions import db
from portal.settings.models import Setting

# What `attachments.kinds` knows, and is asked for often.
UPLOAD_TYPES = (
    "png", "jpg", "jpeg", "gif", "webp", "bmp", "tif", "tiff", "heic", "pdf", "txt", "log", "md", "csv",
    "tsv", "json", "ndjson", "yaml", "yml", "xml", "ini", "conf", "ics", "vcf", "eml", "msg", "rtf", "doc",
    "xls", "ppt", "docx", "xlsx", "pptx", "odt", "ods", "odp", "zip", "7z", "gz", "tgz", "tar", "mp3", "m4a",
    "wav", "mp4", "mov", "webm",
)  # fmt: skip


@dataclass(frozen=True)
class SiteSettings:
    """The desk's own settings. Each field is a row of `settings` once an admin has changed it."""

    name: str = "Service desk"
    logo: str = ""  # a data: address of a small PNG or SVG-free picture, made by the admin's form
    languages: tuple[str, ...] = ("en", "de")
    default_language: str = "en"
    default_timezone: str = "Europe/Berlin"
    registration_open: bool = True
    password_login: bool = True  # else only single sign-on lets in, and emergency access
    registration_domains: tuple[str, ...] = ()  # empty: any
    two_step_roles: tuple[str, ...] = ()  # whose people must have two-step login
    tickets_per_hour: int = 60  # of one person
    comments_per_hour: int = 600  # replies and notes of one person
    description_limit: int = 50_000  # characters
    upload_types: tuple[str, ...] = UPLOAD_TYPES  # extensions of files that are taken
    upload_ticket_mb: int = 1_000  # of all files of a ticket
    upload_day_mb: int = 2_000  # that a person sends within a day
    keeps_infected: bool = False  # in the quarantine, else it is removed at once
    release_needs_two: bool = False  # admins, for a file that could not be scanned
    reopen_days: int = 14  # after closing, in which a reply reopens; later, or with 0, it begins a new ticket
    rescan_days: int = 30  # how old files are that are looked at again with new signatures; 0: none
    audit_days: int = 0  # how long the audit log is kept; 0: for ever

    def spoken(self, locale: str | None) -> str:
        """The language for somebody who has chosen that one, or none: the desk's, where it is not offered."""
        return locale if locale in self.languages else self.default_language

    @cached_property
    def logo_digest(self) -> str:
        """What tells one logo from another: 32 hexadecimal digits, or none without a logo."""
        return sha256(self.logo.encode()).hexdigest()[:32] if self.logo else ""

    @property
    def logo_url(self) -> str | None:
        """Where browsers fetch it; another logo has another address."""
        return f"/logo/{self.logo_digest}" if self.logo else None

    def logo_png(self) -> bytes:
        return base64.b64decode(self.logo.partition(",")[2])


NAMES = tuple(field.name for field in fields(SiteSettings))


def site_settings() -> SiteSettings:
    """The settings as they are now: one statement over a table of a few rows."""
    rows = db.session.execute(select(Setting.name, Setting.value).where(Setting.name.in_(NAMES)))
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in rows
    }
    return SiteSettings(**values)
