"""The offline annotator at its boundary: a cluster's markers in, a result record out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from cassia_engine.calibration import Calibration, Calibrations, band
from cassia_engine.offline import NOTICE, OfflineAnnotator, open_annotator
from cassia_engine.ontology import Ontology
from cassia_engine.records import (
    Annotation,
    Cluster,
    ClusterResult,
    Confidence,
    Dataset,
    Marker,
    Outcome,
    from_json,
    to_json,
)
from cassia_engine.report.review_flags import review
from tests.raising import raises

SAID = "offline marker scoring, no language model was asked"

T = ["CD3D", "CD3E", "IL7R", "TRAC", "LTB", "CD2", "CD3G", "LDHB", "CD7", "MAL"]
NK = ["GNLY", "NKG7", "GZMB", "PRF1", "KLRD1", "FGFBP2", "CST7", "SPON2", "CTSW", "KLRF1"]
B = ["CD79A", "MS4A1", "CD79B", "HLA-DQA1", "TCL1A", "CD74", "BANK1", "IGHM", "IGHD", "LINC00926"]
MONOCYTE = ["S100A8", "S100A9", "LYZ", "CD14", "FCN1", "S100A12", "VCAN", "CST3", "TYROBP", "MS4A6A"]
PLATELET = ["PPBP", "PF4", "GNG11", "SDPR", "TUBB1", "GP9", "NRGN", "CLU", "TREML1", "CAVIN2"]
MOUSE_B = ["Cd79a", "Ms4a1", "Cd79b", "Ighm", "Ighd", "Cd19", "H2-Aa", "Cd74", "Iglc2", "Ly6d"]


@cache
def annotator(tissue: str = "PBMC", species: str = "human") -> OfflineAnnotator:
    return open_annotator(Dataset("test", tissue, species))


def cluster(genes: Sequence[str], id: str = "0") -> Cluster:
    return Cluster(id, 0, n_rows=len(genes) + 5, n_passing=len(genes), markers=tuple(map(Marker, genes)))


def annotate(genes: Sequence[str], tissue: str = "PBMC", species: str = "human") -> ClusterResult:
    return annotator(tissue, species).annotate(cluster(genes))


def answer(genes: Sequence[str], tissue: str = "PBMC", species: str = "human") -> Annotation:
    annotation = annotate(genes, tissue, species).annotation
    assert annotation is not None
    return annotation


# --- answers ---


@pytest.mark.parametrize(
    ("genes", "general_type"),
    [
        (T, "T cell"),
        (NK, "natural killer cell"),
        (B, "B cell"),
        (MONOCYTE, "monocyte"),
        (PLATELET, "platelet"),
    ],
)
def test_names_the_lineage_of_blood_cells(genes: list[str], general_type: str) -> None:
    assert answer(genes).general_type == general_type


@pytest.mark.parametrize(
    ("tissue", "genes", "cl_id"),
    [
        ("lung", "SFTPC SFTPB SFTPA1 NAPSA ABCA3 LAMP3", "CL:0002063"),  # pulmonary alveolar type 2 cell
        ("renal cortex", "NPHS1 NPHS2 PODXL WT1 PTPRO", "CL:0000653"),  # podocyte
        ("pancreatic islets", "INS IAPP MAFA PDX1 NKX6-1", "CL:0000169"),  # type B pancreatic cell
        ("Liver", "ALB APOA1 TTR CYP3A4 APOC3 FGB", "CL:0000182"),  # hepatocyte
        ("hippocampus", "AQP4 GFAP SLC1A2 ALDH1L1 GJA1", "CL:0000127"),  # astrocyte
        ("colon", "MUC2 SPINK4 CLCA1 ZG16 FCGBP TFF3", "CL:0000160"),  # goblet cell
        ("skin", "MLANA PMEL TYRP1 DCT TYR", "CL:0000148"),  # melanocyte
    ],
)
def test_names_the_cell_of_a_tissue(tissue: str, genes: str, cl_id: str) -> None:
    assert answer(genes.split(), tissue).cl_id == cl_id


def test_reads_mouse_symbols_through_orthologs() -> None:
    result = answer(["Cd8b1", "Cd8a", "Cd3e", "Cd3d", "Trac", "Gzmk", "Ccl5"], "spleen", "Mus musculus")
    assert result.general_type == "T cell"
    assert "Cd8b1" in result.evidence_genes
    assert answer(MOUSE_B, "spleen", "mouse").general_type == "B cell"


@pytest.mark.parametrize("spelled", [[g.upper() for g in MOUSE_B], [g.lower() for g in MOUSE_B]])
def test_letter_case_does_not_matter(spelled: list[str]) -> None:
    assert answer(spelled, "spleen", "mouse").cl_id == answer(MOUSE_B, "spleen", "mouse").cl_id


def test_human_symbols_serve_for_mouse_too() -> None:
    assert answer(["HBA1", "HBA2", "ALAS2", "GYPA"], "blood", "mouse").general_type == "erythroid lineage cell"


def test_old_symbols_count() -> None:
    assert "SDPR" in answer(["SDPR", "PPBP", "PF4"]).evidence_genes


def test_genes_of_the_cell_cycle_do_not_make_a_plasmablast() -> None:
    cycling = ["MKI67", "TOP2A", "TYMS", "RRM2", "CD3D", "TRAC"]
    result = answer(cycling)
    assert (result.general_type, result.state) == ("T cell", "cycling")


def test_a_tie_that_the_broader_type_wins_is_told() -> None:
    result = annotate(["CD3D", "CD3E", "CD8A", "CD4", "TRAC"])
    assert result.annotation and result.annotation.cl_label == "T cell"
    assert result.scoring and result.scoring.tie and result.scoring.tie.broader
    assert "CD8-positive, alpha-beta T cell" in result.scoring.tie.types
    assert result.reason.startswith("a tie with ") and result.reason.endswith(": the broader type is the answer")
    assert result.conversation and f"A{result.reason[1:]}." in result.conversation.annotations[0]


def test_a_tie_of_two_types_is_told() -> None:
    result = annotate(["CD3D", "CD3E", "CD8A", "CD8B", "CD4", "CD40LG"])
    assert result.scoring and result.scoring.tie and not result.scoring.tie.broader
    assert result.scoring.types[0].strength * 0.9 <= result.scoring.types[1].strength
    assert result.scoring.types[1].label == result.scoring.tie.types[0]
    assert result.reason.endswith(": the markers hardly tell them apart")


def test_no_tie_is_told_where_one_type_is_ahead() -> None:
    result = annotate(PLATELET)
    assert result.scoring and result.scoring.tie is None
    assert result.reason == ""


def test_a_gene_that_rules_the_answer_out_lowers_the_confidence() -> None:
    certain = annotate(NK)
    assert certain.annotation and certain.annotation.confidence is Confidence.HIGH and certain.validated
    doubted = annotate([*NK, "COL1A1"])
    assert doubted.annotation and doubted.annotation.general_type == "natural killer cell"
    assert doubted.annotation.confidence is Confidence.MODERATE and not doubted.validated
    assert doubted.reason == "not validated: unexpected COL1A1"
    assert doubted.confidence_reason == "1 of 5 checks failed (unexpected COL1A1)"
    assert review([doubted], annotator().run_info) == (("0", "not validated: unexpected COL1A1"),)
    assert (doubted.annotation.probability_near or 0) < (certain.annotation.probability_near or 0)
    assert doubted.scoring
    [failed] = [check for check in doubted.scoring.checks if not check.passed]
    assert failed.question == "Is it free of genes that rule it out?"
    assert failed.detail == "COL1A1 (rank 11) is not expected in natural killer cell"


def test_each_failed_check_is_named_in_a_few_words() -> None:
    few = annotate([*PLATELET[:2], *(f"XYZ{number}" for number in range(5))])
    assert "few genes" in few.reason
    mixed = annotate(B[:3] + PLATELET[:3])
    assert "a second lineage" in mixed.reason
    many = annotate([*NK, "COL1A1", "DCN", "CPA3"])
    assert many.reason == "not validated: unexpected COL1A1, DCN and 1 more"


def test_answer_is_a_current_term_with_ranked_alternatives() -> None:
    ontology = Ontology.load()
    result = answer(T)
    assert (result.cl_id, result.cl_label) == (result.detailed_types[0].cl_id, ontology.label(result.cl_id))
    scores = [t.score for t in result.detailed_types]
    assert len(scores) == 3
    assert all(isinstance(score, float) and 0 <= score <= 100 for score in scores)
    assert scores == sorted(scores, key=lambda score: -(score or 0))
    assert result.score == scores[0]


def test_evidence_is_spelled_as_given_and_stands_in_the_list() -> None:
    spelled = ["cd79a", "Ms4a1", "CD79B", "xyz"]
    assert set(answer(spelled).evidence_genes) <= set(spelled)
    assert "cd79a" in answer(spelled).evidence_genes


# --- tissue ---


def test_tissue_decides_between_types_that_share_markers() -> None:
    genes = ["KRT5", "KRT15", "TP63", "KRT17", "DST", "COL17A1"]
    assert answer(genes, "prostate").cl_id != answer(genes, "trachea").cl_id


def test_types_of_other_tissues_do_not_leak() -> None:
    genes = ["KRT19", "KRT7", "EPCAM", "SPP1", "SOX9", "CFTR"]
    assert answer(genes, "liver").cl_label == "cholangiocyte"
    assert answer(genes, "pancreas").cl_label == "pancreatic ductal cell"


def test_a_type_of_another_tissue_is_not_validated() -> None:
    result = annotate(["SFTPC", "SFTPB", "SFTPA1", "NAPSA", "ABCA3", "LAMP3"], "brain")
    assert result.validated is False
    assert result.annotation is not None
    assert result.annotation.confidence is not Confidence.HIGH


@pytest.mark.parametrize("tissue", ["none", "", "whole body"])
def test_without_tissue_it_scores_all_types_alike_and_warns_of_nothing(tissue: str) -> None:
    blind = annotator(tissue)
    assert blind.warnings == ()
    assert answer(B, tissue).general_type == "B cell"


def test_an_unknown_tissue_is_said_in_warning_and_notice() -> None:
    strange = annotator("kryptonite")
    assert len(strange.warnings) == 1
    assert "'kryptonite'" in strange.warnings[0]
    assert strange.warnings == strange.run_info.warnings and strange.warnings[0] in strange.run_info.said
    assert strange.annotate(cluster(B)).annotation == annotator("none").annotate(cluster(B)).annotation


# --- doubt ---


def test_few_genes_give_low_confidence_and_no_validation() -> None:
    result = annotate(["CD79A", "no gene", "nor this"])
    assert result.annotation is not None
    assert (result.annotation.confidence, result.validated) == (Confidence.LOW, False)


def test_the_confidence_is_a_band_of_the_probability_with_its_reasons() -> None:
    for genes in (T, NK, B, MONOCYTE, PLATELET, T[:2], B[:3] + PLATELET[:3]):
        result = annotate(genes)
        found, score = result.annotation, result.score
        assert found and score and found.probability and found.probability_near
        near = found.probability_near
        assert 0 < found.probability <= near < 1
        expected = {band(near)} if result.validated else {band(near), Confidence.MODERATE} - {Confidence.HIGH}
        assert found.confidence in expected
        assert result.confidence_reasons and result.features["score"] == round(score / 100, 4)
        assert f"{near:.0%}" in (result.conversation.scoring or "")


def test_a_type_without_a_term_is_never_of_high_confidence(tmp_path: Path) -> None:
    genes = [f"MYST{number}" for number in range(12)]
    mine = own(tmp_path / "mine.tsv", *(f"Human\tany\tmystery cell\t\t{gene}\tlab\t9" for gene in genes))
    result = open_annotator(Dataset("test", "none", "human"), mine).annotate(cluster(genes))
    assert result.annotation and result.annotation.cl_id == "" and result.validated
    assert result.annotation.confidence is not Confidence.HIGH
    assert "the Cell Ontology has no place for the type" in result.confidence_reason


def test_an_own_calibration_takes_the_place_of_that_of_the_package() -> None:
    certain = Calibration("my clusters", 50, 2, {"intercept": 5.0}, {"intercept": 5.0}, provider="offline")
    mine = open_annotator(Dataset("test", "PBMC", "human"), calibration=certain)
    result = mine.annotate(cluster(T))
    assert result.annotation and result.annotation.probability == pytest.approx(0.993)
    assert mine.run_info.calibration == certain.basis
    doubtful = Calibration("my clusters", 50, 2, {"intercept": 0.0}, {"intercept": 0.0}, provider="offline")
    result = open_annotator(Dataset("test", "PBMC", "human"), calibration=doubtful).annotate(cluster(NK))
    assert result.confidence_reason == "the calibrated probability is below 75%"


def test_the_calibration_of_the_package_is_of_this_scorer() -> None:
    info = annotator().run_info
    assert info.is_calibrated, "benchmarks/offline_trust.py --write fits it anew"
    assert Calibrations.load().offline.n > 700


def test_many_genes_of_one_lineage_give_high_confidence() -> None:
    result = annotate(NK)
    assert result.annotation is not None
    assert (result.annotation.confidence, result.validated, result.annotation.mixed_types) == (
        Confidence.HIGH,
        True,
        (),
    )


def test_two_lineages_are_a_possible_mixture() -> None:
    both = [gene for pair in zip(B, PLATELET, strict=True) for gene in pair]
    result = annotate(both)
    assert result.annotation is not None
    assert len(result.annotation.mixed_types) == 2
    assert result.annotation.confidence is Confidence.LOW
    assert result.validated is False
    assert set(result.annotation.conflicting_genes) <= set(both)
    assert result.annotation.conflicting_genes


def test_cycling_is_a_state_and_not_the_type() -> None:
    result = answer(["MKI67", "TOP2A", "UBE2C", "CENPF", *T])
    assert (result.general_type, result.state) == ("T cell", "cycling")


def test_a_cluster_that_matches_nothing_gets_no_guess() -> None:
    result = annotate(["ENSG00000000001", "not a gene"])
    assert result.outcome is Outcome.ANNOTATED
    assert not result.has_cell_type
    assert "none of its 2 markers is in the marker knowledge" in result.reason
    assert result.annotation
    assert (result.annotation.general_type, result.annotation.cl_id) == ("unresolved", "")
    assert (result.score, result.validated, result.annotation.confidence) == (None, False, Confidence.LOW)
    assert "no language model was asked" in result.conversation.annotations[0]


def test_a_cluster_without_markers_says_so() -> None:
    result = annotate([])
    assert result.outcome is Outcome.NO_MARKERS
    assert "none of its 5 rows passes the filter" in result.reason


# --- honesty and form ---


def test_everything_says_that_no_model_was_asked() -> None:
    run_info = annotator().run_info
    result = annotate(T)
    assert NOTICE == SAID
    assert run_info.notice == SAID
    assert (run_info.provider, result.decided_by) == ("offline", SAID)
    texts = [*result.conversation.annotations, result.conversation.scoring]
    assert all(text and "o language model was asked" in text and "hypothesis" in text for text in texts)


def test_writes_the_conversation_of_one_round() -> None:
    result = annotate(T)
    talk = result.conversation
    assert (len(talk.annotations), len(talk.validations), talk.calls, result.iterations) == (1, 1, (), 1)
    assert result.usage.calls == result.usage.input_tokens == result.usage.cost_usd == 0
    assert talk.formatting is not None and result.annotation is not None
    said, annotation = json.loads(talk.formatting), json.loads(json.dumps(to_json(result.annotation)))
    assert said.pop("cl_match") == "" and annotation.pop("match")["how"] is None
    assert said == annotation


def test_run_info_holds_the_versions_of_all_that_decides() -> None:
    run_info = annotator().run_info
    assert run_info.model.startswith("marker scoring ")
    assert "shipped marker table" in run_info.knowledge
    assert "Cell Ontology 2026-03-26" in run_info.knowledge


def test_refuses_another_species() -> None:
    with raises("species-not-offline", "human", "mouse"):
        open_annotator(Dataset("test", "fin", "zebrafish"))


def test_is_deterministic() -> None:
    fresh = open_annotator(Dataset("test", "PBMC", "human"))
    for genes in (T, NK, B, MONOCYTE):
        assert fresh.annotate(cluster(genes)) == annotate(genes)


@given(st.lists(st.one_of(st.text(max_size=12), st.sampled_from(T + B + MOUSE_B)), max_size=60))
def test_no_gene_list_breaks_it(genes: list[str]) -> None:
    result = annotate(genes)
    assert from_json(ClusterResult, json.loads(json.dumps(to_json(result)))) == result
    if result.has_cell_type:
        assert result.annotation is not None
        cited = {*result.annotation.evidence_genes, *result.annotation.conflicting_genes}
        assert cited <= set(genes)
        assert result.annotation.evidence_genes
        assert result.score is not None and 0 <= result.score <= 100
    else:
        assert result.outcome is (Outcome.ANNOTATED if genes else Outcome.NO_MARKERS)
        assert result.reason


# --- a person's own knowledge ---


def own(path: Path, *rows: str) -> Path:
    path.write_text("\n".join(["species\ttissue\tcell_type\tcl_id\tgene\tsource\tweight", *rows]) + "\n")
    return path


def test_own_knowledge_adds_a_type(tmp_path: Path) -> None:
    rows = [f"Human\tmy organ\tmystery cell\t\tMYST{i}\tme\t3" for i in range(4)]
    mine = open_annotator(Dataset("test", "my organ", "human"), own(tmp_path / "mine.tsv", *rows))
    result = mine.annotate(cluster([f"MYST{i}" for i in range(4)]))
    assert result.annotation is not None
    assert (result.annotation.detailed_types[0].label, result.annotation.cl_id) == ("mystery cell", "")
    assert mine.warnings == ()
    assert "mine.tsv" in mine.run_info.knowledge
    assert mine.annotate(cluster(B)).annotation is not None


def test_own_type_named_as_the_ontology_does_gets_its_term(tmp_path: Path) -> None:
    mine = own(tmp_path / "mine.tsv", "Human\tpineal\tpinealocyte\t\tMYST1\tme\t3")
    result = open_annotator(Dataset("test", "none", "human"), mine).annotate(cluster(["MYST1"]))
    assert result.annotation is not None
    assert result.annotation.cl_id == "CL:0000652"


def test_an_id_that_is_no_current_term_is_told(tmp_path: Path) -> None:
    mine = own(tmp_path / "mine.tsv", "Human\tlung\todd cell\tCL:9999999\tMYST1\tme\t3")
    odd = open_annotator(Dataset("test", "lung", "human"), mine)
    assert "CL:9999999" in odd.warnings[0]
    result = odd.annotate(cluster(["MYST1"]))
    assert result.annotation is not None
    assert (result.annotation.detailed_types[0].label, result.annotation.cl_label) == ("odd cell", "")


# --- how the score came about, as values ---


@pytest.mark.parametrize("genes", [T, NK, B, MONOCYTE, PLATELET, [*T[:6], *MONOCYTE[:6]]])
def test_values_of_the_scoring_agree_with_the_annotation(genes: list[str]) -> None:
    result = annotate(genes)
    found, a = result.scoring, result.annotation
    assert found is not None and a is not None
    assert [(t.label, t.cl_id, t.score) for t in found.types] == [(t.label, t.cl_id, t.score) for t in a.detailed_types]
    assert tuple(gene for gene, _ in found.types[0].genes) == a.evidence_genes
    assert all(weight > 0 for scored in found.types for _, weight in scored.genes)
    own, against = found.types[0].strength, found.rival_strength
    assert 100 * own / (own + against + found.one_gene) == pytest.approx(a.score, abs=0.06)
    assert found.rival_genes[:10] == a.conflicting_genes or len(found.rival_genes) < 2
    assert all(check.passed for check in found.checks) == result.validated
    assert found.tissues == ("blood",)


def test_values_of_the_scoring_where_no_gene_is_known() -> None:
    found = annotate(["NOSUCHGENE1", "NOSUCHGENE2"]).scoring
    assert found is not None
    assert (found.known_genes, found.types) == (0, ())


@pytest.mark.parametrize("genes", [T, ["NOSUCHGENE1"], []])
def test_values_of_the_scoring_are_in_the_result_file(genes: list[str]) -> None:
    result = annotate(genes)
    data = json.loads(json.dumps(to_json(result)))
    assert from_json(ClusterResult, data) == result
    del data["scoring"]
    assert from_json(ClusterResult, data) == replace(result, scoring=None), "older files are read too"
