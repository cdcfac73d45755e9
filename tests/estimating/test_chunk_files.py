"""Estimates from chunk files, and of what is in the journal already."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.command import cassia
from tests.conftest import EXAMPLES
from tests.mock_provider.running import Running

TABLES = {"pbmc": EXAMPLES / "pbmc68k_scanpy.csv", "gut": EXAMPLES / "large_intestine_seurat.csv.gz"}
ABOUT = ("--tissue", "none", "--species", "human")
OPENAI = ("--provider", "openai", "--model", "gpt-6.1-sol")
ESTIMATED = ("clusters", "recorded_clusters", "calls", "input_tokens", "output_tokens", "cost_usd")


@pytest.fixture
def chunks(tmp_path: Path) -> list[Path]:
    """Chunk and genes files of two samples, in no order."""
    for name, table in TABLES.items():
        done = cassia("split", table, *ABOUT, "--name", name, "--outdir", tmp_path / name, "--chunk_size", "4")
        assert done.returncode == 0, done.stderr
    return sorted(tmp_path.glob("*/*"), key=lambda path: path.name)


def estimated(folder: Path, *arguments: str | Path) -> dict[str, Any]:
    done = cassia("estimate", *arguments, "--output", folder / "estimate.json", cwd=folder)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads((folder / "estimate.json").read_text())
    return found


def test_chunk_files_cost_what_their_tables_do(chunks: list[Path], tmp_path: Path) -> None:
    found = estimated(tmp_path, *chunks, *OPENAI)
    alone = [estimated(tmp_path, TABLES[name], *ABOUT, "--name", name, *OPENAI) for name in sorted(TABLES)]
    assert [sample["sample"] for sample in found["samples"]] == sorted(TABLES)
    for sample, table in zip(found["samples"], alone, strict=True):
        assert [sample] == table["samples"]
    for name in ESTIMATED:
        assert found[name] == pytest.approx(sum(table[name] for table in alone), rel=1e-4), name
    assert found["assumptions"] == alone[0]["assumptions"]


def test_several_samples_have_a_line_each(chunks: list[Path]) -> None:
    done = cassia("estimate", *chunks, *OPENAI)
    lines = done.stdout.splitlines()
    n = sum(sample["clusters"] for sample in estimated(chunks[0].parent, *chunks, *OPENAI)["samples"])
    assert lines[0] == f"2 samples, {n} clusters, gpt-6.1-sol by openai; nothing was sent"
    starts = [line[:8].strip() for line in lines[3:6]]
    assert starts == ["gut", "pbmc", "in all"]


@pytest.mark.parametrize(
    ("leave", "more", "line"),
    [
        ("chunk_00001.json", (), "of sample gut each of "),
        ("chunk_00000.json", (), "of sample gut each of "),
        ("", ("--tissue", "blood"), "--tissue is for a marker table, and this is a file of cassia split; leave it out"),
        ("", ("--n_genes", "5"), "--n_genes is for a marker table"),
    ],
)
def test_what_cannot_be_estimated(chunks: list[Path], leave: str, more: tuple[str, ...], line: str) -> None:
    given = [path for path in chunks if path.name != leave or path.parent.name == "pbmc"]
    done = cassia("estimate", *given, *OPENAI, *more)
    assert (done.returncode, line in done.stderr) == (2, True), done.stderr


def test_genes_alone_and_tables_without_tissue_are_refused(chunks: list[Path]) -> None:
    genes = [path for path in chunks if path.name == "genes.jsonl"]
    assert "this is a genes file alone" in cassia("estimate", *genes, *OPENAI).stderr
    done = cassia("estimate", TABLES["pbmc"], "--species", "human", *OPENAI)
    assert (done.returncode, "Missing option '--tissue'" in done.stderr) == (2, True)


def test_what_the_journal_has_answered_costs_nothing(quiet: Running, chunks: list[Path], tmp_path: Path) -> None:
    asked = ("--provider", "custom", "--base_url", f"{quiet.url}/v1", "--model", "mock")
    priced = (*asked, "--price_in", "1", "--price_out", "2")
    run = ("run", TABLES["pbmc"], *ABOUT, "--name", "pbmc", *asked, "--outdir", "out")
    done: subprocess.CompletedProcess[str] = cassia(*run, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    sent = quiet.stats()["calls"]
    found = estimated(tmp_path, *chunks, *priced)
    gut, pbmc = found["samples"]
    assert [pbmc[name] for name in ESTIMATED] == [0, 11, 0, 0, 0, 0]
    assert gut["recorded_clusters"] == 0 and found["calls"] == gut["calls"] > gut["clusters"] > 0
    said = cassia("estimate", *chunks, *priced, cwd=tmp_path).stdout
    assert "\n11 more clusters are answered in the journal, at no cost\n" in said
    fresh = estimated(tmp_path, *chunks, *priced, "--fresh")
    assert fresh["samples"][1]["recorded_clusters"] == 0 and fresh["samples"][1]["calls"] > 11
    # Another model has answered nothing.
    other = estimated(tmp_path, *chunks, *priced, "--model", "mock-2")
    assert other["samples"][1]["recorded_clusters"] == 0
    # Of a run that ended in the middle, the clusters that are left.
    [journal] = (tmp_path / ".cassia" / "journal" / "pbmc").iterdir()
    head, *lines = journal.read_bytes().splitlines(keepends=True)
    kept = [line for line in lines if json.loads(line)["kind"] == "reply"]
    journal.write_bytes(b"".join([head, *kept[:5]]))
    before = journal.read_bytes()
    half = estimated(tmp_path, TABLES["pbmc"], *ABOUT, "--name", "pbmc", *priced, "--rpm", "0.01")  # is not waited for
    assert 0 < half["recorded_clusters"] <= 5 and half["clusters"] == 11 - half["recorded_clusters"]
    assert 0 < half["cost_usd"] < fresh["samples"][1]["cost_usd"]
    assert quiet.stats()["calls"] == sent and journal.read_bytes() == before
