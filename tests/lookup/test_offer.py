"""Whether there is anything to look up."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cassia_engine.lookup import can_look_up, is_pipe, offer
from cassia_engine.markers import read_markers
from cassia_engine.settings import SplitSettings
from tests.conftest import EXAMPLES
from tests.lookup.test_cell_values import SETTINGS, ranked

PBMC = EXAMPLES / "pbmc68k_scanpy.csv"


def test_a_table_with_statistics_of_more_than_the_markers_has_more_to_say() -> None:
    assert can_look_up(PBMC, read_markers(PBMC, SplitSettings(), "human"))


@pytest.mark.parametrize(
    "text",
    [
        'cluster,markers\nA,"NKG7,GNLY,PRF1"\nB,"CD79A,MS4A1,CD19"\n',
        "cluster,gene\nA,NKG7\nA,GNLY\nA,CD3D\nB,CD79A\nB,MS4A1\n",
    ],
    ids=["lists", "two columns"],
)
def test_a_list_of_genes_has_not(tmp_path: Path, text: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text)
    assert not can_look_up(path, read_markers(path, SplitSettings(n_genes=2), "human"))


def test_neither_has_a_table_of_which_all_rows_are_markers(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    genes = {"A": ("NKG7", "GNLY", "PRF1"), "B": ("CD79A", "MS4A1", "CD19")}
    rows = [f"0,2.5,0.8,0.1,0.001,{name},{gene}" for name, some in genes.items() for gene in some]
    path.write_text("\n".join(["p_val,avg_log2FC,pct.1,pct.2,p_val_adj,cluster,gene", *rows]) + "\n")
    assert not can_look_up(path, read_markers(path, SplitSettings(), "human"))


def test_too_many_rows_are_said(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(offer, "MOST_ROWS", 100)
    caplog.set_level("INFO")
    assert not can_look_up(PBMC, read_markers(PBMC, SplitSettings(), "human"))
    assert "second annotators cannot ask for further genes: the table has 8,415 rows, and at most 100" in caplog.text


def test_a_pipe_cannot_be_read_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    os.mkfifo(pipe := tmp_path / "pipe")
    table = read_markers(PBMC, SplitSettings(), "human")
    assert not can_look_up([pipe], table) and not can_look_up(pipe, table)
    assert "a pipe can be read once only; give a file for that" in caplog.text
    assert not any(map(is_pipe, (PBMC, [PBMC], tmp_path, "none.csv", object())))


def test_the_cells_of_an_anndata_tell_more_than_its_ranked_genes(tmp_path: Path) -> None:
    path = ranked(tmp_path, ["CD3D", "NKG7", "CD79A"])
    table = read_markers(path, SETTINGS, "human")
    assert sum(one.n_rows for one in table.clusters) == sum(len(one.markers) for one in table.clusters)
    assert can_look_up(path, table)
