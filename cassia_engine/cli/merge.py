"""`cassia merge`: the labels of a summary at three levels, by the Cell Ontology."""

from __future__ import annotations

import logging
from pathlib import Path

import click

from cassia_engine.cli.options import FilePath

log = logging.getLogger(__name__)


@click.command()
@click.argument("summary", type=FilePath)
@click.option("--output", type=FilePath, help="CSV table to write, with one row per cluster.")
def merge(summary: Path, output: Path | None) -> None:
    """Group the labels of SUMMARY at three levels: broad, medium and fine.

    SUMMARY is the NAME_summary.csv of a run. The groups are terms of the Cell Ontology; no language model is asked, and
    the same label has the same groups in every run. A label without a term stands for itself, which is said.

    \b
    cassia merge results/pbmc_summary.csv --output pbmc_merged.csv
    """
    from cassia_engine.files import check_writable
    from cassia_engine.labels.summary import read_summary
    from cassia_engine.merging.table import TABLE, groups_of, lines

    if output:
        check_writable(output, inputs=(summary,))
    groups = groups_of(read_summary(summary))
    for line in lines(groups):
        click.echo(line)
    if output:
        TABLE.write(groups, output)
        click.echo(output)
    else:
        log.info("no table is written; name one with --output")
