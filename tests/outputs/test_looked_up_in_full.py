"""The conversation as text names the genes that were looked up, before the answer that saw them."""

from __future__ import annotations

from cassia_engine.outputs.summary_tables import text_of
from cassia_engine.records import ANNOTATOR, SECOND, Conversation, FoundRow, LookedUp, Round
from tests import factories as make


def test_genes_stand_before_the_second_annotators_reply() -> None:
    found = LookedUp(("CD3D", "XX"), (FoundRow("CD3D", "4", 11, log2fc=-1.5, pct_in=0.04),), missing=("XX",))
    held = Conversation(annotations=("first", "second"), checks=("", ""))
    rounds = (Round(role=ANNOTATOR), Round(role=SECOND, looked_up=found))
    text = text_of(make.annotated("4", conversation=held, rounds=rounds))
    assert (
        "Genes looked up:\nCD3D: here log2 FC -1.50, 4% of cells\nnot in the table: XX\n\nSecond annotator:\nsecond"
        in text
    )
