"""Values of sampled cells, taken out of the blocks of a matrix in each layout while it is read."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cassia_engine.h5ad import expression as module
from cassia_engine.h5ad import sampled_values
from cassia_engine.h5ad.expression import expression
from cassia_engine.h5ad.matrix import open_matrix
from cassia_engine.h5ad.sampled_values import Sampler
from tests.h5ad.matrices import LAYOUTS, Matrix, in_memory

VALUES = st.sampled_from([0.0, 0.0, 0.0, 1.0, 0.25, 7.5, -1.0])
MATRICES = hnp.arrays(np.float32, hnp.array_shapes(min_dims=2, max_dims=2, max_side=12), elements=VALUES)


def taken(write: Any, x: Matrix, cells: Any) -> Matrix:
    """Shape (sampled cells, genes)."""
    with in_memory(write, x) as file:
        matrix = open_matrix(file["X"])
        sampler = Sampler(np.array(cells, np.int64), matrix.shape)
        expression(matrix, np.zeros(x.shape[0], np.int64), 1, sampler)
        found = sampler.result()
    return np.stack([found.of(gene) for gene in range(x.shape[1])], axis=1)


@pytest.mark.parametrize("in_block", [1, 6_000_000])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_values_of_sampled_cells_are_those_of_the_matrix(
    layout: str, in_block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "VALUES_IN_BLOCK", in_block)

    @settings(max_examples=15, deadline=None)
    @given(MATRICES, st.data())
    def check(x: Matrix, data: st.DataObject) -> None:
        cells = sorted(data.draw(st.sets(st.integers(0, x.shape[0] - 1))))
        assert (taken(LAYOUTS[layout], x, cells) == x[cells]).all()

    check()


@given(MATRICES)
def test_genes_that_cells_express_have_values_above_0(x: Matrix) -> None:
    with in_memory(LAYOUTS["csr"], x) as file:
        matrix = open_matrix(file["X"])
        sampler = Sampler(np.arange(len(x)), matrix.shape)
        expression(matrix, np.zeros(len(x), np.int64), 1, sampler)
    pointers, genes = sampler.result().expressed()
    for cell, row in enumerate(x):
        assert genes[pointers[cell] : pointers[cell + 1]].tolist() == np.flatnonzero(row > 0).tolist()


@pytest.mark.parametrize("layout", ["csr", "csc", "dense"])
def test_of_too_many_values_every_second_cell_is_kept(layout: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "VALUES_IN_BLOCK", 7)
    monkeypatch.setattr(sampled_values, "MOST_VALUES", 20)

    @settings(max_examples=40, deadline=None)
    @given(MATRICES)
    def check(x: Matrix) -> None:
        with in_memory(LAYOUTS[layout], x) as file:
            matrix = open_matrix(file["X"])
            sampler = Sampler(np.arange(len(x)), matrix.shape)
            expression(matrix, np.zeros(len(x), np.int64), 1, sampler)
            found = sampler.result()
        steps = [step for step in (1, 2, 4, 8, 16) if np.count_nonzero(x[::step]) <= 20]
        assert found.cells.tolist() == np.arange(len(x))[:: steps[0]].tolist()
        assert (np.stack([found.of(gene) for gene in range(x.shape[1])], axis=1) == x[found.cells]).all()

    check()


def test_many_genes_are_told_apart() -> None:
    """More than 16 bits number."""
    x = np.zeros((2, 70_000), np.float32)
    x[1, [0, 65_535, 65_536, 69_999]] = 1, 2, 3, 4
    assert (taken(LAYOUTS["csr"], x, [1]) == x[[1]]).all()
