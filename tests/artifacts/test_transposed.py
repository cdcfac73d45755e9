"""A matrix the other way round: the same values, whatever its size, in parts or not."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from cassia_engine.artifacts import transposed as module
from cassia_engine.artifacts.lines import Lines
from cassia_engine.artifacts.transposed import transposed

MATRICES = arrays(np.int32, st.tuples(st.integers(0, 12), st.integers(1, 12)), elements=st.integers(0, 3))


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts and runs of a few values, as large matrices have many."""
    monkeypatch.setattr(module, "_VALUES_IN_PART", 4)
    monkeypatch.setattr(module, "_VALUES_PER_LINE", 0)
    monkeypatch.setattr(module, "_VALUES_IN_RUN", 3)


def lines(matrix: NDArray[Any], at_once: int) -> Iterator[Lines]:
    for start in range(0, len(matrix), at_once):
        some = matrix[start : start + at_once]
        yield Lines(np.count_nonzero(some, axis=1), np.nonzero(some)[1], some[some != 0])


def turned(matrix: NDArray[Any], folder: Path, at_once: int = 5, dtype: str = "f4") -> NDArray[Any]:
    """The matrix as its new lines have it; that they are in order is checked."""
    found = np.zeros(matrix.shape, dtype)
    with (
        ThreadPoolExecutor(2) as pool,
        transposed(lines(matrix, at_once), matrix.shape[1], np.dtype(dtype), folder, pool) as new,
    ):
        line = 0
        for some in new:
            assert some.counts.sum() == some.positions.size == some.values.size
            for cells, values in zip(
                np.split(some.positions, np.cumsum(some.counts)[:-1]),
                np.split(some.values, np.cumsum(some.counts)[:-1]),
                strict=True,
            ):
                assert (np.diff(cells) > 0).all()
                found[cells, line] = values
                line += 1
    assert line == matrix.shape[1]
    assert not list(folder.iterdir())  # the temporary file is gone
    return found


@pytest.mark.usefixtures("small_parts")
@settings(max_examples=200)
@given(matrix=MATRICES, at_once=st.integers(1, 5))
def test_values_are_the_same(matrix: NDArray[Any], at_once: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    np.testing.assert_array_equal(turned(matrix, tmp_path_factory.mktemp("turned"), at_once), matrix)


def test_of_more_lines_than_16_bits_number(tmp_path: Path) -> None:
    matrix = np.zeros((3, 70_000), np.int32)
    matrix[[0, 2, 1, 1], [69_999, 69_999, 1, 65_537]] = [1, 2, 3, 4]
    np.testing.assert_array_equal(turned(matrix, tmp_path), matrix)


def test_of_one_part(tmp_path: Path) -> None:
    matrix = np.random.default_rng(0).integers(0, 3, (300, 200)).astype(np.int32)
    np.testing.assert_array_equal(turned(matrix, tmp_path, 100, "i4"), matrix)


def test_a_line_of_many_parts_keeps_its_order(tmp_path: Path, small_parts: None) -> None:
    matrix = np.ones((40, 2), np.int32)
    np.testing.assert_array_equal(turned(matrix, tmp_path, 7), matrix)


def test_what_fails_leaves_no_file(tmp_path: Path) -> None:
    def broken() -> Iterator[Lines]:
        yield from lines(np.ones((3, 2), np.int32), 2)
        raise ValueError("the matrix ends")

    with (
        ThreadPoolExecutor(2) as pool,
        pytest.raises(ValueError, match="the matrix ends"),
        transposed(broken(), 2, np.dtype("f4"), tmp_path, pool),
    ):
        raise AssertionError
    assert not list(tmp_path.iterdir())
