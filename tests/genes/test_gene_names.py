"""Gene names that tools decorate, number and join: the same genes and labels, said in a line, or a refusal."""

from __future__ import annotations

import csv
import json
import logging
import re
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cassia_engine.errors import UsageError
from cassia_engine.genes.gene_names import learn
from cassia_engine.genes.technical import is_technical
from cassia_engine.markers import MarkerTable, read_markers
from cassia_engine.offline import open_annotator
from cassia_engine.records import Dataset
from cassia_engine.settings import SplitSettings
from cassia_engine.stages.split import write_chunks
from tests.conftest import EXAMPLES
from tests.markers.test_formats import DATA
from tests.markers.test_markers import SEURAT, genes

CASES = DATA / "cases"
PBMC = EXAMPLES / "pbmc68k_scanpy.csv"
BLOOD = Dataset("x", "blood", "human")


def labels(table: MarkerTable, dataset: Dataset = BLOOD) -> dict[str, str]:
    """The offline annotator's answer for each cluster."""
    annotator = open_annotator(dataset)
    answers = {cluster.id: annotator.annotate(cluster).annotation for cluster in table.clusters}
    return {id_: answer.label if answer else "" for id_, answer in answers.items()}


def read_case(name: str, **options: object) -> MarkerTable:
    return read_markers(CASES / name, SplitSettings(**options), "human")  # type: ignore[arg-type]


def column(path: Path, name: str) -> list[str]:
    with path.open(encoding="utf-8", newline="") as text:
        return list(dict.fromkeys(row[name] for row in csv.DictReader(text)))


