"""How long a gene of a large vars.h5 takes to read, from request to answer, through a server's reader process.

    python -m benchmarks.gene_reads --peers PYTHON     100,000 cells x 20,000 genes, made in a scratch folder
    python -m benchmarks.gene_reads --folder FOLDER    the same, made in this folder, or what is there already

Genes are drawn by how many cells have them, and each is read once, in random order. PYTHON is that of an environment
with `pip install cytetype==0.21.0`, which writes the same file with LZ4. Ends with 1 where a median passes the limit.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import h5py
import numpy as np

from benchmarks.measure import machine
from cassia_engine.artifacts.compressed import Compression
from cassia_engine.artifacts.obs_duckdb import write_obs_duckdb
from cassia_engine.artifacts.vars_h5 import write_vars_h5
from cassia_engine.h5ad.options import H5adOptions
from cassia_engine.h5ad.stores import open_data
from cassia_engine.server.reading.pool import Readers

CLIENT = """
import sys, anndata
from cytetype.core.artifacts import save_features_matrix
adata = anndata.read_h5ad(sys.argv[1], backed="r")
save_features_matrix(sys.argv[2], adata.X, var_df=adata.var, var_names=adata.var_names)
"""
# Where genes are drawn from: places in the order of how many cells have them.
RANKS = {"low": 0.1, "median": 0.5, "high": 0.9, "highest": 0.995}
WINDOW = 150  # genes around such a place
LIMIT = 0.050  # seconds, of the median


def make(folder: Path, peers: str | None, making: list[str]) -> dict[str, Path]:
    """The files by who wrote them; those that are there stay."""
    cells, obs = folder / "cells.h5ad", folder / "obs.duckdb"
    if not cells.exists():
        subprocess.run([sys.executable, "-m", "benchmarks.make_h5ad", str(cells), *making], check=True)
    found = {"cassia (gzip)": folder / "vars.h5", "cassia (LZ4)": folder / "lz4.h5"}
    with ExitStack() as stack:
        data = open_data(cells, str(cells), H5adOptions(group_key="cluster"), stack)
        for path, compression in zip(found.values(), Compression, strict=True):
            if not path.exists():
                write_vars_h5(path, data, data.genes(False), compression)
        if not obs.exists():
            write_obs_duckdb(obs, data, "X_umap")
    client = folder / "client.h5"
    if peers and not client.exists():
        subprocess.run([peers, "-c", CLIENT, str(cells), str(client)], check=True)
    return found | ({"client (LZ4)": client} if client.exists() else {})


def drawn(path: Path, repeats: int) -> dict[str, list[tuple[str, int]]]:
    """Genes by rank, each with how many cells have it."""
    with h5py.File(path) as file:
        counts, names = np.diff(file["vars/indptr"][:]), file["info/var/var_names"].asstr()[:]
    order, rng = np.argsort(counts, kind="stable"), random.Random(0)
    found = {}
    for name, rank in RANKS.items():
        first = max(0, min(int(rank * len(order)) - WINDOW // 2, len(order) - WINDOW))
        chosen = rng.sample(order[first : first + WINDOW].tolist(), min(repeats, len(order)))
        found[name] = [(str(names[place]), int(counts[place])) for place in chosen]
    return found


async def measured(path: Path, obs: Path, labels: dict[str, str], repeats: int) -> dict[str, list[float]]:
    """Seconds of each read, by rank."""
    genes, readers, found = drawn(path, repeats), Readers(), {name: list[float]() for name in RANKS}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    order = [(rank, gene) for rank, chosen in genes.items() for gene, _ in chosen]
    random.Random(1).shuffle(order)
    try:
        started = time.perf_counter()
        reader = await readers.of("job", path, obs, labels)
        opened = time.perf_counter()
        await reader.expression((await reader.genes()).genes[0])
        print(f"  opened in {opened - started:.2f} s, first gene after {time.perf_counter() - opened:.2f} s")
        for rank, gene in order:
            begun = time.perf_counter()
            await reader.expression(gene)
            found[rank].append(time.perf_counter() - begun)
    finally:
        await readers.close()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"  {cpu:.1f} s of CPU of the reader's process in all, start included, for {len(order)} genes")
    for rank, seconds in found.items():
        cells, times = np.mean([count for _, count in genes[rank]]), 1000 * np.quantile(seconds, (0.5, 0.95, 1))
        print(f"  {rank:8s} {cells:8,.0f} cells: median {times[0]:5.1f} ms, p95 {times[1]:5.1f}, most {times[2]:5.1f}")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="of the files; otherwise a scratch folder")
    parser.add_argument("--peers", metavar="PYTHON", help="the Python of an environment with cytetype")
    parser.add_argument("--repeats", type=int, default=60, help="genes of each rank")
    options, making = parser.parse_known_args()  # what is left describes the file
    print(f"{machine()}, load average {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.folder or Path(scratch)
        files = make(folder, options.peers, making or ["--cells", "100000", "--genes", "20000"])
        with h5py.File(folder / "cells.h5ad") as file:
            labels = dict(enumerate(file["obs/cluster/categories"].asstr()[:]))
        passed = False
        for name, path in files.items():
            print(f"{name}, {path.stat().st_size / 1e6:.0f} MB")
            by_id = {str(number): str(label) for number, label in labels.items()}
            seconds = asyncio.run(measured(path, folder / "obs.duckdb", by_id, options.repeats))
            passed |= any(np.median(times) > LIMIT for times in seconds.values())
    sys.exit(int(passed))


if __name__ == "__main__":
    main()
