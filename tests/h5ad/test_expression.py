"""Percent expressed and means of a matrix in its file, against numpy over the same values."""

from __future__ import annotations

from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from cassia_engine.h5ad import expression as module
from cassia_engine.h5ad.expression import expression
from cassia_engine.h5ad.matrix import MatrixError, MatrixFault, open_matrix, read_ahead
from tests.h5ad.matrices import LAYOUTS, Matrix, in_memory, sparse

DTYPES = ("f2", "f4", "f8", "i1", "u2", "i4", "i8", "u8", "?")


@st.composite
def matrices(draw: st.DrawFn) -> tuple[Matrix, NDArray[np.int64], int]:
    """A small matrix of any type with many zeros, the group of each cell, and how many groups there are."""
    cells, genes, groups = draw(st.integers(0, 12)), draw(st.integers(1, 6)), draw(st.integers(1, 4))
    dtype = np.dtype(draw(st.sampled_from(DTYPES)))
    lowest = draw(st.sampled_from([0, -3])) if dtype.kind in "if" else 0
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    whole = rng.integers(lowest, 4, (cells, genes)) * (rng.random((cells, genes)) < 0.6)
    share = draw(st.sampled_from([1, 0.5, 0.1])) if dtype.kind == "f" else 1
    return (whole * share).astype(dtype), rng.integers(-1, groups, cells), groups


@pytest.fixture(params=[5, 1_000_000], ids=["many blocks", "one block"])
def _block_size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "VALUES_IN_BLOCK", request.param)


@pytest.mark.usefixtures("_block_size")
@pytest.mark.parametrize("layout", LAYOUTS)
def test_counts_and_sums_are_those_of_numpy(layout: str) -> None:
    @settings(max_examples=8, deadline=None)
    @given(matrices())
    def compare(drawn: tuple[Matrix, NDArray[np.int64], int]) -> None:
        x, codes, n_groups = drawn
        with in_memory(LAYOUTS[layout], x) as file:
            found = expression(open_matrix(file["X"]), codes, n_groups)
        wide = x.astype(float)
        for group in range(n_groups):
            cells = wide[codes == group]
            assert found.sizes[group] == len(cells)
            np.testing.assert_array_equal(found.expressing[group], (cells > 0).sum(axis=0))
            np.testing.assert_array_equal(found.nonzero[group], (cells != 0).sum(axis=0))
            np.testing.assert_allclose(found.sums[group], cells.sum(axis=0), rtol=1e-12, atol=1e-12)
        others = wide[codes < 0]
        assert found.other_size == len(others)
        np.testing.assert_array_equal(found.other_nonzero, (others != 0).sum(axis=0))
        assert found.facts.n_values == np.count_nonzero(x)
        assert found.facts.has_negative == bool((wide < 0).any())
        assert found.facts.is_counts == bool((wide >= 0).all() and (wide == np.rint(wide)).all() and wide.any())

    compare()


@pytest.mark.usefixtures("_block_size")
@pytest.mark.parametrize("layout", ["dense", "csr", "csc", "csr, zeros"])
def test_without_sums_all_else_is_the_same(layout: str) -> None:
    @settings(max_examples=20, deadline=None)
    @given(matrices(), st.sampled_from([None, np.inf, -np.inf, np.nan]))
    def compare(drawn: tuple[Matrix, NDArray[np.int64], int], odd: float | None) -> None:
        x, codes, n_groups = drawn
        if odd is not None and x.size and x.dtype.kind == "f":
            x[0, 0] = odd
        with in_memory(LAYOUTS[layout], x) as file:
            both = [expression(open_matrix(file["X"]), codes, n_groups, sums=sums) for sums in (True, False)]
        full, counts = both
        for name in ("sizes", "expressing", "nonzero", "other_size", "other_expressing", "other_nonzero"):
            np.testing.assert_array_equal(getattr(counts, name), getattr(full, name))
        assert counts.facts == full.facts
        assert np.isnan(counts.sums).all()
        assert np.isnan(counts.other_sums).all()

    compare()


def test_shares_and_means_of_a_group_and_of_the_rest() -> None:
    x = np.array([[1, 0], [3, 0], [0, 2], [0, 0], [4, 4]], np.float32)
    with in_memory(LAYOUTS["csr"], x) as file:
        found = expression(open_matrix(file["X"]), np.array([0, 0, 1, 1, -1]), 3)
    np.testing.assert_array_equal(found.fractions(), [[1, 0], [0, 0.5], [np.nan, np.nan]])
    np.testing.assert_allclose(found.rest_fractions(), [[1 / 3, 2 / 3], [1, 1 / 3], [0.6, 0.4]])
    np.testing.assert_array_equal(found.means(), [[2, 0], [0, 1], [np.nan, np.nan]])
    np.testing.assert_allclose(found.rest_means(), [[4 / 3, 2], [8 / 3, 4 / 3], [1.6, 1.2]])
    assert found.rest_sizes().tolist() == [3, 3, 5]


