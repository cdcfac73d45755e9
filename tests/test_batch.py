"""A run whose calls go out as batches, against the mock provider: what it asks, pays and gives, and how it is left."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import cassia_engine
from cassia_engine.errors import TemporaryError
from tests.batches import hurry
from tests.mock_provider.running import Running
from tests.raising import raises
from tests.test_llm import command, conversations, rows, run, small

MOCK = {"variety": 0.4}
CLUSTERS = 12
# What a run paid by its answers: the mock's own prices, of which a batch is half.
MOST = 0.52


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch)


def annotated(mock: Running, table: Path, folder: Path, **options: Any) -> pd.DataFrame:
    """What Python gives for a table, of a provider whose models have a price."""
    return cassia_engine.annotate(
        table,
        tissue="blood",
        species="human",
        provider="openai",
        base_url=f"{mock.url}/v1",
        api_key="k",
        journal_dir=folder / "journal",
        show_progress=False,
        **options,
    )


def without_costs(found: pd.DataFrame) -> pd.DataFrame:
    return found.drop(columns=[name for name in found.columns if "Cost" in name])


def cost_of(found: pd.DataFrame) -> float:
    [name] = [name for name in found.columns if "Cost" in name]
    return float(found[name].sum())


def test_a_run_asks_in_rounds_at_half_the_price_and_gives_the_same(quiet: Running, tmp_path: Path) -> None:
    table = small(tmp_path, CLUSTERS)
    single = annotated(quiet, table, tmp_path / "single")
    paid, calls = quiet.stats()["cost_usd"], quiet.stats()["calls"]
    quiet.post("/reset")
    batched = annotated(quiet, table, tmp_path / "batched", batch=True)
    stats = quiet.stats()
    assert (stats["calls"], stats["batch_lines"], stats["repeats"]) == (0, calls, 0)
    # Annotators and controls together, then second opinions, then whoever chooses between two answers.
    assert stats["batches"] <= 4
    assert stats["cost_usd"] <= MOST * paid
    assert cost_of(batched) == pytest.approx(cost_of(single) / 2)
    pd.testing.assert_frame_equal(without_costs(batched), without_costs(single))


def test_what_a_batch_answered_costs_as_much_when_it_is_read_again(quiet: Running, tmp_path: Path) -> None:
    table = small(tmp_path, CLUSTERS)
    first = annotated(quiet, table, tmp_path, batch=True)
    quiet.post("/reset")
    pd.testing.assert_frame_equal(annotated(quiet, table, tmp_path), first)
    assert (quiet.stats()["calls"], quiet.stats()["batches"]) == (0, 0)


def test_votes_and_a_stronger_model_are_further_batches(quiet: Running, tmp_path: Path) -> None:
    found = annotated(quiet, small(tmp_path, 4), tmp_path, batch=True, votes=2, escalate_to="gpt-5.5", controls=0)
    assert list(found["Status"]) == ["annotated"] * 4
    stats = quiet.stats()
    assert stats["calls"] == 0 and stats["batches"] <= 6 and stats["batch_lines"] >= 8


def test_a_parameter_that_a_model_refuses_is_left_away_in_the_next_batch(quiet: Running, tmp_path: Path) -> None:
    table = small(tmp_path, 4)
    found = annotated(quiet, table, tmp_path, batch=True, model="mock-no-schema", controls=0)
    assert list(found["Status"]) == ["annotated"] * 4
    assert quiet.stats()["calls"] == 0


def test_a_batch_that_takes_long_is_left_with_75_and_fetched_by_the_same_command(
    quiet: Running, tmp_path: Path
) -> None:
    quiet.post("/batches", [{"seconds": 3600}])
    argv = command(quiet.url, "--batch", "--batch_wait", "1s", table=small(tmp_path, CLUSTERS))
    left = run(argv, tmp_path)
    assert left.returncode == 75, left.stderr
    assert "the batch batch_" in left.stderr.splitlines()[-1]
    assert "run the same again to fetch its answers" in left.stderr
    quiet.post("/batches/finish")
    left = run(argv, tmp_path)
    assert left.returncode == 0, left.stderr
    stats = quiet.stats()
    assert (stats["calls"], stats["repeats"], stats["completed"]) == (0, 0, stats["batch_lines"])
    assert {row["Status"] for row in rows(tmp_path / "out")} == {"annotated"}
    sources = {call["cost_source"] for one in conversations(tmp_path / "out").values() for call in one["calls"]}
    assert sources == {""}  # the mock's model has no price


def test_what_failed_in_a_batch_fails_its_cluster_alone(quiet: Running, tmp_path: Path) -> None:
    quiet.post("/batches", [{"errors": [400]}])
    done = run(command(quiet.url, "--batch", table=small(tmp_path, 4)), tmp_path)
    assert done.returncode == 1
    with next((tmp_path / "out").glob("*_summary.csv")).open(newline="") as text:
        assert [row["Status"] for row in csv.DictReader(text)].count("failed") == 1


def test_a_provider_without_a_batch_api_is_refused_before_anything_is_sent(quiet: Running, tmp_path: Path) -> None:
    with raises("batch-not-offered", "ollama"):
        cassia_engine.annotate(
            small(tmp_path, 1), tissue="none", species="human", provider="ollama", batch=True, base_url=quiet.url
        )
    assert quiet.stats()["calls"] == 0


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"batch": True, "journal_dir": None}, "batch-without-journal"),
        ({"batch_wait": "5m"}, "batch-wait-without-batch"),
    ],
)
def test_options_that_do_not_fit_are_refused(options: dict[str, Any], code: str, tmp_path: Path) -> None:
    about: dict[str, Any] = {"tissue": "none", "species": "human", "provider": "openai", "api_key": "k"}
    with raises(code):
        cassia_engine.annotate(small(tmp_path, 1), **about, **options)


def test_python_raises_what_left_a_batch(quiet: Running, tmp_path: Path) -> None:
    quiet.post("/batches", [{"seconds": 60}])
    with pytest.raises(TemporaryError) as caught:
        annotated(quiet, small(tmp_path, 2), tmp_path, batch=True, batch_wait="1s")
    assert caught.value.code == "batch-at-work"
