"""The table of an evaluation: one row per cluster."""

from __future__ import annotations

from collections.abc import Callable

from cassia_engine.evaluation.judging import Answer, Comparison, Judged
from cassia_engine.ontology import Ontology
from cassia_engine.row_table import RowTable


def _of_answer(value: Callable[[Answer], str]) -> Callable[[Judged], str]:
    return lambda one: value(one.answer) if one.answer else ""


def _of_comparison(value: Callable[[Comparison], str]) -> Callable[[Judged], str]:
    return lambda one: value(one.comparison) if one.comparison else ""


# One row per cluster: the gold's in their order, then those that only the labels have.
TABLE: RowTable[Judged] = RowTable(
    {
        "Cluster ID": lambda one: one.cluster,
        "Status": lambda one: str(one.status),
        "Label": _of_answer(lambda one: one.label),
        "CL ID": _of_answer(lambda one: one.cl_id),
        "CL Label": _of_answer(lambda one: one.cl_label),
        "Mapping": _of_answer(lambda one: one.mapping),
        "Mapped Label": _of_answer(lambda one: one.mapped_label),
        "Expert Label": lambda one: one.expert.label if one.expert else "",
        "Expert CL IDs": lambda one: "|".join(one.expert.accepted) if one.expert else "",
        "Expert CL Labels": lambda one: "|".join(map(Ontology.load().label, one.expert.accepted)) if one.expert else "",
        "Expert Mapping": lambda one: "|".join(one.expert.how) if one.expert else "",
        "Relation": _of_comparison(lambda one: one.standing),
        "Nearest Expert CL ID": _of_comparison(lambda one: one.expert_id),
        "Label Terms": lambda one: str(one.overlap.label) if one.overlap else "",
        "Expert Terms": lambda one: str(one.overlap.expert) if one.overlap else "",
        "Shared Terms": lambda one: str(one.overlap.shared) if one.overlap else "",
        "Score": lambda one: "" if one.score is None else f"{one.score:.6g}",
        "Cells": _of_answer(lambda one: "" if one.n_cells is None else str(one.n_cells)),
        "Tissue": lambda one: one.expert.tissue if one.expert else "",
        "Dataset": lambda one: one.expert.dataset if one.expert else "",
    },
    numbers=("Label Terms", "Expert Terms", "Shared Terms", "Score", "Cells"),
)
