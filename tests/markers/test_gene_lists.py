"""Lists of genes in a cell, as people type them and as R and Python write them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cassia_engine.markers.lists.gene_lists import parse_genes
from tests.genes.test_gene_names import SYMBOLS, labels, read_case
from tests.markers.test_markers import genes, read
from tests.raising import raises

GENES = ["CD3D", "LDHB", "HLA-DRA", "MT-CO1", "H2-Ab1", "RP11-34P13.7", "S100A8", "IL2RA"]
Notation = Callable[[Sequence[str]], str]


def joined(text: str, before: str = "", behind: str = "") -> Notation:
    return lambda some: before + text.join(some) + behind


def each(form: str, between: str = ", ") -> Notation:
    return lambda some: between.join(form.format(gene, number) for number, gene in enumerate(some, 1))


NOTATIONS: dict[str, Notation] = {
    **{
        f"between {text!r}": joined(text)
        for text in (",", ", ", ";", "|", " | ", "/", " / ", " ", "  ", "\t", "\n", "\r\n")
    },
    **{
        f"between {text!r}": joined(text)
        for text in ("，", "、", "；", " • ", "·", " ▪ ", "‣", " > ", " & ", " + ", " -> ", "\\n")
    },
    "R": joined('", "', 'c("', '")'),
    "R list": joined('", "', 'list("', '")'),
    "Python": lambda some: str(list(some)),
    "tuple": lambda some: str(tuple(some)),
    "JSON": joined('","', '["', '"]'),
    "index": lambda some: f"Index({list(some)}, dtype='object')",
    "named index": lambda some: f"Index({list(some)}, dtype='object', name='names', length={len(some)})",
    "array": lambda some: f"array({list(some)}, dtype=object)",
    "NumPy": lambda some: "[" + " ".join(map(repr, some)) + "]",
    "NumPy in lines": lambda some: "[" + "\n ".join(map(repr, some)) + "]",
    "mapping": lambda some: str(dict.fromkeys(some, 3.2)),
    "bullets": joined("\n• ", "• "),
    "dashes": joined("\n- ", "- "),
    "plus": each("{}+"),
    "superscript plus": each("{}⁺"),
    "value": each("{}:3.2"),
    "whole value": each("{}:3"),
    "value after a blank": each("{}: 3.2"),
    "value in brackets": each("{} (3.21)"),
    "decimal comma in brackets": each("{} (3,21)"),
    "statistics in brackets": each("{} (log2FC=3.2, p=1e-10)"),
    "value in brackets, blanks between": each("{} (3.21)", " "),
    "equals": each("{}=3.2"),
    "equals with decimal comma": each("{}=3,2", "; "),
    "percent": each("{} (95%)"),
    "value behind a blank": each("{} 3.21"),
    "numbered": each("{1}. {0}"),
    "numbered lines": each("{1}. {0}", "\n"),
    "numbered with a bracket": each("{1}) {0}"),
    "numbered, blanks between": each("{1}. {0}", " "),
    "backticks": each("`{}`"),
    "typographic quotes": each("“{}”"),
    "ends with a comma": joined(", ", "", ","),
}


@pytest.mark.parametrize("notation", NOTATIONS.values(), ids=NOTATIONS)
def test_every_notation_has_the_same_genes(notation: Notation) -> None:
    assert list(parse_genes(notation(GENES)).genes) == GENES


@settings(max_examples=60, deadline=None)
@given(
    some=st.lists(st.sampled_from(SYMBOLS), min_size=3, max_size=30, unique=True),
    name=st.sampled_from(sorted(NOTATIONS)),
)
def test_lists_of_real_genes_in_random_notations(some: list[str], name: str) -> None:
    assert list(parse_genes(NOTATIONS[name](some)).genes) == some


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("S100A8/A9", ["S100A8/A9"]),
        ("S100A8/A9, CD14", ["S100A8/A9", "CD14"]),
        ("HLA-A/B/C", ["HLA-A/B/C"]),
        *(
            (sign.join(GENES[:4]), GENES[:4])
            for sign in ("—", "~", "^", "&", "_", ":", "::", "*", "#", "=", "، ", "؛", "।")
        ),
        *((sign.join(GENES[:4]), GENES[:4]) for sign in (" — ", " /// ", " ! ", "・")),
        ("CD3D^CD3E", ["CD3D", "CD3E"]),
        ("CD3D_CD3D", ["CD3D_CD3D"]),
        ("GRCh38_CD3D_1", ["GRCh38_CD3D_1"]),
        ("HLA-DRB1*04:01", ["HLA-DRB1*04:01"]),
        ("chr1_1000_2000", ["chr1_1000_2000"]),
        ("CD3D (ENSG00000167286)", ["CD3D"]),
        ("CD3D/CD3E", ["CD3D", "CD3E"]),
        ("CD16/32", ["CD16/32"]),
        ("CD3D, CD3E, CD6 [12,13]", ["CD3D", "CD3E", "CD6"]),
        ("CD3D [1], CD6 [12-14].", ["CD3D", "CD6"]),
        ("e.g. CD3D, CD3E", ["CD3D", "CD3E"]),
        ("Expresses CD3D, CD3E", ["CD3D", "CD3E"]),
        ("CD3D, CD27hi, CD14bright", ["CD3D", "CD27", "CD14"]),
        ("CD3D, CD3E; excluded: EPCAM, KRT8", ["CD3D", "CD3E"]),
        ("CD3D, CD3E, ... (3 more)", ["CD3D", "CD3E"]),
        ("tin eve Mef2 svp lbe", ["tin", "eve", "Mef2", "svp", "lbe"]),
        ("elav nSyb brp", ["elav", "nSyb", "brp"]),
        ("several immune populations together", ["several immune populations together"]),
        ("these are T2 cells", ["these are T2 cells"]),
        ("repo/Gs2/alrm/moody/Eaat1/wun2", ["repo", "Gs2", "alrm", "moody", "Eaat1", "wun2"]),
        ("HLA-DRB1*04:01", ["HLA-DRB1*04:01"]),
        ("ENSG00000167286|CD3D", ["ENSG00000167286|CD3D"]),
        ("ENSG00000167286|CD3D ENSG00000198851|CD3E", ["ENSG00000167286|CD3D", "ENSG00000198851|CD3E"]),
        ("CD3D|CD3D-P", ["CD3D|CD3D-P"]),
        ("chr1:0-500, chr1:600-700", ["chr1:0-500", "chr1:600-700"]),
        ("HGNC:1, HGNC:2", ["HGNC:1", "HGNC:2"]),
        ("931,973", ["931", "973"]),
        ("7SK, 5S_rRNA, 5-HT", ["7SK", "5S_rRNA", "5-HT"]),
        ("NKX2-5, CD3-1", ["NKX2-5", "CD3-1"]),
        ("[]CD79A", ["CD79A"]),
        ("CD45RA+CCR7+", ["CD45RA", "CCR7"]),
        ("character(0)", []),
        ("[]", []),
        ("please answer with B cell", ["please answer with B cell"]),
    ],
)
def test_what_is_one_gene_and_what_is_none(cell: str, expected: list[str]) -> None:
    assert list(parse_genes(cell).genes) == expected


@pytest.mark.parametrize("between", ["|", ",", "\t", " | "])
@pytest.mark.parametrize("id_first", [True, False])
def test_list_of_symbols_and_ids_in_turn_names_each_gene_once(tmp_path: Path, between: str, id_first: bool) -> None:
    ids = {"T": [f"ENSG0000016728{n}" for n in range(3)], "B": [f"ENSG0000016729{n}.4" for n in range(3)]}
    symbols = {"T": ["CD3D", "CD3E", "LINC00861"], "B": ["MS4A1", "CD79A", ids["B"][2]]}
    text = "cluster,genes\n"
    for cluster, some in symbols.items():
        pairs = [(id_, gene) if id_first else (gene, id_) for id_, gene in zip(ids[cluster], some, strict=True)]
        text += f'{cluster},"{between.join(part for pair in pairs for part in pair)}"\n'
    assert genes(read(tmp_path, text)) == symbols


def test_ids_among_symbols_that_are_no_pairs_stay(tmp_path: Path) -> None:
    text = 'cluster,genes\nT,"CD3D,ENSG00000167286,CD3E,ENSG00000167287"\nB,"MS4A1|CD79A|CD19|ENSG00000167288"\n'
    assert genes(read(tmp_path, text)) == {
        "T": ["CD3D", "ENSG00000167286", "CD3E", "ENSG00000167287"],
        "B": ["MS4A1", "CD79A", "CD19", "ENSG00000167288"],
    }


@pytest.mark.parametrize(
    "cell", ["CD3D+, CD8A-", "CD3D (2.1), CD8A (-1.2)", "CD3D+CD8A-", "CD3D, CD8A neg", "CD3D:1;CD8A:-2"]
)
def test_genes_that_are_not_expressed_are_left_out_and_counted(
    tmp_path: Path, cell: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert genes(read(tmp_path, f'cluster,genes\nT,"{cell}"\nB,"MS4A1, CD79A"\n'))["T"] == ["CD3D"]
    assert "line 2: 1 genes have a minus sign or a value below 0" in caplog.text
    assert "the first is CD8A" in caplog.text


def test_list_that_was_cut_off_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert genes(read(tmp_path, "cluster,genes\nT,\"['CD3D' 'CD3E' ... 'CD2']\"\nB,MS4A1\n"))["T"] == [
        "CD3D",
        "CD3E",
        "CD2",
    ]
    assert 'line 2: 1 lists were cut off with "..."' in caplog.text


@pytest.mark.parametrize("name", ["pipe", "slash", "cjk", "rlist", "index", "plus", "fc", "dot"])
def test_case_tables_of_lists(name: str) -> None:
    table = read_case(f"two_{name}.csv")
    assert [len(cluster.genes) for cluster in table.clusters] == [20] * 4
    assert table.clusters[0].genes[:3] == ["CD3D", "LDHB", "CD3E"]
    assert labels(table) == labels(read_case("base_seurat.csv"))


def test_text_that_is_no_list_is_refused_in_a_line(tmp_path: Path) -> None:
    text = "cluster,genes\n" + "".join(f"{i},{'%'.join(SYMBOLS[i : i + 20])}\n" for i in range(4))
    with raises("column-without-genes", "column genes", path="markers.csv"):
        read(tmp_path, text)


def test_clusters_of_one_gene_are_refused(tmp_path: Path) -> None:
    text = "cluster,genes\n" + "".join(f"c{i},{gene}\n" for i, gene in enumerate(SYMBOLS[:12]))
    with raises("clusters-of-one-gene", "12 of 12", path="markers.csv"):
        read(tmp_path, text)
