"""The genes of one cell: lists as people type them, and as R and Python write them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from cassia_engine.genes.expression_words import is_absent_word, is_direction_word
from cassia_engine.genes.ids import ENTREZ
from cassia_engine.genes.joined_names import join_pairs
from cassia_engine.genes.level_signs import plain_levels
from cassia_engine.genes.list_gene import EDGES, gene_of, with_words_apart, without_label
from cassia_engine.genes.recognised import is_recognised
from cassia_engine.markers.files.headers import GENE_HEADERS
from cassia_engine.markers.files.source import MISSING
from cassia_engine.markers.lists.list_parts import parts_of
from cassia_engine.markers.lists.negations import labelled_arrows, labelled_brackets, spread
from cassia_engine.markers.lists.notations import entries, without_markup, without_print

_LEAST_PAIRS = 3  # of symbol and id, in a list that has no bars
_EMPTY = re.compile(
    r"(?:(?:character|logical|factor|integer|list|set|dict|tuple)\(0?\)|NULL|None|nan|<NA>|null|\[\]|\{\}|\(\)"
    r"|(?:Index|Series|array)\(\[\].*\)|<\w{0,40}Array\w{0,40}>\s*\[\].*)(?:\s*Levels:\s*)?",
    re.DOTALL,
)
_NUMBER = re.compile(r"[-+−]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][-+−]?\d+)?")
# What a program or a person writes in a list where there is no gene.
_NOTHING = frozenset((*MISSING, "nan", "None", "<NA>", "null", "NULL", "N/A", "n/a", "#N/A"))
_CUT = re.compile(r"(?:\.{3,}|…)(?:\s*\(?\+?\d+\s+(?:more|others)\)?)?", re.IGNORECASE)
_CUT_WORDS = re.compile(
    r"(?<![,;\s])(?:[,;\s]+(?:and\s+|und\s+|&\s*)?(?:etc|et\s+al|among\s+others|amongst\s+others|usw|u\.\s?a|\+?\d+\s+(?:more|others))"
    r"|[,;\s]+(?:and|und|&)\s+(?:others|more|many\s+others|so\s+on)|(?<!\.)[,;\s]*(?:\.{3,9}|…))(?:\.{1,9})?\s*$",
    re.IGNORECASE,
)
_DIRECTION = re.compile(
    r"(?:^|(?<=[;\n|,.)\s]))\s*(?P<label>[A-Za-z+\-−↑↓][\w \-]{0,40}?)\s*(?:[:=]|\((?=[^),]{0,200}+,))\s*"
)
_SHORT_LABEL = re.compile(r"\b(neg|pos)\.\s*(markers?|genes?)\b", re.IGNORECASE)
# "CD3D, CD3E (-): LYZ": a label of the genes behind it.
_SIGN_LABEL = re.compile(r"\s\((?P<sign>[+\-−])\)\s{0,2}:\s{0,2}(?=[A-Za-z])(?![a-z]+(?:\W|$))")
_MOST_SIGN_LABELS = 2
# Not low and high, which are also said of the cells ("CD4 high: CD3D, CD3E").
_BEHIND_GENES = re.compile(
    r"(?P<genes>\S.*?)\s+"
    r"(?P<word>(?:not[ \-]|up|down|over|under|neg|pos|absent|decreased|increased|lost|enriched|depleted)[\w \-]*)",
    re.IGNORECASE,
)
_CALL = re.compile(r"(?:[cC]|list|set|tuple|vector)\((?P<inside>[^()]*)\)")
_LABELLED = re.compile(r"(?P<label>[^(),;]{1,60}?)\s+\((?P<inside>\s*[^\s\d.\-−](?=[^(),;]*[,;])[^()]*+)\)")
_RANKED = re.compile(r"\s*+\d++\s++(?=\S++\s*$)(?=\S*[A-Za-z])")
_SPACES = re.compile(r"\s{3,}")
_PLUS, _MINUS = re.compile(r"\s*\+\s*(?=[A-Za-z])"), re.compile(r"\s*[-−]\s*(?=[A-Za-z])")


@dataclass(frozen=True, slots=True)
class GeneList:
    """The genes of a cell.

    Attributes:
        genes: in the cell's order.
        negative: what was written as not expressed or below 0 (CD8A-, CD8A low, CD8A (-1.2)); these are no markers.
        numbers: numbers among the genes that belong to none of them; also no markers.
        is_cut: the list was shortened with "..." or "etc.".
        problem: why the list cannot be read; "" if it can.
    """

    genes: tuple[str, ...]
    negative: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    is_cut: bool = False
    problem: str = ""


# Numbers of references, behind a gene: CD3D [12,13].
_CITATION = re.compile(r"(?<=\w)\s*\[\d{1,4}(?:\s*[,;–-]\s*\d{1,4})*\](?=\s*(?:[,;.]|$))")
_LEAD = re.compile(
    r"^\s*(?:e\.\s?g\.|i\.\s?e\.|such as|including|includes|expresses|expressing|positive for|mainly|mostly|primarily"
    r"|(?:high(?:ly)?|strong(?:ly)?)(?=\s+\S+\s+\S)(?:\s+express(?:es|ing))?)[\s:,]+",
    re.IGNORECASE,
)
# What is written behind a list of where it is from.
_IN_BRACKETS = r"\((?:see|cf|figs?|figures?|tables?|supp\w*|refs?|references?|[^()\d]{1,60}\bet al)\b[^()]*\)"
# An address ends where the next remark begins, so that a text can be divided in one way only.
_ADDRESS = rf"(?:(?!{_IN_BRACKETS}(?:[\s.,;(]|$|doi:|https?:|PMID)|\bdoi:\s+\S|\bPMID:?\s+\d)\S)++"
_REMARK = rf"(?:{_IN_BRACKETS}|\bdoi:\s*(?=\S){_ADDRESS}|https?://{_ADDRESS}|\bPMID:?\s*\d++)"
_ORIGIN = re.compile(rf"(?:(?<![\s,;])[\s,;]++|(?![\s,;])){_REMARK}(?:[\s,;]*+{_REMARK})*+", re.IGNORECASE)
_END = re.compile(r"[\s.]*")


@dataclass(frozen=True, slots=True)
class _Label:
    """Where a label that says a direction starts and ends in a list; whether it says absent or down."""

    start: int
    end: int
    says_absent: bool


@dataclass(slots=True)
class _Found:
    """What was found in a cell so far: each part with whether it is absent."""

    parts: list[tuple[str, bool]] = field(default_factory=list)
    is_cut: bool = False
    problem: str = ""


def parse_genes(cell: str) -> GeneList:
    """Read the list of a cell, in whatever notation; a sentence is one part, for whoever looks at the genes."""
    if _EMPTY.fullmatch(cell.strip()):
        return GeneList(())
    found = _Found()
    text, found.is_cut = without_print(_with_short_spaces(without_markup(cell.strip())))
    _read(text, found)
    parts, numbers, problem = _without_numbers(_without_words(found.parts))
    genes = [gene for gene, is_absent in parts if not is_absent]
    negative = tuple(gene for gene, is_absent in parts if is_absent)
    return GeneList(
        tuple(join_pairs(genes, least=_LEAST_PAIRS)), negative, numbers, found.is_cut, found.problem or problem
    )


def is_list(cell: str) -> bool:
    """Whether a cell is a list rather than one gene (whose name may have a space in it)."""
    return len(parse_genes(cell).genes) > 1


def _read(text: str, found: _Found, absent: bool = False) -> None:
    """Add the genes of a text to what was found."""
    listed = entries(text)
    if listed is None:
        _read_typed(text, found, absent)
        return
    for entry in listed:
        typed = parts_of(_with_short_spaces(entry.gene)) if re.search(r"[,;\n\t]", entry.gene) else [entry.gene]
        _add([part for part in typed if part.strip()], found, absent or entry.absent, several=True)


def _read_typed(text: str, found: _Found, absent: bool) -> None:
    text, bracketed = labelled_brackets(labelled_arrows(plain_levels(text)))
    text = _with_short_spaces(text) if bracketed else text
    sections = [*_sections(text), *((is_absent_word(label), genes) for label, genes in bracketed)]
    for says_absent, section in sections:
        if section is not text and (listed := entries(section)) is not None:
            _add([entry.gene for entry in listed], found, absent or says_absent, several=True)
            continue
        section = _LEAD.sub("", _CITATION.sub("", _without_origin(section)))
        section, n_cut = _CUT_WORDS.subn("", section)
        found.is_cut |= bool(n_cut)
        section, problem = spread(_inside(without_label(section)))
        found.problem = found.problem or problem
        parts = parts_of(section)
        if len(parts) > 1 and "\n" in section and parts[0].strip().lower() in GENE_HEADERS:
            del parts[0]  # the name of a column, which pandas prints above
        _add(parts, found, absent or says_absent, several=len(parts) > 1)


def _with_short_spaces(text: str) -> str:
    """The text without long runs of white space: they say no more than short ones, and take patterns long."""
    return _SPACES.sub(lambda run: "\n" if "\n" in run[0] else "  ", text)


def _without_origin(text: str) -> str:
    """The text without remarks at its end on where the list is from."""
    found = _END.match(text[::-1])
    end = len(text) - (found.end() if found else 0)
    # Remarks are looked for from the start, as a pattern that has to reach the end is tried at each of them anew.
    for origin in _ORIGIN.finditer(text):
        if origin.end() >= end:
            return text[: origin.start()]
    return text


def _sections(text: str) -> Iterator[tuple[bool, str]]:
    """The lists of a text by direction ("up: CD3D; down: LYZ"), each with whether its genes are absent."""
    text = _SIGN_LABEL.sub(r"; \g<sign>: ", _SHORT_LABEL.sub(r"\1 \2", text), count=_MOST_SIGN_LABELS)
    labels = [label for found in _DIRECTION.finditer(text) if (label := _label(found))]
    labels = [label for label in labels if not _NUMBER.match(text, label.end)]
    if not labels:
        yield False, text
        return
    if text[: labels[0].start].strip(EDGES + ",;"):
        yield False, text[: labels[0].start]
    for label, end in zip(labels, [*(label.start for label in labels[1:]), len(text)], strict=True):
        yield label.says_absent, text[label.end : end].strip(" ;,|\n")


def _label(found: re.Match[str]) -> _Label | None:
    """The direction that a label says, also one right behind genes ("CD3D CD3E down: LYZ")."""
    if is_direction_word(found["label"]):
        return _Label(found.start(), found.end(), is_absent_word(found["label"]))
    if (behind := _BEHIND_GENES.fullmatch(found["label"])) and all(map(is_recognised, behind["genes"].split())):
        return _Label(found.start("label") + behind.start("word"), found.end(), is_absent_word(behind["word"]))
    return None


def _inside(text: str) -> str:
    """What is inside of brackets around the whole text, which may have a label before them ("T cells (CD3D, CD3E)")."""
    text = text.strip()
    if found := _CALL.fullmatch(text):
        return found["inside"]
    if (found := _LABELLED.fullmatch(text)) and (len(found["label"]) == 1 or not is_recognised(found["label"])):
        return found["inside"]
    return text[1:-1] if text[:1] + text[-1:] in ("[]", "()", "{}") else text


def _add(parts: Sequence[str], found: _Found, absent: bool, several: bool) -> None:
    """Add the gene of each part."""
    minus = [bool(_MINUS.match(part)) for part in parts]
    signed = any(_PLUS.match(part) for part in parts) and any(minus)
    bullets = len(parts) > 1 and all(minus)
    ranked = len(parts) > 1 and all(map(_RANKED.match, parts))
    for part, is_minus in zip(with_words_apart(parts), minus, strict=True):
        text = part.strip(EDGES + "[]{}").strip() if _CUT.search(part) else part.strip()
        if several and _CUT.fullmatch(text.strip("()")):
            found.is_cut = True
            continue
        if signed or bullets:
            text = _MINUS.sub("", _PLUS.sub("", text, count=1), count=1)
        gene, is_negative = gene_of(_RANKED.sub("", text) if ranked else text)
        if gene and not (gene in MISSING or (several and gene in _NOTHING)):
            found.parts.append((gene, absent or is_negative or (signed and is_minus)))


def _without_words(parts: list[tuple[str, bool]]) -> list[tuple[str, bool]]:
    """The genes where each has a word for its direction behind it, as a part of its own (CD3D,up,LYZ,down)."""
    genes, words = parts[::2], [word for word, _ in parts[1::2]]
    is_word = [is_direction_word(word) for word in words]
    if (
        len(words) < 2
        or len(genes) != len(words)
        or not all(is_word)
        or any(is_direction_word(one) for one, _ in genes)
    ):
        return parts
    return [(gene, absent or is_absent_word(word)) for (gene, absent), word in zip(genes, words, strict=True)]


def _without_numbers(parts: list[tuple[str, bool]]) -> tuple[list[tuple[str, bool]], tuple[str, ...], str]:
    """The genes among the parts of a list, the numbers that belong to none of them, and what is wrong with these."""
    is_number = [bool(_NUMBER.fullmatch(text)) for text, _ in parts]
    names = [part for part, number in zip(parts, is_number, strict=True) if not number]
    numbers = [text for (text, _), number in zip(parts, is_number, strict=True) if number]
    if not numbers or (len(numbers) > len(names) and all(map(ENTREZ.pattern.fullmatch, numbers))):
        return parts, (), ""  # Entrez ids
    if len(names) == len(numbers) and (all(is_number[1::2]) or all(is_number[::2])):
        absent = [number.startswith(("-", "−")) for number in numbers]
        return [(name, down or minus) for (name, down), minus in zip(names, absent, strict=True)], (), ""
    below = [number for number in numbers if number.startswith(("-", "−"))]
    problem = (
        f"number {below[0]} among the genes may say that one is down; write each number at its gene, as in CD3D:3.2"
        if below and names
        else ""
    )
    return names, tuple(numbers), problem
