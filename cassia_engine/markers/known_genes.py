"""How many genes of a table are known of its species: said, or refused, before anything is spent.

Of the 39 development data sets (758 clusters, human and mouse) 87 to 100 of 100 genes are known (median 96). Those that
are not are mostly long noncoding RNAs, clones and genes without an ortholog in the other species.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from cassia_engine.errors import UsageError, shown
from cassia_engine.faces import option
from cassia_engine.knowledge.genes import HUMAN, MOUSE
from cassia_engine.knowledge.known import is_known, species_or_none, written_symbols
from cassia_engine.knowledge.proteins import is_protein_only, is_target, target_genes, without_clone
from cassia_engine.markers.technical import trait
from cassia_engine.records import Cluster

log = logging.getLogger(__name__)

# Fewer known genes than this share are refused, and fewer than that are warned of.
_HARDLY_ANY, _FEW = 0.1, 0.5
# Written like symbols of the other species, and hardly any like those of the own one.
_WRITTEN, _OWN = 0.5, 0.1
_ENOUGH = 5  # genes, to tell a species by how they are written
_ANTIBODIES = 0.5
_SHOWN = 5


class _Genes(NamedTuple):
    """The genes of a table, and of those that are not known of its species."""

    all: Sequence[str]
    unknown: Sequence[str]

    @property
    def n_known(self) -> int:
        return len(self.all) - len(self.unknown)


def check_known(place: str, clusters: Collection[Cluster], species: str | None, allowed: bool) -> None:
    """Look how many of the markers are known genes of human or mouse; of another species nothing is known.

    Raises:
        UsageError: hardly any is, and that is not allowed.
    """
    names = list(dict.fromkeys(gene for cluster in clusters for gene in cluster.genes))
    targets = {name: plain for name in names if is_target(plain := without_clone(name))}
    if len(targets) > _ANTIBODIES * len(names) and any(map(is_protein_only, targets.values())):
        _say_antibodies(place, targets, len(names))
        return
    target = species_or_none(species)
    if target is None or not names:
        return
    found = _Genes(names, [name for name in names if not is_known(name, target) and trait(name) is None])
    if found.n_known >= _FEW * len(names):
        _warn_of_writing(place, names, target)
        return
    what = f"{found.n_known} of {len(names)} genes are known {target} genes (not {_some(found.unknown)})"
    remedy = f"check the species{_better(names, target)} and that genes are given as symbols"
    if found.n_known < _HARDLY_ANY * len(names) and not allowed:
        raise UsageError(f"{what}; {remedy}, or give {option('allow_unknown_genes', True)} to go on", path=place)
    log.warning("%s: %s; %s", place, what, remedy)


def _say_antibodies(place: str, targets: Mapping[str, str], n_names: int) -> None:
    """Say that names are proteins, and how marker scoring takes them; `targets` by name."""
    proteins = [name for name, target in targets.items() if is_protein_only(target)]
    examples = ", ".join(f"{shown(name)} as {target_genes(name)[0]}" for name in proteins[:_SHOWN])
    log.info(
        "%s: %d of %d names are targets of antibodies; marker scoring takes a protein by its gene (%s)",
        place,
        len(targets),
        n_names,
        examples,
    )


def _warn_of_writing(place: str, names: Sequence[str], species: str) -> None:
    """Warn where known genes are written as in the other species (CD3D, not Cd3d)."""
    other = MOUSE if species == HUMAN else HUMAN
    written = [name for name in names if name in written_symbols(other) and name not in written_symbols(species)]
    own = sum(name in written_symbols(species) for name in names)
    if len(names) >= _ENOUGH and len(written) > _WRITTEN * len(names) and own < _OWN * len(names):
        log.warning(
            "%s: %d of %d genes are written like %s symbols (%s), but the species is %s; if that is wrong, results are "
            "too: give %s",
            place,
            len(written),
            len(names),
            other,
            _some(written),
            species,
            option("species", other),
        )


def _better(names: Sequence[str], species: str) -> str:
    """The other species, in words, if more genes are known there."""
    other = MOUSE if species == HUMAN else HUMAN
    number = sum(is_known(name, other) for name in names)
    return f" ({number} are known {other} genes)" if number > sum(is_known(name, species) for name in names) else ""


def _some(names: Sequence[str]) -> str:
    return ", ".join(map(shown, names[:_SHOWN])) + (", ..." if len(names) > _SHOWN else "")
