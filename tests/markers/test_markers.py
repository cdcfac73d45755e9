"""Marker tables as people have them: what is recognised, filtered, ranked and kept."""

from __future__ import annotations

import csv
import gzip
import io
import logging
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cassia_engine.errors import UsageError
from cassia_engine.markers import MarkerTable, read_markers
from cassia_engine.settings import SplitSettings
from tests.raising import raises

SEURAT = "p_val,avg_log2FC,pct.1,pct.2,p_val_adj,cluster,gene\n"
SCANPY = "group,names,scores,logfoldchanges,pvals,pvals_adj\n"


def read(folder: Path, text: str | bytes, name: str = "markers.csv", **options: object) -> MarkerTable:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_markers(path, SplitSettings(**options))  # type: ignore[arg-type]


def genes(table: MarkerTable) -> dict[str, list[str]]:
    return {cluster.id: cluster.genes for cluster in table.clusters}


def test_seurat_table_is_filtered_and_ranked(tmp_path: Path) -> None:
    table = read(
        tmp_path,
        SEURAT + "0,1.0,.5,.1,0.01,B,CD19\n"
        "0,2.0,.5,.1,0.01,B,MS4A1\n"
        "0,9.0,.5,.1,0.05,B,p_val_adj_is_not_below\n"
        "0,0.25,.5,.1,0.01,B,fold_is_not_above\n"
        "0,9.0,.09,.05,0.01,B,too_few_cells\n"
        "0,3.0,.05,.10,0.01,B,enough_cells_outside\n",
    )
    [cluster] = table.clusters
    assert cluster.genes == ["enough_cells_outside", "MS4A1", "CD19"]
    assert (cluster.n_rows, cluster.n_passing) == (6, 3)
    assert cluster.markers[1].log2fc == 2.0
    assert cluster.markers[1].p_val_adj == 0.01
    assert (cluster.markers[1].pct_in, cluster.markers[1].pct_out) == (0.5, 0.1)
    assert table.selection.marker_format == "seurat"
    assert table.selection.min_pct == 0.1


def test_thresholds_and_number_of_genes_are_parameters(tmp_path: Path) -> None:
    text = SEURAT + "".join(f"0,{fold},.04,.01,0.2,B,G{fold}\n" for fold in (0.1, 0.2, 0.3))
    kept = read(tmp_path, text, max_p_val_adj=0.3, min_log2fc=0.15, min_pct=0.04)
    assert genes(kept) == {"B": ["G0.3", "G0.2"]}
    assert genes(read(tmp_path, text, max_p_val_adj=0.3, min_log2fc=0, min_pct=0, n_genes=1)) == {"B": ["G0.3"]}


def test_scanpy_table_without_fractions_has_no_filter_by_them(tmp_path: Path) -> None:
    table = read(tmp_path, SCANPY + "0,CD3D,11.1,3.5,1e-9,1e-8\n0,CD3E,9.7,3.9,1e-9,1e-8\n")
    assert genes(table) == {"0": ["CD3E", "CD3D"]}
    assert table.selection.min_pct is None
    assert table.clusters[0].markers[0].score == 9.7


def test_scanpy_fractions_are_used_where_given(tmp_path: Path) -> None:
    header = SCANPY.rstrip() + ",pct_nz_group,pct_nz_reference\n"
    table = read(tmp_path, header + "0,CD3D,9,3,0,0,.09,.01\n0,CD3E,9,3,0,0,.1,.01\n")
    assert genes(table) == {"0": ["CD3E"]}


def test_scanpy_table_without_some_fold_changes_ranks_by_scores_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows = "B,CD79A,30,,0,0\nB,CD74,10,2.5,0,0\nB,MS4A1,25,nan,0,0\nB,NKG7,-30,,0,0\n"
    with caplog.at_level(logging.INFO, "cassia_engine"):
        table = read(tmp_path, SCANPY + rows)
    assert genes(table) == {"B": ["CD79A", "MS4A1", "CD74"]}
    assert table.selection.ranked_by == "scores"
    assert "2 markers have no number in logfoldchanges; all are ranked by scores instead" in caplog.text


