"""How a line has the name of a set before its genes: with a colon, =, or a dash, also as an item of Markdown."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cassia_engine.genes.recognised import is_recognised, share

# Shares of lists that start with words, and of known genes behind these.
_NEARLY_ALL, _KNOWN = 0.8, 0.5
_LEAST_NAMED = 3  # lists, to tell a name of one word from a gene
_BULLET, _BOLD = r"\s*(?:[-*•–]\s+)?(?:\*\*)?", r"(?:\*\*)?"
# Brackets may have any sign in them: "T cells (n=120): CD3D".
_NAME = r"(?:[^\t:;,=*()\[\]]|\([^()\t]{0,40}\)|\[[^\[\]\t]{0,40}\]){1,80}?"
LABELS = (
    # "0: T cells: CD3D, CD3E"
    re.compile(
        rf"{_BULLET}(?P<label>[^\t:;,=*]{{1,40}}:\s{{1,9}}(?P<more>[^\t:;,=*]{{2,60}}?)){_BOLD}\s*:{_BOLD}\s*(?P<genes>\S.*)"
    ),
    *(
        re.compile(rf"{_BULLET}(?P<label>{_NAME}){_BOLD}\s*{sign}{_BOLD}\s*(?P<genes>\S.*)")
        for sign in ("[:：]", "=", r"\s[-–—]\s")
    ),
    # "T cells, CD4: CD3D, CD3E", also with values: "T cells, CD4: CD3D:3.2, CD3E:2.1"
    re.compile(
        rf"{_BULLET}(?P<label>[^\t:;=*]{{1,80}}?){_BOLD}\s*:{_BOLD}\s*"
        r"(?P<genes>[^\d\s.:+\-][^:]*(?::\s?[+\-−]?[\d.][^:]*)*)"
    ),
)
_SIGN = re.compile(r"\s{0,3}(?:-{1,2}>|=>|<-|:=|[→⇒⟶|¦:=]|(?<=\s)(?:[-–—]{1,2}|>|~)(?=\s))\s{0,3}")
_MOST_SIGNS, _LONGEST = 4, 200  # in front of a line's genes
_FIRST = re.compile(r"(?:c(?=\())?[\[({'\"\s]*(?P<gene>[^,;|\s'\"\])}]+)['\"]?\s*(?:$|[,;|\s\])}])")
_QUOTED = re.compile(r"(['\"`])(?P<label>[^'\"`]+)\1")
_ELEMENT = re.compile(r"\w[\w.]*(?:\$`?(?P<name>[\w. ]+)`?|\[{1,2}['\"](?P<key>[^'\"]+)['\"]\]{1,2})")
# A label and the first gene behind it, as a comma cuts them off.
_LABELLED = re.compile(r"[^:]{1,80}:\s+[A-Za-z]\S*$")

_WORDS = re.compile(r"[\w+/ \-]+")  # no brackets or quotes of a list, no values


def part_label(line: str) -> tuple[str, str] | None:
    """Label and genes of a line, parted by the first sign that has a known gene behind it: an arrow, a bar, a dash."""
    for number, found in enumerate(_SIGN.finditer(line, 0, _LONGEST)):
        label, genes = line[: found.start()].strip(), line[found.end() :]
        first = _FIRST.match(genes[:_LONGEST])
        if label and first and is_recognised(first["gene"]) and not _begins_with_word(genes):
            return label, genes
        if number == _MOST_SIGNS:
            break
    return None


def _begins_with_word(genes: str) -> bool:
    """Whether the text before the first sign is a name that begins with a gene: "CD4 T cells -> CD3D"."""
    words = re.split(r"[,;|]", _SIGN.split(genes[:_LONGEST], maxsplit=1)[0], maxsplit=1)[0].split()
    return len(words) > 1 and sum(map(is_recognised, words)) < len(words)


def plain_label(label: str) -> str:
    """A label without quotes around it, or the code of R or Python that names an element: markers$T, m["T"]."""
    if found := _ELEMENT.fullmatch(label):
        return found["name"] or found["key"]
    return found["label"] if (found := _QUOTED.fullmatch(label)) else label


def is_labelled(field: str) -> bool:
    """Whether a field is a label and the first gene of a list."""
    found = _LABELLED.match(field)
    return bool(found) and is_recognised(field.rpartition(" ")[2])


def start_with_names(lists: Sequence[str]) -> bool:
    """Whether nearly all lists have words before their first comma that are no gene, and known genes behind it.

    A single word may be a gene that is not known; of three lists and more hardly all start with such.
    """
    fields = [genes.split(",") for genes in lists]
    words = [found[0].split() if _WORDS.fullmatch(found[0].strip()) else [] for found in fields]
    named = [
        (len(some) > 1 or (some and len(lists) >= _LEAST_NAMED)) and len(found) > 2 and _is_hardly_known(some)
        for found, some in zip(fields, words, strict=True)
    ]
    known = [gene.strip() for found in fields for gene in found[1:] if gene.strip()]
    return sum(map(bool, named)) >= _NEARLY_ALL * max(len(named), 1) and share(known) >= _KNOWN


def _is_hardly_known(words: Sequence[str]) -> bool:
    return 2 * sum(len(word) > 1 and is_recognised(word) for word in words) < len(words)
