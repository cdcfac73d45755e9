"""What is counted in the cells: fractions that express a gene, and ranks; against what Scanpy wrote for the file."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import h5py
import numpy as np
import pandas as pd
import pytest

from cassia_engine.errors import UsageError
from cassia_engine.h5ad.annotated import log_base_of
from cassia_engine.h5ad.clustered_cells import ClusteredCells
from cassia_engine.h5ad.file_data import FileData
from cassia_engine.h5ad.object_data import ObjectData
from cassia_engine.h5ad.rank import rank
from cassia_engine.markers import MarkerTable, read_markers
from cassia_engine.records import GeneRanking, ValuesDoubt
from cassia_engine.settings import SplitSettings
from cassia_engine.stagefiles import read_status
from tests.command import cassia
from tests.conftest import EXAMPLES
from tests.h5ad.conftest import SCANPY
from tests.h5ad.test_real_files import LOOSE
from tests.raising import raises
from tests.reading import Page


def read(path: Any, **options: Any) -> MarkerTable:
    return read_markers(path, SplitSettings(**{**LOOSE, **options}), "human")


def fractions(table: MarkerTable) -> dict[tuple[str, str], tuple[float | None, float | None]]:
    return {(one.id, m.gene): (m.pct_in, m.pct_out) for one in table.clusters for m in one.markers}


def scale(file: h5py.File, place: str = "raw/X") -> None:
    values = file[place][()]
    file[place][...] = (values - values.mean(0)) / (values.std(0) + 1e-9)


def count(file: h5py.File) -> None:
    file["raw/X"][...] = np.round(np.expm1(file["raw/X"][()]))


def test_fractions_that_the_test_left_out_are_counted_as_scanpy_counts_them(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        counted = fractions(read(SCANPY, rank_key="wilcoxon_ties", min_pct=0))
    assert "fractions of cells that express a gene are counted in raw/X" in caplog.text
    of_scanpy = fractions(read(SCANPY, rank_key="wilcoxon_pts", min_pct=0))
    assert len(counted.keys() & of_scanpy.keys()) > 20
    for key in counted.keys() & of_scanpy.keys():
        assert counted[key] == pytest.approx(of_scanpy[key]), key


def test_against_a_reference_its_cells_are_the_others() -> None:
    counted = fractions(read(SCANPY, rank_key="subset_reference", min_pct=0))
    inside = {key: pct for key, (pct, _) in fractions(read(SCANPY, rank_key="wilcoxon_pts", min_pct=0)).items()}
    found = {gene: pct for (_, gene), (_, pct) in counted.items() if ("0", gene) in inside}
    assert found == pytest.approx({gene: inside["0", gene] for gene in found})
    assert found


@pytest.mark.parametrize("place", ["layers/counts", None])
def test_scaled_values_are_not_counted(
    place: str | None, changed: Callable[..., Path], caplog: pytest.LogCaptureFixture
) -> None:
    def change(file: h5py.File) -> None:
        for name in ("X", "var"):  # all ranked genes are in raw only
            del file[name]
            file.copy(f"raw/{name}", name)
        if place:
            file[place] = file["X"][()]
        scale(file, "X")
        del file["raw"]
        file["uns/t_test/params/use_raw"][...] = False

    table = read(changed(change), rank_key="t_test")
    expected = f"counted in {place}" if place else "unknown, so min_pct has no effect"
    said = f"X, by which genes were ranked, is scaled; fractions of cells that express a gene are {expected}"
    assert said in caplog.text
    known = [marker.pct_in is not None for cluster in table.clusters for marker in cluster.markers]
    assert any(known) == all(known) == (place is not None)


def test_genes_that_the_matrix_lacks_are_no_reason_to_drop_them(
    changed: Callable[..., Path], caplog: pytest.LogCaptureFixture
) -> None:
    """As in `adata[:, highly_variable]` after the test."""

    def rank_in_x(file: h5py.File) -> None:
        del file["raw"]
        file["uns/t_test/params/use_raw"][...] = False

    path = changed(rank_in_x)
    table = read(path, rank_key="t_test")
    assert "17 of the ranked genes are not in X (" in caplog.text
    assert "fractions of cells that express a gene are unknown and min_pct has no effect; rank again" in caplog.text
    markers = [marker for cluster in table.clusters for marker in cluster.markers]
    assert markers and all(marker.pct_in is None for marker in markers)
    with h5py.File(path) as file:
        names = FileData("a", file).genes(raw=False)
    assert {marker.gene for marker in markers} - {*names}


def shorten(file: h5py.File, place: str) -> None:
    values = file[place][:-1]
    del file[place]
    file[place] = values


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("obs/batch/codes", "column batch of /obs has 79 values for 80 rows"),
        ("obs/cell_type/codes", "column cell_type of /obs has 79 values for 80 rows"),
        ("obs/cell_type/categories", "/obs/cell_type/categories has 3 categories, and codes are from 0 to 3"),
        ("raw/var/gene/mask", "/raw/var/gene has (34,) values and (33,) marks"),
        ("uns/t_test/names", "the record arrays of /uns/t_test have different lengths"),
        ("uns/t_test/scores", "the record arrays of /uns/t_test have different lengths"),
    ],
)
def test_arrays_of_other_lengths_are_damage(place: str, said: str, changed: Callable[..., Path]) -> None:
    with raises("h5ad-damaged", said, path="a.h5ad"):
        read(changed(lambda file: shorten(file, place)), rank_key="t_test")


def flatten(file: h5py.File) -> None:
    del file["obs/leiden"]
    file["obs/leiden"] = 3


def decimal(file: h5py.File) -> None:
    codes = file["obs/cell_type/codes"][()]
    del file["obs/cell_type/codes"]
    file["obs/cell_type/codes"] = codes + 0.5


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (flatten, "/obs/leiden is no list of values"),
        (decimal, "codes of /obs/cell_type/categories are no whole numbers"),
        (lambda file: file.pop("obs/leiden"), "/obs lacks its column leiden"),
    ],
)
def test_damage_of_columns_is_named(how: Any, said: str, changed: Callable[..., Path]) -> None:
    with raises("h5ad-damaged", said, path="a.h5ad"):
        read(changed(how), rank_key="t_test")


def test_names_of_genes_that_are_not_those_of_the_matrix_are_refused(changed: Callable[..., Path]) -> None:
    """All that would be said of genes would be said of others."""

    def cut(file: h5py.File) -> None:
        for part in ("values", "mask"):
            shorten(file, f"raw/var/gene/{part}")

    with raises("matrix-unreadable", "34 columns for 33 genes", path="a.h5ad"):
        read(changed(cut), rank_key="t_test")


@pytest.mark.parametrize("noted", [True, "2", [2.0], {"base": "2"}, {"base": -2.0}, {"base": 0}, {}, None])
def test_what_is_no_base_of_a_logarithm_is_not_taken_for_one(noted: Any) -> None:
    assert log_base_of(noted) is None
    assert log_base_of({"base": np.float32(2)}) == 2.0


def test_columns_of_genes_in_memory_by_numbers_and_twice() -> None:
    adata = in_memory(SCANPY)
    symbols = [f"G{number}" for number in range(len(adata.var))]
    adata.var = pd.concat([adata.var.assign(s=symbols)] * 2, axis=1)
    adata.var[0] = symbols
    data = ObjectData("a", adata)
    assert data.gene_columns(raw=False) == {"s": True, "0": True}
    assert data.gene_texts(False, "s") == data.gene_texts(False, "0") == symbols


def test_a_backed_object_without_x() -> None:
    class Backed(SimpleNamespace):
        @property
        def X(self) -> Any:
            raise KeyError("object 'X' doesn't exist")

    adata = in_memory(SCANPY)
    found = {name: value for name, value in vars(adata).items() if name != "X"}
    assert ObjectData("a", Backed(**found)).matrices() == ["raw/X"]


@pytest.mark.parametrize("has_counts", [True, False])
def test_fractions_of_a_test_of_scaled_values_are_not_taken(
    has_counts: bool, changed: Callable[..., Path], caplog: pytest.LogCaptureFixture
) -> None:
    """Scanpy's pts counts values that are not 0, which nearly all scaled ones are."""

    def scale_what_was_tested(file: h5py.File) -> None:
        if has_counts:
            file["layers/counts"] = np.round(np.expm1(file["X"][()]))
        scale(file, "X")
        found = file["uns/not_raw"]
        for frame in (found["pts"], found["pts_rest"]):
            for name in frame.attrs["column-order"]:
                frame[name][...] = 1.0
        del file["raw"]

    table = read(changed(scale_what_was_tested), rank_key="not_raw", min_pct=0)
    found = {inside for inside, _ in fractions(table).values()}
    assert "is scaled; fractions of cells that express a gene are" in caplog.text
    assert len(found) > 3 if has_counts else found == {None}


