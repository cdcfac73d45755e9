"""Runs in which second annotators ask the mock provider's way for genes: in one process, in stages, and replayed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cassia_engine.errors import UsageError
from cassia_engine.lookup import GeneTable, read_gene_table
from cassia_engine.records import Dataset, LookedUp
from cassia_engine.settings import AnnotateSettings, SplitSettings
from cassia_engine.stagefiles import ResultFile, read_chunk, read_part
from cassia_engine.stages.run import run_table
from tests.command import cassia
from tests.mock_provider.running import Running, running_mock
from tests.test_controls import ABOUT, PBMC, asked, rows

HOW = ("--controls", "0", "--n_genes", "20")


@pytest.fixture(scope="module")
def curious() -> Iterator[Running]:
    with running_mock(variety=0.9, asks_for_genes=True) as mock:
        yield mock


def stage(folder: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    done = cassia(*words, cwd=folder, env=dict(os.environ))
    assert done.returncode == 0, done.stderr
    return done


def whole(folder: Path, url: str, *more: str) -> None:
    stage(folder, "run", PBMC, "--name", "s", "--outdir", "out", *ABOUT, *HOW, *asked(url), *more)


def looked_up(path: Path) -> list[LookedUp]:
    found = read_part(path)
    assert isinstance(found, ResultFile)
    return [one.looked_up for result in found.results for one in result.rounds if one.looked_up]


@pytest.mark.parametrize("replayed", [False, True])
def test_stages_ask_what_a_run_asks(curious: Running, tmp_path: Path, replayed: bool) -> None:
    curious.post("/reset")
    model = asked(curious.url)
    stage(tmp_path, "split", PBMC, "--name", "s", "--outdir", "chunks", *ABOUT, *HOW)
    chunk, genes = tmp_path / "chunks" / "chunk_00000.json", tmp_path / "chunks" / "genes.jsonl"
    assert read_chunk(chunk).lookup_genes == 15
    stage(tmp_path, "annotate", chunk, "--genes", genes, "--output", "r.jsonl", *model)
    found = looked_up(tmp_path / "r.jsonl")
    assert len(found) > 2 and all(one.rows for one in found)
    calls = curious.stats()["calls"]
    part = chunk if replayed else tmp_path / "r.jsonl"
    stage(tmp_path, "collect", part, genes, "--outdir", "collected", *model)
    whole(tmp_path, curious.url)
    assert curious.stats()["calls"] == calls  # the run found all its answers in the journal
    assert rows(tmp_path / "collected") == rows(tmp_path / "out")


def test_without_genes_none_are_asked_for(curious: Running, tmp_path: Path) -> None:
    curious.post("/reset")
    whole(tmp_path, curious.url, "--lookup_genes", "0")
    fewer = curious.stats()["calls"]
    stage(tmp_path, "split", PBMC, "--name", "s", "--outdir", "chunks", "--lookup_genes", "0", *ABOUT, *HOW)
    assert [path.name for path in (tmp_path / "chunks").iterdir()] == ["chunk_00000.json"]
    assert read_chunk(tmp_path / "chunks" / "chunk_00000.json").lookup_genes == 0
    stage(tmp_path, "split", PBMC, "--name", "s", "--outdir", "with", *ABOUT, *HOW)
    done = stage(tmp_path, "annotate", "with/chunk_00000.json", "--output", "r.jsonl", *asked(curious.url))
    assert "second annotators cannot ask for genes: --genes is not given" in done.stderr
    assert curious.stats()["calls"] == fewer and looked_up(tmp_path / "r.jsonl") == []
    whole(tmp_path, curious.url)
    assert curious.stats()["calls"] > fewer


def test_the_offline_annotator_needs_no_genes(tmp_path: Path) -> None:
    stage(tmp_path, "split", PBMC, "--outdir", "chunks", "--provider", "offline", *ABOUT)
    assert [path.name for path in (tmp_path / "chunks").iterdir()] == ["chunk_00000.json"]


def test_genes_of_an_earlier_split_are_not_left_beside_chunks(tmp_path: Path) -> None:
    stage(tmp_path, "split", PBMC, "--outdir", "chunks", *ABOUT)
    words = ("split", PBMC, "--outdir", "chunks", "--lookup_genes", "0", *ABOUT)
    done = cassia(*words, cwd=tmp_path, env=dict(os.environ))
    assert done.returncode == 2
    assert "genes.jsonl: it has the genes of another split; remove it or choose another --outdir" in done.stderr


def test_collect_says_which_file_the_journal_needs(curious: Running, tmp_path: Path) -> None:
    curious.post("/reset")
    model = asked(curious.url)
    stage(tmp_path, "split", PBMC, "--name", "s", "--outdir", "chunks", *ABOUT, *HOW)
    chunk, genes = tmp_path / "chunks" / "chunk_00000.json", tmp_path / "chunks" / "genes.jsonl"
    stage(tmp_path, "annotate", chunk, "--genes", genes, "--output", "r.jsonl", *model)
    done = stage(tmp_path, "collect", chunk, "--outdir", "without", *model)
    assert done.stderr.count("are not found in the journal without genes.jsonl") == 1 and "--genes" not in done.stderr
    assert "not_reached" in {row["Status"] for row in rows(tmp_path / "without")}
    again = cassia("collect", chunk, genes, genes, "--outdir", "twice", *model, cwd=tmp_path, env=dict(os.environ))
    assert (again.returncode, "give one of them" in again.stderr) == (2, True)


def test_a_pipe_is_annotated_without_further_genes(curious: Running, tmp_path: Path) -> None:
    curious.post("/reset")
    words = ["run", "/dev/stdin", "--name", "s", "--outdir", "out", *ABOUT, *HOW, *asked(curious.url)]
    command = [sys.executable, "-m", "cassia_engine", *words]
    done = subprocess.run(command, input=PBMC.read_text(), capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    assert "a pipe can be read once only" in done.stderr
    assert {row["Status"] for row in rows(tmp_path / "out")} == {"annotated"}


def test_a_table_that_changes_meanwhile_is_said(curious: Running, tmp_path: Path) -> None:
    """Before the first of its genes is looked up another table has taken its place."""
    lines = PBMC.read_text().splitlines(keepends=True)
    table = tmp_path / "t.csv"
    table.write_text("".join(lines))
    dataset = Dataset("s", "blood", "human", "")
    split = SplitSettings(n_genes=20, controls=0, siblings=3)
    how = AnnotateSettings(provider="custom", base_url=f"{curious.url}/v1", model="mock", journal_dir=None)
    real = read_gene_table

    def changed(*arguments: object) -> GeneTable:
        table.write_text("".join([lines[0], *(line for line in lines[1:] if line[0] in "01")]))
        return real(table, split, "human")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cassia_engine.stages.run.read_gene_table", changed)
        _, ended = run_table(table, dataset, split, how, show_progress=False)
    assert isinstance(ended, UsageError) and ended.code == "table-changed-meanwhile"
