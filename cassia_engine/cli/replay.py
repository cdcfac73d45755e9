"""`cassia replay`: all outputs of a run once more, from its conversations alone."""

from __future__ import annotations

import logging
from pathlib import Path

import click

from cassia_engine.cli.options import FilePath

log = logging.getLogger(__name__)


@click.command()
@click.argument("conversations", type=FilePath)
@click.option("--outdir", type=FilePath, default=Path(), help="Folder for the outputs.")
@click.option("--status", "status_file", type=FilePath, help="Also write the file that cassia collect --status writes.")
@click.option("--knowledge", type=FilePath, help="The table that the run was given as --knowledge, if it was.")
def replay(conversations: Path, outdir: Path, status_file: Path | None, knowledge: Path | None) -> None:
    """Make all outputs of a run again, byte for byte, from CONVERSATIONS, its NAME_conversations.json.

    Nothing is sent, and no key, journal or marker table is needed. Each conversation is held again: questions are
    written anew and must be the recorded ones, recorded answers are read, checked and placed in the ontology anew. If
    that leads to anything else than what is recorded, as in a file that was changed or with another version of cassia,
    a line says so for each cluster, nothing is written, and the exit code is 1.

    \b
    cassia replay results/pbmc_conversations.json --outdir again
    """
    from cassia_engine._version import __version__
    from cassia_engine.outputs.names import check_outputs
    from cassia_engine.outputs.publish import status, write_outputs
    from cassia_engine.replaying import replayed
    from cassia_engine.stagefiles import write_status
    from cassia_engine.text import counted

    found = replayed(conversations, knowledge)
    check_outputs(outdir, found.merged.dataset.name, (conversations, knowledge))
    others = {run.engine_version for run in found.merged.runs} - {"", __version__}
    if others:
        log.warning(
            "recorded by cassia %s, and this is %s: the answers lead to the same labels, but files may differ",
            ", ".join(sorted(others)),
            __version__,
        )
    clusters = counted(len(found.merged.results), "cluster")
    log.info("%s, %s: all as recorded; nothing was sent", clusters, counted(found.n_calls, "recorded answer"))
    for path in write_outputs(found.merged, outdir, found.made_with, found.sections):
        click.echo(path)
    if status_file:
        write_status(status_file, status(found.merged))
