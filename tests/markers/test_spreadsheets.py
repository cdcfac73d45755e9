"""What spreadsheets do to a table: merged cells, blank rows, notes below it, numbers for people, mixed line ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from cassia_engine.markers import read_markers
from tests.markers.test_markers import genes, read
from tests.raising import raises

CLUSTERS = {"T": ["CD3D", "CD3E", "IL7R"], "B": ["MS4A1", "CD79A", "BANK1"]}
HEADER = "cluster,gene,avg_log2FC,pct.1,pct.2,p_val_adj\n"


def seurat(clusters: dict[str, list[str]] = CLUSTERS) -> str:
    rows = [(id_, gene, 3 - n / 10) for id_, found in clusters.items() for n, gene in enumerate(found)]
    return HEADER + "".join(f"{id_},{gene},{fold},0.8,0.1,1e-9\n" for id_, gene, fold in rows)


LONG = "cluster,gene\n" + "".join(f"{id_},{gene}\n" for id_, found in CLUSTERS.items() for gene in found)
LISTS = "cluster,genes\n" + "".join(f'{id_},"{",".join(found)}"\n' for id_, found in CLUSTERS.items())
TABLES = {"seurat": seurat(), "long": LONG, "lists": LISTS}


def merged(text: str) -> str:
    lines, last = [], ""
    for line in text.splitlines():
        id_, rest = line.split(",", 1)
        lines.append(("" if id_ == last else id_) + "," + rest)
        last = id_
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("form", ["seurat", "long"])
@pytest.mark.parametrize("blank", ["", ",\n"])
def test_ids_in_merged_cells(tmp_path: Path, form: str, blank: str, caplog: pytest.LogCaptureFixture) -> None:
    commas = "," * TABLES[form].split("\n")[0].count(",")
    assert genes(read(tmp_path, merged(TABLES[form]) + blank.replace(",", commas))) == CLUSTERS
    assert "column cluster has its id in the first row of each cluster only, as of merged cells" in caplog.text


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (seurat().replace("T,CD3E", ",CD3E"), 3),
        (seurat().replace("\nT,CD3D", "\n,CD3D"), 2),
        (merged(seurat()) + "T,LCK,1,0.8,0.1,1e-9\n", None),
        (merged(seurat()).replace("\n,CD3E", "\nNA,CD3E"), None),
    ],
)
def test_ids_that_are_missing_otherwise_are_refused(tmp_path: Path, text: str, line: int | None) -> None:
    with raises("cluster-missing", "column cluster", path="markers.csv", line=line):
        read(tmp_path, text)


@pytest.mark.parametrize("form", TABLES)
@pytest.mark.parametrize(
    "note",
    [
        *("Total{}", "Note: p values are adjusted{}", "Source: Smith et al. 2020", "* p < 0.05", "Notes{}"),
        *(
            '"Abbreviations: FC, fold change"{}',
            "Abbreviations: FC, fold change",
            "Note: mice, men",
            "{}Total",
            "†see the methods of the paper{}",
            "Sources:{}\n\n{}\nNote{}",
        ),
    ],
)
def test_notes_below_a_table_are_skipped(
    tmp_path: Path, form: str, note: str, caplog: pytest.LogCaptureFixture
) -> None:
    text = TABLES[form]
    table = read(tmp_path, text + note.replace("{}", "," * text.split("\n")[0].count(",")) + "\n")
    assert genes(table) == CLUSTERS
    assert f"rows below the table are skipped: {1 + note.count('Sources')}, from line" in caplog.text


@pytest.mark.parametrize("id_", ["Total", "#", "* 1", "CD4 memory T cells of blood"])
@pytest.mark.parametrize("last", [False, True])
def test_a_cluster_of_one_row_may_be_called_like_a_note(tmp_path: Path, id_: str, last: bool) -> None:
    one = {id_: ["LCK"]}
    assert genes(read(tmp_path, seurat(CLUSTERS | one if last else one | CLUSTERS))) == CLUSTERS | one


@pytest.mark.parametrize("end", ["T", "0.5", "T,LCK,1", "1e-20,2"])
def test_a_row_that_was_cut_off_is_no_note(tmp_path: Path, end: str) -> None:
    with raises("field-count", "header has 6", path="markers.csv", line=8):
        read(tmp_path, seurat() + end + "\n")


@pytest.mark.parametrize("form", TABLES)
@pytest.mark.parametrize("after", [0, 1, 2])
def test_blank_rows_are_skipped(tmp_path: Path, form: str, after: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "cassia_engine")
    lines = TABLES[form].splitlines(keepends=True)
    blank = "," * lines[0].count(",") + "\n"
    assert genes(read(tmp_path, "".join([*lines[: after + 1], blank, *lines[after + 1 :], blank]))) == CLUSTERS
    assert f"blank rows are skipped: 2, from line {after + 2}" in caplog.text


@pytest.mark.parametrize(
    ("column", "text", "number"),
    [
        *(("avg_log2FC", text, 1.5) for text in ("1.5", "+1.5", "1.5e0", "15x10^-1", "15×10-1", "0.15E+01")),
        *(("avg_log2FC", "1,234.5", 1234.5), ("avg_log2FC", "1,234,567.5", 1234567.5)),
        *(("pct.1", "80%", 0.8), ("pct.1", "80 %", 0.8), ("pct.1", "0.5%", 0.005)),
        *(("p_val_adj", text, 0.001) for text in ("0.001*", "0.001 ***", "<0.001", "< 0.001", "≤0.001", "<=0.001")),
        *(("p_val_adj", text, 1e-5) for text in ("1E-05", "1e\u221205", "10^-5", "10−5", "1.0 × 10−5")),
    ],
)
def test_numbers_for_people(tmp_path: Path, column: str, text: str, number: float) -> None:
    row = {"cluster": "T", "gene": "CD3D", "avg_log2FC": "2", "pct.1": "0.8", "pct.2": "0.4", "p_val_adj": "1e-9"}
    row[column] = f'"{text}"'
    [cluster] = read(tmp_path, HEADER + ",".join(row.values()) + "\n").clusters
    statistic = {"avg_log2FC": "log2fc", "pct.1": "pct_in", "p_val_adj": "p_val_adj"}[column]
    assert getattr(cluster.markers[0], statistic) == pytest.approx(number)


@pytest.mark.parametrize(
    "text", ["#NUM!", "#DIV/0!", "#N/A", "n.s.", "-", "\u2212", "\u2212 1.5", "\u22121.5", "null", ">0.001"]
)
def test_cells_that_make_no_marker(tmp_path: Path, text: str) -> None:
    column = "p_val_adj" if ">" in text else "avg_log2FC"
    row = {"cluster": "T", "gene": "LCK", "avg_log2FC": "2", "pct.1": "0.8", "pct.2": "0.4", "p_val_adj": "1e-9"}
    row[column] = text.replace(" ", "")
    assert genes(read(tmp_path, seurat() + ",".join(row.values()) + "\n")) == CLUSTERS


@pytest.mark.parametrize(("column", "text"), [("avg_log2FC", "80%"), ("avg_log2FC", "<2"), ("p_val_adj", "high")])
def test_other_texts_are_no_numbers(tmp_path: Path, column: str, text: str) -> None:
    row = {"cluster": "T", "gene": "LCK", "avg_log2FC": "2", "pct.1": "0.8", "pct.2": "0.4", "p_val_adj": "1e-9"}
    with raises("number-malformed", f"{text}' in column {column}", path="markers.csv", line=8):
        read(tmp_path, seurat() + ",".join((row | {column: text}).values()) + "\n")


def test_what_was_read_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    read(tmp_path, seurat().replace(",0.8,0.1,", ",80%,#N/A,"))
    assert "cells that are read as numbers: '80%' as 0.8 (6 in all)" in caplog.text
    assert "cells without a number, taken as missing: '#N/A' (6 in all)" in caplog.text


@pytest.mark.parametrize("above", ["sep=,", "# a comment", "# two\n# comments", "", "\ufeffsep=,", "Table S1. Markers"])
@pytest.mark.parametrize("end", ["\r\n", "\r", "\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("form", TABLES)
def test_line_ends_and_marks_above_a_table(tmp_path: Path, above: str, end: str, mark: str, form: str) -> None:
    text = above.replace("\n", end) + end + mark + TABLES[form]
    assert genes(read(tmp_path, text)) == CLUSTERS
    assert genes(read(tmp_path, text.replace("\r\n", "\n").replace(mark + "cluster", "cluster"))) == CLUSTERS


def test_errors_of_a_spreadsheet_are_no_genes(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("cluster,gene,avg_log2FC,p_val_adj\nT,CD3D,3,0\nT,#NAME?,3,0\nB,CD79A,3,0\n")
    assert [cluster.genes for cluster in read_markers(path).clusters] == [["CD3D"], ["CD79A"]]
