"""What report, index, MultiQC and the last lines of a run say of controls."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cassia_engine.outputs.publish import closing_lines, status, write_outputs
from cassia_engine.records import (
    Confidence,
    ControlCounts,
    ControlKind,
    ControlOutcome,
    ControlResult,
    Merged,
    Outcome,
    RunInfo,
    Usage,
    from_json,
    to_json,
)
from cassia_engine.records.status import Status
from cassia_engine.report import control_words, render, render_index
from cassia_engine.report.facts import facts
from tests import factories as make
from tests.reading import Page

ONE_CALL = Usage(1, 900, 200, 0.005)


def random_list(score: float | None = None, confidence: Confidence = Confidence.LOW, label: str = "") -> ControlResult:
    """A list of random genes that was named with this score; unresolved without one."""
    if score is None:
        answer = make.unresolved().votes[0]
    else:
        named = make.annotation().detailed_types[:1]
        if label:
            named = (named[0].__class__(label),)
        answer = make.annotation(score=score, confidence=confidence, detailed_types=named)
    return ControlResult(ControlKind.RANDOM, (), make.annotated("control 1", 90, answer=answer, usage=ONE_CALL))


def blend(*mixed: str, found: int | None = None) -> ControlResult:
    answer = make.annotation(mixed_types=mixed)
    return ControlResult(
        ControlKind.BLEND, ("0", "7_0"), make.annotated("control 4", 93, answer=answer, usage=ONE_CALL), found
    )


def lost() -> ControlResult:
    return ControlResult(ControlKind.RANDOM, (), make.unannotated("control 3", 92, Outcome.REFUSED, "no"))


GOOD = (random_list(), random_list(), random_list(42), blend("T cell", "monocyte", found=2))
CONFIDENT = random_list(88, Confidence.MODERATE, "B cell")


def merged(*controls: ControlResult, run: RunInfo = make.MODEL_RUN) -> Merged:
    results = tuple(make.mixed_bag())
    return Merged(make.DATASET, make.SELECTION, results, (run,) * len(results), controls=controls)


def page_of(sample: Merged) -> Page:
    return Page(render(sample.dataset, sample.selection, sample.run, sample.results, controls=sample.controls))


@pytest.mark.parametrize(
    ("control", "outcome"),
    [
        (random_list(), ControlOutcome.UNRESOLVED),
        (random_list(49.9), ControlOutcome.LOW),
        (random_list(50), ControlOutcome.NAMED),
        (random_list(74.9, Confidence.MODERATE), ControlOutcome.NAMED),
        (random_list(75), ControlOutcome.CONFIDENT),
        (random_list(20, Confidence.HIGH), ControlOutcome.CONFIDENT),
        (lost(), ControlOutcome.LOST),
        (blend("T cell", "monocyte"), ControlOutcome.MIXTURE),
        (blend(), ControlOutcome.CONFIDENT),
    ],
)
def test_what_an_answer_is_worth(control: ControlResult, outcome: ControlOutcome) -> None:
    assert control.outcome is outcome
    assert from_json(ControlResult, to_json(control)) == control


@pytest.mark.parametrize(
    ("controls", "said"),
    [
        ((), ""),
        (GOOD, "of 3 lists of random genes, 2 were left unresolved and 1 was named with a score under 50; "
               "the blend of two clusters was recognised as a mixture"),
        ((CONFIDENT, blend()), "the list of random genes was named with confidence; "
                               "the blend of two clusters was taken for one cell type"),
        ((random_list(), random_list(60), CONFIDENT, lost()),
         "of 3 lists of random genes, 1 was left unresolved, 1 was named with a score of 50 or more and 1 was named "
         "with confidence; 1 control got no answer"),
    ],
)  # fmt: skip
def test_the_sentence(controls: tuple[ControlResult, ...], said: str) -> None:
    assert control_words(ControlCounts.of(controls)) == (f"Controls: {said}." if said else "")


def test_first_lines_settings_and_last_lines_say_them() -> None:
    sample = merged(*GOOD)
    page, sentence = page_of(sample), control_words(ControlCounts.of(GOOD))
    assert page.text_of["controls"] == sentence
    assert "random list: natural killer cell with a score of 42" in page.text
    assert "T cell, monocyte (both of the lineage that the clusters' own answers name); 4 calls" in page.text
    assert sentence in closing_lines(sample) and status(sample).summary.endswith(f". {sentence}")
    assert "do not trust" not in page.text


@pytest.mark.parametrize("control", [CONFIDENT, random_list(60, Confidence.HIGH, "B cell")])
def test_random_genes_that_are_named_with_confidence_flag_the_run(control: ControlResult) -> None:
    sample = merged(random_list(), control)
    how = "with a score of 88" if control is CONFIDENT else "with High confidence and a score of 60"
    warning = f"A list of random genes was named B cell {how}: do not trust the confidence of this run."
    page = page_of(sample)
    assert warning in page.text
    ended = status(sample)
    assert ended.warnings == (warning,) and ended.n_warnings == 1
    assert f"Warning: {warning}" in closing_lines(sample)
    index = Page(render_index([ended]))
    assert warning in index.text and "of 2 lists of random genes" in index.text


def test_they_are_in_no_other_output_and_their_calls_count(tmp_path: Path) -> None:
    for name, sample in (("with", merged(*GOOD, lost())), ("without", merged())):
        write_outputs(sample, tmp_path / name)
    for end in ("summary.csv", "full.csv", "outcomes_mqc.json"):
        assert (tmp_path / "with" / f"pbmc_{end}").read_bytes() == (tmp_path / "without" / f"pbmc_{end}").read_bytes()
    members, plain_members = (
        json.loads((tmp_path / name / "pbmc_conversations.json").read_text()) for name in ("with", "without")
    )
    # What a replay needs to know has them.
    assert members["0"]["replay"].pop("sample") != plain_members["0"]["replay"].pop("sample")
    assert members == plain_members
    [row] = json.loads((tmp_path / "with" / "pbmc_mqc.json").read_text())["data"].values()
    [plain] = json.loads((tmp_path / "without" / "pbmc_mqc.json").read_text())["data"].values()
    assert (row["controls_missed"], row["calls"] - plain["calls"], row["clusters"]) == (0, 4, plain["clusters"])
    assert "controls_missed" not in plain
    page = Page((tmp_path / "with" / "pbmc_report.html").read_text())
    assert "control 1" not in page.text


def test_status_file_has_the_counts_and_an_earlier_one_none() -> None:
    data = to_json(status(merged(*GOOD)))
    assert from_json(Status, data).controls == ControlCounts(random=3, unresolved=2, low=1, blends=1, mixtures=1)
    del data["controls"]
    assert from_json(Status, data).controls == ControlCounts()


def test_a_label_is_shown_on_one_line_and_not_run() -> None:
    hostile = "<b>B\ncell</b>" + "x" * 200
    sample = merged(random_list(90, label=hostile))
    page = render(sample.dataset, sample.selection, sample.run, sample.results, controls=sample.controls)
    assert "<b>B cell</b>" not in page and "&lt;b&gt;B cell&lt;/b&gt;" in page
    assert all("\n" not in line for line in closing_lines(sample))


def test_no_controls_are_said_where_a_model_was_asked() -> None:
    for run, said in ((make.MODEL_RUN, [("Controls", "none")]), (make.OFFLINE_RUN, [])):
        sample = merged(run=run)
        found = facts(sample.dataset, sample.selection, sample.run, sample.results)
        assert [pair for pair in found if pair[0] == "Controls"] == said
        assert "controls" not in page_of(sample).text_of
