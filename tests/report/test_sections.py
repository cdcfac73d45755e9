"""Further tables of a report: labels at three levels, and what a command adds."""

from __future__ import annotations

from cassia_engine import report
from cassia_engine.records import CellType, ClusterResult, Correction
from cassia_engine.report import Section
from cassia_engine.report.sections import three_levels
from tests import factories as make


def labelled(id: str, label: str, cl_id: str) -> ClusterResult:
    answer = make.annotation(detailed_types=(CellType(label, cl_id, label, 90.0),), cl_id=cl_id, cl_label=label)
    return make.annotated(id, answer=answer)


CLASSICAL, PLASMA = ("classical monocyte", "CL:0000860"), ("plasma cell", "CL:0000786")
CD8 = ("CD8 T cell", "CL:0000625")


def test_clusters_stand_below_their_broader_types() -> None:
    results = [
        labelled("0", *CD8),
        labelled("1", *CLASSICAL),
        labelled("2", *CD8),
        labelled("3", *PLASMA),
        make.unannotated("4"),
        labelled("5", "unheard-of cell", ""),
    ]
    section = three_levels(results)
    assert section and section.columns == ("Broad", "Medium", "Fine", "Clusters")
    assert section.rows == (
        ("T cell", "CD8-positive, alpha-beta T cell", "CD8-positive, alpha-beta T cell", "0, 2"),
        ("myeloid cell", "monocyte", "classical monocyte", "1"),
        ("B cell", "plasma cell", "plasma cell", "3"),
        ("leukocyte", "lymphocyte", "unheard-of cell", "5"),
    )


def test_a_persons_label_counts() -> None:
    named = Correction("plasma cell", "plasma cell", "CL:0000786", "plasma cell")
    section = three_levels([labelled("0", *CD8), make.annotated("1", correction=named)])
    assert section and section.rows[1][0] == "B cell"


def test_of_many_clusters_the_first_are_named() -> None:
    section = three_levels([labelled(f"{number}", *CD8) for number in range(20)])
    assert section and section.rows[0][-1] == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 8 more"


def test_one_label_has_no_groups() -> None:
    assert three_levels([labelled("0", *CD8), make.unannotated("1")]) is None


def test_a_command_can_add_a_table_and_its_texts_are_escaped() -> None:
    added = Section("mine", "Mine", "A note.", ("Cluster", "<b>"), (("0", "<script>x</script>"),))
    page = report.render(make.DATASET, make.SELECTION, make.MODEL_RUN, [labelled("0", *CD8)], sections=[added])
    assert '<section id="mine">' in page and "&lt;script&gt;x&lt;/script&gt;" in page and "<script>x" not in page
