"""Gene symbols across spellings and species: old names, letter case, human and mouse orthologs."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cache, lru_cache

from cassia_engine import package_data
from cassia_engine.knowledge.species import HUMAN as HUMAN
from cassia_engine.knowledge.species import MOUSE as MOUSE
from cassia_engine.knowledge.species import SPECIES as SPECIES
from cassia_engine.knowledge.species import species_of as species_of

_PREFIX = re.compile(r"^(GRCH38|GRCM38|GRCM39|HG19|HG38|MM10|MM39)_+")


def has_genome_prefix(gene: str) -> bool:
    """Whether a name has the prefix of a genome in front (GRCh38_CD3D)."""
    return bool(_PREFIX.match(gene.upper()))


@lru_cache(maxsize=8192)  # A cluster's genes are looked up again and again, and clusters share them.
def spellings(gene: str) -> tuple[str, ...]:
    """How a symbol may be written in the knowledge, likeliest first.

    As it stands without regard to case; under its present name if it is an old one; with the "-" that R
    turned into ".".
    """
    plain = _PREFIX.sub("", gene.strip().upper())
    dashed = plain.replace(".", "-")
    return tuple(dict.fromkeys((plain, _aliases().get(plain, plain), dashed)))


def translate(gene: str, source: str, target: str) -> tuple[str, ...]:
    """The upper-case symbols in species `target` of a gene of species `source`.

    A gene without an ortholog keeps its own symbol, unless that is the name of another gene there.
    """
    symbol = gene.upper()
    if source == target:
        return (symbol,)
    found = _orthologs(source, target).get(symbol, ())
    return found if found or symbol in _orthologs(target, source) else (symbol,)


@cache
def _orthologs(source: str, target: str) -> dict[str, tuple[str, ...]]:
    pairs: dict[str, list[str]] = defaultdict(list)
    for human, mouse in ortholog_pairs():
        symbols = {HUMAN: human.upper(), MOUSE: mouse.upper()}
        pairs[symbols[source]].append(symbols[target])
    return {symbol: tuple(found) for symbol, found in pairs.items()}


@cache
def ortholog_pairs() -> tuple[tuple[str, str], ...]:
    """(human symbol, mouse symbol) of each pair of orthologs, as they are written."""
    return tuple((human, mouse) for human, mouse in package_data.rows("orthologs.tsv"))


def alias_symbols() -> frozenset[str]:
    """Old human symbols and the present ones in their place, in upper case."""
    return frozenset(_aliases()) | frozenset(_aliases().values())


@cache
def _aliases() -> dict[str, str]:
    return {row[0]: row[1] for row in package_data.rows("gene_aliases.tsv")}


def names_of(gene: str) -> tuple[str, ...]:
    """The names of a human gene, by any of them, in upper case: the present one first, then old ones."""
    present = _aliases().get(gene.upper(), gene.upper())
    return (present, *_old_names().get(present, ()))


@cache
def _old_names() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = defaultdict(list)
    for old, present in _aliases().items():
        found[present].append(old)
    return {present: tuple(old) for present, old in found.items()}


def is_ortholog(gene: str) -> bool:
    """Whether this is a symbol of a human or mouse gene that has an ortholog, in any letter case."""
    return gene.upper() in _orthologs(HUMAN, MOUSE) or gene.upper() in _orthologs(MOUSE, HUMAN)
