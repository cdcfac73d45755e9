"""Make a made-up .h5ad file of any size, the same values for the same seed, in little memory.

    python -m benchmarks.make_h5ad cells.h5ad --cells 100000 --genes 20000 --density 0.05
    python -m benchmarks.make_h5ad cells.h5ad --layout csc --compression gzip --rank_genes_groups

X holds logarithmised counts as float32: a fiftieth of the genes is in most cells, the most are in few, and each gene is
higher in the cells of one group. Groups differ in size unless --group_sizes gives their shares. The test results of
--rank_genes_groups are made up too, in the shape that Scanpy writes them.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

# Shares of genes, and how much denser than all together they are: their mean is 1.
CLASSES = ((0.02, 12.0), (0.18, 2.6), (0.80, 0.365))
MOST_DENSE = 0.97
VALUES_IN_BLOCK = 4_000_000
CHUNK = 25_000  # values of a chunk of a sparse X, as anndata writes it for 100 million values


@dataclass(frozen=True)
class Matrix:
    """What a matrix is made from; `codes` has the group of each cell."""

    codes: NDArray[np.int64]
    genes: int
    groups: int
    density: float
    by_gene: bool  # whether it is made gene by gene (CSC) or cell by cell

    def blocks(self, rng: np.random.Generator) -> Iterator[tuple[int, NDArray[np.int64], NDArray[np.float32]]]:
        """Blocks of lines (cells, or genes of a CSC): how many, the places line * width + position, the values."""
        lines, width = (self.genes, len(self.codes)) if self.by_gene else (len(self.codes), self.genes)
        step = max(1, min(lines, int(VALUES_IN_BLOCK / max(1.0, width * self.density))))
        for start in range(0, lines, step):
            stop = min(lines, start + step)
            places = self._places(rng, start, stop)
            line, position = start + places // width, places % width
            cell, gene = (position, line) if self.by_gene else (line, position)
            yield stop - start, places, self._values(rng, cell, gene)

    def _places(self, rng: np.random.Generator, start: int, stop: int) -> NDArray[np.int64]:
        found = []
        for low, high, density in self._classes():
            if self.by_gene:
                first, last = max(low, start), min(high, stop)
                if first < last:
                    cells = len(self.codes)
                    found.append((first - start) * cells + _drawn(rng, (last - first) * cells, density))
            else:
                drawn = _drawn(rng, (stop - start) * (high - low), density)
                found.append(drawn // (high - low) * self.genes + low + drawn % (high - low))
        return np.sort(np.concatenate(found)) if found else np.zeros(0, np.int64)

    def _classes(self) -> Iterator[tuple[int, int, float]]:
        ends = np.rint(np.cumsum([0.0, *(share for share, _ in CLASSES)]) * self.genes).astype(int).tolist()
        for low, high, (_, factor) in zip(ends, ends[1:], CLASSES, strict=False):
            if low < high:
                yield low, high, min(MOST_DENSE, factor * self.density)

    def _values(
        self, rng: np.random.Generator, cell: NDArray[np.int64], gene: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        counts = rng.geometric(0.6, len(cell)).astype(np.float32)
        counts += 2 * (gene % self.groups == self.codes[cell])
        depth = (1 + cell % 7).astype(np.float32)  # cells were read to different depths
        return np.asarray(np.log1p(counts * 5 / depth), np.float32)


def _drawn(rng: np.random.Generator, places: int, density: float) -> NDArray[np.int64]:
    """Places below `places`, each drawn with the probability `density`, in order."""
    found: list[NDArray[np.int64]] = []
    last = -1
    while last < places:
        expected = int((places - last) * density * 1.02) + 10
        found.append(last + np.cumsum(rng.geometric(density, expected)))
        last = int(found[-1][-1])
    drawn = np.concatenate(found)
    return drawn[: int(np.searchsorted(drawn, places))]


def _compression(options: argparse.Namespace) -> str | None:
    return None if options.compression == "none" else str(options.compression)


def write_sparse(file: h5py.File, matrix: Matrix, rng: np.random.Generator, options: argparse.Namespace) -> None:
    """X as CSR or CSC, growing block by block."""
    group = file.create_group("X")
    kind = "csc_matrix" if matrix.by_gene else "csr_matrix"
    group.attrs.update({"encoding-type": kind, "encoding-version": "0.1.0"})
    group.attrs["shape"] = np.array([len(matrix.codes), matrix.genes])
    storage: dict[str, Any] = {"maxshape": (None,), "chunks": (CHUNK,), "compression": _compression(options)}
    data = group.create_dataset("data", (0,), "f4", **storage)
    indices = group.create_dataset("indices", (0,), options.indices, **storage)
    lengths = [np.zeros(1, np.int64)]
    width = len(matrix.codes) if matrix.by_gene else matrix.genes
    for lines, places, values in matrix.blocks(rng):
        start, stop = len(data), len(data) + len(values)
        data.resize((stop,))
        indices.resize((stop,))
        data[start:], indices[start:] = values, places % width
        lengths.append(np.bincount(places // width, minlength=lines))
    # of one type with the indices, as scipy has them: Scanpy fails on others
    group["indptr"] = np.cumsum(np.concatenate(lengths)).astype(options.indices)


def write_dense(file: h5py.File, matrix: Matrix, rng: np.random.Generator, options: argparse.Namespace) -> None:
    """X as a dense array, block by block."""
    x = file.create_dataset("X", (len(matrix.codes), matrix.genes), "f4", compression=_compression(options))
    x.attrs.update({"encoding-type": "array", "encoding-version": "0.2.0"})
    start = 0
    for lines, places, values in matrix.blocks(rng):
        block = np.zeros((lines, matrix.genes), np.float32)
        block.ravel()[places] = values
        x[start : start + lines] = block
        start += lines


def write_frames(file: h5py.File, matrix: Matrix) -> None:
    """obs with the columns `cluster`, `sample` and `total_counts`, var, and obsm with X_umap."""
    file.attrs.update({"encoding-type": "anndata", "encoding-version": "0.1.0"})
    for name, prefix, length in (("obs", "cell", len(matrix.codes)), ("var", "gene", matrix.genes)):
        frame = file.create_group(name)
        frame.attrs.update({"encoding-type": "dataframe", "encoding-version": "0.2.0", "_index": "_index"})
        columns = ["cluster", "sample", "total_counts"] if name == "obs" else []
        frame.attrs.create("column-order", np.array(columns, object), dtype=h5py.string_dtype())
        _write_texts(frame, "_index", [f"{prefix}{number}" for number in range(length)])
    cells = np.arange(len(matrix.codes))
    _write_categories(file["obs"], "cluster", matrix.codes, matrix.groups)
    _write_categories(file["obs"], "sample", cells * 7919 % 12, 12)
    file["obs/total_counts"] = (1000 + cells % 997).astype(np.float32)
    angles = np.column_stack([np.sin(cells), np.cos(cells)])
    file["obsm/X_umap"] = (matrix.codes[:, None] % 8 + angles).astype(np.float32)
    for name in ("obs/total_counts", "obsm/X_umap"):
        file[name].attrs.update({"encoding-type": "array", "encoding-version": "0.2.0"})


def _write_categories(frame: h5py.Group, name: str, codes: NDArray[np.int64], number: int) -> None:
    group = frame.create_group(name)
    group.attrs.update({"encoding-type": "categorical", "encoding-version": "0.2.0", "ordered": False})
    group["codes"] = codes.astype(np.int16)
    group["codes"].attrs.update({"encoding-type": "array", "encoding-version": "0.2.0"})
    _write_texts(group, "categories", [str(category) for category in range(number)])


def _write_texts(group: h5py.Group, name: str, texts: list[str]) -> None:
    group.create_dataset(name, data=np.array(texts, object), dtype=h5py.string_dtype())
    group[name].attrs.update({"encoding-type": "string-array", "encoding-version": "0.2.0"})


def write_tests(file: h5py.File, matrix: Matrix, rng: np.random.Generator) -> None:
    """uns/rank_genes_groups with made-up statistics of every gene for every group."""
    group = file.create_group("uns/rank_genes_groups")
    names = np.array([f"gene{number}" for number in range(matrix.genes)], object)
    orders = [rng.permutation(matrix.genes) for _ in range(matrix.groups)]
    scores = np.sort(rng.normal(0, 20, (matrix.groups, matrix.genes)))[:, ::-1]
    _write_records(group, "names", [names[order] for order in orders], h5py.string_dtype())
    for name, dtype, values in (
        ("scores", "f4", scores),
        ("logfoldchanges", "f4", scores / 10),
        ("pvals", "f8", np.exp(-np.abs(scores))),
        ("pvals_adj", "f8", np.exp(-np.abs(scores) / 2)),
    ):
        _write_records(group, name, list(values), np.dtype(dtype))
    for name, value in (("groupby", "cluster"), ("reference", "rest"), ("method", "wilcoxon")):
        group[f"params/{name}"] = value


def _write_records(group: h5py.Group, name: str, columns: list[NDArray[Any]], dtype: np.dtype[Any]) -> None:
    records = np.empty(len(columns[0]), [(str(number), dtype) for number in range(len(columns))])
    for number, column in enumerate(columns):
        records[str(number)] = column
    group[name] = records
    group[name].attrs.update({"encoding-type": "rec-array", "encoding-version": "0.2.0"})


def make(path: Path, options: argparse.Namespace) -> None:
    """Write the file that the options describe."""
    rng = np.random.default_rng(options.seed)
    shares = np.array(options.group_sizes or 1 / np.arange(3, options.groups + 3), float)
    codes = rng.choice(len(shares), options.cells, p=shares / shares.sum())
    matrix = Matrix(codes, options.genes, len(shares), options.density, options.layout == "csc")
    with h5py.File(path, "w") as file:
        write_frames(file, matrix)
        (write_dense if options.layout == "dense" else write_sparse)(file, matrix, rng, options)
        if options.rank_genes_groups:
            write_tests(file, matrix, rng)


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    found.add_argument("path", type=Path)
    found.add_argument("--cells", type=int, default=100_000)
    found.add_argument("--genes", type=int, default=20_000)
    found.add_argument("--groups", type=int, default=60)
    found.add_argument("--group_sizes", type=float, nargs="+", help="the share of each group, in place of --groups")
    found.add_argument("--density", type=float, default=0.05, help="share of X that is not 0")
    found.add_argument("--layout", choices=["csr", "csc", "dense"], default="csr")
    found.add_argument("--indices", choices=["i4", "i8"], default="i4", help="type of the indices of a sparse X")
    found.add_argument("--compression", choices=["none", "gzip", "lzf"], default="none")
    found.add_argument("--rank_genes_groups", action="store_true", help="write test results too")
    found.add_argument("--seed", type=int, default=0)
    return found


if __name__ == "__main__":
    arguments = parser().parse_args()
    make(arguments.path, arguments)