def test_cells_without_a_cluster_are_ranked_by_a_name_of_their_own(
    changed: Callable[..., Path], caplog: pytest.LogCaptureFixture
) -> None:
    """Whether they have one or not, they are in the rest of the others."""

    def without_clusters(file: h5py.File) -> None:
        file["obs/cell_type/codes"][:10] = -1

    path, options = changed(without_clusters), {"rank": True, "group_key": "cell_type"}
    plain = read(path, **options)
    assert "10 of 80 cells have no cluster" in caplog.text
    caplog.clear()
    with caplog.at_level(logging.INFO):
        named = read(path, **options, label_na="not sorted")
    assert [(one.id, one.markers) for one in named.clusters[:-1]] == [(one.id, one.markers) for one in plain.clusters]
    assert named.clusters[-1].id == "not sorted"
    assert named.clusters[-1].n_cells == 10
    assert "10 cells without a cluster are cluster not sorted" in caplog.text
    assert "have no cluster" not in caplog.text


@pytest.mark.parametrize("rank_key", ["t_test", "wilcoxon_pts"])
def test_raw_counts_are_said(rank_key: str, changed: Callable[..., Path], caplog: pytest.LogCaptureFixture) -> None:
    """Whether the test has fractions of cells, so that its matrix need not be counted in, or not."""
    table = read(changed(count), rank_key=rank_key)
    assert f"uns['{rank_key}'] was computed on raw counts (raw/X), so its fold changes are wrong" in caplog.text
    ranking = table.selection.ranking
    assert ranking and (ranking.doubt, ranking.matrix) == (ValuesDoubt.RAW_COUNTS, "raw/X")
    assert table.selection.warnings == (
        "genes were ranked on raw counts (raw/X), so their fold changes are wrong; rank them again on log-normalized "
        "values",
    )


