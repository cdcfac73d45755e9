"""`cassia annotate`: a chunk file becomes a result file."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from cassia_engine.callers import argument
from cassia_engine.cancellation import stop_on_signals
from cassia_engine.cli.options import FilePath, Grouped, annotate_options, annotate_settings, budget_option
from cassia_engine.progress import progress
from cassia_engine.records import OFFLINE, ClusterResult, Outcome

log = logging.getLogger(__name__)


@click.command(cls=Grouped)
@click.argument("chunk", type=FilePath)
@click.option("--output", type=FilePath, required=True, help="Result file to write (JSON Lines).")
@click.option(
    "--genes",
    type=FilePath,
    help="The genes.jsonl that cassia split wrote beside the chunks, for second annotators that ask for genes.",
)
@click.option(
    "--tasks",
    type=click.IntRange(min=1),
    default=1,
    help="Tasks that run at once: each takes its part of --max_workers, --rpm and --tpm.",
)
@budget_option
@annotate_options
def annotate(chunk: Path, output: Path, genes: Path | None, tasks: int, **options: Any) -> None:
    """Annotate the clusters of the file CHUNK, made by cassia split.

    Ctrl-C or SIGTERM: nothing more is asked, answers on their way are waited for, and what is done is written.
    """
    from cassia_engine.files import check_writable
    from cassia_engine.stagefiles import read_chunk, result_file
    from cassia_engine.stages.annotate import gene_reader, open_annotator, stream_chunk, warnings_of

    settings = replace(annotate_settings(options), tasks=tasks)
    work = read_chunk(chunk)
    check_writable(output)
    if work.lookup_genes and not genes and settings.provider != OFFLINE:
        log.info("second annotators cannot ask for genes: %s is not given", argument("genes"))
    annotator = open_annotator(settings, work.dataset, gene_reader(genes, work))
    for warning in warnings_of(annotator, work.clusters):
        log.warning("%s", warning)
    counts: Counter[str] = Counter()
    with (
        result_file(output, work, annotator.run_info) as write,
        progress(len(work.clusters), activity=annotator.activity) as advance,
        stop_on_signals() as stop,
    ):

        def take(result: ClusterResult) -> None:
            counts[result.outcome.value] += 1
            write(result)

        ended = stream_chunk(work, annotator, take, advance, stop, write)
    if said := annotator.run_info.over(map(Outcome, counts)).said:
        log.info("%s", said)
    log.info("chunk %d of %d: %s", work.index + 1, work.count, words(counts))
    if ended:
        raise ended


def words(counts: Counter[str]) -> str:
    """Outcome counts in words: "9 annotated, 1 no_markers"."""
    return ", ".join(f"{number} {outcome}" for outcome, number in counts.items()) or "no clusters"
