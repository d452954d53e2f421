"""The object store: any that speaks S3. Nobody else sees its client.

A URL for browsers is signed by a second client for the very host they reach the
store by, because a signature names its host; that client never connects.
"""

import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import BinaryIO
from urllib.parse import quote, urlsplit

import urllib3
from flask import Flask, current_app
from minio import Minio
from minio.commonconfig import CopySource
from minio.datatypes import Part
from minio.error import MinioException, S3Error

from portal import clock
from portal.config import Settings
from portal.gateways.signing import sign

PATIENCE = urllib3.Timeout(connect=2, read=10)
MINUTE = timedelta(minutes=1)
TO_SEND = timedelta(minutes=10)
CHUNK = 256 * 1024  # bytes read at a time
AT_A_TIME = 1_000  # unfinished uploads that are asked for


class StorageAway(Exception):
    """The store does not answer."""


class NoSuchObject(Exception):
    """There is no object, or no unfinished upload, of that name."""


class Area(StrEnum):
    QUARANTINE = "quarantine"  # where browsers put files
    CLEAN = "clean"  # what is served; only the desk writes there


@dataclass(frozen=True)
class Sending:
    """What a browser has to do to send a file, or a part: valid until `until`, for that length alone."""

    url: str
    method: str
    headers: dict[str, str]
    until: datetime


@dataclass(frozen=True)
class SentPart:
    number: int
    etag: str
    size: int


@dataclass(frozen=True)
class Found:
    key: str
    size: int
    changed_at: datetime


@dataclass(frozen=True)
class Unfinished:
    """A file in parts that was begun and neither made one object nor forgotten."""

    key: str
    upload: str
    begun_at: datetime


