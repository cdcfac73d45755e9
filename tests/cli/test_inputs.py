"""What cannot work: one exact line a problem, all at once, exit code 2, at the command line."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import cassia_engine
from cassia_engine.cli import main
from tests.bad_tables import BAD, GOOD, SEURAT
from tests.raising import raises

# Root may read everything, and gives that up. All is loaded before, as Python's own files may be root's alone.
AS_NOBODY = """
import contextlib, io, os, sys
from cassia_engine.cli import main
good, table = sys.argv[1:]
sys.argv = ["cassia", "split", "--dry_run", good]
with contextlib.suppress(SystemExit), contextlib.redirect_stderr(io.StringIO()):
    main()
if os.geteuid() == 0:
    os.setgroups([]), os.setgid(65534), os.setuid(65534)
sys.argv[3] = table
main()
"""


@pytest.fixture
def cassia(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[..., tuple[int, list[str]]]]:
    """The command line in this process: its exit code and its lines, errors without what is before each."""
    logger = logging.getLogger("cassia_engine")
    before = list(logger.handlers), logger.level

    def run(*arguments: str | Path) -> tuple[int, list[str]]:
        monkeypatch.setattr(sys, "argv", ["cassia", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        told = capsys.readouterr()
        logger.handlers[:] = before[0]
        lines, error = told.err.splitlines(), "cassia: error: "
        if not ended.value.code:
            return 0, lines + told.out.splitlines()
        return int(ended.value.code), [line.removeprefix(error) for line in lines if line.startswith(error)]

    yield run
    logger.handlers[:], logger.level = before


@pytest.mark.parametrize("case", BAD)
def test_bad_table(cassia: Callable[..., tuple[int, list[str]]], tmp_path: Path, case: str) -> None:
    content, lines = BAD[case]
    table = tmp_path / "markers"
    table.write_bytes(content.encode() if isinstance(content, str) else content)
    expected = [line.replace("F", str(table), 1) for line in lines]
    assert cassia("split", "--dry_run", table) == (2, expected)
    whole = ["--outdir", tmp_path / "out", "--tissue", "blood", "--species", "human"]
    assert cassia("run", table, *whole) == (2, expected)
    assert list(tmp_path.iterdir()) == [table]


def test_missing_folder_and_device(cassia: Callable[..., tuple[int, list[str]]], tmp_path: Path) -> None:
    none = tmp_path / "none.csv"
    assert cassia("split", "--dry_run", none) == (2, [f"{none}: no such file; check the path"])
    told = (2, [f"{tmp_path}: this is a folder; give the marker table itself"])
    assert cassia("split", "--dry_run", tmp_path) == told
    told = (2, ["/dev/zero: this is a device; give the marker table as a file"])
    assert cassia("split", "--dry_run", "/dev/zero") == told


def test_name_that_is_no_line_of_text(cassia: Callable[..., tuple[int, list[str]]], tmp_path: Path) -> None:
    table = tmp_path / "two\nlines.csv"
    table.write_text(SEURAT)
    assert cassia("split", "--dry_run", table) == (
        2,
        [f"{str(table)!r}: the table has a header and no rows; make it again"],
    )


def test_file_that_may_not_be_read(tmp_path: Path) -> None:
    table = tmp_path / "markers.csv"
    table.write_text(SEURAT + GOOD)
    table.chmod(0)
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.geteuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o111)
    (tmp_path / "good.csv").write_text(SEURAT + GOOD)
    command = [sys.executable, "-c", AS_NOBODY, str(tmp_path / "good.csv"), str(table)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (
        done.stderr.splitlines()[-1]
        == f"cassia: error: {table}: you may not read this file; check its permissions (ls -l)"
    )
    assert "Traceback" not in done.stderr
    assert done.returncode == 2


def test_all_files_are_looked_at_before_anything_ends(
    cassia: Callable[..., tuple[int, list[str]]], tmp_path: Path
) -> None:
    files = {
        "markers.csv": "cluster,genes\nA,CD19\nA,CD3D CD3E\n",
        "map.csv": "id\nENSG1\n",
        "context.csv": "cluster,text\nA,one,two\n",
        "own.tsv": "species\tgene\nhuman\tCD19\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    code, lines = cassia(
        "run", tmp_path / "markers.csv", "--tissue", "blood", "--species", "human", "--outdir", tmp_path / "out",
        "--gene_map", tmp_path / "map.csv", "--cluster_context", tmp_path / "context.csv",
        "--knowledge", tmp_path / "own.tsv",
    )  # fmt: skip
    assert code == 2
    assert [line.partition(",")[0].partition(":")[0] for line in lines] == [
        str(tmp_path / name) for name in ("markers.csv", "map.csv", "context.csv", "own.tsv")
    ]


@pytest.mark.parametrize(
    ("option", "text", "message"),
    [
        ("gene_map", None, "F: no such file; check the path"),
        ("gene_map", "a,b,c\n1,2,3\n", "F, line 1: 3 columns; a gene map has two, id and symbol"),
        ("gene_map", "id,symbol\nENSG1\n", "F, line 2: 1 fields, but the header has 2"),
        (
            "gene_map",
            "id,symbol\nENSG00000156738,\n",
            "F: the second column has no gene symbols; a gene map has two columns, id and symbol",
        ),
        (
            "gene_map",
            "symbol,id\nMS4A1,ENSG00000156738\n",
            "F: the second column has no gene symbols; a gene map has two columns, id and symbol",
        ),
        ("cluster_context", "", "F: the file is empty; give a table with a header and rows"),
        ("cluster_context", "a,b,c\n1,2,3\n", "F, line 1: 3 columns; a context table has two, cluster and text"),
        ("cluster_context", "cluster,text\nC,from the skin\n", "F, line 2: cluster C is not in the marker table"),
        ("cluster_context", "cluster,text\nA,x\nA,y\n", "F, line 3: cluster A is there twice; keep one"),
        ("cluster_context", f"cluster,text\nA,{'x' * 2001}\n", "F, line 2: 2001 characters; at most 2000 a cluster"),
        (
            "cluster_context",
            "A,from the skin\nB,from blood\n",
            "F, line 1: the first line looks like a row; put a header above it: cluster,text",
        ),
    ],
)
def test_bad_table_beside_the_markers(
    cassia: Callable[..., tuple[int, list[str]]], tmp_path: Path, option: str, text: str | None, message: str
) -> None:
    table, other = tmp_path / "markers.csv", tmp_path / "other"
    table.write_text("cluster,genes\nA,CD19\nB,CD3D\n")
    if text is not None:
        other.write_text(text)
    assert cassia("split", "--dry_run", table, f"--{option}", other) == (2, [message.replace("F", str(other), 1)])


def test_columns_that_are_named(cassia: Callable[..., tuple[int, list[str]]], tmp_path: Path) -> None:
    table = tmp_path / "markers.csv"
    table.write_text("seurat_clusters,gene,avg_log2FC,p_val_adj\n0,CD19,1,0\n")
    named = ["--cluster_column", "seurat_cluster", "--gene_column", "Gene"]
    found = "Found: seurat_clusters, gene, avg_log2FC, p_val_adj"
    assert cassia("split", "--dry_run", table, *named) == (
        2,
        [
            f"{table}, line 1: no column seurat_cluster, given as --cluster_column. {found} "
            "(is it seurat_clusters for seurat_cluster?)",
            f"{table}, line 1: no column Gene, given as --gene_column. {found} (is it gene for Gene?)",
        ],
    )


def test_ranking_that_the_table_has_no_column_for(cassia: Callable[..., tuple[int, list[str]]], tmp_path: Path) -> None:
    table = tmp_path / "markers.csv"
    table.write_text("cluster,gene,avg_log2FC,p_val_adj\nB,CD19,1,0\n")
    wanted = {"Score": "Score", "pct_diff": "pct.1, pct.2"}
    for method, columns in wanted.items():
        line = (
            f"{table}, line 1: --ranking_method {method} needs column {columns}, which is not there; "
            "this table can be ranked by avg_log2FC, p_val_adj"
        )
        assert cassia("split", "--dry_run", table, "--ranking_method", method) == (2, [line])


def test_species_is_refused_by_the_offline_annotator_only(
    cassia: Callable[..., tuple[int, list[str]]], tmp_path: Path
) -> None:
    table = tmp_path / "markers.csv"
    table.write_text("cluster,genes\nA,CD19\nB,CD3D\n")
    rest = [table, "--outdir", tmp_path / "out", "--tissue", "fin", "--species", "zebrafish"]
    code, lines = cassia("run", *rest)
    assert (code, len(lines)) == (2, 1)
    assert all(word in lines[0] for word in ("zebrafish", "human", "mouse"))
    assert cassia("split", *rest)[0] == 0


def test_an_input_is_no_output(cassia: Callable[..., tuple[int, list[str]]], tmp_path: Path) -> None:
    text = "cluster,gene,avg_log2FC,p_val_adj\nT,CD3D,2,0\n"
    about = ("--name", "s", "--outdir", tmp_path, "--tissue", "blood", "--species", "human")
    table, other, of_subclusters = (tmp_path / name for name in ("s_full.csv", "t.csv", "s_subclusters.csv"))
    for path in (table, other, of_subclusters):
        path.write_text(text)
    said = "an output cannot take the place of an input; give another name or folder"
    population = ("--major_cluster", "T cell")
    assert cassia("run", table, *about) == (2, [f"{table}: {said}"])
    assert cassia("run", other, *about, "--cluster_context", table) == (2, [f"{table}: {said}"])
    assert cassia("subcluster", table, *about, *population) == (2, [f"{table}: {said}"])
    assert cassia("subcluster", of_subclusters, *about, *population) == (2, [f"{of_subclusters}: {said}"])
    assert {path.read_text() for path in (table, other, of_subclusters)} == {text}


def test_an_input_is_no_output_in_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = "cluster,gene,avg_log2FC,p_val_adj\nT,CD3D,2,0\n"
    about: dict[str, Any] = {"tissue": "blood", "species": "human"}
    for end in ("summary.csv", "subclusters.csv", "boost.json", "evaluation.csv"):
        (tmp_path / f"s_{end}").write_text(text)
    with raises("output-is-input", path="s_summary.csv"):
        cassia_engine.annotate(["s_summary.csv"], **about, output_name="s")
    with raises("output-is-input", path="s_summary.csv"):
        cassia_engine.annotate("s_evaluation.csv", **about, output_name="s", corrections="s_summary.csv")
    with raises("output-is-input", path="s_subclusters.csv"):
        cassia_engine.subcluster("s_subclusters.csv", major_cluster="T cell", **about, output_name="s")
    with raises("output-is-input", path="s_boost.json"):
        cassia_engine.boost("s_boost.json", cluster="T", **about, provider="ollama", output_name="s")
    with raises("output-is-input", path="s_evaluation.csv"):
        cassia_engine.evaluate("s_evaluation.csv", {"T": "T cell"}, output_name="s")
    assert {path.read_text() for path in tmp_path.iterdir()} == {text}


def test_commands_take_several_files(cassia: Callable[..., tuple[int, list[str]]], tmp_path: Path) -> None:
    paths = [tmp_path / "B.csv", tmp_path / "T.csv"]
    for path, gene in zip(paths, ("CD19", "CD3D"), strict=True):
        path.write_text(f"gene,avg_log2FC,p_val_adj\n{gene},2,0\n")
    given = ("--outdir", tmp_path / "out", "--tissue", "blood", "--species", "human")
    code, lines = cassia("split", *paths, *given)
    assert (code, lines) == (2, [f"{paths[0]}: several tables are one sample; give it a name with --name"])
    assert cassia("split", *paths, "--name", "s", *given)[0] == 0
    assert '"id":"T"' in (tmp_path / "out" / "chunk_00000.json").read_text()
    assert cassia("run", *paths, "--name", "s", *given)[0] == 0
    assert cassia("split", *paths, "--name", "s", *given, "--cluster_name", "x")[0] == 2
