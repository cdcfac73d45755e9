"""Wide tables: the clusters and genes of the long table, or a line that says why not; never other clusters."""

from __future__ import annotations

import csv
import io
import os
import random
from collections.abc import Callable, Sequence
from itertools import zip_longest
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cassia_engine.errors import UsageError
from cassia_engine.markers import MarkerTable, read_markers
from cassia_engine.settings import SplitSettings
from tests.raising import raises

CASES = Path(__file__).parents[1] / "data" / "cases"
EXAMPLES = Path(__file__).parents[2] / "cassia_engine" / "data" / "examples"
DRAWN = int(os.environ.get("CASSIA_WILD", "40"))
KEEP = SplitSettings(gene_filter="none")

Lists = dict[str, list[str]]
Table = Sequence[Sequence[object]]


def genes(table: MarkerTable) -> Lists:
    return {cluster.id: cluster.genes for cluster in table.clusters}


def read(folder: Path, rows: Sequence[Sequence[object]], delimiter: str = ",", **options: object) -> MarkerTable:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(rows)
    path = folder / "wide.csv"
    path.write_text(text.getvalue(), encoding="utf-8")
    return read_markers(path, SplitSettings(**{"gene_filter": "none", **options}))  # type: ignore[arg-type]


def transposed(lists: Lists) -> list[list[str]]:
    return [list(row) for row in zip_longest(*lists.values(), fillvalue="")]


def columns(lists: Lists) -> Table:
    return [[*lists], *transposed(lists)]


def with_index(lists: Lists, name: str = "", start: int = 0) -> Table:
    return [[name, *lists], *([start + n, *row] for n, row in enumerate(transposed(lists)))]


def numbered(lists: Lists) -> Table:
    return with_index({str(n): found for n, found in enumerate(lists.values())})


def rows_of(lists: Lists, head: Callable[[int], object], first: str = "cluster") -> Table:
    longest = max(map(len, lists.values()))
    padded = [[id_, *found, *[""] * (longest - len(found))] for id_, found in lists.items()]
    return [[first, *map(head, range(longest))], *padded]


def paired(lists: Lists, names: str, scores: str) -> Table:
    """Names and scores side by side: `names` and `scores` have the place of the cluster in them."""
    header = [form.format(id_) for id_ in lists for form in (names, scores)]
    body = [
        [cell for gene in row for cell in (gene, round(9.5 - n / 7, 3) if gene else "")]
        for n, row in enumerate(transposed(lists))
    ]
    return [header, *body]


def two_headers(lists: Lists, merged: bool = False) -> Table:
    body = paired(lists, "{}", "")[1:]
    ids = [id_ if not n or not merged else "" for id_ in lists for n in range(2)]
    keys = ["names", "scores"] * len(lists)
    return [["", *ids], ["", *keys], *([n, *row] for n, row in enumerate(body))]


FORMS: dict[str, Callable[[Lists], Table]] = {
    "columns": columns,
    "with an index": with_index,
    "with ranks from 1": lambda lists: with_index(lists, "rank", 1),
    "read once more by pandas": lambda lists: with_index(lists, "Unnamed: 0"),
    "rows": lambda lists: rows_of(lists, lambda n: f"gene{n + 1}"),
    "rows of an index": lambda lists: rows_of(lists, lambda n: n, ""),
    "rows of top_n": lambda lists: rows_of(lists, lambda n: f"top_{n + 1}", "leiden"),
    "rows under one name": lambda lists: rows_of(lists, lambda n: "marker"),
    "rows under no name": lambda lists: rows_of(lists, lambda n: "" if n else "markers"),
    "rows as of R": lambda lists: rows_of(lists, lambda n: f"V{n + 2}", "V1"),
    "pairs _n _s": lambda lists: paired(lists, "{}_n", "{}_s"),
    "pairs _names _scores": lambda lists: paired(lists, "{}_names", "{}_scores"),
    "pairs names:: scores::": lambda lists: paired(lists, "names::{}", "scores::{}"),
    "pairs of tuples": lambda lists: paired(lists, "('{}', 'names')", "('{}', 'scores')"),
    "pairs under the bare name": lambda lists: paired(lists, "{}", "{} score"),
    "pairs by their place": lambda lists: paired(lists, "{}", "scores"),
    "two header rows": two_headers,
    "two header rows, cells merged": lambda lists: two_headers(lists, merged=True),
}


