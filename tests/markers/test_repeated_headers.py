"""Rows below the header that repeat it or name units: they are skipped, said, and nothing else changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.markers.test_markers import genes, read
from tests.raising import raises

HEADER = "cluster,gene,avg_log2FC,p_val_adj\n"
T, B = "T,CD3D,2.5,1e-9\nT,CD3E,2.1,1e-8\n", "B,MS4A1,3,1e-9\nB,CD79A,2.2,1e-9\n"
READ = {"T": ["CD3D", "CD3E"], "B": ["MS4A1", "CD79A"]}
SETS = 'cluster,genes\nT,"CD3D,CD3E"\ncluster,genes\nB,"MS4A1,CD79A"\n'
ROW_NAMES = '"avg_log2FC" "p_val_adj" "cluster" "gene"\n{}'


@pytest.mark.parametrize(
    ("text", "skipped"),
    [
        (HEADER + T + HEADER + B, "1, from line 4"),
        (HEADER + T + HEADER + B + HEADER, "2, from line 4"),
        (HEADER + HEADER + T + B, "1, from line 2"),
        (HEADER + T * 60 + HEADER + B, "1, from line 122"),
        ((HEADER + T + HEADER + B).replace(",", "\t"), "1, from line 4"),
        ("cluster,gene\nT,CD3D\nT,CD3E\ncluster,gene\nB,MS4A1\nB,CD79A\n", "1, from line 4"),
        (SETS, "1, from line 3"),
    ],
)
def test_repeated_headers_are_skipped(
    tmp_path: Path, text: str, skipped: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert {id_: list(dict.fromkeys(some)) for id_, some in genes(read(tmp_path, text)).items()} == READ
    assert f"rows that repeat the header are skipped: {skipped}" in caplog.text


@pytest.mark.parametrize(
    "units",
    [
        ",,(log2),(Bonferroni)",
        "(id),(symbol),(log2),(adj)",
        ",,log2,FDR",
        ",,[log2],[-]",
        ",,log2 ratio,adjusted",
    ],
)
def test_a_row_of_units_is_skipped(tmp_path: Path, units: str, caplog: pytest.LogCaptureFixture) -> None:
    assert genes(read(tmp_path, f"{HEADER}{units}\n{T}{B}")) == READ
    assert "markers.csv, line 2: a row of units is skipped" in caplog.text


COMMAS = 'T,CD3D,"2,5","1,0E-9"\nT,CD3E,"2,1","1,0E-8"\nB,MS4A1,3,"1,0E-9"\nB,CD79A,"2,25","1,0E-9"\n'


@pytest.mark.parametrize("header", [HEADER, HEADER.replace("avg_log2FC,p_val_adj", "logFC,padj")])
def test_decimal_commas_in_quotes_are_read(tmp_path: Path, header: str, caplog: pytest.LogCaptureFixture) -> None:
    table = read(tmp_path, header + COMMAS)
    assert genes(table) == READ
    assert [marker.log2fc for marker in table.clusters[1].markers] == [3, 2.25]
    assert "numbers are read with a decimal comma: '2,5'" in caplog.text


@pytest.mark.parametrize(("numbers", "line"), [(("5,013", "4,776"), None), (("5,01", "4.776"), 2)])
def test_unclear_commas_in_numbers_are_refused(tmp_path: Path, numbers: tuple[str, str], line: int | None) -> None:
    text = f'{HEADER}T,CD3D,"{numbers[0]}",1e-9\nT,CD3E,"{numbers[1]}",1e-9\n{B}'
    what = f"'{numbers[0]}' in column avg_log2FC has a decimal comma or one of thousands"
    with raises("number-malformed", what, path="markers.csv", line=line):
        read(tmp_path, text)


@pytest.mark.parametrize(
    "number", ["2.5\u00a0", "\u20092.5", "\uff12.\uff15", "2.5\u202f", "\u200b2.5", "'2.5", "2.5 "]
)
def test_numbers_with_signs_of_print_are_numbers(tmp_path: Path, number: str) -> None:
    table = read(tmp_path, f"{HEADER}T,CD3D,{number},1e-9\nT,CD3E,2.1,1e-8\n{B}")
    assert genes(table) == READ
    assert table.clusters[0].markers[0].log2fc == 2.5
