"""Runs in which second annotators ask the mock provider's way for genes: in one process, in stages, and replayed."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from cassia_engine.records import LookedUp
from cassia_engine.stagefiles import ResultFile, read_chunk, read_part
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
