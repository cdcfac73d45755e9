"""Which of the rows that a tool ranked are genes of a cluster: without filtered, repeated and unscored ones."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cassia_engine.errors import UsageError
from cassia_engine.h5ad.annotated import AnnotatedData, RankedGenes
from cassia_engine.h5ad.names import listed

log = logging.getLogger(__name__)

# COSG's scores of rows that it fills up: of clusters that it was not asked for, and of those with one cell.
_FILLED = (0, -1)


def is_nameless(gene: object) -> bool:
    """Whether a filter removed the gene; what was NaN in memory is the text nan in a file, and no gene's name."""
    return gene is None or gene != gene or gene in ("", "nan")


def numbered(names: Mapping[str, NDArray[Any]]) -> tuple[tuple[Any, ...], dict[str, NDArray[np.int64]]]:
    """Genes and places of `RankedGenes`, by the names of each group's genes, text as str or bytes."""
    # Each of them is looked up once, as there may be millions: what takes longer is done for each gene.
    first: defaultdict[Any, int] = defaultdict()
    first.default_factory = first.__len__
    found = {
        group: np.fromiter(map(first.__getitem__, values.tolist()), np.int64, len(values))
        for group, values in names.items()
    }
    texts = (name.decode() if isinstance(name, bytes) else name for name in first)
    genes: dict[Any, int] = {}
    places = np.array([-1 if is_nameless(name) else genes.setdefault(name, len(genes)) for name in texts], np.int64)
    return tuple(genes), {group: places[values] for group, values in found.items()}


def scored(data: AnnotatedData, key: str, ranked: RankedGenes) -> RankedGenes:
    """The ranked genes without those that COSG has not scored, and without clusters that have no others.

    Raises:
        UsageError: it has scored none.
    """
    if ranked.parameters.get("method") != "COSG" or "scores" not in ranked.statistics:
        return ranked
    kept = {group: ~np.isin(scores, _FILLED) for group, scores in ranked.statistics["scores"].items()}
    n_dropped = sum(int((~mask).sum()) for mask in kept.values())
    if not n_dropped:
        return ranked
    groups = [group for group, mask in kept.items() if mask.any()]
    if not groups:
        what = f"COSG scored no gene of uns['{key}'] above 0; see which groups it was asked for"
        raise UsageError(what, path=data.place, code="cosg-without-scores")
    log.info(
        "%s: %d rows of COSG with a score of 0 or -1 are no markers and left out; it writes them for clusters that it "
        "was not asked for, or that have one cell",
        data.place,
        n_dropped,
    )

    def of(fields: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        return {group: fields[group][kept[group]] for group in groups if group in fields}

    statistics = {name: of(fields) for name, fields in ranked.statistics.items()}
    genes, places = _without_unused(ranked.genes, of(ranked.places))
    return replace(ranked, genes=genes, places=places, statistics=statistics)


def _without_unused(
    genes: tuple[Any, ...], places: Mapping[str, NDArray[np.int64]]
) -> tuple[tuple[Any, ...], dict[str, NDArray[np.int64]]]:
    """The genes that groups still have, in order of appearance, and their places."""
    there = np.concatenate(list(places.values()))
    used, appeared = np.unique(there[there >= 0], return_index=True)
    used = used[np.argsort(appeared)]
    place = np.full(len(genes) + 1, -1)  # the last one is that of filtered ones
    place[used] = np.arange(len(used))
    return tuple(genes[number] for number in used), {group: place[values] for group, values in places.items()}


@dataclass(slots=True)
class Repeats:
    """Genes that are in a cluster more than once, by what they are called there."""

    n_rows: int = 0
    genes: dict[str, dict[str, None]] = field(default_factory=dict)

    def kept(
        self, genes: Sequence[Any], names: Sequence[str | None], fractions: NDArray[np.float64] | None
    ) -> NDArray[np.bool_]:
        """Which rows of a cluster stay: of those with a name in common the one that most cells express, else the first.

        Args:
            genes: as the AnnData calls them.
            names: what they are called in the table, None for nameless ones, which do not stay.
            fractions: of the cluster's cells, one for each row; None where they are unknown.
        """
        mask = np.array([name is not None for name in names], bool)
        if len({*names} - {None}) == mask.sum():
            return mask
        best: dict[str, int] = {}
        for row, (gene, name) in enumerate(zip(genes, names, strict=True)):
            if name is None:
                continue
            other = best.setdefault(name, row)
            if other == row:
                continue
            self.n_rows += 1
            self.genes.setdefault(name, {genes[other]: None})[gene] = None
            if fractions is not None and fractions[row] > fractions[other]:
                best[name] = row
        mask[:] = False
        mask[list(best.values())] = True
        return mask

    def say(self, data: AnnotatedData) -> None:
        """Warn of them: of symbols that several genes have, and of names that `var` has more than once."""
        symbols = {name: list(genes) for name, genes in self.genes.items() if len(genes) > 1}
        rows = (
            "of each cluster the one that most of its cells express is kept, the first where that is unknown; "
            f"rows left out: {self.n_rows}"
        )
        if symbols:
            name, genes = next(iter(symbols.items()))
            what = "%s: gene symbols of several genes: %d (%s: %s); %s"
            log.warning(what, data.place, len(symbols), name, listed(genes), rows)
        elif self.genes:
            what = (
                "%s: gene names that var has more than once: %d (%s); %s; make them unique "
                "(adata.var_names_make_unique()) and rank again"
            )
            log.warning(what, data.place, len(self.genes), listed(list(self.genes)), rows)
