"""The genes that cassia chooses against those that CASSIA 1.4.0 chooses, for the same table.

They are the same, in order, or the difference is one of docs/differences.md: each `rule` below is a row there, and
allows a difference only where what it says of the table is true.
"""

from __future__ import annotations

import csv
import gzip
import json
import math
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from cassia_engine.errors import UsageError
from cassia_engine.markers import read_markers
from cassia_engine.settings import RANKING_METHODS, SplitSettings
from tests.conftest import EXAMPLES, ROOT, need_env

pytestmark = pytest.mark.slow

INTESTINE = EXAMPLES / "large_intestine_seurat.csv.gz"
SUBCLUSTERS = EXAMPLES / "subcluster_seurat.csv.gz"
PROCESSED = EXAMPLES / "large_intestine_processed.csv"
PBMC = EXAMPLES / "pbmc68k_scanpy.csv"
ALL = 1_000_000

Row = dict[str, str]
Rows = list[Row]
Chosen = dict[str, list[str]]
Ask = Callable[..., Chosen]

# A statistic to its column in the tables of Seurat and of Scanpy.
COLUMNS = {
    "cluster": ("cluster", "group"),
    "gene": ("gene", "names"),
    "fold": ("avg_log2FC", "logfoldchanges"),
    "p": ("p_val_adj", "pvals_adj"),
    "in": ("pct.1", "pct_nz_group"),
    "out": ("pct.2", "pct_nz_reference"),
    "score": ("Score", "scores"),
}


class PeerError(Exception):
    """CASSIA ended with an error."""


