"""Shapes of single tools and people: pegasus, an index of clusters and genes, one column, what R makes of 0 and 1."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from cassia_engine.markers import read_markers
from tests.markers.test_markers import genes, read
from tests.raising import raises

CLUSTERS = {"1": ["CD3D", "CD3E", "IL7R"], "2": ["LYZ", "S100A8", "FCN1"]}
# What pegasus writes beside a gene for each cluster, up and down, in its order.
PEGASUS = {
    "log2Mean": (5, 1),
    "log2Mean_other": (1, 5),
    "log2FC": (2.0, -2.0),
    "percentage": (80, 10),
    "percentage_other": (10, 80),
    "percentage_fold_change": (8, 0.1),
    "auroc": (0.9, 0.1),
    "mwu_U": (9, 1),
    "mwu_pval": (1e-9, 1e-9),
    "mwu_qval": (1e-8, 1e-8),
    "t_tstat": (3, -3),
    "t_pval": (0.1, 0.1),
    "t_qval": (0.2, 0.2),
}


def pegasus(names: list[str]) -> pd.DataFrame:
    symbols = [gene for found in CLUSTERS.values() for gene in found]
    columns = {
        f"{id_}:{name}": [PEGASUS[name][gene not in found] for gene in symbols]
        for id_, found in CLUSTERS.items()
        for name in names
    }
    return pd.DataFrame({"featurekey": symbols, **columns})


@pytest.mark.parametrize("names", [["log2FC", "mwu_qval"], list(PEGASUS), ["auroc", "log2FC", "t_qval"]])
def test_clusters_side_by_side_of_pegasus(tmp_path: Path, names: list[str]) -> None:
    frame = pegasus(names)
    if "mwu_qval" not in names:
        frame = frame.replace(0.2, 0.01)
    table = read(tmp_path, frame.to_csv(index=False))
    assert genes(table) == CLUSTERS
    assert table.clusters[0].markers[0].log2fc == 2
    assert table.clusters[0].markers[0].p_val_adj == (1e-8 if "mwu_qval" in names else 0.01)


def test_sheet_of_one_cluster_of_pegasus(tmp_path: Path) -> None:
    frame = pegasus(["log2FC", "percentage", "auroc", "mwu_qval"]).filter(regex="featurekey|^1:")
    text = frame.rename(columns=lambda name: name.removeprefix("1:")).to_csv(index=False)
    table = read(tmp_path, text, cluster_name="T")
    assert genes(table) == {"T": CLUSTERS["1"]}
    assert table.selection.marker_format == "pegasus"


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize(
    "names", [["avg_log2FC", "p_val_adj"], ["logfoldchanges", "pvals_adj"], ["log2FC", "padj"], []]
)
def test_an_index_of_clusters_and_genes_without_names(names: list[str], swapped: bool) -> None:
    rows = [(id_, gene) for id_, found in CLUSTERS.items() for gene in found]
    frame = pd.DataFrame([[2, 1e-9]] * len(rows), pd.MultiIndex.from_tuples(rows))
    frame = frame.set_axis(names, axis=1) if names else frame[[]]
    assert genes(read_markers(frame.swaplevel() if swapped else frame)) == CLUSTERS


@pytest.mark.parametrize("header", ["gene", "Gene symbol", '"markers"'])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_one_column_of_genes_is_one_cluster(tmp_path: Path, header: str, end: str) -> None:
    text = end.join([header, *CLUSTERS["1"], ""])
    assert genes(read(tmp_path, text, cluster_name="T")) == {"T": CLUSTERS["1"]}
    assert genes(read(tmp_path, text)) == {"markers": CLUSTERS["1"]}
    assert genes(read_markers(pd.DataFrame({"gene": CLUSTERS["1"]}))) == {"cluster_1": CLUSTERS["1"]}


@pytest.mark.parametrize("header", ["", "x\n", "who\n"])
def test_one_column_without_a_header_is_refused_with_advice(tmp_path: Path, header: str) -> None:
    with raises("one-column", "put a header above them: gene", path="markers.csv"):
        read(tmp_path, header + "\n".join(CLUSTERS["1"]) + "\n")


def test_ids_of_r_are_kept_and_warned_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    wide = pd.DataFrame({f"X{n}": found for n, found in enumerate(CLUSTERS.values())})
    assert list(genes(read(tmp_path, wide.to_csv(index=False)))) == ["X0", "X1"]
    assert "clusters X0, X1, ... are probably 0, 1, ...: R puts an X before numbers" in caplog.text


@pytest.mark.parametrize("name", ["neg_log10_padj", "-log10(padj)", "minus_log10_p", "log10_padj", "-log10 p-value"])
def test_logarithms_of_p_values_are_named_and_not_used(
    tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    for score in ("avg_log2FC", "score"):
        rows = [f"{id_},{gene},2,9\n" for id_, found in CLUSTERS.items() for gene in found]
        assert genes(read(tmp_path, f"cluster,gene,{score},{name}\n" + "".join(rows))) == CLUSTERS
        assert f"columns of numbers that are not used: {name}" in caplog.text
        caplog.clear()
