"""Names of antibodies' targets (CD3, CD45RA, HLA-DR) and the genes of these proteins, by data/antibody_targets.tsv."""

from __future__ import annotations

import re
from functools import cache, lru_cache

from cassia_engine import package_data
from cassia_engine.knowledge import genes

_CD = re.compile(r"CD\d{1,3}[A-Z]{0,2}", re.IGNORECASE)
_BETWEEN_NUMBERS = re.compile(r"(?<=[0-9])[^a-z0-9]+(?=[0-9])")
_SEPARATOR = re.compile(r"[-_ .(:/]+")
_MOST_PARTS = 3  # as many are looked at from the end


@lru_cache(maxsize=8192)
def target_genes(name: str) -> tuple[str, ...]:
    """The human symbols of the genes of an antibody's target, likeliest first; () for what is none.

    The table's targets are no gene symbols: CD4 and CD19, which are both, have their gene by their own name.
    """
    return _targets().get(_key(without_clone(name)), ())


def is_target(name: str) -> bool:
    """Whether antibodies of CITE-seq and the like have targets of such a name: CD numbers, and those of the table."""
    return bool(_CD.fullmatch(name)) or _key(name) in _targets()


def without_clone(name: str) -> str:
    """A target without what stands behind it: a clone (CD3-UCHT1, HLA.DR_L243), a number (CD38-1), a remark."""
    if is_target(name):
        return name
    ends = [found.start() for found in _SEPARATOR.finditer(name)][-_MOST_PARTS:]
    return next((name[:end] for end in reversed(ends) if is_target(name[:end])), name)


def is_protein_only(name: str) -> bool:
    """Whether this is an antibody's target, without a clone behind it, and no gene's symbol."""
    return _key(name) in _targets() and not genes.is_ortholog(name)


def _key(name: str) -> str:
    """A name as it is looked up: without signs, but for one between numbers (CD14-2 is not CD142)."""
    if name.isascii() and name.isalnum():  # nearly all names: there are no signs to look for
        return name.lower()
    return re.sub(r"[^a-z0-9_]", "", _BETWEEN_NUMBERS.sub("_", name.casefold().replace("_", "-")))


@cache
def _targets() -> dict[str, tuple[str, ...]]:
    named = [(protein, tuple(found.split())) for protein, found in package_data.rows("antibody_targets.tsv")]
    # The names of the table may also be written as one word: 41BB.
    joined = {_key(protein).replace("_", ""): found for protein, found in named}
    return joined | {_key(protein): found for protein, found in named}
