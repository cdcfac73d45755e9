"""What spreadsheets and web pages put around cells and lines is taken away, said, and lines keep their numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from cassia_engine.markers import read_markers
from tests.markers.test_markers import genes, read
from tests.raising import raises

HEADER = "cluster,gene,avg_log2FC,p_val_adj\n"
ROWS = "T,CD3D,2.5,1e-9\nT,CD3E,2.1,1e-8\nB,MS4A1,3,1e-9\nB,CD79A,2.2,1e-9\n"
READ = {"T": ["CD3D", "CD3E"], "B": ["MS4A1", "CD79A"]}
NAMES = ("CD3D", "CD3E", "MS4A1", "CD79A")


def changed(text: str, before: str, behind: str) -> str:
    for name in NAMES:
        text = text.replace(name, f"{before}{name}{behind}")
    return text


QUOTED = "".join(f'"{line}"\n' for line in (HEADER + ROWS).splitlines())
TABLES = {
    "Excel's equals sign": (changed(HEADER + ROWS, '"=""', '"""'), "=\"CD3D\"' as 'CD3D'"),
    "Excel's equals sign, not in quotes": (changed(HEADER + ROWS, '="', '"'), "=\"CD3D\"' as 'CD3D'"),
    "Excel's equals sign in columns": ('"=""T""","=""B"""\n"=""CD3D""",MS4A1\nCD3E,"=""CD79A"""\n', '="T"'),
    "a character without a width behind": (changed(HEADER + ROWS, "", "\u200b"), "characters without a width"),
    "a character without a width before": (changed(HEADER + ROWS, "\u202a", "\u202c"), "characters without a width"),
    "a character without a width in a list": ('cluster,genes\nT,"CD3D,\u200bCD3E"\nB,"MS4A1,CD79A\u2060"\n', "width"),
    "a byte order mark in the middle": (HEADER + ROWS + "\ufeff" + HEADER, "rows that repeat the header"),
    "whole lines in quotes": (QUOTED, "whole lines stand in quotes"),
    "whole lines in quotes, with quotes": (
        "".join('"' + line.replace(",", '"",""').join(('""', '""')) + '"\n' for line in (HEADER + ROWS).splitlines()),
        "whole lines stand in quotes",
    ),
    "bars": ((HEADER + ROWS).replace(",", "|"), ""),
    "bars with blanks": ((HEADER + ROWS).replace(",", " | "), ""),
}


@pytest.mark.parametrize("kind", TABLES)
def test_tables_with_signs_around_cells_are_read(tmp_path: Path, kind: str, caplog: pytest.LogCaptureFixture) -> None:
    text, said = TABLES[kind]
    assert genes(read(tmp_path, text)) == READ
    assert said in caplog.text


def test_lines_keep_their_numbers(tmp_path: Path) -> None:
    with raises("cluster-missing", "column cluster", path="markers.csv", line=6):
        read(tmp_path, changed(HEADER + ROWS, "", "\u200b") + ",CD3G,2,1e-9\n")


def test_rows_of_python_are_read_as_a_file_is() -> None:
    rows = [{"cluster": "T", "gene": "CD3D\u200b"}, {"cluster": "T", "gene": "CD3E"}, {"cluster": "B", "gene": "CD19"}]
    assert genes(read_markers(rows)) == {"T": ["CD3D", "CD3E"], "B": ["CD19"]}


@pytest.mark.parametrize("id_", ["T\u200bcells", "سلول\u200cهای", "\U0001f468\u200d\U0001f469"])
def test_ids_keep_characters_without_a_width(tmp_path: Path, id_: str) -> None:
    assert list(genes(read(tmp_path, (HEADER + ROWS).replace("T,", f"{id_},")))) == [id_, "B"]
