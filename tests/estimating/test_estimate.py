"""What a run would ask and cost: by the questions that it would send, and without sending one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cassia_engine.estimating.estimate import DIFFERENCES, DOUBTS, NOT_HIGH, REPLY, Estimate, estimate
from cassia_engine.estimating.lines import lines
from cassia_engine.providers.prices import load
from cassia_engine.records import ANNOTATOR, SECOND, Dataset
from cassia_engine.settings import AnnotateSettings, SplitSettings
from tests.command import cassia
from tests.conftest import EXAMPLES
from tests.raising import raises

PBMC, N = EXAMPLES / "pbmc68k_scanpy.csv", 11
ABOUT = ("--tissue", "blood", "--species", "human")
DATASET = Dataset("s", "blood", "human", "")


def of(controls: int = 0, table: Path = PBMC, **options: object) -> Estimate:
    how = AnnotateSettings(**{"provider": "openrouter", **options})  # type: ignore[arg-type]
    return estimate(table, DATASET, SplitSettings(controls=controls), how)


def calls(found: Estimate) -> dict[str, Any]:
    return {share.role: pytest.approx(share.calls) for share in found.shares}


@pytest.fixture(autouse=True)
def no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENROUTER_API_KEY", raising=False)


def test_calls_are_those_of_the_recorded_conversations() -> None:
    assert calls(of(controls=3)) == {ANNOTATOR: N, SECOND: N * DOUBTS, "adjudicator": N * DIFFERENCES, "controls": 4}
    assert of().calls == pytest.approx(N * (1 + DOUBTS + DIFFERENCES))


def test_a_strict_run_asks_three_times_and_more() -> None:
    found = calls(of(validator_involvement="v0"))
    assert found == {ANNOTATOR: N, SECOND: N, "adjudicator": N * DIFFERENCES / DOUBTS, "validator": N}


def test_each_vote_is_a_conversation() -> None:
    assert of(votes=3).calls == pytest.approx(3 * of().calls)
    two = of(models="openai/gpt-6.1-sol,anthropic/claude-sonnet-5.5")
    assert two.calls == pytest.approx(2 * of().calls) and len({share.model for share in two.shares}) == 2


def test_a_stronger_model_is_asked_about_what_is_not_sure() -> None:
    strong = of(model="openai/gpt-6.1-sol", escalate_to="anthropic/claude-opus-5.5")
    asked = {share.role: share for share in strong.shares if share.model == "anthropic/claude-opus-5.5"}
    assert asked["stronger model, annotator"].calls == pytest.approx(N * NOT_HIGH)


def test_a_second_model_has_its_own_price() -> None:
    found = {share.role: share for share in of(second_model="anthropic/claude-opus-5.5").shares}
    price = load()["openrouter", "anthropic/claude-opus-5.5"]
    share = found[SECOND]
    assert share.model == "anthropic/claude-opus-5.5"
    dollars = (share.input_tokens * price.input + share.output_tokens * price.output) / 1e6
    assert share.cost_usd == pytest.approx(dollars)


def test_batches_cost_half() -> None:
    single, batched = of(provider="openai"), of(provider="openai", batch=True)
    assert batched.calls == single.calls
    assert batched.cost_usd == pytest.approx((single.cost_usd or 0) / 2)
    assert batched.prices == f"half of the {single.prices}"
    with raises("batch-not-offered", "openrouter"):
        of(batch=True)


def test_tokens_are_those_of_the_questions() -> None:
    """Longer lists make longer questions; the replies do not change."""
    short = estimate(PBMC, DATASET, SplitSettings(n_genes=10, controls=0), AnnotateSettings(provider="openrouter"))
    assert 0 < short.input_tokens < of().input_tokens and short.output_tokens == of().output_tokens
    first = of().shares[0]
    assert first.output_tokens == N * REPLY[ANNOTATOR] and 1500 < first.input_tokens / N < 4000


def test_given_prices_take_the_place_of_the_shipped_ones() -> None:
    found = of(price_in=2.0, price_out=10.0)
    assert found.cost_usd == pytest.approx((found.input_tokens * 2 + found.output_tokens * 10) / 1e6)
    assert found.prices == "prices as given"


def test_an_unknown_price_is_not_zero() -> None:
    found = of(provider="ollama")
    assert (found.cost_usd, found.prices) == (None, "")
    assert of(provider="ollama", price_in=0.0, price_out=0.0).cost_usd == 0.0


def test_it_says_whether_a_cap_is_enough() -> None:
    """Of a cap the most that a call can cost must be left when the last one is sent."""
    prices: dict[str, Any] = {"price_in": 3.0, "price_out": 15.0}
    found = of(**prices, max_cost=1.0)
    cost, reserve = found.cost_usd, found.reserve_usd
    assert cost and 0.08 < reserve < 0.12

    def said(cap: float) -> str:
        return list(lines([of(**prices, max_cost=cap)]))[-1]

    assert said(cost + reserve + 0.01).endswith("is enough for this.")
    assert "reached after about 50% of the calls" in said(cost / 2 + reserve)
    assert "is not enough: " in said(cost + reserve / 2) and "is not enough for one call, " in said(reserve / 2)
    assert "max_cost" not in "".join(lines([of(**prices)]))


def test_clusters_without_markers_are_not_asked_about(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    rows = ["A,CD3D,3,0.001", "A,CD3E,2,0.001", "B,MS4A1,3,0.001", "C,LYZ,-2,0.9"]
    table.write_text("\n".join(["cluster,gene,avg_log2FC,p_val_adj", *rows]) + "\n")
    assert of(table=table).n_clusters == 2


def test_offline_is_refused() -> None:
    with raises("estimate-offline"):
        of(provider="offline")


def test_the_command_prints_it_and_leaves_nothing(tmp_path: Path) -> None:
    done = cassia("estimate", PBMC, *ABOUT, "--provider", "openrouter", "--model", "openai/gpt-6.1-sol", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert said[0] == "11 clusters, openai/gpt-6.1-sol by openrouter; nothing was sent"
    assert said[3].split()[:2] == ["annotator", "11"]
    assert next(line for line in said if line.startswith("in all")).split()[2] == "17"
    assert any(line.startswith("- prices of 20") for line in said)
    assert list(tmp_path.iterdir()) == []
    wrong = cassia("estimate", PBMC, *ABOUT, "--provider", "ollama", "--price_in", "1", cwd=tmp_path)
    assert (wrong.returncode, "give both, or neither" in wrong.stderr) == (2, True)
    unknown = cassia("estimate", PBMC, *ABOUT, "--provider", "ollama", cwd=tmp_path)
    assert "give --price_in and --price_out" in unknown.stdout and "unknown" in unknown.stdout
