"""What a person sees of a run under way."""

from __future__ import annotations

import logging
import threading

import pytest

from cassia_engine import progress as shown
from cassia_engine.progress import Activity, progress


def test_activity_in_words() -> None:
    assert Activity().words == "0 calls in flight"
    whole = Activity(in_flight=1, paused=12.4, tokens=1_234_567, cost_usd=3.104)
    assert whole.words == "1 call in flight, the rate limit is waited for, 12 s, 1,234,567 tokens, $3.10"
    held = Activity(held=True)
    assert held.words == "0 calls in flight, the next call waits for rpm or tpm"
    assert Activity(cost_usd=0.0, cap_usd=5).words == "0 calls in flight, $0.00 (cap $5.00)"


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.4, "0 s"), (59, "59 s"), (60, "1 min"), (3599, "60 min"), (12_600, "3.5 h")]
)
def test_time_in_words(seconds: float, words: str) -> None:
    assert shown.in_words(seconds) == words


def test_lines_say_how_far_it_is_and_what_goes_on(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(shown, "SECONDS_BETWEEN_LINES", 0.01)
    now, told = Activity(in_flight=2), threading.Event()
    said: list[str] = []

    class Seen(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(record.getMessage())
            told.set()

    def wait_for(start: str) -> None:
        while not any(line.startswith(start) for line in said):
            assert told.wait(20), said
            told.clear()

    handler = Seen()
    shown.log.addHandler(handler)
    try:
        with progress(3, activity=lambda: now) as advance:
            wait_for("0 of 3 clusters done; 2 calls in flight")
            now = Activity(in_flight=1, tokens=900)
            advance(None)
            advance(None)
            wait_for("2 of 3 clusters done; 1 call in flight, 900 tokens; about ")
    finally:
        shown.log.removeHandler(handler)
    assert said[0] == "0 of 3 clusters done; 2 calls in flight"
    assert len(set(said)) == len(said)


def test_nothing_is_said_where_nothing_changes() -> None:
    lines = shown._Lines(2, lambda: None)
    assert lines.next() == ""
    lines.advance(None)
    assert lines.next().startswith("1 of 2 clusters done; about ")
    assert lines.next() == ""
    lines.advance(None)
    assert lines.next() == ""  # its end is told by others
