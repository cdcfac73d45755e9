"""The queue of an audit, as a file and as a few lines for a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from cassia_engine.auditing.judging import Finding
from cassia_engine.auditing.queue import Audited
from cassia_engine.row_table import RowTable
from cassia_engine.text import counted, one_line

# One row per cluster, the worst first.
TABLE: RowTable[Audited] = RowTable(
    {
        "Cluster ID": lambda one: one.cluster.id,
        "Label": lambda one: one.label.label or "",
        "Finding": lambda one: one.judged.finding.word,
        "Other Type": lambda one: one.judged.other,
        "Difference": lambda one: f"{one.judged.difference:g}" if one.judged.finding is not Finding.UNKNOWN else "",
        "Markers Against": lambda one: ", ".join(one.judged.markers_against),
        "Markers For": lambda one: ", ".join(one.judged.markers_for),
        "Label Score": lambda one: f"{one.judged.label_score:g}" if one.judged.finding is not Finding.UNKNOWN else "",
        "Other Score": lambda one: f"{one.judged.other_score:g}" if one.judged.finding is not Finding.UNKNOWN else "",
        "Relation": lambda one: one.judged.relation.value if one.judged.other else "",
        "Label CL ID": lambda one: one.label.cl_id,
        "Label CL Label": lambda one: one.label.cl_label,
        "Other CL ID": lambda one: one.judged.other_id,
        "Purity": lambda one: f"{one.label.purity:g}",
        "Cells": lambda one: "" if one.cluster.n_cells is None else str(one.cluster.n_cells),
        "Note": lambda one: one.judged.note,
    },
    numbers=("Difference", "Label Score", "Other Score", "Purity", "Cells"),
)
MOST_LISTED = 20
_GENES = 4
_WIDEST = 32


def lines(audited: Sequence[Audited]) -> Iterator[str]:
    """What a person reads: the labels that are contradicted or doubtful, and how many are not."""
    yield counts_of(audited)
    worst = [one for one in audited if one.judged.finding in (Finding.CONTRADICTED, Finding.DOUBTFUL)]
    if worst:
        yield ""
        yield from _aligned(_HEAD, [_row(one) for one in worst[:MOST_LISTED]])
        yield "difference: what backs the other type minus what backs the label, -100 to 100"
    if len(worst) > MOST_LISTED:
        yield f"and {len(worst) - MOST_LISTED} more"
    unknown = [one for one in audited if one.judged.finding is Finding.UNKNOWN]
    if unknown:
        yield ""
    for one in unknown[:MOST_LISTED]:
        label = one_line(one.label.label or "no label")
        cluster = one_line(one.cluster.id)
        yield f"{'' if cluster == label else f'cluster {cluster}, '}{label}: {one.judged.note}"


def counts_of(audited: Sequence[Audited]) -> str:
    """How many clusters there are of each finding."""
    counts = Counter(one.judged.finding for one in audited)
    found = ", ".join(f"{counts[one]} {one.word}" for one in Finding if counts[one])
    return f"{counted(len(audited), 'cluster')}: {found}"


_HEAD = ("", "cluster", "cells", "label", "markers speak for", "difference", "against the label", "for it")


def _row(one: Audited) -> tuple[str, ...]:
    judged = one.judged
    return (
        judged.finding.word,
        one.cluster.id,
        TABLE.columns["Cells"](one),
        _with_purity(one),
        judged.other,
        f"{judged.difference:+.0f}",
        _some(judged.markers_against),
        _some(judged.markers_for) or "none",
    )


def _with_purity(one: Audited) -> str:
    """The label, with the share of the cluster's labelled cells that have it, if others have other ones."""
    label = one.label.label or ""
    return label if one.label.purity == 1 else f"{one.label.purity:.0%} {label}"


def _some(genes: Sequence[str]) -> str:
    return ", ".join(genes[:_GENES])


def _aligned(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Rows as lines, with columns of equal width, without columns that say nothing or what another one has."""
    columns = [tuple(map(_short, column)) for column in zip(*rows, strict=True)]
    kept = [n for n, column in enumerate(columns) if any(column) and column not in columns[n + 1 :]]
    widths = {n: max(map(len, (head[n], *columns[n]))) for n in kept}
    for row in (head, *zip(*columns, strict=True)):
        yield "  ".join(row[n].ljust(widths[n]) for n in kept).rstrip()


def _short(text: str) -> str:
    text = one_line(text)
    return text if len(text) <= _WIDEST else text[: _WIDEST - 3] + "..."