def real(name: str, n_genes: int = 40) -> Lists:
    table = read_markers(EXAMPLES / name, SplitSettings(gene_filter="none", n_genes=n_genes))
    return genes(table)


PBMC, INTESTINE = real("pbmc68k_scanpy.csv"), real("large_intestine_seurat.csv.gz")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("lists", [PBMC, INTESTINE], ids=["pbmc", "intestine"])
def test_wide_tables_are_read_as_the_long_one(tmp_path: Path, form: str, lists: Lists) -> None:
    table = read(tmp_path, FORMS[form](lists))
    assert genes(table) == lists
    assert table.selection.ranked_by in ("given order", "score, above 0")


@pytest.mark.parametrize("delimiter", "\t;")
def test_other_delimiters(tmp_path: Path, delimiter: str) -> None:
    assert genes(read(tmp_path, with_index(PBMC), delimiter)) == PBMC


WORDS = st.sampled_from(["T", "B cell", "NK", "7_0", "c1", "Mono.1", "x_n"])
NAMES = st.lists(st.one_of(st.integers(0, 40).map(str), WORDS), min_size=2, max_size=11, unique=True)


@settings(max_examples=DRAWN, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    names=NAMES,
    form=st.sampled_from(sorted(FORMS)),
    source=st.sampled_from(["pbmc", "intestine"]),
    n_genes=st.integers(1, 40),
    ragged=st.booleans(),
    lower=st.booleans(),
    seed=st.integers(0, 999),
)
def test_wide_tables_never_give_other_clusters(
    tmp_path: Path, names: list[str], form: str, source: str, n_genes: int, ragged: bool, lower: bool, seed: int
) -> None:
    chance = random.Random(seed)
    found_in = {"pbmc": PBMC, "intestine": INTESTINE}[source]
    chosen = chance.sample(list(found_in.values()), min(len(names), len(found_in)))
    lists = {
        name: [
            gene.capitalize() if lower else gene for gene in found[: chance.randint(1, n_genes) if ragged else n_genes]
        ]
        for name, found in zip(names, chosen, strict=False)
    }
    try:
        table = read(tmp_path, FORMS[form](lists))
    except UsageError as error:
        assert "\n" not in str(error)
        return
    assert genes(table) == lists


@pytest.mark.parametrize("name", ["real_wide_names.csv", "real_wide_names_T.tsv"])
def test_names_of_scanpy(name: str) -> None:
    table = read_markers(CASES / name, KEEP)
    long = read_markers(CASES / "real_all.csv", SplitSettings(gene_filter="none", ranking_method="Score"))
    assert {id_: found[:40] for id_, found in genes(long).items()} == genes(table)


def test_typed_tables_of_few_clusters() -> None:
    long = genes(read_markers(CASES / "wide_rows.csv", KEEP))
    assert list(long) == ["0", "1", "3", "4"]
    wide = genes(read_markers(CASES / "wide2.csv", KEEP))
    assert wide == {"T cells": long["0"], "B cells": long["4"]}


@pytest.mark.parametrize("name", ["cellranger_diffexp.csv", "loupe.csv"])
def test_statistics_of_cell_ranger_and_loupe(name: str, caplog: pytest.LogCaptureFixture) -> None:
    table = read_markers(CASES / name, KEEP)
    long = genes(read_markers(CASES / "real_all.csv", KEEP))
    assert list(genes(table)) == [f"Cluster {n}" for n in range(1, 12)]
    assert genes(table)["Cluster 5"][:5] == long["4"][:5]
    first = table.clusters[4].markers[0]
    assert first.log2fc and first.log2fc > 5 and first.p_val_adj is not None and first.p_val_adj < 0.05
    assert table.selection.ranked_by == "log2fc"
    assert "not said to be adjusted" not in caplog.text


