"""The lists that a model is asked about as controls: how they are drawn, and how a blend is compared."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cassia_engine.records import Cluster, ControlKind, ControlOutcome, ControlResult, Marker
from cassia_engine.settings import SplitSettings
from cassia_engine.stagefiles import ResultFile, read_chunk, read_part, result_file
from cassia_engine.stages.controls import LEAST_CLUSTERS, make_controls, with_partners
from cassia_engine.stages.split import write_chunks
from tests import factories as make

N = 3


def table(lists: list[list[str]], ids: list[str] | None = None) -> list[Cluster]:
    """Clusters with these genes, each place with a fold change of its own."""
    names = ids or [f"c{n}" for n in range(len(lists))]
    return [
        Cluster(name, n, len(genes), len(genes), tuple(Marker(g, log2fc=9 - p / 10) for p, g in enumerate(genes)))
        for n, (name, genes) in enumerate(zip(names, lists, strict=True))
    ]


def separate(clusters: int, genes: int) -> list[Cluster]:
    """No gene is in two of them."""
    return table([[f"G{n}_{g}" for g in range(genes)] for n in range(clusters)])


GENE_LISTS = st.lists(st.lists(st.sampled_from([f"GENE{n}" for n in range(60)]), max_size=20, unique=True), max_size=12)


@settings(max_examples=200, deadline=None)
@given(GENE_LISTS, st.integers(0, 4))
def test_lists_are_of_the_tables_genes_and_as_long_as_its_own(lists: list[list[str]], number: int) -> None:
    clusters = table(lists)
    controls = make_controls(clusters, number)
    assert controls == make_controls(clusters, number)
    sizes = sorted(len(genes) for genes in lists if genes)
    usual = sizes[(len(sizes) - 1) // 2] if sizes else 0
    shared = Counter(gene for genes in lists for gene in genes)
    drawn = {gene for gene, count in shared.items() if 3 * count <= len(sizes) or count == 1}
    having = sum(not drawn.isdisjoint(genes) for genes in lists)
    if not number or having < LEAST_CLUSTERS or 2 * len(drawn) < usual:
        assert controls == ()
        return
    assert [control.kind for control in controls] == [ControlKind.RANDOM] * number + [ControlKind.BLEND]
    for control in controls:
        genes = control.cluster.genes
        assert len(set(genes)) == len(genes) <= usual
        assert set(genes) <= drawn
        assert [m.log2fc for m in control.cluster.markers] == [9 - p / 10 for p in range(len(genes))]
    assert all(len(c.cluster.genes) == min(len(drawn), usual) for c in controls[:number])


def test_a_random_list_takes_as_few_genes_of_each_cluster_as_it_can() -> None:
    *drawn, _ = make_controls(separate(8, 20), N)
    for control in drawn:
        counts = Counter(gene.split("_")[0] for gene in control.cluster.genes)
        assert sorted(counts.values()) == [2] * 4 + [3] * 4
        assert control.cluster.genes != sorted(control.cluster.genes)
    assert len({tuple(control.cluster.genes) for control in drawn}) == N


def test_a_blend_is_of_the_first_genes_of_two_clusters_by_turns() -> None:
    lists = [[f"T{n}" for n in range(10)], [f"T{n}" for n in range(5, 15)], [f"T{n}" for n in range(10, 20)]]
    lists += [[f"M{n}" for n in range(10)], [*(f"M{n}" for n in range(5, 10)), *(f"X{n}" for n in range(5))]]
    lists += [[f"S{n}" for n in range(10)], [*(f"S{n}" for n in range(5, 10)), *(f"Y{n}" for n in range(5))]]
    blend = make_controls(table(lists), 1)[-1]
    assert len(blend.cluster.genes) == 10 and len(set(blend.of)) == 2
    kinds = [gene[0] for gene in blend.cluster.genes]
    assert kinds[::2] != kinds[1::2] and set(kinds[::2]).isdisjoint(kinds[1::2])


@pytest.mark.parametrize("number", [0, 3])
def test_few_clusters_or_no_number_give_none(number: int) -> None:
    assert make_controls(separate(3, 20), 3) == ()
    assert make_controls([*separate(3, 20), Cluster("empty", 3, 5, 0, ())], number) == ()
    assert len(make_controls(separate(4, 20), number)) == (4 if number else 0)


def test_clusters_that_share_nearly_all_genes_give_none() -> None:
    common = [f"ALL{n}" for n in range(30)]
    assert make_controls(table([[*common, f"OWN{n}"] for n in range(6)]), 3) == ()


def test_ids_and_indexes_are_those_of_no_cluster() -> None:
    clusters = table([[f"G{n}_{g}" for g in range(9)] for n in range(4)], ["control 1", "control 3", "a", "b"])
    controls = make_controls(clusters, 2)
    assert [control.cluster.id for control in controls] == ["control 2", "control 4", "control 5"]
    assert [control.cluster.index for control in controls] == [4, 5, 6]


def markers(folder: Path, clusters: int) -> Path:
    path = folder / "markers.csv"
    rows = (f'c{n},"{",".join(f"G{n}X{g}" for g in range(9))}"\n' for n in range(clusters))
    path.write_text("cluster,markers\n" + "".join(rows))
    return path


def written(folder: Path, controls: int, provider: str | None = None, clusters: int = 6) -> list[Path]:
    split = SplitSettings(chunk_size=2, controls=controls, allow_unknown_genes=True)
    outdir = folder / f"chunks{controls}{provider}"
    return write_chunks(markers(folder, clusters), make.DATASET, split, outdir, provider=provider)


def test_controls_are_in_the_first_chunk_and_change_no_other(tmp_path: Path) -> None:
    with_them, without, offline = written(tmp_path, 3), written(tmp_path, 0), written(tmp_path, 3, "offline")
    assert [len(read_chunk(path).controls) for path in with_them] == [4, 0, 0]
    assert [path.read_bytes() for path in with_them[1:]] == [path.read_bytes() for path in without[1:]]
    assert [path.read_bytes() for path in without] == [path.read_bytes() for path in offline]
    # As a cassia without controls wrote it.
    assert all("controls" not in json.loads(path.read_text()) for path in without)
    assert read_chunk(with_them[0]).clusters == read_chunk(without[0]).clusters


def test_too_few_clusters_are_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        paths = written(tmp_path, 3, clusters=3)
    assert read_chunk(paths[0]).controls == ()
    told = "pbmc: no controls are asked about: 3 clusters have markers that few others have, and 4 are needed"
    assert told in caplog.messages


def test_too_few_uncommon_genes_are_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "markers.csv"
    common = ",".join(f"ALL{n}" for n in range(30))
    path.write_text("cluster,markers\n" + "".join(f'c{n},"{common},OWN{n}"\n' for n in range(6)))
    split = SplitSettings(controls=3, allow_unknown_genes=True)
    with caplog.at_level("INFO"):
        [chunk] = write_chunks(path, make.DATASET, split, tmp_path / "chunks")
    assert read_chunk(chunk).controls == ()
    assert (
        "pbmc: no controls are asked about: it has 6 genes that few clusters have, and 16 are needed, half of a usual "
        "list; a larger n_genes=... may give more"
    ) in caplog.text


@pytest.mark.parametrize("in_memory", [True, False])
def test_result_file_has_them_beside_the_clusters(tmp_path: Path, in_memory: bool) -> None:
    chunk = read_chunk(written(tmp_path, 3)[0])
    results = [make.annotated(c.id, c.index, cluster=c) for c in chunk.clusters]
    controls = tuple(ControlResult(one.kind, one.of, make.annotated(cluster=one.cluster)) for one in chunk.controls)
    path = tmp_path / "result.jsonl"
    with result_file(path, chunk, make.MODEL_RUN) as write:
        for result in results:
            write(result)
        for control in controls:
            write(control)
    found = read_part(path, in_memory)
    assert isinstance(found, ResultFile)
    assert (list(found.results), found.controls) == (results, controls)
    assert "partners_found" not in path.read_text()
    assert "controls" not in json.loads(path.read_text().splitlines()[0])


T_CELL, MONOCYTE, B_CELL = ("T cell", "CL:0000084"), ("monocyte", "CL:0000576"), ("B cell", "CL:0000236")


@pytest.mark.parametrize(
    ("mixed", "found"),
    [
        (("CD8-positive, alpha-beta T cell", "classical monocyte"), 2),
        (("monocyte", "T cell"), 2),
        (("T cell", "fibroblast"), 1),
        (("T cell", "CD4-positive, alpha-beta T cell"), 1),
        (("fibroblast", "hepatocyte"), 0),
        (("no such type", "another"), 0),
        ((), None),
    ],
)
def test_partners_of_a_blend_are_compared_with_the_clusters_own_answers(
    mixed: tuple[str, ...], found: int | None
) -> None:
    clusters = [
        make.annotated(id, answer=make.annotation(cl_id=cl_id, cl_label=label))
        for id, (label, cl_id) in zip("abc", (T_CELL, MONOCYTE, B_CELL), strict=True)
    ]
    blend = ControlResult(ControlKind.BLEND, ("a", "b"), make.annotated(answer=make.annotation(mixed_types=mixed)))
    [one] = with_partners([blend], clusters)
    assert one.partners_found == found
    assert one.outcome is (ControlOutcome.MIXTURE if mixed else ControlOutcome.CONFIDENT)
    [unknown] = with_partners([blend], clusters[1:])
    assert unknown.partners_found is None
