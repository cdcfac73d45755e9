"""Marker knowledge: the shipped table, a person's own, species, spellings and tissues."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cassia_engine.knowledge import Knowledge, genes, tables
from cassia_engine.knowledge.tissues import ANY, TissueTable
from cassia_engine.ontology import Ontology
from tests.raising import raises

HEADER = "species\ttissue\tcell_type\tcl_id\tgene\tsource\tweight"
DATA = Path(tables.__file__).parent.parent / "data"
SHIPPED = [line.split("\t") for line in (DATA / "markers.tsv").read_text().splitlines()[1:] if not line.startswith("#")]


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return write(tmp_path / "mine.tsv", HEADER, "Human\tkidney\tmy cell\t\tGENE1\tme\t3")


# --- the shipped table ---


@pytest.mark.parametrize(
    ("text", "near"),
    [
        *(("lng", "lung"), ("blod", "blood"), ("kidny", "kidney"), ("human lng", "lung"), ("Panceas", "pancreas")),
        *(("spaceship", ""), ("organoid", ""), ("nowhere", ""), ("leg", ""), ("in", ""), ("", "")),
    ],
)
def test_a_mistyped_tissue_has_a_word_near_it(text: str, near: str) -> None:
    assert TissueTable.load().nearest(text) == near


def test_every_shipped_type_is_a_current_term_with_its_label() -> None:
    ontology = Ontology.load()
    for cl_id, label, *_ in SHIPPED:
        assert ontology.label(cl_id) == label
        assert not ontology.deprecated(cl_id)


def test_every_shipped_type_names_a_gene_once() -> None:
    named = [(cl_id, gene.upper()) for cl_id, _, _, _, symbols, _ in SHIPPED for gene in symbols.split()]
    assert len(named) == len(set(named))


def test_every_shipped_row_has_a_known_tissue_a_species_and_a_source() -> None:
    known = {*TissueTable.load().near, ANY}
    for _, label, tissues, species, symbols, source in SHIPPED:
        assert set(tissues.split(", ")) <= known, label
        assert species in ("both", "mouse"), label
        assert symbols and source, label


def test_gene_aliases_are_no_present_symbols_themselves() -> None:
    pairs = [line.split("\t") for line in (DATA / "gene_aliases.tsv").read_text().splitlines()[1:]]
    assert not {old for old, _ in pairs} & {present for _, present in pairs}


def test_near_tissues_are_tissues() -> None:
    near = TissueTable.load().near
    assert frozenset().union(*near.values()) <= set(near)


# --- species ---


@pytest.mark.parametrize("name", ["human", "Human", "Homo sapiens", "homo_sapiens", " HUMAN "])
def test_takes_the_names_of_human(name: str) -> None:
    assert Knowledge.load(None, name).species == "human"


@pytest.mark.parametrize("name", ["mouse", "Mus musculus", "mus_musculus"])
def test_takes_the_names_of_mouse(name: str) -> None:
    assert Knowledge.load(None, name).species == "mouse"


HUMAN_WORDS = """
Humans; Homo sapiens (human); human (Homo sapiens); H. sapiens; hg19; hg38; GRCh37; GRCh38; GRCh38.p13
GRCh38-2020-A; grch38/hg38; refdata-gex-GRCh38-2024-A; T2T-CHM13; Human, adult; adult human; human fetal; 9606
NCBITaxon:9606; taxid:9606; Human (9606); healthy human donors; human cells; 人; ヒト; человек; Mensch; "human"
Ｈｕｍａｎ
"""
MOUSE_WORDS = """
mice; Mice; murine; mm9; mm10; mm39; GRCm38; GRCm39; GRCm38.p6; mm10-2020-A; refdata-gex-mm10-2020-A
mouse (C57BL/6); Mouse (Mus musculus); C57BL/6; C57BL/6J mice; C57Bl6; mouse C57BL/6N; Mus musculus C57BL/6J
BALB/c mice; mouse, BALB/c; 129S1; DBA/2J mouse; FVB/N mice; CD-1; Mus musculus (house mouse); house mouse
laboratory mouse; adult mice; mouse embryo; 10090; wild-type mice; 小鼠; マウス; мышь; Maus
"""


def phrases(text: str) -> list[str]:
    return [phrase for line in text.strip().splitlines() for phrase in line.split("; ")]


@pytest.mark.parametrize("name", phrases(HUMAN_WORDS))
def test_takes_words_for_human(name: str) -> None:
    assert genes.species_of(name) == "human"


@pytest.mark.parametrize("sample", ["PBMC", "peripheral blood", "bone marrow, adult", "10x"])
def test_takes_a_species_with_its_sample_in_brackets(sample: str) -> None:
    assert genes.species_of(f"human ({sample})") == "human"
    assert genes.species_of(f"Mus musculus [{sample}]") == "mouse"


@pytest.mark.parametrize("name", phrases(MOUSE_WORDS))
def test_takes_words_for_mouse(name: str) -> None:
    assert genes.species_of(name) == "mouse"


OTHERS = (
    *("non-human primate", "human and mouse", "human/mouse", "human-mouse chimera", "humanized mouse", "mouse lemur"),
    *(
        "deer mouse",
        "spiny mouse",
        "naked mole-rat",
        "rat",
        "rn6",
        "mm100",
        "hg3",
        "GRCz11",
        "macaque",
        "大鼠",
        "Mus spretus",
    ),
    *("hg38 + mm10", "mouse (human genes)", "unknown", "none"),
)


@pytest.mark.parametrize("name", OTHERS)
def test_words_that_may_mean_another_species_are_refused(name: str) -> None:
    with raises("species-not-offline", "human"):
        genes.species_of(name)


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("humam", "human"),
        ("Mouze", "mouse"),
        ("homo sapien s", "Homo sapiens"),
        ("rat", ""),
        ("mouse lemur", ""),
        ("", ""),
    ],
)
def test_a_mistyped_species_is_told_the_nearest_one(name: str, near: str) -> None:
    with raises("species-not-offline", "provider") as raised:
        genes.species_of(name)
    assert re.findall(r"did you mean ([^?]*)\?", str(raised.value)) == [near] * bool(near)


@pytest.mark.parametrize("name", ["zebrafish", "", "Danio rerio"])
def test_refuses_another_species_and_says_which_it_knows(name: str) -> None:
    with raises("species-not-offline", name, "human (Homo sapiens) and mouse (Mus musculus)"):
        Knowledge.load(None, name)


def test_translates_between_species() -> None:
    assert genes.translate("CD8B", "human", "mouse") == ("CD8B1",)
    assert "CD8B" in genes.translate("Cd8b1", "mouse", "human")
    assert genes.translate("CD8B", "human", "human") == ("CD8B",)


def test_a_gene_without_ortholog_keeps_its_symbol() -> None:
    assert genes.translate("LINC02446", "human", "mouse") == ("LINC02446",)


@pytest.mark.parametrize(
    ("spelling", "symbol"),
    [("cd79a", "CD79A"), ("SEPP1", "SELENOP"), ("HLA.DRA", "HLA-DRA"), ("GRCh38_CD3D", "CD3D"), (" GNLY ", "GNLY")],
)
def test_reads_the_usual_spellings(spelling: str, symbol: str) -> None:
    assert symbol in genes.spellings(spelling)


# --- tissues ---


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("PBMC", {"blood"}),
        ("peripheral blood", {"blood"}),
        ("Large Intestine", {"intestine"}),
        ("colon", {"intestine"}),
        ("Colon (ascending)", {"intestine"}),
        ("human fetal skin", {"skin"}),
        ("lungs", {"lung"}),
        ("renal cortex", {"kidney"}),
        ("adrenal cortex", {"adrenal"}),
        ("motor cortex", {"brain"}),
        ("bone marrow", {"bone marrow"}),
        ("blood and bone marrow", {"blood", "bone marrow"}),
        ("B cell lymphoma", {"lymph node"}),
    ],
)
def test_reads_free_text_about_a_tissue(text: str, names: set[str]) -> None:
    found = TissueTable.load().read(text)
    assert found.named == names
    assert found.known


@pytest.mark.parametrize("text", ["none", "", "None", "whole body", "N/A", "unknown"])
def test_no_tissue_is_understood_as_such(text: str) -> None:
    found = TissueTable.load().read(text)
    assert not found.named
    assert found.known


@pytest.mark.parametrize(
    "text", ["кровь", "血液", "末梢血", "혈액", "αίμα", "دم", "foie", "sangre periférica", "œil", "12"]
)
def test_a_tissue_in_another_script_or_language_is_told(text: str) -> None:
    found = TissueTable.load().read(text)
    assert (found.known, found.named) == (False, frozenset())


def test_a_tissue_that_is_named_beside_other_words_is_known() -> None:
    assert TissueTable.load().read("血液 (blood)").named == {"blood"}
    assert TissueTable.load().read("ｌｕｎｇ").named == {"lung"}


@pytest.mark.parametrize("text", ["kryptonite", "?!", "Gewebe", "boneless"])
def test_an_unknown_tissue_is_told(text: str) -> None:
    assert TissueTable.load().read(text).known is (text == "?!")


# --- a person's own table ---


def test_own_rows_are_added_to_the_shipped_ones(table: Path) -> None:
    shipped, both = Knowledge.load(None, "human"), Knowledge.load(table, "human")
    assert len(both.profiles) == len(shipped.profiles) + 1
    assert (both.profiles[-1].label, both.profiles[-1].weights) == ("my cell", {"GENE1": 3.0})
    assert "mine.tsv (1 row)" in both.description
    assert str(table.parent) not in both.description


def test_own_rows_of_a_shipped_type_join_it(tmp_path: Path) -> None:
    rows = ["Human\tmy organ\tT cell\tCL:0000084\tGENE1\tme\t1", "Human\tmy organ\tT cell\tCL:0000084\tCD3D\tme\t2"]
    profiles = Knowledge.load(write(tmp_path / "t.tsv", HEADER, *rows), "human").profiles
    t_cell = next(p for p in profiles if p.cl_id == "CL:0000084")
    assert (t_cell.weights["GENE1"], t_cell.weights["CD3D"]) == (1.0, tables.SHIPPED_WEIGHT + 2)
    assert "my organ" in t_cell.tissues


def test_own_rows_without_an_id_join_the_type_of_that_name(tmp_path: Path) -> None:
    path = write(tmp_path / "t.tsv", HEADER, "Human\tblood\tt lymphocyte\t\tGENE1\tme\t1")
    both = Knowledge.load(path, "human").profiles
    assert len(both) == len(Knowledge.load(None, "human").profiles)
    assert "GENE1" in next(p for p in both if p.cl_id == "CL:0000084").weights


def test_own_columns_may_stand_in_any_order_beside_others(tmp_path: Path) -> None:
    path = write(
        tmp_path / "t.tsv",
        "gene\tweight\tnote\tspecies\ttissue\tcell_type\tcl_id\tsource",
        "GENE1\t0.5\thm\tMouse\tlung\tmy cell\t\tme",
        "",
        "# a remark",
    )
    assert Knowledge.load(path, "mouse").profiles[-1].weights == {"GENE1": 0.5}


@pytest.mark.parametrize(
    ("row", "code", "values"),
    [
        ("Human\tlung\tX\tCL:1\tG\tme\t1", "knowledge-cl-id", ("'CL:1'",)),
        ("Human\tlung\tX\t\tG\tme\tmany", "knowledge-weight", ("'many'", "0.001 to 1000")),
        ("Human\tlung\tX\t\tG\tme\tnan", "knowledge-weight", ("'nan'",)),
        ("Human\tlung\tX\t\tG\tme\t0", "knowledge-weight", ("'0'",)),
        ("Human\tlung\tX\t\tG\tme\t1e308", "knowledge-weight", ("'1e308'",)),
        ("Human\tlung\t\t\tG\tme\t1", "knowledge-field-empty", ("column cell_type",)),
        ("Human\tlung\tX\t\t \tme\t1", "knowledge-field-empty", ("column gene",)),
        ("Rat\tlung\tX\t\tG\tme\t1", "knowledge-species", ("'Rat'", "human, mouse")),
        ("Human\tlung\tX\tG", "knowledge-field-count", ("4 fields", "7")),
    ],
)
def test_a_bad_row_is_named_with_its_line_and_remedy(
    tmp_path: Path, row: str, code: str, values: tuple[str, ...]
) -> None:
    path = write(tmp_path / "t.tsv", HEADER, "Human\tlung\tX\t\tG\tme\t1", row)
    with raises(code, *values, path=path, line=3):
        Knowledge.load(path, "human")


def test_missing_columns_are_named_with_those_found(tmp_path: Path) -> None:
    path = write(tmp_path / "t.tsv", "gene\tcell_type", "G\tX")
    with raises("knowledge-column-missing", "species, tissue", "gene, cell_type", path=path, line=1):
        Knowledge.load(path, "human")


@pytest.mark.parametrize(("separator", "name"), [(",", "commas"), (";", "semicolons")])
def test_a_table_with_other_separators_than_tabs_is_told_first(tmp_path: Path, separator: str, name: str) -> None:
    path = write(tmp_path / "t.csv", HEADER.replace("\t", separator), "Human\tlung\tX\t\tG\tme\t1")
    with raises("knowledge-not-tabs", f"fields are separated by {name}", path=path, line=1):
        Knowledge.load(path, "human")


@pytest.mark.parametrize(
    ("content", "code", "line"),
    [
        (None, "knowledge-unreadable", None),
        (b"", "knowledge-column-missing", 1),
        (HEADER.encode(), "knowledge-empty", 1),
        (b"\xff\xfe\x00", "knowledge-not-utf8", None),
        (b"PK\x03\x04\x00\x00", "knowledge-column-missing", 1),
    ],
)
def test_an_unreadable_table_is_one_line(tmp_path: Path, content: bytes | None, code: str, line: int | None) -> None:
    path = tmp_path / "t.tsv"
    if content is not None:
        path.write_bytes(content)
    with raises(code, path=path, line=line):
        Knowledge.load(path, "human")


def test_a_folder_is_no_table(tmp_path: Path) -> None:
    with raises("knowledge-unreadable", path=tmp_path):
        Knowledge.load(tmp_path, "human")
