"""Values as Python, R, NumPy and JSON write them: lists, dicts, calls, texts and numbers, parsed without evaluation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""(?P<space>(?:\s|\\[nt])++)
    |[bru]?(?P<text>'(?:[^'\\]|\\.)*+'|"(?:[^"\\]|\\.)*+"|`[^`]*+`)
    |(?P<range>\d++:\d++(?![\w.]))
    |(?P<number>[-+−]?(?:\d++(?:\.\d*+)?+|\.\d++)(?:[eE][-+−]?\d++)?+)L?(?![\w.])
    |(?P<cut>\.{3,}|…)
    |(?P<nothing><[^<>]*>)
    |(?P<word>[A-Za-z_.][\w.\-/]*)
    |(?P<sign>[\[\](){},;:=])""",
    re.VERBOSE,
)
_CLOSING = {"[": "]", "(": ")", "{": "}"}
_NOTHING = frozenset(
    ["None", "nan", "NaN", "NA", "NULL", "null", "NaT", "NA_character_", "NA_real_", "inf", "Inf", "-inf"]
)
_TRUTH = {"True": True, "TRUE": True, "true": True, "False": False, "FALSE": False, "false": False}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
_DEEPEST, _LONGEST_RANGE = 20, 100_000
_CALLS = re.compile(
    r"(?:np|numpy|pd|pandas|collections)\.[\w.]+|c|I|list|tuple|set|frozenset|dict|character|logical|integer|numeric"
    r"|vector|array|rec\.array|structure|factor|as\.\w+|unique|Index|Series|Categorical\w*|ArrowStringArray\w*|dict_\w+"
    r"|deque|OrderedDict|defaultdict|Counter|data\.frame|tibble|float\d*|int\d*|str_"
)


class Number(str):
    """A number as it is written."""

    __slots__ = ()

    @property
    def is_negative(self) -> bool:
        return self.startswith(("-", "−"))


@dataclass(frozen=True, slots=True)
class Items:
    """A list, tuple, dict or call.

    Attributes:
        call: the name of the function; "" for brackets.
        items: each with its key (of a dict) or name (of a vector, an argument), None without.
    """

    call: str
    items: tuple[tuple[str | None, Value], ...]

    @property
    def keyed(self) -> dict[str, Value]:
        """The items that have a key."""
        return {key: value for key, value in self.items if key is not None}

    @property
    def plain(self) -> list[Value]:
        """The items that have none."""
        return [value for key, value in self.items if key is None]


Value = str | bool | None | Items
CUT = "..."


class _NoLiteralError(Exception):
    """The text is no literal."""


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str


def parse(text: str) -> Value:
    """The one value that a text is. A list that was shortened has `CUT` among its items.

    Raises:
        ValueError: it is none, or names more than lists of genes need.
    """
    try:
        reader = _Reader(list(_tokens(text)))
        value = reader.value(0)
        reader.end()
    except _NoLiteralError as error:
        raise ValueError(f"not a literal: {text[:40]}") from error
    return value


def _tokens(text: str) -> Iterator[_Token]:
    position = 0
    while position < len(text):
        if not (found := _TOKEN.match(text, position)):
            raise _NoLiteralError
        position = found.end()
        if (kind := found.lastgroup) and kind != "space":
            yield _Token(kind, found[kind])


def _range(first: int, last: int) -> Items:
    """R's first:last, which may count down."""
    if abs(last - first) > _LONGEST_RANGE:
        raise _NoLiteralError
    step = 1 if last >= first else -1
    return Items("c", tuple((None, Number(number)) for number in range(first, last + step, step)))


class _Reader:
    def __init__(self, tokens: list[_Token]) -> None:
        self.tokens = tokens
        self.position = 0

    def value(self, depth: int) -> Value:
        """The value that starts here."""
        token = self._take()
        match token.kind:
            case "text":
                return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), token.text[1:-1])
            case "number":
                return Number(token.text)
            case "range":
                return _range(*map(int, token.text.split(":")))
            case "cut":
                return CUT
            case "nothing":
                return None
            case "word":
                return self._word(token.text, depth)
        if token.text not in _CLOSING or depth > _DEEPEST:
            raise _NoLiteralError
        return Items("", tuple(self._items(_CLOSING[token.text], depth + 1)))

    def end(self) -> None:
        if self.position < len(self.tokens):
            raise _NoLiteralError

    def _word(self, word: str, depth: int) -> Value:
        if self._next() == "(":
            if not _CALLS.fullmatch(word) or depth > _DEEPEST:
                raise _NoLiteralError
            self.position += 1
            return Items(word, tuple(self._items(")", depth + 1)))
        return None if word in _NOTHING else _TRUTH.get(word, word)

    def _items(self, closing: str, depth: int) -> Iterator[tuple[str | None, Value]]:
        """The items up to a bracket. Without a comma a word may stand only behind a text or a number."""
        takes_no_word = False
        while self._next() != closing:
            is_word = self.position < len(self.tokens) and self.tokens[self.position].kind == "word"
            if takes_no_word and is_word:
                raise _NoLiteralError
            key: str | None = None
            value = self.value(depth)
            if self._next() in (":", "="):
                # Without quotes a colon may be part of a gene's name: zgc:64051.
                if not isinstance(value, str) or (is_word and self._next() == ":"):
                    raise _NoLiteralError
                self.position += 1
                key, value = str(value), self.value(depth)
            yield key, value
            takes_no_word = is_word or isinstance(value, Items)
            if self._next() in (",", ";"):
                self.position += 1
                takes_no_word = False
        self.position += 1

    def _next(self) -> str:
        if self.position >= len(self.tokens):
            return ""
        token = self.tokens[self.position]
        return token.text if token.kind == "sign" else ""

    def _take(self) -> _Token:
        if self.position >= len(self.tokens):
            raise _NoLiteralError
        self.position += 1
        return self.tokens[self.position - 1]
