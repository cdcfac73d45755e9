"""The Python functions: a marker table in, a DataFrame out. Exported by the package itself.

The synchronous functions work in a notebook too, where an event loop is running; their asynchronous twins are for
those who have a loop of their own and do not want it blocked.
"""

from __future__ import annotations

import asyncio
import contextvars
import functools
import logging
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from cassia_engine.arguments import complete, refuse_unknown
from cassia_engine.callers import argument, option
from cassia_engine.cancellation import Cancellation
from cassia_engine.errors import UsageError, gather
from cassia_engine.files import local
from cassia_engine.markers import Table
from cassia_engine.outputs.names import ENDS, check_outputs
from cassia_engine.outputs.publish import closing_lines, write_outputs
from cassia_engine.outputs.summary_tables import COLUMNS, NUMBERS, summary_rows
from cassia_engine.progress import messages, say
from cassia_engine.records import OFFLINE, Dataset, Merged, fault_of_name
from cassia_engine.secret import Secret
from cassia_engine.settings import AnnotateSettings, SplitSettings
from cassia_engine.settings.declaration import parameters
from cassia_engine.stages.run import run_table
from cassia_engine.text import counted, have

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)

Result = TypeVar("Result")

# What `annotate` takes besides its own arguments; in one process nothing is dealt out into chunks.
OF_SPLIT = tuple(field.name for field in fields(SplitSettings) if field.name != "chunk_size")
OF_ANNOTATE = tuple(name for name in parameters(AnnotateSettings) if name not in ("provider", "model"))
OWN = ("tissue", "species", "additional_info", "provider", "model", "api_key", "output_name", "corrections", "fresh")
PATHS = {
    name: "folder" if declared.folder else "file"
    for name, declared in {**parameters(SplitSettings), **parameters(AnnotateSettings)}.items()
    if declared.kind is Path
}

SECONDS_ASLEEP = 0.2

# Cancellation by an asynchronous twin's caller, who no longer waits: a thread can only end itself.
_given_up: contextvars.ContextVar[Cancellation | None] = contextvars.ContextVar("given_up", default=None)


class _GivenUpError(Exception):
    """Nobody waits for this any more."""


