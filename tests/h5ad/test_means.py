"""Mean expression of markers in their clusters, of one pass over one matrix."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from cassia_engine.h5ad.file_data import FileData
from cassia_engine.h5ad.matrix import Sparse
from cassia_engine.markers import MarkerTable, read_markers
from cassia_engine.settings import SplitSettings
from tests.h5ad import matrices
from tests.h5ad.conftest import SCANPY
from tests.h5ad.test_cells import in_memory
from tests.h5ad.test_real_files import FILES, LOOSE


def read(path: Any, **options: Any) -> MarkerTable:
    return read_markers(path, SplitSettings(**{**LOOSE, "rank_key": "wilcoxon_pts", **options}), "human")


def means(table: MarkerTable) -> dict[tuple[str, str], float | None]:
    return {(one.id, marker.gene): marker.mean for one in table.clusters for marker in one.markers}


def in_file(path: Path, place: str) -> dict[tuple[str, str], float]:
    """The means of all genes in all clusters, by numpy."""
    with h5py.File(path) as file:
        data = FileData("a", file)
        groups, genes, values = data.groups("cell_type"), data.genes(place.startswith("raw")), file[place][()]
    return {
        (label, gene): mean
        for number, label in enumerate(groups.labels)
        if (groups.codes == number).any()
        for gene, mean in zip(genes, values[groups.codes == number].mean(0, dtype=float), strict=True)
    }


def resave(place: str, write: matrices.Write) -> Callable[[h5py.File], None]:
    """Have a matrix in another layout."""

    def change(file: h5py.File) -> None:
        values, kept = file[place][()], file["X"][()]
        del file[place]
        if place != "X":
            del file["X"]
        write(file, values)
        if place != "X":
            file.move("X", place)
            file["X"] = kept

    return change


@pytest.mark.parametrize("options", [{}, {"rank_key": "t_test"}, {"rank_key": None, "rank": True}], ids=str)
def test_means_are_those_of_the_cells(options: dict[str, Any]) -> None:
    group_key = {"group_key": "cell_type"} if "rank" in options else {}
    found, expected = means(read(SCANPY, **options, **group_key)), in_file(SCANPY, "raw/X")
    assert len(found) > 20
    assert found == pytest.approx({key: expected[key] for key in found}, rel=1e-4)


@pytest.mark.parametrize("key", ["wilcoxon_pts", "t_test"])
def test_the_matrix_is_read_once(key: str, changed: Any, monkeypatch: Any) -> None:
    path, whole = changed(resave("raw/X", matrices.sparse("csr"))), 0
    blocks = Sparse.blocks

    def counted(self: Sparse, values: int) -> Iterator[Any]:
        nonlocal whole
        whole += values == 6_000_000  # of all values, and not the first of them only
        return blocks(self, values)

    monkeypatch.setattr(Sparse, "blocks", counted)
    read(path, rank_key=key)
    assert whole == 1


@pytest.mark.parametrize("layout", matrices.LAYOUTS)
def test_layouts_give_the_same_table(layout: str, changed: Callable[..., Path]) -> None:
    path = changed(resave("raw/X", matrices.LAYOUTS[layout]))
    assert read(path) == read(SCANPY)


def records(fields: Any) -> Any:
    """A record array, one field per group."""
    values: Any = list(fields.values())
    return np.rec.fromarrays(values, dtype=[(name, column.dtype) for name, column in fields.items()])


def test_an_object_gives_the_same_as_its_file() -> None:
    adata = in_memory(SCANPY)
    with h5py.File(SCANPY) as file:
        data = FileData("a", file).ranked("t_test")
    adata.uns["t_test"] = {
        "params": data.parameters,
        "names": records({group: np.array(data.genes, object)[places] for group, places in data.places.items()}),
        **{name: records(values) for name, values in data.statistics.items()},
    }
    assert read(adata, rank_key="t_test") == read(SCANPY, rank_key="t_test")


def test_symbols_of_ids_have_their_means() -> None:
    found, expected = means(read(FILES / "ids.h5ad", rank_key=None)), in_file(SCANPY, "raw/X")
    assert found == pytest.approx({key: expected[key] for key in found}, rel=1e-4)


def test_means_and_cells_are_found_by_a_gene_map(tmp_path: Path) -> None:
    expected = read(FILES / "ids.h5ad", rank_key=None)
    with h5py.File(FILES / "ids.h5ad") as file:
        data = FileData("a", file)
        rows = zip(data.genes(False), data.gene_texts(False, "symbol"), strict=True)
        (tmp_path / "map.csv").write_text("id,symbol\n" + "".join(f"{gene},{symbol}\n" for gene, symbol in rows))
    found = read(FILES / "ids.h5ad", rank_key=None, gene_map=tmp_path / "map.csv")
    assert means(found) == means(expected)
    assert found.cells == expected.cells


def test_means_come_from_another_matrix_where_that_of_the_test_is_gone(
    changed: Callable[..., Path], caplog: pytest.LogCaptureFixture
) -> None:
    path = changed(lambda file: file.pop("raw"))
    with caplog.at_level(logging.INFO):
        found, expected = means(read(path)), in_file(path, "X")
    assert "raw/X is scaled or not there; mean expression of genes is taken from X, and fractions" in caplog.text
    known = {key: mean for key, mean in found.items() if mean is not None}
    assert known.keys() == found.keys() & expected.keys() != found.keys()  # X has half of the genes
    assert known == pytest.approx({key: expected[key] for key in known}, rel=1e-4)


def scale_all(file: h5py.File) -> None:
    for place in ("X", "raw/X"):
        file[place][...] -= 1


def test_scaled_values_have_no_means(changed: Callable[..., Path], caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        found = means(read(changed(scale_all)))
    assert "raw/X is scaled or not there; mean expression of genes is unknown" in caplog.text
    assert set(found.values()) == {None}


def damage(file: h5py.File) -> None:
    del file["raw/X"]
    file["raw/X"] = np.ones((3, 4))


def test_a_matrix_of_other_cells_is_said_where_nothing_else_needs_it(
    changed: Callable[..., Path], caplog: pytest.LogCaptureFixture
) -> None:
    found = means(read(changed(damage)))
    assert "raw/X cannot be read as a matrix of these cells" in caplog.text
    assert "mean expression of genes is unknown" in caplog.text
    assert set(found.values()) == {None}


def test_missing_values_have_no_mean(changed: Callable[..., Path]) -> None:
    def change(file: h5py.File) -> None:
        file["raw/X"][0] = np.nan

    found = means(read(changed(change)))
    with h5py.File(SCANPY) as file:
        groups = FileData("a", file).groups("cell_type")
    first = groups.labels[groups.codes[0]]
    assert all((mean is None) == (cluster == first) for (cluster, _), mean in found.items())
