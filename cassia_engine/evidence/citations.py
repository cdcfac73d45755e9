"""How models write genes: with markup, numbers, remarks and short forms around the symbol.

    **CD3D**   `CD3D`   <b>CD3D</b>   1. CD3D   CD3D+   CD3D high   CD3D: 5.2   CD3D (CD3 delta)   CD3D/CD3E   S100A8/A9

Only text is taken apart here; which of the names are listed is decided by whoever asks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from cassia_engine.replies.markup import without_markup

_BRACKETS = re.compile(r"\(([^()]*)\)|\[([^\[\]]*)\]|\{([^{}]*)\}")
_REMARK = re.compile(r"[:=]|\s[-–—]+\s|\s*[—→]\s*|\s*[-=]>\s*|\s--+\s*")
_BETWEEN = re.compile(r"\s*(?:[/,;&|+<>、，；·・和与及]|\b(?:and|or|plus)\b)\s*")
_LEVEL = re.compile(
    r"(?<=\w)[-‐‑–−](?=(?:positive|pos|expressing|high|hi|low|lo|dim|bright|negative|neg)\b)", re.IGNORECASE
)
_NEGATIVE = re.compile(
    r"\b(?:no|not|non|without|lacks?|lacking|absent|absence|missing|loss|minus|negative|neg|undetected|undetectable"
    r"|unlike|versus|vs)\b"
    r"|^[^\s-][^\s]*[-−–]$",
    re.IGNORECASE,
)
_GREEK_LETTERS = "αβγδεζκ"
_GREEK = str.maketrans(_GREEK_LETTERS, "ABGDEZK")
_NOT_THERE = frozenset(
    {"-", "−", "neg", "negative", "absent", "low/absent", "not there", "missing"}
    | {f"not {word}" for word in ("expressed", "detected", "found", "listed", "present")}
)
_GREEK_WORD = re.compile(r"[-‐‑ ]?\b(alpha|beta|gamma|delta|epsilon|zeta)\b", re.IGNORECASE)
_GREEK_END = re.compile(r"(?<=[A-Z0-9])(alpha|beta|gamma|delta|epsilon|zeta)$")
ENSEMBL_ID = r"ENS[A-Z]{0,4}G\d{11}(?:\.\d+)?"
_GENE_ID = re.compile(rf"[_|:.-]?\b{ENSEMBL_ID}[_|:-]?|[_|:.-]{ENSEMBL_ID}$")
_KERATIN = re.compile(r"^(?:(?:cyto)?keratin|CK)[- ]?(?=\d)", re.IGNORECASE)
# Also a head without brackets behind it, so that no text is looked at twice.
_SHARED_HEAD = re.compile(r"\b(\w[\w-]*+)(?:[(\[{](\w{1,5}(?:\s?[/,|&]\s?\w{1,5})+)[)\]}])?")
_DASH = re.compile(r"(?<=\w)[-‐‑–—−](?=\w)")
_LEVEL_WITHIN = re.compile(r"(?:high|hi|low|lo|dim|bright|pos|int)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Cited:
    """A citation taken apart.

    Attributes:
        text: the citation without markup.
        names: what stands at its head, one entry for each of "CD3D/CD3E"; none where the head is a negative
            ("no CD3D", "CD3D-").
        negative: whether it is.
        remarks: what stands in brackets or behind a colon or dash.
    """

    text: str
    names: tuple[str, ...]
    remarks: tuple[str, ...] = ()
    negative: bool = False


def read(text: str) -> Cited:
    """Take a citation apart; never an exception."""
    plain = without_markup(text)
    remarks: list[str] = []

    def note(match: re.Match[str]) -> str:
        remarks.append(next(filter(None, match.groups()), ""))
        return " "

    bare = _BRACKETS.sub(note, plain)
    head, *rest = _REMARK.split(bare, maxsplit=1)
    if not head.strip() and rest:
        head, rest = rest[0], []
    head = _LEVEL.sub(" ", head).strip()
    said = (*remarks, *(part.strip() for part in rest))
    if _NEGATIVE.search(head) or any(map(_is_negative, said)):
        return Cited(plain, (), negative=True)
    first, *others = _BETWEEN.split(head)
    names = (first, *(part.lstrip("-–−") for part in others))
    return Cited(plain, tuple(filter(None, (name.strip(" .!?'") for name in names))), said)


def written_out(citation: str) -> str:
    """A citation with each of several genes in full or set apart: S100A(8/9), S100A8-A9, CD3D-CD3E."""
    plain = _SHARED_HEAD.sub(_each_in_full, citation)
    return _DASH.sub("/", plain) if plain == citation else plain


def _each_in_full(match: re.Match[str]) -> str:
    return "/".join(match[1] + part.strip() for part in re.split("[/,|&]", match[2])) if match[2] else match[0]


def names_chain(name: str) -> bool:
    """Whether a Greek letter follows a protein's name: "CD3 delta" is one gene of CD3's."""
    return bool(_GREEK_WORD.search(name))


def variants(name: str) -> Iterator[str]:
    """The name, and other ways to write it: Greek letters spelled, other joints, no level or id of a gene beside it."""
    yield name
    for other in (
        name.translate(_GREEK),
        re.sub(f"[{_GREEK_LETTERS}]", "", name),
        _GREEK_WORD.sub(_initial, name),
        _GREEK_END.sub(_initial, name),
        name.replace("_", "-"),
        re.sub(r"[-_ ]", "", name),
        _LEVEL_WITHIN.sub("", name),
        _GENE_ID.sub("", name),
        _KERATIN.sub("KRT", name),
    ):
        if other != name and other:
            yield other


def _initial(match: re.Match[str]) -> str:
    return match[1][0].upper()


def _is_negative(remark: str) -> bool:
    """Whether a remark says no more than that the gene is not there: (negative), (-), (not detected)."""
    return remark.strip().casefold() in _NOT_THERE
