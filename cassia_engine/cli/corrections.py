"""`cassia corrections`: whether a table of corrections can be used, before anything is spent."""

from __future__ import annotations

import logging
from pathlib import Path

import click

from cassia_engine.cli.options import FilePath
from cassia_engine.text import counted, have

log = logging.getLogger(__name__)


@click.command()
@click.argument("table", type=FilePath)
@click.argument("chunks", type=FilePath, nargs=-1, required=True, metavar="CHUNKS...")
def corrections(table: Path, chunks: tuple[Path, ...]) -> None:
    """Check a corrections table TABLE against the clusters of CHUNKS, all chunk files of one sample.

    Says what cassia collect --corrections would refuse, and writes nothing.
    """
    from cassia_engine.stagefiles import read_chunk
    from cassia_engine.stages.corrections import read_corrections

    clusters = {cluster.id for path in chunks for cluster in read_chunk(path).clusters}
    said = read_corrections(table, clusters)
    n = len(said.rows)
    log.info("%d of %s %s a correction", n, counted(len(clusters), "cluster"), have(n))
