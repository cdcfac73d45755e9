"""The file of sampled cells: the same after reading, the same bytes each time, and told where it is damaged."""

from __future__ import annotations

import base64
import json
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from cassia_engine.errors import UsageError
from cassia_engine.records import GeneExpression, SampledCells
from cassia_engine.report.cell_pictures import pictures
from cassia_engine.report.rows import row
from cassia_engine.stagefiles import CellsFile, read_chunk, read_part, write_cells
from tests import factories as make
from tests.raising import raises


def packed(values: bytes) -> str:
    return base64.b64encode(zlib.compress(values)).decode()


CELLS = SampledCells(
    1000,
    "X_umap",
    x=(1.5, -2.0, 3.0),
    y=(0.0, 1.0, 2.5),
    clusters=(0, 1, -1),
    matrix="X",
    genes=(
        GeneExpression("CD3D", (1.5, None), (0.25, 0.0), 2.5, packed(b"\0\1\2")),
        GeneExpression("LYZ", (0.0, 1.0), (0.0, 1.0)),
    ),
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


def gene(**changes: Any) -> Any:
    def change(lines: list[str]) -> list[str]:
        return [lines[0], json.dumps(json.loads(lines[1]) | changes, separators=(",", ":")), *lines[2:]]

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
        (cells(x=[0, float("nan"), 1]), "file-damaged", 1, ("NaN",)),
        (cells(y=[0, float("-inf"), 1]), "file-damaged", 1, ("-Infinity",)),
        (cells(y=[0, 10**400, 1]), "file-damaged", 1, ("coordinate",)),
        (lambda lines: [lines[0].replace("1.5", "1e999", 1), *lines[1:]], "file-damaged", 1, ("coordinate",)),
        (cells(n_cells=2), "file-damaged", 1, ("numbers of cells",)),
        (head(sizes=[1, -1]), "file-damaged", 1, ("numbers of cells",)),
        (gene(means=[float("inf"), 1.0]), "file-damaged", 2, ("Infinity",)),
        (gene(fractions=[0.5, 1.5]), "file-damaged", 2, ("fraction",)),
        (gene(highest=-1.0), "file-damaged", 2, ("highest",)),
        (gene(values="not base64"), "file-damaged", 2, ("values", "3 cells")),
        (gene(values=packed(b"\0\1")), "file-damaged", 2, ("3 cells",)),
        (gene(values=packed(b"\0" * 1000)), "file-damaged", 2, ("3 cells",)),
        (gene(values=packed(b"\0\1\2")[:12]), "file-damaged", 2, ("3 cells",)),
        (gene(values=base64.b64encode(b"no zlib").decode()), "file-damaged", 2, ("3 cells",)),
        (lambda lines: [lines[0], "[" * 100_000], "file-not-json", 2, ()),
    ],
)
def test_damage_is_told(change: Any, code: str, line: int | None, values: Any, tmp_path: Path) -> None:
    write_cells(path := tmp_path / "cells.jsonl", FILE)
    path.write_text("\n".join(change(path.read_text().splitlines())) + "\n")
    with raises(code, *values, path="cells.jsonl", line=line):
        read_part(path)


@given(st.data())
def test_any_damage_is_one_line_or_can_be_drawn(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Bytes that are cut off, left out, changed or put in: no traceback, neither here nor in the report."""
    write_cells(path := tmp_path_factory.mktemp("damaged") / "cells.jsonl", FILE)
    whole = path.read_bytes()
    start = data.draw(st.integers(len('{"kind":"cassia-cells'), len(whole)))
    end = data.draw(st.integers(start, min(start + 20, len(whole))) | st.just(len(whole)))
    new = data.draw(
        st.binary(max_size=4) | st.sampled_from([b"NaN", b"-Infinity", b"1e999", b"null", b"-1", b"9" * 400])
    )
    path.write_bytes(whole[:start] + new + whole[end:])
    try:
        found = read_part(path)
    except UsageError as error:
        assert "\n" not in str(error)
        return
    assert isinstance(found, CellsFile)
    results = [make.annotated(id, answer=make.annotation(evidence_genes=("CD3D", "LYZ"))) for id in "ab"]
    pictures(found.cells, [row(result, "offline") for result in results], results)
