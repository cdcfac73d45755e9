"""Removes an API key from text that came from outside, in whatever form it was sent back.

A provider may echo a key in another letter case, with invisible characters between its letters, in JSON escapes, or
encoded. Text is searched in a normalized view, in time linear in its length; the text itself changes only where the
key is.
"""

from __future__ import annotations

import base64
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote

from cassia_engine.secret import Secret

MASK = "***"
SHORTEST = 8  # characters: a shorter key is a placeholder for a server that needs none, and may be a word of the text
_RANDOM = 16  # characters from which a key with letters and digits is taken for random, so that its pieces count too

# Characters as JSON, HTML and URLs may write them. An escape such as \n is no letter; a lone backslash stands for
# nothing, as JSON within a string of JSON has more of them.
_ESCAPE = re.compile(
    r"\\+u(?P<json>[0-9a-fA-F]{4})|&#x0*(?P<hex>[0-9a-fA-F]{1,6});|&#0*(?P<decimal>[0-9]{1,7});"
    r"|%(?P<percent>[0-9a-fA-F]{2})|\\+(?P<control>[nrtbf])?"
)
_UNSEEN = re.compile(r"[\x00-\x20\x7f]+")


@dataclass(frozen=True, slots=True)
class _Needles:
    """What is searched for: normalized forms of the key, and a pattern of their beginnings."""

    pattern: re.Pattern[str]
    forms: dict[str, tuple[str, int]]  # beginning or piece: the form it is of, and where in it

    def spans(self, view: str) -> Iterator[tuple[int, int]]:
        """Where a form or a piece of it is in the view, as far as it goes on."""
        for match in self.pattern.finditer(view):
            form, at = self.forms[match[0]]
            end, at = match.end(), at + len(match[0])
            while end < len(view) and at < len(form) and view[end] == form[at]:
                end, at = end + 1, at + 1
            yield match.start(), end


@lru_cache(maxsize=8)
def _needles(value: str) -> _Needles:
    folded = _folded(value)
    forms = {form: (form, 0) for form in map(_folded, _encoded(value)) if len(form) >= SHORTEST}
    forms[folded] = (folded, 0)
    if len(value) >= _RANDOM and re.search(r"\d", value) and re.search("[A-Za-z]", value):
        for at in range(len(folded) - SHORTEST + 1):
            forms.setdefault(folded[at : at + SHORTEST], (folded, at))
    return _Needles(re.compile("|".join(map(re.escape, sorted(forms, key=len, reverse=True)))), forms)


def _encoded(value: str) -> Iterator[str]:
    raw = value.encode()
    yield raw.hex()
    yield value[::-1]
    yield quote(value, safe="")
    yield base64.b32encode(raw).decode().rstrip("=")[:-1]
    for shift, first in enumerate((0, 2, 3)):
        # The first and the last character depend on what stands before and behind.
        yield base64.b64encode(bytes(shift) + raw).decode().rstrip("=")[first:-1]


def redacted(text: str, key: Secret | None) -> str:
    """The text with *** in place of the key, of its encoded forms, and of pieces of 8 characters and more.

    A key of fewer than 8 characters stays.
    """
    value = key.reveal() if key else ""
    if len(value) < SHORTEST:
        return text
    needles = _needles(value)
    for keep_controls in (False, True):
        if needles.pattern.search(_view(text, keep_controls)):
            text = _masked(text, needles, keep_controls)
    return text


def _view(text: str, keep_controls: bool) -> str:
    """The normalized text; of an escape such as \\n its letter is kept, or nothing."""
    if "\\" in text or "&#" in text or "%" in text:
        text = _ESCAPE.sub(lambda match: _letter(match, keep_controls), text)
    return _folded(text)


def _letter(escape: re.Match[str], keep_controls: bool) -> str:
    """The character that an escape stands for."""
    match escape.lastgroup:
        case "json" | "hex" | "percent" as group:
            code = int(escape[group], 16)
        case "decimal":
            code = int(escape["decimal"])
        case "control" if keep_controls:
            code = ord(escape["control"])
        case _:
            return ""
    return chr(code) if code <= 0x10FFFF else ""


def _folded(text: str) -> str:
    """Without regard to case, accents, compatibility forms and what cannot be seen; a key has ASCII only."""
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return _UNSEEN.sub("", text).lower()


def _masked(text: str, needles: _Needles, keep_controls: bool) -> str:
    letters: list[str] = []
    spans: list[tuple[int, int]] = []  # of each letter of the view in the text
    for start, end, letter in _units(text, keep_controls):
        for one in _folded(letter):
            letters.append(one)
            spans.append((start, end))
    pieces: list[str] = []
    done = 0
    for first, last in needles.spans("".join(letters)):
        start, end = spans[first][0], spans[last - 1][1]
        if start > done or not pieces:
            pieces += [text[done:start], MASK]
        done = max(done, end)
    return "".join([*pieces, text[done:]])


def _units(text: str, keep_controls: bool) -> Iterator[tuple[int, int, str]]:
    """Start and end of each character or escape, and what it stands for."""
    done = 0
    for escape in _ESCAPE.finditer(text):
        yield from ((at, at + 1, text[at]) for at in range(done, escape.start()))
        done = escape.end()
        yield escape.start(), done, _letter(escape, keep_controls)
    yield from ((at, at + 1, text[at]) for at in range(done, len(text)))
