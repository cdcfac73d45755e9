"""Tables put below each other, whose clusters have the same ids, are not read as one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.markers.test_markers import genes, read
from tests.raising import raises

CLUSTERS = {"0": ["CD3D", "CD3E", "IL7R", "CCR7"], "1": ["LYZ", "S100A8", "FCN1", "CD14"], "2": ["CD79A", "MS4A1"]}
OTHERS = {"0": ["LYZ", "FCN1", "CST3", "CD68"], "1": ["CD3D", "CD3E", "LCK"], "2": ["CD79A", "MS4A1", "CD19"]}

Value = Callable[[str, int], object]


def rows(clusters: dict[str, list[str]], value: Value) -> str:
    return "".join(
        f"0,{3 - n / 10},0.8,0.1,1e-9,{id_},{gene},{value(id_, n)}\n"
        for id_, found in clusters.items()
        for n, gene in enumerate(found)
    )


def header(name: str) -> str:
    return f"p_val,avg_log2FC,pct.1,pct.2,p_val_adj,cluster,gene,{name}\n"


@pytest.mark.parametrize(
    ("name", "values"),
    [
        *((name, ("ctrl", "stim")) for name in ("sample", "orig.ident", "condition", "Donor", "batch", "dataset")),
        *((name, ("a", "b")) for name in ("Sample ID", "comparison", "contrast", "tissue", "patient_id", "what", "")),
        *((name, (0.4, 0.8)) for name in ("resolution", "res")),
        *((name, (0, 24)) for name in ("time", "timepoint", "batch")),
        *((name, ("T", "B")) for name in ("cell_type", "group", "level_0")),
    ],
)
def test_clusters_of_several_tables_are_not_mixed(tmp_path: Path, name: str, values: tuple[object, object]) -> None:
    text = header(name) + rows(CLUSTERS, lambda id_, n: values[0]) + rows(OTHERS, lambda id_, n: values[1])
    shown = (f"column {name or chr(39) * 2} has 2 values ({values[0]}, {values[1]})", "cluster 0")
    with raises("comparisons-mixed", *shown, path="markers.csv", line=1):
        read(tmp_path, text)


def test_other_genes_of_the_same_cluster_are_of_another_sample(tmp_path: Path) -> None:
    text = header("sample") + rows(CLUSTERS, lambda id_, n: n % 2)
    text = text.replace(",0\n", ",ctrl\n").replace(",1\n", ",stim\n")
    with raises("comparisons-mixed", "column sample has 2 values (ctrl, stim)", path="markers.csv", line=1):
        read(tmp_path, text)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sample", lambda id_, n: "only"),
        ("sample", lambda id_, n: f"of {id_}"),
        ("comparison", lambda id_, n: f"{id_} vs rest"),
        ("annotation", lambda id_, n: {"0": "T", "1": "Mono", "2": "B"}[id_]),
        ("annotation", lambda id_, n: ("protein_coding", "lncRNA")[n % 2]),
        ("biotype", lambda id_, n: ("protein_coding", "lncRNA")[n % 2]),
        ("description", lambda id_, n: f"a protein of {id_} {n}"),
        ("chromosome", lambda id_, n: f"chr{n}"),
        ("gene_id", lambda id_, n: f"ENSG0000000{id_}{n}"),
        ("note", lambda id_, n: ""),
        ("sample", lambda id_, n: "" if n else "ctrl"),
        ("cell_type", lambda id_, n: "T" if id_ == "0" else "other"),
    ],
)
def test_columns_that_do_not_part_a_cluster_do_no_harm(tmp_path: Path, name: str, value: Value) -> None:
    assert genes(read(tmp_path, header(name) + rows(CLUSTERS, value))) == CLUSTERS


def test_without_statistics_too(tmp_path: Path) -> None:
    text = "sample,cluster,gene\n" + "".join(
        f"{sample},{id_},{gene}\n"
        for sample, clusters in (("a", CLUSTERS), ("b", OTHERS))
        for id_, found in clusters.items()
        for gene in found
    )
    with raises("comparisons-mixed", "column sample has 2 values (a, b)", path="markers.csv", line=1):
        read(tmp_path, text, cluster_column="cluster", gene_column="gene", marker_format="long")
