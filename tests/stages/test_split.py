"""A marker table dealt out into chunk files."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cassia_engine.cli.split import split
from cassia_engine.errors import InputProblems, UsageError
from cassia_engine.markers import read_markers
from cassia_engine.records import Dataset
from cassia_engine.settings import SplitSettings
from cassia_engine.stagefiles import CellsFile, read_chunk, read_part
from cassia_engine.stages.split import write_chunks
from tests import command
from tests.raising import raises

GENES = [
    *("CD3D", "CD3E", "CD2", "CD5", "CD6", "CD7", "LCK", "LAT", "MS4A1", "CD19", "CD79A", "CD79B", "PAX5", "BANK1"),
    *("NKG7", "GNLY", "KLRD1", "PRF1", "LYZ", "CD14", "CSF1R"),
]
pytestmark = pytest.mark.usefixtures("command_line")

DATASET = Dataset("pbmc", 'blood "fresh"', "human", "line one\nline two, 100 µg")


@pytest.fixture
def markers(tmp_path: Path) -> Path:
    path = tmp_path / "markers.csv"
    rows = [f"0,{10 - i},.9,.1,0.01,c{i % 7},{gene}" for i, gene in enumerate(GENES)]
    path.write_text("\n".join(["p_val,avg_log2FC,pct.1,pct.2,p_val_adj,cluster,gene", *rows]))
    return path


def test_clusters_are_dealt_out_in_order(tmp_path: Path, markers: Path) -> None:
    paths = write_chunks(markers, DATASET, SplitSettings(chunk_size=3), tmp_path / "chunks")
    assert [path.name for path in paths] == ["chunk_00000.json", "chunk_00001.json", "chunk_00002.json"]
    chunks = [read_chunk(path) for path in paths]
    assert [[c.id for c in chunk.clusters] for chunk in chunks] == [["c0", "c1", "c2"], ["c3", "c4", "c5"], ["c6"]]
    assert [(chunk.index, chunk.count, chunk.n_clusters) for chunk in chunks] == [(0, 3, 7), (1, 3, 7), (2, 3, 7)]
    assert {chunk.dataset for chunk in chunks} == {DATASET}
    table = read_markers(markers, SplitSettings())
    assert tuple(c for chunk in chunks for c in chunk.clusters) == table.clusters


def test_chunk_file_is_the_same_bytes_each_time_and_names_no_path(tmp_path: Path, markers: Path) -> None:
    [first] = write_chunks(markers, DATASET, SplitSettings(), tmp_path / "one")
    [second] = write_chunks(markers, DATASET, SplitSettings(), tmp_path / "two")
    assert first.read_bytes() == second.read_bytes()
    assert str(tmp_path) not in first.read_text()
    assert json.loads(first.read_text())["schema_version"] == "1.2"


def test_chunk_file_has_what_was_set_aside_and_is_read_back_the_same(tmp_path: Path) -> None:
    path = tmp_path / "simple.csv"
    path.write_text('cluster,markers\n0,"RPL3,CD3D,MKI67,CENPF,UBE2C"\n1,"CD19,MS4A1"\n')
    settings = SplitSettings(siblings=1)
    [file] = write_chunks(path, DATASET, settings, tmp_path)
    written = json.loads(file.read_text())
    assert written["selection"]["gene_filter"] == "technical"
    assert written["siblings"] == [["CD3D"], ["CD19"]]
    assert [cluster["set_aside"] for cluster in written["clusters"]] == [
        [{"kind": "ribosomal", "genes": ["RPL3"]}, {"kind": "cell cycle", "genes": ["CENPF", "UBE2C"]}],
        [],
    ]
    assert "may be cycling" in written["clusters"][0]["hints"][0]
    assert read_chunk(file).clusters == read_markers(path, settings).clusters


def test_chunk_file_of_an_older_cassia_is_refused(tmp_path: Path, markers: Path) -> None:
    [file] = write_chunks(markers, DATASET, SplitSettings(), tmp_path)
    file.write_text(file.read_text().replace('"schema_version":"1.2"', '"schema_version":"1.0"'))
    with raises("file-version", "version 1.0", "reads 1.2", path="chunk_00000.json"):
        read_chunk(file)


def test_statistics_that_the_table_lacks_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "simple.csv"
    path.write_text('cluster,markers\n0,"CD3D,CD3E"\n')
    [chunk] = write_chunks(path, DATASET, SplitSettings(), tmp_path)
    assert json.loads(chunk.read_text())["clusters"][0]["markers"] == [{"gene": "CD3D"}, {"gene": "CD3E"}]


def test_chunks_of_another_split_are_not_mixed_in(tmp_path: Path, markers: Path) -> None:
    write_chunks(markers, DATASET, SplitSettings(chunk_size=3), tmp_path)
    write_chunks(markers, DATASET, SplitSettings(chunk_size=3), tmp_path)
    with raises("chunk-of-other-split", path="chunk_00001.json"):
        write_chunks(markers, DATASET, SplitSettings(chunk_size=50), tmp_path)


ANNDATA = Path(__file__).parent.parent / "data" / "anndata" / "anndata_0.13.4_pandas3.h5ad"


def test_an_anndata_has_a_file_of_its_cells_and_a_table_has_none(tmp_path: Path, markers: Path) -> None:
    settings = SplitSettings(chunk_size=1, allow_unknown_genes=True)
    paths = write_chunks(ANNDATA, DATASET, settings, tmp_path)
    assert set(tmp_path.glob("c*.json*")) == {*paths, tmp_path / "cells.jsonl"}
    found = read_part(tmp_path / "cells.jsonl")
    assert isinstance(found, CellsFile)
    assert (found.dataset, found.cells.n_cells, sum(size or 0 for size in found.sizes)) == (DATASET, 80, 80)
    assert len(found.sizes) == len(paths)
    with raises("cells-of-other-split", path="cells.jsonl"):
        write_chunks(markers, DATASET, SplitSettings(chunk_size=1), tmp_path)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("n_genes", 0),
        ("chunk_size", 0),
        ("max_p_val_adj", float("nan")),
        ("marker_format", "xlsx"),
        ("ranking_method", "pct"),
        ("gene_filter", "all"),
        ("siblings", -1),
    ],
)
def test_bad_setting_is_named(option: str, value: object) -> None:
    with raises("setting-invalid", f"--{option} {value}"):
        SplitSettings(**{option: value})  # type: ignore[arg-type]


def cassia(*arguments: str | Path, given: int | None = None) -> subprocess.CompletedProcess[str]:
    if given is None:
        return command.cassia("split", *arguments)
    words = [sys.executable, "-m", "cassia_engine", "split", *map(str, arguments)]
    return subprocess.run(words, stdin=given, capture_output=True, text=True, timeout=60)


def test_dry_run_says_what_would_be_done_and_does_nothing(tmp_path: Path, markers: Path) -> None:
    done = cassia("--dry_run", markers, "--chunk_size", "3", "--outdir", tmp_path / "out", "--n_genes", "2")
    assert done.returncode == 0
    assert done.stderr == (
        "cassia: markers.csv: Seurat FindAllMarkers table, 7 clusters; markers by avg_log2FC, up to 2 a cluster\n"
    )
    lines = done.stdout.splitlines()
    assert lines[0] == f"cluster c0: 2 of 2 that pass, of 3 rows: {GENES[0]}, {GENES[7]}"
    assert lines[2] == f"cluster c2: 2 of 2 that pass, of 3 rows: {GENES[2]}, {GENES[9]}"
    assert lines[7:] == ["7 clusters would go into 3 chunk files; nothing was written"]
    assert list(tmp_path.iterdir()) == [markers]


def test_dry_run_says_what_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "simple.csv"
    path.write_text('cluster,markers\nB,"RPL3,CD79A,MKI67,CENPF,UBE2C,RPS6"\nT,"CD3D,CD3E"\n')
    done = cassia("--dry_run", path)
    assert done.stderr.splitlines()[1] == (
        "cassia: 4 technical genes are set aside in 1 of 2 clusters: 2 ribosomal, 2 cell cycle; "
        "--gene_filter none keeps them"
    )
    assert done.stdout.splitlines()[:3] == [
        "cluster B: 2 of 6 that pass, of 6 rows, set aside 2 ribosomal, 2 cell cycle: CD79A, MKI67",
        "    3 of the first 6 genes are cell-cycle genes (MKI67, ...): many cells may be cycling",
        "cluster T: 2 of 2 that pass, of 2 rows: CD3D, CD3E",
    ]
    plain = cassia("--dry_run", path, "--gene_filter", "none")
    assert plain.stdout.startswith("cluster B: 6 of 6 that pass, of 6 rows: RPL3, CD79A, MKI67")
    assert "set aside" not in plain.stderr


def test_split_needs_what_a_dry_run_does_not(markers: Path) -> None:
    done = cassia(markers)
    assert done.returncode == 2
    assert "Missing option '--outdir', '--tissue', '--species'." in done.stderr


@pytest.mark.parametrize("packed", [False, True])
def test_pipe_is_read_like_a_file(markers: Path, packed: bool) -> None:
    content = gzip.compress(markers.read_bytes()) if packed else markers.read_bytes()
    reader, writer = os.pipe()
    os.write(writer, content)
    os.close(writer)
    done = cassia("--dry_run", "/dev/stdin", given=reader)
    os.close(reader)
    assert done.stdout == cassia("--dry_run", markers).stdout
    assert done.returncode == 0


def test_pipe_has_no_name(tmp_path: Path) -> None:
    done = cassia("/dev/fd/63", "--outdir", tmp_path, "--tissue", "blood", "--species", "human")
    assert done.returncode == 2
    assert "/dev/fd/63: a pipe has no name for the output files; give one with --name" in done.stderr


def test_empty_pipe_is_told(tmp_path: Path) -> None:
    done = cassia("--dry_run", "/dev/stdin", given=subprocess.DEVNULL)
    assert (done.returncode, done.stderr) == (
        2,
        "cassia: error: /dev/stdin: this is a device; give the marker table as a file\n",
    )


@pytest.mark.parametrize("name", ["wei\nrd.csv", b"latin-\xe9.csv", "a*b[c]?.csv"])
def test_name_of_every_kind(tmp_path: Path, markers: Path, name: str | bytes) -> None:
    path = tmp_path / os.fsdecode(name)
    path.write_bytes(markers.read_bytes())
    assert len(read_markers(path).clusters) == 7


@pytest.mark.parametrize(
    ("given", "code", "value", "path", "line"),
    [
        (["--species", "humn", "--provider", "offline"], "species-not-offline", "--species humn", None, None),
        (["--species", "human", "--knowledge", "own.tsv"], "knowledge-column-missing", "columns", "own.tsv", 1),
    ],
)
def test_what_the_annotator_would_refuse_is_refused_before_anything_is_annotated(
    tmp_path: Path,
    markers: Path,
    monkeypatch: pytest.MonkeyPatch,
    given: list[str],
    code: str,
    value: str,
    path: str | None,
    line: int | None,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.tsv").write_text("a\tb\n")
    with raises(code, value, path=path, line=line):
        split.main([str(markers), "--outdir", "chunks", "--tissue", "none", *given], standalone_mode=False)
    assert not (tmp_path / "chunks").exists()


def test_without_an_annotator_any_species_is_dealt_out(tmp_path: Path, markers: Path) -> None:
    arguments = [str(markers), "--outdir", str(tmp_path / "chunks"), "--tissue", "none", "--species", "zebrafish"]
    split.main([*arguments, "--allow_unknown_genes"], standalone_mode=False)
    assert (tmp_path / "chunks" / "chunk_00000.json").exists()


def test_an_error_of_a_task_names_sample_and_file_and_not_where_it_was_staged() -> None:
    of_file = UsageError("no column nix", path="markers/1/bad.csv", line=1)
    assert of_file.of_sample("two") == "sample two, bad.csv, line 1: no column nix"
    assert UsageError("--species humn: no").of_sample("two") == "sample two: --species humn: no"
    both = InputProblems([of_file, UsageError("empty", path=Path("gene_map/ids.csv"))])
    assert both.of_sample("a b").splitlines() == [
        "sample a b, bad.csv, line 1: no column nix",
        "sample a b, ids.csv: empty",
    ]
