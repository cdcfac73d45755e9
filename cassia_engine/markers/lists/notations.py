"""Lists of genes in the notations of R, Python, NumPy, pandas, JSON and HTML: their genes, with the value of each."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from cassia_engine.genes.expression_words import is_absent_word, is_direction_word
from cassia_engine.genes.recognised import share
from cassia_engine.markers.columns.statistics import is_fold, known_statistics, least_score
from cassia_engine.markers.files.headers import GENE_HEADERS, ID_HEADERS
from cassia_engine.markers.lists.literals import CUT, Items, Number, Value, parse

_LITERAL = re.compile(r"\s*(?:[\[({'\"]|[A-Za-z][\w.]*\s*\()")
_HEADER_LINE = re.compile(r"^\s*\[?\s*<\w+>(?:\s|\\n)+(?=[\[\]])")
# What pandas and R print under a list.
_FOOTER = re.compile(
    r"(?:^|\s|\\n)(?:Length: \d+|Categories \(\d+|Name: .*|dtype: \w+|Freq: \w+|(?:\d+ )?Levels:|\[ reached ).*",
    re.DOTALL,
)
_SERIES = re.compile(r"Name: .*|dtype: \w+")
_PRINTED_INDEX = re.compile(r"(?:^|(?<=\n)|(?<=\\n))[ \t]*\[\d+\](?=\s)")  # R's [1]
_STR = re.compile(r"^\s*chr\s*(?:\[[\d:]+\])?\s*(?=\")")
_TAG = re.compile(r"</?\s*([A-Za-z][A-Za-z0-9]*)(?:\s[^<>]*)?/?>")
_INLINE = frozenset(["a", "b", "i", "u", "em", "strong", "span", "sup", "sub", "font", "small", "code", "mark", "tt"])
_BLOCK = frozenset(["br", "p", "div", "li", "ul", "ol", "tr", "td", "th", "table", "tbody", "html", "body", "pre"])
_ENTITY = re.compile(r"&(?:[a-zA-Z]{2,8}|#\d+|#x[0-9a-fA-F]+);")
_GENE_KEYS = frozenset((*GENE_HEADERS, *ID_HEADERS))
_SCALARS = re.compile(r"(?:np|numpy)\.\w+|float\d*|int\d*|str_")
_EMPTY_CALLS = frozenset(["character", "logical", "integer", "numeric", "factor"])
_VECTORS = frozenset(("", "c", "list", "dict", "data.frame", "tibble"))


@dataclass(frozen=True, slots=True)
class Entry:
    """A gene of a list as it is written; `absent`: what stands beside it says that it is not expressed or down."""

    gene: str
    absent: bool = False


def without_markup(text: str) -> str:
    """The text without HTML: a line end for a tag that parts lines, nothing for one within them."""
    if "<" in text:
        text = _TAG.sub(_tag, text)
    return _ENTITY.sub(lambda found: html.unescape(found[0]), text) if "&" in text else text


def without_print(text: str) -> tuple[str, bool]:
    """The text without what R and pandas print around a list; whether it was cut off when it was printed."""
    text = _HEADER_LINE.sub("", text.replace("<NA>", "NA"))
    if text.lstrip().startswith("[") and text.rstrip().endswith("]") and _SERIES.search(text):
        text = text.strip()[1:-1]  # a list that holds a Series
    is_cut = False
    if found := _FOOTER.search(text):
        is_cut = "[ reached" in found[0]
        text = text[: found.start()]
    text = _STR.sub("", text)
    if re.match(r"\s*\[1\]\s", text):
        text = _PRINTED_INDEX.sub(" ", text).strip()
        if text.startswith('"') and not _list_of(text):
            text = f"[{text}]"
    return text, is_cut


def entries(text: str) -> list[Entry] | None:
    """The genes of a text in a notation of R, Python or JSON, with what it says of each; None for another text."""
    if not _LITERAL.match(text):
        return None
    value = _list_of(text.strip())
    return None if value is None or not isinstance(value, Items) else list(_entries(value))


def _list_of(text: str) -> Value:
    for form in (text, f"[{text}]"):
        try:
            return parse(form)
        except ValueError:
            continue
    return None


def _tag(found: re.Match[str]) -> str:
    name = found[1].lower()
    if name in _BLOCK:
        return "\n"
    return "" if name in _INLINE else found[0]


def _entries(value: Value) -> Iterator[Entry]:
    """The genes in a value, in its order."""
    if isinstance(value, str):
        yield Entry(value)
    elif isinstance(value, Items):
        yield from _of_items(_unwrapped(value))


def _unwrapped(value: Items) -> Items:
    """What a call holds, without its options; a factor's texts for its codes, and its names beside a vector."""
    if value.call in _EMPTY_CALLS and all(isinstance(item, Number) for item in value.plain):
        return Items("", ())
    if value.call in _VECTORS:
        return value
    plain, options = value.plain, value.keyed
    levels = options.get("levels", options.get(".Label"))
    inside = next((item for item in plain if isinstance(item, Items)), None)
    if value.call == "structure" and inside and isinstance(levels, Items):
        return Items("", tuple((None, level) for level in _levels(inside, levels.plain)))
    names = options.get("names", options.get(".Names", options.get("index")))
    if inside and isinstance(names, Items) and len(names.plain) == len(inside.plain):
        keys = [str(name) for name in names.plain]
        return Items("", tuple(zip(keys, inside.plain, strict=True)))
    return inside if inside and len(plain) <= 2 else Items("", tuple((None, item) for item in plain))


