"""Negations in a typed list: "lacks EPCAM and KRT8" and "EPCAM and KRT8 negative" say it of each gene of the phrase."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from cassia_engine.errors import quoted, shown
from cassia_engine.genes.expression_words import DOWN, UP, is_direction_word
from cassia_engine.genes.recognised import is_recognised
from cassia_engine.genes.shared_signs import unclear_dash, unclear_sign

_LONGEST = 200  # a longer piece is a sentence, and takes patterns long
_DOWN_WORDS = "|".join(sorted((word for word in DOWN if word.isascii() and word[0].isalpha()), key=len, reverse=True))
_UP_WORDS = "|".join(sorted((word for word in UP if word.isascii() and word[0].isalpha()), key=len, reverse=True))
# These govern a whole enumeration ("negative for EPCAM, KRT8").
_GOVERNS = (
    r"(?:(?:is|are)\s+)?(?:negative|neg|low|depleted|deficient)\s+(?:for|of|in)|lack(?:s|ing)?(?:\s+of)?"
    r"|(?:the\s+)?(?:absence|loss|lack|depletion|down-?regulation|repression)\s+of|absent\s+for|without|w/o|devoid\s+of"
    r"|do(?:es)?\s+not\s+express|(?:is|are)\s+not\s+expressing|not\s+expressing|not\s+positive\s+for"
    r"|(?:no|low|lower|reduced|decreased|weak|little)\s+(?:expression|levels?)\s+of|excluding|exclud(?:es?|ed)|except(?:\s+for)?"
    r"|down-?regulat(?:es?|ing)|neither|minus"
    r"|rather\s+than|instead\s+of|as\s+opposed\s+to|unlike|versus|vs\.?|(?:compared|relative)\s+(?:to|with)"
    r"|(?:neg(?:ative)?\.?|absent|down-?regulated|not\s+expressed)\s+(?:markers?|genes?)(?:\s+(?:are|include|including))?"
)
# After these, it may be said of the first gene only ("no EPCAM, KRT8").
_NOT = "no|not|nor"
_WITH = r"(?:(?:and|or|with|also)\s+)*"
_LEADS = (
    re.compile(rf"(?P<before>(?:.*?\s)??){_WITH}(?P<word>{_GOVERNS})\s+(?P<genes>\S.*)", re.IGNORECASE),
    re.compile(rf"(?P<before>(?:.*?\s)??){_WITH}(?P<word>{_NOT})\s+(?P<genes>\S.*)", re.IGNORECASE),
    re.compile(rf"(?P<before>\s*){_WITH}(?P<word>{_DOWN_WORDS})\s+(?P<genes>\S.*)", re.IGNORECASE),
)
_BEHIND = re.compile(
    rf"(?:both\s+)?(?P<genes>\S.*?)\s+(?P<verb>(?:is|are|both|all|being)\s+)?(?:not\s+expressed|{_DOWN_WORDS})\.?",
    re.IGNORECASE,
)
_ANY = re.compile(rf"\b(?:{_GOVERNS}|{_NOT}|{_DOWN_WORDS})(?![\w+])", re.IGNORECASE)
_CONJUNCTION = re.compile(r"\s*(?:[/&]|\+(?=\s)|\b(?:and|or|nor)\b)\s*", re.IGNORECASE)
_BETWEEN = re.compile(r"\s*(?:[/&]|\+(?=\s)|\b(?:and|or|nor)\b|\s)\s*", re.IGNORECASE)
# What says of a gene by itself whether it is expressed.
_SAID = re.compile(
    rf"(?:^|\s)[+\-−↑↓!¬~]|[+\-−↑↓](?:\s|$)|[:=<>(\[]|\b(?:{_UP_WORDS}|{_DOWN_WORDS})(?![\w\-])", re.IGNORECASE
)
_BOTH = re.compile(rf"\b(?:both|all)\s+(?:{_DOWN_WORDS})\b", re.IGNORECASE)
_WORD_IN_BRACKETS = re.compile(rf"\s*[(\[]\s*(?P<word>{_NOT}|{_DOWN_WORDS})\s*[)\]]\s*(?=\w)", re.IGNORECASE)
_DOWN_WORD = re.compile(_DOWN_WORDS, re.IGNORECASE)
_MINUS, _PLUS = re.compile(r"\s*[-−]\s*(?=[A-Za-z])"), re.compile(r"\s*\+\s*(?=[A-Za-z])")
_SLASHES = re.compile(r"\s*/\s*")
_VERSUS = re.compile(r"\bvs\.\s")
# "↑ CD3D, CD3E ↓ LYZ, CD14": an arrow for each list, and not for each gene.
_ARROWS = re.compile(r"\s*(?P<one>[↑↓])(?=[^↑↓]*\w[,;\s]++\w)(?P<first>[^↑↓]++)(?P<other>[↑↓])(?P<second>\s*\w[^↑↓]*)")
_NAME_LIKE = re.compile(r"[A-Za-z][\w.\-]*[A-Z0-9][\w.\-]*")
_FIRST_WORD = re.compile(r"^\s*(?:and|or|nor|&)\s+", re.IGNORECASE)
_SEPARATOR = re.compile(r"(\s*[,，、]\s*|\s*[;；\n\r\t|]\s*|\.\s+|\s+but\s+)")
_BRACKETS = re.compile(r"\((?P<inside>[^()]{1,200})\)")
_LABELLED = re.compile(r"\s*(?P<label>[A-Za-z+\-−↑↓][\w \-]{0,40}?)\s*[:=]\s*(?P<genes>[^\d\s\-−.].*)")
_COMMAS = (",", "，", "、")
_REMEDY = "write it at each gene, as in EPCAM low, KRT8 low"


@dataclass(slots=True)
class _Clause:
    """The pieces between two stronger signs than a comma, as they are written anew.

    Attributes:
        written: the pieces so far.
        governed: a negation that reaches the pieces behind it.
        pending: a negation that may reach them.
        plain: the piece before is a gene of which nothing is said.
        several: the list has further pieces.
    """

    written: list[str] = field(default_factory=list)
    governed: bool = False
    pending: str = ""
    plain: bool = False
    several: bool = False


def spread(text: str) -> tuple[str, str]:
    """The list with each negation at every gene that it reaches; why that cannot be told, "" if it can."""
    text = _VERSUS.sub("vs ", text)
    pieces = _SEPARATOR.split(text)
    text, problem = _with_minus(text, pieces)
    problem = problem or unclear_dash(text)
    if not problem and (unclear := unclear_sign(text)):
        problem = f"{unclear}; {_REMEDY}"
    if problem or not _ANY.search(text):
        return text, problem
    problem = _unclear_brackets(text)
    pieces = _SEPARATOR.split(text)
    clause = _Clause(several=len(pieces) > 1)
    for piece, sign in zip(pieces[::2], [*pieces[1::2], ""], strict=True):
        problem = problem or _add(clause, piece)
        clause.written.append(", " if sign.strip() == "but" else sign)
        if sign.strip() not in _COMMAS:
            clause = _Clause(clause.written, several=clause.several)
    return "".join(clause.written), problem


def _with_minus(text: str, pieces: Sequence[str]) -> tuple[str, str]:
    """The list with "not" for a minus behind a comma ("CD3D, - EPCAM"); at the start of a line it is a bullet."""
    inside = [
        bool(_MINUS.match(piece)) and sign.strip() in _COMMAS
        for sign, piece in zip(["\n", *pieces[1::2]], pieces[::2], strict=True)
    ]
    if not any(inside) or "\n" in text or any(map(_PLUS.match, pieces[::2])):
        return text, ""
    if _MINUS.match(pieces[0]):
        return text, f"whether the minus signs in {quoted(text)} are bullets or say absent cannot be told; {_REMEDY}"
    written = [
        _MINUS.sub("not ", piece, count=1) if is_minus else piece
        for piece, is_minus in zip(pieces[::2], inside, strict=True)
    ]
    return "".join(part for pair in zip(written, [*pieces[1::2], ""], strict=True) for part in pair), ""


def _unclear_brackets(text: str) -> str:
    """Why it cannot be told what brackets say of which genes."""
    if found := _BOTH.search(text):
        return f"of which genes {quoted(found[0])} is said cannot be told; {_REMEDY}"
    for bracket in _BRACKETS.finditer(text):
        if _is_about_others(bracket["inside"]):
            return f"{quoted(bracket[0])} says of genes in brackets that they are low or absent; {_REMEDY}"
    return ""


def labelled_brackets(text: str) -> tuple[str, list[tuple[str, str]]]:
    """The text without brackets of genes under a direction ("CD6 (down: EPCAM)"), and these: direction and genes."""
    found: list[tuple[str, str]] = []

    def taken(match: re.Match[str]) -> str:
        inside = _LABELLED.fullmatch(match["inside"])
        if not inside or not is_direction_word(inside["label"]):
            return match[0]
        found.append((inside["label"], inside["genes"]))
        return ""

    return _BRACKETS.sub(taken, text), found


def labelled_arrows(text: str) -> str:
    """The text with words for two arrows that each stand before a list."""
    if not (found := _ARROWS.fullmatch(text)) or found["one"] == found["other"]:
        return text
    one, other = ("up" if found[name] == "↑" else "down" for name in ("one", "other"))
    return f"{one}: {found['first'].strip(' ,;.')}; {other}: {found['second']}"


def _is_about_others(inside: str) -> bool:
    """Whether brackets hold genes and say of these, rather than of the gene before, that they are absent."""
    if not _ANY.search(inside):
        return False
    return any(len(word) > 1 and is_recognised(word.rstrip("+-")) for word in _BETWEEN.split(inside.replace(",", " ")))


def _add(clause: _Clause, piece: str) -> str:
    """Write a piece anew; why what it says cannot be told."""
    follows_plain, clause.plain = clause.plain, False
    if len(piece) > _LONGEST or not piece.strip():
        clause.written.append(piece)
        return ""
    piece = _WORD_IN_BRACKETS.sub(lambda found: f"{found['word']} ", piece, count=1)
    if lead := _lead(piece):
        return _add_lead(clause, lead)
    if clause.several and (lead := _LEADS[0].fullmatch(piece)) and len(_genes(lead["before"])) == 1:
        return f"which genes {quoted(piece.strip())} says to be absent cannot be told; {_REMEDY}"
    if several := _several_before(piece):
        clause.governed, clause.pending = False, ""
        clause.written.append(_negated(several))
        what = f"whether the genes before {quoted(piece)} are meant too cannot be told; {_REMEDY}"
        return what if follows_plain and not _SLASHES.search(piece) else ""
    if clause.several and _is_within(piece):
        return f"for which genes the word in {quoted(piece)} is meant cannot be told; {_REMEDY}"
    if len(parts := _SLASHES.split(piece)) > 1 and all(map(_SAID.search, parts)):
        piece = ", ".join(parts)
    genes = _genes(_FIRST_WORD.sub("", piece))
    clause.plain = not _SAID.search(piece) and (clause.governed or all(map(is_recognised, genes)))
    clause.written.append(_negated(genes) if clause.plain and clause.governed else piece)
    pending = clause.pending
    if not clause.plain:
        clause.governed, clause.pending = False, ""
        return ""
    return f"whether {pending} is meant for {shown(piece.strip())} too cannot be told; {_REMEDY}" if pending else ""


def _add_lead(clause: _Clause, lead: re.Match[str]) -> str:
    """Write genes with the negation before them, and remember it for the pieces behind."""
    before, genes = _genes(lead["before"]), _genes(lead["genes"])
    clause.governed = lead.re is _LEADS[0]
    clause.pending = "" if clause.governed else lead["word"]
    clause.written.append(", ".join(filter(None, (", ".join(before), _negated(genes)))))
    if _SAID.search(lead["genes"]):
        return f"which genes {quoted(lead[0].strip())} says to be absent cannot be told; {_REMEDY}"
    return ""


def _lead(piece: str) -> re.Match[str] | None:
    """A negation before genes, if nothing but genes stands around it."""
    for pattern in _LEADS:
        found = pattern.fullmatch(piece)
        governs = pattern is _LEADS[0]
        if found and all(
            is_recognised(one) or (governs and _NAME_LIKE.fullmatch(one)) for one in _genes(found["before"])
        ):
            genes = _genes(found["genes"])
            if governs or (all(map(is_recognised, genes)) and not _SAID.search(found["genes"])):
                return found
    return None


def _several_before(piece: str) -> Sequence[str]:
    """The genes of a piece such as "EPCAM and KRT8 negative"; none where a single gene has its own word."""
    found = _BEHIND.fullmatch(piece.strip())
    if not found:
        return ()
    genes = _CONJUNCTION.split(_FIRST_WORD.sub("", found["genes"]))
    return genes if all(map(is_recognised, genes)) and (len(genes) > 1 or found["verb"]) else ()


def _is_within(piece: str) -> bool:
    """Whether a word stands between genes, and may be said of those before it or behind ("CD3E down EPCAM")."""
    words = piece.split()
    at = [bool(_DOWN_WORD.fullmatch(word)) for word in words]
    genes = [word for word, is_word in zip(words, at, strict=True) if not is_word]
    return any(at[1:-1]) and not at[0] and not at[-1] and all(map(is_recognised, genes))


def _negated(genes: Sequence[str]) -> str:
    return ", ".join(f"not {gene}" for gene in genes)


def _genes(text: str) -> list[str]:
    return [gene for gene in _BETWEEN.split(text.strip().rstrip(".")) if gene]