def test_score_of_cosg_is_above_zero(tmp_path: Path) -> None:
    table = read(
        tmp_path,
        [
            ["", "names::T", "scores::T", "names::B", "scores::B"],
            [0, "CD3D", 0.4, "CD79A", 0.5],
            [1, "CD3E", 0.1, "MS4A1", 0.0],
            [2, "CD2", 0.0, "CD19", -1.0],
            [3, "LCK", -1.0, "BANK1", -1.0],
        ],
    )
    assert genes(table) == {"T": ["CD3D", "CD3E"], "B": ["CD79A"]}
    assert [(cluster.n_rows, cluster.n_passing) for cluster in table.clusters] == [(4, 2), (4, 1)]
    assert table.clusters[0].markers[0].score == 0.4


@pytest.mark.usefixtures("command_line")
def test_p_values_and_fold_changes_beside_the_names(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    rows: Table = [
        ["T_n", "T_l", "T_p", "B_n", "B_l", "B_p"],
        ["CD3D", 1, 0.001, "CD79A", 3, 0.2],
        ["CD3E", 2, 0, "MS4A1", 2, 0],
    ]
    assert genes(read(tmp_path, rows)) == {"T": ["CD3E", "CD3D"], "B": ["MS4A1"]}
    assert "its p values are not said to be adjusted; --max_p_val_adj is applied to them" in caplog.text
    table = read_markers(CASES / "scanpy_wide_names_pvals.csv", KEEP)
    assert genes(table)["0"] == ["CD3D", "CD3E", "IL7R", "TRAC", "CD2"]


def test_other_species_are_read_where_the_labels_are_plain(tmp_path: Path) -> None:
    fly = {"7": ["FBgn0000014", "FBgn0000015", "FBgn0000017"], "T": ["FBgn0000018", "FBgn0000022", "FBgn0000024"]}
    assert genes(read(tmp_path, with_index(fly), allow_unknown_genes=True)) == fly
    with raises("genes-are-ids", "FlyBase ids", path="wide.csv"):
        read(tmp_path, with_index(fly))


T_AND_B = {"T": ["CD3D"], "B": ["CD79A"]}
REFUSED: dict[str, tuple[Table, tuple[str, ...], int | None]] = {
    "numbers on both sides and too few genes": (
        numbered({"0": ["XKR3", "ACP7"], "1": ["OR4F5", "KCNU1"]}),
        ("wide-direction-unclear",),
        1,
    ),
    "no header": (
        columns({"CD3D": ["CD3E", "CD2"], "CD79A": ["MS4A1", "CD19"]}),
        ("header-is-genes", "CD3D, CD79A"),
        1,
    ),
    "a cluster without genes": (
        [["T", "B", "NK"], ["CD3D", "", "NKG7"], ["CD3E", "", "GNLY"]],
        ("wide-cluster-without-genes", "cluster B"),
        None,
    ),
    "text for a number": (
        [*paired(T_AND_B, "{}_names", "{}_scores"), *([["CD3E", 1, "MS4A1", 2]] * 100), ["CD2", "x", "", ""]],
        ("wide-number-malformed", "x is"),
        103,
    ),
    "clusters of one gene": (
        columns({"what": [f"t{n}" for n in range(9)], "which": [f"m{n}" for n in range(9)]}),
        ("clusters-of-one-gene", "9 of 9"),
        None,
    ),
    "known and unknown genes in a row": (columns({"T": ["HJURP"], "0": ["AL031284.1"]}), ("wide-without-clusters",), 1),
    "one row of genes": ([["T", "0"], ["HJURP", "AL031284.1"]], ("wide-without-clusters",), 1),
    "a cluster called gene": ([["T", "gene"], ["S100A8", "EGFL7"]], ("columns-of-genes-only", "T and gene"), 1),
    "clusters of one name": ([["T", "T"], ["CD3D", "CD79A"]], ("wide-column-unnamed", "called T"), 1),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_wide_tables_that_are_refused(tmp_path: Path, kind: str) -> None:
    rows, wrong, line = REFUSED[kind]
    with raises(*wrong, path="wide.csv", line=line):
        read(tmp_path, rows)


LONG_ALL_THE_SAME = {
    "a third column of words": ("cluster,gene,note\nT,CD3D,CD3\nT,CD3E,CD3\nB,CD79A,CD79\n", "columns-missing"),
    "names of its own": ("kind,found,remark\nT,CD3D,first\nB,CD79A,second\nNK,NKG7,third\n", "not-a-marker-table"),
    "numbers": ("gene,T,B\nCD3D,5.5,0.1\nCD79A,0.2,4.4\n", "columns-missing"),
}


@pytest.mark.parametrize("kind", LONG_ALL_THE_SAME)
def test_tables_of_another_shape_are_not_taken_for_wide(tmp_path: Path, kind: str) -> None:
    (tmp_path / "table.csv").write_text(LONG_ALL_THE_SAME[kind][0])
    with raises(LONG_ALL_THE_SAME[kind][1], "column", path="table.csv", line=1):
        read_markers(tmp_path / "table.csv")


@pytest.mark.parametrize("first", ["", "cluster"])
@pytest.mark.parametrize("ids", [["CD4", "CD14"], ["CD4", "CD14", "CD8A"], ["DC", "HSC", "NK"]])
@pytest.mark.parametrize("head", [str, "gene{}".format])
def test_rows_of_clusters_called_like_genes(
    tmp_path: Path, first: str, ids: list[str], head: Callable[[int], object]
) -> None:
    lists = dict(zip(ids, PBMC.values(), strict=False))
    assert genes(read(tmp_path, rows_of(lists, head, first))) == lists


TYPED: Lists = {
    "T cells": ["CD3D", "CD3E", "TRAC", "IL7R", "CD2"],
    "B cells": ["MS4A1", "CD79A", "CD79B", "CD19", "BANK1"],
    "Monocytes": ["LYZ", "CD14", "S100A8", "S100A9", "FCN1"],
}
NUMBERS: Lists = {str(n): found for n, found in enumerate(TYPED.values())}


@pytest.mark.parametrize("corner", ["Cluster", "leiden", "Cell type", "", "Rank", "index", "No."])
@pytest.mark.parametrize("rank", ["Gene {}", "#{}", "{}.", "{}st", "Top {}"])
def test_ranks_are_no_clusters(tmp_path: Path, corner: str, rank: str) -> None:
    """Whatever stands in the corner, which may name what is above or what is below it."""
    for lists in (TYPED, NUMBERS):
        ranks = [rank.format(n + 1) for n in range(5)]
        table = [[corner, *lists], *([ranks[n], *row] for n, row in enumerate(transposed(lists)))]
        assert genes(read(tmp_path, table)) == lists
        assert genes(read(tmp_path, [list(row) for row in zip(*table, strict=True)])) == lists


def test_numbers_under_a_word_for_clusters_are_refused_where_the_genes_say_otherwise(tmp_path: Path) -> None:
    with raises("wide-direction-unclear", path="wide.csv", line=1):
        read(tmp_path, with_index(NUMBERS, "Cluster", 1))
    assert genes(read(tmp_path, rows_of(NUMBERS, lambda n: n + 1))) == NUMBERS


@pytest.mark.parametrize(
    "decorated", ["GRCh38_{}", "hg38_{}", "rna_{}", "ENSG00000167286_{}", "{}-TotalSeqB", "GRCh38-{}"]
)
def test_decorated_names_under_names_of_clusters(tmp_path: Path, decorated: str) -> None:
    table = [[*TYPED], *([decorated.format(gene) for gene in row] for row in transposed(TYPED))]
    assert {id_: [gene.split("-")[0] for gene in found] for id_, found in genes(read(tmp_path, table)).items()} == TYPED