def _levels(codes: Items, levels: Sequence[Value]) -> Iterator[Value]:
    for code in codes.plain:
        if isinstance(code, Number) and code.isdecimal() and 0 < int(code) <= len(levels):
            yield levels[int(code) - 1]


def _of_items(value: Items) -> Iterator[Entry]:
    if value.keyed:
        yield from _of_mapping(value.keyed)
    items = [_scalar(item) for item in value.plain]
    if pair := _pair(items):
        yield pair
    elif len(items) % 2 == 0 and all(_is_text(text) and _is_number(number) for text, number in _twos(items)):
        yield from (Entry(str(text), _is_below_0(number)) for text, number in _twos(items))
    else:
        for item in items:
            yield from _entries(item)


def _of_mapping(mapping: Mapping[str, Value]) -> Iterator[Entry]:
    """The genes of a dict or a named vector: of a row or columns of a table, by direction, or gene to value."""
    values = {key: _scalar(value) for key, value in mapping.items()}
    if gene := next((key for key in values if key.lower() in _GENE_KEYS), None):
        yield from _of_table(gene, values)
    elif all(map(is_direction_word, values)):
        for key, value in values.items():
            yield from (Entry(one.gene, one.absent or is_absent_word(key)) for one in _entries(value))
    elif _are_names(values):
        yield from (Entry(key, _says_absent(value)) for key, value in values.items())
    else:
        for value in values.values():
            yield from _entries(value)


def _are_names(values: Mapping[str, Value]) -> bool:
    """Whether the keys of a dict are the genes, and not its values."""
    texts = [value for value in values.values() if _is_text(value)]
    if not texts:
        lists = [value for value in values.values() if isinstance(value, Items)]
        return not any(_is_text(_scalar(item)) for one in lists for item in one.plain)
    if all(is_direction_word(str(text)) for text in texts):
        return True
    return len(texts) == len(values) and share(list(values)) > share([str(text) for text in texts])


def _of_table(gene: str, values: Mapping[str, Value]) -> Iterator[Entry]:
    """The genes of one row, or of columns, of a table."""
    column = _statistic(values)
    if not isinstance(genes := values[gene], Items):
        if isinstance(genes, str):
            yield Entry(genes, _is_low(column, values.get(column)))
        return
    names = [one.gene for one in _entries(genes)]
    numbers = values.get(column)
    beside = [_scalar(item) for item in _unwrapped(numbers).plain] if isinstance(numbers, Items) else []
    if len(beside) != len(names):
        beside = [None] * len(names)
    yield from (Entry(name, _is_low(column, number)) for name, number in zip(names, beside, strict=True))


def _statistic(values: Mapping[str, Value]) -> str:
    """The statistic that tells the direction of a row; "" if there is none."""
    keys = list(values)
    if words := [key for key in keys if _is_text(values[key]) and is_direction_word(str(values[key]))]:
        return words[0]
    known = known_statistics(keys)
    return known.get("log2fc") or known.get("score") or next(filter(is_fold, keys), "")


def _is_low(column: str, value: Value) -> bool:
    """Whether the statistic of a gene says that it is down."""
    if isinstance(value, Number) and least_score(column):
        return float(value.replace("−", "-")) < least_score(column)
    return _says_absent(value)


def _says_absent(value: Value) -> bool:
    """Whether what stands beside a gene says that it is absent or down."""
    if isinstance(value, Items):
        if value.keyed:
            column = _statistic(value.keyed)
            return _is_low(column, _scalar(value.keyed.get(column)))
        return any(_is_below_0(_scalar(item)) for item in value.plain)
    return value is False or _is_below_0(value) or (_is_text(value) and is_absent_word(str(value)))


def _pair(items: Sequence[Value]) -> Entry | None:
    """A gene with its numbers, as in a tuple; None for another list."""
    texts = [item for item in items if _is_text(item)]
    if len(items) < 2 or len(texts) != 1 or any(isinstance(item, Items) for item in items) or CUT in texts:
        return None
    return Entry(str(texts[0]), any(map(_is_below_0, items)))


def _scalar(value: Value) -> Value:
    """What a call such as np.float32(3.2) holds."""
    if isinstance(value, Items) and _SCALARS.fullmatch(value.call) and len(value.items) == 1:
        inside = value.items[0][1]
        return value if isinstance(inside, Items) else inside
    return value


def _twos(items: Sequence[Value]) -> list[tuple[Value, Value]]:
    return list(zip(items[::2], items[1::2], strict=True))


def _is_text(value: Value) -> bool:
    return isinstance(value, str) and not isinstance(value, Number)


def _is_number(value: Value) -> bool:
    return isinstance(value, Number)


def _is_below_0(value: Value) -> bool:
    return isinstance(value, Number) and value.is_negative
