"""The object store: any that speaks S3. Nobody else sees its client.

A URL for browsers is signed by a second client for the very host they reach the
store by, because a signature names its host; that client never connects.
"""

import secrets
from datetime import timedelta
from typing import BinaryIO
from urllib.parse import quote, urlsplit

import urllib3
from flask import Flask, current_app
from minio import Minio
from minio.error import S3Error

from portal.config import Settings

PATIENCE = urllib3.Timeout(connect=2, read=10)
MINUTE = timedelta(minutes=1)


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

    def keep(self, key: str, file: BinaryIO, *, size: int, kind: str) -> None:
        """Put a file of the desk's own making where clean ones are. Raises StorageAway."""
        try:
            self._client.put_object(self.buckets[1], key, file, size, content_type=kind)
        except (S3Error, urllib3.exceptions.HTTPError, OSError) as error:
            raise StorageAway(str(error)) from error

    def forget(self, key: str) -> None:
        """Remove such a file; one that is gone is fine. Raises StorageAway."""
        try:
            self._client.remove_object(self.buckets[1], key)
        except (S3Error, urllib3.exceptions.HTTPError, OSError) as error:
            raise StorageAway(str(error)) from error

    def link(self, key: str, *, name: str) -> str:
        """An address that hands out a clean file for a minute, to be saved under that name (RFC 6266)."""
        plain = name.encode("ascii", "replace").decode().replace("?", "_").replace('"', "_")
        saved_as = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name)}"
        told: dict[str, str | list[str] | tuple[str]] = {
            "response-content-disposition": saved_as,
            "response-content-type": "application/octet-stream",
        }
        return self._signer.presigned_get_object(self.buckets[1], key, expires=MINUTE, response_headers=told)

    def check_as_a_browser(self) -> None:
        """Put an object and get it again by signed addresses, as browsers do. Raises StorageAway."""
        bucket, key, content = self.buckets[0], f"doctor/{secrets.token_hex(8)}", secrets.token_bytes(64)
        browser = urllib3.PoolManager(timeout=PATIENCE, retries=False)
        try:
            put = self._signer.presigned_put_object(bucket, key, expires=MINUTE)
            _expect_200(browser.request("PUT", put, body=content))
            answer = browser.request("GET", self._signer.presigned_get_object(bucket, key, expires=MINUTE))
            _expect_200(answer)
            self._client.remove_object(bucket, key)
        except (S3Error, urllib3.exceptions.HTTPError, OSError) as error:
            raise StorageAway(str(error)) from error
        if answer.data != content:
            raise StorageAway("It gave back something else than it was given.")


def _expect_200(answer: urllib3.BaseHTTPResponse) -> None:
    if answer.status != 200:
        raise StorageAway(f"It answered {answer.status}: {answer.data[:200].decode(errors='replace')}")


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
