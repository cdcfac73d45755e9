"""One gene of a list, without the numbering, values, signs, words and remarks that are written at it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from cassia_engine.genes.expression_words import DOWN, UP, is_absent_word, is_direction_word
from cassia_engine.genes.ids import is_id
from cassia_engine.genes.recognised import is_recognised
from cassia_engine.knowledge.known import is_symbol

EDGES = " \t\r\n\u00a0\u200b\ufeff\"'`“”‘’«»"
_LONGEST = 200  # a longer text is a sentence, and takes patterns long
_PROVEN = 2  # known genes with a word attached, to take such words from other names of their list
_NOTES = "*†‡§"
_NUMBERING = re.compile(r"^(?:\(?\d{1,3}[.):](?:\s+|(?=[A-Za-z]))|[-*–—#]\s+|#\d+\s+|(?:and|und|&)\s+)")
_FLOAT = r"[x×]?[-+−]?(?:\d+(?:[.,]\d+)?|\.\d+)(?:[eE][-+−]?\d+)?(?:\s*%|\s?[x×](?!\w)|[ -]?fold\b)?"
_STATISTIC = r"(?:\s+(?:(?:avg_)?(?:log2?)?fc|lfc|score|auc|p|padj|p_val\w*|fdr|z|pct\w*))?"
_VALUE = re.compile(
    rf"(?P<gene>[^\s:=(\[]\S*?(?: [^\s:=]\S*?)??){_STATISTIC}\s*"
    rf"(?:(?:[:=@<]\s*|[/|](?=[-+−]?\d*[.,]\d|[-+−]\d)|\s+(?=\S*[.,]\d|[-+−]\d))(?P<plain>{_FLOAT})"
    rf"|[(\[{{]\s*(?:[\w .]*[:=]\s*)?(?P<bracketed>{_FLOAT})(?:[,;/ ][^)\]}}]*)?[)\]}}])",
    re.IGNORECASE,
)
_RANK = re.compile(r"(?P<gene>\S+)\s+(?:(?P<factor>[x×])?\d{1,4}|(?P<times>\d{1,4})[x×])")
# Names that have a colon and a number in them: of zebrafish and fly genes without a symbol.
_COLON_NAME = re.compile(r"(?:zgc|si|im|wu|zmp|sb|cb|id|xx|dkey|ch\d+|[a-z]{1,3}[A-Z]?RNA|mt|Dmel|GeneID|LOC):\S+")
_QUOTED = re.compile(r"(['\"])(?P<gene>.+?)\1?(?P<rest>\s*:.*)|(?P<bare>[^'\"\s]+)['\"](?P<value>\s*:.*)")
_POSITIVE = re.compile(r"(?:\s*(?:\+|＋|⁺|\^\+|\(\+\)|\[\+\]|↑))+$")
_NEGATIVE = re.compile(r"\s*(?:[-−–⁻↓]+|\^-|\(-\)|\[-\]|(?:\b|(?<=[A-Z0-9]))(?:neg|negative)\.?)$", re.IGNORECASE)
_NOT = re.compile(
    r"(?:[!¬~↓](?=\s?\w)|[-−](?=[A-Za-z])|"
    r"(?:lack of|absence of|loss of|negative for|no|not|non|without|lacks?|lacking|w/o)\s+)"
    r"(?P<gene>\S.*)",
    re.IGNORECASE,
)
_WORDS = "|".join(sorted((word for word in UP | DOWN if word.isidentifier()), key=len, reverse=True))
_WORD_BEHIND = re.compile(
    rf"(?P<gene>\S+?)(?:\s*[:=(\[{{]\s*|\s+)(?P<word>(?:not[ _])?(?:{_WORDS}))\.?\s*[)\]}}]?", re.IGNORECASE
)
# Also without a space, as in flow cytometry.
_WORD_ATTACHED = re.compile(
    r"(?P<gene>\S+?)[-_]?(?P<word>low|lo|dim|negative|neg|high|hi|bright|positive|pos|int|mid|up|down)", re.IGNORECASE
)
_CAPITALS = re.compile(r"[A-Z][A-Z0-9]{2,}(?:-[A-Z0-9]+)*")
# Names in capitals need not be known: no gene's name ends so (PILRAhi).
_CAPITALS_ATTACHED = re.compile(
    rf"(?P<gene>{_CAPITALS.pattern})[-_]?(?P<word>low|lo|dim|neg|high|hi|bright|pos|int|mid)"
)
# Also with a sign between, as SCINA has it: low_CD3D.
_NEGATIONS = ("no", "not", "non", "minus")
_WORD_BEFORE = re.compile(rf"(?P<word>{_WORDS}|{'|'.join(_NEGATIONS)})(?:\s+|[_.:\-])(?P<gene>\S+)", re.IGNORECASE)
_REMARK = re.compile(r"(?P<gene>\S+?)\s*\((?P<remark>[^()]*[A-Za-z][^()]*)\)")
_LABEL = re.compile(r"(?P<label>[^:=,;|\n()]{1,60}?)\s*:(?P<space>\s*)(?=\S)")
_LABEL_WORDS = re.compile(
    r"\b(?:markers?|genes?|top|list|symbols?|features?|signature|canonical|cluster)\b", re.IGNORECASE
)
_BRACKETS = (("[", "]"), ("(", ")"), ("{", "}"))
_UP_BEFORE = re.compile(r"^[+↑](?=\s?[A-Za-z])\s?")


@lru_cache(maxsize=65536)
def gene_of(text: str) -> tuple[str, bool]:
    """The gene of a part of a list, and whether it is marked as absent or down; "" where nothing is left."""
    if len(text) > _LONGEST:
        return text.strip(EDGES), False
    text = without_label(_balanced(_balanced(_NUMBERING.sub("", text)).strip(_NOTES)))
    text = _UP_BEFORE.sub("", text)
    if found := _QUOTED.fullmatch(text):
        text = (found["gene"] or found["bare"]) + (found["rest"] or found["value"])
    if _is_name(text):
        return text, False
    if text.endswith(".") and text.strip("."):
        text = text.rstrip(".")
    if _is_name(text):
        return text, False
    if (found := _NOT.fullmatch(text)) and found["gene"]:
        return gene_of(found["gene"])[0], True
    is_negative = False
    if value := _value(text):
        text, numbers = value["gene"], value.groupdict()
        is_negative = (numbers.get("plain") or numbers.get("bracketed") or "").startswith(("-", "−"))
    text, is_absent = _without_word(text.rstrip(_NOTES).strip(EDGES))
    if not _is_name(text) and _NEGATIVE.search(text):
        return _balanced(_NEGATIVE.sub("", text)), True
    return _balanced(_POSITIVE.sub("", text)), is_negative or is_absent


def _value(text: str) -> re.Match[str] | None:
    """A gene with a number at it; a "*" is part of the name of an allele (HLA-DRB1*04:01)."""
    if "*" not in text.rstrip(_NOTES) and (found := _VALUE.fullmatch(text)):
        return found
    found = _RANK.fullmatch(text)
    is_gene = found and (
        is_recognised(found["gene"]) or ((found["factor"] or found["times"]) and _may_be_gene(found["gene"]))
    )
    return found if is_gene else None


def without_label(text: str) -> str:
    """The text without a label before its genes ("Markers: CD3D", "T cells: CD3D"); a gene with a value is none."""
    if not (found := _LABEL.match(text)):
        return text
    label, rest = found["label"].strip(), text[found.end() :]
    first = re.split(r"[,;\s]", rest, maxsplit=1)[0]
    is_gene = is_recognised(label) and not is_recognised(first)
    if not _LABEL_WORDS.search(label) and (not found["space"] or is_gene or _says_expression(first)):
        return text
    return rest


def _says_expression(first: str) -> bool:
    """Whether what stands behind a colon is a number or a word for the expression of the gene before it."""
    return bool(re.fullmatch(_FLOAT, first)) or is_direction_word(first)


def _without_word(text: str) -> tuple[str, bool]:
    """The text without a word for the gene's expression or a remark; whether that says absent."""
    if found := _WORD_BEHIND.fullmatch(text):
        return found["gene"], is_absent_word(found["word"])
    if (found := _WORD_BEFORE.fullmatch(text)) and is_recognised(found["gene"]):
        return found["gene"], is_absent_word(found["word"]) or found["word"].lower() in _NEGATIONS
    # Not is_recognised(text): CD27hi has the form of an antibody's target.
    if found := with_word(text):
        return found["gene"], is_absent_word(found["word"])
    if (found := _REMARK.fullmatch(text)) and _may_be_gene(found["gene"]) and not is_recognised(text):
        words = re.split(r"\W+", found["remark"].lower())
        return found["gene"], any(word in DOWN or word == "not" for word in words if word)
    return text, False


