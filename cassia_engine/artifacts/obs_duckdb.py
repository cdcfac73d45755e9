"""obs.duckdb: one table `obs` with the columns of the cells and their coordinates.

Source: the files that the CyteType client (0.19.4 to 0.21.0) writes. They hold no names of cells: the order of the rows
is that of vars.h5.
"""

from __future__ import annotations

import errno
import logging
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cassia_engine.errors import UsageError
from cassia_engine.files import ASIDE_END, atomic_path, check_writable
from cassia_engine.h5ad.annotated import AnnotatedData
from cassia_engine.h5ad.names import listed
from cassia_engine.markers.files.database import connected

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)

# The oldest format of DuckDB that holds the types of obs: every release since 1.0 reads it.
_STORAGE = "v1.0.0"
# The names by which the files are found.
_COORDINATES = "__vis_coordinates_{key}_{number}"


def write_obs_duckdb(path: Path, data: AnnotatedData, coordinates_key: str | None) -> None:
    """Write obs.duckdb, whole or not at all; one that is there is replaced.

    Args:
        coordinates_key: the key of `obsm` whose coordinates go in; None for none.

    Raises:
        UsageError: the AnnData is damaged.
        OSError: the file cannot be written.
    """
    import duckdb

    with data.reading():
        frame = _frame(data)
        coordinates = data.coordinates(coordinates_key) if coordinates_key else None
    if coordinates is not None:
        for number in (1, 2):
            frame[_COORDINATES.format(key=coordinates_key, number=number)] = coordinates[:, number - 1]
    # DuckDB makes a file of its own, and a log beside it until that is closed: both in a folder that is thrown away.
    with (
        atomic_path(path) as aside,
        # Named so that it is found by `left_aside` where the process is killed.
        tempfile.TemporaryDirectory(dir=path.parent, prefix=aside.stem, suffix=ASIDE_END) as folder,
    ):
        made = Path(folder, "obs.duckdb")
        with connected() as db:
            target = str(made).replace("'", "''")
            try:
                db.register("frame", frame)
                db.execute(f"ATTACH '{target}' AS made (STORAGE_VERSION '{_STORAGE}')")
                db.execute("CREATE TABLE made.obs AS SELECT * FROM frame")
                db.execute("DETACH made")
            except duckdb.IOException as error:
                check_writable(path)  # says so where the disk is full
                raise OSError(errno.EIO, os.strerror(errno.EIO), str(path)) from error
            except duckdb.Error as error:
                why = str(error).split("\n", 1)[0][:200]
                what = f"obs has what DuckDB cannot hold ({why}); correct the column, or leave it out"
                raise UsageError(what, path=data.place, code="obs-not-written") from error
            finally:
                with suppress(duckdb.Error):
                    db.execute("DETACH DATABASE IF EXISTS made")
        made.replace(aside)


def _frame(data: AnnotatedData) -> pd.DataFrame:
    """`obs` with columns that DuckDB takes; what others hold is written as text, and said."""
    import pandas as pd

    obs = data.frame("obs")
    columns, as_text = [], []
    for number in range(obs.shape[1]):
        series = _as_numbers(obs.iloc[:, number].reset_index(drop=True))
        if not _is_taken(series):
            as_text.append(str(obs.columns[number]))
            series = series.astype(object).where(series.notna(), None).map(str, na_action="ignore")
        columns.append(series)
    if as_text:
        log.info("%s: columns of obs with values of several kinds are written as text: %s", data.place, listed(as_text))
    frame = pd.concat(columns, axis=1)
    frame.columns = pd.Index([str(name) for name in obs.columns], dtype=object)
    return frame


def _as_numbers(series: pd.Series[Any]) -> pd.Series[Any]:
    """A column as numbers of a type that DuckDB has, where it holds numbers in another way; else as it is."""
    import pandas as pd

    if isinstance(series.dtype, pd.SparseDtype):
        values: Any = series.sparse
        series = values.to_dense()
    if series.dtype == "float16":
        return series.astype(np.float32)
    if series.dtype == np.longdouble:
        return series.astype(np.float64)
    kind = pd.api.types.infer_dtype(series, skipna=True) if series.dtype == object else ""
    if kind in ("floating", "mixed-integer-float"):
        return series.astype(np.float64)
    if kind == "integer":
        with suppress(OverflowError):
            return series.astype("Int64")
    return series


def _is_taken(series: pd.Series[Any]) -> bool:
    """Whether DuckDB has a type for a column: numbers, booleans, texts, days, times, and categories of one of these."""
    import pandas as pd

    values: Any = series.cat.categories if isinstance(series.dtype, pd.CategoricalDtype) else series
    if pd.api.types.infer_dtype(values, skipna=True) in ("string", "boolean", "date", "empty"):
        return True
    return values.dtype.kind in "iufbmM" and values.dtype != "float16" and not isinstance(values.dtype, pd.PeriodDtype)
