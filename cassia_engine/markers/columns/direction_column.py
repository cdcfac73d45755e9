"""A column that says in words which genes are up and which are down, beside fold changes without a sign."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from enum import Enum

from cassia_engine.errors import shown
from cassia_engine.genes.expression_words import is_absent_word, is_direction_word
from cassia_engine.markers.columns.statistics import plain
from cassia_engine.markers.files.source import MISSING, Source

_NAMES = """
    regulation regulated reg direction dir updown upordown up/down changedirection change changed de deg degs isdeg
    diffexpressed diffexpr differential sig significant significance sign trend status state threshold expression
    decision upregulated upreg up isup downregulated downreg down isdown
"""
_HEADERS = frozenset(_NAMES.split())
_UP_HEADERS = re.compile(r"(?:is)?up(?:reg\w*)?")
_DOWN_HEADERS = re.compile(r"(?:is)?down(?:reg\w*)?")
# Under these nothing but a direction stands, in whatever language.
_CERTAIN_HEADERS = frozenset(
    ["regulation", "direction", "dir", "updown", "upordown", "updirection", "changedirection", "diffexpressed"]
)
# Words that say a direction under any header.
_CERTAIN = re.compile(r"(?:up|down)(?:[\s_.\-]?reg\w*)?", re.IGNORECASE)
_NEITHER = """
    ns n.s. n.s nonsig notsig non-sig nonsignificant non-significant notsignificant insignificant not no none nochange
    unchanged nc stable neutral normal notde nodiff nodifference na nan null flat equal
"""
_NEITHER_WORDS = frozenset((*_NEITHER.split(), *(text.lower() for text in MISSING)))
_TRUE, _FALSE = frozenset("true t yes y 1".split()), frozenset("false f no n 0".split())  # noqa: SIM905
_LETTERS = {"u": "up", "d": "down"}
# How much a gene is expressed is no direction.
_LEVELS = frozenset("low lo dim high hi bright int intermediate mid medium moderate".split())  # noqa: SIM905
_NUMBER = re.compile(r"[-+]?1(?:\.0)?")
_MOST_VALUES = 8


class Direction(Enum):
    """What a value of such a column says."""

    UP = "up"
    DOWN = "down"
    NEITHER = "neither"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class DirectionColumn:
    """A column that may say the direction.

    Attributes:
        position, name: of the column.
        up: the values that a marker has, as `value_sql` gives them; none as long as it is not decided.
        down: those of genes that are down.
    """

    position: int
    name: str
    up: tuple[str, ...] = ()
    down: tuple[str, ...] = ()

    @property
    def value_sql(self) -> str:
        """A row's value as SQL: in lower case, "" where there is none."""
        return f"coalesce(lower(trim(c{self.position})), '')"

    @property
    def up_sql(self) -> str:
        """Whether a row's gene is up, as SQL."""
        return self._is_one_of(self.up)

    def signed_sql(self, value: str) -> str:
        """A value without a sign as one that has it, as SQL: above 0 of genes that are up, NULL of those that are
        neither up nor down."""
        down = f" WHEN {self._is_one_of(self.down)} THEN -abs({value})" if self.down else ""
        return f"(CASE WHEN {self.up_sql} THEN {value}{down} END)"

    def _is_one_of(self, values: Collection[str]) -> str:
        quoted = ", ".join("'" + value.replace("'", "''") + "'" for value in values)
        return f"({self.value_sql} IN ({quoted}))"


def find_direction_column(source: Source, taken: Collection[int]) -> DirectionColumn | None:
    """The column that may say the direction, by the first rows; `taken` are positions of columns of another use."""
    candidates = []
    for position, name in enumerate(source.header):
        values = {row[position].strip().lower() for row in source.sample if position < len(row)}
        if position in taken or not values or len(values) > _MOST_VALUES:
            continue
        known = plain(name) in _HEADERS
        certain = any(map(_CERTAIN.fullmatch, values))
        found = {_direction(value, name) for value in values}
        if certain or (known and Direction.UNKNOWN not in found) or _are_foreign(name, values):
            candidates.append((not certain, not known, position))
    if not candidates:
        return None
    position = min(candidates)[-1]
    return DirectionColumn(position, source.header[position])


