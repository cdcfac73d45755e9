"""`cassia annotate`: a chunk file becomes a result file."""

from __future__ import annotations

import logging
from collections import Counter
from pathlib import Path

import click

from cassia_engine.cli.options import FilePath, annotate_options
from cassia_engine.settings import AnnotateSettings

log = logging.getLogger(__name__)


@click.command()
@click.argument("chunk", type=FilePath)
@click.option("--output", type=FilePath, required=True, help="Result file to write (JSON Lines).")
@annotate_options
def annotate(chunk: Path, output: Path, provider: str, knowledge: Path | None) -> None:
    """Annotate the clusters of the file CHUNK, made by cassia split."""
    from cassia_engine.annotate import open_annotator, run_chunk, warnings_of
    from cassia_engine.stagefiles import read_chunk, write_result

    work = read_chunk(chunk)
    annotator = open_annotator(AnnotateSettings(provider, knowledge), work.dataset)
    for warning in warnings_of(annotator, work.clusters):
        log.warning("%s", warning)
    counts: Counter[str] = Counter()
    write_result(
        output,
        work,
        annotator.run_info,
        run_chunk(work, annotator, on_done=lambda result: counts.update([result.outcome.value])),
    )
    log.info("%s", annotator.run_info.notice)
    log.info("chunk %d of %d: %s", work.index + 1, work.count, words(counts))


def words(counts: Counter[str]) -> str:
    """Outcome counts in words: "9 annotated, 1 no_markers"."""
    return ", ".join(f"{number} {outcome}" for outcome, number in counts.items()) or "no clusters"
