"""How many genes are known of the species: warned of or refused before anything is spent; ids are named."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from cassia_engine.genes.ids import id_kind
from cassia_engine.knowledge.genes import ortholog_pairs
from cassia_engine.markers import read_markers
from cassia_engine.settings import SplitSettings
from tests.command import cassia
from tests.genes.test_gene_names import CASES, SYMBOLS
from tests.markers.test_markers import genes
from tests.raising import raises

pytestmark = pytest.mark.usefixtures("command_line")

WITH_MAP = "give a table of id and symbol with --gene_map"
NEAREST = "give gene activity scores, or the genes nearest to the peaks"
PROBES = "give the symbols of the array's annotation, or a table of id and symbol with --gene_map"
IDS = {
    "Ensembl ids": (
        "ENSG00000156738 ENSG00000156739.3 ENSMUSG00000024673 ENSDARG00000012345 ENSG00000156738_5",
        WITH_MAP,
    ),
    "FlyBase ids": ("FBgn0000001 FBgn0000002", WITH_MAP),
    "WormBase ids": ("WBGene00000001 WBGene00000002", WITH_MAP),
    "HGNC ids": ("HGNC:1 HGNC:22", WITH_MAP),
    "MGI ids": ("MGI:97 MGI:1234", WITH_MAP),
    "RGD ids": ("RGD:97 RGD:1234", WITH_MAP),
    "ZFIN ids": ("ZDB-GENE-030131-1 ZDB-GENE-030131-22", WITH_MAP),
    "RefSeq accessions": ("NM_000001 NM_000002.4 NR_000003 XM_000004.1", WITH_MAP),
    "TAIR locus ids": ("AT1G01010 AT5G12345 ATMG00010 At2g01010.1", WITH_MAP),
    "systematic names of yeast genes": ("YAL001C YDR524C-B YBR020W", WITH_MAP),
    "NCBI Gene ids": ("GeneID:915 GeneID:930", WITH_MAP),
    "peaks": ("chr1-0-500 chr1:0-500 chrX_100_200 1:100-200 GL000194.1-55758-56597 chr1.100.200", NEAREST),
    "probe ids": ("200000_s_at 1007_at ILMN_1343291 A_23_P117082", PROBES),
    "UniProt accessions": ("P01730 Q9H0U4 A0A024R1X5", WITH_MAP),
}


@pytest.mark.parametrize(("kind", "ids", "remedy"), [(kind, *found) for kind, found in IDS.items()])
def test_ids_are_named_and_refused_with_advice(tmp_path: Path, kind: str, ids: str, remedy: str) -> None:
    path = tmp_path / "m.csv"
    for prefix in ("", "GRCh38_"):
        names = [prefix + name for name in ids.split()]
        path.write_text("cluster,gene\n" + "".join(f"T,{name}\nB,{name}\n" for name in names))
        with raises("genes-are-ids", f"{kind} ({min(ids.split())})", remedy, path=path):
            read_markers(path, species="human")


def test_no_symbol_is_taken_for_an_id() -> None:
    assert [symbol for pair in ortholog_pairs() for symbol in pair if id_kind([symbol])] == []


def test_ids_go_on_where_that_is_allowed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    table = read_markers(CASES / "ens_fly.csv", SplitSettings(allow_unknown_genes=True), "fly")
    assert table.clusters[0].genes[0] == "FBgn0000000"
    assert "genes are FlyBase ids (FBgn0000000), annotation needs symbols; they go on" in caplog.text


def write(path: Path, names: list[str]) -> Path:
    half = len(names) // 2
    path.write_text(f'cluster,genes\nA,"{",".join(names[:half])}"\nB,"{",".join(names[half:])}"\n')
    return path


UNKNOWN = [f"BLORP{letter}" for letter in "ABCDEFGHIJKLMNOPQRST"]


def test_hardly_any_known_gene_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "m.csv", [*UNKNOWN, "CD3D"])
    with raises(
        "genes-unknown",
        "1 of 21",
        "human",
        "BLORPA, BLORPB, BLORPC, BLORPD, BLORPE, ...",
        "--allow_unknown_genes",
        path=path,
    ):
        read_markers(path, species="Homo sapiens")


def test_command_refuses_before_anything_is_asked_and_goes_on_if_allowed(tmp_path: Path) -> None:
    path = write(tmp_path / "m.csv", UNKNOWN)
    run: list[str | Path] = ["run", path, "--outdir", tmp_path, "--tissue", "blood", "--species", "human"]
    done = cassia(*run, "--provider", "ollama", "--base_url", "http://127.0.0.1:9")
    assert done.returncode == 2 and "error: " in done.stderr and "0 of 20 genes are known human genes" in done.stderr
    assert cassia(*run, "--allow_unknown_genes").returncode == 0


def test_few_known_genes_are_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = write(tmp_path / "m.csv", [*UNKNOWN, *SYMBOLS[:10]])
    assert list(genes(read_markers(path, species="human"))) == ["A", "B"]
    assert f"{path}: " in caplog.text and " of 30 genes are known human genes (not BLORPA" in caplog.text


@pytest.mark.parametrize("species", ["zebrafish", None])
def test_of_other_species_nothing_is_demanded(
    tmp_path: Path, species: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    assert genes(read_markers(write(tmp_path / "m.csv", UNKNOWN), species=species))["A"] == UNKNOWN[:10]
    assert "known" not in caplog.text


def test_symbols_of_the_other_species_are_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    read_markers(CASES / "base_seurat.csv", species="mouse")
    assert "genes are written like human symbols (CD3D" in caplog.text
    assert "but the species is mouse; if that is wrong, results are too: give --species human" in caplog.text
    caplog.clear()
    mouse = write(tmp_path / "m.csv", ["Cd3d", "Cd3e", "Cd79a", "Ms4a1", "Ly6d", "Nkg7", "Ncr1"])
    read_markers(mouse, species="human")
    assert "genes are written like mouse symbols (Cd3d, Cd3e" in caplog.text


def test_plain_tables_are_not_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        read_markers(CASES / "base_seurat.csv", species="human")
    assert "known" not in caplog.text and "written" not in caplog.text


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ("CG1000 CG1001 CR44502", "annotation ids of FlyBase: give a table of id and symbol"),
        ("F10C1.1 Y74C9A.3 ZK1234.5a", "sequence names of WormBase: give a table of id and symbol"),
        ("MSTRG.1.1 MSTRG.20.3 MSTRG.7", "transcripts of StringTie: give a table of id and symbol"),
        ("chr1-0-500_CD3D chr1:1000-1500:CD3E chrX-1-2_TRAC", "peaks with a gene: give the genes alone"),
        ("ACGTACGTACGTACGT-0 ACGTACGTACGTACGG-1 CCGTACGTACGTACGT-1", "barcodes of cells: give the column of genes"),
    ],
)
def test_what_unknown_genes_look_like_is_said(tmp_path: Path, names: str, said: str) -> None:
    path = tmp_path / "markers.csv"
    path.write_text("cluster,gene\n" + "".join(f"{n % 2},{name}\n" for n, name in enumerate(names.split() * 2)))
    with raises("genes-unknown", said, path=path):
        read_markers(path, species="human")
    read_markers(path, species="zebrafish")


def test_entrez_ids_with_a_prefix_are_named(tmp_path: Path) -> None:
    path = tmp_path / "markers.csv"
    path.write_text("cluster,gene\n0,entrez:900\n0,entrez:901\n1,entrez:915\n1,entrez:930\n")
    with raises("genes-are-ids", "NCBI Gene ids (entrez:900)", path=path):
        read_markers(path, species="human")
