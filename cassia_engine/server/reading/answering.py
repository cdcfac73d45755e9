"""The answers of a reader, from vars.h5 and obs.duckdb together."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np
from numpy.random import default_rng
from numpy.typing import NDArray

from cassia_engine.server.reading import messages as ask
from cassia_engine.server.reading.by_cluster import ByCluster, quantiles, rounded, significant
from cassia_engine.server.reading.messages import ArtifactError
from cassia_engine.server.reading.obs_file import ObsFile
from cassia_engine.server.reading.vars_file import VarsFile

File = TypeVar("File", VarsFile, ObsFile)

VARS, OBS = "vars.h5", "obs.duckdb"


class Answering:
    """Answers about the files of a job. A file that cannot be read is said when an answer needs it."""

    def __init__(self, opening: ask.Open):
        vars_h5, obs = opening.vars_h5, opening.obs_duckdb
        self._vars: VarsFile | ArtifactError | None = None if vars_h5 is None else VarsFile(Path(vars_h5))
        self._obs: ObsFile | ArtifactError | None = None if obs is None else ObsFile(Path(obs), opening.labels)

    def open(self) -> None:
        """Open the files; no other file is opened from here on."""
        self._vars, self._obs = _tried(VARS, self._vars, VarsFile.open), _tried(OBS, self._obs, ObsFile.open)

    def read(self) -> None:
        """Look into the files; none is opened from here on."""
        self._vars, self._obs = _tried(VARS, self._vars, VarsFile.read), _tried(OBS, self._obs, ObsFile.read)

    def close(self) -> None:
        for file in (self._vars, self._obs):
            if isinstance(file, VarsFile | ObsFile):
                file.close()

    def answer(self, request: ask.AnyRequest) -> msgspec.Struct:
        """The answer to a request.

        Raises:
            ArtifactError: the files do not have it.
        """
        match request:
            case ask.AskGenes():
                found = self._of(VARS, self._vars)
                return ask.Genes(found.genes, found.n_cells)
            case ask.AskExpression(gene):
                return self._expression(gene)
            case ask.AskEmbedding():
                return self._embedding()
            case ask.AskColumns():
                obs = self._of(OBS, self._obs)
                return _named(OBS, lambda: ask.Columns([*obs.columns.values()], obs.cluster_column))
            case ask.AskComposition(column):
                return _named(OBS, lambda: self._composition(column))
        raise ArtifactError("the files are open already")

    def _of(self, name: str, file: File | ArtifactError | None) -> File:
        if isinstance(file, ArtifactError):
            raise file
        if file is None:
            raise ArtifactError(f"this job has no {name}", is_absent=True)
        return file

    def _both(self) -> tuple[VarsFile, ObsFile]:
        found, obs = self._of(VARS, self._vars), self._of(OBS, self._obs)
        if found.n_cells != obs.n_cells:
            sizes = f"{VARS} has {found.n_cells} cells and {OBS} {obs.n_cells}"
            raise ArtifactError(f"{sizes}: they are not of one data set")
        return found, obs

    @cached_property
    def _clusters(self) -> ByCluster:
        obs = self._of(OBS, self._obs)
        return ByCluster(obs.codes, len(obs.clusters))

    @cached_property
    def _sample(self) -> NDArray[np.intp]:
        """The cells of the embedding: those with coordinates, or a seeded sample of them, in order."""
        _, x, y = self._of(OBS, self._obs).coordinates
        placed = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
        if placed.size > ask.SAMPLED_CELLS:
            placed = default_rng(0).choice(placed, ask.SAMPLED_CELLS, replace=False)
            placed.sort()
        return placed

    def _expression(self, gene: str) -> ask.Expression:
        found, obs = self._both()
        values = _named(VARS, lambda: found.values_of(gene))
        clusters, sample = _named(OBS, lambda: (self._clusters, self._sample_or_none()))
        sizes = zip(obs.clusters, clusters.sizes, clusters.split(values), strict=True)
        return ask.Expression(gene, [_cluster(*cluster) for cluster in sizes], rounded(values[sample]))

    def _sample_or_none(self) -> NDArray[np.intp]:
        try:
            return self._sample
        except ArtifactError as error:
            if not error.is_absent:
                raise
            return np.empty(0, np.intp)

    def _embedding(self) -> ask.Embedding:
        obs = self._of(OBS, self._obs)
        key, x, y = _named(OBS, lambda: obs.coordinates)
        sample, codes = self._sample, _named(OBS, lambda: obs.codes)
        return ask.Embedding(key, _finite(x[sample]), _finite(y[sample]), codes[sample].tolist(), obs.clusters)

    def _composition(self, name: str) -> ask.Composition:
        obs, clusters = self._of(OBS, self._obs), self._clusters
        if obs.column(name).kind == "categorical":
            return _categorical(obs, clusters, name)
        rows, split = [], clusters.split(obs.values_of(name))
        for cluster, size, values in zip(obs.clusters, clusters.sizes, split, strict=True):
            found: Any = quantiles(values, (0, 0.25, 0.5, 0.75, 1))
            rows.append(ask.ClusterQuantiles(cluster, size, size - values.size, found))
        return ask.NumericComposition(name, rows)


def _categorical(obs: ObsFile, clusters: ByCluster, name: str) -> ask.CategoricalComposition:
    values = obs.frequent_values(name)
    counts = np.zeros((len(obs.clusters), len(values) + 1), np.int64)  # the last one for other values
    for cluster, value, cells in obs.counts_of(name, values):
        if value is not None and cluster:
            counts[cluster - 1, value - 1] += cells
    n_others = max(0, obs.column(name).n_values - len(values))
    shown = counts if n_others else counts[:, :-1]
    rows = [
        ask.ClusterCounts(cluster, size, size - int(all_cells), cells)
        for cluster, size, all_cells, cells in zip(
            obs.clusters, clusters.sizes, counts.sum(axis=1), shown.tolist(), strict=True
        )
    ]
    return ask.CategoricalComposition(name, values + [ask.OTHER] * bool(n_others), n_others, rows)


def _cluster(name: str, size: int, values: NDArray[np.float32]) -> ask.ClusterExpression:
    if not values.size:
        return ask.ClusterExpression(name, size, None, None, None)
    percent = round(100 * int(np.count_nonzero(values)) / values.size, 2)
    found: Any = quantiles(values, (0.25, 0.5, 0.75))
    return ask.ClusterExpression(name, size, percent, significant(float(values.mean(dtype=np.float64))), found)


def _finite(values: NDArray[Any]) -> list[float]:
    return [value for value in rounded(values) if value is not None]


def _tried(name: str, file: File | ArtifactError | None, step: Callable[[File], None]) -> File | ArtifactError | None:
    """A file after one step more, or what was wrong."""
    if file is None or isinstance(file, ArtifactError):
        return file
    try:
        _named(name, lambda: step(file))
    except ArtifactError as error:
        file.close()
        return error
    return file


Result = TypeVar("Result")


def _named(name: str, read: Callable[[], Result]) -> Result:
    """What `read` reads; errors name the file."""
    try:
        return read()
    except MemoryError:
        raise ArtifactError(f"{name}: reading it needs too much memory") from None
    except OSError as error:
        raise ArtifactError(f"{name}: {error.strerror}") from error
    except ArtifactError as error:
        raise ArtifactError(f"{name}: {error}", error.is_absent) from error
