"""The figures of an evaluation, against what a person computes by hand (small.py)."""

from __future__ import annotations

import pytest

from cassia_engine.evaluation.curves import MOST_POINTS, Curves, curves_of, reliability, risk_coverage
from cassia_engine.evaluation.figures import figures_of, groups_of, share_of
from cassia_engine.evaluation.gold import Expert
from cassia_engine.evaluation.grading import Grade, Overlap, grade
from cassia_engine.evaluation.judging import Judged, Status, judge_all
from cassia_engine.evaluation.predictions import Prediction, Predictions
from cassia_engine.ontology import Ontology
from tests.evaluation.small import CD4, MACROPHAGE, MONOCYTE, ONTOLOGY, T, experts, predictions
from tests.raising import raises


def ten() -> tuple[Judged, ...]:
    return judge_all(predictions(), experts(), False, ONTOLOGY)


def curves(clusters: tuple[Judged, ...], top: float | None = 1.0) -> Curves:
    found = curves_of(clusters, "score", top)
    assert found is not None
    return found


def judged(labels: dict[str, str], accepted: dict[str, str]) -> tuple[Judged, ...]:
    answers = tuple(Prediction(cluster, (label,)) for cluster, label in labels.items())
    gold = [Expert(cluster, "", (cl_id,)) for cluster, cl_id in accepted.items()]
    return judge_all(Predictions("s", "s", "table", answers), gold, False, ONTOLOGY)


def test_each_cluster_is_judged_by_its_nearest_accepted_term() -> None:
    found = {one.cluster: one for one in ten()}
    said = {
        cluster: str(one.comparison.standing) if one.comparison else str(one.status) for cluster, one in found.items()
    }
    assert list(said.values()) == [
        *("exact", "exact", "parent", "ancestor", "same lineage"),
        *("different", "unplaced", "abstained", "missing", "exact"),
    ]
    nine = found["9"].comparison
    assert nine is not None and (nine.expert_id, nine.grade) == (MACROPHAGE, Grade.EXACT)


def test_a_term_without_a_label_is_an_answer() -> None:
    """Unless the label says that there is none."""
    answers = [Prediction("0", ("",), MACROPHAGE), Prediction("1", ("Unknown",), MACROPHAGE)]
    gold = [Expert(one.cluster, "", (MACROPHAGE,)) for one in answers]
    found = judge_all(Predictions("s", "s", "table", tuple(answers)), gold, False, ONTOLOGY)
    assert [str(one.status) for one in found] == ["compared", "abstained"]


def test_figures_of_ten_clusters() -> None:
    found = figures_of(ten())
    assert found.n == 10
    assert (found.coverage.hits, found.coverage.n, found.coverage.share) == (8, 10, 8 / 10)
    hits = {"exact": 3, "within_one_parent": 3 + 1, "ancestor_or_descendant": 3 + 1 + 1, "same_lineage": 3 + 1 + 1 + 1}
    assert {one.level: one.of_all.hits for one in found.levels} == hits
    assert {one.level: one.of_all.share for one in found.levels} == {key: n / 10 for key, n in hits.items()}
    assert {one.level: one.of_answered.share for one in found.levels} == {key: n / 8 for key, n in hits.items()}
    counted = {"compared": 7, "unplaced": 1, "abstained": 1, "missing": 1, "no expert term": 0, "not in gold": 0}
    assert found.counts == counted


def test_hierarchical_measures_of_ten_clusters() -> None:
    found = figures_of(ten()).hierarchical
    shared = 3 + 3 + 3 + 3 + 2 + 0 + 0 + 0 + 0 + 3
    of_labels = 3 + 3 + 3 + 3 + 3 + 1 + 0 + 0 + 0 + 3
    of_experts = 3 + 3 + 4 + 5 + 3 + 1 + 1 + 3 + 1 + 3
    assert found.precision == pytest.approx(shared / of_labels)
    assert found.recall == pytest.approx(shared / of_experts)
    assert found.f == pytest.approx(2 * shared / (of_labels + of_experts))
    assert (found.n_precision, found.n_recall) == (7, 10)


def test_figures_of_each_tissue() -> None:
    blood, lung = groups_of(ten(), "tissue")
    assert (blood.name, blood.figures.n, blood.figures.coverage.hits) == ("blood", 5, 5)
    assert (lung.name, lung.figures.n, lung.figures.coverage.hits) == ("lung", 5, 3)
    assert blood.figures.level(Grade.EXACT).of_all.share == 2 / 5
    assert lung.figures.level(Grade.EXACT).of_answered.share == 1 / 3
    assert groups_of(ten(), "dataset") == ()


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [(3, 10, 0.1078, 0.6032), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (1, 1, 0.2065, 1.0)],
)
def test_intervals_are_wilson_s(hits: int, n: int, low: float, high: float) -> None:
    found = share_of(hits, n)
    assert found.low == pytest.approx(low, abs=5e-5)
    assert found.high == pytest.approx(high, abs=5e-5)


def test_a_share_of_none_has_no_interval() -> None:
    found = share_of(0, 0)
    assert (found.share, found.low, found.high) == (None, None, None)


def test_reliability_of_ten_clusters() -> None:
    found = curves(ten())
    assert (found.n, found.n_unscored, found.n_judged) == (7, 1, 10)  # without 7 and 8, which have no answer
    exact = found.levels[0].reliability
    assert exact is not None
    assert [(one.low, one.right.hits, one.right.n) for one in exact.bins] == [
        *((0.3, 0, 1), (0.6, 0, 1), (0.7, 0, 2)),
        *((0.8, 0, 1), (0.9, 2, 2)),
    ]
    assert exact.ece == pytest.approx((1 * 0.35 + 1 * 0.65 + 2 * 0.75 + 1 * 0.85 + 2 * (1 - 0.95)) / 7)


