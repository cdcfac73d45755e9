"""The clusters on the Cell Ontology: an indented tree with one path a term, and single chains shortened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from cassia_engine.ontology import Ontology


@dataclass(slots=True)
class _Node:
    cl_id: str
    clusters: list[int] = field(default_factory=list)
    below: list[_Node] = field(default_factory=list)


def tree(cl_ids: Sequence[str]) -> dict[str, Any]:
    """The tree of the clusters' terms, for the page; `cl_ids` has one for each cluster, "" where none is placed.

    Returns:
        nodes: parents before children, each with `cl_id`, `label`, `parent` (index of a node, None at the top),
            `clusters` (indexes of clusters with this very term) and `shortened` (how many terms between it
            and its parent are left out, as they have no cluster and a single branch). Branches stand in the order of
            their first cluster; the top of each is a broad lineage.
        unplaced: indexes of clusters without a term, or with one that this release does not have.
    """
    known = Ontology.load()
    placed = {"": _Node("")}
    unplaced = []
    for index, cl_id in enumerate(cl_ids):
        if cl_id in known:
            _place(placed, cl_id, known).clusters.append(index)
        else:
            unplaced.append(index)
    nodes: list[dict[str, Any]] = []
    for node in placed[""].below:
        _add(nodes, node, None, 0, known)
    return {"nodes": nodes, "unplaced": unplaced}


def _place(placed: dict[str, _Node], cl_id: str, known: Ontology) -> _Node:
    """The node of a term, with those above it; a term that has its place already keeps it, with the way there."""
    line = known.line(cl_id)
    n_placed = next((n for n in range(len(line), 0, -1) if line[n - 1] in placed), 0)
    above = placed[line[n_placed - 1]] if n_placed else placed[""]
    for step in line[n_placed:]:
        placed[step] = _Node(step)
        above.below.append(placed[step])
        above = placed[step]
    return placed[cl_id]


def _add(nodes: list[dict[str, Any]], node: _Node, parent: int | None, shortened: int, known: Ontology) -> None:
    """Append a node and what is below it; depth is the ontology's, some 20 at most."""
    if parent is not None and not node.clusters and len(node.below) == 1:
        _add(nodes, node.below[0], parent, shortened + 1, known)
        return
    index = len(nodes)
    nodes.append(_entry(node, parent, shortened, known))
    for child in node.below:
        _add(nodes, child, index, 0, known)


def _entry(node: _Node, parent: int | None, shortened: int, known: Ontology) -> dict[str, Any]:
    return {
        "cl_id": node.cl_id,
        "label": known.label(node.cl_id),
        "parent": parent,
        "clusters": node.clusters,
        "shortened": shortened,
    }
