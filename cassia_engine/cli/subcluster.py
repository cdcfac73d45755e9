"""`cassia subcluster`: the subclusters of one population, annotated as such."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cassia_engine.cli.options import (
    FilePath,
    Grouped,
    annotate_settings,
    dataset,
    dataset_options,
    parameter_option,
    split_options,
)
from cassia_engine.cli.run import annotating, conclude, write
from cassia_engine.errors import gather
from cassia_engine.settings import AnnotateSettings, RunSettings, SplitSettings
from cassia_engine.settings.declaration import parameters


def _annotate_options(command: Any) -> Any:
    for declared in reversed([*parameters(AnnotateSettings).values()]):
        command = parameter_option(declared, **({"default": "fine"} if declared.name == "depth" else {}))(command)
    return command


@click.command(cls=Grouped)
@click.argument("markers", type=FilePath, nargs=-1, required=True)
@click.option("--major_cluster", required=True, help='The cell type of the whole population, such as "CD8 T cell".')
@click.option("--outdir", type=FilePath, default=Path(), help="Folder for the outputs.")
@dataset_options()
@split_options
@_annotate_options
@click.option("--fresh", is_flag=True, help="Ask everything anew: the recorded answers are set aside, not deleted.")
@parameter_option(
    parameters(RunSettings)["max_failed_clusters"], help="Clusters that may fail before the exit code is 1."
)
def subcluster(
    markers: tuple[Path, ...],
    major_cluster: str,
    outdir: Path,
    name: str | None,
    tissue: str,
    species: str,
    additional_info: str,
    fresh: bool,
    max_failed_clusters: int,
    **options: Any,
) -> None:
    """Annotate the clusters of the table MARKERS, which are all subclusters of one population.

    It does what cassia run does, for fine labels; a language model is told what all clusters are, and each answer is
    compared with that: one that is neither this type nor a kind of it, by the Cell Ontology, is named at the end and in
    NAME_subclusters.csv. Rank the genes among the subclusters alone.

    \b
    cassia subcluster cd8.csv --major_cluster "CD8 T cell" --tissue blood --species human --provider openrouter
    """
    from cassia_engine.outputs.names import ENDS, check_outputs
    from cassia_engine.settings.declaration import input_paths
    from cassia_engine.stages.collect import check
    from cassia_engine.subclustering.population import Population
    from cassia_engine.subclustering.subclusters import run_subclusters
    from cassia_engine.subclustering.table import END, TABLE, lines, path_of, section

    who, settings, limits, data, population = gather(
        lambda: annotate_settings(options),
        lambda: SplitSettings(**options),
        lambda: RunSettings(max_failed_clusters),
        lambda: dataset(markers, name, tissue, species, additional_info),
        lambda: Population.of(major_cluster),
    )
    check_outputs(outdir, data.name, (*markers, *input_paths(who, settings)), (*ENDS, END))
    found = run_subclusters(markers, population, data, settings, who, stopping=annotating, fresh=fresh)
    paths = write(found.merged, outdir, [section(found.fits, population)])
    table = path_of(outdir, data.name)
    TABLE.write(found.fits, table)
    conclude(found.merged, [*paths, table])
    for line in lines(found.fits, population):
        click.echo(line)
    if found.ended:
        raise found.ended
    check([found.merged.status], limits.max_failed_clusters)
