"""The last words of a run: how many clusters have a cell type, and which need review, as the report lists them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

import cassia_engine
from cassia_engine import report
from cassia_engine.collect import Merged, merge
from cassia_engine.publish import MOST_NAMED, review_words
from cassia_engine.records import ClusterResult, Confidence, Review
from cassia_engine.report import view
from tests import factories as make
from tests.test_cli import CONTEXT, cassia, table

__all__ = ["table"]


def merged(results: Sequence[ClusterResult]) -> Merged:
    return merge(make.DATASET, make.SELECTION, [(result, make.MODEL_RUN) for result in results])


LOW = make.annotation(confidence=Confidence.LOW)


@pytest.mark.parametrize(
    ("results", "words"),
    [
        ([make.annotated()], "The one cluster has a cell type. None needs review."),
        (
            [make.annotated("0", 0), make.annotated("007", 1, answer=LOW)],
            "All 2 clusters have a cell type. 1 needs review: 007 (low confidence).",
        ),
        (
            make.mixed_bag(),
            "6 of 10 clusters have a cell type. 8 need review: 9 (failed), 7 (refused), 007 (not reached), 7_0 (not "
            "validated), CD4 T (2 unsupported genes), 3 (possible mixture), 1 (low confidence), 2 (no markers).",
        ),
        ([], "The marker table has no clusters. None needs review."),
    ],
)
def test_words_name_the_clusters_and_their_worst_reason(results: list[ClusterResult], words: str) -> None:
    assert review_words(merged(results)) == words


def test_long_lists_are_cut_with_a_count() -> None:
    found = review_words(merged([make.annotated(f"{n}", n, answer=LOW) for n in range(1200)]))
    assert found.startswith("All 1,200 clusters have a cell type. 1,200 need review: 0 (low confidence), 1 (low")
    assert found.endswith("7 (low confidence) and 1,192 more.")
    assert found.count("(low confidence)") == MOST_NAMED


def test_ids_cannot_break_the_line() -> None:
    found = review_words(merged([make.annotated("a\nb" + "x" * 200, 0, answer=LOW)]))
    assert "\n" not in found
    assert len(found) < 200


def test_typed_list_is_that_of_the_report() -> None:
    page = view.page(make.DATASET, make.SELECTION, make.MODEL_RUN, make.mixed_bag(), {})
    listed = [Review(r.id, r.concerns[0].kind, r.concerns[0].word) for r in (*page.look, *page.look_later)]
    assert list(report.review(make.mixed_bag(), make.MODEL_RUN)) == listed


def test_command_python_and_collect_end_with_them(
    tmp_path: Path, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = "2 of 3 clusters have a cell type. 1 needs review: empty (no markers)."
    done = cassia("run", table, "--outdir", tmp_path / "out", *CONTEXT)
    assert done.stderr.splitlines()[-1] == f"cassia: {words}"
    cassia("split", table, "--outdir", tmp_path / "work", *CONTEXT)
    chunk = tmp_path / "work" / "chunk_00000.json"
    cassia("annotate", chunk, "--output", tmp_path / "r.jsonl")
    done = cassia("collect", chunk, tmp_path / "r.jsonl", "--outdir", tmp_path / "staged")
    assert f"cassia: {words}" in done.stderr.splitlines()
    cassia_engine.annotate(table, tissue="blood", species="human")
    assert re.search(rf"^cassia: {re.escape(words)}$", capsys.readouterr().err, re.M)
