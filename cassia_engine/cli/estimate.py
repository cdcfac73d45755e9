"""`cassia estimate`: what a run would ask and cost, before anything is sent."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from cassia_engine.callers import argument
from cassia_engine.cli.options import (
    FilePath,
    Grouped,
    annotate_options,
    annotate_settings,
    dataset,
    dataset_options,
    split_options,
)
from cassia_engine.errors import UsageError, gather
from cassia_engine.settings import AnnotateSettings, SplitSettings
from cassia_engine.settings.declaration import parameters

if TYPE_CHECKING:
    from cassia_engine.estimating.estimate import Estimate

_OF_DATASET = ("name", "tissue", "species", "additional_info")


@click.command(cls=Grouped)
@click.argument("files", type=FilePath, nargs=-1, required=True, metavar="MARKERS...|CHUNKS...")
@click.option("--output", type=FilePath, help="Also write the numbers into this file, as JSON.")
@click.option("--fresh", is_flag=True, help="As if no answer were recorded yet.")
@dataset_options(required=False)
@split_options
@annotate_options
@click.pass_context
def estimate(
    context: click.Context,
    /,
    files: tuple[Path, ...],
    output: Path | None,
    fresh: bool,
    **options: Any,
) -> None:
    """Say how many calls and tokens cassia run would need for the table MARKERS, and what they cost.

    Give the options of cassia run. Nothing is sent, and no key is needed. What the journal has answered costs nothing.
    The numbers are an estimate: what was assumed stands below them.

    CHUNKS are the chunk files of cassia split, of one sample or several, with their genes.jsonl; then give the options
    of cassia annotate.

    \b
    cassia estimate markers.csv --tissue blood --species human --provider openrouter
    """
    from cassia_engine.estimating.lines import as_json, lines
    from cassia_engine.files import atomic_write, check_writable
    from cassia_engine.stagefiles import is_chunk_or_genes

    if output:
        check_writable(output)
    if all(map(is_chunk_or_genes, files)):
        of_table = [name for name in (*_OF_DATASET, *parameters(SplitSettings)) if name in options]
        _refuse(context, of_table, files[0])
        found = _of_chunks(files, annotate_settings(options), fresh)
    else:
        found = [_of_table(files, annotate_settings(options), options, fresh)]
    for line in lines(found):
        click.echo(line)
    if output:
        with atomic_write(output) as out:
            out.write(json.dumps(as_json(found), indent=2) + "\n")


def _refuse(context: click.Context, names: Sequence[str], path: Path) -> None:
    """Refuse options that chunk files have an answer to themselves."""
    given = [name for name in names if context.get_parameter_source(name) is ParameterSource.COMMANDLINE]
    if given:
        what = f"{argument(given[0])} is for a marker table, and this is a file of cassia split; leave it out"
        raise UsageError(what, path=path, code="estimate-option-of-table")


def _of_table(files: Sequence[Path], who: AnnotateSettings, options: dict[str, Any], fresh: bool) -> Estimate:
    from cassia_engine.estimating.estimate import estimate as of_table

    about = {name: options.pop(name) for name in _OF_DATASET}
    if missing := [f"'--{name}'" for name in ("tissue", "species") if about[name] is None]:
        raise click.UsageError(f"Missing option {', '.join(missing)}.")
    settings, data = gather(lambda: SplitSettings(**options), lambda: dataset(files, **about))
    return of_table(files[0] if len(files) == 1 else files, data, settings, who, fresh)


def _of_chunks(files: Sequence[Path], who: AnnotateSettings, fresh: bool) -> list[Estimate]:
    from cassia_engine.estimating.chunk_files import read_samples
    from cassia_engine.estimating.estimate import of_chunk, open_accounts

    samples, accounts = gather(lambda: read_samples(files), lambda: open_accounts(who))
    return [of_chunk(one.chunk, who, accounts, one.genes, fresh) for one in samples]
