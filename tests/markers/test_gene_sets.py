"""Files with a set of genes a line: GMT files, and lists without a header."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from cassia_engine.errors import InputProblems, UsageError
from tests.markers.test_markers import genes, read
from tests.raising import problems, raises

SETS = {
    "T cells": ["CD3D", "CD3E", "CD2", "TRAC"],
    "B cells": ["MS4A1", "CD79A", "CD79B"],
    "Monocytes": ["LYZ", "CD14", "S100A8", "S100A9", "FCN1"],
}
FLY = {"neuron": ["elav", "nSyb", "brp"], "glia": ["repo", "moody"]}


def lines(between: str, sign: str, sets: dict[str, list[str]] = SETS, end: str = "\n") -> str:
    return "".join(f"{name}{between}{sign.join(found)}{end}" for name, found in sets.items())


# The name of the file, and its text.
READ: dict[str, tuple[str, str]] = {
    "GMT": ("sets.gmt", lines("\thttps://example.org/set\t", "\t")),
    "GMT, na": ("sets.gmt", lines("\tna\t", "\t")),
    "GMT, empty": ("SETS.GMT", lines("\t\t", "\t", end="\t\r\n")),
    "GMT, sentence": ("sets.v1.gmt.txt", lines("\tMarkers of these in blood\t", "\t")),
    "GMT, word": ("sets.gmt", lines("\tcurated\t", "\t")),
    "GMT, none": ("sets.gmt", lines("\t", "\t")),
    "GMT, comment": ("sets.gmt", "# from a database\n" + lines("\tna\t", "\t")),
    "GMT by content": ("sets.txt", lines("\tna\t", "\t")),
    "GMT with weights": ("sets.txt", lines("\t\t", ",1.0\t", end=",1.0\n")),
    "rows": ("sets.tsv", lines("\t", "\t")),
    "rows with commas": ("sets.csv", lines(",", ",")),
    "rows under two names": ("sets.tsv", "cell_type\tgenes\n" + lines("\t", "\t")),
    "list behind a tab": ("sets.tsv", lines("\t", ", ")),
    "list behind a tab, semicolons": ("sets.txt", lines("\t", ";")),
    "list behind a semicolon": ("sets.csv", lines(";", ", ")),
    "list in quotes": ("sets.csv", lines(',"', ", ", end='"\n')),
    "colon": ("sets.txt", lines(": ", ", ")),
    "colon, spaces": ("sets.txt", lines(": ", " ")),
    "colon alone": ("sets.txt", lines(":", ",")),
    "colon of Chinese": ("sets.txt", lines("：", "、")),
    "equals": ("sets.txt", lines(" = ", ", ")),
    "dash": ("sets.txt", lines(" - ", ", ")),
    "bullets": ("sets.md", "- " + lines(": ", ", ", end="\n- ").removesuffix("- ")),
    "bold": ("sets.md", "* **" + lines("**: ", ", ", end="\n* **").removesuffix("* **")),
    "bold with its colon": ("sets.md", "**" + lines(":** ", ", ", end="\n**").removesuffix("**")),
    "brackets of YAML": ("sets.yaml", lines(": [", ", ", end="]\n")),
    "arrow": ("sets.txt", lines(" -> ", ", ")),
    "arrow of two lines": ("sets.txt", lines(" => ", ", ")),
    "arrow sign": ("sets.txt", lines(" → ", ", ")),
    "bar": ("sets.txt", lines(" | ", ", ")),
    "bars": ("sets.txt", lines(" | ", " | ")),
    "arrow, bars": ("sets.txt", lines(" -> ", " | ")),
    "R": ("sets.R", "`" + lines('` <- c("', '", "', end='")\n`').removesuffix("`")),
    "R, elements": ("sets.R", "m$`" + lines('` <- c("', '", "', end='")\nm$`').removesuffix("m$`")),
    "R, named": ("sets.R", '"' + lines('" = c("', '", "', end='"),\n"').removesuffix('"')),
    "Python": ("sets.py", "m['" + lines("'] = ['", "', '", end="']\nm['").removesuffix("m['")),
    "Python, dict": ("sets.py", "'" + lines("': ['", "', '", end="'],\n'").removesuffix("'")),
    "title above": ("sets.txt", "Marker genes of the clusters in blood\n\n" + lines(": ", ", ")),
    "note below": ("sets.txt", lines(": ", ", ") + "\nGenes were chosen by fold change, p below 0.05\n"),
}


@pytest.mark.parametrize("case", READ)
def test_each_line_is_a_cluster(tmp_path: Path, caplog: pytest.LogCaptureFixture, case: str) -> None:
    name, text = READ[case]
    caplog.set_level(logging.INFO)
    assert genes(read(tmp_path, text, name)) == SETS
    assert f"{name}: " in caplog.text
    [said] = [record for record in caplog.records if "3 clusters (T cells, B cells, Monocytes)" in record.message]
    assert said.levelno == (logging.INFO if "gmt" in name.lower() else logging.WARNING)


def test_other_ids_and_species(tmp_path: Path) -> None:
    numbered = dict(zip(("0", "1", "2"), SETS.values(), strict=True))
    assert genes(read(tmp_path, lines(",", ",", numbered))) == numbered
    like_genes = {"CD4": SETS["T cells"], "NK": SETS["B cells"]}
    assert genes(read(tmp_path, lines("\t", ", ", like_genes))) == like_genes
    assert genes(read(tmp_path, lines("\tna\t", "\t", FLY), "fly.gmt")) == FLY
    for names in (("T cells, CD4", "B cells, naive"), ("0: T cells", "1: B cells"), ("NK, CD56 dim", "T, CD8")):
        punctuated = dict(zip(names, SETS.values(), strict=False))
        assert genes(read(tmp_path, lines(": ", ", ", punctuated))) == punctuated
    assert genes(read(tmp_path, "T cells: CD3D, CD3E, CD2\n")) == {"T cells": ["CD3D", "CD3E", "CD2"]}


@pytest.mark.parametrize("names", [("0: CD4 T cells", "1: B cells", "2: Mono"), ("0: Tcell", "1: Bcell", "2: Mono")])
def test_label_with_a_colon_goes_on_to_the_first_comma(tmp_path: Path, names: tuple[str, ...]) -> None:
    named = dict(zip(names, SETS.values(), strict=True))
    assert genes(read(tmp_path, lines(",", ",", named))) == named


@pytest.mark.parametrize(
    ("name", "between"),
    [
        *(("{} (n=120)", ": "), ("{} (n = 120, 4%)", ": "), ("{} [n=12]", " - "), ("{} (CD4+, naive)", ": ")),
        *(("0 - {}", " - "), ("0 | {}", " | "), ("0: {}", " -> "), ("CD4 {}", " -> "), ("0 - CD4 {}", " - ")),
    ],
)
@pytest.mark.parametrize("sign", [", ", ","])
def test_last_sign_before_the_genes_parts_them(tmp_path: Path, name: str, between: str, sign: str) -> None:
    named = {name.format(old): found for old, found in SETS.items()}
    assert genes(read(tmp_path, lines(between, sign, named), "sets.txt")) == named


@pytest.mark.parametrize("sign", [",", "\t", ";"])
@pytest.mark.parametrize("quoted", [True, False])
def test_label_between_id_and_genes_is_no_gene(tmp_path: Path, sign: str, quoted: bool) -> None:
    for start, expected in (("", "{}: {}"), ("Cluster ", "Cluster {}: {}")):
        rows = [(start + str(n), name, *found) for n, (name, found) in enumerate(SETS.items())]
        if quoted:
            rows = [(id_, name, '"' + ", ".join(found) + '"') for id_, name, *found in rows]
        text = "".join(sign.join(row) + "\n" for row in rows)
        counted = "".join(sign.join((id_, f"12{n}", *rest)) + "\n" for n, (id_, *rest) in enumerate(rows))
        named = {expected.format(n, name): SETS[name] for n, name in enumerate(SETS)}
        assert genes(read(tmp_path, text)) == genes(read(tmp_path, counted)) == named


@pytest.mark.parametrize("value", [":3.2", ": 3.2"])
def test_label_with_a_comma_stands_before_genes_with_values(tmp_path: Path, value: str) -> None:
    named = dict(zip(("T cells, CD4", "B cells, naive", "Monocytes"), SETS.values(), strict=True))
    valued = {name: [gene + value for gene in found] for name, found in named.items()}
    assert genes(read(tmp_path, lines(": ", ", ", valued))) == named


# What has no sets of genes is refused as before, or read by its header.
REFUSED: dict[str, tuple[str, str, int | None]] = {
    "a gene a row": ("T cells\tCD3D\nT cells\tCD3E\nB cells\tMS4A1\n", "header-is-gene", 1),
    "gene map": ("ENSG00000167286\tCD3D\nENSG00000198851\tCD3E\n", "header-is-gene", 1),
    "genes of no known species": (lines("\t", "\t", FLY), "not-a-marker-table", 1),
}


NOTATIONS: dict[str, tuple[str, tuple[str, ...], int | None]] = {
    ">T cells\nexpressed: CD3D, CD3E\n\n>B\nexpressed: CD19\nnot expressed: CD3D\n": ("garnett-markers", (), None),
    ">B cells\nexpressed: CD19\n": ("garnett-markers", (), None),
    "markers = {'T cells': ['CD3D', 'CD3E'], 'B cells': ['CD19', 'MS4A1']}\n": ("program-code", (), None),
    'm <- list("T cells" = c("CD3D", "CD3E"), B = c("CD19"))\n': ("program-code", (), None),
    'list(T = c("CD3D", "CD3E"), B = c("CD19", "MS4A1"))\n': ("program-code", (), None),
    '$`T cells`\n[1] "CD3D" "CD3E"\n\n$B\n[1] "CD19"\n': ("r-list", (), None),
    "[T cells]\ngenes = CD3D, CD3E\n[B cells]\ngenes = CD19\n": ("ini-sections", (), None),
    '[0]\ngenes = ["CD3D", "CD3E"]\n': ("ini-sections", (), None),
    "T cells:\n  - CD3D\n  - CD3E\nB:\n  - CD19\n": ("yaml-lists", (), None),
    "---\nT cells:\n- CD3D\n- CD3E\n": ("yaml-lists", (), None),
    "markers:\n  T cells: [CD3D, CD3E]\n  B cells: [MS4A1, CD79A]\n": ("yaml-lists", (), None),
    '{"T": ["CD3D", "CD3E"]}\n': ("wrong-file-type", ("JSON",), None),
    '[\n {"cluster": "T", "gene": "CD3D"}\n]\n': ("wrong-file-type", ("JSON",), None),
    '["CD3D", "CD3E"]\n': ("wrong-file-type", ("JSON",), None),
    "| Cluster | Markers |\n|---|:---|\n| T cells | CD3D, CD3E |\n": ("markdown-table", (), None),
    lines(": ", ", ") + "Others: of the blood, mostly\n": ("set-without-genes", ("'of the blood, mostly'",), 4),
}


# Tables as pandas, R and tibble print them.
PRINTED: dict[str, tuple[str, ...]] = {
    "pandas": ("  cluster   gene", "0       T   CD3D", "1       T   CD3E", "2       B  MS4A1"),
    "pandas, cut": (
        "     cluster   gene",
        "0    T cells   CD3D",
        "..       ...    ...",
        "99   B cells  MS4A1",
        "[100 rows]",
    ),
    "pandas, wide": ("      0      1", "0  CD3D  MS4A1", "1  CD3E  CD79A"),
    "pandas, no index": ("cluster  gene  scores", "      T  CD3D    20.1", "     B1 MS4A1     9.5"),
    "pandas, single blanks": ("  cluster gene", "0 CD8- T CD3D", "1 CD8- T CD3E", "2 B cells MS4A1"),
    "R": ("  cluster  gene avg_log2FC", "1       0  CD3D   2.100000", "2       1 MS4A1   3.000000"),
    "R, row names": ("      p_val cluster  gene", "CD3D  1e-10       0  CD3D", "MS4A1 1e-10       1 MS4A1"),
    "tibble": ("# A tibble: 2 × 3", "  cluster gene", "  <fct>   <chr>", "1 0       CD3D", "2 1       MS4A1"),
}


@pytest.mark.parametrize("case", PRINTED)
def test_printed_tables_are_refused_with_how_to_save_them(tmp_path: Path, case: str) -> None:
    with raises("table-printed", "df.to_csv", "write.csv", path="markers.csv"):
        read(tmp_path, "\n".join(PRINTED[case]) + "\n")


@pytest.mark.parametrize("text", NOTATIONS)
def test_other_notations_are_named(tmp_path: Path, text: str) -> None:
    code, values, line = NOTATIONS[text]
    with raises(code, *values, path="markers.csv", line=line):
        read(tmp_path, text)


@pytest.mark.parametrize("case", REFUSED)
def test_other_files_without_a_header_are_refused(tmp_path: Path, case: str) -> None:
    with raises(REFUSED[case][1], path="markers.csv", line=REFUSED[case][2]):
        read(tmp_path, REFUSED[case][0])


@pytest.mark.parametrize(
    "text",
    [
        "CD4,CD14,NK\nCD3D,LYZ,GNLY\nIL7R,S100A8,NKG7\nCCR7,FCN1,KLRD1\n",
        "rank,CD4,CD14,NK\n1,CD3D,LYZ,GNLY\n2,IL7R,S100A8,NKG7\n3,CCR7,FCN1,KLRD1\n",
        ",CD4,CD14,NK\n0,CD3D,LYZ,GNLY\n1,IL7R,S100A8,NKG7\n2,CCR7,FCN1,KLRD1\n",
    ],
)
def test_a_header_of_clusters_like_genes_is_no_set(tmp_path: Path, text: str) -> None:
    try:
        assert list(genes(read(tmp_path, text))) == ["CD4", "CD14", "NK"]
    except UsageError as error:
        assert "looks like a row of genes" in str(error)


@pytest.mark.parametrize("value", [":3.2", " (log2FC=3.2)", " [HGNC:12]", "=2.5"])
def test_a_header_of_many_words_is_no_title(tmp_path: Path, value: str) -> None:
    rows = ["CD3D,LYZ,MS4A1", "IL7R,CD14,CD79A", "CD2,FCN1,CD19"]
    text = "CD4 T cells,CD14 Monocytes,B cells\n" + "".join(
        row.replace(",", value + ",") + value + "\n" for row in rows
    )
    found = {"CD4 T cells": ["CD3D", "IL7R", "CD2"], "CD14 Monocytes": ["LYZ", "CD14", "FCN1"]}
    assert genes(read(tmp_path, text)) == found | {"B cells": ["MS4A1", "CD79A", "CD19"]}


def test_problems_name_the_lines_of_the_file(tmp_path: Path) -> None:
    text = lines("\tna\t", "\t") + "\nEmpty\tna\nT cells\tna\tCD3D\n"
    with pytest.raises(InputProblems) as caught:
        read(tmp_path, text, "sets.gmt")
    found = problems(caught.value)
    assert found == [("cluster-without-genes", "sets.gmt", 5), ("cluster-in-several-rows", "sets.gmt", 6)]
    assert "cluster Empty" in str(caught.value)
    assert "cluster T cells was there before, in line 1" in str(caught.value)
