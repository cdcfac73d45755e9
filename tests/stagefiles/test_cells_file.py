"""The file of sampled cells: the same after reading, the same bytes each time, and told where it is damaged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from cassia_engine.records import GeneExpression, SampledCells
from cassia_engine.stagefiles import CellsFile, read_chunk, read_part, write_cells
from tests import factories as make
from tests.raising import raises

CELLS = SampledCells(
    1000,
    "X_umap",
    x=(1.5, -2.0, 3.0),
    y=(0.0, 1.0, 2.5),
    clusters=(0, 1, -1),
    matrix="X",
    genes=(GeneExpression("CD3D", (1.5, None), (0.25, 0.0), 2.5, "eJw"), GeneExpression("LYZ", (0.0, 1.0), (0.0, 1.0))),
)
FILE = CellsFile(make.DATASET, make.SELECTION, (130, 13), CELLS)


def test_cells_come_back_as_they_were_written(tmp_path: Path) -> None:
    write_cells(path := tmp_path / "cells.jsonl", FILE)
    assert read_part(path) == FILE
    head, *genes = map(json.loads, path.read_text().splitlines())
    assert (head["kind"], head["dataset"]["name"], head["n_genes"]) == ("cassia-cells", "pbmc", 2)
    assert [gene["gene"] for gene in genes] == ["CD3D", "LYZ"]
    again = tmp_path / "again.jsonl"
    write_cells(again, FILE)
    assert again.read_bytes() == path.read_bytes()


def test_cells_without_coordinates_come_back(tmp_path: Path) -> None:
    found = replace(FILE, cells=SampledCells(10))
    write_cells(path := tmp_path / "cells.jsonl", found)
    assert read_part(path) == found


def test_a_cells_file_is_no_chunk(tmp_path: Path) -> None:
    write_cells(path := tmp_path / "cells.jsonl", FILE)
    with raises("chunk-expected", "cells file", path="cells.jsonl"):
        read_chunk(path)


def head(**changes: Any) -> Any:
    def change(lines: list[str]) -> list[str]:
        found = json.loads(lines[0])
        return [json.dumps(found | changes, separators=(",", ":")), *lines[1:]]

    return change


def cells(**changes: Any) -> Any:
    def change(lines: list[str]) -> list[str]:
        return list(head(cells=json.loads(lines[0])["cells"] | changes)(lines))

    return change


@pytest.mark.parametrize(
    ("change", "code", "line", "values"),
    [
        (lambda lines: lines[:-1], "file-damaged", None, ("1 genes of 2",)),
        (lambda lines: [*lines, lines[-1]], "file-damaged", None, ("3 genes of 2",)),
        (lambda lines: [lines[0], lines[1][:-5], lines[2]], "file-not-json", 2, ()),
        (head(sizes=[1, 2, 3]), "file-damaged", 2, ("not one value for each of 3 clusters",)),
        (head(schema_version="0.9"), "file-version", None, ("0.9",)),
        (head(n_genes="2"), "file-damaged", 1, ("n_genes",)),
        (cells(x=[1.0]), "file-damaged", 1, ("x, y and clusters",)),
        (cells(clusters=[0, 1, 2]), "file-damaged", 1, ("a cluster that there is not",)),
        (cells(clusters=[0, 1, -2]), "file-damaged", 1, ("a cluster that there is not",)),
    ],
)
def test_damage_is_told(change: Any, code: str, line: int | None, values: Any, tmp_path: Path) -> None:
    write_cells(path := tmp_path / "cells.jsonl", FILE)
    path.write_text("\n".join(change(path.read_text().splitlines())) + "\n")
    with raises(code, *values, path="cells.jsonl", line=line):
        read_part(path)
