"""Whether a name means something as it stands: the measure by which decoration of gene names is found."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache

from cassia_engine.genes.ids import LONGEST_NAME, is_id
from cassia_engine.genes.technical import trait
from cassia_engine.knowledge.genes import has_genome_prefix
from cassia_engine.knowledge.known import is_symbol
from cassia_engine.knowledge.proteins import is_target

_HARDLY, _MOSTLY = 0.2, 0.5  # shares of names


@lru_cache(maxsize=65536)
def is_recognised(name: str) -> bool:
    """Whether a name is a known symbol, one by its pattern (RP11-34P13.7), an antibody's target or an id."""
    if len(name) > LONGEST_NAME or has_genome_prefix(name):
        return False
    return is_symbol(name) or trait(name) is not None or is_target(name) or is_id(name)


def share(names: Collection[str]) -> float:
    """The share of names that are recognised, 0 to 1."""
    return sum(map(is_recognised, names)) / len(names) if names else 0.0


def are_hardly_known(names: Collection[str]) -> bool:
    """Whether names, of which there are some, are hardly ever recognised, as descriptions are (CD3d molecule)."""
    return bool(names) and share(names) < _HARDLY


def are_mostly_known(names: Collection[str]) -> bool:
    """Whether most names are recognised."""
    return share(names) > _MOSTLY
