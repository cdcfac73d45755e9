"""Two header rows, one of clusters and one of statistics, as pandas writes MultiIndex columns and people type them."""

from __future__ import annotations

from collections.abc import Sequence

from cassia_engine.markers.columns.gene_columns import filled
from cassia_engine.markers.columns.wide_labels import GENE, key_of

Cells = Sequence[str]


def one_header(header: Cells, body: Sequence[Cells]) -> tuple[Cells, int]:
    """One label a column, and how many rows of the body were header: pandas and people write two."""
    first = [cell.strip() for cell in body[0]]
    above, below = list(header), first
    named = {cell.strip().lower() for cell in above[1:] if cell.strip()}
    if len(named) > 1 and GENE in map(key_of, named) and None not in map(key_of, named):
        above, below = below, above  # statistic first, then cluster
    keys = [cell for cell in below[1:] if cell]
    if len(keys) < 2 or any(key_of(cell) is None for cell in keys) or not filled(above[1:]):
        return header, 0
    if above is first and not _are_ids(above, below):
        return header, 0  # the first row is one of genes and numbers
    texts, cluster = [], ""
    for name, key in zip(above, below, strict=True):
        cluster = name if name.strip() and not name.startswith("Unnamed:") else cluster
        texts.append(f"({cluster!r}, {key!r})" if key_of(key) is not None and cluster else "")
    has_names = len(body) > 1 and not filled(body[1][1:])  # the name of the index has a row of its own
    return texts, 2 if has_names else 1


def _are_ids(ids: Cells, keys: Cells) -> bool:
    """Whether cells below the names of statistics are ids of clusters: the same ones for genes and for all else."""
    found: dict[str, set[str]] = {}
    for id_, key in zip(ids[1:], keys[1:], strict=True):
        found.setdefault(key.strip().lower(), set()).add(id_)
    return all(some == next(iter(found.values())) for some in found.values())
