"""Genes that do not fit the species: known from the chunk file to the last line of a run, its report and its index."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest
from msgspec.structs import replace

import cassia_engine
from cassia_engine.markers import read_markers
from cassia_engine.outputs.publish import status
from cassia_engine.records import Dataset, Merged, SpeciesMismatch
from cassia_engine.report import render, render_index
from cassia_engine.settings import SplitSettings
from cassia_engine.stagefiles import read_chunk, read_status, write_status
from cassia_engine.stages.split import write_chunks
from tests import factories as make
from tests.command import cassia
from tests.genes.test_gene_names import CASES, SYMBOLS
from tests.genes.test_known_genes import UNKNOWN, write
from tests.reading import Page

HUMAN = CASES / "base_seurat.csv"
SPELLED = "genes are written like human symbols (CD3D, CCR7, IL7R, CD3E, LAT, ...), but the species is mouse"
FEW = SpeciesMismatch("human", n_genes=30, n_known=9, other="mouse", n_other=12, examples=("BLORPA", "BLORPB"))


def test_a_chunk_file_holds_it_and_has_no_trace_of_it_where_genes_fit(tmp_path: Path) -> None:
    [path] = write_chunks(HUMAN, make.DATASET, SplitSettings(), tmp_path / "human")
    assert "species_mismatch" not in path.read_text(encoding="utf-8")
    mouse = Dataset("x", "blood", "mouse")
    [path] = write_chunks(HUMAN, mouse, SplitSettings(), tmp_path / "mouse")
    found = read_chunk(path).selection.species_mismatch
    assert found is not None and found.by_spelling and (found.species, found.other) == ("mouse", "human")
    assert (found.n_genes, found.n_other, found.examples[0]) == (179, 158, "CD3D")
    assert found == read_markers(HUMAN, species="mouse").selection.species_mismatch


def test_few_known_genes_are_one_too(tmp_path: Path) -> None:
    found = read_markers(write(tmp_path / "m.csv", [*UNKNOWN, *SYMBOLS[:10]]), species="human")
    mismatch = found.selection.species_mismatch
    assert mismatch is not None and not mismatch.by_spelling and mismatch.n_genes == 30
    assert mismatch.words.startswith(f"{mismatch.n_known} of 30 genes are known human genes (not BLORPA, BLORPB")


@pytest.mark.parametrize(
    ("mismatch", "words"),
    [
        (
            FEW,
            "9 of 30 genes are known human genes (not BLORPA, BLORPB, ...); check the species (12 are known mouse "
            "genes) and that genes are given as symbols",
        ),
        (
            SpeciesMismatch("mouse", 5, 5, "human", 5, by_spelling=True, examples=("A1", "B1", "C1", "D1", "E1")),
            "5 of 5 genes are written like human symbols (A1, B1, C1, D1, E1), but the species is mouse; if that is "
            "wrong, results are too",
        ),
    ],
)
def test_its_words(mismatch: SpeciesMismatch, words: str) -> None:
    assert mismatch.words == words


def test_report_status_and_index_say_it(tmp_path: Path) -> None:
    results = tuple(make.mixed_bag())
    selection = replace(make.SELECTION, species_mismatch=FEW)
    merged = Merged(make.DATASET, selection, results, (make.MODEL_RUN,) * len(results))
    page = Page(render(make.DATASET, selection, make.MODEL_RUN, results))
    assert f"Warning: {FEW.words}." in " ".join(page.text.split())
    calm = Page(render(make.DATASET, selection, make.MODEL_RUN, results[:1]))
    assert calm.text_of["headline"].endswith("See the warning.")
    assert "A warning may put every cell type in doubt" in calm.text and "Nothing needs review" not in calm.text
    write_status(tmp_path / "s.json", status(merged))
    found = read_status(tmp_path / "s.json")
    assert found.warnings == (FEW.words,)
    assert f"{FEW.words}." in " ".join(Page(render_index([found])).text.split())
    assert "Warning" not in render(make.DATASET, make.SELECTION, make.MODEL_RUN, results)


def test_the_last_lines_of_a_run_say_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    done = cassia("run", HUMAN, "--outdir", tmp_path, "--tissue", "blood", "--species", "mouse")
    last = done.stderr.splitlines()[-1]
    assert last.startswith("cassia: Warning: ") and SPELLED in last and last.endswith("results are too.")
    with caplog.at_level(logging.ERROR):
        cassia_engine.annotate(HUMAN, tissue="blood", species="mouse")
    assert capsys.readouterr().err.splitlines()[-1] == last


def test_collect_says_it_of_the_stages_files(tmp_path: Path) -> None:
    cassia("split", HUMAN, "--outdir", tmp_path, "--tissue", "blood", "--species", "mouse")
    cassia("annotate", tmp_path / "chunk_00000.json", "--output", tmp_path / "r.jsonl")
    header = (tmp_path / "r.jsonl").read_text(encoding="utf-8").splitlines()[0]
    assert json.loads(header)["selection"]["species_mismatch"]["n_genes"] == 179
    done = cassia("collect", tmp_path / "r.jsonl", "--outdir", tmp_path, "--status", tmp_path / "s.json")
    assert SPELLED in done.stderr
    assert SPELLED in read_status(tmp_path / "s.json").warnings[0]
