"""The clusters of all samples side by side, and where they contradict each other."""

from __future__ import annotations

import pytest

from cassia_engine.records import Status, StatusCluster
from cassia_engine.report import render_index
from cassia_engine.report.across import across
from cassia_engine.report.conflicts import MOST_COMPARED, conflicts
from tests.reading import Page
from tests.report.test_report import HOSTILE, structure

T_GENES = ("CD3D", "CD3E", "IL7R", "TRAC", "CD2", "LCK", "CD27", "BCL11B")
CD4_GENES = ("CD4", "MAL", *T_GENES[:6])
B_GENES = ("CD79A", "MS4A1", "CD19", "CD79B", "BANK1", "PAX5")
T, CD4_T, B, PLASMA = "CL:0000084", "CL:0000624", "CL:0000236", "CL:0000786"


def typed(
    id: str, label: str, cl_id: str, genes: tuple[str, ...], n_cells: int | None = None, confidence: str = "High"
) -> StatusCluster:
    return StatusCluster(id, label, cl_id, confidence, n_cells, genes)


def sample(name: str, *clusters: StatusCluster, species: str = "human") -> Status:
    return Status(name, {"annotated": len(clusters)}, (), species=species, clusters=clusters)


A = sample("a", typed("0", "T cell", T, T_GENES), typed("1", "B cell", B, B_GENES))


def found(*statuses: Status) -> list[tuple[str, list[str], list[str]]]:
    return [
        (
            conflict.kind,
            [f"{place.sample} {place.cluster.id}" for place in conflict.first],
            [f"{place.sample} {place.cluster.id}" for place in conflict.second],
        )
        for conflict in conflicts(statuses)
    ]


def test_samples_that_agree_have_no_conflict() -> None:
    assert found(A, sample("b", typed("x", "t cell", T, T_GENES), typed("y", "B cell", B, B_GENES))) == []


def test_a_type_that_only_some_samples_have_is_no_conflict() -> None:
    assert (
        found(A, sample("b", typed("x", "T cell", T, T_GENES)), sample("c", typed("z", "hepatocyte", "", ("ALB",))))
        == []
    )


def test_same_markers_and_types_on_different_branches() -> None:
    b, c = sample("b", typed("x", "plasma cell", PLASMA, B_GENES)), sample("c", typed("y", "B cell", B, B_GENES))
    kinds = found(A, b, c)
    assert [(kind, {*first, *second}) for kind, first, second in kinds] == [("types", {"a 1", "b x", "c y"})]
    (conflict,) = conflicts((A, b, c))
    assert set(conflict.genes) == set(B_GENES)


def test_only_the_nearest_clusters_are_the_same_cells() -> None:
    """CD4 T cells of one sample are like the T cells of another, which has nearer ones of its own."""
    here = sample("a", typed("0", "T cell", T, T_GENES), typed("1", "B cell", B, CD4_GENES))
    there = sample("b", typed("0", "T cell", T, T_GENES))
    assert found(here, there) == []


def test_few_markers_in_common_say_nothing() -> None:
    assert found(A, sample("b", typed("x", "plasma cell", PLASMA, B_GENES[:4]))) == []


def test_other_species_are_not_compared() -> None:
    assert found(A, sample("b", typed("x", "plasma cell", PLASMA, B_GENES), species="mouse")) == []


def test_one_label_with_two_terms() -> None:
    b = sample("b", typed("x", "t cell", CD4_T, ()), typed("y", "T cell", T, ()))
    assert found(A, b) == [("terms", ["a 0", "b y"], ["b x"])]
    assert found(sample("c"), b) == []  # in one sample it is that report's to say


def test_broader_types_and_clusters_without_one_come_last() -> None:
    b = sample(
        "b",
        typed("x", "CD4 T cell", CD4_T, T_GENES),
        StatusCluster("y", genes=B_GENES),
        typed("z", "odd", "", ("HBB", "HBA1", "HBA2", "HBD", "AHSP")),
    )
    c = sample("c", typed("w", "erythrocyte", "CL:0000232", ("HBB", "HBA1", "HBA2", "HBD", "AHSP")))
    assert found(A, b, c) == [
        ("types", ["c w"], ["b z"]),
        ("unnamed", ["a 1"], ["b y"]),
        ("depth", ["a 0"], ["b x"]),
    ]


def test_rows_follow_the_ontology_and_cells_name_clusters() -> None:
    b = sample(
        "b",
        typed("x/1", "CD4+ helper", CD4_T, (), n_cells=1200, confidence="Low"),
        typed("y", "odd cell", "", ()),
        StatusCluster("z"),
    )
    page = across((A, b))
    assert page
    rows = [(row.title, row.depth, [[member.id for member in cell] for cell in row.cells]) for row in page.rows]
    assert rows == [
        ("hematopoietic cell", 0, []),
        ("T cell", 1, [["0"], []]),
        ("CD4-positive, alpha-beta T cell", 2, [[], ["x/1"]]),
        ("B cell", 1, [["1"], []]),
        ("without a term of the Cell Ontology", 0, []),
        ("odd cell", 1, [[], ["y"]]),
        ("no cell type", 0, [[], ["z"]]),
    ]
    (member,) = page.rows[2].cells[1]
    assert (member.label, member.size, member.pips) == ("CD4+ helper", "1,200 cells", 1)
    assert member.link == "./b/b_report.html#cluster=x%2F1"


def test_one_sample_has_no_such_section() -> None:
    assert across((A,)) is None
    assert across((A, sample("b"))) is None
    assert "Cell types across samples" not in render_index([A])


def test_the_page_says_what_it_found_and_by_which_rule() -> None:
    text = " ".join(Page(render_index([A, sample("b", typed("x", "plasma cell", PLASMA, B_GENES))])).text.split())
    assert "1 conflict between samples." in text
    assert "same markers, different types" in text
    assert "share at least 5 of their first 20 markers" in text
    assert text.index("same markers") < text.index("hematopoietic cell")
    assert "No conflict between samples was found." in Page(render_index([A, sample("b", *A.clusters)])).text


def test_very_many_clusters_are_not_compared() -> None:
    many = sample("many", *(typed(str(n), "plasma cell", PLASMA, B_GENES) for n in range(MOST_COMPARED)))
    assert found(A, many) == []
    assert "too many clusters to compare their markers" in Page(render_index([A, many])).text


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_make_no_element(text: str) -> None:
    def page(text: str) -> str:
        text = f"z{text}"  # in the same place of every order
        clusters = (typed(text, text, text, (text, *B_GENES)), typed("1", "B cell", B, T_GENES))
        return render_index([A, sample(text, *clusters)])

    assert structure(page(text)) == structure(page("plain"))