def test_infinite_fold_change_counts_as_the_largest_finite_one(tmp_path: Path) -> None:
    table = read(tmp_path, SEURAT + "0,2,1,0,0,B,FIRST\n0,Inf,1,0,0,B,INFINITE\n0,1,1,0,0,B,LAST\n")
    assert [(m.gene, m.log2fc) for m in table.clusters[0].markers] == [("FIRST", 2), ("INFINITE", 2), ("LAST", 1)]


def test_ties_keep_the_order_of_the_table(tmp_path: Path) -> None:
    names = [f"G{number:05d}" for number in range(30_000, 0, -1)]
    text = SEURAT + "".join(f"0,1.5,.5,.1,0.01,{i % 7},{gene}\n" for i, gene in enumerate(names))
    found = genes(read(tmp_path, text, n_genes=20))
    assert found == {str(c): [g for i, g in enumerate(names) if i % 7 == c][:20] for c in range(7)}


def test_ids_are_opaque_and_keep_their_order_of_appearance(tmp_path: Path) -> None:
    ids = ["10", "7_0", "007", "7", "CD4 T", "nan", "None", "1.0", "1e3", "TRUE", "-1", "'quoted", "Δ β"]
    rows = [["0", "1.0", ".5", ".1", "0.01", id_, "CD19"] for id_ in ids]
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    assert list(genes(read(tmp_path, SEURAT + out.getvalue()))) == ids


def test_ids_guarded_against_spreadsheets_are_read_back(tmp_path: Path) -> None:
    table = read(tmp_path, SEURAT + "0,1,1,0,0,'-1,CD19\n0,1,1,0,0,'=A1,CD3D\n")
    assert list(genes(table)) == ["-1", "=A1"]


def test_cluster_without_markers_stays(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    rows = "0,1,.5,.1,0.01,A,CD19\n0,1,.5,.1,0.9,B,CD3D\n0,1,.5,.1,0.9,B,CD3E\n0,1,.5,.1,0.01,C,CD8A\n"
    with caplog.at_level(logging.INFO, "cassia_engine"):
        table = read(tmp_path, SEURAT + rows)
    assert genes(table) == {"A": ["CD19"], "B": [], "C": ["CD8A"]}
    assert (table.clusters[1].n_rows, table.clusters[1].n_passing) == (2, 0)
    assert "no gene passes the filter in 1 cluster: B" in caplog.text


def test_format_is_named_in_a_log_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "cassia_engine"):
        read(tmp_path, SCANPY + "0,CD3D,11.1,3.5,1e-9,1e-8\n")
    assert "markers.csv: Scanpy rank_genes_groups_df table, 1 cluster; markers by logfoldchanges" in caplog.text


@pytest.mark.parametrize(
    "text",
    [
        "cluster,markers\nA,\"CD19, MS4A1,,CD79A\"\nB,CD3D\n",
        '"","Broad.cell.type","Top.Markers"\n"1","A","CD19,MS4A1,CD79A"\n"2","B","CD3D"\n',
        "cluster\tmarkers\r\nA\tCD19,MS4A1,CD79A\r\nB\tCD3D\r\n",
        "\ufeffcluster,markers\nA,\"CD19,MS4A1,CD79A\"\n\nB,CD3D",
    ],
    ids=["plain", "row names", "tabs and CRLF", "BOM and empty line"],
)  # fmt: skip
def test_simplified_table_keeps_its_own_order(tmp_path: Path, text: str) -> None:
    table = read(tmp_path, text)
    assert genes(table) == {"A": ["CD19", "MS4A1", "CD79A"], "B": ["CD3D"]}
    assert table.selection.ranked_by == "given order"
    assert genes(read(tmp_path, text, n_genes=2))["A"] == ["CD19", "MS4A1"]


