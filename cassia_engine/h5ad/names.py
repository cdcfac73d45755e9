"""Names for messages."""

from __future__ import annotations

from collections.abc import Sequence

from cassia_engine.errors import shown

_MOST = 10


def listed(names: Sequence[str]) -> str:
    """Names, the first of them where they are many."""
    return few([*map(shown, names)])


def few(texts: Sequence[str]) -> str:
    """Texts as they are, the first of them where they are many."""
    more = f" and {len(texts) - _MOST} more" if len(texts) > _MOST else ""
    return ", ".join(texts[:_MOST]) + more
