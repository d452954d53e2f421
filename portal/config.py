"""Every setting, typed and read once. A bad one stops the start with a sentence.

A secret may come from a file: NAME_FILE names it, as container platforms mount them.
"""

import os
from enum import StrEnum
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

SAMPLE_SECRETS = {"", "change-me", "changeme", "secret", "dev"}
SECRETS = (
    "SECRET_KEY",
    "DATABASE_URL",
    "MAINTENANCE_DATABASE_URL",
    "REDIS_URL",
    "S3_SECRET_KEY",
    "SMTP_PASSWORD",
)


class Environment(StrEnum):
    DEVELOPMENT = "development"
    PRODUCTION = "production"
    TEST = "test"


class SmtpSecurity(StrEnum):
    NONE = "none"
    STARTTLS = "starttls"
    TLS = "tls"


class ConfigError(Exception):
    """A setting is missing or wrong; the message names each one and what to do."""


class Settings(BaseSettings):
    """What the environment says. Field names are the variables' names in small letters."""

    model_config = SettingsConfigDict(env_file=None, extra="ignore", str_strip_whitespace=True)

    environment: Environment = Environment.PRODUCTION
    secret_key: str
    secret_key_fallbacks: str = ""  # older keys, by comma: cookies signed with them stay valid
    public_url: str = "http://127.0.0.1:8000"  # links in mails start with it
    trusted_hosts: str = ""  # by comma; without it the host of PUBLIC_URL and loopback
    trusted_proxy_count: int = Field(default=0, ge=0, le=5)
    demo_mode: bool = False
    log_format: str = Field(default="json", pattern="^(console|json)$")
    log_level: str = Field(default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")

    database_url: str
    maintenance_database_url: str = (
        ""  # the owner's, for migrations and a few jobs; the web server needs none
    )
    database_pool_size: int = Field(default=10, ge=1, le=200)
    redis_url: str

    s3_endpoint: str = "http://127.0.0.1:9000"
    s3_public_base_url: str = ""  # what browsers reach the store by; without it S3_ENDPOINT
    s3_access_key: str = ""
    s3_secret_key: str = ""
    s3_region: str = "us-east-1"
    s3_bucket_quarantine: str = "quarantine"
    s3_bucket_clean: str = Field(default="clean", validate_default=True)

    clamav_host: str = ""
    clamav_port: int = Field(default=3310, ge=1, le=65535)
    clamav_socket: str = ""  # instead of host and port, where clamd runs on this machine
    upload_max_mb: int = Field(default=100, ge=1, le=2000)  # of a file; ClamAV reads no larger ones

    smtp_host: str = ""
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_username: str = ""
    smtp_password: str = ""
    smtp_security: SmtpSecurity = SmtpSecurity.STARTTLS
    smtp_from: str = "Service desk <servicedesk@localhost>"

    live_streams_per_process: int = Field(default=80, ge=0, le=1000)
    live_streams_per_person: int = Field(default=10, ge=1, le=1000)  # in each process

    @field_validator("demo_mode")
    @classmethod
    def _is_no_production(cls, is_demo: bool, others: ValidationInfo) -> bool:
        if is_demo and others.data.get("environment") is Environment.PRODUCTION:
            raise ValueError(
                "must be off in production: the log-in page then names people whose password everybody"
                " knows. To look at the demo, set ENVIRONMENT=development"
            )
        return is_demo

    @field_validator("secret_key")
    @classmethod
    def _is_secret(cls, key: str) -> str:
        if key.lower() in SAMPLE_SECRETS or len(key) < 16:
            raise ValueError(
                "must be at least 16 random characters, not a sample; make one with"
                " `python3 -c 'import secrets; print(secrets.token_urlsafe(48))'`"
            )
        return key

    @field_validator("database_url", "maintenance_database_url")
    @classmethod
    def _speaks_psycopg(cls, url: str, field: ValidationInfo) -> str:
        if not url and field.field_name == "maintenance_database_url":
            return url
        scheme, separator, rest = url.partition("://")
        if scheme not in {"postgres", "postgresql", "postgresql+psycopg"} or not separator:
            raise ValueError("must be a PostgreSQL address: postgresql://user:password@host:5432/name")
        return f"postgresql+psycopg://{rest}"

    @field_validator("redis_url")
    @classmethod
    def _is_redis(cls, url: str) -> str:
        if not url.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("must be a Redis address: redis://:password@host:6379/0")
        return url

    @field_validator("s3_bucket_clean")
    @classmethod
    def _is_another(cls, bucket: str, others: ValidationInfo) -> str:
        if bucket == others.data.get("s3_bucket_quarantine"):
            raise ValueError(
                "must be another than S3_BUCKET_QUARANTINE: what is served would be tidied away there"
            )
        return bucket

    @field_validator("public_url", "s3_endpoint", "s3_public_base_url")
    @classmethod
    def _is_origin(cls, url: str) -> str:
        parts = urlsplit(url)
        if url and (parts.scheme not in {"http", "https"} or not parts.hostname):
            raise ValueError("must be an address with its scheme, such as https://desk.example.org")
        if parts.path.strip("/") or parts.query or parts.fragment:
            raise ValueError("must not have a path: a signature holds for one host alone")
        return url.rstrip("/")

    @model_validator(mode="after")
    def _defaults(self) -> Self:
        self.s3_public_base_url = self.s3_public_base_url or self.s3_endpoint
        return self

    @property
    def has_two_roles(self) -> bool:
        """Whether somebody else than the application owns the database's tables."""
        return self.maintenance_database_url not in {"", self.database_url}

    @property
    def takes_test_signatures(self) -> bool:
        """Whether a scanner that knows the test virus alone counts: in a demo and in tests."""
        return self.demo_mode or self.environment is Environment.TEST

    @property
    def upload_limit(self) -> int:
        """Bytes of a file."""
        return self.upload_max_mb * 1024 * 1024

    @property
    def is_https(self) -> bool:
        return self.public_url.startswith("https://")

    @property
    def hosts(self) -> list[str]:
        """The Host headers that are answered, any other is a 400; loopback too, where health checks ask."""
        own = _by_comma(self.trusted_hosts) or [urlsplit(self.public_url).hostname or "localhost"]
        return sorted({*own, "127.0.0.1", "localhost", "[::1]"})

    def for_flask(self) -> dict[str, object]:
        """What Flask and its extensions want to know, under the names they know it by."""
        return {
            "SECRET_KEY": self.secret_key,
            "SECRET_KEY_FALLBACKS": _by_comma(self.secret_key_fallbacks) or None,
            "TRUSTED_HOSTS": self.hosts,
            "MAX_CONTENT_LENGTH": 2 * 1024 * 1024,
            "MAX_FORM_MEMORY_SIZE": 1024 * 1024,
            "MAX_FORM_PARTS": 1000,
            "SESSION_COOKIE_NAME": "__Host-desk" if self.is_https else "desk",
            "SESSION_COOKIE_SECURE": self.is_https,
            "SESSION_COOKIE_HTTPONLY": True,
            "SESSION_COOKIE_SAMESITE": "Lax",
            "PERMANENT_SESSION_LIFETIME": 14 * 24 * 3600,
            "SESSION_REFRESH_EACH_REQUEST": False,
            "WTF_CSRF_TIME_LIMIT": None,
            "WTF_CSRF_SSL_STRICT": True,
            "SQLALCHEMY_DATABASE_URI": self.database_url,
            "SQLALCHEMY_ENGINE_OPTIONS": {
                "hide_parameters": True,  # an error's words go to the log, what people wrote does not
                "pool_size": self.database_pool_size,
                "max_overflow": self.database_pool_size,
                "pool_timeout": 5,
                "pool_use_lifo": True,  # few connections that keep their plans, and let the others rest
                "connect_args": {
                    "connect_timeout": 3,
                    "application_name": "servicedesk",
                    "options": "-c statement_timeout=8000 -c lock_timeout=4000"
                    " -c idle_in_transaction_session_timeout=30000 -c timezone=UTC -c jit=off"
                    " -c work_mem=16MB",  # a search of a common word marks its tickets one by one
                },
            },
            "BABEL_DEFAULT_LOCALE": "en",
            "BABEL_DEFAULT_TIMEZONE": "UTC",
            "RATELIMIT_STORAGE_URI": self.redis_url,
            "RATELIMIT_STORAGE_OPTIONS": {
                "socket_timeout": 0.5,
                "socket_connect_timeout": 0.5,
                "retry_on_timeout": False,
            },
            "RATELIMIT_IN_MEMORY_FALLBACK_ENABLED": True,
            "RATELIMIT_HEADERS_ENABLED": False,
            "DESK": self,
        }


def read_settings(**given: Any) -> Settings:
    """The settings of this process. Raises ConfigError with a line for each that is wrong."""
    values: dict[str, Any] = _from_files() | given
    try:
        return Settings(**values)
    except ValidationError as error:
        raise ConfigError("\n".join(_explain(mistake) for mistake in error.errors())) from error


def _from_files() -> dict[str, str]:
    """The secrets that stand in files, unless the variable itself is set."""
    return {
        name.lower(): Path(path).read_text().strip()
        for name in SECRETS
        if (path := os.environ.get(f"{name}_FILE")) and not os.environ.get(name)
    }


def _explain(mistake: ErrorDetails) -> str:
    name = "_".join(str(part) for part in mistake["loc"]).upper() or "The settings"
    if mistake["type"] == "missing":
        return f"{name} is not set. See .env.example."
    return f"{name} {mistake['msg'].removeprefix('Value error, ')}."


def _by_comma(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
