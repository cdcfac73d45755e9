"""Real tables decorated, transposed and written anew: the same markers and labels, or a refusal. Never other ones.

More examples than at a commit: CASSIA_WILD=2000 pytest tests/markers/test_reexports.py
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import cassia_engine
from cassia_engine.errors import UsageError
from cassia_engine.markers import read_markers
from cassia_engine.settings import SplitSettings

EXAMPLES = int(os.environ.get("CASSIA_WILD", "40"))
DATA = Path(cassia_engine.__file__).parent / "data" / "examples"
SCANPY = {"group": "cluster", "names": "gene", "logfoldchanges": "avg_log2FC", "pvals_adj": "p_val_adj"}

Rename = Callable[[str], str]
Lists = dict[str, list[str]]

DECORATIONS: dict[str, Rename] = {
    "plain": lambda gene: gene,
    "GRCh38-": lambda gene: f"GRCh38-{gene}",
    "hg38___": lambda gene: f"hg38___{gene}",
    "own prefix": lambda gene: f"MyGenome_{gene}",
    "premRNA": lambda gene: f"GRCh38premrna_{gene}",
    "rna_": lambda gene: f"rna_{gene}",
    "Ensembl first": lambda gene: f"{_ensembl(gene)}_{gene}",
    "Ensembl behind": lambda gene: f"{gene}|{_ensembl(gene)}.3",
    "Ensembl with colon": lambda gene: f"{_ensembl(gene)}:{gene}",
    "a number behind": lambda gene: f"{gene}.1",
}


def _ensembl(gene: str) -> str:
    return f"ENSG{sum(ord(letter) * 31**at for at, letter in enumerate(gene)) % 10**11:011d}"


@cache
def table(name: str) -> pd.DataFrame:
    """The first 40 markers of each cluster of a bundled table, with Seurat's columns."""
    if name == "pbmc68k":
        frame = pd.read_csv(DATA / "pbmc68k_scanpy.csv", dtype={"group": str}).rename(columns=SCANPY)
    else:
        frame = pd.read_csv(DATA / "large_intestine_seurat.csv.gz", dtype={"cluster": str})
    kept = frame[(frame["p_val_adj"] < 0.05) & (frame["avg_log2FC"] > 0.5)]
    kept = kept.sort_values("avg_log2FC", ascending=False, kind="stable").groupby("cluster", sort=False).head(40)
    return kept[["cluster", "gene", "avg_log2FC", "p_val_adj"]].reset_index(drop=True)


def lists_of(frame: pd.DataFrame) -> Lists:
    return {str(id_): list(part["gene"]) for id_, part in frame.groupby("cluster", sort=False)}


def as_seurat(frame: pd.DataFrame, path: Path) -> None:
    frame.assign(p_val=0, **{"pct.1": 0.8, "pct.2": 0.1}).to_csv(path, index=False)


def as_row_names(frame: pd.DataFrame, path: Path) -> None:
    wide = frame.assign(p_val=0, **{"pct.1": 0.8, "pct.2": 0.1})
    seen: dict[str, int] = {}
    names = []
    for gene in wide.pop("gene"):
        seen[gene] = seen.get(gene, -1) + 1
        names.append(f"{gene}.{seen[gene]}" if seen[gene] else gene)
    wide.set_index(pd.Index(names, name="")).to_csv(path)


def as_scanpy(frame: pd.DataFrame, path: Path) -> None:
    renamed = frame.rename(columns={new: old for old, new in SCANPY.items()})
    renamed.assign(scores=renamed["logfoldchanges"], pvals=0).to_csv(path)


def as_own_names(frame: pd.DataFrame, path: Path) -> None:
    names = {"cluster": "CellType", "gene": "Symbol", "avg_log2FC": "log2FC", "p_val_adj": "padj"}
    frame.rename(columns=names)[["Symbol", "padj", "log2FC", "CellType"]].to_csv(path, sep="\t", index=False)


def as_wide(frame: pd.DataFrame, path: Path) -> None:
    _columns(frame).to_csv(path, index=False)


def as_wide_with_index(frame: pd.DataFrame, path: Path) -> None:
    _columns(frame).to_csv(path)


def as_transposed(frame: pd.DataFrame, path: Path) -> None:
    _columns(frame).T.to_csv(path, sep="\t")


