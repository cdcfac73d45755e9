"""The groups of a summary, as a file and as a few lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from cassia_engine.labels.summary import LabelSet
from cassia_engine.levels import Grouped, Labelled, grouped
from cassia_engine.row_table import RowTable
from cassia_engine.text import counted, one_line

# Columns of CASSIA's merged table, by its names of the levels.
MERGED: Mapping[str, str] = {
    "broad": "Merged_Grouping_1",
    "detailed": "Merged_Grouping_2",
    "very_detailed": "Merged_Grouping_3",
}
# One row per cluster, in the summary's order.
TABLE: RowTable[Grouped] = RowTable(
    {
        "Cluster ID": lambda one: one.cluster,
        "Label": lambda one: one.label,
        "Merged_Grouping_1": lambda one: one.broad.name,
        "Merged_Grouping_2": lambda one: one.medium.name,
        "Merged_Grouping_3": lambda one: one.fine.name,
        "CL ID 1": lambda one: one.broad.cl_id,
        "CL ID 2": lambda one: one.medium.cl_id,
        "CL ID 3": lambda one: one.fine.cl_id,
        "Note": lambda one: one.note,
    },
)
_WORDS = ("broad", "medium", "fine")


def groups_of(found: LabelSet) -> tuple[Grouped, ...]:
    """The clusters of a summary, in their order."""
    return grouped(
        Labelled(one.cluster, one.label, one.cl_id, one.general_type, one.match, one.outcome) for one in found.labels
    )


def lines(groups: Sequence[Grouped]) -> Iterator[str]:
    """What a person reads: the groups as a tree with their clusters, and which clusters could not be placed."""
    yield counts_of(groups)
    yield ""
    tree: dict[str, dict[str, list[Grouped]]] = {}
    for one in groups:
        if one.label:
            tree.setdefault(one.broad.name, {}).setdefault(one.medium.name, []).append(one)
    for broad, inside in tree.items():
        yield one_line(broad)
        for medium, members in inside.items():
            yield f"  {one_line(medium)}: {'; '.join(map(_member, members))}"
    for one in groups:
        if one.note:
            yield f"cluster {one_line(one.cluster)}{f', {one_line(one.label)}' if one.label else ''}: {one.note}"


def counts_of(groups: Sequence[Grouped]) -> str:
    """How many groups there are at each level, and how many clusters have no term."""
    placed = [one for one in groups if one.broad.cl_id]
    sizes = [len({one.levels[n].name for one in placed}) for n in range(3)]
    counts = ", ".join(f"{size} {word}" for size, word in zip(sizes, _WORDS, strict=True))
    alone = len(groups) - len(placed)
    rest = f"; {counted(alone, 'cluster')} without a Cell Ontology term" if alone else ""
    return f"{counted(len(groups), 'cluster')}: {counts} groups{rest}"


def _member(one: Grouped) -> str:
    return f"{one_line(one.fine.name)} ({one_line(one.cluster)})"
