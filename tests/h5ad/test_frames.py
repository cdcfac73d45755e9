"""Data frames of files, as anndata reads them: real files of its versions, and each kind of column."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import pytest

from cassia_engine.h5ad.frames import frame_of
from tests.h5ad.test_real_files import VERSIONS


@pytest.mark.parametrize("path", VERSIONS, ids=lambda path: path.stem)
@pytest.mark.parametrize("name", ["obs", "var"])
def test_all_versions_give_the_same_frame(path: Path, name: str) -> None:
    with h5py.File(path) as file, h5py.File(VERSIONS[-1]) as last:
        found, wanted = frame_of(file[name]), frame_of(last[name])
    both = [column for column in wanted.columns if column in set(found.columns)]
    assert both and list(found.index) == list(wanted.index)
    pd.testing.assert_frame_equal(
        found[both].astype(str), wanted[both].astype(str), check_dtype=False, check_column_type=False
    )


def written(tmp_path: Path, add: Any, n: int = 3) -> h5py.Group:
    file = h5py.File(tmp_path / "a.h5", "w")
    group = file.create_group("obs")
    group.attrs.update({"_index": "cell", "column-order": ["a"], "encoding-type": "dataframe"})
    group.create_dataset("cell", data=[f"c{number}" for number in range(n)], dtype=h5py.string_dtype())
    add(group)
    return group


def masked(kind: str, values: Any) -> Any:
    def add(group: h5py.Group) -> None:
        column = group.create_group("a")
        column.attrs["encoding-type"] = kind
        column["values"], column["mask"] = values, [False, True, False]

    return add


@pytest.mark.parametrize(
    ("kind", "values", "dtype", "wanted"),
    [
        ("nullable-integer", np.array([1, 0, 3], "i4"), "Int32", [1, pd.NA, 3]),
        ("nullable-integer", np.array([1, 0, 3], "u1"), "UInt8", [1, pd.NA, 3]),
        ("nullable-boolean", np.array([True, False, False]), "boolean", [True, pd.NA, False]),
    ],
)
def test_values_with_a_mask(kind: str, values: Any, dtype: str, wanted: list[Any], tmp_path: Path) -> None:
    frame = frame_of(written(tmp_path, masked(kind, values)))
    assert (str(frame["a"].dtype), frame["a"].tolist(), frame.index.name) == (dtype, wanted, "cell")


def test_texts_with_a_mask(tmp_path: Path) -> None:
    texts = np.array(["x", "", "y"], h5py.string_dtype())
    frame = frame_of(written(tmp_path, masked("nullable-string-array", texts)))
    assert frame["a"].isna().tolist() == [False, True, False]
    assert frame["a"].tolist()[::2] == ["x", "y"]


def test_ordered_categories(tmp_path: Path) -> None:
    def add(group: h5py.Group) -> None:
        column = group.create_group("a")
        column.attrs.update({"encoding-type": "categorical", "ordered": True})
        column["codes"], column["categories"] = [1, -1, 0], [0.5, 2.5]

    column = frame_of(written(tmp_path, add))["a"]
    assert column.dtype == pd.CategoricalDtype([0.5, 2.5], ordered=True)
    assert column.isna().tolist() == [False, True, False]


def test_codes_of_no_category_are_damage(tmp_path: Path) -> None:
    def add(group: h5py.Group) -> None:
        column = group.create_group("a")
        column.attrs["encoding-type"] = "categorical"
        column["codes"], column["categories"] = [0, 1, 2], [0.5, 2.5]

    with pytest.raises(OSError, match="codes of no category"):
        frame_of(written(tmp_path, add))
