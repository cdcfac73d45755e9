#!/usr/bin/env python3
"""Make cassia_engine/data/prices.tsv, prices of the listed language models, from the package genai-prices.

    python -m venv /path/to/venv && /path/to/venv/bin/pip install genai-prices==0.2.3
    /path/to/venv/bin/python scripts/make_prices.py --date 2026-11-20

The date is the day for which prices are looked up. Columns: provider, model, then US dollars per million tokens of
input, of input read from a cache, of input written to one, and of output; the longest prompt in tokens for which they
hold; date and source. A model has no row if its price is unknown or depends on the time of day: its cost is unknown.
"""

from __future__ import annotations

import argparse
import csv
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent.parent / "cassia_engine" / "data"
COLUMNS = ("provider", "model", "input", "cache_read", "cache_write", "output", "up_to", "date", "source")
FIELDS = ("input_mtok", "cache_read_mtok", "cache_write_mtok", "output_mtok")
NAMES = {"bedrock": "aws"}  # as the package calls a provider


def row_of(provider: str, model: str, day: date) -> list[str] | None:
    """The row of a model, None if the package has no price for it that holds all day."""
    from genai_prices.data_snapshot import get_snapshot  # type: ignore[import-not-found, unused-ignore]

    try:
        _, info = get_snapshot().find_provider_model(model, None, NAMES.get(provider, provider), None)
    except LookupError:
        return None
    hours = [info.get_prices(datetime(day.year, day.month, day.day, hour, 30, tzinfo=UTC)) for hour in range(24)]
    if any(prices != hours[0] for prices in hours) or None in (hours[0].input_mtok, hours[0].output_mtok):
        return None
    amounts = [getattr(hours[0], field) for field in FIELDS]
    starts = [tier.start for amount in amounts for tier in getattr(amount, "tiers", ())]
    source = f"genai-prices {version('genai-prices')}"
    return [provider, model, *map(_base, amounts), str(min(starts)) if starts else "", day.isoformat(), source]


def _base(amount: Any) -> str:
    """A price as text, of the lowest tier where there are tiers; "" if there is none."""
    return "" if amount is None else format(float(getattr(amount, "base", amount)), ".6g")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--date", type=date.fromisoformat, required=True)
    parser.add_argument("--output", type=Path, default=DATA / "prices.tsv")
    args = parser.parse_args()
    with (DATA / "models.tsv").open(encoding="utf-8", newline="") as table:
        listed = [(row["provider"], row["model"]) for row in csv.DictReader(table, delimiter="\t")]
    rows = [row for provider, model in listed if (row := row_of(provider, model, args.date)) is not None]
    lines = ["\t".join(cells) for cells in (COLUMNS, *rows)]
    args.output.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
