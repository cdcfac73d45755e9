"""Tables of one cluster each that people joined in R and pandas: the clusters they came from, or one line that says why
not; never other clusters.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from itertools import zip_longest
from pathlib import Path

import pytest

from cassia_engine.markers import MarkerTable, read_markers
from cassia_engine.settings import SplitSettings
from tests.raising import raises

FOLDER = Path(__file__).parents[1] / "data" / "real_tools"
NAMES = {"0": "T cell", "1": "CD14+ Mono", "2": "B.cell", "3": "NK"}
OWN_IDS = {id_: id_ for id_ in NAMES}
P_VALUE, FOLD = 0.05, 0.25

Row = dict[str, str]
Rows = Sequence[Sequence[object]]
Make = Callable[[], Rows]


def rows_of(name: str) -> list[Row]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


SEURAT, SCANPY = rows_of("seurat_findallmarkers.csv"), rows_of("scanpy_wilcoxon_pts.csv")
STATISTICS = ("p_val", "avg_log2FC", "pct.1", "pct.2", "p_val_adj")
SCORES = ("scores", "logfoldchanges", "pvals", "pvals_adj")


def genes(table: MarkerTable) -> dict[str, list[str]]:
    return {cluster.id: cluster.genes for cluster in table.clusters}


def read(folder: Path, rows: Iterable[Iterable[object]], **options: object) -> MarkerTable:
    path = folder / "joined.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
    return read_markers(path, SplitSettings(**options))  # type: ignore[arg-type]


def seurat(head: Sequence[str], keys: Callable[[Row, int], Sequence[object]]) -> Rows:
    """Seurat's statistics behind the keys of each row."""
    body = [[*keys(row, n), *(row[name] for name in STATISTICS)] for n, row in enumerate(SEURAT, 1)]
    return [[*head, *STATISTICS], *body]


def scanpy(head: Sequence[str], keys: Callable[[str, int, int], Sequence[object]]) -> Rows:
    """Scanpy's columns behind keys made of the group, the row's number in it and its number in all."""
    counts: dict[str, int] = {}
    body = []
    for n, row in enumerate(SCANPY):
        counts[row["group"]] = counts.get(row["group"], -1) + 1
        body.append([*keys(row["group"], counts[row["group"]], n), row["names"], *(row[name] for name in SCORES)])
    return [[*head, "names", *SCORES], *body]


def lists() -> dict[str, list[str]]:
    up = [row for row in SEURAT if float(row["p_val_adj"]) < P_VALUE and float(row["avg_log2FC"]) > FOLD]
    return {id_: [row["gene"] for row in up if row["cluster"] == id_] for id_ in NAMES}


def padded(padding: str, index: bool) -> Rows:
    """data.frame(split(gene, cluster)) after the lists were made of equal length."""
    table = [list(row) for row in zip_longest(*lists().values(), fillvalue=padding)]
    header = [f"X{id_}" for id_ in NAMES]
    return [["", *header], *([n, *row] for n, row in enumerate(table, 1))] if index else [header, *table]


