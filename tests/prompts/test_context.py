"""What a person knows of single clusters comes with them, through all stages."""

from __future__ import annotations

from pathlib import Path

import pytest

from cassia_engine.errors import InputProblems
from cassia_engine.markers import read_markers
from cassia_engine.records import Dataset
from cassia_engine.settings import SplitSettings
from cassia_engine.stagefiles import read_chunk
from cassia_engine.stages.split import write_chunks
from tests.markers.test_formats import DATA
from tests.raising import problems

TEXTS = {"1": "half of it is from one donor", "3": "", "4": "sorted as CD19+, from donor 2"}


def test_texts_are_put_beside_their_clusters(tmp_path: Path) -> None:
    settings = SplitSettings(cluster_context=DATA / "context.csv")
    table = read_markers(DATA / "simplified.csv", settings)
    assert {cluster.id: cluster.context for cluster in table.clusters} == TEXTS
    [path] = write_chunks(DATA / "simplified.csv", Dataset("x", "blood", "human"), settings, tmp_path)
    assert {cluster.id: cluster.context for cluster in read_chunk(path).clusters} == TEXTS


def test_row_names_tabs_and_guarded_ids_are_taken(tmp_path: Path) -> None:
    markers, context = tmp_path / "markers.csv", tmp_path / "context.tsv"
    markers.write_text("cluster,genes\n-1,CD19\nT cell,CD3D\n")
    context.write_text('""\t"cluster"\t"what"\n"1"\t"\'-1"\t"two\nlines"\n')
    table = read_markers(markers, SplitSettings(cluster_context=context))
    assert [cluster.context for cluster in table.clusters] == ["two\nlines", ""]


def test_everything_wrong_is_listed(tmp_path: Path) -> None:
    context = tmp_path / "context.csv"
    context.write_text("cluster,text\n1,first\n\n9,of no cluster\n1,second\n")
    with pytest.raises(InputProblems) as caught:
        read_markers(DATA / "simplified.csv", SplitSettings(cluster_context=context))
    assert problems(caught.value) == [
        ("context-cluster-unknown", "context.csv", 4),
        ("context-cluster-twice", "context.csv", 5),
    ]
    assert "cluster 9 is not in" in str(caught.value)
    assert "cluster 1 is there twice" in str(caught.value)
