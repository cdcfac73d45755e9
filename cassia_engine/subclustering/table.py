"""The subclusters with their types and fits: as a file, as lines for a terminal, and in the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from cassia_engine.report import Section
from cassia_engine.row_table import RowTable
from cassia_engine.subclustering.fitting import Fit, Fitted
from cassia_engine.subclustering.population import Population
from cassia_engine.text import counted, one_line

END = "_subclusters.csv"


def _second(one: Fitted) -> str:
    types = one.result.annotation.detailed_types if one.result.annotation else ()
    return types[1].label if len(types) > 1 else ""


def _evidence(one: Fitted) -> str:
    return ", ".join(one.result.annotation.evidence_genes) if one.result.annotation else ""


# The first five are named as in CASSIA.
TABLE: RowTable[Fitted] = RowTable(
    {
        "Result ID": lambda one: one.result.cluster.id,
        "main_cell_type": lambda one: one.label,
        "sub_cell_type": _second,
        "key_markers": _evidence,
        "reason": lambda one: one.result.reason,
        "CL ID": lambda one: one.cl_id,
        "Fit": lambda one: one.fit.value,
    },
)


def path_of(folder: Path, name: str) -> Path:
    """The file, beside the outputs of the run."""
    return folder / f"{name}{END}"


def section(found: Sequence[Fitted], population: Population) -> Section:
    """The same as a table of the report."""
    note = (
        f"{_counts(found, population)}. Compared by the Cell Ontology; what is neither this type nor a kind of it does "
        "not belong to the population, or the answer is wrong."
    )
    rows = tuple((one.result.cluster.id, one.label, one.cl_id, one.fit.value) for one in found)
    return Section("population", "Fit to the population", note, ("Cluster", "Label", "CL ID", "Fit"), rows)


def _counts(found: Sequence[Fitted], population: Population) -> str:
    counts = Counter(one.fit for one in found)
    said = ", ".join(f"{counts[fit]} {fit.value}" for fit in Fit if counts[fit])
    return f"{counted(len(found), 'subcluster')} of {one_line(population.label)} ({population.cl_id}): {said}"


def lines(found: Sequence[Fitted], population: Population) -> Iterator[str]:
    """How many are a kind of the population's type, and which are not."""
    yield _counts(found, population)
    for one in found:
        if one.fit is Fit.OTHER:
            what = f"{one_line(one.label)} is no kind of {population.cl_label}; look at its genes"
            yield f"cluster {one_line(one.result.cluster.id)}: {what}"
