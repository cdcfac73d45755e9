"""The file of all genes' statistics: what was in the table comes back, and what is wrong with a file is said."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from cassia_engine.lookup import GeneTable, Lookup, StoredTable, read_gene_table, write_table
from cassia_engine.records import Chunk
from cassia_engine.settings import SplitSettings
from cassia_engine.stagefiles import check_genes, read_chunk, read_genes, read_genes_head
from tests import factories as make
from tests.conftest import EXAMPLES
from tests.lookup.test_cell_values import SETTINGS, ranked
from tests.raising import raises


@pytest.fixture(scope="module")
def table() -> GeneTable:
    return read_gene_table(EXAMPLES / "pbmc68k_scanpy.csv", SplitSettings(), "human")


@pytest.fixture
def stored(table: GeneTable, tmp_path: Path) -> Path:
    write_table(path := tmp_path / "genes.jsonl", make.DATASET, table)
    return path


def same(table: GeneTable, path: Path) -> None:
    found = StoredTable(read_genes(path))
    assert found.clusters == table.clusters
    for gene in table.genes:
        assert found.rows(gene) == table.rows(gene)


def test_rows_of_a_table_come_back(table: GeneTable, stored: Path) -> None:
    assert len(table.genes) == 765
    same(table, stored)


def test_what_cells_tell_comes_back(tmp_path: Path) -> None:
    table = read_gene_table(ranked(tmp_path, ["CD3D", "NKG7", "CD79A"]), SETTINGS, "human")
    write_table(path := tmp_path / "genes.jsonl", make.DATASET, table)
    assert any(row.rank is None for row in table.rows("GNLY").values())
    same(table, path)


def test_genes_are_found_by_any_of_their_names(table: GeneTable, stored: Path) -> None:
    found = StoredTable(read_genes(stored))
    for name in ("cd3d", "CD20", "MS4A1", "NOTAGENE"):
        assert found.gene(name) == table.gene(name)
    assert found.gene("CD20") == "MS4A1"
    cluster = table.clusters[0]
    wanted = ["cd3d", "CD20", "NOTAGENE"]
    assert Lookup(found, cluster, 15).look_up(wanted) == Lookup(table, cluster, 15).look_up(wanted)


def test_the_same_table_has_the_same_bytes(table: GeneTable, stored: Path, tmp_path: Path) -> None:
    write_table(again := tmp_path / "again.jsonl", make.DATASET, table)
    assert again.read_bytes() == stored.read_bytes()


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ('{"gene":"CD3D"', '{"gone":"CD3D"', 2),
        ("[[0,1,3.85976", '[[0,"1",3.85976', 2),
        ("[[0,1,3.85976", "[[99,1,3.85976", 2),
        ("[[0,1,3.85976", "[[-1,1,3.85976", 2),
        ('"n_genes":765', '"n_genes":766', None),
    ],
)
def test_damage_is_told_with_its_line(stored: Path, old: str, new: str, line: int | None) -> None:
    text = stored.read_text()
    assert old in text
    stored.write_text(text.replace(old, new, 1))
    with raises("file-damaged", path=stored, line=line):
        StoredTable(read_genes(stored)).rows("CD3D")


def test_a_file_of_another_split_is_refused(stored: Path, table: GeneTable) -> None:
    head = read_genes_head(stored)
    places = dict(enumerate(table.clusters))
    chunk = Chunk(make.DATASET, make.SELECTION, 0, 1, len(places), (make.cluster(places[2], index=2),))
    check_genes(stored, head, chunk)
    moved = replace(chunk, clusters=(make.cluster(places[3], index=2),))
    fewer = replace(chunk, n_clusters=len(places) - 1)
    other = replace(chunk, dataset=replace(make.DATASET, name="other"))
    beyond = replace(chunk, clusters=(make.cluster("x", index=len(places)),))
    for wrong in (moved, fewer, other, beyond):
        with raises("genes-of-other-split", path=stored):
            check_genes(stored, head, wrong)


def test_a_genes_file_is_no_chunk(stored: Path, tmp_path: Path) -> None:
    with raises("chunk-expected", path=stored):
        read_chunk(stored)
    other = tmp_path / "chunk.json"
    other.write_text('{"kind":"cassia-chunk","schema_version":"1.2"}\n')
    with raises("file-of-other-kind", path=other):
        read_genes_head(other)
