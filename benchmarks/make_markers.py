"""Make a large Seurat FindAllMarkers table, the same bytes for the same seed and the same numpy and DuckDB.

    python -m benchmarks.make_markers /tmp/markers.csv --rows 4000000 --clusters 100
    python -m benchmarks.make_markers /tmp/markers.csv --clusters 200 --only_pos --different 0.65

Every cluster has the same genes in its own order, sorted by p value as Seurat sorts them. About a tenth of the
genes differ between a cluster and the rest, half of these upwards, so that a part of the rows passes the usual
filter. With --only_pos all rows are upwards, as only.pos = TRUE writes them. Log2 fold changes and p values carry all
their digits and pct.1 and pct.2 carry three, as Seurat writes them. The p values of the strongest genes are 0, as in
real tables. Genes that differ are human genes with a mouse ortholog, as nearly all markers of real tables are; further
ones have made-up names of long noncoding RNAs and clones.
"""

from __future__ import annotations

import argparse
from itertools import islice
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt

from cassia_engine.knowledge.genes import HUMAN
from cassia_engine.knowledge.known import written_symbols

SEED = 20261101
DIFFERENT = 0.1  # share of the genes that differ between a cluster and the rest
Columns = dict[str, npt.NDArray[np.generic]]


def gene_names(n_genes: int) -> tuple[list[str], int]:
    """The names of so many genes, and how many of them, the first ones, are known genes."""
    known = sorted(written_symbols(HUMAN))[:n_genes]
    made_up = (f"LINC{n:05d}" if n % 2 else f"AC{n:06d}.{n % 9 + 1}" for n in range(n_genes))
    return [*known, *islice(made_up, n_genes - len(known))], len(known)


def genes_of(rng: np.random.Generator, different: npt.NDArray[np.bool_], n_known: int) -> npt.NDArray[np.int32]:
    """A position in `gene_names` for each row, known genes first where rows differ."""
    genes = np.empty(len(different), dtype=np.int32)
    first = rng.permutation(n_known)[: different.sum()]
    genes[different] = first
    genes[~different] = rng.permutation(np.setdiff1d(np.arange(len(different)), first))
    return genes


def cluster_table(
    rng: np.random.Generator, cluster: int, n_genes: int, n_known: int, share: float, only_pos: bool
) -> Columns:
    """The columns of one cluster, `n_genes` rows in order of p value."""
    different = rng.random(n_genes) < share
    log2fc = np.where(different, rng.laplace(0, 1.2, n_genes), rng.normal(0, 0.12, n_genes))
    if only_pos:
        log2fc = np.abs(log2fc)
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
        "gene": genes_of(rng, different, n_known),
    }
    return {name: values[order] for name, values in columns.items()}


def write_markers(
    path: Path, rows: int, clusters: int, seed: int = SEED, share: float = DIFFERENT, only_pos: bool = False
) -> None:
    """Write a table of `clusters` clusters with `rows` / `clusters` genes each (rounded down) as CSV."""
    rng = np.random.default_rng(seed)
    names, n_known = gene_names(rows // clusters)
    parts = [cluster_table(rng, cluster, len(names), n_known, share, only_pos) for cluster in range(clusters)]
    table = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    connection = duckdb.connect()
    connection.register("markers", table)
    connection.register("genes", {"name": np.array(names)})
    connection.execute("CREATE TABLE named AS SELECT list(name) AS names FROM genes")
    query = "SELECT * EXCLUDE (gene, names), names[gene + 1] AS gene FROM markers, named"
    connection.sql(query).write_csv(str(path))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", type=Path)
    parser.add_argument("--rows", type=int, default=4_000_000)
    parser.add_argument("--clusters", type=int, default=100)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--different", type=float, default=DIFFERENT, help="share of genes that differ")
    parser.add_argument("--only_pos", action="store_true", help="upwards only")
    options = parser.parse_args()
    write_markers(options.path, options.rows, options.clusters, options.seed, options.different, options.only_pos)
    print(f"{options.path}: {options.path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
