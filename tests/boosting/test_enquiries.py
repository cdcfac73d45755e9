"""An investigator's reply, in whatever form it comes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassia_engine.providers.chat import Finish
from cassia_engine.records.replies import Enquiry
from cassia_engine.replies import Unreadable, invented, read_enquiry

ONE = {"cell_type": "NK cell", "cl_name": "natural killer cell", "genes_for": ["NKG7"], "genes_against": ["CD3D"]}
FORMS = {
    "as asked for": {"hypotheses": [ONE], "wanted_genes": ["FCGR3A", "CD3E"]},
    "in a fence": "```json\n" + json.dumps({"hypotheses": [ONE], "wanted_genes": ["FCGR3A", "CD3E"]}) + "\n```",
    "one object": {"hypotheses": ONE, "wanted_genes": "FCGR3A, CD3E"},
    "other names": {
        "Candidate types": [{"type": "NK cell", "supporting_genes": "NKG7", "conflicting genes": ["CD3D"]}],
        "genesToCheck": ["FCGR3A", "CD3E"],
    },
    "by name": {"hypotheses": {"NK cell": {"for": ["NKG7"], "against": ["CD3D"]}}, "wanted_genes": ["FCGR3A", "CD3E"]},
    "wrapped": {"reply": {"hypotheses": [ONE], "wanted_genes": ["FCGR3A", "CD3E"]}},
}


def read(said: object) -> Enquiry | Unreadable:
    return read_enquiry(said if isinstance(said, str) else json.dumps(said), Finish.STOP)


@pytest.mark.parametrize("form", FORMS)
def test_forms(form: str) -> None:
    found = read(FORMS[form])
    assert isinstance(found, Enquiry), found
    [one] = found.hypotheses
    assert (one.cell_type, one.genes_for, one.genes_against) == ("NK cell", ("NKG7",), ("CD3D",))
    assert found.wanted_genes == ("FCGR3A", "CD3E")


def test_names_alone_are_hypotheses_and_three_at_most() -> None:
    found = read({"hypotheses": ["NK cell", "CD8 T cell", "ILC1", "B cell"], "wanted_genes": []})
    assert isinstance(found, Enquiry)
    assert [one.cell_type for one in found.hypotheses] == ["NK cell", "CD8 T cell", "ILC1"]
    assert found.wanted_genes == ()


def test_an_answer_that_comes_early_asks_for_nothing() -> None:
    found = read({"lineage": "T cell", "candidates": [{"cell_type": "CD8 T cell", "cl_name": ""}], "evidence": []})
    assert isinstance(found, Enquiry)
    assert found.hypotheses[0].cell_type == "CD8 T cell" and found.wanted_genes == ()


@pytest.mark.parametrize("said", ["", "no JSON", "{}", {"hypotheses": []}, {"hypotheses": [{"cell_type": "unknown"}]}])
def test_what_names_no_type_is_unreadable(said: object) -> None:
    assert isinstance(read(said), Unreadable)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(), lambda s: st.lists(s) | st.dictionaries(st.text(), s)
    )
)
def test_no_reply_is_an_exception(value: object) -> None:
    for said in (
        {"hypotheses": value, "wanted_genes": value},
        {"hypotheses": [{"cell_type": value, "genes_for": value}]},
    ):
        assert isinstance(read(said), Enquiry | Unreadable)


def test_a_formatter_adds_nothing() -> None:
    found = read({"hypotheses": [ONE], "wanted_genes": ["FCGR3A"]})
    assert isinstance(found, Enquiry)
    assert invented(found, "NK cell (natural killer cell) by NKG7, not CD3D") == "FCGR3A"
    assert invented(found, "NK cell (natural killer cell) by NKG7, not CD3D; FCGR3A?") == ""
