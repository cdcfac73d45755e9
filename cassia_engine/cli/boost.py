"""`cassia boost`: one cluster whose label is in doubt, looked into by a language model that asks for genes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cassia_engine.boosting.options import OF_ANNOTATE, OF_SPLIT, PROVIDER, ROUNDS
from cassia_engine.cli.options import FilePath, Grouped, dataset_options, parameter_option
from cassia_engine.settings import AnnotateSettings, SplitSettings
from cassia_engine.settings.declaration import parameters


def _options(command: Any) -> Any:
    split, annotate = parameters(SplitSettings), parameters(AnnotateSettings)
    own: dict[str, dict[str, Any]] = {
        "max_rounds": {"help": ROUNDS},
        "provider": {"help": PROVIDER, "required": True},
    }
    for name in reversed(OF_ANNOTATE):
        command = parameter_option(annotate[name], **own.get(name, {}))(command)
    for name in reversed(OF_SPLIT):
        command = parameter_option(split[name])(command)
    return command


@click.command(cls=Grouped)
@click.argument("markers", type=FilePath, nargs=-1, required=True)
@click.option("--cluster", required=True, help="Id of the cluster, as in the table.")
@click.option("--summary", type=FilePath, help="NAME_summary.csv of a run on this table, whose answer is looked into.")
@click.option("--outdir", type=FilePath, default=Path(), help="Folder for the outputs.")
@dataset_options()
@_options
@click.option("--fresh", is_flag=True, help="Ask everything anew: the recorded answers are set aside, not deleted.")
def boost(
    markers: tuple[Path, ...],
    cluster: str,
    summary: Path | None,
    outdir: Path,
    name: str | None,
    tissue: str,
    species: str,
    additional_info: str,
    fresh: bool,
    **options: Any,
) -> None:
    """Look into one cluster of the table MARKERS whose label is in doubt.

    A language model names up to three hypotheses and the genes that would separate them; these are looked up in the
    whole table, in this cluster and in others, for some rounds, and then it answers. Give the whole table: genes that
    do not pass the filter can be asked for too. What comes out is a hypothesis: look at the genes.

    \b
    cassia boost markers.csv --cluster 7 --summary results/pbmc_summary.csv --provider openrouter --tissue blood ...
    """
    from msgspec.structs import replace

    from cassia_engine.boosting.boost import boost_cluster, refuse_offline
    from cassia_engine.boosting.outputs import lines, name_for, paths_of, write_boost
    from cassia_engine.cancellation import stop_on_signals
    from cassia_engine.cli.options import dataset
    from cassia_engine.errors import CallFailedError, gather
    from cassia_engine.files import check_writable
    from cassia_engine.settings.declaration import input_paths

    refuse_offline(options["provider"])
    split = {name: options.pop(name) for name in OF_SPLIT}
    who, settings, data = gather(
        lambda: AnnotateSettings(**options),
        lambda: SplitSettings(**split),
        lambda: dataset(markers, name, tissue, species, additional_info),
    )
    if name is None:
        data = replace(data, name=name_for(data.name, cluster)).checked()
    check_writable(*paths_of(outdir, data.name), inputs=(*markers, summary, *input_paths(who, settings)))
    table = markers[0] if len(markers) == 1 else markers
    found = boost_cluster(table, cluster, data, settings, who, summary, fresh=fresh, stopping=stop_on_signals)
    paths = write_boost(found, outdir)
    for line in lines(found):
        click.echo(line)
    for path in paths:
        click.echo(path)
    if not found.boosted.label:
        raise CallFailedError(f"cluster {cluster} has no answer: {found.boosted.reason}", code="boost-without-answer")
