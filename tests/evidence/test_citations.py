"""Genes as models cite them: the listed gene inside is taken, and one that is not listed never is."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from cassia_engine.evidence import GeneList
from cassia_engine.records import SetAside
from tests.factories import cluster

GENES: tuple[str, ...] = (
    "CD3D",
    "CD3E",
    "S100A8",
    "S100A9",
    "FCGR3A",
    "MKI67",
    "MS4A1",
    "HLA-DRA",
    "HLA-DPA1",
    "HLA-DPB1",
    "CD8A",
)
GENES += ("GZMA", "GZMB", "KRT8", "KRT18", "PDCD1", "IL7R", "NKX2-1", "PTPRC", "SET", "Cd79a")
LIST = GeneList(replace(cluster(genes=GENES), set_aside=(SetAside("ribosomal", ("RPS27",)),)))

ONE_GENE = (
    """
CD3D|**CD3D**|`CD3D`|***CD3D***|_CD3D_|__CD3D__|~~CD3D~~|"CD3D"|'CD3D'|“CD3D”|<b>CD3D</b>|<i>CD3D</i>|<sup>CD3D</sup>
CD3D&nbsp;|&quot;CD3D&quot;|[CD3D](https://example.org/CD3D)|\\textit{CD3D}|$CD3D$|CD3D+|CD3D++|CD3D<sup>+</sup>|CD3D⁺
CD3D^+|CD3D high|CD3D hi|CD3Dhigh|CD3D-high|CD3D-positive|CD3D positive|CD3D low|CD3D.|CD3D,|CD3D;|CD3D:|CD3D!
CD3D: T cell marker|CD3D - T cell marker|CD3D — T cells|CD3D -> T cell|CD3D = 5.2|CD3D: 5.2|CD3D=5.2|CD3D 5.2|CD3D (5.2)
CD3D (CD3 delta)|CD3D (marker)|CD3D [T cell]|CD3D (log2FC 4.1, pct 0.9)|CD3D/X|CD3D|1. CD3D|1) CD3D|(1) CD3D|#1 CD3D
- CD3D|* CD3D|• CD3D|1. **CD3D**|- `CD3D`|gene CD3D|Gene: CD3D|marker (CD3D)|human CD3D|CD3D gene|CD3D mRNA
CD3D\u200b|ＣＤ３Ｄ|cd3d|GRCh38_CD3D|CD3D (not in B cells)|strong CD3D signal|T cells (CD3D)
ENSG00000167286 (CD3D)|CD3D (ENSG00000167286)|CD3D|T cell receptor complex: CD3D
(CD3D)|[CD3D]|{CD3D}|\\(CD3D\\)|{\\it CD3D}|[CD3D][1]|CD3D[^1]|CD3D¹|CD3D^1|CD3D†|CD3D ↑|↑CD3D|CD3D↑↑|CD3D🔥|✅ CD3D
CD3D^high|$\\mathrm{CD3D}^{+}$|CD3D‐high|CD3D–high|CD3D<br/>T cell|==CD3D==|@CD3D|#CD3D|CD3D%|CD3D-CD3D|['CD3D']
ENSG00000167286_CD3D|CD3D_ENSG00000167286|CD3D|CD3 delta|CD3-delta|CD3delta|CD3δ
""".replace("\n", "|")
    .strip("|")
    .split("|")
)


@pytest.mark.parametrize("text", ONE_GENE)
def test_markup_and_remarks_are_left_out(text: str) -> None:
    assert (LIST.listed([text]), LIST.missing([text])) == (("CD3D",), ()), text


@pytest.mark.parametrize(
    ("text", "listed"),
    [
        ("CD3D/CD3E", "CD3D CD3E"),
        ("CD3D, CD3E and CD8A", "CD3D CD3E CD8A"),
        ("CD3D (delta)/CD3E (epsilon)", "CD3D CD3E"),
        ("CD3D+CD3E+", "CD3D CD3E"),
        ("CD3D|CD3E", "CD3D CD3E"),
        ("CD3D & CD3E", "CD3D CD3E"),
        ("**CD3D**, **CD3E**", "CD3D CD3E"),
        ("S100A8/A9", "S100A8 S100A9"),
        ("S100A8/9", "S100A8 S100A9"),
        ("CD3D/E", "CD3D CD3E"),
        ("GZMA/B", "GZMA GZMB"),
        ("S100A8/-A9", "S100A8 S100A9"),
        ("S100A8-9", "S100A8 S100A9"),
        ("S100A8–A9", "S100A8 S100A9"),
        ("S100A(8/9)", "S100A8 S100A9"),
        ("S100A{8,9}", "S100A8 S100A9"),
        ("calprotectin (S100A8/A9)", "S100A8 S100A9"),
        ("HLA-DPA1, -DPB1", "HLA-DPA1 HLA-DPB1"),
        ("CD3D-CD3E", "CD3D CD3E"),
        ("CD3D CD3E", "CD3D CD3E"),
        ("CD3D und CD3E", "CD3D CD3E"),
        ("CD3D、CD3E和CD8A", "CD3D CD3E CD8A"),
        ("CD3D > CD3E", "CD3D CD3E"),
        ("1. CD3D 2. CD3E", "CD3D CD3E"),
        ("['CD3D', 'CD3E']", "CD3D CD3E"),
        ("CD3 (CD3D, CD3E)", "CD3D CD3E"),
        ("CK8/18", "KRT8 KRT18"),
        ("cytokeratin 8", "KRT8"),
        ("KRT18/8", "KRT18 KRT8"),
        ("HLA-DPA1/DPB1", "HLA-DPA1 HLA-DPB1"),
        ("HLA-DPA1/B1", "HLA-DPA1 HLA-DPB1"),
        ("HLA_DRA", "HLA-DRA"),
        ("HLA.DRA", "HLA-DRA"),
        ("HLA-DR", "HLA-DRA"),
        ("FCGR3A (CD16)", "FCGR3A"),
        ("CD16 (FCGR3A)", "FCGR3A"),
        ("CD20", "MS4A1"),
        ("CD20+", "MS4A1"),
        ("Ki-67", "MKI67"),
        ("**Ki67**", "MKI67"),
        ("MKI67 (Ki-67)", "MKI67"),
        ("PD-1", "PDCD1"),
        ("IL-7R", "IL7R"),
        ("IL7Rα", "IL7R"),
        ("CD3ε", "CD3E"),
        ("CD45 (PTPRC)", "PTPRC"),
        ("NKX2-1", "NKX2-1"),
        ("CD79A", "Cd79a"),
        ("CD79A (CD79a)", "Cd79a"),
    ],
)
def test_several_genes_short_forms_and_other_names(text: str, listed: str) -> None:
    assert (LIST.listed([text]), LIST.missing([text])) == (tuple(listed.split()), ()), text


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("**CD19**", "CD19"),
        ("CD19 (B cell marker)", "CD19"),
        ("CD19 (CD3D)", "CD19"),  # the bracket explains CD19, which is a symbol of its own
        ("CD19: unlike CD3D", "CD19"),
        ("no CD3D", "no CD3D"),
        ("CD3D negative", "CD3D negative"),
        ("CD3D-", "CD3D-"),
        ("CD3D (negative)", "CD3D (negative)"),
        ("CD3D (-)", "CD3D (-)"),
        ("lack of CD3D", "lack of CD3D"),
        ("CD3D: absent", "CD3D: absent"),
        ("missing CD3D", "missing CD3D"),
        ("CD3D undetectable", "CD3D undetectable"),
        ("CD3D-AS1", "CD3D-AS1"),
        ("CD3DX", "CD3DX"),
        ("XCD3D", "XCD3D"),
        ("set of genes", "set of genes"),
        ("a T cell programme", "a T cell programme"),
        ("", ""),
        ("...", "..."),
        ("*", "*"),
    ],
)
def test_what_is_not_listed_is_not_accepted(text: str, missing: str) -> None:
    assert (LIST.listed([text]), LIST.missing([text])) == ((), (missing,))


def test_a_protein_of_several_genes_counts_where_one_is_listed() -> None:
    assert GeneList(cluster(genes=["CD8A", "CD3D"])).listed(["CD3", "CD3 complex"]) == ("CD3D",)
    assert GeneList(cluster(genes=["CD8A", "GNLY"])).missing(["CD3"]) == ("CD3",)


def test_an_unlisted_gene_beside_a_listed_one_is_still_unsupported() -> None:
    for text in ("CD3D/CD19", "CD19/CD3D", "CD3D, CD19"):
        assert (LIST.listed([text]), LIST.missing([text])) == (("CD3D",), ("CD19",))
    assert LIST.missing(["CD3D CD19"]) == ("CD19",)
    assert GeneList(cluster(genes=["CD3E"])).missing(["CD3 delta"]) == ("CD3",), "not another chain of CD3"
    assert LIST.missing(["S100A8/A12"]) == ("S100A12",)


def test_genes_that_were_set_aside_are_found_in_markup_too() -> None:
    assert LIST.set_aside(["**RPS27**", "RPS27 (ribosomal)"]) == ("RPS27",)
    assert LIST.missing(["**RPS27**"]) == ()
