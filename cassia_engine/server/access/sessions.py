"""Browsers in which a person has given a token. They end with the server, with the token, and after some hours."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

LASTS_S = 12 * 3600.0
MOST = 10_000  # the oldest ones end first


@dataclass(frozen=True, slots=True)
class _Session:
    token_id: str
    ends: float


class Sessions:
    """Sessions by the hash of what the browser's cookie has."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._sessions: OrderedDict[bytes, _Session] = OrderedDict()

    def begin(self, token_id: str) -> str:
        """A session of a token; what the cookie is to have."""
        session = secrets.token_urlsafe(32)
        now = self._clock()
        while self._sessions and (len(self._sessions) >= MOST or next(iter(self._sessions.values())).ends <= now):
            self._sessions.popitem(last=False)
        self._sessions[_hash(session)] = _Session(token_id, now + LASTS_S)
        return session

    def token_of(self, session: str) -> str | None:
        """Id of the token; None if there is no such session, or it has ended."""
        found = self._sessions.get(_hash(session))
        return found.token_id if found is not None and found.ends > self._clock() else None

    def end(self, session: str) -> None:
        self._sessions.pop(_hash(session), None)


def _hash(session: str) -> bytes:
    return hashlib.sha256(session.encode("utf-8", "surrogateescape")).digest()
