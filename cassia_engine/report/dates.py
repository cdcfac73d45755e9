"""When the answers came: of the records where a model was asked, else the day of the report."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from cassia_engine.errors import shown
from cassia_engine.records import ClusterResult
from cassia_engine.report.calls import Entry
from cassia_engine.report.wording import duration

log = logging.getLogger(__name__)


def facts(results: Sequence[ClusterResult]) -> Iterator[tuple[str, str]]:
    """The date, and with a model the time from the first call to the last answer; a resumed run has its own."""
    spans = [span for result in results for call in result.call_facts if (span := _span(call))]
    if not spans:
        yield "Date", day(today())
        return
    first, last = min(began for began, _ in spans), max(ended for _, ended in spans)
    yield "Answered", _period(first, last)
    yield "Time", f"{duration((last - first).total_seconds())} from the first call to the last answer"


def today() -> datetime:
    """Now, or the time that SOURCE_DATE_EPOCH gives to those who want the same bytes again."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    try:
        return datetime.fromtimestamp(int(epoch), UTC) if epoch else datetime.now(UTC)
    except (ValueError, OverflowError, OSError):
        log.warning("SOURCE_DATE_EPOCH=%s is no time in seconds; the report has the date of today", shown(epoch))
        return datetime.now(UTC)


def _span(call: Entry) -> tuple[datetime, datetime] | None:
    """When a call was sent and its answer was there; None where the record does not say."""
    at: Any = call.get("at")
    seconds: Any = call.get("seconds")
    try:
        ended = datetime.fromisoformat(at).astimezone(UTC)
        return ended - timedelta(seconds=float(seconds)), ended
    except (TypeError, ValueError, OverflowError):
        return None


def _period(first: datetime, last: datetime) -> str:
    """ "21 November 2026, 09:49 to 09:52 UTC"."""
    if first.date() != last.date():
        return f"{day(first)}, {first:%H:%M} to {day(last)}, {last:%H:%M} UTC"
    until = f" to {last:%H:%M}" if f"{first:%H:%M}" != f"{last:%H:%M}" else ""
    return f"{day(first)}, {first:%H:%M}{until} UTC"


def day(time: datetime) -> str:
    """ "21 November 2026"."""
    return f"{time.day} {time:%B} {time.year}"
