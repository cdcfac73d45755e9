"""The signature of AWS, version 4, of a POST without a query: what Amazon Bedrock wants in place of a key."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime
from urllib.parse import quote, urlsplit

from cassia_engine.secret import AwsKeys

_ALGORITHM = "AWS4-HMAC-SHA256"
_PORTS = {"http": 80, "https": 443}


def signed_headers(keys: AwsKeys, url: str, payload: bytes, service: str, now: datetime) -> dict[str, str]:
    """The headers that sign a request with a body of JSON; with them go Host and Content-Type as they are signed.

    Args:
        keys: with their region.
        url: as it is sent, its path percent-encoded.
        now: in UTC; the signature holds for minutes.
    """
    at = now.strftime("%Y%m%dT%H%M%SZ")
    scope = f"{at[:8]}/{keys.region}/{service}/aws4_request"
    headers = {"content-type": "application/json", "host": _host(url), "x-amz-date": at}
    if keys.session_token:
        headers["x-amz-security-token"] = keys.session_token
    names = ";".join(headers)
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    # All services but S3 encode the path once more.
    path = quote(urlsplit(url).path or "/", safe="/~")
    request = f"POST\n{path}\n\n{lines}\n{names}\n{hashlib.sha256(payload).hexdigest()}"
    to_sign = f"{_ALGORITHM}\n{at}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    signature = _keyed(_signing_key(keys, at[:8], service), to_sign).hex()
    credential = f"Credential={keys.access_key_id}/{scope}"
    sent = {name.title(): value for name, value in headers.items() if name.startswith("x-amz-")}
    return {**sent, "Authorization": f"{_ALGORITHM} {credential}, SignedHeaders={names}, Signature={signature}"}


def _signing_key(keys: AwsKeys, day: str, service: str) -> bytes:
    made = f"AWS4{keys.reveal()}".encode()
    for part in (day, keys.region, service, "aws4_request"):
        made = _keyed(made, part)
    return made


def _keyed(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def _host(url: str) -> str:
    """Host and port as an HTTP client sends them: the port only where it is not the usual one."""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{host}:{parts.port}" if parts.port not in (None, _PORTS.get(parts.scheme)) else f"{host}"
