"""Removes an API key from text that came from outside, in whatever form it was sent back.

A provider may echo a key in another letter case, with invisible characters between its letters, in JSON escapes, or
encoded. Text is searched in a normalized view, in time linear in its length; the text itself changes only where the
key is.
"""

from __future__ import annotations

import base64
import codecs
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from cassia_engine.secret import Secret

MASK = "***"
SHORTEST = 8  # characters: a shorter key is a placeholder for a server that needs none, and may be a word of the text
_LONG = 200  # characters from which not every piece of a key is searched for
_RANDOM = 16  # characters from which a key with letters and digits is taken for random, so that its pieces count too

_PIECE_OF_LETTERS = 12  # letters and digits of a piece where nothing else counts, so that no words of a text are one

# Characters as JSON, HTML, URLs and programs may write them. An escape such as \n is no letter; a lone backslash stands
# for nothing, as JSON within a string of JSON has more of them.
_CODES = (
    r"\\+u(?P<json>[0-9a-fA-F]{4})|\\+u\{(?P<braces>[0-9a-fA-F]{1,6})\}|\\+x(?P<bytes>[0-9a-fA-F]{2})"
    r"|&#x0*(?P<hex>[0-9a-fA-F]{1,6});?|&#0*(?P<decimal>[0-9]{1,7});?"
    r"|%u(?P<old>[0-9a-fA-F]{4})|%(?P<percent>[0-9a-fA-F]{2})|\\+(?P<control>[nrtbf])?"
)
_ESCAPE = re.compile(_CODES)
_ESCAPE_OR_TAG = re.compile(_CODES + r"|(?P<tag></?[a-zA-Z][^<>]{0,80}>)")
_NONE = re.compile(r"(?!)")
_UNSEEN = re.compile(r"[\x00-\x20\x7f]+")
_NO_LETTER = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class _View:
    """How a text is looked at.

    Attributes:
        plain: what looks like an escape is none: a piece of a key may stand behind a percent sign.
        controls: of an escape such as \\n its letter is kept, or nothing.
        letters: nothing but letters and digits is kept, and no tags, as what cleans a text of markup may put a key
            together that markup had divided.
    """

    plain: bool = False
    controls: bool = False
    letters: bool = False

    @property
    def escapes(self) -> re.Pattern[str]:
        if self.plain:
            return _NONE
        return _ESCAPE_OR_TAG if self.letters else _ESCAPE

    def of(self, text: str) -> str:
        if not self.plain and (_has_escapes(text) or (self.letters and "<" in text)):
            text = self.escapes.sub(self.letter, text)
        return self.folded(text)

    def letter(self, escape: re.Match[str]) -> str:
        """The character that an escape stands for."""
        match escape.lastgroup:
            case "json" | "braces" | "bytes" | "hex" | "old" | "percent" as group:
                code = int(escape[group], 16)
            case "decimal":
                code = int(escape["decimal"])
            case "control" if self.controls:
                code = ord(escape["control"])
            case _:
                return ""
        return chr(code) if code <= 0x10FFFF else ""

    def folded(self, text: str) -> str:
        """Without regard to case, accents, compatibility forms and what cannot be seen; a key has ASCII only."""
        if not text.isascii():
            text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
        text = _UNSEEN.sub("", text).lower()
        return _NO_LETTER.sub("", text) if self.letters else text


_VIEWS = (_View(), _View(controls=True), _View(letters=True))
_PLAIN = _View(plain=True)


@dataclass(frozen=True, slots=True)
class _Needles:
    """What is searched for: forms of the key as a view has them, and a pattern of their beginnings."""

    pattern: re.Pattern[str]
    forms: dict[str, tuple[str, int]]  # beginning or piece: the form it is of, and where in it

    def spans(self, view: str) -> Iterator[tuple[int, int]]:
        """Where a form or a piece of it is in the view, as far as it goes on."""
        for match in self.pattern.finditer(view):
            form, at = self.forms[match[0]]
            start, end = match.span()
            first, at = at, at + len(match[0])
            while end < len(view) and at < len(form) and view[end] == form[at]:
                end, at = end + 1, at + 1
            while start and first and view[start - 1] == form[first - 1]:
                start, first = start - 1, first - 1
            yield start, end


