"""Coordinates of the cells for a picture: a named key of `obsm`, or the UMAP or t-SNE that is found, never PCA."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cassia_engine.callers import argument, option
from cassia_engine.errors import UsageError, did_you_mean
from cassia_engine.h5ad.annotated import AnnotatedData
from cassia_engine.h5ad.names import listed

log = logging.getLogger(__name__)

USUAL = "X_umap"
# What the names of other keys have in them, the first of these before any other.
_KINDS = ("umap", "tsne", "t-sne", "t_sne")


@dataclass(frozen=True, slots=True)
class Coordinates:
    """Coordinates of all cells, shape (cells, 2), under a key of `obsm`; those of some cells may be NaN."""

    key: str
    values: NDArray[np.float64]

    @property
    def known(self) -> NDArray[np.int64]:
        """The places of the cells that have both."""
        return np.flatnonzero(np.isfinite(self.values).all(axis=1))


def read_coordinates(data: AnnotatedData, key: str | None, n_cells: int) -> Coordinates | None:
    """The coordinates under a key, or those that are found; None where there are none, which a line says.

    Raises:
        UsageError: a key was given, and has no coordinates.
    """
    if key is not None:
        return _named(data, key, n_cells)
    for found in _candidates(data.coordinate_keys()):
        if coordinates := _usable(data, found, n_cells):
            if found != USUAL:
                log.info("%s: coordinates of cells are those of obsm['%s']", data.place, found)
            return coordinates
    keys = data.coordinate_keys()
    without, remedy = ", no UMAP or t-SNE to draw", f"{argument('coordinates_key')} names other coordinates"
    without, remedy = (without, remedy) if keys else ("", "run sc.tl.umap for one")
    what = f"{_there(data)}{without}, so the report has no picture of the cells; {remedy}"
    log.info("%s: %s", data.place, what)
    return None


def _named(data: AnnotatedData, key: str, n_cells: int) -> Coordinates:
    given, keys = option("coordinates_key", key), data.coordinate_keys()
    if key not in keys:
        what = f"{given}: no such coordinates{did_you_mean(key, keys)}; {_there(data)}"
        raise UsageError(what, path=data.place, code="coordinates-key-not-found")
    if coordinates := _usable(data, key, n_cells):
        return coordinates
    what = f"{given}: it does not have two columns of numbers, one row per cell; {_there(data)}"
    raise UsageError(what, path=data.place, code="coordinates-key-unusable")


def _there(data: AnnotatedData) -> str:
    keys = data.coordinate_keys()
    return f"obsm has {listed(keys)}" if keys else "obsm is empty"


def _candidates(keys: list[str]) -> list[str]:
    """X_umap, and those that are UMAP or t-SNE by their names, in the order in which they are taken."""
    ranks = {key: next((n for n, kind in enumerate(_KINDS) if kind in key.lower()), None) for key in keys}
    named = [(key != USUAL, rank, key) for key, rank in ranks.items() if rank is not None]
    return [key for _, _, key in sorted(named)]


def _usable(data: AnnotatedData, key: str, n_cells: int) -> Coordinates | None:
    values = data.coordinates(key)
    if values is None or values.shape != (n_cells, 2):
        return None
    found = Coordinates(key, values.astype(np.float64))
    return found if found.known.size else None
