"""`cassia audit`: which labels that one has already are contradicted by the markers of their clusters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cassia_engine.auditing.options import OPTIONS
from cassia_engine.cli.options import FilePath, parameter_option
from cassia_engine.settings import AnnotateSettings, SplitSettings
from cassia_engine.settings.declaration import parameters


def _split_options(command: Any) -> Any:
    for name in reversed(OPTIONS):
        command = parameter_option(parameters(SplitSettings)[name])(command)
    return command


@click.command()
@click.argument("data", type=FilePath, metavar="DATA")
@click.option(
    "--label_column",
    help="Column of obs with the labels, such as cell_type.  [default: the names of the clusters are the labels]",
)
@click.option("--tissue", required=True, help='Tissue, in your words; "none" for no tissue.')
@click.option("--species", required=True, help="Species: human or mouse.")
@click.option("--output", type=FilePath, help="A CSV table with one row per cluster, the worst first.")
@_split_options
@parameter_option(parameters(AnnotateSettings)["knowledge"], help="Table of your own markers, as for cassia run.")
def audit(
    data: Path,
    label_column: str | None,
    tissue: str,
    species: str,
    output: Path | None,
    knowledge: Path | None,
    **options: Any,
) -> None:
    """Compare the cell types that clusters have already with what their markers say, the worst first.

    DATA is an AnnData (.h5ad) with ranked genes, or with --rank; the label of a cluster is what --label_column says of
    most of its cells. It may be a marker table, too, whose clusters are called by their labels. Markers are scored
    against the bundled knowledge; no language model is asked. What is found is a hypothesis: look at the genes.

    \b
    cassia audit pbmc.h5ad --label_column cell_type --tissue blood --species human --output audit.csv
    """
    from cassia_engine.auditing.queue import audit_labels
    from cassia_engine.auditing.table import TABLE, lines
    from cassia_engine.files import check_writable
    from cassia_engine.offline import NOTICE, open_annotator
    from cassia_engine.records import Dataset

    if output:
        check_writable(output)
    annotator = open_annotator(Dataset("audit", tissue, species).checked(), knowledge)
    found = audit_labels(data, label_column, SplitSettings(**options), annotator)
    for line in (*annotator.warnings, NOTICE):
        click.echo(f"cassia: {line}", err=True)
    for line in lines(found):
        click.echo(line)
    if output:
        TABLE.write(found, output)
        click.echo(output)
