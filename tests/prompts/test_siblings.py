"""--siblings: the first genes of every cluster of the data set, in every chunk."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cassia_engine.markers import read_markers
from cassia_engine.records import Dataset
from cassia_engine.settings import SplitSettings
from cassia_engine.stagefiles import read_chunk
from cassia_engine.stages.split import MOST_CLUSTERS, into_chunks, write_chunks

pytestmark = pytest.mark.usefixtures("command_line")

DATASET = Dataset("s", "blood", "human")


def table(folder: Path, n_clusters: int, n_genes: int = 10) -> Path:
    path = folder / "simple.csv"
    rows = [f'c{i},"RPL3,{",".join(f"G{i}X{j}" for j in range(n_genes))}"\n' for i in range(n_clusters)]
    path.write_text("cluster,genes\n" + "".join(rows))
    return path


def test_every_chunk_has_the_first_genes_of_all_clusters(tmp_path: Path) -> None:
    settings = SplitSettings(siblings=2, chunk_size=2, allow_unknown_genes=True)
    paths = write_chunks(table(tmp_path, 5), DATASET, settings, tmp_path / "chunks")
    assert len(paths) == 3
    # Without the technical gene, and those of cluster i in place i.
    assert {read_chunk(path).siblings for path in paths} == {tuple((f"G{i}X0", f"G{i}X1") for i in range(5))}


def test_they_are_off_by_default(tmp_path: Path) -> None:
    [path] = write_chunks(table(tmp_path, 3), DATASET, SplitSettings(allow_unknown_genes=True), tmp_path / "chunks")
    assert json.loads(path.read_text())["siblings"] == []


def test_a_cluster_without_markers_keeps_its_place(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text("avg_log2FC,p_val_adj,cluster,gene\n1,0.01,a,CD19\n1,0.9,b,CD3D\n1,0.01,c,NKG7\n")
    [chunk] = into_chunks(read_markers(path), DATASET, 50, siblings=3)
    assert chunk.siblings == (("CD19",), (), ("NKG7",))


@pytest.mark.parametrize(("n_clusters", "shown"), [(MOST_CLUSTERS, 10), (61, 9), (120, 5), (700, 1)])
def test_many_clusters_are_all_shown_with_fewer_genes_and_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, n_clusters: int, shown: int
) -> None:
    marker_table = read_markers(table(tmp_path, n_clusters))
    caplog.clear()
    [chunk] = into_chunks(marker_table, DATASET, n_clusters, siblings=10)
    assert [len(genes) for genes in chunk.siblings] == [shown] * n_clusters
    said = f"--siblings 10: of {n_clusters} clusters the first {shown} genes each are shown instead"
    assert (said in caplog.text) == (shown < 10)