@pytest.mark.parametrize("name", ["markers.csv", "markers.csv.gz", "odd name [1]*?.tsv.gz", "{a,b}.csv"])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("delimiter", [",", "\t"])
def test_packing_and_delimiter_are_seen_from_the_content(
    tmp_path: Path, name: str, packed: bool, delimiter: str
) -> None:
    text = (SEURAT + "0,1,1,0,0,B,CD19\n").replace(",", delimiter).encode()
    (tmp_path / "markers.csvX").write_text("another file that a pattern could match")
    assert genes(read(tmp_path, gzip.compress(text) if packed else text, name)) == {"B": ["CD19"]}


def test_row_names_column_and_extra_columns_are_let_be(tmp_path: Path) -> None:
    text = '"","p_val","avg_log2FC","pct.1","pct.2","p_val_adj","cluster","gene","note"\n'
    table = read(tmp_path, text + '"CD19.1",0,8.8,0.99,0.01,0,"B cell, naive","CD19","not a number"\n')
    assert genes(table) == {"B cell, naive": ["CD19"]}


def test_forced_format_is_used(tmp_path: Path) -> None:
    with raises("columns-missing", "group, names", "Scanpy", path="markers.csv", line=1):
        read(tmp_path, SEURAT + "0,1,1,0,0,B,CD19\n", marker_format="scanpy")
    with raises("two-columns-expected", "7 columns", path="markers.csv", line=1):
        read(tmp_path, SEURAT + "0,1,1,0,0,B,CD19\n", marker_format="simplified")


IDS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=12).filter(
    lambda id_: id_ not in ("", "NA", "NaN") and not id_.startswith("'") and id_.strip() == id_
)
FOLDS = st.one_of(st.floats(-5, 5), st.just(float("inf")))
ROWS = st.lists(st.tuples(IDS, FOLDS, st.sampled_from([0.0, 0.04, 0.05, 1.0])), min_size=1, max_size=60)


@settings(max_examples=60, deadline=None)
@given(rows=ROWS, delimiter=st.sampled_from([",", "\t"]), end=st.sampled_from(["\n", "\r\n"]))
def test_no_cluster_is_lost_or_renamed(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, float, float]], delimiter: str, end: str
) -> None:
    path = tmp_path_factory.mktemp("wild") / "markers.csv"
    with open(path, "w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
        writer.writerow(["p_val_adj", "cluster", "avg_log2FC", "gene"])
        writer.writerows([p, id_, fold, f"G{i}"] for i, (id_, fold, p) in enumerate(rows))
    if not any(fold > 0.25 and p < 0.05 for _, fold, p in rows):
        with pytest.raises(UsageError, match=r"no cluster has a marker|no number in column"):
            read_markers(path)
        return
    table = read_markers(path)
    assert [cluster.id for cluster in table.clusters] == list(dict.fromkeys(id_ for id_, _, _ in rows))
    for cluster in table.clusters:
        mine = [(f"G{i}", fold) for i, (id_, fold, p) in enumerate(rows) if id_ == cluster.id and p < 0.05]
        kept = [(gene, fold) for gene, fold in mine if fold > 0.25]
        largest = max((fold for _, fold, p in rows if 0.25 < fold < float("inf") and p < 0.05), default=5)
        expected = sorted(kept, key=lambda item: -min(item[1], largest))
        assert cluster.genes == [gene for gene, _ in expected][:50]


def test_all_genes_may_be_asked_for(tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text(SEURAT + "".join(f"0,{fold},1,0,0,B,{gene}\n" for fold, gene in ((1, "CD19"), (2, "MS4A1"))))
    [cluster] = read_markers(table, SplitSettings(n_genes=5_000_000)).clusters
    assert [marker.gene for marker in cluster.markers] == ["MS4A1", "CD19"]
