"""The object store: any that speaks S3. Nobody else sees its client.

A URL for browsers is signed by a second client for the very host they reach the
store by, because a signature names its host; that client never connects.
"""

from urllib.parse import urlsplit

import urllib3
from flask import Flask, current_app
from minio import Minio
from minio.error import S3Error

from portal.config import Settings

PATIENCE = urllib3.Timeout(connect=2, read=10)


class StorageAway(Exception):
    """The store does not answer."""


class Storage:
    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        http = urllib3.PoolManager(timeout=PATIENCE, retries=False, maxsize=8)
        self._client = _client(settings.s3_endpoint, settings, http)
        self._signer = _client(settings.s3_public_base_url, settings, None)

    @property
    def buckets(self) -> tuple[str, str]:
        return self.settings.s3_bucket_quarantine, self.settings.s3_bucket_clean

    def prepare(self) -> list[str]:
        """Make the buckets that are missing, and say which. Raises StorageAway."""
        try:
            missing = [name for name in self.buckets if not self._client.bucket_exists(name)]
            for name in missing:
                self._client.make_bucket(name)
        except (S3Error, urllib3.exceptions.HTTPError, OSError) as error:
            raise StorageAway(str(error)) from error
        return missing

    def check(self) -> None:
        """Raises StorageAway, unless the store answers and has both buckets."""
        try:
            missing = [name for name in self.buckets if not self._client.bucket_exists(name)]
        except (S3Error, urllib3.exceptions.HTTPError, OSError) as error:
            raise StorageAway(str(error)) from error
        if missing:
            raise StorageAway(f"No bucket {', '.join(missing)}: run `flask storage prepare`.")


def _client(url: str, settings: Settings, http: urllib3.PoolManager | None) -> Minio:
    parts = urlsplit(url)
    return Minio(
        parts.netloc,
        access_key=settings.s3_access_key,
        secret_key=settings.s3_secret_key,
        secure=parts.scheme == "https",
        region=settings.s3_region,  # with it, signing asks nobody
        http_client=http,
    )


def init_app(app: Flask) -> None:
    app.extensions["storage"] = Storage(app.config["DESK"])


def storage() -> Storage:
    return current_app.extensions["storage"]
