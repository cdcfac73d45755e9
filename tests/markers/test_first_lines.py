"""Lines above the header: comments, titles, `sep=;`. They are skipped, said, and lines keep their numbers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cassia_engine.markers import read_markers
from cassia_engine.settings import SplitSettings
from tests.markers.test_markers import genes, read
from tests.raising import raises

CASES = Path(__file__).parents[1] / "data" / "cases"
HEADER = "p_val,avg_log2FC,pct.1,pct.2,p_val_adj,cluster,gene\n"
ROWS = "0,2,1,0,0,B,CD19\n0,1,1,0,0,B,MS4A1\n0,2,1,0,0,T,CD3D\n"
READ = {"B": ["CD19", "MS4A1"], "T": ["CD3D"]}


@pytest.mark.parametrize("name", ["comment.csv", "sep_line.csv", "title.csv"])
def test_reported_tables(name: str) -> None:
    base = read_markers(CASES / "base_seurat.csv")
    assert genes(read_markers(CASES / name)) == genes(base)


ABOVE = {
    "a comment": "# Seurat v5.1, made 2025-03-01\n",
    "comments with quotes and commas": '# "a, b\n## c;d\n#\n',
    "sep": "sep=,\n",
    "sep in quotes": '"sep=,"\n',
    "a title": "Table S3. Marker genes of clusters,,,,,,\n",
    "a title with quotes and a comma": '"Table S3. Marker genes, of clusters",,,,,,\n',
    "a title without delimiters": "Table S3. Marker genes of clusters\n",
    "a title whose commas have no quotes": "Table S3, marker genes of clusters, related to Figure 2\n",
    "a title and an empty line": "Table S3. Marker genes of clusters,,,,,,\n\n",
    "a title and an empty row": "Table S3. Marker genes of clusters,,,,,,\n,,,,,,\n",
    "two titles and a comment": "Supplementary data\nSheet 2: FindAllMarkers,,,,,,\n# note\n",
    "words over some columns": ",Fold change,Cells,,Significance,,\n",
    "a title and words over some columns": "Table S3. Marker genes of clusters\n,,Statistics,,,,\n",
    "an empty line": "\n",
}


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("kind", ABOVE)
def test_lines_above_the_header(tmp_path: Path, kind: str, end: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    text = ABOVE[kind] + HEADER + ROWS
    assert genes(read(tmp_path, text.replace("\n", end))) == READ
    skipped = len(ABOVE[kind].splitlines())
    if kind != "an empty line":
        assert [m for m in caplog.messages if f": {skipped} line" in m and "above the header" in m]
    with raises("cluster-missing", "column cluster", path="markers.csv", line=skipped + 3):
        read(tmp_path, (ABOVE[kind] + HEADER + "0,2,1,0,0,B,CD19\n0,1,1,0,0,,MS4A1\n").replace("\n", end))


@pytest.mark.parametrize("sign", ";\t")
def test_sep_says_the_delimiter(tmp_path: Path, sign: str) -> None:
    assert genes(read(tmp_path, f"sep={sign}\n" + (HEADER + ROWS).replace(",", sign))) == READ


def test_a_header_may_start_like_a_comment(tmp_path: Path) -> None:
    assert genes(read(tmp_path, "#cluster\tgene\nB\tCD19\nB\tMS4A1\nT\tCD3D\n")) == READ
    text = "# made by hand\n#cluster,genes\nB,CD19 MS4A1\nT,CD3D\n"
    assert genes(read(tmp_path, text)) == READ


@pytest.mark.parametrize(
    "text",
    [
        'cluster genes\nB "CD19,MS4A1"\nT "CD3D,CD3E"\n',
        ",0\nB,CD19 MS4A1\nT,CD3D\n",
        "cluster,genes\n#1,CD19 MS4A1\n#2,CD3D\n",
        'cluster,genes\nB,"CD19,MS4A1"\n',
    ],
)
def test_what_is_no_title_stays(tmp_path: Path, text: str) -> None:
    assert len(read(tmp_path, text, gene_filter="none").clusters) == text.count("\n") - 1


def test_wide_tables_have_titles_too(tmp_path: Path) -> None:
    text = "Table S1. Top markers,,\n\n,T,B\n0,CD3D,CD79A\n1,CD3E,MS4A1\n"
    assert genes(read(tmp_path, text)) == {"T": ["CD3D", "CD3E"], "B": ["CD79A", "MS4A1"]}
    settings = SplitSettings(gene_filter="none")
    assert genes(read_markers(tmp_path / "markers.csv", settings))["T"] == ["CD3D", "CD3E"]


T_AND_B = {"T": ["CD3D", "CD3E"], "B": ["CD79A", "MS4A1"]}
HASH_HEADERS = {
    "wide": "#,T,B\n1,CD3D,CD79A\n2,CD3E,MS4A1\n",
    "wide, rank": "#rank,T,B\n1,CD3D,CD79A\n2,CD3E,MS4A1\n",
    "wide, quoted": '"#","T","B"\n"1","CD3D","CD79A"\n"2","CD3E","MS4A1"\n',
    "wide, no numbers": "#T,B\nCD3D,CD79A\nCD3E,MS4A1\n",
    "long": "#,cluster,gene,avg_log2FC,p_val_adj\n1,T,CD3D,3,0\n2,T,CD3E,2,0\n3,B,CD79A,3,0\n4,B,MS4A1,2,0\n",
    "long, no statistics": "#,cluster,gene\n1,T,CD3D\n2,T,CD3E\n3,B,CD79A\n4,B,MS4A1\n",
    "list": '#,cluster,markers\n1,T,"CD3D, CD3E"\n2,B,"CD79A, MS4A1"\n',
    "list, other name": '#Population,Signature\nT,"CD3D, CD3E"\nB,"CD79A, MS4A1"\n',
}


@pytest.mark.parametrize("above", ["", "Table S1. Markers\n", "# made by hand\n# Marker genes, blood\n"])
@pytest.mark.parametrize("sign", [",", "\t"])
@pytest.mark.parametrize("kind", HASH_HEADERS)
def test_header_with_a_hash_is_no_comment(tmp_path: Path, kind: str, sign: str, above: str) -> None:
    text = re.sub(r",(?! )", sign, HASH_HEADERS[kind])
    assert genes(read(tmp_path, above + text)) == T_AND_B


def test_header_with_a_hash_above_unknown_genes(tmp_path: Path) -> None:
    text = "#,neuron,glia,muscle\n1,elav,repo,Mhc\n2,nSyb,moody,Mef2\n3,brp,Gs2,wupA\n"
    assert list(genes(read(tmp_path, text))) == ["neuron", "glia", "muscle"]


@pytest.mark.parametrize(
    "comment",
    ["# Marker genes, blood", "# Marker genes, blood, v2", "# markers; v2", "#made,,", "# n = 3, p < 0.05", "#"],
)
@pytest.mark.parametrize(
    "table",
    [
        "T,B\nCD3D,CD79A\nCD3E,MS4A1\n",
        "rank,T,B\n1,CD3D,CD79A\n2,CD3E,MS4A1\n",
        'cluster,markers\nT,"CD3D, CD3E"\nB,"CD79A, MS4A1"\n',
        'cluster,n,markers\nT,9,"CD3D, CD3E"\nB,8,"CD79A, MS4A1"\n',
        "cluster,gene,avg_log2FC,p_val_adj\nT,CD3D,3,0\nT,CD3E,2,0\nB,CD79A,3,0\nB,MS4A1,2,0\n",
    ],
)
def test_comments_with_commas_are_skipped(tmp_path: Path, comment: str, table: str) -> None:
    assert genes(read(tmp_path, f"{comment}\n{table}")) == T_AND_B
