"""How long a provider wants to be left alone, in all the forms in which it says so."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cassia_engine.providers.dialects import ApiError

_DURATION = re.compile(r"(?:(\d{1,4})m)?(?:(\d{1,6}(?:\.\d{1,9})?)s)?(?:(\d{1,9})ms)?", re.ASCII)
LONGEST_WAIT = 300.0  # seconds; whatever a provider asks for


def retry_after(headers: Mapping[str, str], api_error: ApiError | None = None) -> float | None:
    """Seconds to wait, 0 to `LONGEST_WAIT`, in whatever form the provider says so; None if it does not."""
    for found in (
        _number(headers.get("retry-after-ms"), 0.001),
        _number(headers.get("retry-after"), 1.0),
        _duration(headers.get("retry-after")),
        _until(headers.get("retry-after"), headers.get("date")),
        api_error.retry_after if api_error else None,
    ):
        if found is not None and math.isfinite(found) and found >= 0:
            return min(found, LONGEST_WAIT)
    return None


def _number(text: str | None, unit: float) -> float | None:
    try:
        return float(text) * unit if text else None
    except ValueError:
        return None


def _duration(text: str | None) -> float | None:
    """Seconds of a duration with units, as gateways write it: 5s, 1m30s, 500ms."""
    match = _DURATION.fullmatch(text.strip()) if text else None
    if match is None or not any(match.groups()):
        return None
    minutes, seconds, milliseconds = (float(part or 0) for part in match.groups())
    return 60 * minutes + seconds + milliseconds / 1000


def _until(text: str | None, date: str | None) -> float | None:
    """Seconds until an HTTP date, by the provider's own clock if it tells the time; 0 if it is past."""
    then, now = _timestamp(text), _timestamp(date)
    return None if then is None else max(0.0, then - (time.time() if now is None else now))


def _timestamp(text: str | None) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp() if text else None
    except (ValueError, OverflowError, IndexError, TypeError):
        return None
