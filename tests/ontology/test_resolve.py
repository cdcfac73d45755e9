"""Labels of any origin and their place in the Cell Ontology: the ways to a term, and the guards against a guess."""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
from collections import defaultdict
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cassia_engine.ontology import Ontology, Resolution, resolve
from cassia_engine.ontology.label_words import Words, tokens
from cassia_engine.ontology.names import Names
from cassia_engine.ontology.qualifiers import Qualifiers
from cassia_engine.records import How
from tests.command import cassia

ONTOLOGY = Ontology.load()
TERMS = list(ONTOLOGY)
CURRENT = [term for term in TERMS if not term.deprecated]


def table(name: str) -> list[list[str]]:
    text = (files("cassia_engine") / "data" / name).read_text(encoding="utf-8")
    return [line.split("\t") for line in text.splitlines()]


def test_table_of_whole_labels_holds_current_terms_and_no_label_twice() -> None:
    rows = table("label_terms.tsv")
    assert rows[0] == ["cl_id", "cl_label", "written"]
    places = defaultdict(set)
    for cl_id, cl_label, written in rows[1:]:
        assert ONTOLOGY.label(cl_id) == cl_label
        assert not ONTOLOGY.deprecated(cl_id)
        for variant in written.split("; "):
            assert tokens(variant), cl_label
            places[tokens(variant)].add(cl_id)
    assert not {words: ids for words, ids in places.items() if len(ids) > 1}


def test_table_of_words_is_well_formed() -> None:
    rows = table("label_words.tsv")
    assert rows[0] == ["kind", "written", "meaning"]
    meanings = defaultdict(set)
    for kind, written, meaning in rows[1:]:
        assert bool(meaning) == (kind in {"word", "short"}), written
        for variant in written.split("; "):
            assert tokens(variant), (kind, written)
            if meaning:
                meanings[tokens(variant)].add(meaning)
    assert not {words: said for words, said in meanings.items() if len(said) > 1}


def test_label_of_any_term_gives_that_term() -> None:
    assert [t.label for t in CURRENT if resolve(t.label).cl_id != t.id] == []
    assert {resolve(t.label).how for t in CURRENT} == {How.EXACT}


def test_synonym_gives_its_term_unless_the_table_knows_better() -> None:
    """A synonym that is another term's label, or the table's, is that term's."""
    own = {" ".join(tokens(v)) for _, _, written in table("label_terms.tsv")[1:] for v in written.split("; ")}
    labels = {" ".join(tokens(t.label)) for t in CURRENT}
    for term in CURRENT:
        for synonym in term.synonyms:
            if " ".join(tokens(synonym)) not in own | labels:
                assert resolve(synonym).cl_id == term.id, synonym


def test_obsolete_term_gives_the_one_that_replaces_it_or_a_miss() -> None:
    for term in TERMS:
        if not term.deprecated:
            continue
        found = resolve(term.id)
        successor = ONTOLOGY.current(term.id)
        assert found.cl_id == successor
        assert found.how is (How.OBSOLETE if successor else How.MISS)
        assert not ONTOLOGY.deprecated(resolve(term.label).cl_id)


@pytest.mark.parametrize(
    ("label", "term", "how"),
    [
        ("T cell", "T cell", How.EXACT),
        ("Treg", "regulatory T cell", How.SYNONYM),
        ("Naïve B-cells", "naive B cell", How.NORMALISED),
        ("γδ T cells", "gamma-delta T cell", How.NORMALISED),
        ("CD4+ Tcm", "central memory CD4-positive, alpha-beta T cell", How.ABBREVIATION),
        ("cd8 TEM", "effector memory CD8-positive, alpha-beta T cell", How.ABBREVIATION),
        ("AT2", "pulmonary alveolar type 2 cell", How.ABBREVIATION),
        ("Alveolar type II (AT2) cells", "pulmonary alveolar type 2 cell", How.ABBREVIATION),
        ("B cell, memory", "memory B cell", How.TOKENS),
        ("Proliferating T", "cycling T cell", How.TOKENS),
        ("haematopoietic stem cells", "hematopoietic stem cell", How.TOKENS),
        ("Myeloid cells_Monocytes", "monocyte", How.TOKENS),
        ("Immune (T cell)", "T cell", How.TOKENS),
        ("Immune (alveolar macrophage)", "alveolar macrophage", How.TOKENS),
        ("BEST4+ goblet cells", "goblet cell", How.BROADER),
        ("cDC1", "conventional dendritic cell", How.BROADER),
        ("CD8+ GZMK+ T cells", "CD8-positive, alpha-beta T cell", How.BROADER),
        ("T/NK cells", "lymphocyte", How.COMMON_PARENT),
        ("B cell, plasma cell", "lymphocyte of B lineage", How.COMMON_PARENT),
        ("CL:0000236", "B cell", How.ID),
    ],
)
def test_ways_to_a_term(label: str, term: str, how: How) -> None:
    found = resolve(label)
    assert (found.cl_label, found.how) == (term, how)
    assert found.cl_id == ONTOLOGY.find(term)
    assert found.why and found.steps