def decide(source: Source, column: DirectionColumn, counts: Mapping[str, int]) -> tuple[DirectionColumn, str]:
    """The column with its values for genes that are up, and what is left out by it; without them it is not used.

    Args:
        counts: how many rows have each value, all of them.

    Raises:
        UsageError: some values say up and down, and others say something else.
    """
    found = {value: _direction(value, column.name) for value in counts}
    if "-" in found and "+" not in found:
        found["-"] = Direction.NEITHER
    if Direction.DOWN not in found.values():  # 1 and 0 say whether a gene differs, unless -1 is there too
        says_up = _UP_HEADERS.fullmatch(plain(column.name)) or _DOWN_HEADERS.fullmatch(plain(column.name))
        found |= {value: Direction.UNKNOWN for value in found if _NUMBER.fullmatch(value) and not says_up}
    rows = {kind: sum(counts[value] for value in found if found[value] is kind) for kind in Direction}
    if _are_foreign(column.name, counts):
        what = f"column {shown(column.name)} may tell genes that are down, but not in words that are known"
        some = ", ".join(shown(value) for value in list(counts)[:3])
        raise source.error(
            f"{what} ({some}); write up and down, or remove the column and the genes that are down",
            0,
            code="direction-words-unknown",
        )
    if rows[Direction.UNKNOWN]:
        if not (rows[Direction.UP] and rows[Direction.DOWN]):
            return column, ""
        value = next(value for value in found if found[value] is Direction.UNKNOWN)
        what = f"column {shown(column.name)} says which genes are up and down, but also {shown(value)}"
        raise source.error(f"{what}; correct the value, or remove the column", 0, code="direction-value-unknown")
    if not rows[Direction.DOWN] and not (rows[Direction.UP] and rows[Direction.NEITHER]):
        return column, ""
    up = tuple(value for value in found if found[value] is Direction.UP)
    parts = [f"{rows[Direction.DOWN]} rows of genes that are down"] if rows[Direction.DOWN] else []
    parts += [f"{rows[Direction.NEITHER]} rows of genes that are not up"] if rows[Direction.NEITHER] else []
    what = f"by column {shown(column.name)}, {' and '.join(parts)} are no markers and are left out"
    down = tuple(value for value in found if found[value] is Direction.DOWN)
    return replace(column, up=up or ("up",), down=down), what


def _are_foreign(header: str, values: Collection[str]) -> bool:
    """Whether several words stand where a direction does, and none of them is known."""
    words = [value for value in values if value and not re.search(r"\d", value)]
    unknown = all(_direction(value, header) is Direction.UNKNOWN for value in words)
    return plain(header) in _CERTAIN_HEADERS and 1 < len(words) == len([v for v in values if v]) <= 3 and unknown


def _direction(value: str, header: str) -> Direction:
    """What a value (in lower case, without white space around it) says under a header."""
    name = plain(header)
    for pattern, yes, no in (
        (_UP_HEADERS, Direction.UP, Direction.NEITHER),
        (_DOWN_HEADERS, Direction.DOWN, Direction.UP),
    ):
        if pattern.fullmatch(name) and value in _TRUE | _FALSE:
            return yes if value in _TRUE else no
    if value in _NEITHER_WORDS or re.sub(r"[\s_]", "", value) in _NEITHER_WORDS or value in ("false", "0", "0.0"):
        return Direction.NEITHER
    if _NUMBER.fullmatch(value):
        return Direction.DOWN if value.startswith("-") else Direction.UP
    word = _LETTERS.get(value, value)
    if word in _LEVELS or not is_direction_word(word):
        return Direction.UNKNOWN
    return Direction.DOWN if is_absent_word(word) else Direction.UP