def as_pairs(frame: pd.DataFrame, path: Path) -> None:
    parts = {}
    for id_, part in frame.groupby("cluster", sort=False):
        parts[f"{id_}_n"] = part["gene"].reset_index(drop=True)
        parts[f"{id_}_l"] = part["avg_log2FC"].reset_index(drop=True)
    pd.DataFrame(parts).to_csv(path)


def as_lists(separator: str) -> Callable[[pd.DataFrame, Path], None]:
    def write(frame: pd.DataFrame, path: Path) -> None:
        rows = [(id_, separator.join(genes)) for id_, genes in lists_of(frame).items()]
        pd.DataFrame(rows, columns=["cluster", "genes"]).to_csv(path, index=False)

    return write


def as_python_lists(frame: pd.DataFrame, path: Path) -> None:
    rows = [(id_, str(genes)) for id_, genes in lists_of(frame).items()]
    pd.DataFrame(rows, columns=["leiden", "markers"]).to_csv(path, index=False)


def as_r_lists(frame: pd.DataFrame, path: Path) -> None:
    rows = [(id_, f"c({', '.join(map(_quoted, genes))})") for id_, genes in lists_of(frame).items()]
    pd.DataFrame(rows, columns=["cluster", "genes"]).to_csv(path, index=False)


def as_gene_first(frame: pd.DataFrame, path: Path) -> None:
    frame[["gene", "cluster"]].to_csv(path, index=False)


def _quoted(gene: str) -> str:
    return f'"{gene}"'


def _columns(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({id_: pd.Series(genes) for id_, genes in lists_of(frame).items()})


WRITERS: dict[str, Callable[[pd.DataFrame, Path], None]] = {
    "seurat": as_seurat,
    "row names": as_row_names,
    "scanpy": as_scanpy,
    "own names": as_own_names,
    "wide": as_wide,
    "wide with index": as_wide_with_index,
    "transposed": as_transposed,
    "pairs": as_pairs,
    "commas": as_lists(", "),
    "bars": as_lists("|"),
    "semicolons": as_lists(";"),
    "bullets": as_lists(" • "),
    "Python lists": as_python_lists,
    "R lists": as_r_lists,
    "gene first": as_gene_first,
}


def read(path: Path, species: str | None = None) -> Lists:
    chosen = SplitSettings(n_genes=20, ranking_method="avg_log2FC")
    return {cluster.id: cluster.genes for cluster in read_markers(path, chosen, species).clusters}


@cache
def expected(name: str, clusters: tuple[str, ...]) -> Lists:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plain.csv"
        as_seurat(_part(name, clusters), path)
        return read(path)


def _part(name: str, clusters: tuple[str, ...]) -> pd.DataFrame:
    frame = table(name)
    return frame[frame["cluster"].isin(clusters)].reset_index(drop=True)


@pytest.mark.parametrize(("decoration", "writer"), [(name, writer) for name in DECORATIONS for writer in WRITERS])
def test_whole_table_is_read_the_same(tmp_path: Path, writer: str, decoration: str) -> None:
    """Nothing is refused here: these are what tools and people write."""
    clusters = tuple(dict.fromkeys(table("pbmc68k")["cluster"]))
    frame = _part("pbmc68k", clusters)
    path = tmp_path / "table.csv"
    WRITERS[writer](frame.assign(gene=frame["gene"].map(DECORATIONS[decoration])), path)
    assert read(path) == expected("pbmc68k", clusters)


@given(
    name=st.sampled_from(["pbmc68k", "large_intestine"]),
    writer=st.sampled_from(sorted(WRITERS)),
    decoration=st.sampled_from(sorted(DECORATIONS)),
    seed=st.integers(0, 10**6),
)
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_part_of_a_table_is_read_the_same_or_refused(
    tmp_path_factory: pytest.TempPathFactory, name: str, writer: str, decoration: str, seed: int
) -> None:
    draw = random.Random(seed)
    every = list(dict.fromkeys(table(name)["cluster"]))
    clusters = tuple(id_ for id_ in every if draw.random() < 0.5) or tuple(every[:2])
    frame = _part(name, clusters)
    path = tmp_path_factory.mktemp("part") / "table.csv"
    WRITERS[writer](frame.assign(gene=frame["gene"].map(DECORATIONS[decoration])), path)
    try:
        found = read(path, "human")  # names of few clusters may be unknown altogether, which is refused
    except UsageError:
        return
    assert found == expected(name, clusters)
