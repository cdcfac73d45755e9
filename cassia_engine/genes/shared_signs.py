"""A sign or word for absence behind several genes that slashes or brackets hold together: of which is it said?"""

from __future__ import annotations

import re

from cassia_engine.errors import quoted
from cassia_engine.genes.recognised import is_recognised

# "EPCAM/KRT8-"
_SLASHED = re.compile(
    r"(?<![\w/+\-−⁻])(?P<genes>(?:[A-Za-z]\w*/)+(?P<last>[A-Za-z]\w*?)(?:[-−⁻]|low|lo|dim|neg))(?![\w/])"
)
# "(EPCAM, KRT8)-", "(EPCAM/KRT8) negative"
_BRACKETED = re.compile(
    r"\((?P<inside>[^()]{1,200})\)\s?(?:[-−⁻](?!\w)|(?:negative|neg|low|lo|dim|absent|down)\b)", re.IGNORECASE
)
# "CD3D - 3.2, CD3E - 2.8"
_DASHED = re.compile(r"(?:^|[,;])\s?(?P<gene>[A-Za-z][\w.\-]{0,40}) [-−–—] \d[\d.]{0,20}(?=\s?(?:[,;]|$))")
_BETWEEN = re.compile(r"[\s,;/&+]+")


def unclear_sign(text: str) -> str:
    """Why it cannot be told of which genes such a sign is said; "" where there is none."""
    for found in _BRACKETED.finditer(text):
        genes = [word for word in _BETWEEN.split(found["inside"]) if word]
        if len(genes) > 1 and all(len(gene) > 1 and is_recognised(gene) for gene in genes):
            return f"whether {quoted(found[0])} says absent of each gene cannot be told"
    for found in _SLASHED.finditer(text):
        genes = [*found["genes"].split("/")[:-1], found["last"]]
        if all(map(is_recognised, genes)) and not is_recognised(found["genes"]):
            return f"whether the sign in {quoted(found['genes'])} is said of each gene cannot be told"
    return ""


def unclear_dash(text: str) -> str:
    """Why it cannot be told whether numbers behind dashes are below 0; "" where there are none."""
    found = _DASHED.search(text)
    if not found or not is_recognised(found["gene"]):
        return ""
    dashed = quoted(found[0].strip(" ,;"))
    return f"whether the number in {dashed} is below 0 cannot be told; write CD3D:3.2 or CD3D:-3.2"
