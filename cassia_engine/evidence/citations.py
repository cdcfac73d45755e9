"""How models write genes: with markup, numbers, remarks and short forms around the symbol.

    **CD3D**   `CD3D`   <b>CD3D</b>   1. CD3D   CD3D+   CD3D high   CD3D: 5.2   CD3D (CD3 delta)   CD3D/CD3E   S100A8/A9

Only text is taken apart here; which of the names are listed is decided by whoever asks.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

_LONGEST = 300  # characters of a citation that are read
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,80}>")
_LINK = re.compile(r"\[([^\[\]]*)\]\([^()\s]*\)")
_LATEX = re.compile(r"\\[a-zA-Z]+\{([^{}]*)\}")
_NUMBERING = re.compile(r"^\s*(?:#?\(?\d{1,3}[.):]\s*(?=[^\W\d])|#\d{1,3}\s+|[-*•·–—]\s+)")
_MARKUP = re.compile(r"[*`~^$\"“”„‘’«»\\]|(?<![^\W_])_+|_+(?![^\W_])|(?<!\w)'|'(?!\w)")
_BRACKETS = re.compile(r"\(([^()]*)\)|\[([^\[\]]*)\]|\{([^{}]*)\}")
_REMARK = re.compile(r"[:=]|\s[-–—]+\s|\s*[—→]\s*|\s*[-=]>\s*|\s--+\s*")
_BETWEEN = re.compile(r"\s*(?:[/,;&|+、，；]|\b(?:and|or|plus)\b)\s*")
_LEVEL = re.compile(r"(?<=\w)-(?=(?:positive|pos|expressing|high|hi|low|lo|dim|bright|negative|neg)\b)", re.IGNORECASE)
_NEGATIVE = re.compile(
    r"\b(?:no|not|non|without|lacks?|lacking|absent|absence|negative|neg|undetected|unlike|versus|vs)\b"
    r"|^[^\s-][^\s]*[-−–]$",
    re.IGNORECASE,
)
_GREEK_LETTERS = "αβγδεζκ"
_GREEK = str.maketrans(_GREEK_LETTERS, "ABGDEZK")
_RUNS = re.compile(r"\d+|[^\W\d_]+")
_NOT_THERE = frozenset(
    {"-", "−", "neg", "negative", "absent", "low/absent", "not there"}
    | {f"not {word}" for word in ("expressed", "detected", "found", "listed", "present")}
)
_LEVEL_WITHIN = re.compile(r"(?:high|hi|low|lo|dim|bright|pos|int)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Cited:
    """A citation taken apart.

    Attributes:
        text: the citation without markup.
        names: what stands at its head, one entry for each of "CD3D/CD3E"; none where the head is a negative
            ("no CD3D", "CD3D-").
        remarks: what stands in brackets or behind a colon or dash.
    """

    text: str
    names: tuple[str, ...]
    remarks: tuple[str, ...] = ()


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
    if _NEGATIVE.search(head) or any(_is_negative(remark) for remark in remarks):
        return Cited(plain, ())
    names = tuple(filter(None, (part.strip(" .!?'") for part in _BETWEEN.split(head))))
    return Cited(plain, names, (*remarks, *(part.strip() for part in rest)))


def without_markup(text: str) -> str:
    """A text without Markdown, HTML, LaTeX, quotes and numbers of a list."""
    plain = unicodedata.normalize("NFKC", html.unescape(text[:_LONGEST]))
    plain = "".join(sign for sign in plain if unicodedata.category(sign) != "Cf")
    plain = _LATEX.sub(r"\1", _LINK.sub(r"\1", _TAG.sub("", plain)))
    plain = _MARKUP.sub("", _NUMBERING.sub("", plain))
    return " ".join(_NUMBERING.sub("", plain).split()).strip(" .,;:")


def variants(name: str) -> Iterator[str]:
    """The name, and other ways to write it: Greek letters spelled, other joints, no level behind it."""
    yield name
    for other in (
        name.translate(_GREEK),
        re.sub(f"[{_GREEK_LETTERS}]", "", name),
        name.replace("_", "-"),
        re.sub(r"[-_ ]", "", name),
        _LEVEL_WITHIN.sub("", name),
    ):
        if other != name and other:
            yield other


def continued(base: str, part: str) -> Iterator[str]:
    """What a short form may stand for behind a gene: S100A9 for "A9" behind S100A8, CD3E for "E" behind CD3D.

    The longest common beginning first. What is replaced is written alike: whole numbers by numbers, letters by as many.
    """
    new = _RUNS.findall(part)
    for end in range(len(base) - 1, 1, -1):
        old = _RUNS.findall(base[end:])
        alike = len(old) <= len(new) and all(a[0].isdigit() == b[0].isdigit() for a, b in zip(old, new, strict=False))
        whole = not base[end - 1].isdigit() if old[:1] and old[0].isdigit() else True
        if old and alike and whole and (old[0].isdigit() or len(old[0]) <= len(new[0])):
            yield base[:end] + part


def _is_negative(remark: str) -> bool:
    """Whether a remark says no more than that the gene is not there: (negative), (-), (not detected)."""
    return remark.strip().casefold() in _NOT_THERE
