"""Wilcoxon's test over a matrix in its file, against the definition, and against Scanpy."""

from __future__ import annotations

import json
import math
import subprocess
import tracemalloc
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

from cassia_engine.h5ad import ranks
from cassia_engine.h5ad.expression import expression
from cassia_engine.h5ad.matrix import open_matrix
from cassia_engine.h5ad.wilcoxon import MEMORY, RankedGroups, RankingError, RankingFault, adjusted, rank_groups
from tests.conftest import need_env
from tests.h5ad.matrices import LAYOUTS, Matrix, in_memory

Codes = NDArray[np.int64]
RNG = np.random.default_rng(14)
N_CELLS, N_GENES, N_GROUPS = 60, 9, 4


def _values(low: int, high: int, dtype: str, share: float = 0.4) -> Matrix:
    x = RNG.integers(low, high, (N_CELLS, N_GENES)) * (RNG.random((N_CELLS, N_GENES)) < share)
    return np.asarray(x, dtype)


CODES = RNG.integers(-1, N_GROUPS, N_CELLS)
MATRICES = {
    "logarithms": np.log1p(_values(1, 9, "f4")),
    "double": np.log1p(_values(1, 9, "f8")) * 1.1,
    "counts": _values(1, 4, "i8"),
    "scaled": (_values(-5, 6, "f4") - 0.3).astype("f4"),
    "negative": _values(-5, 6, "f8") / 10,
    "half": _values(-5, 6, "f2") / 10,
    "large whole numbers": _values(2**30, 2**30 + 9, "i4"),
    "all 0": np.zeros((N_CELLS, N_GENES), "f4"),
    "all the same": np.full((N_CELLS, N_GENES), 2.5, "f4"),
    "infinite": np.where(_values(0, 2, "f4") > 0, np.inf, _values(0, 4, "f4")).astype("f4"),
}


def ranked(layout: str, x: Matrix, codes: Codes, n_groups: int, **options: Any) -> RankedGroups:
    with in_memory(LAYOUTS[layout], x) as file:
        return rank_groups(
            open_matrix(file["X"]), codes, expression(open_matrix(file["X"]), codes, n_groups), **options
        )


def by_definition(x: Matrix, codes: Codes, group: int) -> NDArray[np.float64]:
    """The score of each gene: each value compared with each other one."""
    n, inside = len(x), codes == group
    scores: list[float] = []
    for column in x.T:
        equal = (column[:, None] == column).sum(axis=0)
        rank = (column[:, None] < column).sum(axis=0) + (equal + 1) / 2
        ties = 1 - (equal.astype(float) ** 2 - 1).sum() / (n**3 - n)
        deviation = math.sqrt(ties * inside.sum() * (n - inside.sum()) * (n + 1) / 12)
        scores.append((rank[inside].sum() - inside.sum() * (n + 1) / 2) / deviation if deviation else 0.0)
    return np.array(scores)


EXPECTED = {kind: [by_definition(x, CODES, group) for group in range(N_GROUPS)] for kind, x in MATRICES.items()}


