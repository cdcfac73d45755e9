"""Durations as a person writes them: 90s, 30m, 2h, 1h30m."""

from __future__ import annotations

import re

from cassia_engine.callers import option
from cassia_engine.errors import UsageError

_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", re.ASCII)
_SECONDS = (86_400, 3600, 60, 1)


def seconds_of(text: str) -> int:
    """Seconds of a duration that `check_duration` takes."""
    match = _DURATION.fullmatch(text)
    parts = match.groups() if match else ()
    return sum(int(part or 0) * unit for part, unit in zip(parts, _SECONDS, strict=False))


def check_duration(name: str, value: object) -> None:
    """Refuse what is no duration of a second or more.

    Raises:
        UsageError: it is none.
    """
    if not isinstance(value, str) or not seconds_of(value):
        raise UsageError(
            f"{option(name, value)}: expected a duration such as 90s, 30m, 2h or 1h30m", code="duration-malformed"
        )