@pytest.mark.parametrize(
    ("label", "term", "aside"),
    [
        ("Exhausted macrophages", "macrophage", ("exhausted",)),
        ("CD8+ T cell (lung)", "CD8-positive, alpha-beta T cell", ("lung",)),
        ("Kidney T cells", "T cell", ("kidney",)),
        ("Macrophages_2", "macrophage", ("2",)),
        ("CAF", "fibroblast", ("cancer associated",)),
    ],
)
def test_words_that_tell_no_type_are_set_aside_and_said(label: str, term: str, aside: tuple[str, ...]) -> None:
    found = resolve(label)
    assert (found.cl_label, found.set_aside) == (term, aside)


@pytest.mark.parametrize(
    ("label", "reason"),
    [
        ("", "names no cell type"),
        ("Unresolved", "unresolved names no cell type"),
        ("unknown cells", "unknown"),
        ("T-B doublet", "doublet"),
        ("low-quality T cells", "low quality"),
        ("Cycling cells", "state"),
        ("Lung", "place"),
        ("neutrophil-like monocyte", "fits several terms"),
        ("Podocyte-like cells", "like changes the type"),
        ("podocyte precursor", "fits several terms"),
        ("Epithelial/endothelial cells", "several types"),
        ("fibroblast, T cell", "several types"),
        ("non-T cells", "no name"),
        ("CD4-CD8 T cells", "several things"),
        ("malignant B cell", "several terms"),
        ("word salad", "no name"),
        ("T cell " * 100, "no label"),
    ],
)
def test_misses_are_explicit(label: str, reason: str) -> None:
    found = resolve(label)
    assert (found.cl_id, found.cl_label, found.how, found.found) == ("", "", How.MISS, False)
    assert reason in found.why


def test_a_miss_names_the_nearest_terms_and_takes_none() -> None:
    found = resolve("Podocyte-like cells")
    assert not found.cl_id
    assert ONTOLOGY.find("podocyte") in found.candidates
    assert all(i in ONTOLOGY and not ONTOLOGY.deprecated(i) for i in found.candidates)


def test_id_in_the_label_must_agree_with_the_words() -> None:
    assert "the id agrees" in resolve("B cell (CL:0000236)").why
    other = resolve("B cell (CL:0000084)")
    assert other.cl_label == "B cell"
    assert "CL:0000084 (T cell)" in other.why
    unknown = resolve("word salad CL:0000236")
    assert not unknown.found
    assert unknown.candidates[0] == "CL:0000236"
    assert not resolve("CL:9999999").found


@pytest.mark.parametrize(
    ("label", "never"),
    [
        ("CD4+ T cells", "CD8"),
        ("CD8+ memory T cells", "CD4"),
        ("CD4- T cells", "CD4-positive"),
        ("CD8-negative T cell", "CD8-positive"),
        ("IgD- memory B cells", "IgD-positive"),
        ("CD16- monocytes", "CD16-positive"),
        ("naive CD8 T", "memory"),
        ("memory CD4 T", "naive"),
        ("gd T cells", "alpha-beta"),
        ("alpha-beta T cell", "gamma-delta"),
        ("immature B cells", "mature B"),
        ("T cell progenitor", "mature"),
        ("type 1 pneumocyte", "type 2"),
        ("Th2", "T-helper 1"),
        ("ILC3", "group 2"),
        ("T, NK", "NK T"),
        ("T/NK", "NK T"),
    ],
)
def test_guards(label: str, never: str) -> None:
    names = {resolve(label).cl_label}
    assert not any(re.search(rf"\b{re.escape(never)}", name) for name in names)


