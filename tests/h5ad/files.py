"""Small .h5ad files by h5py, in the layouts that anndata has written: made here, so that no anndata is needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
LAYOUTS = ("0.7", "0.8", "0.13")  # of anndata; the last with pandas 3
TEXT = h5py.string_dtype()

T, B = ("CD3D", "CD3E", "IL7R", "LTB"), ("CD79A", "MS4A1", "CD79B", "CD74")


@dataclass
class Small:
    """What a file holds: eight cells in two clusters, one of them in none; eight genes, four up in each."""

    clusters: Sequence[str | None] = ("T", "T", "T", "B", "B", "B", "B", None)
    categories: Sequence[Any] = ("B", "T")
    column: str = "leiden"
    genes: Sequence[str] = (*T, *B)
    ranked: Mapping[str, Sequence[str]] = field(default_factory=lambda: {"B": (*B, *T), "T": (*T, *B)})
    scores: Sequence[float] = (9, 8, 7, 6, -1, -2, -3, -4)
    params: Mapping[str, Any] = field(
        default_factory=lambda: {"groupby": "leiden", "reference": "rest", "method": "t-test", "use_raw": False}
    )
    statistics: Sequence[str] = ("scores", "logfoldchanges", "pvals", "pvals_adj")
    pts: bool = True
    pct: Mapping[str, Mapping[str, Array]] | None = None  # instead of `fractions()`
    var: Mapping[str, Sequence[Any] | Array] = field(default_factory=dict)
    raw_genes: Sequence[str] = ()
    raw_var: Mapping[str, Sequence[Any] | Array] = field(default_factory=dict)
    obs: Mapping[str, Sequence[Any] | Array] = field(default_factory=dict)
    key: str = "rank_genes_groups"

    def write(self, path: Path, layout: str = "0.8") -> Path:
        """The file, as an anndata of that version writes it."""
        with h5py.File(path, "w") as file:
            file.attrs.update({"encoding-type": "anndata", "encoding-version": "0.1.0"})
            cells = [f"cell{number}" for number in range(len(self.clusters))]
            obs = write_frame(file, "obs", cells, self.obs, layout, [self.column])
            place = {str(name): number for number, name in enumerate(self.categories)} | {None: -1}
            codes = np.array([place[name] for name in self.clusters], "i1")
            write_categorical(obs, self.column, codes, self.categories, layout)
            write_frame(file, "var", self.genes, self.var, layout)
            if self.raw_genes:
                write_frame(file.create_group("raw"), "var", self.raw_genes, self.raw_var, layout)
            self._write_ranked(file.create_group("uns"), layout)
        return path

    def _write_ranked(self, uns: h5py.Group, layout: str) -> None:
        if not self.ranked:
            return
        found = uns.create_group(self.key)
        write_records(found, "names", {name: np.array(genes, object) for name, genes in self.ranked.items()})
        values = self.values()
        for name in self.statistics:
            write_records(found, name, {group: values[name][: len(genes)] for group, genes in self.ranked.items()})
        params = found.create_group("params")
        for name, value in self.params.items():
            write_single(params, name, value)
        for name, columns in (self.pct or self.fractions()).items() if self.pts else ():
            write_frame(found, name, self.genes, columns, layout)

    def values(self) -> dict[str, Array]:
        """The statistics of the genes of any group, in their order."""
        scores = np.asarray(self.scores, np.float32)
        number = len(scores)
        return {
            "scores": scores,
            "logfoldchanges": scores / 2,
            "pvals": np.full(number, 1e-5),
            "pvals_adj": np.full(number, 1e-4),
        }

    def fractions(self) -> dict[str, dict[str, Array]]:
        """The frames pts and pts_rest, by group."""
        t = np.array([0.9 if gene in T else 0.2 for gene in self.genes])
        b = np.array([0.2 if gene in T else 0.9 for gene in self.genes])
        return {"pts": {"B": b, "T": t}, "pts_rest": {"B": t, "T": b}}


def write_frame(
    parent: h5py.Group,
    name: str,
    index: Sequence[str],
    columns: Mapping[str, Sequence[Any] | Array],
    layout: str,
    more: Sequence[str] = (),
) -> h5py.Group:
    frame = parent.create_group(name)
    version = "0.1.0" if layout == "0.7" else "0.2.0"
    frame.attrs.update({"encoding-type": "dataframe", "encoding-version": version, "_index": "_index"})
    frame.attrs["column-order"] = np.array([*columns, *more], TEXT) if [*columns, *more] else np.array([], float)
    write_texts(frame, "_index", index, layout)
    for column, values in columns.items():
        if isinstance(values[0], str | None):
            write_texts(frame, column, list(values), layout)
        else:
            frame.create_dataset(column, data=np.asarray(values)).attrs.update(
                {"encoding-type": "array", "encoding-version": "0.2.0"}
            )
    return frame


def write_texts(parent: h5py.Group, name: str, values: Sequence[str | None], layout: str) -> None:
    """Texts: an array, or, since pandas 3, values and a mask."""
    if layout == "0.13" or None in values:
        group = parent.create_group(name)
        group.attrs.update({"encoding-type": "nullable-string-array", "encoding-version": "0.1.0"})
        group.create_dataset("values", data=np.array([value or "" for value in values], object), dtype=TEXT)
        group.create_dataset("mask", data=np.array([value is None for value in values]))
        return
    dataset = parent.create_dataset(name, data=np.array(values, object), dtype=TEXT)
    if layout != "0.7":
        dataset.attrs.update({"encoding-type": "string-array", "encoding-version": "0.2.0"})


def write_categorical(frame: h5py.Group, name: str, codes: Array, categories: Sequence[Any], layout: str) -> None:
    values = np.array(categories, object) if isinstance(categories[0], str) else np.asarray(categories)
    dtype = TEXT if isinstance(categories[0], str) else None
    if layout == "0.7":
        known = frame.require_group("__categories").create_dataset(name, data=values, dtype=dtype)
        known.attrs["ordered"] = False
        frame.create_dataset(name, data=codes).attrs["categories"] = known.ref
        return
    group = frame.create_group(name)
    group.attrs.update({"encoding-type": "categorical", "encoding-version": "0.2.0", "ordered": False})
    group.create_dataset("codes", data=codes)
    group.create_dataset("categories", data=values, dtype=dtype)


def write_records(parent: h5py.Group, name: str, fields: Mapping[str, Array]) -> None:
    """A record array, one field per group."""
    types = [(group, TEXT if values.dtype == object else values.dtype) for group, values in fields.items()]
    data = np.empty(len(next(iter(fields.values()))), types)
    for group, values in fields.items():
        data[group] = values
    parent.create_dataset(name, data=data)


def write_single(parent: h5py.Group, name: str, value: Any) -> None:
    if value is None:
        parent.create_dataset(name, data=h5py.Empty("f4")).attrs["encoding-type"] = "null"
    else:
        parent.create_dataset(name, data=value, dtype=TEXT if isinstance(value, str) else None)
