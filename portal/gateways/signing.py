"""Addresses that let a browser do one thing with one object of the store, and nothing else.

AWS Signature Version 4 in the query string ("Authenticating Requests: Using Query
Parameters"), also of headers: the SDK signs the host alone, and a length and a type
that are not signed could be any.
"""

import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from urllib.parse import quote, urlsplit

from portal.config import Settings

ALGORITHM = "AWS4-HMAC-SHA256"


def sign(
    method: str,
    bucket: str,
    key: str,
    *,
    settings: Settings,
    now: datetime,
    life: timedelta,
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
) -> str:
    """The address, good for `life` from `now` on. The store answers 403 where a signed header is another."""
    host = urlsplit(settings.s3_public_base_url).netloc
    path = f"/{bucket}/{quote(key, safe='/~')}"
    signed = {name.lower(): value.strip() for name, value in {"host": host, **(headers or {})}.items()}
    names = ";".join(sorted(signed))
    moment, day = now.strftime("%Y%m%dT%H%M%SZ"), now.strftime("%Y%m%d")
    scope = f"{day}/{settings.s3_region}/s3/aws4_request"
    asked = {
        **(query or {}),
        "X-Amz-Algorithm": ALGORITHM,
        "X-Amz-Credential": f"{settings.s3_access_key}/{scope}",
        "X-Amz-Date": moment,
        "X-Amz-Expires": str(int(life.total_seconds())),
        "X-Amz-SignedHeaders": names,
    }
    said = "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in sorted(asked.items()))
    told = "".join(f"{name}:{signed[name]}\n" for name in sorted(signed))
    request = f"{method}\n{path}\n{said}\n{told}\n{names}\nUNSIGNED-PAYLOAD"
    text = f"{ALGORITHM}\n{moment}\n{scope}\n{sha256(request.encode()).hexdigest()}"
    signature = hmac.new(_key_of(day, settings), text.encode(), sha256).hexdigest()
    return f"{settings.s3_public_base_url}{path}?{said}&X-Amz-Signature={signature}"


def _key_of(day: str, settings: Settings) -> bytes:
    key = f"AWS4{settings.s3_secret_key}".encode()
    for part in (day, settings.s3_region, "s3", "aws4_request"):
        key = hmac.new(key, part.encode(), sha256).digest()
    return key


def _quoted(text: str) -> str:
    return quote(text, safe="~")
