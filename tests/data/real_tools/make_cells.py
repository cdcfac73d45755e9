"""Write counts.csv, cells.csv and truth.csv: a small piece of the blood cells of cassia's examples, for all tools.

Run by cassia's own environment: `python tests/data/real_tools/make_cells.py`. No network. The example has
log-normalized values only; a cell's smallest value above 0 stands for one molecule, so counts come back.
"""

from __future__ import annotations

import csv
from pathlib import Path

import h5py
import numpy as np

HERE = Path(__file__).parent
EXAMPLE = HERE.parents[2] / "cassia_engine/data/examples/pbmc68k.h5ad"
# Cluster id: labels of sorted cells, the Louvain cluster that agrees with each, and how many cells are taken.
GROUPS = {
    "0": {("CD4+/CD25 T Reg", "0"): 26, ("CD4+/CD45RO+ Memory", "0"): 14, ("CD8+/CD45RA+ Naive Cytotoxic", "0"): 10},
    "1": {("CD14+ Monocyte", "1"): 40},
    "2": {("CD19+ B", "4"): 40},
    "3": {("CD56+ NK", "3"): 30},
}
N_GENES, N_QUIET = 100, 20
# Markers of few molecules, which the spread of means would miss; and class II genes, which would crowd out all others.
WANTED = """
    BANK1 BLK FCRLA TNFRSF13B CD40 SPIB HVCN1 CCR7 IL7R CD28 CD2 CD3G LCK KLRC1 KLRB1 XCL1 XCL2 S100A8 MNDA CD33
"""
CROWD = "HLA-D"


def texts(node: h5py.Dataset) -> list[str]:
    return [text.decode() for text in node[:]]


def categories(node: h5py.Group) -> list[str]:
    return [texts(node["categories"])[code] for code in node["codes"][:]]


def read_example() -> tuple[np.ndarray, list[str], list[tuple[str, str]]]:
    """Log-normalized values (cells x genes), the genes' names, label and Louvain cluster of the cells."""
    with h5py.File(EXAMPLE) as file:
        genes = texts(file["var"][file["var"].attrs["_index"]])
        labels = list(zip(categories(file["obs/bulk_labels"]), categories(file["obs/louvain"]), strict=True))
        matrix = file["X"]
        values = np.zeros((len(labels), len(genes)))
        starts = matrix["indptr"][:]
        rows = np.repeat(np.arange(len(labels)), np.diff(starts))
        values[rows, matrix["indices"][:]] = matrix["data"][:]
    return values, genes, labels


def counted(values: np.ndarray) -> np.ndarray:
    """Molecules per cell and gene."""
    scaled = np.expm1(values)
    ones = np.where(scaled > 0, scaled, np.inf).min(axis=1, keepdims=True)
    counts = scaled / ones
    # The example's values have three decimals, so large counts are off by more.
    assert (np.abs(counts - counts.round()) <= 0.02 + 0.005 * counts).all(), "these are no counts"
    return np.asarray(counts.round(), dtype=int)


def chosen_cells(labels: list[tuple[str, str]]) -> dict[int, str]:
    """Row of the example to cluster id, the first cells of each label."""
    found: dict[int, str] = {}
    for cluster, wanted in GROUPS.items():
        for label, number in wanted.items():
            rows = [row for row, name in enumerate(labels) if name == label][:number]
            found |= dict.fromkeys(rows, cluster)
    return found


def main() -> None:
    values, names, labels = read_example()
    cells = chosen_cells(labels)
    rows = np.array(list(cells))
    groups = np.array(list(cells.values()))
    means = np.array([values[rows[groups == group]].mean(axis=0) for group in GROUPS])
    spread = means.max(axis=0) - means.min(axis=0)
    spread[[name.startswith(CROWD) and name != "HLA-DRA" for name in names]] = -1
    spread[[name in WANTED.split() for name in names]] = np.inf
    order = np.argsort(-spread, kind="stable")[: N_GENES - N_QUIET]
    present = (values[rows] > 0).sum(axis=0)
    quiet = [gene for gene in np.argsort(-present, kind="stable") if spread[gene] < 1][:N_QUIET]
    kept = np.sort(np.concatenate([order, quiet]))
    counts = counted(values)[np.ix_(rows, kept)]
    ids = [f"cell{number:03d}" for number in range(len(rows))]
    genes = [names[gene] for gene in kept]
    write("counts.csv", ["gene", *ids], [[gene, *column] for gene, column in zip(genes, counts.T, strict=True)])
    conditions = ["ctrl", "stim"]
    sheet = [
        [cell, group, conditions[number % 2], f"donor{number % 3}"]
        for number, (cell, group) in enumerate(zip(ids, groups, strict=True))
    ]
    write("cells.csv", ["cell", "cluster", "condition", "donor"], sheet)
    linear = np.array([np.expm1(values[rows[groups == group]]).mean(axis=0) for group in GROUPS])
    truth = [[name, *(f"{mean:.4f}" for mean in column)] for name, column in zip(genes, linear[:, kept].T, strict=True)]
    write("truth.csv", ["gene", *GROUPS], truth)


def write(name: str, header: list[str], rows: list[list[object]]) -> None:
    with (HERE / name).open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])


if __name__ == "__main__":
    main()
