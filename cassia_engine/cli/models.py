"""`cassia models`: which language models there are, and what to use instead of older advice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from cassia_engine.models import Model, select


@click.command()
@click.option("--provider", help="Only the models of this provider, such as openrouter.")
@click.option("--alias", help="Only what this alias stands for: best, fast, cheap or local.")
def models(provider: str | None, alias: str | None) -> None:
    """List language models by provider, with aliases, tiers, ends and successors.

    A table on a terminal, tab-separated lines elsewhere. What models are good for is their makers' account;
    none was measured on cell types. `cassia providers` lists who serves them.
    """
    from rich.console import Console

    rows = select(provider, alias)
    console = Console()
    if console.is_terminal:
        for name in dict.fromkeys(row.provider for row in rows):
            console.print(_listing(name, [row for row in rows if row.provider == name]))
    else:
        for cells in (Model._fields, *(row.cells() for row in rows)):
            click.echo("\t".join(cells))


def _listing(provider: str, rows: Sequence[Model]) -> Any:
    from rich.table import Column, Table
    from rich.text import Text

    # A model's name is there to be copied: where the terminal is narrow, the last column is folded.
    short = [Column(name, no_wrap=True) for name in ("Model", "Tier", "Aliases")]
    table = Table(*short, Column("Good for", overflow="fold"), box=None, pad_edge=False)
    table.title, table.title_justify = provider, "left"
    for row in rows:
        text = row.good_for + (f" ({_fate(row)})" if row.ends or row.successor else "")
        # Text, so that square brackets are not taken for markup.
        table.add_row(*map(Text, (row.model, row.tier, ", ".join(row.aliases), text)))
    return table


def _fate(row: Model) -> str:
    parts = (f"ends {row.ends}" if row.ends else "", f"use {row.successor}" if row.successor else "")
    return "; ".join(filter(None, parts))