@pytest.fixture(scope="module")
def ask() -> Iterator[Ask]:
    """What CASSIA chooses, by cluster in its order: ask(path, n_genes=..., ranking_method=..., ascending=...)."""
    command: list[str | Path] = [need_env("cassia-peer"), "-W", "ignore", Path(__file__).with_name("peer.py")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as peer:
        assert peer.stdin
        assert peer.stdout

        def request(table: Path, **options: Any) -> Chosen:
            assert peer.stdin
            assert peer.stdout
            print(json.dumps({"table": str(table), **options}), file=peer.stdin, flush=True)
            answer = json.loads(peer.stdout.readline())
            if "error" in answer:
                raise PeerError(answer["error"])
            return dict(answer["chosen"])

        yield request
        peer.stdin.close()


def ours(table: Path, **options: Any) -> Chosen:
    """What we choose with every gene kept, as CASSIA keeps it."""
    settings = SplitSettings(**options, gene_filter="none")
    return {cluster.id: cluster.genes for cluster in read_markers(table, settings).clusters}


def rows_of(table: Path) -> Rows:
    content = table.read_bytes()
    text = (gzip.decompress(content) if table.suffix == ".gz" else content).decode()
    return list(csv.DictReader(text.splitlines()))


def write(path: Path, rows: Rows) -> Path:
    with open(path, "w", newline="") as out:
        writer = csv.DictWriter(out, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return path


def renamed(rows: Rows, names: Mapping[str, str]) -> Rows:
    return [{names.get(column, column): value for column, value in row.items()} for row in rows]


@dataclass(frozen=True)
class Gene:
    """A row of a table, with its number."""

    row: int
    fold: float
    p: float
    pct_in: float
    pct_out: float
    score: float

    def value(self, method: str) -> float:
        values = {"avg_log2FC": self.fold, "p_val_adj": self.p, "pct_diff": self.pct_in - self.pct_out}
        return values.get(method, self.score)


class Table:
    """The rows of a table by cluster and gene. Infinite fold changes count as the largest finite one."""

    def __init__(self, rows: Rows):
        names = {name: next((c for c in columns if c in rows[0]), "") for name, columns in COLUMNS.items()}
        largest = max(fold for row in rows if math.isfinite(fold := number(row, names["fold"])))
        self.genes: dict[str, dict[str, Gene]] = {}
        for index, row in enumerate(rows):
            fold, p, *rest = (number(row, names[name]) for name in ("fold", "p", "in", "out", "score"))
            gene = Gene(index, min(fold, largest) if not math.isnan(fold) else fold, p, *rest)
            self.genes.setdefault(row[names["cluster"]], {})[row[names["gene"]]] = gene


def number(row: Row, column: str) -> float:
    return float((column and row[column]) or "nan")


def explain(table: Table, us: Chosen, them: Chosen, method: str, ascending: bool, by: str = "") -> set[str]:
    """The rules that make the difference of two full choices, each checked on the table. `by`: what ours goes by.

    Fails where a difference has no rule.
    """
    rules = set()
    assert set(them) <= set(us) == set(table.genes)
    if list(them) != [cluster for cluster in us if cluster in them]:
        assert list(us) == list(table.genes)
        rules.add("order")
    for cluster, mine in us.items():
        genes, theirs = table.genes[cluster], them.get(cluster, [])
        assert len(mine) == len(set(mine))
        if cluster not in them:
            rules.add("no_markers" if not mine else "")
        rules |= {missing(genes[gene]) for gene in set(theirs) - set(mine)}
        rules |= {surplus(genes[gene]) for gene in set(mine) - set(theirs)}
        assert mine == stable(genes, mine, by or method, ascending)
        common = [gene for gene in theirs if gene in mine]
        same = [gene for gene in mine if gene in theirs]
        if by:
            assert common == sorted(common, key=lambda gene: theirs.index(gene))
        elif common != same:
            # The same values in each place: only genes of equal value have changed places.
            assert [genes[g].value(method) for g in common] == [genes[g].value(method) for g in same]
            rules.add("ties")
    assert "" not in rules
    return rules


def stable(genes: Mapping[str, Gene], chosen: Sequence[str], method: str, ascending: bool) -> list[str]:
    """The chosen genes by value, those of equal value in the table's order."""
    sign = 1 if ascending else -1
    return sorted(chosen, key=lambda gene: (sign * genes[gene].value(method), genes[gene].row))


def missing(gene: Gene) -> str:
    """Why a gene that CASSIA chooses is not chosen here."""
    return "scanpy_fractions" if max(gene.pct_in, gene.pct_out) < 0.1 else ""


def surplus(gene: Gene) -> str:
    """Why a gene is chosen here that CASSIA does not choose."""
    if math.isnan(gene.fold) and gene.score > 0 and gene.p < 0.05:
        return "nan_fold_changes"
    return "scanpy_fractions" if gene.pct_in < 0.1 <= gene.pct_out else ""


def compare(
    ask: Ask, path: Path, method: str, ascending: bool | None = None, theirs: Path | None = None, by: str = ""
) -> set[str]:
    """The rules that make the difference, for all genes and for the first 50; CASSIA may need another spelling."""
    table = Table(rows_of(path))
    options = {"ranking_method": method, "ascending": ascending}
    direction = method == "p_val_adj" if ascending is None else ascending
    us, them = ours(path, n_genes=ALL, **options), ask(theirs or path, n_genes=ALL, **options)
    rules = explain(table, us, them, method, direction, by)
    assert ours(path, n_genes=50, **options) == {cluster: genes[:50] for cluster, genes in us.items()}
    for cluster, genes in ask(theirs or path, n_genes=50, **options).items():
        first, whole = ([table.genes[cluster][g].value(method) for g in chosen] for chosen in (genes, them[cluster]))
        assert first == whole[:50]
        if not by and not rules - {"ties", "order"} and len(genes) == 50:
            assert first == [table.genes[cluster][g].value(method) for g in us[cluster][:50]]
    return rules


def with_score(rows: Rows) -> Rows:
    """A Seurat table with a column Score, rounded so that there are ties."""
    return [{**row, "Score": f"{float(row['pct.1']) * float(row['avg_log2FC']):.1f}"} for row in rows]


def test_every_rule_is_documented_and_tested() -> None:
    documented = re.findall(r"^\| `(\w+)` \|", (ROOT / "docs" / "differences.md").read_text(encoding="utf-8"), re.M)
    chosen = documented[: documented.index("provider")]
    assert len(chosen) == len(set(chosen))
    source = Path(__file__).read_text(encoding="utf-8")
    assert [rule for rule in chosen if f'"{rule}"' not in source and f"def test_{rule}" not in source] == []
    named = set(re.findall(r'rules\.add\("(\w+)"|return "(\w+)"', source))
    assert {name for pair in named for name in pair if name} <= set(chosen)


@pytest.mark.parametrize("method", RANKING_METHODS)
@pytest.mark.parametrize("ascending", [None, True, False])
@pytest.mark.parametrize("table", [INTESTINE, SUBCLUSTERS], ids=["intestine", "subclusters"])
def test_seurat_tables(ask: Ask, tmp_path: Path, table: Path, method: str, ascending: bool | None) -> None:
    if method == "Score":
        with pytest.raises(UsageError, match="needs column Score"):
            ours(table, ranking_method=method)
        with pytest.raises(PeerError, match="Column 'Score' not found"):
            ask(table, ranking_method=method)
        table = write(tmp_path / "scored.csv", with_score(rows_of(table)))
    assert compare(ask, table, method, ascending) <= {"ties", "order"}


@pytest.mark.parametrize("ascending", [None, True, False])
@pytest.mark.parametrize("method", ["avg_log2FC", "p_val_adj"])
def test_scanpy_table(ask: Ask, method: str, ascending: bool | None) -> None:
    assert compare(ask, PBMC, method, ascending) <= {"ties", "order"}


def test_scanpy_score(ask: Ask, tmp_path: Path) -> None:
    with pytest.raises(PeerError, match="Column 'Score' not found"):
        ask(PBMC, ranking_method="Score")
    spelled = write(tmp_path / "spelled.csv", renamed(rows_of(PBMC), {"scores": "Score"}))
    assert compare(ask, PBMC, "Score", theirs=spelled) <= {"ties", "order"}


def test_scanpy_pct_diff(ask: Ask, tmp_path: Path) -> None:
    instead = ask(PBMC, n_genes=ALL, ranking_method="avg_log2FC")
    assert ask(PBMC, n_genes=ALL, ranking_method="pct_diff") == instead
    spelled = {"pct_nz_group": "pct.1", "pct_nz_reference": "pct.2"}
    path = write(tmp_path / "spelled.csv", renamed(rows_of(PBMC), spelled))
    assert compare(ask, PBMC, "pct_diff", theirs=path) <= {"ties", "order", "scanpy_fractions"}
    bare = [{c: v for c, v in row.items() if c not in spelled} for row in rows_of(PBMC)]
    with pytest.raises(UsageError, match="needs column pct_nz_group, pct_nz_reference"):
        ours(write(tmp_path / "bare.csv", bare), ranking_method="pct_diff")


def test_scanpy_fractions(ask: Ask, tmp_path: Path) -> None:
    few = {0: {"pct_nz_group": "0.09", "pct_nz_reference": "0.05"}, 1: {"pct_nz_group": "0.09"}}
    rows = [{**row, **few.get(index % 5, {})} for index, row in enumerate(rows_of(PBMC))]
    path = write(tmp_path / "few.csv", rows)
    us, them = ours(path, n_genes=ALL), ask(path, n_genes=ALL)
    assert any(set(them[cluster]) - set(us[cluster]) for cluster in us)
    assert "scanpy_fractions" in compare(ask, path, "avg_log2FC")
    spelled = renamed(rows, {"pct_nz_group": "pct.1", "pct_nz_reference": "pct.2"})
    only_first = ask(write(tmp_path / "spelled.csv", spelled), n_genes=ALL)
    assert any(set(us[cluster]) - set(only_first[cluster]) for cluster in us)
    assert "scanpy_fractions" in compare(ask, path, "avg_log2FC", theirs=tmp_path / "spelled.csv")


def test_scanpy_table_without_fractions_is_the_same(ask: Ask, tmp_path: Path) -> None:
    rows = [{c: v for c, v in row.items() if not c.startswith("pct")} for row in rows_of(PBMC)]
    path = write(tmp_path / "bare.csv", rows)
    for method in ("avg_log2FC", "p_val_adj"):
        assert compare(ask, path, method) <= {"ties", "order"}


def test_ties(ask: Ask, tmp_path: Path) -> None:
    scored = write(tmp_path / "scored.csv", with_score(rows_of(INTESTINE)))
    assert "ties" in compare(ask, scored, "Score")


def test_nan_fold_changes(ask: Ask, tmp_path: Path) -> None:
    rows = [{**row, "logfoldchanges": ""} if index % 7 == 0 else row for index, row in enumerate(rows_of(PBMC))]
    path = write(tmp_path / "nan.csv", rows)
    assert "nan_fold_changes" in compare(ask, path, "avg_log2FC", by="Score")
    assert "nan_fold_changes" in compare(ask, path, "p_val_adj")


def test_infinite_fold_changes_are_the_same(ask: Ask, tmp_path: Path) -> None:
    signs = {3: "inf", 5: "Inf", 11: "-inf"}
    rows = [
        {**row, "avg_log2FC": signs.get(index % 100, row["avg_log2FC"])} for index, row in enumerate(rows_of(INTESTINE))
    ]
    path = write(tmp_path / "infinite.csv", rows)
    assert compare(ask, path, "avg_log2FC") <= {"ties", "order"}


def test_no_markers(ask: Ask, tmp_path: Path) -> None:
    rows = [{**row, "p_val_adj": "1"} if row["cluster"] == "2" else row for row in rows_of(SUBCLUSTERS)]
    path = write(tmp_path / "none.csv", rows)
    assert "no_markers" in compare(ask, path, "avg_log2FC")
    assert ours(path)["2"] == []


def test_order(ask: Ask) -> None:
    assert list(ask(INTESTINE)) == sorted(ask(INTESTINE)) != list(ours(INTESTINE))
    first = (cluster for cluster, _ in groupby(rows_of(INTESTINE), key=lambda row: row["cluster"]))
    assert list(ours(INTESTINE)) == list(first)


def test_ids(ask: Ask, tmp_path: Path) -> None:
    new = {"0": "007", "1": "7", "2": "10", "3": "9", "4": "08", "5": "1e1"}
    numbers = write(tmp_path / "numbers.csv", [{**row, "cluster": new[row["cluster"]]} for row in rows_of(SUBCLUSTERS)])
    assert list(ours(numbers)) == list(new.values())
    assert set(ask(numbers)) == {str(float(id_)) for id_ in new.values()}
    words = {**new, "0": "None", "1": "nan"}
    named = write(tmp_path / "named.csv", [{**row, "cluster": words[row["cluster"]]} for row in rows_of(SUBCLUSTERS)])
    assert list(ours(named)) == list(words.values())
    assert len(ask(named)) < len(words) - 1
    assert not {"None", "nan"} & set(ask(named))


def test_natural_logarithms(ask: Ask, tmp_path: Path) -> None:
    rows = rows_of(INTESTINE)
    old = [{**row, "avg_log2FC": repr(float(row["avg_log2FC"]) * math.log(2))} for row in rows]
    path = write(tmp_path / "old.csv", renamed(old, {"avg_log2FC": "avg_logFC"}))
    with pytest.raises(PeerError, match="KeyError: 'avg_log2FC'"):
        ask(path)
    assert ours(path, n_genes=ALL) == ours(INTESTINE, n_genes=ALL)
    first = read_markers(path).clusters[0].markers[0]
    assert first.log2fc == pytest.approx(read_markers(INTESTINE).clusters[0].markers[0].log2fc)


def test_lists_are_the_same(ask: Ask) -> None:
    assert list(ours(PROCESSED).items()) == list(ask(PROCESSED).items())


def test_n_genes_of_lists(ask: Ask) -> None:
    assert ask(PROCESSED, n_genes=10) == ask(PROCESSED)
    assert ours(PROCESSED, n_genes=10) == {cluster: genes[:10] for cluster, genes in ask(PROCESSED).items()}


def test_two_columns_long(ask: Ask, tmp_path: Path) -> None:
    path = write(tmp_path / "long.csv", [{"cluster": c, "gene": g} for c in ("B", "T") for g in ("CD74", "CD3D")])
    assert ours(path) == {"B": ["CD74", "CD3D"], "T": ["CD74", "CD3D"]}
    assert ask(path) == {"B": ["CD3D"], "T": ["CD3D"]}  # the last of its four clusters by these names


def test_row_names(ask: Ask, tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", renamed(rows_of(PROCESSED), {"": "X"}))
    assert ours(path) == ours(PROCESSED)
    assert list(ask(path)) == ["1", "2", "3", "4", "5", "6"]