@complete((*OF_SPLIT, *OF_ANNOTATE))
def annotate(
    markers: Table | Sequence[Path | str],
    *,
    tissue: str,
    species: str,
    additional_info: str = "",
    provider: str = OFFLINE,
    model: str | None = None,
    api_key: str | None = None,
    output_name: Path | str | None = None,
    corrections: Path | str | pd.DataFrame | Sequence[Mapping[str, Any]] | None = None,
    fresh: bool = False,
    show_progress: bool = True,
    **options: Any,
) -> pd.DataFrame:
    """Annotate the clusters of a marker table.

    Args:
        markers: a file, several of one sample, an AnnData with ranked genes, a DataFrame, a list of rows, a dict of
            lists or of DataFrames, or Scanpy's `names`, as for `read_markers`.
        tissue, species, additional_info: what is known of the data, in your words; tissue "none" for none.
        provider: who annotates; "offline" scores markers and asks no language model. Others are those of
            `cassia providers`, or the URL of an API in OpenAI's form.
        model: the provider's name of a model; None for its default.
        api_key: the provider's key; None for that in its usual environment variable. It is kept in memory only.
        output_name: where to write the outputs, `{output_name}_summary.csv` and so on, exactly as it says:
            "out/run.v2" gives out/run.v2_summary.csv. None writes nothing (but what a model answers is recorded
            in `journal_dir`, .cassia/journal, so that the same call goes on where it stopped).
        corrections: a table of your own labels and comments, with the columns cluster, label and, if wanted, cl_id,
            comment, decided_by, as the report exports it: a file, a DataFrame or a list of rows.
        fresh: ask everything anew; recorded answers are set aside.
        show_progress: show a bar and messages while it runs, and say at the end what came out. Warnings are
            shown either way. One who has set up logging gets messages and warnings there, by loggers of cassia_engine.
        **options: how markers are chosen and how the provider is asked: the options of `cassia run` by their names,
            such as n_genes, min_pct, gene_map, max_rounds, temperature or journal_dir. `cassia run --help` says what
            each does; `settings.SplitSettings` and `settings.AnnotateSettings` declare them. Those of an AnnData:

            group_key: the column of obs with the clusters; else the one by which genes were ranked.
            rank_key: the key of uns with the ranked genes; else rank_genes_groups.
            rank: True ranks the genes by Wilcoxon's test, each cluster of `group_key` against the rest.
            label_na: a name for cells without a cluster, which are a cluster then.
            gene_symbols_column: the column of var with the symbols; else found, where genes are ids.
            coordinates_key: the key of obsm for the report's picture; else X_umap or the like.
            witness: columns of obs with cell types of another tool or a person, a list, to compare with.
            modality, table: which one of a MuData, or of a SpatialData.

    Returns:
        The summary, a row a cluster in the table's order, with the columns of docs/formats.md. Ids and names are
        text, "" where there is nothing; counts and scores are numbers.

    Raises:
        ArgumentError: an argument is missing, or there is none of this name; a TypeError and a UsageError.
        UsageError: something given cannot be used; says what, where and what to do. Nothing is written.
        AccountError, TemporaryError: the provider's account refuses, or it is down. What had been annotated by then
            is written, the rest as not_reached; the same call goes on from there.
        OSError: the outputs cannot be written.
    """
    with messages(show_progress):
        check_fresh(fresh)
        (folder, name), about, settings, who = gather(
            lambda: place_of(output_name, "markers", (markers, corrections, *options.values())),
            lambda: texts_of(tissue=tissue, species=species, additional_info=additional_info),
            lambda: _split_settings(options),
            lambda: annotate_settings(options, api_key, provider=provider, model=model),
        )
        dataset = Dataset(name, **about).checked()
        stop = _given_up.get() or Cancellation()
        merged, ended = run_table(
            markers,
            dataset,
            settings,
            who,
            show_progress,
            stopping=lambda: nullcontext(stop),
            fresh=fresh,
            corrections=corrections,
        )
        _go_on()
        paths = [] if output_name is None else write_outputs(merged, folder)
        conclude(merged, paths, show_progress)
        if ended:
            raise ended
        return frame_of(merged)


async def annotate_async(markers: Any, **options: Any) -> pd.DataFrame:
    """`annotate` for code with an event loop: it works in a thread, and does not block the loop."""
    return await in_thread(annotate, markers, **options)


async def in_thread(function: Callable[..., Result], *arguments: Any, **options: Any) -> Result:
    """What a function of this module returns, without blocking the loop.

    If it is cancelled, the thread asks nothing more and ends when the answers on their way are there. That is waited
    for, so that nothing is written by what was cancelled once the caller goes on.
    """
    given_up = Cancellation()
    context = contextvars.copy_context()
    context.run(_given_up.set, given_up)
    # Not a task: asyncio.run would cancel that too, and wait no longer for the thread.
    call = functools.partial(context.run, function, *arguments, **options)
    work = asyncio.get_running_loop().run_in_executor(None, call)
    try:
        # Awake now and then: the interrupt of a Jupyter kernel does not wake its loop.
        while not work.done():
            await asyncio.wait([work], timeout=SECONDS_ASLEEP)
        return work.result()
    except asyncio.CancelledError:
        given_up.request()
        await asyncio.wait([work])
        work.exception()  # looked at, or the loop complains of one that was never seen
        raise