MARKERS = st.sampled_from(["CD4", "CD8", "CD14", "CD16", "CD25", "CD34", "CD56", "IgD", "FOXP3"])
SIGNS = st.sampled_from([("+", "-positive"), ("-positive", "+"), ("-", "-negative"), (" negative", "-")])
HEADS = st.sampled_from(["T cell", "B cell", "monocyte", "NK cell", "memory T cells", "thymocyte", "dendritic cells"])


@given(MARKERS, SIGNS, HEADS)
def test_both_spellings_of_a_sign_mean_the_same_and_never_its_opposite(
    marker: str, sign: tuple[str, str], head: str
) -> None:
    found, again = (resolve(f"{marker}{one} {head}") for one in sign)
    assert found.cl_id == again.cl_id
    opposite = "negative" if "positive" in "".join(sign) else "positive"
    named = [found.cl_label, *map(ONTOLOGY.label, ONTOLOGY.ancestors(found.cl_id))]
    assert f"{marker}-{opposite}" not in " ".join(named)


@given(st.text(max_size=80))
@settings(max_examples=300)
def test_no_text_is_an_error(text: str) -> None:
    check(resolve(text), text)


PIECES = ["CD4+", "CD8-", "T", "B", "NK", "cell", "cells", "/", "+", "-", "(", ")", ",", "_", "γδ", "like", "II", "2"]
PIECES += ["naive", "memory", "cycling", "lung", "CL:0000084", "progenitor", "unknown", "of", "α", "&", "epithelial"]


@given(st.lists(st.sampled_from(PIECES), max_size=8), st.sampled_from(["", " "]))
@settings(max_examples=300)
def test_no_mix_of_words_is_an_error(pieces: list[str], glue: str) -> None:
    text = glue.join(pieces)
    check(resolve(text), text)


def check(found: Resolution, text: str) -> None:
    assert found.label == text
    assert found.found == bool(found.cl_id) == bool(found.cl_label)
    assert found.why
    if found.found:
        assert not ONTOLOGY.deprecated(found.cl_id)
        assert not found.candidates


def test_a_label_is_resolved_once() -> None:
    assert resolve("Exhausted macrophages") is ONTOLOGY.resolve("Exhausted macrophages")


def test_lineage_path_goes_down_to_the_term() -> None:
    path = ONTOLOGY.lineage_path("CL:0000236")
    assert (path[0], path[-1]) == ("hematopoietic cell", "B cell")
    assert "lymphocyte" in path
    for term in CURRENT:
        steps = ONTOLOGY.lineage_path(term.id)
        assert steps[-1] == term.label
    assert ONTOLOGY.lineage_path("CL:0000788")[3:5] == ("lymphocyte", "lymphocyte of B lineage")  # naive B cell
    assert ONTOLOGY.lineage_path("CL:0000000") == ("cell",)
    assert ONTOLOGY.lineage_path("CL:9999999") == ()


def run(given: str, seed: str) -> str:
    command = [sys.executable, "-m", "cassia_engine", "ontology"]
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    return subprocess.run(command, input=given, capture_output=True, text=True, check=True, env=environment).stdout


def test_command_writes_the_same_bytes_each_time() -> None:
    heads = ("T cell", "arterial endothelial cell", "memory cell", "fibroblast", "neuron")
    lines = "".join(f"{word} KRT5+ lung {head} CD4\n" for head in heads for word in ("cytotoxic naive", "basal", "X"))
    assert run(given=lines, seed="1") == run(given=lines, seed="2")


def test_command_writes_a_table_of_its_arguments_or_of_lines() -> None:
    text = cassia("ontology", "CD4+ Tcm", "Unknown").stdout
    assert text == cassia("ontology", given="CD4+ Tcm\nUnknown\n").stdout
    header, first, second = (line.split("\t") for line in text.splitlines())
    row = dict(zip(header, first, strict=True))
    assert (row["label"], row["cl_id"], row["how"]) == ("CD4+ Tcm", "CL:0000904", "abbreviation")
    assert row["lineage"].startswith("hematopoietic cell > ")
    assert dict(zip(header, second, strict=True))["how"] == "miss"


def test_command_loads_nothing_heavy() -> None:
    code = "import sys; from cassia_engine.ontology import resolve; resolve('T cell'); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert not loaded & {"pandas", "numpy", "duckdb", "aiohttp", "click", "rich"}


CASES = Path(__file__).parents[1] / "data" / "cases"
SCHEMES = list(csv.DictReader((CASES / "labels_schemes.tsv").read_text("utf-8").splitlines(), delimiter="\t"))


