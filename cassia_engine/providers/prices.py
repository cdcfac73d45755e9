"""What a reply cost: the provider's own figure first, else a dated table of prices, else unknown.

The table, data/prices.tsv, is made by scripts/make_prices.py: US dollars per million tokens, tab-separated.
"""

from __future__ import annotations

import math
from functools import cache
from typing import NamedTuple

from cassia_engine import package_data
from cassia_engine.providers.dialects import Reading

BATCH_SHARE = 0.5  # of the price, of every provider whose batch API cassia knows


class Price(NamedTuple):
    """A row of the table; prices in US dollars per million tokens.

    Attributes:
        input: of tokens that were neither read from a cache nor written to one.
        up_to: the longest prompt, in tokens, that these prices hold for.
        date: day (ISO) for which they were looked up in `source`.
    """

    provider: str
    model: str
    input: float
    cache_read: float
    cache_write: float
    output: float
    up_to: float
    date: str
    source: str


@cache
def load() -> dict[tuple[str, str], Price]:
    """The shipped table by provider and model, read once a process."""
    prices = map(_price, package_data.rows("prices.tsv"))
    return {(price.provider, price.model): price for price in prices}


def _price(row: list[str]) -> Price:
    provider, model, full, read, write, output, up_to, date, source = row
    longest = float(up_to) if up_to else math.inf
    # Without prices of their own, tokens of a cache cost as much as others.
    return Price(
        provider, model, float(full), float(read or full), float(write or full), float(output), longest, date, source
    )


def cost_of(provider: str, model: str, reading: Reading, batch: bool = False) -> tuple[float | None, str]:
    """US dollars that a reply cost, and where they are from: "provider", "prices of DATE", or (None, "") if unknown.

    Args:
        model: as it was asked for.
        reading: its token counts may be None, which makes the cost unknown; an unknown share of a cache is none.
        batch: it was given by a batch.
    """
    if reading.cost_usd is not None:
        return reading.cost_usd, "provider"
    price = load().get((provider, model))
    if price is None or reading.input_tokens is None or reading.output_tokens is None:
        return None, ""
    if reading.input_tokens > price.up_to:
        return None, ""
    full = _cost(price, reading, reading.input_tokens, reading.output_tokens)
    return (full * BATCH_SHARE, f"batch prices of {price.date}") if batch else (full, f"prices of {price.date}")


def _cost(price: Price, reading: Reading, prompt: int, output: int) -> float:
    read = min(reading.cached_tokens or 0, prompt)
    written = min(reading.cache_written_tokens or 0, prompt - read)
    plain = prompt - read - written
    dollars = plain * price.input + read * price.cache_read + written * price.cache_write + output * price.output
    return dollars / 1_000_000
