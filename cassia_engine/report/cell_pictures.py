"""What the pictures need of a data set's cells: where the sampled ones lie, genes in them, and means by cluster.

Clusters go by their place among the results, cells by their place in `embedding`, both from 0.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from types import MappingProxyType
from typing import Any, NamedTuple

from cassia_engine.records import ClusterResult, GeneExpression, SampledCells
from cassia_engine.report.markertable import short
from cassia_engine.report.rows import Row

MOST_VALUES = 1_600_000  # characters of packed values: how much of a page may be genes in sampled cells
MOST_MEANS = 300_000  # means that a page carries; of more, the dot plot is as without cells
FARTHEST = 1e100  # a coordinate beyond it is no place, nor is NaN
STEPS = 2000  # of the longer side of an embedding: finer than any screen shows it
# What is known by another name than the key without its "X_".
NAMES = {"umap": "UMAP", "tsne": "t-SNE", "pca": "PCA", "phate": "PHATE", "draw_graph_fa": "force-directed graph"}


def coordinates_name(key: str) -> str:
    """What a picture of these coordinates is called: "UMAP" for X_umap, the key without X_ for one not known."""
    bare = key.removeprefix("X_")
    return NAMES.get(bare.lower(), bare)


def values_words(cells: SampledCells) -> str:
    """What the values of genes are, such as "raw counts in layers/counts"; "" where there are none."""
    if not cells.matrix:
        return ""
    return f"{'raw counts' if cells.is_counts else 'values'} in {cells.matrix}"


class Pictures(NamedTuple):
    """What the page carries of the cells.

    Attributes:
        parts: by the names of the page's packed parts; what is not known has none.
        values: what the values of genes are, in words.
    """

    parts: Mapping[str, Any] = MappingProxyType({})
    values: str = ""


def pictures(cells: SampledCells | None, rows: Sequence[Row], results: Sequence[ClusterResult]) -> Pictures:
    """What the page carries of the cells; nothing where only a table is known."""
    if cells is None:
        return Pictures()
    genes = carried(cells, results)
    found: dict[str, Any] = {"embedding": embedding(cells, results, genes), "means": means(cells, rows)}
    if found["embedding"]:
        found["expression"] = [{"highest": short(gene.highest), "values": gene.values} for gene in genes]
    return Pictures({name: part for name, part in found.items() if part is not None}, values_words(cells))


def embedding(
    cells: SampledCells, results: Sequence[ClusterResult], genes: Sequence[GeneExpression]
) -> dict[str, Any] | None:
    """The sampled cells that have a place; None where there are none.

    Returns:
        name: of the coordinates; `key`: as the file has it.
        n_cells: the cells of the data set.
        x, y: whole numbers from 0, y downwards; the longer side is STEPS, and both have one scale.
        cluster: the place of each cell's cluster, -1 for none.
        left_out: sampled cells without coordinates.
        at: where that leaves any out, the places of the others among the sampled cells.
        genes: those whose values the part `expression` has, in that order.
        values: what these are, in words.
    """
    points = zip(cells.x, cells.y, strict=False)
    kept = [place for place, (x, y) in enumerate(points) if abs(x) <= FARTHEST and abs(y) <= FARTHEST]
    if not kept:
        return None
    x, y = ([side[place] for place in kept] for side in (cells.x, cells.y))
    low, high = min(x), max(y)
    longest = max(max(x) - low, high - min(y))
    step = longest / STEPS if longest > 1 / FARTHEST else 1.0
    left_out = len(cells.x) - len(kept)
    return {
        "name": coordinates_name(cells.coordinates_key),
        "key": cells.coordinates_key,
        "n_cells": cells.n_cells,
        "x": [round((one - low) / step) for one in x],
        "y": [round((high - one) / step) for one in y],
        "cluster": [_place(cells.clusters[place], len(results)) for place in kept],
        "left_out": left_out,
        **({"at": kept} if left_out else {}),
        "genes": [gene.gene for gene in genes],
        "values": values_words(cells),
    }


def _place(cluster: int, count: int) -> int:
    return cluster if 0 <= cluster < count else -1


def carried(cells: SampledCells, results: Sequence[ClusterResult]) -> list[GeneExpression]:
    """The genes whose values the page carries, the most wanted first, as many as MOST_VALUES lets in."""
    known = {gene.gene: gene for gene in cells.genes if gene.values}
    found, size = list[GeneExpression](), 0
    for name in wanted(results):
        if gene := known.get(name):
            size += len(gene.values)
            if size > MOST_VALUES:
                break
            found.append(gene)
    return found


def wanted(results: Iterable[ClusterResult]) -> Iterator[str]:
    """Genes, each once: those that answers rest on or that speak against them, then those of the alternatives, then
    markers. Each cluster's strongest one comes before any second one."""
    results = list(results)
    seen = set[str]()
    for genes_of in (_cited, _of_alternatives, lambda result: result.cluster.genes):
        for rank in zip_longest(*map(genes_of, results)):
            for gene in rank:
                if gene is not None and gene not in seen:
                    seen.add(gene)
                    yield gene


def _cited(result: ClusterResult) -> list[str]:
    a = result.annotation
    return [*a.evidence_genes, *a.conflicting_genes, *a.unsupported_genes] if a else []


def _of_alternatives(result: ClusterResult) -> list[str]:
    """Genes of the types that the answer was weighed against: by the scoring, or by a model."""
    if result.scoring:
        rivals = [gene for kind in result.scoring.types[1:] for gene, _ in kind.genes]
        return [*result.scoring.rival_genes, *rivals]
    claims = [one.claim for one in result.rounds if one.claim]
    return [gene for claim in claims[-1:] for one in claim.candidates for gene in one.separating_genes]


def means(cells: SampledCells, rows: Sequence[Row]) -> dict[str, Any] | None:
    """Means and fractions of all genes that the dot plot may show, by cluster; None where they are not known.

    Returns:
        genes: their names.
        means, fractions: for each gene a number for each cluster, None for unknown; fractions in hundredths.
    """
    plotted = dict.fromkeys(gene for row in rows for gene in (*row.evidence, *row.unsupported, *row.not_judged))
    known = {gene.gene: gene for gene in cells.genes if gene.means}
    found = [known[gene] for gene in plotted if gene in known]
    if not found or len(found) * len(rows) > MOST_MEANS:
        return None
    return {
        "genes": [gene.gene for gene in found],
        "means": [[_digits(value) for value in gene.means] for gene in found],
        "fractions": [[_hundredths(value) for value in gene.fractions] for gene in found],
    }


def _digits(value: float | None) -> float | None:
    """Three digits that count: more than a dot shows."""
    return None if value is None or not math.isfinite(value) else float(f"{value:.3g}")


def _hundredths(value: float | None) -> float | None:
    """Of what is above zero at least a tenth."""
    if value is None or not math.isfinite(value):
        return None
    return round(100 * value) if value >= 0.01 or value <= 0 else max(0.1, round(100 * value, 1))
