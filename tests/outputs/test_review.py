"""What the end of a run says of a sample: how many clusters have a cell type, and which need review and why."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import cassia_engine
from cassia_engine.outputs.publish import status
from cassia_engine.records import Dataset
from cassia_engine.report import summary
from cassia_engine.report.review_flags import review_flags
from cassia_engine.stagefiles import read_status, write_status
from cassia_engine.stages.collect import merge
from tests import factories as make
from tests.cli.test_cli import CONTEXT, table
from tests.command import cassia

__all__ = ["table"]

MANY = tuple((str(n), "low confidence") for n in range(7))


def test_nothing_is_called_clear_beside_a_warning() -> None:
    """Genes that do not fit the species put every cell type in doubt, also those that no check flags."""
    assert summary(2, 2, 0, (), n_warnings=1) == "All 2 clusters have a cell type. See the warning."
    assert summary(2, 2, 0, (), n_warnings=2) == "All 2 clusters have a cell type. See the 2 warnings."
    merged = merge(make.DATASET, make.SELECTION, [(make.annotated(), make.OFFLINE_RUN)])
    assert status(merged).summary == "The one cluster has a cell type. See the warning."
    review = (("7", "refused"),)
    assert summary(2, 2, 0, review, n_warnings=1) == summary(2, 2, 0, review)


@pytest.mark.parametrize(
    ("typed", "total", "by_person", "review", "line"),
    [
        (12, 12, 0, (), "All 12 clusters have a cell type. None needs review."),
        (0, 0, 0, (), "The marker table has no clusters."),
        (1, 2, 0, (("7_0", "refused"),), "1 of 2 clusters has a cell type. 1 needs review: 7_0 (refused)."),
        (
            9,
            9,
            2,
            (("CD4 T", "possible mixture"), ("a\nb", "low confidence")),
            "All 9 clusters have a cell type, 2 of them by a person. 2 need review: CD4 T (possible mixture), "
            "a b (low confidence).",
        ),
        (
            7,
            9,
            0,
            MANY,
            "7 of 9 clusters have a cell type. 7 need review: 0 (low confidence), 1 (low confidence), "
            "2 (low confidence), 3 (low confidence), 4 (low confidence), 2 more.",
        ),
    ],
)
def test_the_line(typed: int, total: int, by_person: int, review: tuple[tuple[str, str], ...], line: str) -> None:
    assert summary(typed, total, by_person, review) == line


def test_a_status_file_has_what_the_report_lists(tmp_path: Path) -> None:
    results = make.mixed_bag()
    merged = merge(Dataset("pbmc", "blood", "human"), make.SELECTION, [(result, make.MODEL_RUN) for result in results])
    found = status(merged)
    reasons = {r.cluster.id: c for r in results if (c := review_flags(r, make.MODEL_RUN.provider))}
    assert dict(found.review) == {cluster: first[0].word for cluster, first in reasons.items()}
    ranks = [reasons[cluster][0].rank for cluster, _ in found.review]
    assert ranks == sorted(ranks)
    assert len(found.review) == found.look
    assert f"{found.look} need review: " in found.summary

    path = tmp_path / "status.json"
    write_status(path, found)
    assert read_status(path) == found
    # A task that -resume took over from an earlier version did not write these.
    data = json.loads(path.read_text(encoding="utf-8"))
    later = ("review", "summary", "warnings")
    path.write_text(json.dumps({key: value for key, value in data.items() if key not in later}))
    old = read_status(path)
    assert (old.review, old.summary, old.warnings) == ((), "", ())


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
