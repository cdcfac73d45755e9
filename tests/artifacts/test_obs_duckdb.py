"""obs.duckdb: the columns of obs with their types, read by DuckDB."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

from cassia_engine.artifacts.obs_duckdb import write_obs_duckdb
from cassia_engine.h5ad.object_data import ObjectData
from tests.raising import raises


class Object:
    """An AnnData as far as it is read."""

    def __init__(self, obs: pd.DataFrame, **obsm: Any):
        self.obs, self.obsm = obs, obsm


@contextmanager
def opened(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database that has the file as `made`."""
    with duckdb.connect() as db:
        db.execute(f"ATTACH '{path}' AS made (READ_ONLY)")
        try:
            yield db
        finally:
            db.execute("DETACH made")


def table(obs: pd.DataFrame, tmp_path: Path, key: str | None = None, **obsm: Any) -> tuple[dict[str, str], list[Any]]:
    """The types by column, and the rows."""
    path = tmp_path / "obs.duckdb"
    write_obs_duckdb(path, ObjectData("AnnData", Object(obs, **obsm)), key)
    assert [file.name for file in tmp_path.iterdir()] == ["obs.duckdb"]
    with opened(path) as db:
        there = db.execute("SELECT table_name FROM duckdb_tables() WHERE database_name = 'made'")
        assert there.fetchall() == [("obs",)]
        types = {name: kind for name, kind, *_ in db.execute("DESCRIBE made.obs").fetchall()}
        return types, db.execute("SELECT * FROM made.obs").fetchall()


def test_types_and_values(tmp_path: Path) -> None:
    obs = pd.DataFrame(
        {
            "leiden": pd.Categorical(["1", "0", None], categories=["0", "1", "2"]),
            "whole": pd.Categorical([3, 5, 3]),
            "sample": ["a", None, "b"],
            "n": np.array([1, 2, 3], "i1"),
            "share": np.array([0.5, np.nan, 1.5], "f4"),
            "kept": [True, False, True],
            "nullable": pd.array([1, None, 3], "Int32"),
            "maybe": pd.array([True, None, False], "boolean"),
            "when": np.array(["2020-01-01", "NaT", "2021-01-01"], "datetime64[ns]"),
            "quo\"te's": [1.5, 2.5, 3.5],
        },
        index=["x", "y", "z"],
    )
    types, rows = table(obs, tmp_path)
    assert types == {
        "leiden": "ENUM('0', '1', '2')",
        "whole": "BIGINT",
        "sample": "VARCHAR",
        "n": "TINYINT",
        "share": "FLOAT",
        "kept": "BOOLEAN",
        "nullable": "INTEGER",
        "maybe": "BOOLEAN",
        "when": "TIMESTAMP_NS",
        "quo\"te's": "DOUBLE",
    }
    assert rows[1][:8] == ("0", 5, None, 2, None, False, None, None)
    assert [row[0] for row in rows] == ["1", "0", None]


def test_what_is_of_several_kinds_is_text_and_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    obs = pd.DataFrame(
        {
            "mixed": [1, "a", None],
            "lists": [[1], [2, 3], None],
            "span": pd.period_range("2020", periods=3),
            "imaginary": [1j, 2j, 3j],
            "mixed categories": pd.Categorical([1, "a", 1]),
        }
    )
    with caplog.at_level("INFO"):
        types, rows = table(obs, tmp_path)
    assert set(types.values()) == {"VARCHAR"}
    assert rows[0] == ("1", "[1]", "2020-01-01", "1j", "1")
    assert rows[2][:2] == (None, None)
    assert caplog.messages == [
        "AnnData: columns of obs with values of several kinds are written as text: mixed, lists, span, imaginary, "
        "mixed categories"
    ]


def test_numbers_of_other_types_stay_numbers(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    obs = pd.DataFrame(
        {
            "half": np.array([0.5, np.nan, 1.5], "f2"),
            "long": np.array([0.5, np.nan, 1.5], np.longdouble),
            "objects": pd.Series([1, None, 3], dtype=object),
            "both": pd.Series([1, 2.5, None], dtype=object),
            "mostly zero": pd.arrays.SparseArray([0, 0, 1]),
            "day": pd.Series([datetime.date(2020, 1, 1), None, datetime.date(2021, 1, 1)], dtype=object),
            "huge": pd.Series([2**70, None, 1], dtype=object),
        }
    )
    with caplog.at_level("INFO"):
        types, rows = table(obs, tmp_path)
    assert list(types.values()) == ["FLOAT", "DOUBLE", "BIGINT", "DOUBLE", "BIGINT", "DATE", "VARCHAR"]
    assert rows[0] == (0.5, 0.5, 1, 1.0, 0, datetime.date(2020, 1, 1), str(2**70))
    assert rows[1] == (None, None, None, 2.5, 0, None, None)
    assert [message.rpartition(": ")[2] for message in caplog.messages] == ["huge"]


def test_text_that_is_no_text_is_said(tmp_path: Path) -> None:
    with raises("obs-not-written", path="AnnData"):
        table(pd.DataFrame({"sample": ["\ud800"]}), tmp_path)
    assert not any(tmp_path.iterdir())


def test_names_that_differ_by_case_alone_are_kept_apart(tmp_path: Path) -> None:
    types, rows = table(pd.DataFrame({"sample": ["a"], "Sample": ["b"]}), tmp_path)
    assert list(types) == ["sample", "Sample_1"]
    assert rows == [("a", "b")]


def test_columns_of_the_same_name(tmp_path: Path) -> None:
    types, _ = table(pd.DataFrame([["a", "b"]], columns=["sample", "sample"]), tmp_path)
    assert list(types) == ["sample", "sample_1"]


@pytest.mark.parametrize(("dtype", "kind"), [("f4", "FLOAT"), ("f8", "DOUBLE"), ("i8", "DOUBLE")])
def test_coordinates_are_in_their_precision(dtype: str, kind: str, tmp_path: Path) -> None:
    umap = np.array([[1, 2, 9], [3, 4, 9]], dtype)
    types, rows = table(pd.DataFrame({"n": [1, 2]}), tmp_path, "X_umap", X_umap=umap)
    assert list(types.items())[1:] == [("__vis_coordinates_X_umap_1", kind), ("__vis_coordinates_X_umap_2", kind)]
    assert rows == [(1, 1, 2), (2, 3, 4)]


def test_a_file_that_was_there_is_replaced(tmp_path: Path) -> None:
    with duckdb.connect() as db:
        db.execute(f"ATTACH '{tmp_path / 'obs.duckdb'}' AS old")
        db.execute("CREATE TABLE old.others AS SELECT 1")
        db.execute("DETACH old")
    assert table(pd.DataFrame({"n": [1]}), tmp_path) == ({"n": "BIGINT"}, [(1,)])


def test_every_release_since_1_0_can_read_it(tmp_path: Path) -> None:
    table(pd.DataFrame({"n": [1], "cluster": pd.Categorical(["a"])}), tmp_path)
    with opened(tmp_path / "obs.duckdb") as db:
        (tags,) = db.execute("SELECT tags FROM duckdb_databases() WHERE database_name = 'made'").fetchone() or ()
    assert tags["storage_version"].startswith("v1.0.0")


def test_obs_is_not_changed(tmp_path: Path) -> None:
    obs = pd.DataFrame({"mixed": [1, "a"]}, index=["x", "y"])
    before = obs.copy()
    table(obs, tmp_path, "X_umap", X_umap=np.ones((2, 2)))
    pd.testing.assert_frame_equal(obs, before)