def test_scaled_values_are_said(changed: Callable[..., Path]) -> None:
    ranking = read(changed(scale), rank_key="t_test").selection.ranking
    assert ranking and ranking.warning.startswith("genes were ranked on scaled values (raw/X), which have no fold")


def test_how_genes_were_ranked_is_known() -> None:
    assert read(SCANPY, rank_key="t_test").selection.ranking == GeneRanking("t-test", "cell_type", matrix="raw/X")
    made = read(SCANPY, rank=True, group_key="cell_type").selection.ranking
    assert made == GeneRanking("wilcoxon", "cell_type", by_cassia=True, matrix="raw/X")
    against = read(SCANPY, rank_key="subset_reference").selection.ranking
    assert against and against.reference == "0"
    assert read_markers(EXAMPLES / "pbmc68k_scanpy.csv").selection.ranking is None


def test_files_whose_genes_were_ranked_in_other_ways_are_one_sample(changed: Callable[..., Path]) -> None:
    """What is wrong with one of them is said of the sample, and no test or column is said that is not of all."""

    def renamed(file: h5py.File) -> None:
        count(file)
        names = file["obs/cell_type/categories"].asstr()[()]
        file["obs/cell_type/categories"][...] = [f"b{name}" for name in names]
        found = file["uns/t_test"]
        for name in ("names", "scores", "pvals", "pvals_adj", "logfoldchanges"):
            fields = found[name][()]
            fields.dtype.names = tuple(f"b{field}" for field in fields.dtype.names)
            del found[name]
            found[name] = fields

    joined = read([SCANPY, changed(renamed)], rank_key="t_test")
    assert joined.selection.ranking == GeneRanking(matrix="raw/X", doubt=ValuesDoubt.RAW_COUNTS)
    assert read([SCANPY], rank_key="t_test").selection.ranking == read(SCANPY, rank_key="t_test").selection.ranking