@pytest.mark.parametrize("layout", ["dense", "csr", "csc"])
@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1.0, 2.0], {"is_counts": True}),
        ([1.0, 2.5], {}),
        ([1.0, -2.0], {"has_negative": True}),
        ([1.0, np.nan], {"has_nan": True}),
        ([np.nan, -2.0], {"has_nan": True, "has_negative": True}),
        ([1.0, np.inf], {"has_infinite": True}),
        ([-np.inf, 2.0], {"has_infinite": True, "has_negative": True}),
        ([np.inf, np.nan], {"has_infinite": True, "has_nan": True}),
        ([0.1, 2.0], {"is_single": False}),
        ([1e300, 1.0], {"is_single": False, "is_counts": True}),
        ([0.0, 0.0], {}),
    ],
)
def test_facts_say_what_kind_of_values_there_are(layout: str, values: list[float], expected: dict[str, bool]) -> None:
    x = np.array([[0.0, value, 0.0] for value in values])
    with in_memory(LAYOUTS[layout], x) as file:
        facts = expression(open_matrix(file["X"]), np.zeros(len(x), int), 1).facts
    names = ("is_counts", "has_negative", "has_nan", "has_infinite", "is_single")
    usual = dict.fromkeys(names, False) | {"is_single": True}
    assert {name: getattr(facts, name) for name in names} == usual | expected
    assert facts.n_values == np.count_nonzero(x)


def test_missing_value_makes_its_own_sum_missing_alone() -> None:
    x = np.array([[np.nan, 1, 1], [1, 1, 0]])
    with in_memory(LAYOUTS["csr"], x) as file:
        found = expression(open_matrix(file["X"]), np.array([0, 1]), 2)
    np.testing.assert_array_equal(found.sums, [[np.nan, 1, 1], [1, 1, 0]])
    np.testing.assert_array_equal(found.expressing, [[0, 1, 1], [1, 1, 0]])
    np.testing.assert_array_equal(found.nonzero, [[1, 1, 1], [1, 1, 0]])


def _broken(**changed: Any) -> h5py.File:
    """A CSR of 3 x 2 with another array, attribute (name with a hyphen for an underscore) or nothing in its place."""
    file = in_memory(sparse("csr"), np.ones((3, 2), np.float32))
    for name, value in changed.items():
        place = file["X"].attrs if name in ("shape", "encoding-type") else file["X"]
        del place[name]
        if value is not None:
            place[name] = value
    return file


BROKEN: dict[str, tuple[dict[str, Any], MatrixFault]] = {
    "no data": ({"data": None}, MatrixFault.NO_MATRIX),
    "another encoding": ({"encoding-type": "dict"}, MatrixFault.NO_MATRIX),
    "no shape": ({"shape": None}, MatrixFault.NO_MATRIX),
    "texts": ({"data": np.array([b"a"] * 6)}, MatrixFault.NOT_NUMERIC),
    "complex numbers": ({"data": np.ones(6, complex)}, MatrixFault.NOT_NUMERIC),
    "fewer values": ({"data": np.ones(5)}, MatrixFault.NOT_CONSISTENT),
    "fewer lines": ({"indptr": np.array([0, 6])}, MatrixFault.NOT_CONSISTENT),
    "lines going back": ({"indptr": np.array([0, 4, 2, 6])}, MatrixFault.NOT_CONSISTENT),
    "gene too high": ({"indices": np.array([0, 1, 0, 1, 0, 2])}, MatrixFault.NOT_CONSISTENT),
    "gene below 0": ({"indices": np.array([0, 1, 0, 1, 0, -1])}, MatrixFault.NOT_CONSISTENT),
    "cell too high": (
        {"encoding-type": "csc_matrix", "indptr": np.array([0, 3, 6]), "indices": np.array([0, 1, 2, 0, 1, 3])},
        MatrixFault.NOT_CONSISTENT,
    ),
    "cell below 0": (
        {"encoding-type": "csc_matrix", "indptr": np.array([0, 3, 6]), "indices": np.array([0, 1, 2, 0, 1, -1])},
        MatrixFault.NOT_CONSISTENT,
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_matrix_is_refused_with_its_fault(name: str) -> None:
    changed, fault = BROKEN[name]
    with _broken(**changed) as file, pytest.raises(MatrixError) as raised:
        expression(open_matrix(file["X"]), np.zeros(3, int), 1)
    assert (raised.value.fault, raised.value.name) == (fault, "/X")


@pytest.mark.parametrize("value", [np.ones(3), 1.0, h5py.Empty("f4")], ids=["one dimension", "one value", "null"])
def test_other_elements_are_no_matrix(value: Any) -> None:
    with (
        in_memory(LAYOUTS["csr"], np.ones((1, 1))) as file,
        pytest.raises(MatrixError, match="no dense, CSR or CSC matrix"),
    ):
        file["other"] = value
        expression(open_matrix(file["other"]), np.zeros(3, int), 1)
    with pytest.raises(MatrixError, match="no dense, CSR or CSC matrix"):
        expression(open_matrix(None), np.zeros(3, int), 1)


@pytest.mark.parametrize("codes", [[0, 0], [0, 0, 1], [0, 0, -2]])
def test_codes_of_another_matrix_are_refused(codes: list[int]) -> None:
    with in_memory(LAYOUTS["csr"], np.ones((3, 2))) as file, pytest.raises(ValueError, match="codes"):
        expression(open_matrix(file["X"]), np.array(codes), 1)


def test_reading_ends_with_the_error_of_a_block() -> None:
    def read(place: int) -> int:
        if place == 2:
            raise OSError("damaged")
        return place

    got = []
    with pytest.raises(OSError, match="damaged"):
        for block in read_ahead(read, range(5)):
            got.append(block)  # noqa: PERF402 - what came before the error is kept
    assert got == [0, 1]
