"""Files that are no tables, in notations that are easily written as one: marker files of Garnett, code, Markdown."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cassia_engine.errors import UsageError
from cassia_engine.genes.recognised import share
from cassia_engine.markers.lists.gene_lists import parse_genes

_REMEDY = "write each cluster with its genes in a line, such as T cells: CD3D, CD3E"
_ASSIGNED = re.compile(
    r"\s*[\w.]+\s*(?:=|<-)\s*(?:list\s*\(|dict\s*\(|\{|structure\s*\()|\s*(?:list|dict|structure)\s*\("
)
_NAMES_LIST = re.compile(r"\$(?:`[^`]+`|[\w.]+)\s*$")
_SECTION = re.compile(r"\[[^\[\]]+\]")
_ITEM = re.compile(r"[-*•]\s|[\w .+\-]+:\s")
_RULE = re.compile(r"\s*+\|?\s*+:?-{3,}+:?\s*+(?:\|\s*+:?-{3,}+:?\s*+)++\|?\s*+")


def refuse_notation(lines: Sequence[str], place: str) -> None:
    """Refuse a file whose first lines are no table's.

    Raises:
        UsageError: they are of another notation; says which, and what to do.
    """
    body = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    if not body:
        return
    if body[0].startswith(">") and len(body) > 1:
        raise UsageError(
            f"names of clusters behind >, as in marker files of Garnett; {_REMEDY}", path=place, code="garnett-markers"
        )
    if _ASSIGNED.match(body[0]):
        raise UsageError(f"this is code of R or Python; {_REMEDY}", path=place, code="program-code")
    if _NAMES_LIST.fullmatch(body[0]):
        raise UsageError(f"this is a list as R prints it; {_REMEDY}", path=place, code="r-list")
    if _SECTION.fullmatch(body[0]) and any("=" in line for line in body[1:2]):
        raise UsageError(
            f"names of clusters in [], as in INI and TOML files; {_REMEDY}", path=place, code="ini-sections"
        )
    if body[0] == "---" or (body[0].endswith(":") and any(map(_ITEM.match, body[1:2]))):
        raise UsageError(f"names of clusters above their genes, as in YAML; {_REMEDY}", path=place, code="yaml-lists")
    if any(map(_RULE.fullmatch, body[1:3])):
        raise UsageError("this is a table of Markdown; save it as CSV or TSV", path=place, code="markdown-table")


def is_remark(genes: str) -> bool:
    """Whether this is words rather than genes, of whatever species: none known, nor with a capital or a digit."""
    words = re.findall(r"\w+", genes)
    found = parse_genes(genes).genes
    return len(words) > 1 and not share(found) and not re.search(r"[A-Z\d]", "".join(words))
