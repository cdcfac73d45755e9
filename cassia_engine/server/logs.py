"""The log of a server: a line of text or a JSON object for each record, without a key."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Literal

from cassia_engine.progress import PlainFormatter
from cassia_engine.redaction import redacted, without_key
from cassia_engine.secret import Secret

LogFormat = Literal["text", "json"]
# Gives the keys that a line about a job could have, or with None all that are held.
Secrets = Callable[[str | None], Iterable[Secret]]

# What a record may say besides its message.
FIELDS = ("job", "run", "owner", "method", "path", "status", "seconds")
# Libraries log what they can hand to no caller.
_LOGGERS = ("cassia_engine", "aiohttp", "asyncio")


class _Formatter(PlainFormatter):
    def __init__(self, secrets: Secrets):
        super().__init__()
        self._secrets = secrets

    def texts(self, record: logging.LogRecord) -> tuple[str, str]:
        """Message and traceback without keys."""
        said = record.getMessage(), self.formatException(record.exc_info) if record.exc_info else ""
        # Nothing in the line of a request is from outside, and there are many.
        if hasattr(record, "status"):
            return said
        job: str | None = getattr(record, "job", None)
        return self._without_keys(said[0], job), self._without_keys(said[1], job)

    def _without_keys(self, text: str, job: str | None) -> str:
        """Without any key as it is, and without those of the job in whatever form: to look for all forms of many keys
        would take seconds."""
        if not text:
            return ""
        for secret in set(self._secrets(None)):
            text = without_key(text, secret)
        for secret in set(self._secrets(job)):
            text = redacted(text, secret)
        return text


class TextFormatter(_Formatter):
    """A line as the command line writes it, with its job; a traceback stands below it."""

    def format(self, record: logging.LogRecord) -> str:
        message, trace = self.texts(record)
        level = "warning: " if record.levelno >= logging.WARNING else ""
        job = f"job {record.job}: " if hasattr(record, "job") else ""
        return f"cassia: {level}{job}{message}" + (f"\n{trace}" if trace else "")


class JsonFormatter(_Formatter):
    """A JSON object: time, level, message, those of `FIELDS` that are known, and the traceback of an error."""

    def format(self, record: logging.LogRecord) -> str:
        message, trace = self.texts(record)
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        found: dict[str, Any] = {"time": time, "level": record.levelname.lower(), "message": message}
        found |= {name: getattr(record, name) for name in FIELDS if hasattr(record, name)}
        return json.dumps(found | ({"traceback": trace} if trace else {}))


@contextmanager
def logged_as(form: LogFormat, secrets: Secrets) -> Iterator[None]:
    """Within it all handlers of cassia's log write this form, and get what libraries log too.

    Args:
        secrets: gives the keys.
    """
    formatter = JsonFormatter(secrets) if form == "json" else TextFormatter(secrets)
    handlers = list(logging.getLogger("cassia_engine").handlers)
    before = [handler.formatter for handler in handlers]
    for handler in handlers:
        handler.setFormatter(formatter)
    for name in _LOGGERS:
        for handler in handlers:
            logging.getLogger(name).addHandler(handler)  # one that is there is not added again
    try:
        yield
    finally:
        for handler, earlier in zip(handlers, before, strict=True):
            handler.setFormatter(earlier)
            for name in _LOGGERS[1:]:
                logging.getLogger(name).removeHandler(handler)


def keys_of_environment() -> list[Secret]:
    """The keys of providers that the environment has."""
    from cassia_engine.providers.keys import secrets_of
    from cassia_engine.providers.table import load

    return [secret for row in load() for secret in secrets_of(row, os.environ)]