@pytest.mark.parametrize("scheme", dict.fromkeys(row["scheme"] for row in SCHEMES))
def test_labels_of_naming_schemes_give_the_reviewed_term_or_a_miss(scheme: str) -> None:
    rows = [row for row in SCHEMES if row["scheme"] == scheme]
    expected = {row["label"]: (row["cl_id"], row["cl_label"]) for row in rows}
    found = {label: resolve(label) for label in expected}
    assert {label: (one.cl_id, one.cl_label) for label, one in found.items()} == expected
    assert all(one.why for one in found.values())


def test_each_label_of_the_reported_list_is_in_the_table() -> None:
    reported = (CASES / "labels_celltypist_azimuth.txt").read_text(encoding="utf-8").split("\n")
    assert {" ".join(label.split()) for label in reported if label} <= {row["label"] for row in SCHEMES}


# Terms that the ontology itself calls progenitor or early in a synonym.
EARLY_BY_NAME = {
    "cardiac muscle myoblast",
    "hepatic oval stem cell",
    "transit amplifying cell",
    "OPC-Oligo cell (Mmus)",
}
EARLY_BY_NAME |= {"respiratory tract suprabasal cell", "basophilic erythroblast", "double negative thymocyte"}
EARLY_BY_NAME |= {"CD34-negative, CD56-positive, CD117-positive innate lymphoid cell, human", "OPC-Oligo cell (Mmus)"}


@pytest.mark.parametrize(
    "form", ["{} precursor", "{} progenitor", "immature {}", "pre-{}", "{} (immature)", "early {}"]
)
def test_no_term_is_taken_for_what_is_not_yet_of_its_type(form: str) -> None:
    is_early = Qualifiers(ONTOLOGY, Words.load(), Names(ONTOLOGY, Words.load())).is_early
    mature = [t for t in CURRENT if not (t.label in EARLY_BY_NAME or t.label.startswith("type ") or is_early(t.id))]
    mature = mature[::4]
    assert len(mature) > 700
    assert [term.label for term in mature if resolve(form.format(term.label)).cl_id == term.id] == []


def test_label_of_a_past_release_is_a_synonym_and_takes_no_name_of_today() -> None:
    rows = table("label_past.tsv")
    assert rows[0] == ["cl_id", "cl_label", "past_label", "release", "source"]
    names = {tokens(name) for term in CURRENT for name in (term.label, *term.synonyms)}
    own = {tokens(v) for _, _, written in table("label_terms.tsv")[1:] for v in written.split("; ")}
    for cl_id, cl_label, label, release, source in rows[1:]:
        assert ONTOLOGY.label(cl_id) == cl_label
        assert tokens(label) not in names
        assert release < ONTOLOGY.version
        assert re.fullmatch(r"cellxgene-(schema|ontology-guide) [\d.]+", source)
        found = resolve(label)
        if tokens(label) not in own:
            assert (found.cl_id, found.how, found.why) == (cl_id, How.SYNONYM, f"the term's label in release {release}")


@pytest.mark.parametrize(
    ("label", "term"),
    [
        ("fibrocyte", "circulating fibrocyte"),
        ("Fibrocytes (lung)", "circulating fibrocyte"),
        ("brush cell", "tuft cell"),
        ("mucosal invariant T cell", "mucosal-associated invariant T cell"),
        ("prickle cell", "spinous cell"),  # once the label of what is now spinous cell of epidermis
        ("sst GABAergic cortical interneuron", "sst GABAergic interneuron"),
    ],
)
def test_past_labels(label: str, term: str) -> None:
    assert resolve(label).cl_label == term


@pytest.mark.parametrize(
    ("label", "term", "aside"),
    [
        ("pericyte-derived fibroblast", "fibroblast", ("pericyte", "derived")),
        ("Megakaryocyte-primed HSC", "hematopoietic stem cell", ("megakaryocyte", "primed")),
        ("bone marrow-derived macrophage", "macrophage", ("bone marrow", "derived")),
        ("monocyte-derived cell", "", ()),
        ("T cell-primed", "", ()),
        ("neural crest-derived cells", "", ()),
    ],
)
def test_a_type_before_derived_is_not_the_cells_type(label: str, term: str, aside: tuple[str, ...]) -> None:
    found = resolve(label)
    assert (found.cl_label, found.set_aside) == (term, aside)
    assert term or "is related to, not what it is" in found.why
