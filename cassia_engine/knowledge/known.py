"""Which names are gene symbols: the symbols of human and mouse that the bundled tables have."""

from __future__ import annotations

from functools import cache, lru_cache

from cassia_engine.errors import UsageError
from cassia_engine.knowledge import genes
from cassia_engine.knowledge.genes import HUMAN, MOUSE
from cassia_engine.knowledge.tables import read_shipped


def species_or_none(text: str | None) -> str | None:
    """ "human" or "mouse", or None for another species or none."""
    try:
        return genes.species_of(text) if text else None
    except UsageError:
        return None


@cache
def symbols_of(species: str) -> frozenset[str]:
    """The known symbols of "human" or "mouse", in upper case: of genes with an ortholog, of old names (human), and of
    the marker knowledge."""
    found = {symbol.upper() for symbol in written_symbols(species)}
    found |= {row.gene.upper() for row in read_shipped(species) if row.species == species}
    return frozenset(found | genes.alias_symbols() if species == HUMAN else found)


@cache
def written_symbols(species: str) -> frozenset[str]:
    """Symbols of "human" or "mouse" genes that have an ortholog, as they are written (CD3D, Cd3d)."""
    return frozenset(pair[0 if species == HUMAN else 1] for pair in genes.ortholog_pairs())


def is_known(gene: str, species: str) -> bool:
    """Whether this is a known symbol of the species, in any letter case and with R's "." for "-"."""
    return any(name in symbols_of(species) for name in genes.spellings(gene))


@lru_cache(maxsize=65536)
def is_symbol(name: str) -> bool:
    """Whether this is a known symbol of human or mouse as it stands: with no prefix of a genome."""
    upper = name.upper()
    return any(spelling in _either() for spelling in (upper, upper.replace(".", "-")))


@cache
def _either() -> frozenset[str]:
    return symbols_of(HUMAN) | symbols_of(MOUSE)
