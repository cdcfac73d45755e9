"""From the two tables to the evaluation."""

from __future__ import annotations

from cassia_engine.evaluation.curves import curves_of
from cassia_engine.evaluation.evaluated import Evaluation
from cassia_engine.evaluation.figures import figures_of, groups_of
from cassia_engine.evaluation.gold import Gold, read_gold
from cassia_engine.evaluation.judging import judge_all
from cassia_engine.evaluation.reading import Labels, read_labels
from cassia_engine.evaluation.wanted import Wanted
from cassia_engine.ontology import Ontology


def evaluate_labels(labels: Labels, gold: Gold, wanted: Wanted, name: str = "") -> Evaluation:
    """Score a tool's labels against an expert's.

    Args:
        name: of the labels; "" for that of their file.

    Raises:
        UsageError: one of the tables cannot be used, or they have no cluster in common.
    """
    found, experts = read_labels(labels, wanted.checked()), read_gold(gold)
    ontology = Ontology.load()
    clusters = judge_all(found, experts, wanted.by_words, ontology)
    return Evaluation(
        name or found.name,
        found.format,
        ontology.version,
        wanted.by_words,
        figures_of(clusters),
        groups_of(clusters, "tissue"),
        groups_of(clusters, "dataset"),
        curves_of(clusters, found.score_name, found.score_max, found.score_of),
        clusters,
    )