def place_of(
    output_name: Path | str | None, default: str, inputs: Iterable[Any], ends: Sequence[str] = ENDS
) -> tuple[Path, str]:
    """The folder and the sample name that an output name stands for, exactly: "run.v2" stays "run.v2".

    Args:
        output_name: None writes nothing; the sample has the name `default` then.
        inputs: what is read, files among it, which no output may replace.
        ends: of the outputs' names.

    Raises:
        UsageError: it ends in no name, nothing can be written there, or an output is an input.
    """
    if output_name is None:
        return Path(), default
    if not isinstance(output_name, str | os.PathLike):
        raise UsageError(f"{option('name', output_name)}: expected text or a path", code="output-name-not-text")
    head, name = os.path.split(os.path.expanduser(output_name))  # noqa: PTH111 - Path drops the / of "folder/"
    if fault := fault_of_name(name):
        raise UsageError(f"{option('name', str(output_name))}: {fault}", code="output-name-unusable")
    folder = local(head)
    check_outputs(folder, name, _files_among(inputs), ends)
    return folder, name


def check_fresh(fresh: object) -> None:
    if not isinstance(fresh, bool):
        raise UsageError(f"{option('fresh', fresh)}: expected True or False", code="fresh-not-bool")


def _files_among(given: Iterable[Any]) -> Iterator[Path]:
    for value in given:
        for one in value if isinstance(value, list | tuple) else (value,):
            if isinstance(one, str | Path):
                yield Path(one)


def frame_of(merged: Merged) -> pd.DataFrame:
    """The summary as a DataFrame."""
    import pandas as pd

    frame = pd.DataFrame(summary_rows(merged), columns=list(COLUMNS), dtype=str)
    for column in NUMBERS:
        frame[column] = pd.to_numeric(frame[column].where(frame[column] != ""))
    return frame.astype({"Score": float, "Cost (USD)": float, "Cells": float, "Agreement": float})


def _go_on() -> None:
    """Ends the work if nobody waits for it any more."""
    given_up = _given_up.get()
    if given_up is not None and given_up.requested:
        raise _GivenUpError


def texts_of(**given: str) -> dict[str, str]:
    """What was said of the data.

    Raises:
        UsageError: something is no text.
    """
    for name, value in given.items():
        if not isinstance(value, str):
            what = f"{argument(name)}: expected text, found {value!r}; {option('tissue', 'none')} stands for no tissue"
            raise UsageError(what, code="context-not-text")
    return given


def _split_settings(given: Mapping[str, Any]) -> SplitSettings:
    refuse_unknown(given, (*OF_SPLIT, *OF_ANNOTATE, *OWN))
    return SplitSettings(**plain_options(given, OF_SPLIT))


def annotate_settings(options: Mapping[str, Any], api_key: str | None, **given: Any) -> AnnotateSettings:
    """The settings of annotate, with a key that is held in memory.

    Raises:
        UsageError: one of them cannot be used.
    """
    if not isinstance(api_key, str | None):
        # It is not shown, as it may be a key all the same.
        raise UsageError(f"{argument('api_key')}: expected text", code="api-key-not-text")
    key = None if api_key is None else Secret(api_key)
    return AnnotateSettings(api_key=key, **given, **plain_options(options, OF_ANNOTATE))


def plain_options(given: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    """Those options that have these names, as Python's own numbers (one out of a DataFrame is NumPy's) and as paths."""
    plain = {name: value.item() if hasattr(value, "item") else value for name, value in given.items() if name in names}
    return {name: _path(name, value) if name in PATHS and value is not None else value for name, value in plain.items()}


def _path(name: str, value: object) -> Path:
    if not isinstance(value, str | os.PathLike):
        raise UsageError(f"{option(name, value)}: expected the path of a {PATHS[name]}", code="path-not-text")
    return local(value if isinstance(value, str) else Path(value))


def conclude(merged: Merged, paths: Sequence[Path], shown: bool) -> None:
    """Say what came out. Who was asked is said in words, as no logging has to be set up for them to appear."""
    failed = merged.status.failed
    if failed:
        log.warning(
            "%d of %s %s no annotation; the first is cluster %s, %s: %s",
            len(failed),
            counted(len(merged.results), "cluster"),
            have(len(failed)),
            *failed[0],
        )
    if not shown:
        return
    say(f"cassia: {merged.outcome_words}")
    for line in closing_lines(merged, warned=True):
        say(f"cassia: {line}")
    if paths:
        say(f"cassia: written: {', '.join(map(str, paths))}")
