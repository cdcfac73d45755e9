"""Which columns of an unknown table are clusters and genes, as far as its cells and names say: for advice only."""

from __future__ import annotations

import re

from cassia_engine.markers.columns.formats import data_columns
from cassia_engine.markers.columns.gene_columns import known_share
from cassia_engine.markers.columns.sample import texts_of
from cassia_engine.markers.columns.statistics import is_common, is_fold, known_statistics, matching
from cassia_engine.markers.files.headers import CLUSTER_HEADERS, GENE_HEADERS
from cassia_engine.markers.files.source import Source

_LIKE_CLUSTERS = re.compile("clust|type|group|module|label|set|topic|program|ident|class|population", re.IGNORECASE)


def clear_columns(source: Source) -> tuple[str, str]:
    """The names of the columns of clusters and of genes; "" for one that is not clear."""
    texts = {source.header[n]: texts_of(source, n) for n in data_columns(source) if source.header[n]}
    genes = [name for name, cells in texts.items() if known_share(cells) >= 0.5]
    named = matching(genes, GENE_HEADERS)
    gene = named[0] if named else genes[0] if len(genes) == 1 else ""
    statistics = set(known_statistics(source.header).values())
    others = {
        name: cells
        for name, cells in texts.items()
        if name not in genes and name not in statistics and not is_common(name) and not is_fold(name)
    }
    repeated = [name for name, cells in others.items() if _may_be_ids(cells)]
    found = matching(repeated, CLUSTER_HEADERS) or tuple(filter(_LIKE_CLUSTERS.search, repeated)) or tuple(repeated)
    return found[0] if len(found) == 1 else "", gene


def _may_be_ids(cells: list[str]) -> bool:
    """Whether cells are there several times and are no measured numbers."""
    few = 1 < len(set(cells)) <= len(cells) / 2
    return few and not any(re.fullmatch(r"-?\d*\.\d+", cell) for cell in cells)