def test_risk_and_coverage_of_ten_clusters() -> None:
    by_level = {one.level: one.risk_coverage for one in curves(ten()).levels}
    exact = by_level["exact"]
    assert [(one.score, one.coverage, one.risk.hits, one.risk.n) for one in exact.points] == [
        *((0.95, 2 / 10, 0, 2), (0.85, 3 / 10, 1, 3), (0.75, 5 / 10, 3, 5)),
        *((0.65, 6 / 10, 4, 6), (0.35, 7 / 10, 5, 7)),
    ]
    assert exact.aurc == pytest.approx((0 + 0 + 1 / 3 + 2 / 4 + 3 / 5 + 4 / 6 + 5 / 7) / 7)
    assert exact.aurc_by_chance == pytest.approx(5 / 7)
    assert exact.aurc_at_best == pytest.approx((0 + 0 + 1 / 3 + 2 / 4 + 3 / 5 + 4 / 6 + 5 / 7) / 7)
    # Of the two with 0.75 one is right and one is wrong: of the first of them half is wrong, as is expected.
    tied = by_level["ancestor_or_descendant"]
    assert tied.aurc == pytest.approx((0 + 0 + 0 + 0.5 / 4 + 1 / 5 + 2 / 6 + 3 / 7) / 7)
    assert tied.aurc_at_best == pytest.approx((0 + 0 + 0 + 0 + 1 / 5 + 2 / 6 + 3 / 7) / 7)


def test_one_score_for_all_tells_nothing() -> None:
    found = risk_coverage([(0.5, True), (0.5, False), (0.5, False), (0.5, True)], 4)
    assert len(found.points) == 1
    assert found.aurc == pytest.approx(found.aurc_by_chance) == pytest.approx(1 / 2)
    # ... whatever the order of the rows
    assert found == risk_coverage([(0.5, False), (0.5, True), (0.5, True), (0.5, False)], 4)


def test_a_curve_of_many_scores_has_some_of_its_points_and_the_area_of_all() -> None:
    n = 3 * MOST_POINTS
    answers = [(1 - k / n, k % 3 > 0) for k in range(n)]  # the first of each three is wrong
    found = risk_coverage(answers, n)
    assert len(found.points) == MOST_POINTS
    assert (found.points[0].coverage, found.points[-1].coverage) == (1 / n, 1.0)
    assert found.aurc == pytest.approx(sum((k + 2) // 3 / k for k in range(1, n + 1)) / n)


def test_the_highest_score_is_in_the_last_bin() -> None:
    found = reliability([(1.0, True), (0.9, False), (0.0, False)])
    assert [(one.low, one.right.n) for one in found.bins] == [(0.0, 1), (0.9, 2)]
    assert found.ece == pytest.approx((1 * 0 + 2 * abs(0.95 - 0.5)) / 3)


def test_scores_with_an_order_alone_have_no_reliability() -> None:
    found = curves(ten(), None)
    assert {one.reliability for one in found.levels} == {None}
    assert found.levels[0].risk_coverage == curves(ten()).levels[0].risk_coverage


def test_all_abstained() -> None:
    clusters = judged({"0": "unresolved", "1": ""}, {"0": T, "1": MONOCYTE})
    found = figures_of(clusters)
    assert (found.n, found.coverage.hits, found.coverage.n) == (2, 0, 2)
    assert found.level(Grade.EXACT).of_all.share == 0.0
    assert found.level(Grade.EXACT).of_answered.share is None
    assert (found.hierarchical.precision, found.hierarchical.recall, found.hierarchical.f) == (None, 0.0, None)
    assert curves_of(clusters, "", None) is None


def test_one_cluster() -> None:
    found = figures_of(judged({"0": "T cell"}, {"0": CD4}))
    assert [one.of_all.hits for one in found.levels] == [0, 1, 1, 1]
    assert found.hierarchical.precision == 3 / 3 and found.hierarchical.recall == 3 / 4


def test_clusters_of_one_table_alone_are_kept_and_not_judged_or_counted_as_abstained() -> None:
    clusters = judged({"0": "T cell", "x": "monocyte"}, {"0": T, "1": T})
    assert [(one.cluster, one.status) for one in clusters] == [
        *(("0", Status.COMPARED), ("1", Status.MISSING)),
        ("x", Status.NOT_IN_GOLD),
    ]
    found = figures_of(clusters)
    assert (found.n, found.level(Grade.EXACT).of_all.share, found.level(Grade.EXACT).of_answered.share) == (2, 0.5, 1.0)


def test_tables_without_a_common_cluster_are_refused() -> None:
    with raises("evaluate-nothing-common", "a", "0", path="s"):
        judged({"a": "T cell"}, {"0": T})


def test_a_term_too_general_is_no_ancestor_but_a_parent() -> None:
    ontology = Ontology.load()
    hematopoietic, leukocyte, lymphocyte = "CL:0000988", "CL:0000738", "CL:0000542"
    assert grade(hematopoietic, [leukocyte], ontology).grade is Grade.WITHIN_ONE_PARENT
    assert grade(hematopoietic, [lymphocyte], ontology).grade is Grade.SAME_LINEAGE
    assert grade(leukocyte, [T], ontology).grade is Grade.ANCESTOR_OR_DESCENDANT


def test_labels_without_a_term_have_no_line() -> None:
    [one] = judged({"0": "zorp"}, {"0": T})
    assert one.overlap == Overlap(0, 3, 0)
