"""An .h5ad file as AnnotatedData."""

from __future__ import annotations

from dataclasses import dataclass

import h5py
import numpy as np

from cassia_engine.h5ad.annotated import FRACTIONS, NAMES, STATISTICS, Fractions, Groups, RankedGenes
from cassia_engine.h5ad.elements import (
    are_records,
    array,
    column,
    columns_of,
    groups_of,
    index_of,
    is_frame,
    is_text,
    parameters,
    records,
    texts,
)
from cassia_engine.h5ad.matrix import Matrix, open_matrix


@dataclass(frozen=True, slots=True)
class FileData:
    """An open .h5ad file; `place` is what messages call it."""

    place: str
    file: h5py.File

    def ranked_keys(self) -> list[str]:
        uns = self.file.get("uns")
        return [key for key in uns or () if isinstance(uns[key], h5py.Group) and are_records(uns[key].get(NAMES))]

    def ranked(self, key: str) -> RankedGenes:
        found = self.file["uns"][key]
        statistics = {name: records(found[name]) for name in STATISTICS if are_records(found.get(name))}
        fractions = {name: _fractions(found[name]) for name in FRACTIONS if is_frame(found.get(name))}
        return RankedGenes(records(found[NAMES]), statistics, fractions, parameters(found.get("params")))

    def obs_columns(self) -> list[str]:
        return columns_of(self.file["obs"])

    def groups(self, column: str) -> Groups:
        return groups_of(self.file["obs"], column)

    def genes(self, raw: bool) -> list[str]:
        frame = self._var(raw)
        return [] if frame is None else index_of(frame)

    def gene_columns(self, raw: bool) -> dict[str, bool]:
        frame = self._var(raw)
        return {} if frame is None else {name: is_text(frame, name) for name in columns_of(frame)}

    def gene_texts(self, raw: bool, column_name: str) -> list[str | None]:
        return texts(column(self._var(raw), column_name))

    def matrices(self) -> list[str]:
        layers = [f"layers/{name}" for name in self.file.get("layers", ())]
        return [place for place in ("X", "raw/X", *layers) if place in self.file]

    def matrix(self, place: str) -> Matrix:
        return open_matrix(self.file[place])

    def log_base(self) -> float | None:
        return parameters(self.file.get("uns/log1p")).get("base")

    def _var(self, raw: bool) -> h5py.Group | None:
        frame = self.file.get("raw/var" if raw else "var")
        return frame if is_frame(frame) else None


def _fractions(frame: h5py.Group) -> Fractions:
    groups = {name: array(column(frame, name)).astype(np.float64) for name in columns_of(frame)}
    return Fractions(tuple(index_of(frame)), groups)
