"""Names for messages."""

from __future__ import annotations

from collections.abc import Sequence

from cassia_engine.errors import shown

_MOST = 10


def listed(names: Sequence[str]) -> str:
    """Names, the first of them where they are many."""
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return ", ".join(map(shown, names[:_MOST])) + more
