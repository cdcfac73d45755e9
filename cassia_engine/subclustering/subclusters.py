"""A run on the subclusters of one population."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cassia_engine.cancellation import Cancellation
from cassia_engine.errors import CassiaError
from cassia_engine.markers import Table
from cassia_engine.records import OFFLINE, Dataset, Merged
from cassia_engine.settings import AnnotateSettings, SplitSettings
from cassia_engine.stages.run import run_table
from cassia_engine.subclustering.fitting import Fitted, fitted
from cassia_engine.subclustering.population import Population


@dataclass(frozen=True, slots=True)
class Subclusters:
    """The run, what ended it early, and each cluster's fit."""

    merged: Merged
    ended: CassiaError | None
    fits: tuple[Fitted, ...]


def run_subclusters(
    markers: Table | Sequence[Path | str],
    population: Population,
    dataset: Dataset,
    split: SplitSettings,
    annotate: AnnotateSettings,
    show_progress: bool = True,
    stopping: Any = lambda: nullcontext(Cancellation()),
    fresh: bool = False,
) -> Subclusters:
    """Annotate the subclusters, as `run_table` does, and compare each answer with the population's type.

    A language model is told of the population; marker scoring could not read that.

    Raises:
        UsageError, AccountError: something cannot be used; nothing was spent.
    """
    told = dataset if annotate.provider == OFFLINE else population.told(dataset)
    merged, ended = run_table(markers, told, split, annotate, show_progress, stopping=stopping, fresh=fresh)
    return Subclusters(merged, ended, tuple(fitted(result, population) for result in merged.results))