@pytest.mark.parametrize("memory", [MEMORY, 8 * 40], ids=["one pass", "many passes"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_scores_are_those_of_the_definition(layout: str, memory: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranks, "VALUES_IN_BLOCK", 50)
    for kind, x in MATRICES.items():
        found = ranked(layout, x, CODES, N_GROUPS, memory=memory)
        assert found.groups.tolist() == [0, 1, 2, 3]
        for group in range(N_GROUPS):
            scores, genes = found.scores[group], found.genes[group]
            expected = EXPECTED[kind][group][genes]
            np.testing.assert_allclose(scores, expected, rtol=1e-9, atol=1e-9, err_msg=kind)
            assert sorted(genes.tolist()) == list(range(N_GENES))
            assert (np.diff(scores) <= 0).all()


def test_memory_is_that_of_one_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranks, "VALUES_IN_BLOCK", 10_000)
    codes, memory = np.arange(2000) % 2, 2_000_000
    with in_memory(LAYOUTS["csr"], np.ones((2000, 500), "f4")) as file:
        found = expression(open_matrix(file["X"]), codes, 2)
        tracemalloc.start()
        rank_groups(open_matrix(file["X"]), codes, found, memory=memory)  # 4 passes
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert memory < peak < 1.75 * memory


def test_equal_scores_stay_in_the_order_of_the_matrix() -> None:
    found = ranked("csr", MATRICES["all 0"], CODES, N_GROUPS)
    assert found.genes.tolist() == [list(range(N_GENES))] * N_GROUPS
    assert (found.scores == 0).all()
    assert (found.pvals == 1).all()


def test_fold_changes_and_shares() -> None:
    x = np.array([[1, 0], [2, 0], [0, 1], [0, 1], [0, 0]], np.float32)
    found = ranked("csr", x, np.array([0, 0, 1, 1, -1]), 3)
    assert found.groups.tolist() == [0, 1]  # the third has no cells
    first = found.genes[0].tolist().index(0)
    assert found.logfoldchanges[0, first] == pytest.approx(math.log2((math.expm1(1.5) + 1e-9) / 1e-9))
    assert (found.pct_nz_group[0, first], found.pct_nz_reference[0, first]) == (1, 0)
    assert found.pct_nz_reference[0, 1 - first] == pytest.approx(2 / 3)
    other_base = ranked("csr", x, np.array([0, 0, 1, 1, -1]), 3, log_base=2)
    assert other_base.logfoldchanges[0, first] == pytest.approx(math.log2((2**1.5 - 1 + 1e-9) / 1e-9))


def test_fold_change_of_scaled_values_is_missing_where_a_mean_is_below_0() -> None:
    x = np.array([[-1], [-1], [1], [1]], np.float32)
    assert np.isnan(ranked("dense", x, np.array([0, 0, 1, 1]), 2).logfoldchanges).all()


def test_genes_stand_by_score_in_each_group() -> None:
    x = np.array([[1, 0], [2, 0], [0, 1], [0, 1]], np.float32)
    found = ranked("csr", x, np.array([0, 0, 1, 1]), 2)
    assert found.groups.tolist() == [0, 1]
    assert found.genes.tolist() == [[0, 1], [1, 0]]
    assert found.pct_nz_group.tolist() == [[1, 0], [1, 0]]


@pytest.mark.parametrize(
    ("codes", "value", "fault", "groups"),
    [
        ([0, 0, 1, 2], 1.0, RankingFault.ONE_CELL, (1, 2)),
        ([1, 1, 1, 1], 1.0, RankingFault.NO_REST, (1,)),
        ([0, 0, 1, 1], math.nan, RankingFault.MISSING_VALUES, ()),
    ],
)
def test_groups_that_cannot_be_tested_are_named(
    codes: list[int], value: float, fault: RankingFault, groups: tuple[int, ...]
) -> None:
    with pytest.raises(RankingError) as raised:
        ranked("csr", np.full((4, 2), value), np.array(codes), 3)
    assert (raised.value.fault, raised.value.groups) == (fault, groups)


def test_adjusted_p_values_never_fall_and_end_at_1() -> None:
    found = adjusted(np.array([[0.01, 0.04, 0.03, 0.9], [1.0, 1.0, 1.0, 1.0]]))
    np.testing.assert_allclose(found, [[0.04, 0.16 / 3, 0.16 / 3, 0.9], [1.0, 1.0, 1.0, 1.0]])


# Reads X.h5 and codes.npy; writes what Scanpy finds: {kind: {column: values by group and gene}}.
SCANPY = """
import json, sys, warnings
import anndata, h5py, numpy as np, pandas as pd, scanpy as sc, scipy.sparse
warnings.simplefilter("ignore")
sc.settings.verbosity = 0
codes = np.load("codes.npy")
names = [str(number) for number in range(codes.max() + 1)]
found = {}
for kind, x in h5py.File("X.h5").items():
    obs = pd.DataFrame({"group": pd.Categorical.from_codes(codes, names)}, index=[str(i) for i in range(len(codes))])
    adata = anndata.AnnData(scipy.sparse.csr_matrix(x[()]), obs=obs)
    sc.tl.rank_genes_groups(adata, "group", method="wilcoxon", tie_correct=True, pts=True)
    table = sc.get.rank_genes_groups_df(adata, None)
    table["gene"] = table["names"].astype(int)
    table = table.sort_values(["group", "gene"])
    columns = ["scores", "logfoldchanges", "pvals", "pvals_adj", "pct_nz_group", "pct_nz_reference"]
    found[kind] = {column: table[column].astype(float).tolist() for column in columns}
json.dump(found, open("scanpy.json", "w"))
"""


@pytest.mark.slow
def test_all_statistics_are_those_of_scanpy(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    codes = rng.integers(-1, 5, 1200)
    logs = np.log1p(rng.geometric(0.5, (1200, 200)) * (rng.random((1200, 200)) < 0.1)).astype("f4")
    logs[:, :5] += (codes == 2)[:, None]  # far into the tail
    kinds = {"logs": logs, "double": logs * 1.1, "negative": (logs - 0.5) * (logs != 0), "flat": np.ones((1200, 2))}
    with h5py.File(tmp_path / "X.h5", "w") as file:
        for kind, x in kinds.items():
            file[kind] = x
    np.save(tmp_path / "codes.npy", codes)
    done = subprocess.run([need_env("scanpy"), "-c", SCANPY], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    expected = json.loads((tmp_path / "scanpy.json").read_text())
    for kind, x in kinds.items():
        ours = ranked("csr", x, codes, 5)
        by_gene = np.argsort(ours.genes, axis=1)
        for name, values in expected[kind].items():
            found: NDArray[np.float64] = np.take_along_axis(getattr(ours, name), by_gene, axis=1).ravel()
            # scores and fold changes are in single precision in Scanpy
            np.testing.assert_allclose(found, np.array(values, float), rtol=1e-6, atol=1e-300, err_msg=f"{kind} {name}")
