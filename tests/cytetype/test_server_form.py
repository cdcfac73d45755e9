"""Results of our own in the form in which a CyteType server answers."""

from __future__ import annotations

import pandas as pd
import pytest
from msgspec.structs import replace

from cassia_engine.cytetype.server_form import answer_of
from cassia_engine.records import Dataset
from cassia_engine.settings import AnnotateSettings, SplitSettings
from cassia_engine.stages.run import run_table

PLATELETS = "PPBP,PF4,GP9,ITGA2B,CLU,TUBB1,SPARC"
B_CELLS = "MS4A1,CD79A,CD79B,CD74,HLA-DRA,TCL1A,IGHD"


@pytest.mark.parametrize(
    ("genes", "label", "finer", "first"),
    [(PLATELETS, "platelet", "", "megakaryocyte"), (B_CELLS, "B cell", "naive B cell", "naive B cell")],
)
def test_an_alternative_is_no_finer_name_unless_it_is_a_kind_of_the_answer(
    genes: str, label: str, finer: str, first: str
) -> None:
    table = pd.DataFrame({"cluster": ["a"], "genes": [genes]})
    merged, _ = run_table(table, Dataset("x", "blood", "human"), SplitSettings(), AnnotateSettings(), False)
    said = answer_of(merged, "")["annotations"]["a"]["latest"]["annotation"]
    assert (said["annotation"], said["granularAnnotation"]) == (label, finer)
    assert said["fullOutput"]["cellType"]["alternatives"][0] == first


def test_a_label_without_a_term_has_no_fields_for_it() -> None:
    table = pd.DataFrame({"cluster": ["a"], "genes": [B_CELLS]})
    merged, _ = run_table(table, Dataset("x", "blood", "human"), SplitSettings(), AnnotateSettings(), False)
    [result] = merged.results
    assert result.annotation
    unplaced = replace(result, votes=(replace(result.annotation, cl_id="", cl_label=""),))
    for one, fields in ((result, {"cellOntologyTerm", "cellOntologyTermName"}), (unplaced, set())):
        said = answer_of(replace(merged, results=(one,)), "")["annotations"]["a"]["latest"]["annotation"]
        assert {name for name in said if name.startswith("cellOntology")} == fields


def test_what_contradicts_a_persons_words_stands_with_the_reason() -> None:
    table = pd.DataFrame({"cluster": ["a"], "genes": [B_CELLS]})
    merged, _ = run_table(table, Dataset("x", "blood", "human"), SplitSettings(), AnnotateSettings(), False)
    [result] = merged.results
    assert result.annotation
    said = replace(result.annotation, score_reason="Sure.", context_conflict="No liver genes.")
    answer = answer_of(replace(merged, results=(replace(result, votes=(said,)),)), "")
    assert answer["annotations"]["a"]["latest"]["annotation"]["justification"] == "Sure. No liver genes."
