"""An AnnData in memory, or backed, as AnnotatedData; by its attributes, so that anndata is not imported."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from cassia_engine.errors import UsageError
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
from cassia_engine.h5ad.genes_of_groups import numbered
from cassia_engine.h5ad.matrix import Matrix, matrix_of

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class ObjectData:
    """An AnnData object; `place` is what messages call it."""

    place: str
    adata: Any

    def reading(self) -> AbstractContextManager[None]:
        return _reading(self.place)

    def ranked_keys(self) -> list[str]:
        return [key for key, value in self.adata.uns.items() if hasattr(value, "get") and _records(value.get(NAMES))]

    def ranked(self, key: str) -> RankedGenes:
        found = self.adata.uns[key]
        statistics = {name: values for name in STATISTICS if (values := _records(found.get(name)))}
        fractions = {name: _fractions(found[name]) for name in FRACTIONS if hasattr(found.get(name), "columns")}
        return RankedGenes(*numbered(_records(found[NAMES])), statistics, fractions, dict(found.get("params") or {}))

    def obs_columns(self) -> list[str]:
        return [str(name) for name in self.adata.obs.columns]

    def frame(self, name: Literal["obs", "var"]) -> pd.DataFrame:
        found: pd.DataFrame = getattr(self.adata, name)
        return found

    def groups(self, column: str) -> Groups:
        import pandas as pd

        values = _column(self.adata.obs, column)
        if not isinstance(values.dtype, pd.CategoricalDtype):
            if pd.api.types.is_float_dtype(values.dtype):
                raise ValueError(column)
            try:
                values = pd.Series(pd.Categorical(values, categories=values.dropna().unique()))
            except TypeError as error:  # lists
                raise ValueError(column) from error
        labels = tuple(map(str, values.cat.categories))
        if len(set(labels)) < len(labels):  # 1 and "1"
            raise ValueError(column)
        return Groups(np.asarray(values.cat.codes, np.int64), labels)

    def categories(self, column: str, most: int) -> Groups | None:
        import pandas as pd

        values = _column(self.adata.obs, column)
        if isinstance(values.dtype, pd.CategoricalDtype):
            found = np.asarray(values.cat.codes, np.int64), values.cat.categories
        elif pd.api.types.infer_dtype(values, skipna=True) in ("string", "boolean"):
            found = pd.factorize(values)
        else:
            return None
        codes, labels = found[0], tuple(map(str, found[1])) if len(np.unique(found[0])) <= most + 1 else ()
        is_usable = len(np.unique(codes[codes >= 0])) <= most and len(set(labels)) == len(labels)
        return Groups(np.asarray(codes, np.int64), labels) if is_usable else None

    def numbers(self, column: str) -> NDArray[np.float64] | None:
        return _numbers(_column(self.adata.obs, column))

    def coordinate_keys(self) -> list[str]:
        return [str(key) for key in self.adata.obsm]

    def coordinates(self, key: str) -> NDArray[np.floating[Any]] | None:
        element = self.adata.obsm[key]
        if hasattr(element, "iloc"):
            columns = [_numbers(element.iloc[:, place]) for place in range(min(2, element.shape[1]))]
            known = [values for values in columns if values is not None]
            return np.column_stack(known) if len(known) == 2 else None
        shape: tuple[int, ...] = getattr(element, "shape", ())
        kind = getattr(getattr(element, "dtype", None), "kind", "")
        if len(shape) != 2 or shape[1] < 2 or kind not in "iuf" or hasattr(element, "indptr"):
            return None
        return in_own_precision(element[:, :2])

    def genes(self, raw: bool) -> list[str]:
        frame = self._var(raw)
        return [] if frame is None else [str(name) for name in frame.index]

    def gene_columns(self, raw: bool) -> dict[str, bool]:
        frame = self._var(raw)
        names = () if frame is None else map(str, frame.columns)
        return {name: _is_text(_column(frame, name)) for name in dict.fromkeys(names)}

    def gene_texts(self, raw: bool, column: str) -> list[str | None]:
        values = _column(self._var(raw), column)
        return [None if missing else str(value) for value, missing in zip(values, values.isna(), strict=True)]

    def matrices(self) -> list[str]:
        raw = ["raw/X"] if self.adata.raw is not None else []
        layers = [f"layers/{name}" for name in self.adata.layers]
        return [*(["X"] if self._has_x() else []), *raw, *layers]

    def _has_x(self) -> bool:
        try:
            return self.adata.X is not None
        except KeyError:  # of a backed one that has none
            return False

    def matrix(self, place: str) -> Matrix:
        if place.startswith("layers/"):
            return matrix_of(place, self.adata.layers[place.removeprefix("layers/")])
        return matrix_of(place, self.adata.raw.X if place == "raw/X" else self.adata.X)

    def log_base(self) -> float | None:
        return log_base_of(self.adata.uns.get("log1p"))

    def _var(self, raw: bool) -> pd.DataFrame | None:
        if not raw:
            return self.adata.var  # type: ignore[no-any-return]
        return None if self.adata.raw is None else self.adata.raw.var


@contextmanager
def _reading(place: str) -> Iterator[None]:
    """Within it an object is read, of which parts may be in its file yet."""
    try:
        yield
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else str(error).split("\n", 1)[0][:200]
        what = f"its file cannot be read ({why}); it was moved, removed or damaged: read the AnnData again"
        raise UsageError(what, path=place, code="anndata-file-unreadable") from error


def _column(frame: Any, name: str) -> pd.Series[Any]:
    """A column by its name as text; of several the first."""
    found: pd.Series[Any] = frame.iloc[:, list(map(str, frame.columns)).index(name)]
    return found


def _records(value: Any) -> dict[str, Any]:
    names = getattr(getattr(value, "dtype", None), "names", None)
    return {name: value[name] for name in names or ()}


def _fractions(frame: pd.DataFrame) -> Fractions:
    groups = {str(name): frame[name].to_numpy(np.float64) for name in frame.columns}
    return Fractions(tuple(map(str, frame.index)), groups)


def _numbers(values: pd.Series[Any]) -> NDArray[np.float64] | None:
    import pandas as pd

    is_number = pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype)
    return values.to_numpy(np.float64, na_value=np.nan) if is_number else None


def _is_text(values: pd.Series[Any]) -> bool:
    import pandas as pd

    kind = values.cat.categories if isinstance(values.dtype, pd.CategoricalDtype) else values.dropna()
    return pd.api.types.infer_dtype(kind, skipna=True) == "string"