@lru_cache(maxsize=16)
def _needles(value: str, view: _View) -> _Needles | None:
    """None for a key of which a view has too little."""
    folded = view.folded(value)
    if len(folded) < SHORTEST:
        return None
    forms = {form: (form, 0) for form in map(view.folded, _encoded(value)) if len(form) >= SHORTEST}
    forms[folded] = (folded, 0)
    if len(value) >= _RANDOM and re.search(r"\d", value) and re.search("[A-Za-z]", value):
        size = _PIECE_OF_LETTERS if view.letters else SHORTEST
        # Of a long key, such as a token of 1,000 characters, every place would take as many searches.
        for at in range(0, len(folded) - size + 1, 1 if len(folded) < _LONG else size):
            forms.setdefault(folded[at : at + size], (folded, at))
    return _Needles(re.compile("|".join(map(re.escape, sorted(forms, key=len, reverse=True)))), forms)


def _encoded(value: str) -> Iterator[str]:
    raw = value.encode()
    yield raw.hex()
    yield value[::-1]
    yield quote(value, safe="")
    yield codecs.encode(value, "rot13")
    for code in ("d", "03o", "08b"):
        yield "".join(format(byte, code) for byte in raw)
    for code in ("d", "#x", "#o"):
        yield ",".join(format(byte, code) for byte in raw)
    yield base64.b32encode(raw).decode().rstrip("=")[:-1]
    yield base64.b64encode(base64.b64encode(raw)).decode().rstrip("=")[:-2]
    for text in (raw, raw[::-1]):
        for shift, first in enumerate((0, 2, 3)):
            # The first and the last character depend on what stands before and behind.
            yield base64.b64encode(bytes(shift) + text).decode().rstrip("=")[first:-1]


def redacted(text: str, key: Secret | None) -> str:
    """The text with *** in place of the key, of its encoded forms, and of pieces of 8 characters and more.

    A key of fewer than 8 characters stays. Of a key of more than 200 characters, pieces of 15 and more are found.
    """
    for value in key.parts if key else ():
        text = _without(text, value) if len(value) >= SHORTEST else text
    return text


def without_key(data: Any, key: Secret) -> Any:
    """Data as JSON has it, with *** for the key where a text or a name has it as it is.

    Of an answer of many megabytes this takes as long as reading it; `redacted` knows more forms, and takes far longer.

    Raises:
        RecursionError: it is nested too deeply.
    """
    if isinstance(data, str):
        return redacted(data, key) if any(value in data for value in key.parts) else data
    if isinstance(data, list):
        return [without_key(one, key) for one in data]
    if isinstance(data, dict):
        return {without_key(name, key): without_key(one, key) for name, one in data.items()}
    return data


def _without(text: str, value: str) -> str:
    for view in (*_VIEWS, _PLAIN) if _has_escapes(text) else _VIEWS:
        needles = _needles(value, view)
        if needles and needles.pattern.search(view.of(text)):
            text = _masked(text, needles, view)
    return text


def _has_escapes(text: str) -> bool:
    return "\\" in text or "&#" in text or "%" in text


def _masked(text: str, needles: _Needles, view: _View) -> str:
    letters: list[str] = []
    spans: list[tuple[int, int]] = []  # of each letter of the view in the text
    for start, end, letter in _units(text, view):
        for one in view.folded(letter):
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


def _units(text: str, view: _View) -> Iterator[tuple[int, int, str]]:
    """Start and end of each character or escape, and what it stands for."""
    done = 0
    for escape in view.escapes.finditer(text):
        yield from ((at, at + 1, text[at]) for at in range(done, escape.start()))
        done = escape.end()
        yield escape.start(), done, view.letter(escape)
    yield from ((at, at + 1, text[at]) for at in range(done, len(text)))
