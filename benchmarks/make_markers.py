"""Make a large Seurat FindAllMarkers table, the same bytes for the same seed and the same numpy and DuckDB.

    python -m benchmarks.make_markers /tmp/markers.csv --rows 4000000 --clusters 100

Every cluster has the same genes in its own order, sorted by p value as Seurat sorts them. About a tenth of the
genes differ between a cluster and the rest, half of these upwards, so that a part of the rows passes the usual
filter. Log2 fold changes and p values carry all their digits and pct.1 and pct.2 carry three, as Seurat writes
them. The p values of the strongest genes are 0, as in real tables. Genes have made-up names.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt

SEED = 20261101
DIFFERENT = 0.1  # share of the genes that differ between a cluster and the rest
Columns = dict[str, npt.NDArray[np.generic]]


def cluster_table(rng: np.random.Generator, cluster: int, n_genes: int) -> Columns:
    """The columns of one cluster, `n_genes` rows in order of p value."""
    different = rng.random(n_genes) < DIFFERENT
    log2fc = np.where(different, rng.laplace(0, 1.2, n_genes), rng.normal(0, 0.12, n_genes))
    pct_out = rng.beta(0.6, 2.0, n_genes)
    pct_in = np.clip(pct_out + 0.18 * log2fc * (pct_out + 0.1), 0, 1)
    strength = np.where(different, 60 * np.abs(log2fc) * (pct_in + pct_out), 0) + rng.exponential(0.45, n_genes)
    p_val = np.where(strength > 300, 0.0, 10.0 ** -np.minimum(strength, 300))
    order = np.argsort(p_val, kind="stable")
    columns: Columns = {
        "p_val": p_val,
        "avg_log2FC": log2fc,
        "pct.1": pct_in.round(3),
        "pct.2": pct_out.round(3),
        "p_val_adj": np.minimum(p_val * n_genes, 1.0),
        "cluster": np.full(n_genes, cluster, dtype=np.int32),
        "gene": rng.permutation(n_genes).astype(np.int32),
    }
    return {name: values[order] for name, values in columns.items()}


def write_markers(path: Path, rows: int, clusters: int, seed: int = SEED) -> None:
    """Write a table of `clusters` clusters with `rows` / `clusters` genes each (rounded down) as CSV."""
    rng = np.random.default_rng(seed)
    parts = [cluster_table(rng, cluster, rows // clusters) for cluster in range(clusters)]
    table = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    connection = duckdb.connect()
    connection.register("markers", table)
    query = "SELECT * EXCLUDE gene, printf('GENE%05d', gene) AS gene FROM markers"
    connection.sql(query).write_csv(str(path))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", type=Path)
    parser.add_argument("--rows", type=int, default=4_000_000)
    parser.add_argument("--clusters", type=int, default=100)
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    write_markers(options.path, options.rows, options.clusters, options.seed)
    print(f"{options.path}: {options.path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
