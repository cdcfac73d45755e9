"""Names of genomes, which tools put in front of symbols where those of two species were joined."""

from __future__ import annotations

import re
from collections.abc import Mapping

_ASSEMBLIES: Mapping[str, str] = {"human": r"GRCh\d+|hg\d+", "mouse": r"GRCm\d+|mm\d+"}
_WORDS: Mapping[str, str] = {"human": "human|homo|hsa?|hu|hum", "mouse": "mouse|mus|mmu?|ms"}
# As a part of a regular expression; other species' assemblies too.
ANY_GENOME = "|".join(["GRC[a-z]\\d+", "rn\\d+", *_ASSEMBLIES.values(), *_WORDS.values()])
_PREFIXES = {
    species: re.compile(f"({assemblies}|{_WORDS[species]})(?![a-ln-z])", re.IGNORECASE)
    for species, assemblies in _ASSEMBLIES.items()
}
_ASSEMBLY = re.compile(f"(?:{'|'.join(_ASSEMBLIES.values())})_+", re.IGNORECASE)


def genome_of(prefix: str) -> str | None:
    """The species that a prefix such as "hg19_" or "mouse-" names, if it does."""
    return next((species for species, pattern in _PREFIXES.items() if pattern.match(prefix)), None)


def without_assembly(gene: str) -> str:
    """A symbol without the assembly that Cell Ranger puts in front: ACTB of GRCh38_ACTB and of GRCh38____ACTB."""
    found = _ASSEMBLY.match(gene)
    return gene[found.end() :] if found else gene
