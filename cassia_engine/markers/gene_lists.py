"""The genes of one cell: lists as people type them, and as R and Python write them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cassia_engine.knowledge.known import is_symbol
from cassia_engine.markers.ids import ENTREZ, is_id
from cassia_engine.markers.joined_names import join_pairs, joined_symbol
from cassia_engine.markers.recognised import is_recognised
from cassia_engine.markers.source import MISSING
from cassia_engine.markers.symbols import are_symbols, is_sentence

# c("CD3D"), list(...), array([...], dtype=object), Index([...], dtype='object', length=20)
_CALL = re.compile(r"\s*[A-Za-z][\w.]*(?:\([^()]*\))?\s*\((?P<inside>.*)\)\s*", re.DOTALL)
_CALLS = re.compile(
    r"(?:c|list|tuple|set|frozenset|character|vector|array|(?:np|numpy)\.array|(?:pd\.|pandas\.)?"
    r"(?:Index|Series|Categorical\w*|ArrowStringArray\w*)|dict_keys|dict_values|deque)\s*\(",
)
_OPTIONS = re.compile(r",\s*(?:dtype|name|length|names|categories|ordered)\s*=.*", re.DOTALL)
_QUOTED = re.compile(r"'([^']*)'|\"([^\"]*)\"")
# What parts a list whatever else is in it: also a comma of Chinese and Japanese, bullets, arrows, line ends.
_BULLETS = "•·▪‣●○◦∙⋅■□◆▸►✓"
_STRONG = re.compile(rf"[,;，、；､﹐﹑\n\r\t{_BULLETS}]|\s*(?:->|=>|→|>)\s*|\\[nt]")
_SEMICOLON = re.compile(rf"[;；\n\r\t{_BULLETS}]|\\[nt]")
_DECIMAL_COMMAS = re.compile(r"(?:[^,]|(?<=\d),(?=\d))*")
_BARS = re.compile(r"\s*[|｜¦]+\s*")
_SLASHES = re.compile(r"\s*[/／\\]\s*")
_PLUSES = re.compile(r"\+(?=[^\s+])")
_FREE = re.compile(r"\s[/&+~](?:\s|$)|\s(?:and|und|et)\s")
_SEVERAL = 3  # so many parts between slashes are a list; of fewer, such as S100A8/A9, each must be a known gene
# A name joined to an id has no more parts than that either.
_LEAST_PAIRS = 3  # of symbol and id, in a list that has no bars
_NUMBERING = re.compile(r"^(?:\(?\d{1,3}[.)](?:\s+|(?=[A-Za-z]))|[-*–—#]\s+|#\d+\s+)")
_ALONE = re.compile(r"\(?\d{1,3}[.)]|[-*–—&+]|and")
_FLOAT = r"[-+−]?(?:\d+(?:[.,]\d+)?|\.\d+)(?:[eE][-+−]?\d+)?\s*%?"
_VALUE = re.compile(
    rf"(?P<gene>[^\s:=(\[]\S*?(?: \S+?)?)\s*(?:(?:[:=@]\s*|\s+(?=\S*[.,]\d))(?P<plain>{_FLOAT})"
    rf"|[(\[{{]\s*(?:[\w .]*[:=]\s*)?(?P<bracketed>{_FLOAT})(?:[,;/ ][^)\]}}]*)?[)\]}}])"
)
_IN_BRACKETS = re.compile(r"\(\s*(?:[\w .]*[:=]\s*)?[-+−]?[.\d][^()]*\)")
_SIGN = re.compile(r"[^\w]+")
_EMPTY = re.compile(r"(?:character|logical)\(0\)|NULL|None|nan|<NA>|set\(\)")
_NUMBER = re.compile(r"[-+−]?(?:\d+[.,]\d+|\d*\.?\d+[eE][-+−]?\d+|[-+−]\d+)")
_POSITIVE = re.compile(r"(?:\s*(?:\+|＋|⁺|\^\+|\(\+\)))+$")
_NEGATIVE = re.compile(r"\s*(?:[-−–⁻]|\^-|\(-\)|(?:\b|(?<=[A-Z0-9]))(?:neg|negative)\.?)$", re.IGNORECASE)
_EDGES = " \t\r\n\u00a0\u200b\ufeff[]{}\"'`“”‘’«»"
_NOTES = "*†‡§"
_CUT = re.compile(r"\.{3,}|…")


@dataclass(frozen=True, slots=True)
class GeneList:
    """The genes of a cell.

    Attributes:
        genes: in the cell's order.
        negative: what was written as not expressed or below 0 (CD8A-, CD8A (-1.2)); these are no markers.
        is_cut: the list was shortened with "..." when it was printed.
    """

    genes: tuple[str, ...]
    negative: tuple[str, ...] = ()
    is_cut: bool = False


def parse_genes(cell: str) -> GeneList:
    """Read the list of a cell, in whatever notation; a sentence is one part, for whoever looks at the genes."""
    genes: list[str] = []
    negative: list[str] = []
    is_cut = False
    parts = [] if _EMPTY.fullmatch(cell.strip()) else _parts(_unwrapped(cell))
    for part in parts:
        text = part.strip(_EDGES).strip()
        if len(parts) > 1 and _CUT.fullmatch(text.strip("()")):
            is_cut = True
            continue
        gene, is_negative = _gene(text)
        if gene in MISSING or (_NUMBER.fullmatch(gene) and not ENTREZ.pattern.fullmatch(gene)):
            continue
        (negative if is_negative else genes).append(gene)
    return GeneList(tuple(join_pairs(genes, least=_LEAST_PAIRS)), tuple(negative), is_cut)


def is_list(cell: str) -> bool:
    """Whether a cell is a list rather than one gene (whose name may have a space in it)."""
    return len(parse_genes(cell).genes) > 1


def _unwrapped(cell: str) -> str:
    """What is inside of R's and Python's notations, with commas between."""
    text = cell.strip()
    while _CALLS.match(text) and (found := _CALL.fullmatch(text)):
        text = _OPTIONS.sub("", found["inside"]).strip()
    if text.startswith(("[", "(", "{", "'", '"')):
        text = _OPTIONS.sub("", text)
        # NumPy writes no commas between.
        if "," not in text and (quoted := _QUOTED.findall(text)) and not _QUOTED.sub("", text).strip("[](){} \n\r\t"):
            return ",".join(one or other for one, other in quoted)
    if text[:1] + text[-1:] in ("[]", "()", "{}"):
        text = text[1:-1]
    return text


def _parts(text: str) -> list[str]:
    text = _IN_BRACKETS.sub(lambda found: re.sub("[,;，；]", " ", found[0]), text)
    if _SEMICOLON.search(text) and _DECIMAL_COMMAS.fullmatch(text):
        return _SEMICOLON.split(text)
    if _STRONG.search(text.strip()):
        return _STRONG.split(text)
    words = text.split()
    if is_sentence(text) and not are_symbols([word for word in words if not _SIGN.fullmatch(word)]):
        return [text]
    joined = sum("|" in word.strip("|") for word in words)
    if _BARS.search(text) and not (len(words) > 1 and joined == len(words)) and not _is_one_name(text):
        return join_pairs(_BARS.split(text), least=1)
    if _FREE.search(text):
        return [part for part in _FREE.sub(" , ", text).split(",") for part in _words(part)]
    if len(words) == 1 and (several := _between(text, _SLASHES) or _between(text, _PLUSES)):
        return several
    return _words(text)


def _words(text: str) -> list[str]:
    """Words, where a value in brackets or behind a colon belongs to the word before it."""
    together = re.sub(r"\s+(?=[(\[]\s*[-+−]?[\d.]|neg\b|[:=])|(?<=[:=])\s+", "", text)
    return [word for word in together.split() if not _ALONE.fullmatch(word)]


def _is_one_name(text: str) -> bool:
    """Whether this is one gene under two names (ENSG00000167286|CD3D) rather than a list."""
    parts = _BARS.split(text)
    return (len(parts) <= _SEVERAL and bool(joined_symbol(text))) or (len(parts) == 2 and parts[1].startswith(parts[0]))


def _between(text: str, separator: re.Pattern[str]) -> list[str]:
    """The parts of a word, if these are genes; [] if the separator belongs to a name (S100A8/A9)."""
    parts = [part for part in separator.split(text) if part]
    known = sum(is_recognised(part.rstrip("+-−")) for part in parts)
    is_several = len(parts) >= _SEVERAL and 2 * known >= len(parts)
    return parts if len(parts) > 1 and (is_several or known == len(parts)) else []


def _gene(text: str) -> tuple[str, bool]:
    """The gene of a part without number, value and sign; whether it is marked as absent."""
    text = _NUMBERING.sub("", text).strip(_EDGES)
    if found := re.fullmatch(
        r"(['\"])(?P<gene>.+?)\1?(?P<rest>\s*:.*)|(?P<bare>[^'\"\s]+)['\"](?P<value>\s*:.*)", text
    ):
        text = (found["gene"] or found["bare"]) + (found["rest"] or found["value"])
    if is_id(text) or is_symbol(text):
        return text, False
    is_negative = False
    if "*" not in text.rstrip(_NOTES) and (value := _VALUE.fullmatch(text)):
        text = value["gene"]
        is_negative = (value["plain"] or value["bracketed"]).startswith(("-", "−"))
    text = text.rstrip(_NOTES).strip(_EDGES)
    if _NEGATIVE.search(text):
        return _NEGATIVE.sub("", text), True
    return _POSITIVE.sub("", text).strip(_EDGES + "(){}"), is_negative