JOINED: dict[str, tuple[Make, dict[str, str]]] = {
    "pd.concat(dict)": (lambda: scanpy(["", ""], lambda key, n, _: [key, n]), OWN_IDS),
    "pd.concat(dict), other ids": (lambda: scanpy(["", ""], lambda key, n, _: [NAMES[key], n]), NAMES),
    "pd.concat(dict), read and written": (
        lambda: scanpy(["Unnamed: 0", "Unnamed: 1"], lambda key, n, _: [key, n]),
        OWN_IDS,
    ),
    "pd.concat(dict), counter from 1": (lambda: scanpy(["", ""], lambda key, n, _: [key, n + 1]), OWN_IDS),
    "pd.concat(dict).reset_index()": (lambda: scanpy(["level_0", "level_1"], lambda key, n, _: [key, n]), OWN_IDS),
    "pd.concat(dict).reset_index(), with index": (
        lambda: scanpy(["", "level_0", "level_1"], lambda key, n, total: [total, key, n]),
        OWN_IDS,
    ),
    "pd.concat(dict).reset_index(level=0)": (lambda: scanpy(["", "level_0"], lambda key, n, _: [n, key]), OWN_IDS),
    "pd.concat(dict), genes as index": (
        lambda: seurat(["", ""], lambda row, _: [row["cluster"], row["gene"]]),
        OWN_IDS,
    ),
    "pd.concat(dict), genes as named index": (
        lambda: seurat(["", "gene"], lambda row, _: [NAMES[row["cluster"]], row["gene"]]),
        NAMES,
    ),
    "rbindlist(idcol = TRUE)": (lambda: seurat([".id", "gene"], lambda row, _: [row["cluster"], row["gene"]]), OWN_IDS),
    "ldply, with row names": (
        lambda: seurat(["", ".id", "gene"], lambda row, n: [n, row["cluster"], row["gene"]]),
        OWN_IDS,
    ),
    'map_dfr(.id = "id")': (lambda: seurat(["id", "gene"], lambda row, _: [NAMES[row["cluster"]], row["gene"]]), NAMES),
    'bind_rows(.id = "cluster")': (
        lambda: seurat(["", "cluster"], lambda row, n: [f"{row['gene']}...{n}", row["cluster"]]),
        OWN_IDS,
    ),
    "do.call(rbind, named list)": (lambda: seurat([""], lambda row, _: [f"{row['cluster']}.{row['gene']}"]), OWN_IDS),
    "do.call(rbind, named list), names with dots": (
        lambda: seurat([""], lambda row, _: [f"{NAMES[row['cluster']]}.{row['gene']}"]),
        NAMES,
    ),
    "rownames_to_column": (lambda: seurat(["gene"], lambda row, _: [f"{row['cluster']}.{row['gene']}"]), OWN_IDS),
    "paste(cluster, gene)": (lambda: seurat([""], lambda row, _: [f"{NAMES[row['cluster']]}_{row['gene']}"]), NAMES),
    "paste(gene, cluster)": (lambda: seurat([""], lambda row, _: [f"{row['gene']}_{row['cluster']}"]), OWN_IDS),
}


@pytest.mark.parametrize("kind", JOINED)
def test_joined_tables_have_the_clusters_they_came_from(tmp_path: Path, kind: str) -> None:
    make, names = JOINED[kind]
    rows = make()
    whole = "scanpy_wilcoxon_pts.csv" if "names" in map(str, rows[0]) else "seurat_findallmarkers.csv"
    expected = genes(read_markers(FOLDER / whole, SplitSettings(min_pct=0)))
    assert genes(read(tmp_path, rows, min_pct=0)) == {names[id_]: found for id_, found in expected.items()}


@pytest.mark.parametrize("index", [True, False])
@pytest.mark.parametrize("padding", ["", "NA"])
def test_split_lists_of_unequal_length(tmp_path: Path, padding: str, index: bool) -> None:
    table = read(tmp_path, padded(padding, index), gene_filter="none")
    assert genes(table) == {f"X{id_}": found for id_, found in lists().items()}


def test_one_key_is_one_cluster(tmp_path: Path) -> None:
    rows = [row for row in scanpy(["", ""], lambda key, n, _: [key, n]) if row[0] in ("", "2")]
    table = read(tmp_path, rows)
    assert list(genes(table)) == ["2"]
    assert genes(table)["2"][:3] == genes(read_markers(FOLDER / "scanpy_wilcoxon_pts.csv"))["2"][:3]


def made_unique() -> Rows:
    seen: dict[str, int] = {}

    def name(row: Row, _: int) -> Sequence[object]:
        seen[row["gene"]] = number = seen.get(row["gene"], -1) + 1
        return [f"{row['gene']}{number or ''}"]

    return seurat([""], name)


