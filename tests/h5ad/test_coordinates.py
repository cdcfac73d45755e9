"""Which coordinates are taken for the picture of cells, and what is said where there are none."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cassia_engine.h5ad.coordinates import read_coordinates
from tests.cells.adata import WAYS, in_memory, opened
from tests.raising import raises

COLUMNS = {"cluster": ["a", "a", "b"]}
FIRST = np.array([[1.5, 2.0], [3.0, -4.0], [5.0, 6.0]])
OTHER = FIRST + 1
THREE = np.column_stack([FIRST, [7.0, 8.0, 9.0]]).astype(np.float32)
ONE_COLUMN = FIRST[:, :1]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("obsm", "key"),
    [
        ({"X_pca": OTHER, "X_umap": FIRST}, "X_umap"),
        ({"X_tsne": OTHER, "X_umap_harmony": FIRST, "X_pca": OTHER}, "X_umap_harmony"),
        ({"X_pca": OTHER, "UMAP": FIRST}, "UMAP"),
        ({"X_pca": OTHER, "X_tsne": FIRST}, "X_tsne"),
        ({"X_umap": ONE_COLUMN, "tSNE": THREE}, "tSNE"),
    ],
)
def test_umap_comes_before_tsne_and_of_any_the_first_two_columns(way: str, obsm: dict[str, Any], key: str) -> None:
    found = read_coordinates(opened(way, COLUMNS, obsm), None, 3)
    assert found
    assert found.key == key
    assert (found.values == FIRST).all()


def test_another_key_than_x_umap_is_said(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        read_coordinates(in_memory(COLUMNS, {"X_tsne": FIRST}), None, 3)
    assert "a.h5ad: coordinates of cells are those of obsm['X_tsne']" in caplog.text


@pytest.mark.parametrize("way", WAYS)
def test_pca_is_never_taken_by_itself(way: str, caplog: pytest.LogCaptureFixture) -> None:
    data = opened(way, COLUMNS, {"X_pca": FIRST, "X_scvi": OTHER})
    with caplog.at_level(logging.INFO):
        assert read_coordinates(data, None, 3) is None
    assert (
        "obsm has X_pca, X_scvi, no UMAP or t-SNE to draw, so the report has no picture of the cells; " in caplog.text
    )
    assert "coordinates_key names other coordinates" in caplog.text
    named = read_coordinates(data, "X_pca", 3)
    assert named
    assert (named.values == FIRST).all()


def test_no_coordinates_at_all_are_said(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        assert read_coordinates(in_memory(COLUMNS, {}), None, 3) is None
        assert read_coordinates(in_memory(COLUMNS, {"X_umap": FIRST * np.nan}), None, 3) is None
    assert "obsm is empty, so the report has no picture of the cells" in caplog.text
    assert "obsm has X_umap, no UMAP or t-SNE to draw" in caplog.text


@pytest.mark.parametrize("way", WAYS)
def test_a_key_that_is_missing_is_refused(way: str) -> None:
    data = opened(way, COLUMNS, {"X_umap": FIRST, "X_pca": FIRST})
    with raises("coordinates-key-not-found", "X_unap", "obsm has", "X_pca", path="a.h5ad"):
        read_coordinates(data, "X_unap", 3)


@pytest.mark.parametrize("way", WAYS)
def test_a_key_without_two_columns_is_refused(way: str) -> None:
    data = opened(way, COLUMNS, {"X_umap": ONE_COLUMN, "more": np.ones((3, 2, 2)), "short": FIRST[:2]})
    for key in ("X_umap", "more", "short"):
        with raises("coordinates-key-unusable", key, path="a.h5ad"):
            read_coordinates(data, key, 3)


def test_frames_and_cells_without_coordinates() -> None:
    frame = pd.DataFrame({"x": [1.0, np.nan, 3.0], "y": [1, 2, 3]})
    found = read_coordinates(in_memory(COLUMNS, {"X_umap": frame}), None, 3)
    assert found
    assert found.known.tolist() == [0, 2]
