"""How many genes of a table are known of its species: said, or refused, before anything is spent.

Of the 39 development data sets (758 clusters, human and mouse) 87 to 100 of 100 genes are known (median 96). Those that
are not are mostly long noncoding RNAs, clones and genes without an ortholog in the other species.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence

from cassia_engine.callers import argument, offers, option
from cassia_engine.errors import UsageError, shown
from cassia_engine.genes.ids import likely_kind
from cassia_engine.genes.technical import trait
from cassia_engine.knowledge.genes import HUMAN, MOUSE
from cassia_engine.knowledge.known import is_known, species_or_none, written_symbols
from cassia_engine.knowledge.proteins import is_protein_only, is_target, target_genes, without_clone
from cassia_engine.records import Cluster, SpeciesMismatch

log = logging.getLogger(__name__)

# Fewer known genes than this share are refused, and fewer than that are warned of.
_HARDLY_ANY, _FEW = 0.1, 0.5
# Written like symbols of the other species, and hardly any like those of the own one.
_WRITTEN, _OWN = 0.5, 0.1
_ENOUGH = 5  # genes, to tell a species by how they are written
_ANTIBODIES = 0.5
_SHOWN = 5


def check_known(
    place: str, clusters: Collection[Cluster], species: str | None, allowed: bool
) -> SpeciesMismatch | None:
    """Look how many of the markers are known genes of human or mouse; of another species nothing is known.

    Returns:
        Why the genes may not be of the species, which is a warning too; None where they fit.

    Raises:
        UsageError: hardly any is known, and that is not allowed.
    """
    names = list(dict.fromkeys(gene for cluster in clusters for gene in cluster.genes))
    targets = {name: plain for name in names if is_target(plain := without_clone(name))}
    if len(targets) > _ANTIBODIES * len(names) and any(map(is_protein_only, targets.values())):
        _say_antibodies(place, targets, len(names))
        return None
    target = species_or_none(species)
    if target is None or not names:
        return None
    found = _mismatch(names, target)
    if found is None:
        return None
    if found.n_known < _HARDLY_ANY * len(names) and not allowed:
        raise UsageError(
            f"{found.words}, or give {option('allow_unknown_genes', True)} to go on{_likely(names)}",
            path=place,
            code="genes-unknown",
        )
    log.warning("%s: %s%s", place, found.words, _remedy(found.other) if found.by_spelling else "")
    return found


def _remedy(species: str) -> str:
    given = option("species", species) if offers("species") else f"{argument('study_context')} that names {species}"
    return f": give {given}"


def _likely(names: Sequence[str]) -> str:
    """What names that are hardly ever known look like, with what to do."""
    kind = likely_kind(names)
    return f"; these may be {kind.name}: {kind.remedy.format(gene_map=option('gene_map'))}" if kind else ""


def _mismatch(names: Sequence[str], species: str) -> SpeciesMismatch | None:
    """Why these genes do not fit the species; None if they do."""
    other = MOUSE if species == HUMAN else HUMAN
    unknown = [name for name in names if not is_known(name, species) and trait(name) is None]
    n_known = len(names) - len(unknown)
    if n_known < _FEW * len(names):
        n_other = sum(is_known(name, other) for name in names)
        better = n_other > sum(is_known(name, species) for name in names)
        return SpeciesMismatch(
            species=species,
            n_genes=len(names),
            n_known=n_known,
            other=other if better else "",
            n_other=n_other if better else 0,
            examples=tuple(unknown[:_SHOWN]),
        )
    written = [name for name in names if name in written_symbols(other) and name not in written_symbols(species)]
    own = sum(name in written_symbols(species) for name in names)
    if len(names) >= _ENOUGH and len(written) > _WRITTEN * len(names) and own < _OWN * len(names):
        examples = tuple(written[:_SHOWN])
        return SpeciesMismatch(species, len(names), n_known, other, len(written), by_spelling=True, examples=examples)
    return None


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