def side_by_side(header: Callable[[str, int], str]) -> Rows:
    """cbind of the tables of all clusters."""
    tables = [[row for row in SEURAT if row["cluster"] == id_][:50] for id_ in NAMES]
    names = ("gene", *STATISTICS)
    head = [header(name, n) for n in range(len(tables)) for name in names]
    return [head, *([row[name] for row in found for name in names] for found in zip(*tables, strict=True))]


REFUSED: dict[str, tuple[Make, tuple[str, ...]]] = {
    "rbind of a list without names": (made_unique, ("genes-repeat", "genes of gene", "272 rows")),
    "bind_rows without .id": (
        lambda: seurat([""], lambda row, n: [f"{row['gene']}...{n}"]),
        ("genes-repeat", "genes of gene", "272 rows, 96 genes"),
    ),
    "pd.concat(list)": (
        lambda: seurat([""], lambda row, _: [row["gene"]]),
        ("genes-repeat", "genes of gene", "272 rows, 96 genes"),
    ),
    "cbind": (lambda: side_by_side(lambda name, _: name), ("tables-side-by-side", "gene is")),
    "cbind, names made unique": (
        lambda: side_by_side(lambda name, n: f"{name}.{n}" if n else name),
        ("columns-missing", "no column cluster"),
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_tables_that_do_not_say_their_clusters_are_refused(tmp_path: Path, kind: str) -> None:
    make, wrong = REFUSED[kind]
    with raises(*wrong, path="joined.csv", line=1):
        read(tmp_path, make())


def test_ids_in_genes_and_a_name_for_one_cluster_disagree(tmp_path: Path) -> None:
    rows = seurat([""], lambda row, _: [f"{row['cluster']}.{row['gene']}"])
    with raises("cluster-ids-in-some-genes", "0.CD3D", "cluster_name", path="joined.csv", line=1):
        read(tmp_path, rows, cluster_name="T")


@pytest.mark.parametrize("prefixes", [("GRCh38.", "mm10."), ("rna_", "adt_"), ("", "")])
def test_genomes_and_assays_are_no_clusters(tmp_path: Path, prefixes: tuple[str, str]) -> None:
    first = [row for row in SEURAT if row["cluster"] == "0"]
    rows = [["gene", *STATISTICS]]
    rows += [[prefixes[n % 2] + row["gene"], *(row[name] for name in STATISTICS)] for n, row in enumerate(first)]
    assert list(genes(read(tmp_path, rows))) == ["joined"]


def pairs(values: Sequence[float]) -> Rows:
    names = ["CD3D", "CD3E", "CD2", "CD5", "LCK", "IL7R", "LYZ", "CST3", "CD14", "FCN1"]
    body = [[gene, p, gene, p] for gene, p in zip(names, values, strict=False)]
    return [["T_n", "T_p", "C_n", "C_p"], *body]


@pytest.mark.parametrize(
    ("values", "number"),
    [
        ((1e-20, 1e-9, 1e-3, 0.4, 0.9, 0.3, 1e-3, 1e-8, 1e-20, 0), 3),
        ((1e-20, 1e-9, 1e-3, 0.01, 0.001, 1e-6, 1e-8, 1e-12, 1e-20, 1e-30), 4),  # few genes: none is between
        ((0, 0, 0, 0, 0), 5),
        ((1e-40, 1e-38, 1e-39, 1e-35, 1e-34, 1e-35), 6),  # of a t-test, not quite in the order of its scores
        ((1e-9, 1e-20, 1e-30), 1),
    ],
)
def test_lists_with_p_values_end_where_genes_begin_to_be_down(
    tmp_path: Path, values: Sequence[float], number: int
) -> None:
    table = read(tmp_path, pairs(values), gene_filter="none")
    assert table.selection.ranked_by == "given order"
    expected = ["CD3D", "CD3E", "CD2", "CD5", "LCK", "IL7R"][:number]
    assert genes(table) == {"T": expected, "C": expected}