def test_run_collect_and_report_end_with_what_is_wrong_with_the_values(
    changed: Callable[..., Path], tmp_path: Path
) -> None:
    """Also where another task has read the AnnData: it travels in the chunk."""
    words = "enes were ranked on raw counts (raw/X), so their fold changes are wrong"
    data = changed(count)
    given = ("--rank_key", "t_test", "--tissue", "blood", "--species", "human", "--allow_unknown_genes")
    done = cassia("run", data, "--outdir", tmp_path / "run", "--name", "x", *given)
    assert done.stderr.splitlines()[-1].startswith(f"cassia: Warning: G{words}")
    cassia("split", data, "--outdir", tmp_path, *given)
    cassia("annotate", tmp_path / "chunk_00000.json", "--output", tmp_path / "r.jsonl")
    files = (tmp_path / "chunk_00000.json", tmp_path / "r.jsonl")
    done = cassia("collect", *files, "--outdir", tmp_path / "staged", "--name", "x", "--status", tmp_path / "s.json")
    assert f"cassia: Warning: G{words}" in done.stderr
    assert words in read_status(tmp_path / "s.json").warnings[0]
    pages = [(tmp_path / place / "x_report.html").read_text(encoding="utf-8") for place in ("run", "staged")]
    for page in map(Page, pages):
        assert f"Warning: G{words}" in " ".join(page.text.split())
        assert "Welch's t-test of the clusters of the obs column" in " ".join(page.text.split())


def in_memory(path: Path) -> SimpleNamespace:
    """The file as what is read of an AnnData in memory."""
    with h5py.File(path) as file:
        data = FileData("a", file)
        columns = {name: data.groups(name) for name in data.obs_columns()}
        raw = SimpleNamespace(X=file["raw/X"][()], var=pd.DataFrame(index=data.genes(True)))
        obs = pd.DataFrame(
            {name: pd.Categorical.from_codes(one.codes, pd.Index(one.labels)) for name, one in columns.items()}
        )
        var = pd.DataFrame(index=data.genes(False))
        return SimpleNamespace(obs=obs, var=var, uns={}, obsm={}, layers={}, X=file["X"][()], raw=raw)


@pytest.mark.parametrize("where", ["file", "memory"])
def test_ranks_are_those_of_scanpy(where: str) -> None:
    with h5py.File(SCANPY) as file:
        data = FileData("a", file)
        of_scanpy = data.ranked("wilcoxon_ties")
        read_from = data if where == "file" else ObjectData("a", in_memory(SCANPY))
        found, place = rank(ClusteredCells.of(read_from, "cell_type", data.groups("cell_type"), None))
    assert place == "raw/X"
    assert list(found.places) == list(of_scanpy.places) == list("0123")
    for group in found.places:
        for name in ("scores", "logfoldchanges", "pvals", "pvals_adj"):
            ours, theirs = (
                dict(zip(map(one.genes.__getitem__, one.places[group]), one.statistics[name][group], strict=True))
                for one in (found, of_scanpy)
            )
            assert ours == pytest.approx(theirs, rel=1e-5, abs=1e-12), name


def test_an_object_is_ranked_as_its_file() -> None:
    options = {"rank": True, "group_key": "cell_type"}
    assert read(in_memory(SCANPY), **options) == read(SCANPY, **options)


COUNTED = "fractions of cells that express a gene are"


def scale_all(file: h5py.File) -> None:
    scale(file)
    scale(file, "X")


def count_all(file: h5py.File) -> None:
    count(file)
    file["X"][...] = np.round(np.expm1(file["X"][()]))


def infinite(file: h5py.File) -> None:
    file["raw/X"][0, 0] = np.inf


def without_matrices(file: h5py.File) -> None:
    del file["X"], file["raw"]


def of_three_cells(file: h5py.File) -> None:
    without_matrices(file)
    file["X"] = np.full((3, 4), 0.5)


def sparse(values: np.ndarray[Any, Any]) -> SimpleNamespace:
    """As scipy's csr_matrix, by its attributes."""
    places = [np.flatnonzero(row) for row in values]
    indptr = np.r_[0, np.cumsum([len(place) for place in places])]
    data, indices = values[values != 0], np.concatenate(places)
    return SimpleNamespace(format="csr", shape=values.shape, data=data, indices=indices, indptr=indptr)


def test_a_sparse_matrix_in_memory_is_ranked_too() -> None:
    options = {"rank": True, "group_key": "cell_type"}
    adata = in_memory(SCANPY)
    adata.raw.X = sparse(adata.raw.X)
    assert read(adata, **options) == read(SCANPY, **options)


def test_x_is_ranked_where_raw_has_counts(changed: Callable[..., Path], caplog: pytest.LogCaptureFixture) -> None:
    """As CELLxGENE wants it."""
    with caplog.at_level(logging.INFO):
        table = read(changed(count), rank=True, group_key="cell_type")
    assert "each against the rest (X)" in caplog.text
    assert any(cluster.markers for cluster in table.clusters)


