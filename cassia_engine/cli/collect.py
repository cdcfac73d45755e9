"""`cassia collect`: chunk and result files become the tables, conversations and report of a sample."""

from __future__ import annotations

import gc
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cassia_engine.cli.options import (
    FilePath,
    Grouped,
    annotate_options,
    annotate_settings,
    budget_option,
    corrections_option,
)
from cassia_engine.errors import UsageError, gather

if TYPE_CHECKING:
    from cassia_engine.stages.corrections import Corrections

log = logging.getLogger(__name__)


@click.command(cls=Grouped)
@click.argument("files", type=FilePath, nargs=-1, required=True, metavar="FILES...")
@click.option("--name", help="Name that output files start with.  [default: the sample's]")
@click.option("--outdir", type=FilePath, required=True, help="Folder for the outputs.")
@click.option("--status", "status_file", type=FilePath, help="Also write this small file, for check and index.")
@corrections_option
@click.option(
    "--made_with",
    multiple=True,
    metavar="NAME=VERSION",
    help="Software that ran this, such as Nextflow=25.04.4, for report and methods; several times if wanted.",
)
@budget_option
@annotate_options
def collect(
    files: tuple[Path, ...],
    name: str | None,
    outdir: Path,
    status_file: Path | None,
    corrections: Path | None,
    made_with: tuple[str, ...],
    **options: Any,
) -> None:
    """Merge FILES, the chunk and result files of one sample in any order, and its cells file if it has one, into its
    outputs.

    A chunk without a result file is looked for in the journal: with the options of its cassia annotate, the clusters
    that are wholly answered there are written, and nothing is sent. The others are written as not_reached.
    """
    from cassia_engine.outputs.publish import closing_lines, status, write_outputs
    from cassia_engine.stagefiles import write_status
    from cassia_engine.stages.collect import merge_files

    # Records have no cycles, and looking for some among millions of them takes a third of the time.
    gc.disable()
    settings = annotate_settings(options)
    merged, said, software = gather(
        lambda: merge_files(files, settings),
        lambda: _read(corrections) if corrections else None,
        lambda: dict(map(_software, made_with)),
    )
    if said:
        from cassia_engine.stages.corrections import with_corrections

        merged = with_corrections(merged, said)
        log.info("%s", merged.outcome_words)
    if name is not None:
        merged = merged.renamed(name)
    for line in closing_lines(merged):
        log.info("%s", line)
    for path in write_outputs(merged, outdir, software):
        log.info("wrote %s", path)
    if status_file:
        write_status(status_file, status(merged))


def _read(corrections: Path) -> Corrections:
    from cassia_engine.stages.corrections import read_corrections  # it reads tables, which is much to load

    return read_corrections(corrections)


def _software(text: str) -> tuple[str, str]:
    name, equals, version = text.partition("=")
    if not (name and equals and version and text.isprintable()):
        raise UsageError(
            f"--made_with {text!r}: expected NAME=VERSION, such as Nextflow=25.04.4", code="made-with-malformed"
        )
    return name, version
