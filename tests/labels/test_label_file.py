"""`cassia labels`: the labels of a summary in a copy of an .h5ad file, of which all else is the same."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path
from typing import Any

import duckdb
import h5py
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

import cassia_engine
from cassia_engine import files
from cassia_engine.cli.app import cassia
from cassia_engine.errors import UsageError
from tests.conftest import EXAMPLES, ROOT
from tests.labels.h5ad_files import column, contents, write

PBMC = EXAMPLES / "pbmc68k.h5ad"
OWN = ("annotation", "general_type", "cl_id", "cl_label", "confidence", "outcome", "corrected", "review", "score")
VERSIONS = sorted((ROOT / "tests" / "data" / "anndata").glob("anndata_*.h5ad"))
CLUSTERS_OF_ODD = ["0", "-1", "007", "True", "B/plasma", "none"]
GROUPS = ["0", "-1", "007", "0", "none"]

pytestmark = pytest.mark.usefixtures("command_line")


def labels(*arguments: object) -> Result:
    return CliRunner().invoke(cassia, ["labels", *map(str, arguments)])


def done(*arguments: object) -> str:
    """What the command says, where it does its work."""
    result = labels(*arguments)
    assert result.exception is None, result.exception
    return result.stderr


def refused(*arguments: object) -> str:
    """The line of the error, where it does nothing."""
    before = sorted(Path.cwd().iterdir())
    result = labels(*arguments)
    assert isinstance(result.exception, UsageError), result.output
    assert sorted(Path.cwd().iterdir()) == before
    assert "\n" not in str(result.exception)
    return str(result.exception)


def clusters(path: Path = PBMC, name: str = "louvain") -> list[str]:
    return [str(value) for value in column(path, name)]


def test_cells_get_the_answers_of_their_clusters(pbmc: Path, answers: pd.DataFrame) -> None:
    before = PBMC.read_bytes()
    result = labels(PBMC, pbmc, "--group_key", "louvain", "--output", "out.h5ad")
    assert (result.stdout, result.stderr) == ("out.h5ad\n", "cassia: 700 of 700 cells have a label\n")
    assert PBMC.read_bytes() == before
    out = Path("out.h5ad")
    for name, source in {
        "general_type": "Predicted General Cell Type",
        "cl_id": "CL ID",
        "cl_label": "CL Label",
        "confidence": "Confidence",
        "outcome": "Status",
    }.items():
        assert column(out, f"cassia_{name}") == [answers[source][cluster] or None for cluster in clusters()], name
    first = {cluster: text.split("; ")[0] for cluster, text in answers["Predicted Detailed Cell Type"].items()}
    first["4"] = "odd; cells"
    unresolved = {c: first[str(c)] or general for c, general in answers["Predicted General Cell Type"].items()}
    assert column(out, "cassia_annotation") == [unresolved[cluster] for cluster in clusters()]
    with h5py.File(out) as file:
        scores = file["obs/cassia_score"][:]
    np.testing.assert_array_equal(scores, [float(answers["Score"][cluster] or "nan") for cluster in clusters()])
    assert np.isnan(scores[clusters().index("3")]), "a person's label has no score"
    assert column(out, "cassia_corrected") == ["yes" if c in ("3", "4") else "no" for c in clusters()]


def test_all_else_in_the_file_is_the_same(pbmc: Path) -> None:
    done(PBMC, pbmc, "--group_key", "louvain", "--output", "out.h5ad", "--standard", "cap")
    before, after = contents(PBMC), contents(Path("out.h5ad"))
    new = {name for name in after if name not in before}
    assert {name: after[name] for name in before} == before
    assert all(name.startswith(("obs/cassia", "uns/cassia", "uns/cap_metadata")) for name in new)
    with h5py.File("out.h5ad") as file:
        order = list(file["obs"].attrs["column-order"])
        assert order[: 2 + len(OWN)] == ["louvain", "bulk_labels", *(f"cassia_{name}" for name in OWN)]
        said = {name: note.asstr()[()] for name, note in file["uns/cassia"].items()}
    assert (said["version"], said["provider"]) == (cassia_engine.__version__, "offline")
    assert said["model"].startswith("marker scoring")
    assert (said["summary"], said["group_key"]) == ("pbmc", "louvain")
    assert "hypotheses" in said["notice"]
    assert list(said["columns"]) == order[2:]


@pytest.mark.parametrize(
    ("obs", "layout"),
    [
        ({"c": GROUPS}, {}),
        ({"c": ([0, 1, 2, 0, 3], ["0", "-1", "007", "none"])}, {}),
        ({"c": ([0, 1, 2, 0, 3], ["0", "-1", "007", "none"])}, {"old": True}),
        ({"c": GROUPS}, {"old": True}),
        ({"c": ([0, 1, 2, 0, 3], ["0", "-1", "007", "none"])}, {"nullable": True}),
    ],
    ids=["text", "categories", "old-categories", "old-text", "nullable"],
)
def test_layouts(odd: Path, obs: dict[str, Any], layout: dict[str, bool]) -> None:
    data = write(Path("in.h5ad"), obs, **layout)
    said = done(data, odd, "--group_key", "c", "--output", "out.h5ad")
    assert "clusters of the summary without cells: 2: True, B/plasma" in said
    assert column(Path("out.h5ad"), "cassia_general_type") == ["B cell", "T cell", "B cell", "B cell", None]
    assert column(Path("out.h5ad"), "cassia_outcome") == [*["annotated"] * 4, "no_markers"]
    before, after = contents(data), contents(Path("out.h5ad"))
    assert {name: after[name] for name in before} == before
    with h5py.File("out.h5ad") as file:
        new = file["obs/cassia_outcome"]
        assert isinstance(new, h5py.Dataset) == layout.get("old", False)
        assert ("encoding-type" in file["uns/cassia"].attrs) != layout.get("old", False)


@pytest.mark.parametrize("old", [False, True])
def test_reasons_to_review_and_scores(odd: Path, old: bool) -> None:
    table = pd.read_csv(odd, dtype=str, keep_default_na=False)
    doubts = {"0": "low confidence; possible mixture", "007": ""}
    table["Review Reason"] = [doubts.get(cluster, "no markers") for cluster in table["Cluster ID"]]
    table["Score"] = ["61.5" if cluster in doubts else "" for cluster in table["Cluster ID"]]
    table.to_csv("s.csv", index=False)
    data = write(Path("in.h5ad"), {"c": ([0, 1, 2, 0, -1], ["0", "007", "none"])}, old=old)
    done(data, "s.csv", "--group_key", "c", "--output", "out.h5ad")
    assert column(Path("out.h5ad"), "cassia_review") == [doubts["0"], None, "no markers", doubts["0"], None]
    with h5py.File("out.h5ad") as file:
        scores = file["obs/cassia_score"]
        assert scores.attrs.get("encoding-type") == (None if old else "array")
        np.testing.assert_array_equal(scores[:], [61.5, 61.5, np.nan, 61.5, np.nan])


@pytest.mark.parametrize(
    ("values", "labelled"),
    [
        ([0, 7, -1, 0], [True, False, True, True]),
        (([0, 1, -1, 0], [0, 7]), [True, False, False, True]),
        ([True, False, True, True], [True, False, True, True]),
        (([0, 1, -1, 0], [True, False]), [True, False, False, True]),
        (["B/plasma", "007", "7", ""], [True, True, False, False]),
    ],
    ids=["int", "int-categories", "bool", "bool-categories", "text"],
)
def test_clusters_are_joined_as_text(odd: Path, values: Any, labelled: list[bool]) -> None:
    data = write(Path("in.h5ad"), {"c": values})
    done(data, odd, "--group_key", "c", "--output", "out.h5ad")
    assert [value is not None for value in column(Path("out.h5ad"), "cassia_outcome")] == labelled


@pytest.mark.parametrize("kind", ["nullable-integer", "nullable-boolean"])
def test_nullable_columns(odd: Path, kind: str) -> None:
    data = write(Path("in.h5ad"), {"c": ["x", "x", "x"]})
    with h5py.File(data, "r+") as file:
        del file["obs/c"]
        group = file["obs"].create_group("c")
        group.attrs.update({"encoding-type": kind, "encoding-version": "0.1.0"})
        group["values"] = [0, 1, 0] if "int" in kind else [True, True, False]
        group["mask"] = [False, False, True]
    done(data, odd, "--group_key", "c", "--output", "out.h5ad")
    expected = ["B cell", None, None] if "int" in kind else ["T cell", "T cell", None]
    assert column(Path("out.h5ad"), "cassia_general_type") == expected


@pytest.mark.parametrize("path", VERSIONS, ids=lambda path: path.stem)
def test_files_of_every_version_of_anndata(odd: Path, path: Path) -> None:
    with h5py.File(path) as file:
        old = file["obs"].attrs["encoding-version"] == "0.1.0"
    done(path, odd, "--group_key", "cell_type", "--output", "out.h5ad", "--standard", "cap", "--parquet", "out.parquet")
    assert column(Path("out.h5ad"), "cassia_general_type").count("B cell") == 25
    before, after = contents(path), contents(Path("out.h5ad"))
    assert {name: after[name] for name in before} == before
    with h5py.File("out.h5ad") as file:
        assert ("cassia_outcome" in file["obs"].get("__categories", ())) == old


def test_attributes_of_fixed_length(odd: Path) -> None:
    """As other libraries than h5py write them."""
    data = write(Path("in.h5ad"), {"c": ([0, 1], ["0", "none"])})
    with h5py.File(data, "r+") as file:
        for element in (file["obs"], file["obs/c"], file["var"]):
            for name, value in dict(element.attrs).items():
                if name != "ordered":
                    element.attrs[name] = np.asarray(value).astype("S")
    done(data, odd, "--group_key", "c", "--output", "out.h5ad", "--parquet", "out.parquet", "--standard", "cap")
    assert column(Path("out.h5ad"), "cassia_general_type") == ["B cell", None]
    assert duckdb.read_parquet("out.parquet").columns[0] == "_index"


def test_a_mudata_is_refused_with_what_to_write(odd: Path) -> None:
    data = ROOT / "tests" / "data" / "anndata" / "mudata_0.4.1.h5mu"
    assert "this is MuData; write one modality of it" in refused(data, odd, "--output", "out.h5ad")


def test_cells_without_a_cluster_are_named(odd: Path) -> None:
    data = write(Path("in.h5ad"), {"c": ([0, 1, -1, 0, -1], ["0", "9"])})
    given = ("--group_key", "c", "--label_na", "not sorted", "--standard", "cellxgene")
    said = done(data, odd, *given, "--output", "out.h5ad", "--parquet", "out.parquet")
    assert "2 cells without a cluster are cluster not sorted" in said
    assert "4 of 5 cells have a label" in said
    assert "get no label: 1, of clusters 9" in said and "get no label: 2" not in said
    out = Path("out.h5ad")
    label = column(out, "cassia_annotation")[0]
    assert column(out, "cassia_annotation") == [label, None, "not sorted", label, "not sorted"]
    assert column(out, "cassia_general_type") == ["B cell", None, None, "B cell", None]
    assert column(out, "cell_type_ontology_term_id")[1:3] == ["unknown", "unknown"]


def test_cells_without_a_cluster_keep_their_name_where_their_cluster_has_no_label(odd: Path) -> None:
    codes, names = [0, 1, 2, 3, 4, -1], ["0", "-1", "007", "True", "B/plasma"]
    data = write(Path("in.h5ad"), {"c": (codes, names)})
    said = done(data, odd, "--group_key", "c", "--label_na", "none", "--output", "out.h5ad")
    assert "6 of 6 cells have a label" in said
    assert column(Path("out.h5ad"), "cassia_annotation")[5] == "none"
    assert column(Path("out.h5ad"), "cassia_outcome")[5] == "no_markers"


def test_cells_without_a_cluster_are_a_cluster_of_the_summary(odd: Path) -> None:
    """As --rank with --label_na makes one; the column is found without it."""
    codes, names = [0, 1, 2, 3, 4, -1], ["0", "-1", "007", "True", "none"]
    data = write(Path("in.h5ad"), {"c": (codes, names), "batch": ["a"] * 6})
    said = done(data, odd, "--label_na", "B/plasma", "--output", "out.h5ad")
    assert "clusters are those in obs column c" in said
    assert column(Path("out.h5ad"), "cassia_general_type")[5] == "B cell"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("9", "--label_na 9: obs['c'] has cells of a cluster of this name already; give another"),
        ("NA", "--label_na NA: expected a name, and not NA or NaN"),
        (" ", "expected a name, and not NA or NaN"),
    ],
)
def test_a_name_that_cells_without_a_cluster_cannot_have(name: str, message: str, odd: Path) -> None:
    data = write(Path("in.h5ad"), {"c": ([0, 1, -1], ["0", "9"])})
    assert message in refused(data, odd, "--group_key", "c", "--label_na", name, "--output", "out.h5ad")


def test_what_does_not_match_is_counted(odd: Path) -> None:
    data = write(Path("in.h5ad"), {"c": ([0, 1, 1, 2, -1, 2], ["0", "9", "8"])})
    said = done(data, odd, "--group_key", "c", "--output", "out.h5ad").splitlines()
    assert said == [
        "cassia: warning: clusters of the summary without cells: 5: -1, 007, True, B/plasma, none",
        "cassia: warning: cells of clusters that are not in the summary get no label: 4, of clusters 9, 8",
        "cassia: warning: cells without a cluster in obs column c get no label: 1; --label_na gives them one",
        "cassia: 1 of 6 cells has a label",
    ]


def test_a_file_is_labelled_again(pbmc: Path) -> None:
    done(PBMC, pbmc, "--group_key", "louvain", "--output", "one.h5ad")
    done("one.h5ad", pbmc, "--group_key", "louvain", "--output", "two.h5ad")
    assert contents(Path("one.h5ad")) == contents(Path("two.h5ad"))
    done("one.h5ad", pbmc, "--group_key", "louvain", "--output", "two.h5ad", "--prefix", "fine_")
    assert column(Path("two.h5ad"), "fine_annotation") == column(Path("two.h5ad"), "cassia_annotation")
    assert {"uns/cassia/version", "uns/cassia_fine/version"} <= set(contents(Path("two.h5ad")))


def test_an_output_is_replaced_whole_or_not_at_all(pbmc: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = Path("out.h5ad")
    out.write_text("old")

    def full(*arguments: object, **named: object) -> None:
        raise OSError(errno.ENOSPC, "Can't write data")

    with monkeypatch.context() as patch:
        patch.setattr(h5py.Group, "create_dataset", full)
        result = labels(PBMC, pbmc, "--group_key", "louvain", "--output", out)
    assert isinstance(result.exception, OSError)
    assert (result.exception.filename, result.exception.strerror) == ("out.h5ad", os.strerror(errno.ENOSPC))
    assert out.read_text() == "old"
    assert sorted(Path.cwd().iterdir()) == [out.absolute()]
    done(PBMC, pbmc, "--group_key", "louvain", "--output", out)
    assert h5py.is_hdf5(out)


def test_what_a_killed_run_left_is_named(pbmc: Path) -> None:
    Path(".out.h5ad.abc.part").touch()
    said = done(PBMC, pbmc, "--group_key", "louvain", "--output", "out.h5ad")
    assert ".out.h5ad.abc.part: left by a run that was killed" in said


def test_a_file_that_changes_is_not_copied(pbmc: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = write(Path("in.h5ad"), {"c": ["0"]})

    def copy(source: Path, target: Path, stop: object) -> None:
        os.utime(source, (1, 1))

    monkeypatch.setattr(files, "copy_file", copy)
    assert "changed while it was copied" in refused(data, pbmc, "--group_key", "c", "--output", "out.h5ad")


def test_the_key_of_the_ranked_genes_tells_the_column(odd: Path) -> None:
    """Of two columns with all clusters."""
    data = write(Path("in.h5ad"), {"one": CLUSTERS_OF_ODD, "two": CLUSTERS_OF_ODD})
    with h5py.File(data, "r+") as file:
        for key, column_name in (("t_test", "one"), ("cosg", "two")):
            file[f"uns/{key}/names"] = np.array([("CD3D",)], [("0", h5py.string_dtype())])
            file[f"uns/{key}/params/groupby"] = column_name
    assert "clusters are those in obs column one" in done(data, odd, "--rank_key", "t_test", "--parquet", "p")
    assert "clusters are those in obs column two" in done(data, odd, "--rank_key", "cosg", "--parquet", "p")
    said = refused(data, odd, "--rank_key", "cossg", "--parquet", "q")
    assert "--rank_key cossg: no such key (did you mean cosg?); ranked genes are in cosg, t_test" in said


def test_inputs_are_never_outputs(pbmc: Path) -> None:
    data = write(Path("in.h5ad"), {"c": ["0"]})
    Path("link.h5ad").symlink_to(data)
    os.link(data, "hard.h5ad")
    for name in (data, "link.h5ad", "hard.h5ad", f"../{Path.cwd().name}/in.h5ad"):
        said = refused(data, pbmc, "--group_key", "c", "--output", name)
        assert "an output cannot take the place of an input" in said
    assert "an input" in refused(data, pbmc, "--group_key", "c", "--parquet", pbmc)
    assert "are one file" in refused(data, pbmc, "--group_key", "c", "--parquet", "x", "--output", "x")
    said = refused(data, pbmc, "--group_key", "c")
    assert said == "nothing to write: give --output or --parquet, or both"


@pytest.mark.parametrize(
    ("obs", "options", "expected"),
    [
        (
            {"louvain": ["0"], "x": [1.5]},
            ["--group_key", "louvian"],
            "--group_key louvian: no such column (did you mean louvain?); obs",
        ),
        ({"c": ([0], ["z"]), "d": ([0], [*"0123456789", "10"])}, ["--group_key", "c"], "the clusters are in d"),
        (
            {"c": ["x"]},
            ["--group_key", "c"],
            "has 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 1 more; the column has x",
        ),
        ({"c": [0.5]}, ["--group_key", "c"], "--group_key c: the column has no groups, but decimal numbers"),
        (
            {"c": ["0"], "cassia_outcome": ["x"]},
            ["--group_key", "c"],
            "obs has cassia_outcome already, which",
        ),
        ({"c": ["0"]}, ["--group_key", "c", "--prefix", "a/"], "can be called a/annotation"),
        ({"c": ["0"]}, ["--group_key", "c", "--prefix", ""], "--prefix ''"),
        (
            {"c": ["0"], "cell_type": ["x"]},
            ["--group_key", "c", "--standard", "cellxgene"],
            "a column cell_type",
        ),
        ({"c": ["0"], "t": ["x"]}, ["--group_key", "c", "--standard", "cap", "--prefix", "t"], "obs has t already"),
    ],
)
def test_what_cannot_be_labelled(pbmc: Path, obs: dict[str, Any], options: list[str], expected: str) -> None:
    data = write(Path("in.h5ad"), obs)
    assert expected in refused(data, pbmc, "--output", "out.h5ad", *options)


def test_what_is_no_data(pbmc: Path) -> None:
    def said(data: object) -> str:
        return refused(data, pbmc, "--group_key", "c", "--output", "out.h5ad")

    assert "no HDF5 file" in said(pbmc)
    Path("folder.zarr").mkdir()
    assert "this is a folder" in said("folder.zarr")
    result = labels("absent.h5ad", pbmc, "--group_key", "c", "--output", "out.h5ad")
    assert isinstance(result.exception, FileNotFoundError)
    data = write(Path("in.h5ad"), {"c": ["0"]})
    with h5py.File(data, "r+") as file:
        file["obs"].attrs["encoding-version"] = "9"
    assert "the layout of obs is none of anndata's" in said(data)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Cluster ID,Predicted General Cell Type\n0,T cell\n", "no summary of cassia, as it lacks Predicted Detailed"),
        ("{header}\n0,T,T,annotated,,,High\n0,B,B,annotated,,,High\n", "0 is there twice"),
        ("{header}\n", "it has no clusters"),
        ("", "the file is empty"),
    ],
)
def test_what_is_no_summary(text: str, expected: str) -> None:
    header = "Cluster ID,Predicted General Cell Type,Predicted Detailed Cell Type,Status,CL ID,CL Label,Confidence"
    Path("s.csv").write_text(text.replace("{header}", header))
    assert expected in refused(PBMC, "s.csv", "--group_key", "louvain", "--output", "out.h5ad")


def test_other_tables_of_a_run(pbmc: Path) -> None:
    done(PBMC, pbmc, "--group_key", "louvain", "--output", "one.h5ad")
    full = pbmc.with_name("pbmc_full.csv")
    done(PBMC, full, "--group_key", "louvain", "--output", "two.h5ad")
    assert contents(Path("one.h5ad")) == contents(Path("two.h5ad"))
    pd.read_csv(pbmc, dtype=str).to_csv("pbmc_summary.csv", sep=";", index=False, encoding="utf-8-sig")
    done(PBMC, "pbmc_summary.csv", "--group_key", "louvain", "--output", "two.h5ad")
    assert contents(Path("one.h5ad")) == contents(Path("two.h5ad"))


def columns_in(path: str) -> tuple[list[str], list[str]]:
    with h5py.File(path) as file:
        return sorted(file["obs"]), sorted(file["obs"].attrs["column-order"])


def test_columns_of_earlier_labels_are_removed(pbmc: Path) -> None:
    done(PBMC, pbmc, "--group_key", "louvain", "--output", "cap.h5ad", "--standard", "cap")
    done("cap.h5ad", pbmc, "--group_key", "louvain", "--output", "plain.h5ad")
    done(PBMC, pbmc, "--group_key", "louvain", "--output", "alone.h5ad")
    plain, alone = (columns_in(name) for name in ("plain.h5ad", "alone.h5ad"))
    assert plain == alone
    with h5py.File("plain.h5ad") as file:
        assert "cap_metadata" not in file["uns"]
    done("plain.h5ad", pbmc, "--group_key", "louvain", "--output", "again.h5ad", "--standard", "cap")


def test_no_output_takes_the_place_of_a_pipe(pbmc: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for option in ("--output", "--parquet"):
        result = labels(PBMC, pbmc, "--group_key", "louvain", option, pipe)
        assert "this is a device or a pipe" in str(result.exception)
    result = labels(pipe, pbmc, "--group_key", "louvain", "--output", "out.h5ad")
    assert "this is a device or a pipe" in str(result.exception)
    assert pipe.is_fifo()
    assert not Path("out.h5ad").exists()


def test_a_full_disk_is_told_by_the_copy(tmp_path: Path) -> None:
    source = tmp_path / "a"
    source.write_bytes(bytes(2**20))
    with pytest.raises(OSError, match="No space left"):
        files.copy_file(source, Path("/dev/full"), threading.Event())


def test_what_is_no_summary_is_said_with_where_it_is(pbmc: Path) -> None:
    folder = pbmc.parent
    given = ("--output", "out.h5ad")
    found = "such as pbmc_summary.csv"
    assert f"this is a folder; give the summary of a sample, {found}" in refused(PBMC, folder, *given)
    for other in ("pbmc_conversations.json", "pbmc_mqc.json", "pbmc_outcomes_mqc.json"):
        said = refused(PBMC, folder / other, *given)
        assert f"this is JSON, and no summary of a run; give its NAME_summary.csv, {found}" in said
    assert f"this is a web page, and no summary of a run; give its NAME_summary.csv, {found}" in refused(
        PBMC, folder / "pbmc_report.html", *given
    )
    for data in (pbmc, PBMC):
        said = refused(data, PBMC, *given)
        order = "the AnnData comes first and the summary second"
        assert said == f"{PBMC}: this is an AnnData, and no summary of a run; {order}"
    Path("empty").mkdir()
    assert refused(PBMC, "empty", *given) == "empty: this is a folder; give the summary of a sample"
    Path("other.json").write_text("{}")
    assert refused(PBMC, "other.json", *given).endswith("give its NAME_summary.csv")