def test_fractions_are_unknown_where_the_matrix_of_the_test_is_gone(
    changed: Callable[..., Path], caplog: pytest.LogCaptureFixture
) -> None:
    read(changed(without_matrices), rank_key="t_test")
    assert "raw/X, by which genes were ranked, is not there any more; fractions of cells" in caplog.text
    assert "are unknown, so min_pct has no effect" in caplog.text


@pytest.mark.parametrize("place", ["X", "layers/counts", "layers/logcounts"])
def test_fractions_and_means_come_from_one_matrix(
    place: str, changed: Callable[..., Path], caplog: pytest.LogCaptureFixture
) -> None:
    """That of the test, where it is there, else the same other one for both."""

    def move(file: h5py.File) -> None:
        values, var = file["raw/X"][()], file["raw/var"]
        without_matrices(file)
        del file["var"]
        file["var"] = var
        file[place] = values

    expected = read(SCANPY, rank_key="t_test")
    found = read(changed(move), rank_key="t_test")
    assert f"raw/X, by which genes were ranked, is not there any more; {COUNTED} counted in {place}" in caplog.text
    assert found.clusters == expected.clusters
    assert found.cells and found.cells.matrix == place
    caplog.clear()
    with caplog.at_level(logging.INFO):
        read(changed(move), rank_key="wilcoxon_pts")
    assert f"mean expression of genes is taken from {place}, and fractions of cells are those of" in caplog.text


def test_fractions_are_unknown_where_another_matrix_has_not_all_genes(
    changed: Callable[..., Path], caplog: pytest.LogCaptureFixture
) -> None:
    read(changed(lambda file: file.pop("raw")), rank_key="t_test")
    assert "of the ranked genes are not in X" in caplog.text
    assert "are unknown and min_pct has no effect" in caplog.text


def missing(file: h5py.File) -> None:
    file["raw/X"][:5] = np.nan


def test_missing_values_are_counted_and_said(changed: Callable[..., Path], caplog: pytest.LogCaptureFixture) -> None:
    table = read(changed(missing), rank_key="t_test")
    assert "raw/X has 170 missing (NaN) values, in 34 genes: their means are unknown in the clusters con" in caplog.text
    assert any(marker.mean is None for cluster in table.clusters for marker in cluster.markers)
    caplog.clear()
    read(changed(infinite), rank_key="t_test")
    assert "raw/X has infinite values, in 1 genes" in caplog.text


WRONG: dict[str, tuple[Callable[[h5py.File], None], dict[str, Any], str]] = {
    "no group": (
        lambda file: None,
        {"group_key": None},
        "rank: name the column of clusters with group_key; obs has cell_type (4 groups), leiden (4 groups)",
    ),
    "both": (lambda file: None, {"rank_key": "t_test"}, "give one of them"),
    "scaled": (
        scale_all,
        {},
        "raw/X has scaled values and X has scaled values, and genes are ranked by log-normalized",
    ),
    "counts": (
        count_all,
        {},
        "raw/X has raw counts and X has raw counts, and genes are ranked by log-normalized values",
    ),
    "missing": (missing, {}, "raw/X has 170 missing values (NaN), which have no rank; replace them"),
    "infinite": (infinite, {}, "raw/X has infinite values, which have no rank; replace them"),
    "no clusters": (
        lambda file: file["obs/cell_type/codes"].write_direct(np.full(80, -1, np.int8)),
        {},
        "no cell has a cluster in obs['cell_type']; give another group_key",
    ),
    "one cell": (
        lambda file: file["obs/cell_type/codes"].write_direct(np.r_[np.int8(3), np.zeros(79, np.int8)]),
        {},
        "clusters of one cell cannot be tested: 3; join or remove them in obs['cell_type']",
    ),
    "one cluster": (
        lambda file: file["obs/cell_type/codes"].write_direct(np.zeros(80, np.int8)),
        {},
        "obs['cell_type'] has one cluster, with no other cells",
    ),
    "no matrix": (without_matrices, {}, "has no X to rank genes by"),
    "another shape": (
        of_three_cells,
        {},
        "X cannot be read as a matrix of these cells",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_cannot_be_ranked_is_refused_in_one_line(what: str, changed: Callable[..., Path]) -> None:
    how, options, message = WRONG[what]
    path = changed(how)
    with pytest.raises(UsageError) as caught:
        read(path, **{"rank": True, "group_key": "cell_type", **options})
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)
