"""Tables made to fill disk or memory are refused within stated bounds."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from cassia_engine.markers import read_markers
from cassia_engine.settings import SplitSettings
from tests.markers.test_markers import SEURAT
from tests.raising import raises

pytestmark = pytest.mark.usefixtures("command_line")

GOOD = "0,1,1,0,0,B,CD19\n"
SMALL = SplitSettings(max_table_size=0.001)


def packed(path: Path) -> None:
    path.write_bytes(gzip.compress((SEURAT + GOOD * 100_000).encode()))


def plain(path: Path) -> None:
    path.write_text(SEURAT + GOOD * 100_000)


def parquet(path: Path) -> None:
    """A value of 1,000 characters, stored once, in 10,000 rows."""
    sql = f"COPY (SELECT repeat('x', 1000) AS gene, 'B' AS cluster FROM range(10000)) TO '{path}' (FORMAT parquet)"
    duckdb.sql(sql)


def parquet_of_many_rows(path: Path) -> None:
    duckdb.sql(f"COPY (SELECT 'B' AS cluster, 'G' AS gene FROM range(1000000)) TO '{path}' (FORMAT parquet)")


@pytest.mark.parametrize("write", [packed, plain, parquet, parquet_of_many_rows])
def test_larger_tables_are_refused(tmp_path: Path, write: object) -> None:
    path = tmp_path / "table"
    write(path)  # type: ignore[operator]
    assert path.stat().st_size < 3_000_000
    with raises("table-too-large", "0.001 GB", "--max_table_size", path=path):
        read_markers(path, SMALL)


def test_a_pipe_is_read_up_to_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = subprocess.Popen(f"yes 0,1,1,0,0,B,CD19 > {path}", shell=True)
    try:
        with raises("table-too-large", "0.001 GB", "--max_table_size", path=path):
            read_markers(path, SMALL)
    finally:
        writer.wait(timeout=60)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of memory is read from /proc")
def test_a_line_that_unpacks_a_thousandfold_takes_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "bomb.csv.gz"
    path.write_bytes(gzip.compress(SEURAT.encode()) + gzip.compress(b"0," * 500_000) * 600)
    code = f"""
from cassia_engine.cli import main
import sys
sys.argv = ["cassia", "split", "--dry_run", {str(path)!r}]
try:
    main()
finally:
    # Not ru_maxrss: that begins at the size of the process that started this one.
    print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM:")))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "line 2: longer than 16000000 characters" in done.stderr
    assert int(done.stdout.split()[-1]) < 400_000  # KB; the file has 600 MB


def test_the_limit_is_checked_like_other_numbers() -> None:
    with raises("setting-invalid", "--max_table_size -1"):
        SplitSettings(max_table_size=-1)