@contextmanager
def _away() -> Iterator[None]:
    """What the store says, and that it says nothing, in our words."""
    try:
        yield
    except S3Error as error:
        if error.code in {"NoSuchKey", "NoSuchUpload", "NoSuchObject"}:
            raise NoSuchObject(str(error.code)) from error
        raise StorageAway(str(error)) from error
    except (urllib3.exceptions.HTTPError, MinioException, OSError) as error:
        raise StorageAway(str(error) or type(error).__name__) from error


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
        with _away():
            missing = [name for name in self.buckets if not self._client.bucket_exists(name)]
            for name in missing:
                self._client.make_bucket(name)
        return missing

    def check(self) -> None:
        """Raises StorageAway, unless the store answers and has both buckets."""
        with _away():
            missing = [name for name in self.buckets if not self._client.bucket_exists(name)]
        if missing:
            raise StorageAway(f"No bucket {', '.join(missing)}: run `flask storage prepare`.")

    # What browsers send, and nobody is served from.

    def place_for(self, key: str, *, size: int, kind: str) -> Sending:
        """Where a browser puts a file of exactly that length and type, for ten minutes. Asks nobody."""
        headers = {"Content-Type": kind}
        signed = headers | {"Content-Length": str(size)}  # browsers set the length by themselves
        return Sending(self._sign("PUT", key, headers=signed), "PUT", headers, clock.now() + TO_SEND)

    def place_for_part(self, key: str, upload: str, number: int, *, size: int) -> Sending:
        """The same for one part of a large file."""
        query = {"partNumber": str(number), "uploadId": upload}
        signed = {"Content-Length": str(size)}
        url = self._sign("PUT", key, headers=signed, query=query)
        return Sending(url, "PUT", {}, clock.now() + TO_SEND)

    def _sign(self, method: str, key: str, **more: Mapping[str, str]) -> str:
        bucket = self.buckets[0]
        return sign(method, bucket, key, settings=self.settings, now=clock.now(), life=TO_SEND, **more)

    def begin_parts(self, key: str, *, kind: str) -> str:
        """Begin a file that comes in parts; the store's id of it. Raises StorageAway."""
        with _away():
            return self._client._create_multipart_upload(self.buckets[0], key, {"Content-Type": kind})  # noqa: SLF001

    def parts(self, key: str, upload: str) -> list[SentPart]:
        """Those that have arrived, in order. Raises StorageAway, and NoSuchObject for what was ended.

        One that two tabs sent at the same moment is one, though some stores (SeaweedFS) list both.
        """
        found: dict[int, SentPart] = {}
        with _away():
            more, marker = True, "0"
            while more:
                answer = self._client._list_parts(  # noqa: SLF001
                    self.buckets[0], key, upload, part_number_marker=marker
                )
                found |= {
                    p.part_number: SentPart(p.part_number, p.etag, int(p.size or 0)) for p in answer.parts
                }
                more, marker = bool(answer.is_truncated), str(answer.next_part_number_marker or 0)
        return [found[number] for number in sorted(found)]

    def join_parts(self, key: str, upload: str, sent: list[SentPart]) -> None:
        """Make one object of them. Raises StorageAway, and NoSuchObject for what was ended."""
        parts = [Part(part.number, part.etag) for part in sent]
        with _away():
            self._client._complete_multipart_upload(self.buckets[0], key, upload, parts)  # noqa: SLF001

    def drop_parts(self, key: str, upload: str, area: Area = Area.QUARANTINE) -> None:
        """Forget what has arrived; what was ended is fine. Raises StorageAway."""
        with suppress(NoSuchObject), _away():
            self._client._abort_multipart_upload(self._bucket(area), key, upload)  # noqa: SLF001

    def unfinished(self, area: Area) -> Iterator[Unfinished]:
        """Uploads in parts that are open, also those by which the desk itself puts a large file.

        Raises StorageAway.
        """
        bucket, key, upload = self._bucket(area), None, None
        more = True
        while more:
            with _away():
                answer = self._client._list_multipart_uploads(  # noqa: SLF001
                    bucket, max_uploads=AT_A_TIME, key_marker=key, upload_id_marker=upload
                )
            for each in answer.uploads:
                if each.upload_id and each.initiated_time:
                    yield Unfinished(each.object_name, each.upload_id, each.initiated_time)
            more = answer.is_truncated and bool(answer.uploads)
            if more:  # not every store names a key to go on behind; the SDK loses the id that they name
                key, upload = answer.next_key_marker, answer.uploads[-1].upload_id

    # Objects of either area.

    def size_of(self, area: Area, key: str) -> int | None:
        """In bytes; None where there is no such object. Raises StorageAway."""
        try:
            with _away():
                return self._client.stat_object(self._bucket(area), key).size
        except NoSuchObject:
            return None

    def read(self, area: Area, key: str) -> Iterator[bytes]:
        """Its bytes as they stand there, some at a time: nothing is unpacked, whatever its sender said it is.

        Raises NoSuchObject, and StorageAway, also in the middle.
        """
        with _away():
            answer = self._client.get_object(self._bucket(area), key)
            try:
                yield from answer.stream(CHUNK, decode_content=False)
            finally:
                answer.close()
                answer.release_conn()

    def objects(self, area: Area, *, prefix: str = "") -> Iterator[Found]:
        """What there is below the prefix, in the order of the keys. Raises StorageAway."""
        with _away():
            for each in self._client.list_objects(self._bucket(area), prefix=prefix, recursive=True):
                yield Found(each.object_name, each.size or 0, each.last_modified)

    def send(self, key: str, file: BinaryIO, *, size: int, kind: str) -> None:
        """Put where browsers put theirs what came through the application. Raises StorageAway."""
        self._put(Area.QUARANTINE, key, file, size, kind)

    def keep(self, key: str, file: BinaryIO, *, size: int, kind: str) -> None:
        """Put a file where clean ones are: no browser can write there. Raises StorageAway."""
        self._put(Area.CLEAN, key, file, size, kind)

    def copy_to_quarantine(self, key: str, into: str) -> None:
        """Put a clean file where browsers put theirs, within the store. Raises NoSuchObject, StorageAway."""
        with _away():
            self._client.copy_object(self.buckets[0], into, CopySource(self.buckets[1], key))

    def _put(self, area: Area, key: str, file: BinaryIO, size: int, kind: str) -> None:
        with _away():
            self._client.put_object(
                self._bucket(area), key, file, size, content_type=kind, num_parallel_uploads=1
            )

    def forget(self, key: str, area: Area = Area.CLEAN) -> None:
        """Remove it; what is gone is fine. Raises StorageAway."""
        with suppress(NoSuchObject), _away():
            self._client.remove_object(self._bucket(area), key)

    def link(self, key: str, *, name: str) -> str:
        """An address that hands out a clean file for a minute, to be saved under that name (RFC 6266)."""
        plain = re.sub(r"[^ -~]|[\"?\\\\]", "_", name)
        saved_as = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
        return self._link(key, saved_as, "application/octet-stream")

    def link_to_picture(self, key: str) -> str:
        """An address that shows for a minute a picture that was drawn here."""
        return self._link(key, "inline", "image/webp")

    def _link(self, key: str, disposition: str, kind: str) -> str:
        told: dict[str, str | list[str] | tuple[str]] = {
            "response-content-disposition": disposition,
            "response-content-type": kind,
        }
        return self._signer.presigned_get_object(self.buckets[1], key, expires=MINUTE, response_headers=told)

    def _bucket(self, area: Area) -> str:
        return self.buckets[0] if area is Area.QUARANTINE else self.buckets[1]

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

    def lets_put(self, origin: str) -> bool:
        """Whether pages of that origin may put files, as browsers ask before (CORS). Raises StorageAway."""
        kind, key = "application/octet-stream", f"doctor/{secrets.token_hex(8)}"
        asked = {
            "Origin": origin,
            "Access-Control-Request-Method": "PUT",
            "Access-Control-Request-Headers": "content-type",
        }
        browser = urllib3.PoolManager(timeout=PATIENCE, retries=False)
        with _away():
            answer = browser.request("OPTIONS", self.place_for(key, size=1, kind=kind).url, headers=asked)
        allowed = {"Origin": origin, "Methods": "PUT", "Headers": "content-type"}
        return answer.status < 300 and all(
            _has(answer.headers.get(f"Access-Control-Allow-{what}", ""), wanted)
            for what, wanted in allowed.items()
        )


def _has(header: str, wanted: str) -> bool:
    return bool({wanted.lower(), "*"} & {each.strip().lower() for each in header.split(",")})


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
