"""Numbers from the cells of an .h5ad file, beside merely reading X, the CyteType client and Scanpy, by turns.

    python -m benchmarks.anndata                            100,000 cells x 20,000 genes, made in a scratch folder
    python -m benchmarks.anndata --cells 1000000 --rank     a file of 8 GB: needs that space, or --compression gzip
    python -m benchmarks.anndata --peers PYTHON --rank      beside cytetype 0.21.0 and Scanpy, installed there
    python -m benchmarks.anndata --file cells.h5ad          any file whose obs has a column `cluster`, with ranked genes
                                                            for the figure of `cassia split`

Each is a process of its own that measures its work alone, without imports: wall and CPU time, and its peak memory. The
peers' figures leave out reading where the matrix is in memory; cassia's always include it. Ends with 1 where a limit
is passed.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import h5py

from benchmarks.measure import Measurement, machine

MEASURED = """
import json, resource, sys, time, warnings
warnings.simplefilter("ignore")
path = sys.argv[1]
def measured(work):
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(json.dumps([wall, cpu, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6]))
"""
CASSIA = """
import h5py
from cassia_engine.h5ad.expression import VALUES_IN_BLOCK, expression
from cassia_engine.h5ad.matrix import open_matrix
from cassia_engine.h5ad.wilcoxon import rank_groups
file = h5py.File(path)
x, codes = file["X"], file["obs/cluster/codes"][:]
matrix = open_matrix(x)
n_groups = len(file["obs/cluster/categories"])
def read():
    if isinstance(x, h5py.Group):
        for start in range(0, len(x["data"]), VALUES_IN_BLOCK):
            part = slice(start, start + VALUES_IN_BLOCK)
            x["indices"][part], x["data"][part]
    else:
        step = max(1, VALUES_IN_BLOCK // x.shape[1])
        for start in range(0, len(x), step):
            x[start : start + step]
"""
# What `cassia split` does, markers and all: table, chunks, and cells for the report.
WHOLE = """
import tempfile
from pathlib import Path
import cassia_engine.cells.reading, cassia_engine.h5ad.ranked_genes, duckdb
from cassia_engine.records import Dataset
from cassia_engine.settings import SplitSettings
from cassia_engine.stages.split import write_chunks
def split():
    with tempfile.TemporaryDirectory() as folder:
        write_chunks(Path(path), Dataset("a", "blood", "human"), SplitSettings(allow_unknown_genes=True), Path(folder))
"""
PEERS = """
import anndata, scanpy
from cytetype.preprocessing.aggregation import aggregate_expression_percentages
adata = anndata.read_h5ad(path, backed="r" if "backed" in sys.argv else None)
def percent():
    aggregate_expression_percentages(adata, adata.obs["cluster"].tolist(), list(adata.var_names), 5000)
def rank():
    scanpy.tl.rank_genes_groups(adata, "cluster", method="wilcoxon", tie_correct=True, pts=True)
"""
# Compiles what Scanpy compiles when it is first called.
WARM = """
few = adata[adata.obs["cluster"].isin(list(adata.obs["cluster"].cat.categories[:2]))][:400, :50].copy()
scanpy.tl.rank_genes_groups(few, "cluster", method="wilcoxon", tie_correct=True, pts=True)
"""
READ, EXPRESSION, RANK = "read X", "expression of all genes", "expression and --rank"
PERCENT = "percent expressed alone"
SPLIT = "cassia split"
CLIENT, CLIENT_BACKED, SCANPY = "CyteType client", "CyteType client, backed", "Scanpy's Wilcoxon"
# What is measured, the one it is compared with, and how many times its time it may take.
RATIOS = (
    (EXPRESSION, READ, 2.0),
    (SPLIT, READ, 2.0),
    (EXPRESSION, CLIENT, 0.4),
    (EXPRESSION, CLIENT_BACKED, 0.4),
    (PERCENT, CLIENT, 0.4),
    (PERCENT, CLIENT_BACKED, 0.4),
    (RANK, SCANPY, 0.25),
)
PEAKS = {EXPRESSION: 1000.0, SPLIT: 1000.0, RANK: 4000.0}  # MB


def commands(path: Path, peers: str | None, rank: bool) -> dict[str, list[str]]:
    def command(python: str, code: str, *arguments: str) -> list[str]:
        return [python, "-c", MEASURED + code, str(path), *arguments]

    here = sys.executable
    found = {
        READ: command(here, CASSIA + "measured(read)"),
        EXPRESSION: command(here, CASSIA + "measured(lambda: expression(matrix, codes, n_groups))"),
    }
    with h5py.File(path) as file:
        if "uns/rank_genes_groups" in file:
            found[SPLIT] = command(here, WHOLE + "measured(split)")
    if peers:
        found[PERCENT] = command(here, CASSIA + "measured(lambda: expression(matrix, codes, n_groups, sums=False))")
        found[CLIENT] = command(peers, PEERS + "measured(percent)")
        found[CLIENT_BACKED] = command(peers, PEERS + "measured(percent)", "backed")
    if rank:
        both = "measured(lambda: rank_groups(matrix, codes, expression(matrix, codes, n_groups)))"
        found[RANK] = command(here, CASSIA + both)
    if rank and peers:
        found[SCANPY] = command(peers, PEERS + WARM + "measured(rank)")
    return found


def run(command: list[str]) -> Measurement:
    """Run a process that measures itself; its figures are the last line that it prints."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    return Measurement(*json.loads(done.stdout.splitlines()[-1]))


def medians(wanted: dict[str, list[str]], repeats: int) -> dict[str, Measurement]:
    """The median of each figure, the commands by turns."""
    runs: dict[str, list[Measurement]] = {name: [] for name in wanted}
    for _ in range(repeats):
        for name, command in wanted.items():
            runs[name].append(run(command))
    return {
        name: Measurement(
            *(statistics.median(getattr(one, field) for one in found) for field in ("wall", "cpu", "peak"))
        )
        for name, found in runs.items()
    }


def passed_limits(found: dict[str, Measurement]) -> list[str]:
    """Print each ratio and peak beside its limit; those that pass it."""
    too_much = []
    for name, other, limit in RATIOS:
        if name in found and other in found:
            ratio, cpu = found[name].wall / found[other].wall, found[name].cpu / found[other].cpu
            print(f"{name} / {other}: {ratio:.2f} (at most {limit}); of CPU {cpu:.2f}")
            too_much += [name] * (ratio > limit)
    for name, limit in PEAKS.items():
        if name in found:
            print(f"{name}: peak {found[name].peak:.0f} MB (at most {limit:.0f})")
            too_much += [name] * (found[name].peak > limit)
    return too_much


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--file", type=Path, help="measure this file; otherwise one is made")
    parser.add_argument("--peers", metavar="PYTHON", help="the Python of an environment with cytetype and scanpy")
    parser.add_argument("--rank", action="store_true", help="the rank-sum test too")
    parser.add_argument("--repeats", type=int, default=3)
    options, making = parser.parse_known_args()  # what is left describes the file
    print(f"{machine()}, load average {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as scratch:
        path = options.file or Path(scratch) / "cells.h5ad"
        if not options.file:
            # by itself: the kernel counts this process's memory as that of those it starts
            subprocess.run(
                [sys.executable, "-m", "benchmarks.make_h5ad", str(path), "--rank_genes_groups", *making], check=True
            )
        found = medians(commands(path, options.peers, options.rank), options.repeats)
    for name, measured in found.items():
        print(f"{name:24s} {measured}")
    sys.exit(int(bool(passed_limits(found))))


if __name__ == "__main__":
    main()
