"""How far an upload is, and lines that say so."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from cassia_engine.cytetype.protocol import Kind

log = logging.getLogger(__name__)

_SECONDS_BETWEEN_LINES = 10.0


@dataclass(frozen=True, slots=True)
class UploadProgress:
    """How far a file is, in bytes."""

    kind: Kind
    sent: int
    total: int


OnUpload = Callable[[UploadProgress], None]


def progress_lines(now: Callable[[], float] = time.monotonic) -> OnUpload:
    """Logs how far uploads are, at most every 10 seconds.

    Args:
        now: a clock, in seconds.
    """
    said = now()

    def tell(progress: UploadProgress) -> None:
        nonlocal said
        if now() - said >= _SECONDS_BETWEEN_LINES:
            said = now()
            log.info("%d of %d MB of %s are uploaded", progress.sent // 10**6, progress.total // 10**6, progress.kind)

    return tell
