#!/usr/bin/env python3
"""Make cassia_engine/data/prices.tsv, prices of the listed language models, from genai-prices and litellm.

    python -m venv /path/to/venv && /path/to/venv/bin/pip install genai-prices==0.2.3
    /path/to/venv/bin/pip install --no-deps litellm==1.110.2
    /path/to/venv/bin/python scripts/make_prices.py --date 2026-11-28

The date is the day for which prices are looked up. Columns: provider, model, then US dollars per million tokens of
input, of input read from a cache, of input written to one, and of output; the longest prompt in tokens for which they
hold; date and source. Where genai-prices has no price, or one that depends on the time of day, litellm's table is
asked, which has the higher one; a model that neither has gets no row: its cost is unknown. Prices that differ are
printed.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from datetime import UTC, date, datetime
from functools import cache
from importlib.metadata import distribution, version
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent.parent / "cassia_engine" / "data"
COLUMNS = ("provider", "model", "input", "cache_read", "cache_write", "output", "up_to", "date", "source")
FIELDS = ("input_mtok", "cache_read_mtok", "cache_write_mtok", "output_mtok")
NAMES = {"bedrock": "aws"}  # as genai-prices calls a provider
PREFIXES = {"google": "gemini/", "mistral": "mistral/", "groq": "groq/", "deepseek": "deepseek/"}  # as litellm has them
LITELLM = "litellm/model_prices_and_context_window_backup.json"
LITELLM_FIELDS: tuple[str, ...] = (
    "input_cost_per_token",
    "cache_read_input_token_cost",
    "cache_creation_input_token_cost",
)
LITELLM_FIELDS += ("output_cost_per_token",)


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


@cache
def _litellm() -> dict[str, dict[str, Any]]:
    table: dict[str, dict[str, Any]] = json.loads(
        Path(str(distribution("litellm").locate_file(LITELLM))).read_text(encoding="utf-8")
    )
    return table


def litellm_row(provider: str, model: str, day: date) -> list[str] | None:
    """The row of a model from litellm's table, None if it has no price; a cache price of 0 is none."""
    entry = _litellm().get(PREFIXES.get(provider, "openrouter/" if provider == "openrouter" else "") + model, {})
    if not entry.get(LITELLM_FIELDS[0]):
        return None
    amounts = [format(entry[field] * 1e6, ".6g") if entry.get(field) else "" for field in LITELLM_FIELDS]
    tiers = [int(name.split("_above_")[1].split("k_")[0]) * 1000 for name in entry if "_per_token_above_" in name]
    up_to = str(min(tiers)) if tiers else ""
    return [provider, model, *amounts, up_to, day.isoformat(), f"litellm {version('litellm')}"]


def compare(first: list[str], other: list[str] | None) -> None:
    """Print where the packages disagree on the price of input or output."""
    if other is not None and (first[2], first[5]) != (other[2], other[5]):
        print(
            f"{first[0]} {first[1]}: {first[8]} {first[2]}/{first[5]}, {other[8]} {other[2]}/{other[5]}",
            file=sys.stderr,
        )


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
    rows = []
    for provider, model in listed:
        row, other = row_of(provider, model, args.date), litellm_row(provider, model, args.date)
        if row is not None:
            compare(row, other)
        if (found := row or other) is not None:
            rows.append(found)
    lines = ["\t".join(cells) for cells in (COLUMNS, *rows)]
    args.output.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
