"""Review flags that come from a cluster's cells."""

from __future__ import annotations

from msgspec.structs import replace

import tests.factories as make
from cassia_engine.records import ClusterCells, ClusterResult, LineagePair, QualityMeasure
from cassia_engine.report.review_flags import review_flags


def with_cells(**said: object) -> ClusterResult:
    cluster = replace(make.cluster(), cells=ClusterCells(812, **said))  # type: ignore[arg-type]
    return make.annotated(cluster=cluster)


def test_doubtful_cells_call_for_review_the_worst_first() -> None:
    pair = LineagePair("T cell", "B cell", (("CD3D",), ("MS4A1",)), 400, 0.9, 0.4, 0.38)
    quality = QualityMeasure("mitochondrial", 0.31, 0.05, "pct_counts_mt")
    found = review_flags(with_cells(quality=(quality,), lineages=(pair,)), "openrouter")
    assert [(flag.kind, flag.word, flag.tone) for flag in found] == [
        ("doublets", "likely doublets", "trouble"),
        ("mitochondrial", "mitochondrial", "quiet"),
    ]
    assert "T cell markers in 90% of the cells, B cell markers in 40%, both in 38%" in found[0].detail


def test_cells_without_a_doubt_call_for_none() -> None:
    assert review_flags(with_cells(), "openrouter") == ()


def test_a_cited_gene_that_hardly_any_cell_expresses_calls_for_review() -> None:
    cluster = make.cluster()
    markers = tuple(replace(m, pct_in=0.012) if m.gene == "PRF1" else m for m in cluster.markers)
    assert "PRF1" in cluster.genes
    (flag,) = review_flags(make.annotated(cluster=replace(cluster, markers=markers)), "openrouter")
    assert (flag.kind, flag.word) == ("hardly_expressed", "1 hardly expressed gene")
    assert flag.detail == "Cited, but few of the cluster's cells express it: PRF1 in 1.2%."
