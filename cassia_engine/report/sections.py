"""Tables of a report beside that of its clusters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cassia_engine.levels import Labelled, grouped
from cassia_engine.records import ClusterResult

MOST_IDS = 12  # of clusters that are named in a row


@dataclass(frozen=True, slots=True)
class Section:
    """A table with its title and what is to be known of it; `name` is the fragment of its address."""

    name: str
    title: str
    note: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def three_levels(results: Sequence[ClusterResult]) -> Section | None:
    """The clusters by their labels at three levels of the Cell Ontology; None where fewer than two have a label."""
    found = grouped(_labelled(results))
    if len(found) < 2:
        return None
    tree: dict[str, dict[str, dict[str, list[str]]]] = {}
    for one in found:
        broad, medium, fine = (group.name for group in one.levels)
        tree.setdefault(broad, {}).setdefault(medium, {}).setdefault(fine, []).append(one.cluster)
    rows = tuple(
        (broad, medium, fine, _listed(clusters))
        for broad, below in tree.items()
        for medium, finest in below.items()
        for fine, clusters in finest.items()
    )
    note = (
        "Each label with the types above it that atlases name, by the Cell Ontology; no language model was asked. "
        "A label without a term stands for itself. cassia merge writes the same as a table."
    )
    return Section("levels", "Labels at three levels", note, ("Broad", "Medium", "Fine", "Clusters"), rows)


def _labelled(results: Sequence[ClusterResult]) -> Iterator[Labelled]:
    for one in results:
        if stands := one.named_by_person or one.annotation:
            yield Labelled(
                one.cluster.id, stands.label, stands.cl_id, stands.general_type, stands.match, one.outcome.value
            )


def _listed(clusters: Sequence[str]) -> str:
    more = len(clusters) - MOST_IDS
    return ", ".join(clusters[:MOST_IDS]) + (f" and {more:,} more" if more > 0 else "")
