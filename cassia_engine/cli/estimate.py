"""`cassia estimate`: what a run would ask and cost, before anything is sent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cassia_engine.cli.options import (
    FilePath,
    Grouped,
    annotate_options,
    annotate_settings,
    dataset,
    dataset_options,
    split_options,
)
from cassia_engine.errors import gather
from cassia_engine.settings import SplitSettings

PRICE = click.FloatRange(min=0)


@click.command(cls=Grouped)
@click.argument("markers", type=FilePath, nargs=-1, required=True)
@click.option("--price_in", type=PRICE, help="US dollars per million tokens of prompts.  [default: the shipped prices]")
@click.option("--price_out", type=PRICE, help="US dollars per million tokens of replies.")
@dataset_options()
@split_options
@annotate_options
def estimate(
    markers: tuple[Path, ...],
    price_in: float | None,
    price_out: float | None,
    name: str | None,
    tissue: str,
    species: str,
    additional_info: str,
    **options: Any,
) -> None:
    """Say how many calls and tokens cassia run would need for the table MARKERS, and what they cost.

    Give the options of cassia run. Nothing is sent, and no key is needed. The numbers are an estimate: what was assumed
    stands below them.

    \b
    cassia estimate markers.csv --tissue blood --species human --provider openrouter
    """
    from cassia_engine.estimating.estimate import Given, estimate
    from cassia_engine.estimating.lines import lines

    if (price_in is None) != (price_out is None):
        raise click.UsageError("--price_in and --price_out: give both, or neither.")
    given = None if price_in is None or price_out is None else Given(price_in, price_out)
    who, settings, data = gather(
        lambda: annotate_settings(options),
        lambda: SplitSettings(**options),
        lambda: dataset(markers, name, tissue, species, additional_info),
    )
    table = markers[0] if len(markers) == 1 else markers
    for line in lines(estimate(table, data, settings, who, given)):
        click.echo(line)
