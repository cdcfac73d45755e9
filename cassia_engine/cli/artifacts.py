"""`cassia artifacts`: what a CyteType server is sent of an AnnData, as files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cassia_engine.cli.options import FilePath, parameter_option
from cassia_engine.settings import SplitSettings
from cassia_engine.settings.declaration import parameters

# Those of SplitSettings that say how clusters and genes are found.
_OPTIONS = ("group_key", "rank_key", "rank", "gene_symbols_column", "coordinates_key", "label_na", "modality", "table")


def _split_options(command: Any) -> Any:
    for name in reversed(_OPTIONS):
        command = parameter_option(parameters(SplitSettings)[name])(command)
    return command


@click.command()
@click.argument("data", type=FilePath, metavar="DATA.h5ad")
@_split_options
@click.option("--study_context", default="", help="What is known of the study, in your words.")
@click.option("--n_top_genes", type=click.IntRange(1), default=50, help="Marker genes per cluster.")
@click.option("--no_metadata", is_flag=True, help="Leave columns of obs out of query.json.")
@click.option(
    "--min_percentage",
    type=click.IntRange(0, 100),
    default=10,
    help="Values of metadata that no more percent of a cluster's cells have are left out of query.json.",
)
@click.option(
    "--max_metadata_categories",
    type=click.IntRange(1),
    default=500,
    help="Columns of obs with more values are left out of query.json.",
)
@click.option(
    "--max_cells_per_group",
    type=click.IntRange(1),
    default=1000,
    help="Cells with coordinates per cluster in query.json.",
)
@click.option(
    "--compression",
    type=click.Choice(["gzip", "lz4"]),
    default="gzip",
    help="Of NAME_vars.h5: every HDF5 reads gzip; lz4 is as CyteType writes it, and needs the extra lz4.",
)
@click.option("--outdir", type=FilePath, default=Path(), help="Folder for the files.")
def artifacts(
    data: Path,
    study_context: str,
    n_top_genes: int,
    no_metadata: bool,
    min_percentage: int,
    max_metadata_categories: int,
    max_cells_per_group: int,
    compression: str,
    outdir: Path,
    **options: Any,
) -> None:
    """Write what a CyteType server is sent of DATA.h5ad: NAME_query.json, NAME_vars.h5 and NAME_obs.duckdb.

    The first is the question: markers, percent expressed, metadata and coordinates of clusters. The second has the
    expression of all cells and their raw counts, the third the columns of obs: do not share them where the data must
    not leave. Nothing is sent. Memory stays small, whatever the size of DATA.

    \b
    cassia artifacts pbmc.h5ad --group_key leiden --outdir artifacts
    """
    from cassia_engine.artifacts.compressed import Compression
    from cassia_engine.cytetype.input_data import Contents
    from cassia_engine.cytetype.preparation import Paths, Study, write_artifacts
    from cassia_engine.h5ad.options import H5adOptions

    contents = Contents(n_top_genes, not no_metadata, min_percentage, max_metadata_categories, max_cells_per_group)
    paths = Paths.of(data, outdir)
    write_artifacts(data, H5adOptions(**options), contents, Study(study_context), paths, Compression(compression))
    for path in (paths.query, paths.vars_h5, paths.obs_duckdb):
        click.echo(path)
