"""Genes of an AnnData that are not ranked: what its cells say of them."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np
import pytest

from cassia_engine.lookup import Lookup, read_gene_table
from cassia_engine.settings import SplitSettings
from tests.conftest import EXAMPLES
from tests.h5ad.files import write_records, write_single

SETTINGS = SplitSettings(group_key="louvain")


def ranked(folder: Path, genes: Sequence[str]) -> Path:
    """The bundled cells with these genes ranked in each cluster of louvain, and no others."""
    path = Path(shutil.copy(EXAMPLES / "pbmc68k.h5ad", folder / "ranked.h5ad"))
    with h5py.File(path, "r+") as file:
        groups = [str(name) for name in file["obs/louvain/categories"].asstr()[()]]
        found = file.require_group("uns").create_group("rank_genes_groups")
        write_records(found, "names", {name: np.array(genes, object) for name in groups})
        values = np.linspace(9, 5, len(genes))
        for name, column in {
            "scores": values,
            "logfoldchanges": values,
            "pvals": values * 0,
            "pvals_adj": values * 0,
        }.items():
            write_records(found, name, dict.fromkeys(groups, column))
        params = found.create_group("params")
        for name, value in {"groupby": "louvain", "reference": "rest", "method": "wilcoxon", "use_raw": False}.items():
            write_single(params, name, value)
    return path


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ranked(tmp_path_factory.mktemp("ranked"), ["CD3D", "NKG7", "CD79A"])


def test_a_gene_that_is_not_ranked_is_counted_in_the_cells(path: Path) -> None:
    table = read_gene_table(path, SETTINGS, "human")
    lookup = Lookup(table, "3", 15)
    found = lookup.look_up(["GNLY", "CD3D", "NOTAGENE"])
    assert found.missing == ("NOTAGENE",) and found.elsewhere == ()
    [first, *_] = found.rows
    assert (first.gene, first.cluster, first.rank, first.log2fc) == ("GNLY", "3", None, None)
    with h5py.File(path) as file:
        of_cluster = file["obs/louvain/codes"][()] == list(file["obs/louvain/categories"].asstr()[()]).index("3")
        gene = list(file["var"][file["var"].attrs["_index"]].asstr()[()]).index("GNLY")
        values = matrix(file)[:, gene]
    assert first.pct_in == pytest.approx((values[of_cluster] > 0).mean(), abs=1e-3)
    assert first.pct_out == pytest.approx((values[~of_cluster] > 0).mean(), abs=1e-3)
    assert first.mean == pytest.approx(values[of_cluster].mean(), rel=1e-3)
    others = [row.pct_in for row in found.rows if row.gene == "GNLY"][1:]
    assert others == sorted(others, reverse=True) and len(others) == 4  # type: ignore[type-var]
    assert {row.rank for row in found.rows if row.gene == "CD3D"} == {1}
    block = lookup.block(found, True)
    assert block["columns"][:3] == ["gene", "cluster", "rank"] and block["rows"][0][2] is None


def matrix(file: h5py.File) -> np.ndarray:
    """X, dense: cells by genes."""
    x = file["X"]
    if isinstance(x, h5py.Dataset):
        return np.asarray(x[()])
    dense = np.zeros(tuple(x.attrs["shape"]))
    pointers = x["indptr"][()]
    for cell in range(len(dense)):
        part = slice(pointers[cell], pointers[cell + 1])
        dense[cell, x["indices"][part]] = x["data"][part]
    return dense


def test_a_table_has_no_cells(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('cluster,markers\nA,"NKG7,GNLY,PRF1"\nB,"CD79A,MS4A1,CD19"\n')
    table = read_gene_table(path, SplitSettings(), "human")
    assert table.gene("gnly") == "GNLY" and table.gene("CD3D") == ""
    assert {name: row.rank for name, row in table.rows("GNLY").items()} == {"A": 2}


def test_the_command_lines_list_of_one_file_is_that_file(path: Path) -> None:
    for table in ([path], (str(path),)):
        found = Lookup(read_gene_table(table, SETTINGS, "human"), "3", 15).look_up(["GNLY"])
        assert found.rows and found.rows[0].rank is None


def test_too_many_values_are_left_out_and_said(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    table = read_gene_table(path, SETTINGS, "human", 100)
    assert table.gene("CD3D") == "CD3D" and table.gene("GNLY") == ""
    assert "second annotators can ask for ranked genes only: 765 genes in 11 clusters are too many" in caplog.text


FINDMARKERS = """p_val,avg_log2FC,pct.1,pct.2,p_val_adj,cluster,gene
0,2.5,0.9,0.1,0,A,CD3D
0.5,-3.5,0.01,0.4,1,A,MS4A1
NA,-Inf,0,0.2,NA,A,CD79A
0.9,NA,0.3,0.3,NA,A,ACTB
0,2.5,0.9,0.1,0,B,MS4A1
"""
SCORES = "group,names,scores\nA,CD3D,12.5\nA,MS4A1,-8.5\nB,MS4A1,11\nB,CD3D,-4\n"


@pytest.mark.parametrize(("text", "genes"), [(FINDMARKERS, ["MS4A1", "CD79A", "ACTB"]), (SCORES, ["MS4A1"])])
def test_rows_that_no_threshold_passes_are_found(tmp_path: Path, text: str, genes: list[str]) -> None:
    """They are what speaks against a type."""
    path = tmp_path / "t.csv"
    path.write_text(text)
    found = Lookup(read_gene_table(path, SplitSettings(), "human"), "A", 15).look_up(genes)
    own = {row.gene: row for row in found.rows if row.cluster == "A"}
    assert list(own) == genes and found.missing == () and (own["MS4A1"].log2fc or own["MS4A1"].score or 0) < 0


def test_a_gene_as_it_is_written_comes_before_another_case(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("cluster,gene,avg_log2FC\nA,Cd3d,1.5\nA,CD3D,2.5\nA,LYZ,1\nB,LYZ,2\n")
    table = read_gene_table(path, SplitSettings(allow_unknown_genes=True), "human")
    assert (table.gene("CD3D"), table.gene("Cd3d"), table.gene("lyz")) == ("CD3D", "Cd3d", "LYZ")


def test_markup_around_wanted_genes_is_left_out(path: Path) -> None:
    found = Lookup(read_gene_table(path, SETTINGS, "human"), "3", 15).look_up(
        ["**CD3D**", "`GNLY`", "NKG7 (high)", "CD79A/MS4A1", "CD3D"]
    )
    assert found.asked == ("CD3D", "GNLY", "NKG7", "CD79A", "MS4A1") and found.missing == ()


@pytest.mark.parametrize(
    ("text", "names"),
    [("KRT5/14", ("KRT5", "KRT14")), ("TRBC1/2", ("TRBC1", "TRBC2")), ("mt:CoI", ("mt:CoI",)), ("Su(H)", ("Su(H)",))],
)
def test_short_forms_are_written_out_unless_the_table_has_them(
    tmp_path: Path, text: str, names: tuple[str, ...]
) -> None:
    path = tmp_path / "t.csv"
    rows = [f"A,{name},{n}" for n, name in enumerate(("KRT5", "KRT14", "TRBC1", "TRBC2", "mt:CoI", "Su(H)"), 1)]
    path.write_text("\n".join(["cluster,gene,avg_log2FC", *rows, "B,LYZ,1"]) + "\n")
    table = read_gene_table(path, SplitSettings(allow_unknown_genes=True), "human")
    assert Lookup(table, "A", 15).look_up([text]).asked == names


def test_words_give_a_fold_change_its_sign(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    rows = ["A,CD3D,3.5,UP", "A,MS4A1,2.5,DOWN", "A,ACTB,0.1,NOT", "B,MS4A1,4,UP", "B,CD3D,1.5,DOWN"]
    path.write_text("\n".join(["cluster,gene,log2FC,regulation", *rows]) + "\n")
    found = Lookup(read_gene_table(path, SplitSettings(), "human"), "A", 15).look_up(["CD3D", "MS4A1", "ACTB"])
    assert {row.gene: row.log2fc for row in found.rows if row.cluster == "A"} == {
        "CD3D": 3.5,
        "MS4A1": -2.5,
        "ACTB": None,
    }
