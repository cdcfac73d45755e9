"""Words and signs for whether a gene is expressed: in a list, beside a gene, and as values of a column."""

from __future__ import annotations

import re

_UP = """
    up upregulated up-regulated up_regulated upreg increased increase higher high hi bright enriched positive pos
    present expressed detected overexpressed over induced gain gained int intermediate mid medium moderate
    + ++ +++ ↑ ⬆ ▲
"""
_DOWN = """
    down downregulated down-regulated down_regulated downreg decreased decrease lower low lo dim depleted negative neg
    absent undetected undetectable underexpressed under reduced repressed suppressed loss lost unexpressed excluded dn
    - -- --- − – ↓ ⬇ ▼
"""
UP, DOWN = frozenset(_UP.split()), frozenset(_DOWN.split())
# "up genes", "positive markers", "down-regulated"
_KIND = re.compile(r"[\s_.\-]*(?:regulated|expressed|expression|genes?|markers?|features?|list|degs?)$")
_LONGEST = 200  # characters; a longer text is no word for a direction, and takes patterns long
_NOT = re.compile(r"not[\s_-]+|non-")


def is_direction_word(text: str) -> bool:
    """Whether a word says up or down, expressed or not."""
    return _plain(text) in UP or is_absent_word(text)


def is_absent_word(text: str) -> bool:
    """Whether a word says down or not expressed."""
    word = text.strip().lower()
    if found := _NOT.match(word):
        return word[found.end() :] in UP or _plain(word[found.end() :]) in UP
    return _plain(word) in DOWN


def _plain(text: str) -> str:
    """A word for a direction as the sets have it: without "genes", "markers" and "regulated" behind it."""
    word = text.strip().lower()
    if len(word) > _LONGEST:
        return word
    while word not in UP and (shorter := _KIND.sub("", word)) and len(shorter) < len(word):
        word = shorter
    return word
