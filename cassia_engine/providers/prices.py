"""What a reply cost: the provider's own figure first, else by prices as given or of a dated table, else unknown.

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
    """What the tokens of a model cost, in US dollars per million.

    Attributes:
        input: of tokens that were neither read from a cache nor written to one.
        up_to: the longest prompt, in tokens, that these prices hold for.
        date: day (ISO) for which they were looked up in `source`; "" where a person gives them.
    """

    input: float
    cache_read: float
    cache_write: float
    output: float
    up_to: float = math.inf
    date: str = ""
    source: str = ""

    @property
    def said(self) -> str:
        """Where the prices are from, as outputs say it."""
        return f"prices of {self.date}" if self.date else "prices as given"


def given_price(price_in: float | None, price_out: float | None) -> Price | None:
    """The prices that a person gives, whether a cache has a prompt or not; None where none are given."""
    if price_in is None or price_out is None:
        return None
    return Price(price_in, price_in, price_in, price_out)


@cache
def load() -> dict[tuple[str, str], Price]:
    """The shipped table by provider and model, read once a process."""
    return {(row[0], row[1]): _price(row[2:]) for row in package_data.rows("prices.tsv")}


def _price(row: list[str]) -> Price:
    full, read, write, output, up_to, date, source = row
    longest = float(up_to) if up_to else math.inf
    # Without prices of their own, tokens of a cache cost as much as others.
    return Price(float(full), float(read or full), float(write or full), float(output), longest, date, source)


def price_of(provider: str, model: str) -> Price | None:
    """What the shipped table says of a model, None if nothing."""
    return load().get((provider, model))


def cost_of(reading: Reading, price: Price | None, batch: bool = False) -> tuple[float | None, str]:
    """US dollars that a reply cost, and where they are from: "provider", `Price.said`, or (None, "") if unknown.

    Args:
        reading: its token counts may be None, which makes the cost unknown; an unknown share of a cache is none.
        price: of the model that was asked; None if it is not known.
        batch: it was given by a batch.
    """
    if reading.cost_usd is not None:
        return reading.cost_usd, "provider"
    if price is None or reading.input_tokens is None or reading.output_tokens is None:
        return None, ""
    if reading.input_tokens > price.up_to:
        return None, ""
    full = _cost(price, reading, reading.input_tokens, reading.output_tokens)
    return (full * BATCH_SHARE, f"batch {price.said}") if batch else (full, price.said)


def _cost(price: Price, reading: Reading, prompt: int, output: int) -> float:
    read = min(reading.cached_tokens or 0, prompt)
    written = min(reading.cache_written_tokens or 0, prompt - read)
    plain = prompt - read - written
    dollars = plain * price.input + read * price.cache_read + written * price.cache_write + output * price.output
    return dollars / 1_000_000
