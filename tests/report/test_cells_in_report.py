"""What the report says and carries of the cells, and that a table's report has nothing of it."""

from __future__ import annotations

import base64
import math
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from cassia_engine import report
from cassia_engine.outputs.publish import write_outputs
from cassia_engine.records import ClusterResult, GeneExpression, MarkerScoring, Merged, SampledCells, ScoredType
from cassia_engine.report import cell_pictures
from tests import factories as make
from tests import sampled_cells
from tests.reading import Page

PARTS = ("embedding", "expression", "means")


def page_of(results: Sequence[ClusterResult], cells: SampledCells | None = None) -> Page:
    return Page(report.render(make.DATASET, make.SELECTION, make.MODEL_RUN, results, cells=cells))


def counted() -> list[ClusterResult]:
    return sampled_cells.counted(make.mixed_bag())


def unpacked(gene: dict[str, Any]) -> bytes:
    return zlib.decompress(base64.b64decode(gene["values"]))


def test_table_has_nothing_of_cells_on_its_page() -> None:
    page = page_of(make.mixed_bag())
    assert not [name for name in PARTS if f"packed-{name}" in page.scripts]
    assert page.data["has"] == {"fc": True, "pct": True}
    assert page.data["n_cells"] is None
    assert "cells in 10" not in page.text
    assert "% of cells" not in page.text
    assert [head for head in page.all("th") if head.get("class") == "g-cells"] == []
    assert all("cells" not in page.detail(row["id"]) for row in page.rows)


def test_number_of_cells_stands_on_the_first_screen() -> None:
    page = page_of(sampled_cells.counted(make.mixed_bag(), quality=(), lineages=()))
    assert page.data["n_cells"] == 12_340 + 450
    assert "12,790 cells in 10 clusters" in page.text_of["overview"]
    assert "2 clear 20% of cells" in " ".join(page.text_of["overview"].split())
    assert "1,254" in page.text_of["types"]


def test_one_cluster_of_unknown_size_leaves_no_sum() -> None:
    results = [*counted()[:3], make.annotated("new", 3)]
    page = page_of(results)
    assert page.data["n_cells"] is None
    assert "cells in 4" not in page.text
    assert "1,254" in page.text_of["types"]


def test_types_sum_the_cells_of_their_clusters() -> None:
    page = page_of(sampled_cells.counted([make.annotated(str(n), n) for n in range(30)], 100))
    assert f"{sum(range(100, 400, 10)):,}" in page.text_of["types"]


def test_run_settings_say_what_is_read_of_the_cells() -> None:
    results = counted()
    text = page_of(results, sampled_cells.sampled(results, 40, 13_000, is_counts=True, matrix="layers/counts")).text
    said = "12,790 cells in 10 clusters; 210 in none; expression from raw counts in layers/counts; coordinates X_umap"
    assert said in text


def test_view_of_a_cluster_has_what_its_cells_say() -> None:
    cells = page_of(counted()).detail("0")["cells"]
    assert cells["n_cells"] == 1234
    assert cells["quality"][0] == {"kind": "n_counts", "value": 2310.5, "overall": 3104.0, "column": "total_counts"}
    assert cells["composition"][0] == {
        "column": "donor",
        "shares": [{"value": "D1", "n_cells": 700}, {"value": "D2", "n_cells": 400}, {"value": None, "n_cells": 100}],
        "n_other": 34,
    }
    assert cells["lineages"][0]["in_both"] == 0.31
    compared = [(one["label"], one.get("compared"), one["contradicts"]) for one in cells["witnesses"]]
    assert compared == [("CD16+ NK cells", "a narrower type", False), (None, None, False)]


def test_embedding_keeps_its_proportions_and_its_clusters() -> None:
    results = counted()
    cells = sampled_cells.sampled(
        results, 4, 1000, x=(0.0, 10.0, math.nan, 5.0), y=(-1.0, 4.0, 0.0, 1.5), clusters=(3, -1, 2, 99), genes=()
    )
    found = page_of(results, cells).packed("embedding")
    assert found == {
        "name": "UMAP",
        "key": "X_umap",
        "n_cells": 1000,
        "x": [0, 2000, 1000],
        "y": [1000, 0, 500],
        "cluster": [3, -1, -1],
        "left_out": 1,
        "at": [0, 1, 3],
        "genes": [],
        "values": "values in X",
    }


@given(st.lists(st.tuples(st.floats(), st.floats()), max_size=20))
@example([(1e308, 0.0), (-1e308, 0.0)])
@example([(0.0, 0.0), (1e-320, 0.0)])
def test_any_coordinates_give_whole_numbers_within_the_picture(points: list[tuple[float, float]]) -> None:
    cells = SampledCells(20, "X_tsne", tuple(x for x, _ in points), tuple(y for _, y in points), (0,) * len(points))
    found = cell_pictures.embedding(cells, make.mixed_bag(), [])
    finite = [point for point in points if all(abs(value) <= cell_pictures.FARTHEST for value in point)]
    assert (found is None) == (not finite)
    if found:
        assert found["left_out"] == len(points) - len(finite)
        assert all(0 <= value <= cell_pictures.STEPS for value in (*found["x"], *found["y"]))


