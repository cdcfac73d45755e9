"""Composition of clusters by columns of metadata, of files in each layout and of objects."""

from __future__ import annotations

import logging
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cassia_engine.cells.composition import MOST_SHARES, compositions
from cassia_engine.h5ad.annotated import Groups
from cassia_engine.records import Composition, Share
from tests.cells.adata import WAYS, in_memory, opened

CLUSTERS = ["a", "a", "a", "b", "b", None]
COLUMNS: dict[str, list[Any]] = {
    "cluster": CLUSTERS,
    "batch": ["one", "two", "two", "one", "one", "one"],
    "phase": ["G1", None, None, "S", None, "S"],
    "text": ["x", "y", "y", "x", "y", "y"],
    "is_doublet": [True, False, False, False, False, True],
    "other_names": ["A", "A", "A", "B", "B", None],  # the clusters
    "batch_id": ["1", "2", "2", "1", "1", "1"],  # as batch
    "n_counts": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
    "number": [1, 2, 1, 2, 1, 2],
    "species": ["human"] * 6,
    "text_barcode": ["c1", "c2", "c3", "c4", "c5", "c6"],
}


def shares(*values: tuple[str | None, int]) -> tuple[Share, ...]:
    return tuple(Share(*value) for value in values)


@pytest.mark.parametrize("way", WAYS)
def test_shares_of_each_column_of_categories_texts_or_booleans(way: str) -> None:
    data = opened(way, COLUMNS)
    found = compositions(data, "cluster", data.groups("cluster"))
    assert found[0] == (
        Composition("batch", shares(("two", 2), ("one", 1))),
        Composition("phase", shares((None, 2), ("G1", 1))),
        Composition("text", shares(("y", 2), ("x", 1))),
        Composition("is_doublet", shares(("False", 2), ("True", 1))),
    )
    assert found[1][1] == Composition("phase", shares(("S", 1), (None, 1)))


def test_of_many_values_the_most_frequent_are_listed() -> None:
    values = [f"v{number:02}" for number in range(30) for _ in range(number + 1)]
    data = in_memory({"cluster": ["a"] * len(values) + ["b"], "donor": [*values, "v00"]})
    first = compositions(data, "cluster", data.groups("cluster"))[0][0]
    assert first.shares == shares(*((f"v{number:02}", number + 1) for number in range(29, 19, -1)))
    assert first.n_other == sum(range(1, 21))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("n_values", "is_taken"), [(50, True), (51, False)])
def test_columns_of_too_many_values_are_left_out(n_values: int, is_taken: bool, way: str) -> None:
    values = [f"v{number % n_values}" for number in range(110)]
    for name in ("donor", "text"):
        data = opened(way, {"cluster": ["a", "b"] * 55, name: values})
        assert bool(compositions(data, "cluster", data.groups("cluster"))[0]) == is_taken


def test_labels_of_earlier_runs_are_no_metadata() -> None:
    labels = ["x", "y"] * 20
    columns = dict.fromkeys(("cassia_annotation", "cytetype_cellState_a"), labels)
    data = in_memory({"cluster": ["a", "a", "b", "b"] * 10, **columns})
    assert compositions(data, "cluster", data.groups("cluster"))[0] == ()


def test_of_too_many_columns_the_first_are_taken_and_the_others_named(caplog: pytest.LogCaptureFixture) -> None:
    rng = np.random.default_rng(1)
    columns = {f"c{number}": rng.choice(["x", "y"], 40).tolist() for number in range(22)}
    data = in_memory({"cluster": ["a", "b"] * 20, **columns})
    with caplog.at_level(logging.INFO):
        found = compositions(data, "cluster", data.groups("cluster"))
    assert [one.column for one in found[0]] == [f"c{number}" for number in range(20)]
    assert "the first 20 with up to 50 values are taken; left out: c20, c21" in caplog.text


CELLS = st.lists(
    st.tuples(st.sampled_from(["a", "b", None]), st.sampled_from([*map(str, range(14)), None])), min_size=2
)


@settings(deadline=None)
@given(CELLS)
def test_every_cell_is_counted_once(cells: list[tuple[str | None, str | None]]) -> None:
    clusters, values = zip(*cells, strict=True)
    data = in_memory({"cluster": clusters, "text": values})
    groups = Groups(np.array([{"a": 0, "b": 1, None: -1}[one] for one in clusters]), ("a", "b"))
    for group, composed in compositions(data, "cluster", groups).items():
        counts = Counter(value for cluster, value in cells if cluster == groups.labels[group])
        for one in composed:
            assert sum(share.n_cells for share in one.shares) + one.n_other == counts.total()
            assert all(counts[share.value] == share.n_cells for share in one.shares)
            sizes = [share.n_cells for share in one.shares]
            assert sizes == sorted(sizes, reverse=True)
            assert len(sizes) <= MOST_SHARES
