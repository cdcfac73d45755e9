"""`cassia artifacts`: what a CyteType server is sent of an AnnData, as files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cassia_engine.cli.artifact_options import artifact_options, taken
from cassia_engine.cli.options import FilePath


@click.command()
@click.argument("data", type=FilePath, metavar="DATA.h5ad")
@artifact_options
@click.option("--outdir", type=FilePath, default=Path(), help="Folder for the files.")
def artifacts(data: Path, outdir: Path, **options: Any) -> None:
    """Write what a CyteType server is sent of DATA.h5ad: NAME_query.json, NAME_vars.h5 and NAME_obs.duckdb.

    The first is the question: markers, percent expressed, metadata and coordinates of clusters. The second has the
    expression of all cells and their raw counts, the third the columns of obs: do not share them where the data must
    not leave. Nothing is sent. Memory stays small, whatever the size of DATA.

    \b
    cassia artifacts pbmc.h5ad --group_key leiden --outdir artifacts
    """
    from cassia_engine.cytetype.preparation import Paths, write_artifacts

    h5ad, contents, study, compression = taken(options)
    paths = Paths.of(data, outdir)
    write_artifacts(data, h5ad, contents, study, paths, compression)
    for path in (paths.query, paths.vars_h5, paths.obs_duckdb):
        click.echo(path)
