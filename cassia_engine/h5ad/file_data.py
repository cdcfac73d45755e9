"""An .h5ad file, or a Zarr store, as AnnotatedData."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import h5py
import numpy as np
from numpy.typing import NDArray

from cassia_engine.errors import shown
from cassia_engine.h5ad.annotated import (
    FRACTIONS,
    NAMES,
    STATISTICS,
    Fractions,
    Groups,
    RankedGenes,
    in_own_precision,
    log_base_of,
)
from cassia_engine.h5ad.elements import (
    are_records,
    array,
    categories_of,
    column,
    columns_of,
    groups_of,
    index_of,
    is_frame,
    is_text,
    numbers_of,
    parameters,
    records,
    texts,
)
from cassia_engine.h5ad.faults import Damage, reading_h5ad
from cassia_engine.h5ad.frames import frame_of
from cassia_engine.h5ad.genes_of_groups import numbered
from cassia_engine.h5ad.kinds import is_array, is_group
from cassia_engine.h5ad.matrix import Matrix, open_matrix

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class FileData:
    """The group of an open file or Zarr store that holds an AnnData.

    Attributes:
        place: what messages call it.
        guard: raises what is raised while it is read as a UsageError.
    """

    place: str
    file: h5py.Group
    guard: Callable[[str], AbstractContextManager[None]] = reading_h5ad

    def reading(self) -> AbstractContextManager[None]:
        return self.guard(self.place)

    def ranked_keys(self) -> list[str]:
        uns = self.file.get("uns")
        return [key for key in sorted(uns or ()) if is_group(uns[key]) and are_records(uns[key].get(NAMES))]

    def ranked(self, key: str) -> RankedGenes:
        found = self.file["uns"][key]
        statistics = {name: records(found[name]) for name in STATISTICS if are_records(found.get(name))}
        fractions = {name: _fractions(found[name]) for name in FRACTIONS if is_frame(found.get(name))}
        names = records(found[NAMES])
        fields = (values for one in (names, *statistics.values()) for values in one.values())
        if len({len(values) for values in fields}) > 1:
            raise Damage(f"the record arrays of {shown(self.file['uns'][key].name)} have different lengths")
        return RankedGenes(*numbered(names), statistics, fractions, parameters(found.get("params")))

    def obs_columns(self) -> list[str]:
        return columns_of(self.file["obs"])

    def frame(self, name: Literal["obs", "var"]) -> pd.DataFrame:
        return frame_of(self.file[name])

    def groups(self, column: str) -> Groups:
        return groups_of(self.file["obs"], column)

    def categories(self, column: str, most: int) -> Groups | None:
        return categories_of(self.file["obs"], column, most)

    def numbers(self, column: str) -> NDArray[np.float64] | None:
        return numbers_of(self.file["obs"], column)

    def coordinate_keys(self) -> list[str]:
        return sorted(self.file.get("obsm") or ())

    def coordinates(self, key: str) -> NDArray[np.floating[Any]] | None:
        return _first_two(self.file["obsm"][key])

    def genes(self, raw: bool) -> list[str]:
        frame = self._var(raw)
        return [] if frame is None else index_of(frame)

    def gene_columns(self, raw: bool) -> dict[str, bool]:
        frame = self._var(raw)
        return {} if frame is None else {name: is_text(frame, name) for name in columns_of(frame)}

    def gene_texts(self, raw: bool, column_name: str) -> list[str | None]:
        return texts(column(self._var(raw), column_name))

    def matrices(self) -> list[str]:
        layers = [f"layers/{name}" for name in sorted(self.file.get("layers", ()))]
        return [place for place in ("X", "raw/X", *layers) if place in self.file]

    def matrix(self, place: str) -> Matrix:
        return open_matrix(self.file[place])

    def log_base(self) -> float | None:
        return log_base_of(parameters(self.file.get("uns/log1p")))

    def _var(self, raw: bool) -> h5py.Group | None:
        frame = self.file.get("raw/var" if raw else "var")
        return frame if is_frame(frame) else None


def _fractions(frame: h5py.Group) -> Fractions:
    groups = {name: array(column(frame, name)).astype(np.float64) for name in columns_of(frame)}
    return Fractions(tuple(index_of(frame)), groups)


def _first_two(element: Any) -> NDArray[np.floating[Any]] | None:
    if is_frame(element):
        columns = [numbers_of(element, name) for name in columns_of(element)[:2]]
        known = [values for values in columns if values is not None]
        return np.column_stack(known) if len(known) == 2 else None
    if not is_array(element) or element.dtype.kind not in "iuf":
        return None
    if element.shape is None or len(element.shape) != 2 or element.shape[1] < 2:
        return None
    return in_own_precision(element[:, :2])
