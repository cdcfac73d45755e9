"""`cassia labels`: the labels of a summary for the cells of an .h5ad file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cassia_engine.cli.options import FilePath
from cassia_engine.labels.wanted import PREFIX, Standard, Wanted


@click.command()
@click.argument("data", type=FilePath, metavar="DATA.h5ad")
@click.argument("summary", type=FilePath)
@click.option(
    "--group_key",
    help="The column of obs with the clusters, such as leiden; else the one by which genes were ranked, or the only "
    "one that has all of them.",
)
@click.option("--label_na", help="What cells without a cluster are called; else they get no label.")
@click.option("--rank_key", help="The key of uns whose ranked genes were annotated, where it is not rank_genes_groups.")
@click.option("--output", type=FilePath, help="A new .h5ad file: DATA with the labels in obs.")
@click.option("--parquet", type=FilePath, help="A Parquet table of the labels, one row per cell.")
@click.option("--prefix", default=PREFIX, help="What the names of the new columns start with.")
@click.option(
    "--standard",
    type=click.Choice([standard.value for standard in Standard]),
    help="Write what a portal wants as well: the columns of the Cell Annotation Platform, or CELLxGENE's "
    "cell_type_ontology_term_id; or instead the four columns of nf-core/scdownstream.",
)
def labels(data: Path, summary: Path, output: Path | None, parquet: Path | None, **wanted: Any) -> None:
    """Give each cell of DATA.h5ad the label of its cluster in SUMMARY, the NAME_summary.csv of a run.

    Cell type, Cell Ontology term, confidence, outcome, score and reasons to review become columns of obs in a copy of
    DATA, a table, or both. DATA itself stays as it is. Clusters are joined by their names as text.

    \b
    cassia labels pbmc.h5ad results/pbmc_summary.csv --group_key leiden --output pbmc_labelled.h5ad
    """
    from cassia_engine.labels.h5ad_file import label_file

    for path in label_file(data, summary, Wanted(**wanted), output, parquet):
        click.echo(path)
