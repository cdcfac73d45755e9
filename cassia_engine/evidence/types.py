"""Whether a label names a cell type, or a gene in its place."""

from __future__ import annotations

import re
from collections.abc import Callable

from cassia_engine.evidence.citations import ENSEMBL_ID
from cassia_engine.evidence.genes import GeneList
from cassia_engine.knowledge.known import is_symbol
from cassia_engine.replies.markup import without_markup

CellTypeId = Callable[[str], str]

_BESIDE_GENES = re.compile(
    r"\b(?:cells?|positive|pos|expressing|high|hi|bright|gene|genes|marker|markers|population|cluster|and)\b"
    r"|[+/,;&()-]+(?=\s|$)|[+/,;&()]",
    re.IGNORECASE,
)


# Behind a symbol: "NKG7hi", "NKG7-positive".
_LEVEL = re.compile(r"(?<=\w)[-‐–]?(?:high|hi|low|lo|dim|bright|pos|positive|expressing)\b")
_GENE_ID = re.compile(ENSEMBL_ID)


def is_gene(label: str, genes: GeneList, cl_id: CellTypeId) -> bool:
    """Whether a label is nothing but genes ("AIF1", "CD3D+ cells"). What the Cell Ontology has is a type (pDC, SST).

    Args:
        cl_id: the Cell Ontology id of a label, "" if it has none.
    """
    if cl_id(label):
        return False
    words = _BESIDE_GENES.sub(" ", _LEVEL.sub(" ", without_markup(label.replace("^", " ")))).split()
    return bool(words) and all(_is_symbol(word, genes) for word in words)


def _is_symbol(word: str, genes: GeneList) -> bool:
    # Written as symbols are: in cDC2, a cell type, the old name of a gene is not meant.
    if _GENE_ID.fullmatch(word):
        return True
    written = len(word) > 2 and (word == word.upper() or word == word.capitalize())
    return written and (genes.knows(word) or is_symbol(word))
