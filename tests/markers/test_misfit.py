"""What is said of a table whose columns are unknown: hints that are right, and options that work."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.markers.test_markers import genes, read
from tests.raising import raises

HOTSPOT = "Gene,C,Z,Pval,FDR,Module\n" + "".join(
    f"{gene},.5,30,1e-9,1e-8,{module}\n"
    for gene, module in [("CD3D", 1), ("CD3E", 1), ("CD2", 1), ("MS4A1", 2), ("CD79A", 2), ("CD19", 2)]
)
SC3 = "feature_symb,sc3_filter,sc3_7_markers_clusts,sc3_7_rank\n" + "".join(
    f"{gene},TRUE,{cluster},{n}\n"
    for n, (gene, cluster) in enumerate([("CD3D", 0), ("CD3E", 0), ("CD2", 0), ("MS4A1", 1), ("CD79A", 1), ("CD19", 1)])
)


@pytest.mark.parametrize(
    ("text", "code", "cluster", "gene"),
    [
        (HOTSPOT, "columns-missing", "Module", "Gene"),
        (SC3, "not-a-marker-table", "sc3_7_markers_clusts", "feature_symb"),
    ],
)
def test_options_that_are_named_work(tmp_path: Path, text: str, code: str, cluster: str, gene: str) -> None:
    with raises(code, f'cluster_column="{cluster}" and gene_column="{gene}"', path="markers.csv", line=1):
        read(tmp_path, text)
    named = genes(read(tmp_path, text, cluster_column=cluster, gene_column=gene))
    assert list(map(len, named.values())) == [3, 3]


@pytest.mark.parametrize(
    ("header", "code", "wrong"),
    [
        ("Gene,C,Z,Pval,FDR,Module", "columns-missing", "Pval for p_val_adj"),
        ("Gene,C,Z,Pval,other,Module", "columns-missing", "Pval for p_val_adj"),
        ("x,y,gene3,up,z,w", "not-a-marker-table", "gene3 for gene"),
        ("x,y,BGene/5,up,z,w", "not-a-marker-table", "BGene/5 for gene"),
        ("Cluster 2,y,z,up,v,w", "not-a-marker-table", "Cluster 2 for cluster"),
    ],
)
def test_columns_that_mean_something_else_are_no_hints(tmp_path: Path, header: str, code: str, wrong: str) -> None:
    with raises(code, path="markers.csv", line=1) as error:
        read(tmp_path, header + "\n" + "".join(f"{n}a,{n}.5,{n},1e-9,1e-8,{n}b\n" for n in range(6)))
    assert not re.search(re.escape(f"is it {wrong}"), str(error.value))
