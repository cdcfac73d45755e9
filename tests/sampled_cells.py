"""Cells for tests of the report, made by chance from a fixed seed: clusters as clouds, markers high in their own."""

from __future__ import annotations

import base64
import math
import random
import zlib
from collections.abc import Sequence

from msgspec.structs import replace

from cassia_engine.records import (
    ClusterCells,
    ClusterResult,
    Composition,
    GeneExpression,
    LineagePair,
    QualityMeasure,
    SampledCells,
    Share,
    Witness,
)

HIGHEST = 4.0
ELSEWHERE = 0.04  # fraction of cells outside of its clusters that express a gene


def facts(n_cells: int = 1234, **changes: object) -> ClusterCells:
    """What the cells of a cluster say, one of everything."""
    values: dict[str, object] = {
        "quality": (
            QualityMeasure("n_counts", 2310.5, 3104.0, "total_counts"),
            QualityMeasure("n_genes", 905.0, 1012.25),
            QualityMeasure("mitochondrial", 0.124, 0.048, "pct_counts_mt"),
            QualityMeasure("doublet_score", 0.21, 0.08, "doublet_score"),
        ),
        "composition": (
            Composition("donor", (Share("D1", 700), Share("D2", 400), Share(None, 100)), n_other=34),
            Composition("phase", (Share("G1", 1234),)),
        ),
        "lineages": (LineagePair("T cell", "B cell", (("CD3D", "CD3E"), ("MS4A1", "CD79A")), 1000, 0.62, 0.4, 0.31),),
        "witnesses": (
            Witness("celltypist", "CD16+ NK cells", 1200, 0.93, 0.97, "CL:0000939", "mature natural killer cell"),
            Witness("author", None, 0, 0.0, 0.0),
        ),
        **changes,
    }
    return ClusterCells(n_cells, **values)  # type: ignore[arg-type]


def counted(results: Sequence[ClusterResult], each: int = 1234, **changes: object) -> list[ClusterResult]:
    """The same clusters with what their cells say; every one has 10 cells more than the one before."""
    return [
        replace(result, cluster=replace(result.cluster, cells=facts(each + 10 * place, **changes)))
        for place, result in enumerate(results)
    ]


def sampled(results: Sequence[ClusterResult], count: int = 600, n_cells: int = 0, **changes: object) -> SampledCells:
    """`count` cells of these clusters and every marker in them, of a data set of `n_cells` (0: these are all).

    Every hundredth cell has no cluster.
    """
    chance = random.Random(7)
    clusters = tuple(-1 if cell % 100 == 99 else chance.randrange(len(results)) for cell in range(count))
    around = [2 * math.pi * place / len(results) for place in range(len(results))]
    middles = [(9 * math.cos(at) + 3 * math.cos(5 * at), 7 * math.sin(at)) for at in around]
    points = [(chance.gauss(middles[one][0], 0.8), chance.gauss(middles[one][1], 0.6)) for one in clusters]
    members = [[cell for cell in range(count) if clusters[cell] == place] for place in range(len(results))]
    having: dict[str, set[int]] = {}
    for place, result in enumerate(results):
        for gene in result.cluster.genes:
            having.setdefault(gene, set()).add(place)
    genes = tuple(_gene(gene, places, clusters, members, chance) for gene, places in having.items())
    values: dict[str, object] = {
        "coordinates_key": "X_umap",
        "x": tuple(x for x, _ in points),
        "y": tuple(y for _, y in points),
        "clusters": clusters,
        "matrix": "X",
        "genes": genes,
        **changes,
    }
    return SampledCells(n_cells or count, **values)  # type: ignore[arg-type]


def _gene(
    name: str, own: set[int], clusters: Sequence[int], members: Sequence[Sequence[int]], chance: random.Random
) -> GeneExpression:
    found = bytearray(len(clusters))
    high = {
        place: chance.sample(members[place], round(chance.uniform(0.4, 0.95) * len(members[place]))) for place in own
    }
    low = chance.sample(range(len(clusters)), round(ELSEWHERE * len(clusters)))
    for cells, middle in ((low, 50), *((cells, 120) for cells in high.values())):
        for cell in cells:
            found[cell] = max(1, min(255, middle + chance.getrandbits(6) + chance.getrandbits(5) - 48))
    sums, counts = [0] * len(members), [0] * len(members)
    for cell in {*low, *(cell for cells in high.values() for cell in cells)}:
        sums[clusters[cell]] += found[cell] if clusters[cell] >= 0 else 0
        counts[clusters[cell]] += clusters[cell] >= 0
    sizes = [max(1, len(cells)) for cells in members]
    means = tuple(total / 255 * HIGHEST / size for total, size in zip(sums, sizes, strict=True))
    fractions = tuple(many / size for many, size in zip(counts, sizes, strict=True))
    return GeneExpression(
        name, means, fractions, HIGHEST, base64.b64encode(zlib.compress(bytes(found))).decode("ascii")
    )


def hostile(text: str) -> ClusterCells:
    """What the cells of a cluster say, with the text wherever one can be."""
    return facts(
        quality=(QualityMeasure("n_counts", 1.0, 2.0, text), QualityMeasure(text, 1.0, 2.0, None)),
        composition=(Composition(text, (Share(text, 700), Share(None, 534))),) * 5,
        lineages=(LineagePair(text, text, ((text,), (text,)), 10, 0.5, 0.5, 0.5),),
        witnesses=(Witness(text, text, 10, 0.5, 0.6, text, text),),
    )