SYMBOLS = column(CASES / "base_seurat.csv", "gene")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("gene_GRCh38_dash.csv", "without the prefix 'GRCh38-': GRCh38-CD3D as CD3D"),
        ("gene_premrna.csv", "without the prefix 'GRCh38premrna-': GRCh38premrna-CD3D as CD3D"),
        ("gene_bd.csv", "without the second writing of the symbol: CD3D|CD3D-P as CD3D"),
        ("gene_ensg_sym.csv", "without the id joined to the symbol: ENSG00000123456_CD3D as CD3D"),
        ("gene_pipe.csv", "without the id joined to the symbol: ENSG00000123456|CD3D as CD3D"),
    ],
)
def test_decorated_table_is_the_plain_one(name: str, said: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        table = read_case(name)
    plain = read_case("base_seurat.csv")
    assert genes(table) == genes(plain)
    assert labels(table) == labels(plain)
    assert [c.set_aside for c in table.clusters] == [c.set_aside for c in plain.clusters]
    assert [message for message in caplog.messages if said in message] == [
        f"{CASES / name}: 210 of 210 gene names are read {said}"
    ]


def test_technical_filter_sees_the_clean_name() -> None:
    table = read_case("gene_MT.csv")
    assert {aside.kind for cluster in table.clusters for aside in cluster.set_aside} >= {"mitochondrial", "ribosomal"}
    assert not any(map(is_technical, (gene for cluster in table.clusters for gene in cluster.genes)))


def test_chunk_keeps_both_names_and_plain_chunks_have_one(tmp_path: Path) -> None:
    for name, in_table in (("gene_pipe.csv", "ENSG00000123456|CD3D"), ("base_seurat.csv", None)):
        [path] = write_chunks(CASES / name, BLOOD, SplitSettings(), tmp_path / name)
        marker = next(m for m in json.loads(path.read_text())["clusters"][0]["markers"] if m["gene"] == "CD3D")
        assert marker.get("given") == in_table
        assert ("given" in marker) == (in_table is not None)


Decoration = Callable[[str, int], str]
WHOLE: dict[str, Decoration] = {
    **{
        f"prefix {prefix}": lambda gene, i, prefix=prefix: prefix + gene  # type: ignore[misc]
        for prefix in (
            *("hg38_", "GRCh38_", "GRCh38_______", "human-", "Hu.", "Homo_sapiens_", "mm10___", "my.genome-v2_"),
            *("rna_", "adt_", "AB_", "SCT-", "gene:", "gene-"),
        )
    },
    **{
        f"suffix {suffix}": lambda gene, i, suffix=suffix: gene + suffix  # type: ignore[misc]
        for suffix in ("-TotalSeqB", "_TotalSeqC", "-PROT", ".1", "-1", "_GRCh38", "-my-panel")
    },
    **{
        f"id before {joint}": lambda gene, i, joint=joint: f"ENSG{i:011d}{joint}{gene}"  # type: ignore[misc]
        for joint in "_:|-."
    },
    "id with version": lambda gene, i: f"ENSG{i:011d}.5_{gene}",
    "id of mouse": lambda gene, i: f"ENSMUSG{i:011d}-{gene}",
    "id of fly": lambda gene, i: f"FBgn{i:07d}_{gene}",
    "id behind": lambda gene, i: f"{gene}|ENSG{i:011d}.12",
    "id in brackets": lambda gene, i: f"{gene} (ENSG{i:011d})",
    "HGNC id behind": lambda gene, i: f"{gene}_HGNC:{i}",
    "twice": lambda gene, i: f"{gene}_{gene}",
    "fields of BD": lambda gene, i: f"{gene}|NM_{i:06d}.2|PolyA_1",
    "prefix and suffix": lambda gene, i: f"GRCh38-{gene}.1",
    "all at once": lambda gene, i: f"rna_GRCh38-ENSG{i:011d}.2|{gene}.1",
}


@pytest.mark.parametrize("decorated", WHOLE.values(), ids=WHOLE)
def test_decoration_of_all_names_is_learned(decorated: Decoration) -> None:
    names = [decorated(gene, number) for number, gene in enumerate(SYMBOLS)]
    learned = learn(names, "human", True, {})
    assert [learned.symbol(name) for name in names] == SYMBOLS


def test_prefix_of_any_name_for_a_species_without_known_symbols() -> None:
    symbols = [f"{letter}bx{number}" for letter in "acdfgpqs" for number in range(4)]
    learned = learn([f"zebra.v2_{symbol}" for symbol in symbols], None, True, {})
    assert [learned.symbol(f"zebra.v2_{symbol}") for symbol in symbols] == symbols


REAL = {
    "MHC": "HLA-DRA HLA-DRB1 HLA-A HLA-B HLA-C HLA-DPA1",
    "mouse MHC": "H2-Ab1 H2-Aa H2-K1 H2-Eb1",
    "mitochondrial": "MT-CO1 MT-CO2 MT-ND1 MT-CYB",
    "ribosomal": "RPL3 RPL10 RPS6 RPS4X RPLP0",
    "clones": "RP11-34P13.7 RP11-206L10.9 RP11-54O7.3",
    "accessions": "AC092580.4 AL358216.1 AC092580.4",
    "receptors": "IGHV3-23 IGHV3-30 TRBV20-1 TRAV1-2",
    "homeobox": "NKX2-1 NKX2-5 NKX2-2 NKX6-1",
    "antisense": "CCL3-AS1 HOXA-AS2 CD3D-AS1 MS4A1-AS1",
    "numbers": "CD1C CD14 CD1D CCL2 CCL21 CCL22 CD9 CD99",
    "rice": " ".join(f"LOC_Os01g{number:05d}" for number in range(30)),
    "worm": " ".join(f"tbx-{number}" for number in range(1, 40)),
    "gene models": "GENE0 GENE1 GENE10 GENE11 Gm4241 Gm42418",
}


@pytest.mark.parametrize("names", REAL.values(), ids=REAL)
@pytest.mark.parametrize("species", ["human", "mouse", None])
@pytest.mark.parametrize("repeated", [True, False])
def test_real_names_stay(names: str, species: str | None, repeated: bool) -> None:
    assert learn(names.split(), species, repeated, {}).clean == {}


@pytest.mark.parametrize(
    "path", sorted({*EXAMPLES.glob("*.csv*")} - {EXAMPLES / "pbmc68k_labels.csv"}), ids=lambda path: path.name
)
def test_examples_have_nothing_to_take_away(path: Path) -> None:
    named = {"cluster_column": "Broad.cell.type", "gene_column": "Top.Markers"} if "processed" in path.name else {}
    table = read_markers(path, SplitSettings(**named), "human")  # type: ignore[arg-type]
    assert not any(marker.given for cluster in table.clusters for marker in cluster.markers)


def test_in_a_table_of_two_species_the_other_stays_and_is_named(caplog: pytest.LogCaptureFixture) -> None:
    names = [f"GRCh38_{gene}" for gene in SYMBOLS] + [f"mm10___{gene.capitalize()}" for gene in SYMBOLS[:90]]
    for species, own, other in (("human", "GRCh38_", "mm10___"), ("mouse", "mm10___", "GRCh38_")):
        learned = learn(names, species, True, {})
        mine = [name for name in names if name.startswith(own)]
        assert [learned.symbol(name) for name in mine] == [name.removeprefix(own) for name in mine]
        assert all(learned.symbol(name) == name for name in names if name.startswith(other))
        [line] = learned.warnings()
        assert f"genes are of another species by their prefix {other}, and stay as they are: {other}" in line


def test_numbers_of_make_unique_are_taken_away(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        table = read_case("unique_in_gene.csv")
    text = (CASES / "unique_in_gene.csv").read_text(encoding="utf-8")
    plain = tmp_path / "plain.csv"
    plain.write_text(
        re.sub(r"(?<!AL928768)(?<!RP11-620J15)\.[1-9]\d?$", "", text, flags=re.MULTILINE), encoding="utf-8"
    )
    assert genes(table) == genes(read_markers(plain, species="human"))
    assert labels(table) == labels(read_case("real_all.csv"))
    assert re.search(r"\d+ of \d+ gene names are read without the number that makes names unique: ", caplog.text)


def row_names(symbols: Iterable[str]) -> list[str]:
    """What R's make.unique(sep = "") makes of names."""
    given: dict[str, None] = {}
    counts: dict[str, int] = {}
    taken = set(symbols := list(symbols))
    for symbol in symbols:
        name = symbol
        while name in given or (name != symbol and name in taken):
            counts[symbol] = counts.get(symbol, 0) + 1
            name = f"{symbol}{counts[symbol]}"
        given[name] = None
    return list(given)


def test_numbers_of_row_names_are_taken_away_and_doubtful_ones_named() -> None:
    symbols = ["CD3D", "CD74", "CD7", "HLA-DQA2", "CD2", "NEAT1", "IL32", "CCL2"] * 2 + ["CD14", "LYZ", "CD1D"]
    names = row_names(symbols)
    assert {"CD741", "CD71", "CCL21", "CD3D1"} <= set(names)
    learned = learn(names, "human", False, {})
    wrong = {
        name: learned.symbol(name)
        for name, symbol in zip(names, symbols, strict=True)
        if learned.symbol(name) != symbol
    }
    assert wrong == {"CCL21": "CCL21"}
    [line] = learned.warnings()
    assert line.startswith("1 known genes may also be another gene with the number that makes row names unique")
    assert learn(names, "human", True, {}).clean == {}  # a name in several rows: these are no row names


def test_number_is_taken_away_where_the_plain_name_passes_no_filter(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    rows = "0,2,1,0,0.9,T,CD3D\n0,2,1,0,0.9,T,IL32\n0,2,1,0,0,NK,CD3D1\n0,3,1,0,0,NK,IL321\n0,1,1,0,0,NK,NKG7\n"
    path.write_text(SEURAT + rows)
    assert genes(read_markers(path, species="human")) == {"T": [], "NK": ["IL32", "CD3D", "NKG7"]}


@pytest.mark.parametrize("name", ["adt_prefix.csv", "adt_totalseq.csv", "adt_dot1.csv"])
def test_antibody_tables_are_recognised(name: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        table = read_case(name)
    assert table.clusters[0].genes == ["CD3", "CD4", "CD45RA", "CD27", "CD127", "CD28", "CD5"]
    assert labels(table) == {
        "T": "CD4-positive, alpha-beta T cell",
        "B": "B cell",
        "NK": "natural killer cell",
        "Mono": "intermediate monocyte",
    }
    assert "names are targets of antibodies; marker scoring takes a protein by its gene (CD3 as CD3E" in caplog.text


CLONES = "CD3_UCHT1 CD4_RPA.T4 CD45RA_HI100 HLA.DR_L243 IgD_IA6.2 CD19_HIB19 CD20_2H7 CD127_A019D5 CD38-1 TCRab_IP26"


@pytest.mark.parametrize("prefix", ["", "Hu.", "anti-human ", "adt_"])
def test_clones_behind_targets_are_understood(tmp_path: Path, prefix: str, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "m.csv"
    names = [prefix + name for name in CLONES.split()]
    path.write_text(f'cluster,genes\nT,"{",".join(names)}"\nB,"{",".join(names[4:7])}"\n')
    with caplog.at_level(logging.INFO):
        table = read_markers(path, species="human")
    assert table.clusters[0].genes == CLONES.split()
    assert labels(table)["B"] == "B cell"
    assert "10 of 10 names are targets of antibodies" in caplog.text


@pytest.mark.parametrize(
    "form",
    [
        *(
            "{target}({metal}{mass})Di",
            "{target}_{mass}{metal}",
            "{target} ({metal}{mass}Di)",
            "{target}.{metal}{mass}.Di",
        ),
        *("{metal}{mass}Di_{target}", "{mass}{metal}_{target}", "({metal}{mass})Di_{target}"),
        *(
            "{target}:X40|GENE|AHS0{mass}|pAbO",
            "{target}.UCHT1.GENE.AHS0{mass}.pAbO",
            "{target}-SJ25-GENE-AMM2{mass}-pAbO",
        ),
    ],
)
def test_instruments_names_of_antibodies_are_their_targets(
    tmp_path: Path, form: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    targets = ["CD3", "CD19", "CD14", "CD45RA", "CD45RO", "HLA-DR"]
    channels = zip(("Er", "Nd", "Gd", "Yb", "Ho", "Y"), (170, 142, 160, 176, 165, 189), strict=True)
    names = [
        form.format(target=target, metal=el, mass=mass) for target, (el, mass) in zip(targets, channels, strict=True)
    ]
    rows = "".join(f"{id_},{name},{rank + 1},0\n" for id_ in ("T", "B") for rank, name in enumerate(reversed(names)))
    path = tmp_path / "markers.csv"
    path.write_text("cluster,gene,avg_log2FC,p_val_adj\n" + rows)
    assert read_markers(path, species="human").clusters[0].genes == targets
    assert "6 of 6 names are targets of antibodies" in caplog.text


@pytest.mark.parametrize("names", [["CD3D", "HLA-A", "MIR-Y189", "CD2"], ["CD3D", "H2-I120", "GATA3", "IL7R"]])
def test_genes_with_the_form_of_a_channel_stay(names: list[str]) -> None:
    assert not learn(names, "human", False, {}).clean


def test_no_target_of_an_antibody_is_a_technical_gene_or_a_known_symbol() -> None:
    lines = (Path(__file__).parents[2] / "cassia_engine/data/antibody_targets.tsv").read_text().splitlines()
    rows = [line.split("\t") for line in lines[1:]]
    assert len({protein.casefold() for protein, _ in rows}) == len(rows) > 150
    assert [protein for protein, _ in rows if is_technical(protein)] == []


@pytest.mark.parametrize(
    ("name", "out"),
    [("simp_dup.csv", ["CD3D", "CD3E"]), ("scanpy_dup_names_pts.csv", ["CD2", "CD3D", "IL7R", "TRAC"])],
)
def test_repeated_gene_counts_once(name: str, out: list[str], caplog: pytest.LogCaptureFixture) -> None:
    assert sorted(read_case(name).clusters[0].genes) == sorted(out)
    assert "genes stand in several rows of a cluster in 1 of " in caplog.text
    assert "(CD3D in cluster 0); each counts once, by its best row; further rows left out: " in caplog.text


@pytest.mark.parametrize("gene_filter", ["technical", "none"])
def test_places_of_repeated_genes_are_refilled(tmp_path: Path, gene_filter: str) -> None:
    path = tmp_path / "m.csv"
    rows = [f"0,{9 - rank / 100},1,0,0,T,{gene}" for rank, gene in enumerate(["CD3D"] * 200 + ["CD3E", "CD3G", "CD2"])]
    path.write_text(SEURAT + "\n".join(rows) + "\n")
    table = read_markers(path, SplitSettings(n_genes=3, gene_filter=gene_filter))
    assert genes(table) == {"T": ["CD3D", "CD3E", "CD3G"]}


def test_repeated_symbol_after_a_gene_map_is_refilled(tmp_path: Path) -> None:
    path, gene_map = tmp_path / "m.csv", tmp_path / "map.csv"
    ids = [f"ENSG{number:011d}" for number in range(5)]
    path.write_text(f'cluster,genes\nT,"{",".join(ids)}"\n')
    gene_map.write_text(
        "id,symbol\n" + "".join(f"{i},{s}\n" for i, s in zip(ids, ["CD3D", "CD3D", "CD3E", "CD2", "IL7R"], strict=True))
    )
    table = read_markers(path, SplitSettings(n_genes=3, gene_map=gene_map))
    assert [(marker.gene, marker.given) for marker in table.clusters[0].markers] == [
        ("CD3D", ids[0]),
        ("CD3E", ids[2]),
        ("CD2", ids[3]),
    ]


WORDS = st.text("abcdefgXYZ0123456789", min_size=2, max_size=8)
JOINTS = st.sampled_from("_-.:|")
AFFIXES = st.tuples(
    st.one_of(st.just(""), st.builds(lambda word, joint: word + joint, WORDS, JOINTS)),
    st.one_of(st.just(""), st.builds(lambda word, joint: joint + word, WORDS, JOINTS)),
)


def write_with(path: Path, change: Callable[[str], str]) -> Path:
    """The real table of blood, with its gene names changed."""
    with PBMC.open(encoding="utf-8", newline="") as text:
        rows = list(csv.DictReader(text))
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows({**row, "names": change(row["names"])} for row in rows)
    return path


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(affixes=AFFIXES, joined=st.sampled_from(["", "before", "behind", "twice"]), joint=JOINTS)
def test_decorated_real_tables_have_the_labels_of_the_plain_one_or_are_refused(
    tmp_path: Path, affixes: tuple[str, str], joined: str, joint: str
) -> None:
    ids: dict[str, str] = {}

    def decorated(gene: str) -> str:
        id_ = ids.setdefault(gene, f"ENSG{len(ids):011d}")
        core = {"": gene, "before": id_ + joint + gene, "behind": gene + joint + id_, "twice": gene + joint + gene}[
            joined
        ]
        return affixes[0] + core + affixes[1]

    plain = read_markers(PBMC, species="human")
    try:
        table = read_markers(write_with(tmp_path / "m.csv", decorated), species="human")
    except UsageError:
        return
    assert genes(table) == genes(plain)
    assert labels(table) == labels(plain)