def absent_gene(text: str) -> str:
    """The known gene of a cell that says it is absent or low (low_CD3D, CD3D-, no CD3D); "" of any other."""
    if text.isalnum() or is_recognised(text):
        return ""
    gene, is_absent = gene_of(text)
    return gene if is_absent and is_recognised(gene) else ""


def _may_be_gene(text: str) -> bool:
    """Whether a text is a known gene or in capitals, as human symbols that are not known are (PILRA)."""
    return is_recognised(text) or bool(_CAPITALS.fullmatch(text))


def with_word(text: str) -> re.Match[str] | None:
    """A gene with a word for its expression attached, as `gene` and `word` (CD3Dhi); None for another text."""
    found = _WORD_ATTACHED.fullmatch(text)
    # Of a letter and a word is a gene of flies: tup.
    if found and len(found["gene"]) > 1 and is_recognised(found["gene"]) and not _is_name(text):
        return found
    found = _CAPITALS_ATTACHED.fullmatch(text)
    return found if found and not _is_name(text) else None


def with_words_apart(parts: Sequence[str]) -> list[str]:
    """The parts of a list with a blank before attached words, where known genes of it have such: Xyz1hi as Xyz1 hi."""
    found = [None if "(" in part else _WORD_ATTACHED.fullmatch(part.strip()) for part in parts]
    if sum(bool(match) and bool(with_word(match[0])) for match in found if match) < _PROVEN:
        return list(parts)
    return [
        f"{match['gene']} {match['word']}" if match and len(match["gene"]) > 2 and not _is_name(match[0]) else part
        for part, match in zip(parts, found, strict=True)
    ]


def _is_name(text: str) -> bool:
    return is_id(text) or is_symbol(text) or bool(_COLON_NAME.fullmatch(text))


def _balanced(text: str) -> str:
    """The text without brackets around it or left over at its ends; those of a name stay: Su(H)."""
    text = text.strip(EDGES)
    for opening, closing in _BRACKETS:
        while text.startswith(opening) and text.endswith(closing):
            text = text[1:-1].strip(EDGES)
        while text.endswith(closing) and text.count(closing) > text.count(opening):
            text = text[:-1].strip(EDGES)
        while text.startswith(opening) and text.count(opening) > text.count(closing):
            text = text[1:].strip(EDGES)
        text = text.removesuffix(opening).removeprefix(closing).removeprefix(opening + closing)
    return text.rstrip(":=").strip(EDGES)
