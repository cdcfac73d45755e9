"""vars.h5 and all that a CyteType server is sent, beside the CyteType client, by turns.

    python -m benchmarks.artifacts --peers PYTHON         100,000 cells x 20,000 genes, made in a scratch folder
    python -m benchmarks.artifacts --cells 1000000        cassia alone: a file of 8 GB, and the files made of it
    python -m benchmarks.artifacts --file cells.h5ad      any file whose obs has a column `cluster`, with ranked genes

Each is a process of its own that measures its work alone, without imports: wall and CPU time, and its peak memory.
cassia's figures include reading the file; the client's leave it out where the matrix is in memory. PYTHON is that of an
environment with `pip install cytetype==0.21.0`. Ends with 1 where a limit is passed.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.anndata import MEASURED, medians
from benchmarks.measure import Measurement, machine

CASSIA = """
from contextlib import ExitStack
from pathlib import Path
from cassia_engine.artifacts.compressed import Compression
from cassia_engine.artifacts.vars_h5 import write_vars_h5
from cassia_engine.cytetype.input_data import Contents
from cassia_engine.cytetype.preparation import Paths, Study, write_artifacts
from cassia_engine.h5ad.options import H5adOptions
from cassia_engine.h5ad.stores import open_data
import duckdb, pandas
data, folder, options = Path(path), Path(sys.argv[2]), H5adOptions(group_key="cluster")
def expression():
    with ExitStack() as stack:
        opened = open_data(data, path, options, stack)
        write_vars_h5(folder / "cassia.h5", opened, opened.genes(False), Compression.GZIP)
def everything():
    write_artifacts(data, options, Contents(), Study("a study"), Paths.of(data, folder), Compression.GZIP)
"""
CLIENT = """
import os
import anndata
from cytetype import CyteType
from cytetype.core.artifacts import save_features_matrix
os.chdir(sys.argv[2])
adata = anndata.read_h5ad(path, backed="r" if "backed" in sys.argv else None)
def expression():
    save_features_matrix("client.h5", adata.X, var_df=adata.var, var_names=adata.var_names)
def everything():
    CyteType(adata, "cluster", auth_token="none")
"""
VARS, ALL = "cassia: vars.h5", "cassia: all artifacts"
CLIENT_VARS, CLIENT_BACKED, CLIENT_ALL = "client: vars.h5", "client, backed: vars.h5", "client: constructor"
# What is measured, what it is compared with, and how many times its time it may take.
RATIOS = ((VARS, CLIENT_VARS, 0.5), (VARS, CLIENT_BACKED, 0.55), (ALL, CLIENT_ALL, 0.5))
# The limits of memory (MB), alone or as a share of another's, and the share of the other's size.
PEAK, PEAK_OF_A_MILLION, PEAK_SHARE, SIZE_SHARE = 700.0, 2000.0, 0.6, 0.6
MILLION = 1_000_000


def commands(path: Path, folder: Path, peers: str | None) -> dict[str, list[str]]:
    def command(python: str, code: str, *arguments: str) -> list[str]:
        return [python, "-c", MEASURED + code, str(path), str(folder), *arguments]

    found = {
        VARS: command(sys.executable, CASSIA + "measured(expression)"),
        ALL: command(sys.executable, CASSIA + "measured(everything)"),
    }
    if peers:
        found[CLIENT_VARS] = command(peers, CLIENT + "measured(expression)")
        found[CLIENT_BACKED] = command(peers, CLIENT + "measured(expression)", "backed")
        found[CLIENT_ALL] = command(peers, CLIENT + "measured(everything)")
    return found


def passed_limits(found: dict[str, Measurement], folder: Path, cells: int) -> list[str]:
    """Print each figure beside its limit; those that pass it."""
    too_much = []

    def check(name: str, figure: float, limit: float, unit: str = "") -> None:
        print(f"{name}: {figure:.2f}{unit} (at most {limit:g}{unit})")
        too_much.extend([name] * (figure > limit))

    for name, other, limit in RATIOS:
        if other in found:
            print(f"{name} / {other}, of CPU: {found[name].cpu / found[other].cpu:.2f}")
            check(f"{name} / {other}, wall", found[name].wall / found[other].wall, limit)
    for name in (VARS, ALL):
        check(f"{name}, peak", found[name].peak, PEAK if cells < MILLION else PEAK_OF_A_MILLION, " MB")
    if CLIENT_VARS in found:
        check(f"{VARS} / {CLIENT_VARS}, peak", found[VARS].peak / found[CLIENT_VARS].peak, PEAK_SHARE)
        ours, theirs = ((folder / name).stat().st_size for name in ("cassia.h5", "client.h5"))
        check(f"{VARS} / {CLIENT_VARS}, size ({ours / 1e6:.0f} and {theirs / 1e6:.0f} MB)", ours / theirs, SIZE_SHARE)
    return too_much


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--file", type=Path, help="measure this file; otherwise one is made")
    parser.add_argument("--cells", type=int, default=100_000, help="cells of the file that is made")
    parser.add_argument("--peers", metavar="PYTHON", help="the Python of an environment with cytetype")
    parser.add_argument("--repeats", type=int, default=3)
    options, making = parser.parse_known_args()  # what is left describes the file
    print(f"{machine()}, load average {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as scratch:
        path = (options.file or Path(scratch, "cells.h5ad")).absolute()
        if not options.file:
            made = [str(path), "--cells", str(options.cells), "--rank_genes_groups", *making]
            subprocess.run([sys.executable, "-m", "benchmarks.make_h5ad", *made], check=True)
        found = medians(commands(path, Path(scratch), options.peers), options.repeats)
        for name, measured in found.items():
            print(f"{name:24s} {measured}")
        sys.exit(int(bool(passed_limits(found, Path(scratch), options.cells))))


if __name__ == "__main__":
    main()
