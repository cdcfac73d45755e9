"""Compare `cassia split` with one DuckDB query of the same work, both as whole processes, by turns.

    python -m benchmarks.split                      makes the table of 4 million rows in a scratch folder
    python -m benchmarks.split --only_pos           of 4 million rows two fifths pass, as only.pos = TRUE writes them
    python -m benchmarks.split --table markers.csv  takes a table made by make_markers.py
    python -m benchmarks.split --peer VENV/bin/python    and CASSIA's marker step, installed there

The query reads the table, filters as cassia does, and fetches the 50 best genes of each cluster. It does not keep
ties in the file's order, count rows, or know the clusters in which no gene passes; cassia does. Ends with 1 if cassia
takes more than 1.6 times the query's wall time, or more than 300 MB; with --only_pos 1.3 times and 250 MB.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.measure import cassia_command, machine, medians

# Times the query's wall time, and MB.
LIMITS = {"usual": (1.6, 300), "only_pos": (1.3, 250)}
ONLY_POS = ["--clusters", "200", "--only_pos", "--different", "0.65"]

QUERY = """
import sys, duckdb
duckdb.connect().execute('''
    SELECT cluster, gene, avg_log2FC, p_val_adj, "pct.1", "pct.2" FROM read_csv(?)
    WHERE p_val_adj < 0.05 AND avg_log2FC > 0.25 AND greatest("pct.1", "pct.2") >= 0.1
    QUALIFY row_number() OVER (PARTITION BY cluster ORDER BY avg_log2FC DESC) <= 50
''', [sys.argv[1]]).fetchall()
"""
PEER = """
import sys, pandas
from CASSIA.core.marker_utils import get_top_markers
get_top_markers(pandas.read_csv(sys.argv[1]), n_genes=50)
"""


def commands(table: Path, scratch: Path, peer: str | None) -> dict[str, list[str]]:
    split = [cassia_command(), "split", str(table), "--outdir", str(scratch / "chunks")]
    found = {
        "cassia split": [*split, "--name", "benchmark", "--tissue", "blood", "--species", "human"],
        "one DuckDB query": [sys.executable, "-c", QUERY, str(table)],
    }
    if peer:
        found["CASSIA get_top_markers"] = [peer, "-c", PEER, str(table)]
    return found


def make_table(path: Path, options: list[str]) -> Path:
    subprocess.run([sys.executable, str(Path(__file__).with_name("make_markers.py")), str(path), *options], check=True)
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", type=Path, help="a Seurat table; otherwise one of 4 million rows is made")
    parser.add_argument("--only_pos", action="store_true", help="the table has genes that are up only")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--peer", metavar="PYTHON", help="the Python of an environment with CASSIA installed")
    options = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory() as scratch:
        table = options.table or make_table(Path(scratch) / "markers.csv", ONLY_POS if options.only_pos else [])
        found = medians(commands(table, Path(scratch), options.peer), options.repeats)
    for name, measured in found.items():
        print(f"{name:24s} {measured}")
    ours, query = found["cassia split"], found["one DuckDB query"]
    ratio = ours.wall / query.wall
    most, peak = LIMITS["only_pos" if options.only_pos else "usual"]
    print(f"ratio {ratio:.2f} (at most {most}), peak {ours.peak:.0f} MB (at most {peak})")
    sys.exit(int(ratio > most or ours.peak > peak))


if __name__ == "__main__":
    main()