def test_cells_without_coordinates_leave_the_means_alone() -> None:
    results = counted()
    cells = sampled_cells.sampled(results, 60, x=(), y=(), clusters=(), coordinates_key="")
    page = page_of(results, cells)
    assert [name for name in PARTS if f"packed-{name}" in page.scripts] == ["means"]
    assert page.data["has"]["means"] == "values in X"


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("X_umap", "UMAP"),
        ("X_tsne", "t-SNE"),
        ("X_pca", "PCA"),
        ("UMAP", "UMAP"),
        ("X_scVI_mde", "scVI_mde"),
        ("spatial", "spatial"),
    ],
)
def test_picture_is_named_after_its_coordinates(key: str, name: str) -> None:
    assert cell_pictures.coordinates_name(key) == name


def test_values_of_a_gene_are_those_of_the_record() -> None:
    results = counted()
    cells = sampled_cells.sampled(results, 200)
    page = page_of(results, cells)
    genes, values = page.packed("embedding")["genes"], page.packed("expression")
    assert genes[:3] == ["GNLY", "GZMB", "PRF1"]  # cited by all
    assert set(genes) == {*make.NK_GENES, *make.PLATELET_GENES}
    assert len(values) == len(genes)
    by_name = {gene.gene: gene for gene in cells.genes}
    for gene, found in zip(genes, values, strict=True):
        assert found == {"highest": 4.0, "values": by_name[gene].values}
        assert len(unpacked(found)) == 200


def test_budget_keeps_the_most_wanted_genes(monkeypatch: pytest.MonkeyPatch) -> None:
    results = counted()
    cells = sampled_cells.sampled(results, 200)
    size = {gene.gene: len(gene.values) for gene in cells.genes}
    monkeypatch.setattr(cell_pictures, "MOST_VALUES", size["GNLY"] + size["GZMB"] + 1)
    assert page_of(results, cells).packed("embedding")["genes"] == ["GNLY", "GZMB"]


def test_genes_go_from_cited_ones_to_alternatives_to_markers() -> None:
    scored = MarkerScoring(
        3, (ScoredType("a", "", 90.0, 3.0, (("A1", 1.0),)), ScoredType("b", "", 50.0, 1.0, (("B1", 1.0),)))
    )
    first = make.annotated(
        "0", 0, cluster=make.cluster("0", ("M1", "E1", "B1")), scoring=replace(scored, rival_genes=("R1",)),
        answer=make.annotation(evidence_genes=("E1", "E2"), conflicting_genes=("C1",), unsupported_genes=("U1",)),
    )  # fmt: skip
    second = make.annotated(
        "1", 1, cluster=make.cluster("1", ("M2",), 1), answer=make.annotation(evidence_genes=("F1",))
    )
    assert list(cell_pictures.wanted([first, second])) == ["E1", "F1", "E2", "C1", "U1", "R1", "B1", "M1", "M2"]


def test_means_are_those_of_the_genes_of_the_dot_plot() -> None:
    results = [
        make.annotated("0", 0, answer=make.annotation(evidence_genes=("GNLY",), unsupported_genes=("CD3D",))),
        make.unannotated("1", 1),
    ]
    genes = (
        GeneExpression("GNLY", (2.34567, 0.0), (0.914, 0.0)),
        GeneExpression("CD3D", (0.0012345, None), (0.0004, None)),
        GeneExpression("PPBP", (1.0, math.nan), (0.5, 1.0)),
        GeneExpression("NKG7", (1.0, 1.0), (0.5, 0.5)),
    )
    page = page_of(sampled_cells.counted(results), SampledCells(5000, matrix="raw/X", genes=genes))
    assert page.packed("means") == {
        "genes": ["GNLY", "CD3D", "PPBP"],
        "means": [[2.35, 0.0], [0.00123, None], [1.0, None]],
        "fractions": [[91, 0], [0.1, None], [50, 100]],
    }


def test_too_many_means_leave_the_dot_plot_as_without_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    results = counted()
    monkeypatch.setattr(cell_pictures, "MOST_MEANS", 10)
    page = page_of(results, sampled_cells.sampled(results, 50))
    assert "packed-means" not in page.scripts
    assert page.data["has"] == {"fc": True, "pct": True}


def test_same_cells_give_the_same_bytes() -> None:
    results = counted()
    cells = sampled_cells.sampled(results, 100)
    once, again = (report.render(make.DATASET, make.SELECTION, make.MODEL_RUN, results, cells=cells) for _ in range(2))
    assert once == again


def test_outputs_of_a_sample_have_its_cells(tmp_path: Path) -> None:
    results = tuple(counted())
    cells = sampled_cells.sampled(results, 60)
    merged = Merged(make.DATASET, make.SELECTION, results, (make.MODEL_RUN,) * len(results), cells)
    page = Page(write_outputs(merged, tmp_path)[-1].read_text(encoding="utf-8"))
    assert len(page.packed("embedding")["x"]) == 60
