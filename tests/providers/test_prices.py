"""Prices: the provider's figure first, else the dated table, else unknown, which is not 0."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from cassia_engine import models
from cassia_engine.providers.chat import Finish
from cassia_engine.providers.dialects import Reading
from cassia_engine.providers.prices import cost_of, given_price, load, price_of


def reading(prompt: int | None = 1_000_000, output: int | None = 100_000, **more: Any) -> Reading:
    return Reading("", Finish.STOP, "", "", prompt, output, **more)


def test_the_table_is_whole_and_of_listed_models() -> None:
    listed = {(row.provider, row.model) for row in models.load()}
    assert set(load()) <= listed
    unpriced = {
        model for provider, model in listed - set(load()) if provider != "ollama" and not model.endswith(":free")
    }
    assert unpriced == {"gpt-6.2-astra", "gpt-6.2-sol"}, "no package has their prices"
    for price in load().values():
        assert 0 < price.cache_read <= price.input <= price.output
        assert date.fromisoformat(price.date)
        assert price.source


def test_tokens_of_a_cache_have_their_own_prices() -> None:
    day = load()["anthropic", "claude-opus-5-5"].date
    cost, source = cost_of(reading(), price_of("anthropic", "claude-opus-5-5"))
    assert cost == pytest.approx(4 + 2)
    assert source == f"prices of {day}"
    cached = reading(cached_tokens=500_000, cache_written_tokens=100_000)
    price = price_of("anthropic", "claude-opus-5-5")
    assert cost_of(cached, price)[0] == pytest.approx(0.4 * 4 + 0.5 * 0.2 + 0.1 * 5 + 2)


def test_the_providers_own_figure_comes_first() -> None:
    assert cost_of(reading(cost_usd=0.5), given_price(1.0, 1.0)) == (0.5, "provider")
    assert cost_of(reading(cost_usd=0.0), None) == (0.0, "provider")


def test_given_prices_are_of_any_prompt() -> None:
    price = given_price(2.0, 10.0)
    cached = reading(cached_tokens=500_000, cache_written_tokens=100_000)
    cost, source = cost_of(reading(), price)
    assert cost == pytest.approx(2 + 1) and source == "prices as given"
    assert cost_of(cached, price)[0] == pytest.approx(cost)
    assert given_price(None, None) is None


@pytest.mark.parametrize(
    ("provider", "model", "read"),
    [
        ("ollama", "gpt-oss:20b", reading()),
        ("custom", "gpt-6-luna", reading()),
        ("openai", "some-model", reading()),
        ("anthropic", "claude-opus-5-5", reading(prompt=None)),
        ("anthropic", "claude-opus-5-5", reading(output=None)),
        ("openai", "gpt-6-luna", reading(prompt=300_000)),
    ],
)
def test_unknown_is_unknown(provider: str, model: str, read: Reading) -> None:
    assert cost_of(read, price_of(provider, model)) == (None, "")


def test_wrong_shares_of_a_cache_cost_nothing_below_zero() -> None:
    cost, _ = cost_of(reading(10, 0, cached_tokens=10**9, cache_written_tokens=10**9), price_of("openai", "gpt-6-luna"))
    assert cost == pytest.approx(10 * 0.01 / 1e6)
