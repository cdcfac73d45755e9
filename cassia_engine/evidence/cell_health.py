"""What is doubtful about the cells of a cluster, whatever it is called: few counts, dying cells, doublets, a mixture.

Each rule has its limit here; docs/report.md says them in words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import NamedTuple

from cassia_engine.records import ClusterCells, LineagePair, QualityMeasure

# Of the data set's own median (or mean).
LOW_COUNTS = 1 / 3
HIGH_MITOCHONDRIAL = 1.5
HIGH_DOUBLET_SCORE = 2.0
# As values: a data set of hearts, or one that was filtered well, has no outlier that matters below these.
LEAST_MITOCHONDRIAL = 0.2
LEAST_DOUBLET_SCORE = 0.2
# Of the cells of the rarer lineage, those with the other one's markers too; where not nearly all cells have these, it
# is also more than chance alone would bring together.
IN_SAME_CELLS = 0.5
NEARLY_ALL = 0.8
ABOVE_CHANCE = 1.5


class HealthKind(StrEnum):
    """What may be wrong with a cluster's cells."""

    DOUBLETS = "doublets"
    TWO_LINEAGES = "two_lineages"
    LOW_COUNTS = "low_counts"
    MITOCHONDRIAL = "mitochondrial"


class HealthIssue(NamedTuple):
    """A doubt about a cluster's cells; `text` is a sentence with the figures."""

    kind: HealthKind
    text: str


def health_issues(cells: ClusterCells) -> tuple[HealthIssue, ...]:
    """What is doubtful about a cluster's cells; () where nothing is, or nothing is known."""
    measures = {measure.kind: measure for measure in cells.quality}
    return (*_of_quality(measures), *map(_of_lineages, cells.lineages))


def _of_quality(measures: Mapping[str, QualityMeasure]) -> Iterator[HealthIssue]:
    for name in ("n_genes", "n_counts"):
        measure = measures.get(name)
        if measure and measure.value < LOW_COUNTS * measure.overall:
            yield _of_measure(measure, HealthKind.LOW_COUNTS)
            break
    for name, kind, least, factor in (
        ("mitochondrial", HealthKind.MITOCHONDRIAL, LEAST_MITOCHONDRIAL, HIGH_MITOCHONDRIAL),
        ("doublet_score", HealthKind.DOUBLETS, LEAST_DOUBLET_SCORE, HIGH_DOUBLET_SCORE),
    ):
        measure = measures.get(name)
        if measure and measure.value >= max(least, factor * measure.overall):
            yield _of_measure(measure, kind)


def _of_measure(measure: QualityMeasure, kind: HealthKind) -> HealthIssue:
    what = {
        "n_genes": f"{measure.value:,.0f} genes per cell, {measure.overall:,.0f} in all cells",
        "n_counts": f"{measure.value:,.0f} counts per cell, {measure.overall:,.0f} in all cells",
        "mitochondrial": f"{measure.value:.0%} of the counts are mitochondrial, {measure.overall:.0%} in all cells",
        "doublet_score": f"doublet score {measure.value:.2g}, {measure.overall:.2g} in all cells",
    }[measure.kind]
    said = {
        HealthKind.LOW_COUNTS: "Empty droplets or debris, or small cells such as platelets",
        HealthKind.MITOCHONDRIAL: "Dying cells, or cells rich in mitochondria such as muscle",
        HealthKind.DOUBLETS: "Often two cells in one droplet",
    }[kind]
    return HealthIssue(kind, f"{said}: {what}.")


def _of_lineages(pair: LineagePair) -> HealthIssue:
    more, fewer = max(pair.in_first, pair.in_second), min(pair.in_first, pair.in_second)
    together = more >= NEARLY_ALL or pair.in_both >= ABOVE_CHANCE * pair.by_chance
    same = together and pair.in_both >= IN_SAME_CELLS * fewer
    where = "in the same cells, as doublets have them" if same else "in one cluster"
    shares = (
        f"{pair.first} markers in {pair.in_first:.0%} of the cells, {pair.second} markers in {pair.in_second:.0%}, "
        f"both in {pair.in_both:.0%} ({pair.by_chance:.0%} by chance)"
    )
    kind = HealthKind.DOUBLETS if same else HealthKind.TWO_LINEAGES
    return HealthIssue(kind, f"Markers of two lineages {where}: {shares}.")
