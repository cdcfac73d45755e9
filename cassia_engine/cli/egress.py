"""`cassia run --show_egress`: the requests that would be sent, on standard output."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cassia_engine.callers import option
from cassia_engine.records import OFFLINE, Dataset
from cassia_engine.settings import AnnotateSettings, SplitSettings
from cassia_engine.stages.egress import show_egress
from cassia_engine.text import counted

if TYPE_CHECKING:
    from cassia_engine.providers.egress import Shown


def print_requests(
    markers: Sequence[Path], data: Dataset, split: SplitSettings, annotate: AnnotateSettings, fresh: bool
) -> None:
    """Print each request that a run would send now, and what they come to in the last line."""
    sizes: list[int] = []
    hosts: dict[str, None] = {}

    def show(request: Shown) -> None:
        click.echo(request.text)
        sizes.append(len(request.payload))
        hosts[request.host] = None

    show_egress(markers, data, split, annotate, show, fresh)
    click.echo(_last_line(sizes, list(hosts), annotate))


def _last_line(sizes: Sequence[int], hosts: Sequence[str], annotate: AnnotateSettings) -> str:
    if annotate.provider == OFFLINE:
        return f"No request: {option('provider', OFFLINE)} asks no language model, so nothing leaves this machine."
    if not sizes:
        return "No request: the journal has every answer that would be asked for."
    return (
        f"{counted(len(sizes), 'request')} to {', '.join(hosts)}, {sum(sizes):,} bytes in their bodies; nothing was "
        "sent. The answers decide what is asked then: a second opinion, an answer sent back, genes looked up, a call "
        "that failed."
    )
