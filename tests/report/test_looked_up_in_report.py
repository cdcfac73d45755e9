"""What the report's conversation says of genes that were looked up."""

from __future__ import annotations

from cassia_engine.records import ANNOTATOR, SECOND, Conversation, FoundRow, LookedUp, Round
from cassia_engine.report import facts
from cassia_engine.report.dialogue import turns
from cassia_engine.report.methods import methods
from tests import factories as make

FOUND = LookedUp(
    asked=("CD3D", "KLRB1", "CD3E", "XX"),
    rows=(
        FoundRow("CD3D", "4", 11, log2fc=-1.5, pct_in=0.04),
        FoundRow("CD3D", "T", 1, log2fc=3.0, pct_in=0.9),
        FoundRow("CD3D", "U", 2, log2fc=2.0, pct_in=0.8),
        FoundRow("KLRB1", "4", None, score=2.25),
        FoundRow("CD3E", "T", 7),
    ),
    missing=("XX",),
)


def test_settings_and_methods_say_for_how_many_clusters() -> None:
    asked = make.annotated("4", rounds=(Round(), Round(role=SECOND, looked_up=FOUND)))
    results = [asked, make.annotated("5", 1)]
    settings = dict(facts.facts(make.DATASET, make.SELECTION, make.MODEL_RUN, results))
    assert settings["Genes looked up"] == "for 1 cluster, as a second annotator asked"
    said = " ".join(methods(make.DATASET, make.SELECTION, make.MODEL_RUN, results))
    assert "For 1 cluster the second annotator asked for further genes" in said
    assert "Genes looked up" not in dict(facts.facts(make.DATASET, make.SELECTION, make.MODEL_RUN, results[1:]))


def test_they_stand_before_the_reply_that_saw_them() -> None:
    held = Conversation(annotations=("{}", "{}"), checks=("", ""))
    rounds = (Round(role=ANNOTATOR), Round(role=SECOND, looked_up=FOUND))
    shown = [turn for turn in turns(held, rounds, cluster="4") if turn.round == 2]
    assert [turn.speaker for turn in shown][:2] == ["Genes looked up", "Second annotator"]
    assert shown[0].opens and not shown[1].opens and not shown[0].is_message
    assert [point.heading for point in shown[0].points] == ["In the table", "Not in the table"]
    assert [(*line.genes, line.after) for point in shown[0].points for line in point.lines] == [
        ("CD3D", ": here log2 FC -1.50, 4% of cells; highest elsewhere in T: log2 FC 3.00, 90% of cells"),
        ("KLRB1", ": here score 2.2"),
        ("CD3E", ": no row for this cluster; highest elsewhere in T: rank 7"),
        ("XX", ""),
    ]
