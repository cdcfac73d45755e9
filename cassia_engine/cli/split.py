"""`cassia split`: a marker table becomes chunk files, one a task."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from cassia_engine.cli.options import FilePath, Grouped, dataset, dataset_options, parameter_option, split_options
from cassia_engine.records import OFFLINE, Cluster, Dataset
from cassia_engine.settings import AnnotateSettings, SplitSettings
from cassia_engine.settings.declaration import parameters
from cassia_engine.text import counted

GENES_SHOWN = 8


@click.command(cls=Grouped)
@click.argument("markers", type=FilePath, nargs=-1, required=True)
@click.option("--outdir", type=FilePath, help="Folder for the chunk files; needed unless --dry_run.")
@dataset_options(required=False)
@split_options
@parameter_option(parameters(SplitSettings)["chunk_size"])
@click.option(
    "--provider",
    help="Who will annotate: where it is offline, species and --knowledge are checked now.  [default: not checked]",
)
@click.option("--knowledge", type=FilePath, help="The table of --knowledge of cassia annotate, to be checked now.")
@click.option("--dry_run", is_flag=True, help="Say what would be done, and write nothing.")
def split(
    markers: tuple[Path, ...],
    outdir: Path | None,
    name: str | None,
    tissue: str | None,
    species: str | None,
    additional_info: str,
    provider: str | None,
    knowledge: Path | None,
    dry_run: bool,
    **options: Any,
) -> None:
    """Choose the markers of each cluster of the table MARKERS and split the clusters into chunk files.

    MARKERS is a CSV, TSV (also .gz) or Parquet file as Seurat's FindAllMarkers, Scanpy's rank_genes_groups_df,
    presto's wilcoxauc, or a person (cluster, comma-separated genes) writes it, or an AnnData (.h5ad) with Scanpy's
    rank_genes_groups. Several are one sample: tables of one form with clusters of their own, or of one cluster each,
    which has its file's name. Of an AnnData `cells.jsonl` is written too, which cassia collect takes.
    """
    settings = SplitSettings(**options)
    if dry_run:
        _say_what_would_be_done(markers, settings, species)
        return
    given = {"outdir": outdir, "tissue": tissue, "species": species}
    missing = ", ".join(f"'--{option}'" for option, value in given.items() if value is None)
    if missing or outdir is None or tissue is None or species is None:
        raise click.UsageError(f"Missing option {missing}.")
    from cassia_engine.stages.split import write_chunks

    data = dataset(markers, name, tissue, species, additional_info)
    write_chunks(markers, data, settings, outdir, lambda: _check_annotator(provider, knowledge, data), provider)


def _check_annotator(provider: str | None, knowledge: Path | None, data: Dataset) -> None:
    """Refuse here, before anything is annotated, what the offline annotator would refuse in each of its tasks."""
    from cassia_engine.stages.annotate import open_annotator

    if provider == OFFLINE or knowledge:
        open_annotator(AnnotateSettings(provider or OFFLINE, knowledge=knowledge), data)


def _say_what_would_be_done(markers: Sequence[Path], settings: SplitSettings, species: str | None) -> None:
    from cassia_engine.markers import read_markers
    from cassia_engine.markers.files.samplesheet import refuse_samplesheet

    refuse_samplesheet(markers)
    table = read_markers(markers, settings, species)
    for cluster in table.clusters:
        click.echo(_about(cluster))
        for hint in cluster.hints:
            click.echo(f"    {hint}")
    chunks = -(-len(table.clusters) // settings.chunk_size)
    clusters = counted(len(table.clusters), "cluster")
    click.echo(f"{clusters} would go into {counted(chunks, 'chunk file')}; nothing was written")


def _about(cluster: Cluster) -> str:
    from cassia_engine.markers import count_words

    chosen = f"{len(cluster.markers)} of {cluster.n_passing} that pass, of {cluster.n_rows} rows"
    if aside := count_words([cluster]):
        chosen += f", set aside {aside}"
    shown = ", ".join(cluster.genes[:GENES_SHOWN]) + (", ..." if len(cluster.genes) > GENES_SHOWN else "")
    return f"cluster {cluster.id}: {chosen}: {shown}" if shown else f"cluster {cluster.id}: {chosen}"
