"""Checks in code: a claim compared with a cluster's list of genes."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from cassia_engine.evidence import RULES, Findings, GeneList, check
from cassia_engine.ontology import Ontology
from cassia_engine.records import Finding, SetAside
from cassia_engine.records.replies import Candidate, Cited, Claim, Partner
from tests.factories import cluster

B = ("CD79A", "MS4A1", "CD79B", "HLA-DRA", "TCL1A", "CD74", "BANK1", "IGHM", "IGHD", "LINC00926", "Klrd1", "XCL1")
ASIDE = (SetAside("ribosomal", ("RPS27", "RPL3")),)


def claim(evidence: Sequence[str] = B[:5], types: Sequence[str] = ("B cell", "plasma cell"), **changes: Any) -> Claim:
    candidates = tuple(Candidate(name, "", ("CD79A",)) for name in types)
    given: dict[str, Any] = {"lineage": "lymphocyte", "candidates": candidates, "score": 90.0, **changes}
    return Claim(evidence=tuple(Cited(gene, "B cell") for gene in evidence), **given)


def found(said: Claim, genes: Sequence[str] = B) -> Findings:
    return check(said, GeneList(replace(cluster(genes=genes), set_aside=ASIDE)), Ontology.load().find)


def failed(said: Claim, genes: Sequence[str] = B) -> set[str]:
    return {finding.code for finding in found(said, genes).failed}


def finding(code: str, said: Claim, genes: Sequence[str] = B) -> Finding:
    return next(item for item in found(said, genes).items if item.code == code)


def test_a_sound_claim_passes_every_check() -> None:
    findings = found(claim(mixture=(Partner("NK cell", ("KLRD1", "XCL1")),)))
    assert findings.failed == findings.back == ()
    assert {item.code for item in findings.items} == set(RULES) - {"evidence_up"}  # of genes that were looked up
    assert findings.evidence == B[:5]
    assert findings.partners == ("NK cell",)


@pytest.mark.parametrize("gene", ["CD3D", "Cd3d", "COL1A1"])
def test_a_gene_that_rules_the_answer_out_casts_doubt(gene: str) -> None:
    genes = (*B[:3], gene, *B[3:])
    findings = found(claim(), genes)
    assert {item.code for item in findings.failed} == {"rule_out"}
    assert findings.back == ()
    doubt = finding("rule_out", claim(), genes)
    assert doubt.genes == (gene,)
    assert str(doubt) == f"[NO] Among the first 13 genes: {gene} (rank 4) is not expected in B cell."


def test_kinds_of_a_type_and_lineages_are_ruled_out_too() -> None:
    genes = ("CD3D", *B)
    assert "rule_out" in failed(claim(types=("naive B cell",)), genes)
    assert "rule_out" in failed(claim(types=("a B cell of no name",), lineage="B cell"), genes)
    assert "rule_out" not in failed(claim(types=("T cell",), lineage="T cell"), ("CD3D", "CD3E", *B[2:10]))


def test_a_partner_of_a_mixture_explains_its_genes() -> None:
    mixed = claim(mixture=(Partner("T cell", ("CD3D", "TRAC")),))
    assert "rule_out" not in failed(mixed, ("CD3D", "TRAC", *B))
    assert "rule_out" in failed(mixed, ("CD3D", "TRAC", "COL1A1", *B))


def test_a_type_without_rules_is_not_asked() -> None:
    assert all(item.code != "rule_out" for item in found(claim(types=("leukocyte",), lineage="leukocyte")).items)


@pytest.mark.parametrize("gene", ["cd79a", "CD79A ", "HLA.DRA", "hla-dra", "KLRD1", "CD20"])
def test_case_old_names_and_rs_dots_do_not_matter(gene: str) -> None:
    findings = found(claim([gene, "MS4A1", "IGHD"]))
    assert findings.unsupported == ()
    assert set(findings.evidence) <= set(B)


def test_an_unlisted_gene_is_not_in_the_list_and_no_more_is_said() -> None:
    said = claim([*B[:4], "CD19"], conflicts=(Cited("CD3D", "T cell"),))
    line = str(finding("evidence_listed", said))
    assert line == "[NO] Cited for or against: CD19, CD3D are not in the list of 12 genes."
    assert found(said).unsupported == ("CD19", "CD3D")
    assert not any("express" in line for line in found(said).lines if "CD19" in line or "CD3D" in line)


def test_genes_that_were_set_aside_are_known() -> None:
    findings = found(claim([*B[:4], "RPS27"]))
    assert findings.failed == ()
    assert (findings.unsupported, findings.technical) == ((), ("RPS27",))
    assert any("RPS27: set aside as technical" in line for line in findings.lines)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (claim(["CD19", *B[:4]]), "evidence_listed"),
        (claim(["CD19"]), "evidence_given"),
        (claim([]), "evidence_given"),
        (claim(types=["unknown"]), "types_named"),
        (claim(types=["B cell", "Cell"]), "types_named"),
        (claim(types=[]), "types_named"),
        (claim(lineage=""), "types_named"),
        (claim(lineage="unresolved"), "types_named"),
        (claim(mixture=(Partner("NK cell", ("XCL1",)),)), "mixture_backed"),
        (claim(mixture=(Partner("NK cell", ("XCL1", "xcl1", "CD56")),)), "mixture_backed"),
        (claim(mixture=(Partner("", ("XCL1", "KLRD1")),)), "mixture_backed"),
    ],
)
def test_what_sends_a_claim_back(said: Claim, code: str) -> None:
    assert code in {item.code for item in found(said).back}


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (claim(candidates=(Candidate("B cell", "", ("CD19",)),)), "separating_listed"),
        (claim(types=["B cell", "b  cells"]), "alternatives_differ"),
        (claim(types=["B cell", "B lymphocyte"]), "alternatives_differ"),
        (claim(types=["zyzzyx cell", "Zyzzyx-cells"]), "alternatives_differ"),
        (claim(B[:2]), "evidence_strong"),
        (claim(score_reason="CD3D is not expressed."), "no_absence_claimed"),
        (claim(context_conflict="No CD19 transcripts were detected"), "no_absence_claimed"),
    ],
)
def test_what_only_casts_doubt(said: Claim, code: str) -> None:
    findings = found(said)
    assert code in {item.code for item in findings.failed}
    assert findings.back == ()


def test_evidence_that_hardly_any_cell_expresses_casts_doubt() -> None:
    whole = cluster(genes=B)
    fractions = {"CD79A": 0.049, "MS4A1": 0.05, "CD79B": None}
    markers = tuple(replace(m, pct_in=fractions.get(m.gene, 0.9)) for m in whole.markers)
    findings = check(claim(B[:5]), GeneList(replace(whole, markers=markers)), Ontology.load().find)
    (failure,) = findings.failed
    assert (failure.code, failure.genes) == ("evidence_expressed", ("CD79A",))
    assert failure.text == "Cited for the answer, but expressed in fewer than 5% of the cluster's cells: CD79A 4.9%."
    unknown = replace(whole, markers=tuple(replace(m, pct_in=None) for m in whole.markers))
    findings = check(claim(B[:5]), GeneList(unknown), Ontology.load().find)
    assert "evidence_expressed" not in {item.code for item in findings.items}


def test_absence_from_the_list_may_be_said() -> None:
    assert failed(claim(score_reason="CD3D is not in the list, and no gene speaks against it.")) == set()


def test_the_share_of_the_first_twenty_is_computed() -> None:
    genes = [f"GENE{n}" for n in range(40)]
    said = claim(["GENE0", "GENE19", "GENE20", "GENE39"], candidates=(Candidate("B cell", "", ("GENE1", "GENE30")),))
    assert found(said, genes).top_explained == 0.15
    assert failed(said, genes) == set()
    fewer = claim(["GENE0", "GENE20", "GENE39"], candidates=(Candidate("B cell", "", ()),))
    assert found(fewer, genes).top_explained == 0.05
    assert failed(fewer, genes) == {"top_explained"}


def test_short_lists_want_less() -> None:
    assert failed(claim(["CD79A", "MS4A1"]), B[:2]) == set()


def test_unresolved_is_checked_for_what_it_cites_only() -> None:
    unsure = claim(["CD19"], types=[], lineage="unresolved")
    assert failed(unsure) == {"evidence_listed"}
    assert found(unsure).top_explained is None


def test_the_page_has_the_rules() -> None:
    page = (Path(__file__).parents[2] / "docs" / "conversation.md").read_text(encoding="utf-8")
    assert dict(re.findall(r"^\| `(\w+)` \|.*\| (back|doubt) \|$", page, re.M)) == RULES


FOOTNOTE = "\0"  # before each digit of a footnote, which may be left out of a citation


def letters(*texts: str) -> str:
    """Letters and digits, those of footnotes with a mark: \u00b9, ^1."""
    text = html.unescape(" ".join(texts)).replace(FOOTNOTE, "")
    text = re.sub(r"\^(\d{1,2})", lambda found: "".join(FOOTNOTE + digit for digit in found[1]), text)
    text = re.sub(r"[\u00b9\u00b2\u00b3\u2070-\u2079]", lambda found: FOOTNOTE + found[0], text)
    return "".join(c for c in unicodedata.normalize("NFKC", text) if c.isalnum() or c == FOOTNOTE)


def is_cited(gene: str, cited: str) -> bool:
    """Whether the letters of a gene stand in citations one behind the other, but for digits of footnotes."""
    left_out = f"(?:{FOOTNOTE}.)*"
    plain = letters(gene).replace(FOOTNOTE, "")
    return bool(re.search(left_out.join(f"{FOOTNOTE}?{re.escape(letter)}" for letter in plain), cited, re.DOTALL))


NAMES = st.lists(st.text(max_size=12) | st.sampled_from([*B, "RPS27", "unknown"]), max_size=6)


@settings(deadline=None)
@given(NAMES, NAMES, NAMES, NAMES)
def test_whatever_is_claimed_every_gene_ends_on_one_side(
    evidence: list[str], types: list[str], partner: list[str], genes: list[str]
) -> None:
    said = claim(evidence, types, mixture=(Partner("NK cell", tuple(partner)),))
    findings = found(said, [gene for gene in genes if gene.strip()] or ["CD79A"])
    assert set(findings.evidence) <= set(genes) | {"CD79A"}
    assert not set(findings.unsupported) & set(findings.technical)
    # They are shown without markup and footnotes, so the characters between the letters do not count.
    cited = letters(*evidence, *partner, "CD79A")
    assert all(is_cited(gene, cited) for gene in findings.unsupported)
    assert all("\n" not in line and len(line) < 700 for line in map(str, findings.failed)) or any(
        "\n" in text for text in (*evidence, *types, *partner)
    )
