"""Columns beside clusters and genes that say nothing of which genes are markers: places in a list, numbers of cells."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

from cassia_engine.markers.columns.positions import COUNTING
from cassia_engine.markers.columns.statistics import plain
from cassia_engine.markers.files.numbers import as_number
from cassia_engine.markers.files.source import Problems, Source, rows

_RANKS = re.compile(r"^(?:marker|gene)?(?:rank|ranking|order)(?:incluster)?$")
_OF_CLUSTERS = re.compile(r"cells?$|cellcount$|^(?:cluster)?size$|resolution$")
_OF_GENOME = re.compile(r"^(?:chr|chrom|chromosome)(?:name)?$|^strand$|^(?:gene)?(?:start|end|length)(?:position)?$")
# Words such as false and low in these are about the gene, not about whether the cluster has it.
_OF_GENES = re.compile(
    r"^(?:is)?(?:tf|transcriptionfactor|surface(?:protein|marker)?|secreted|ligand|receptor|novel|known(?:marker)?|mito\w*"
    r"|ribo\w*|hvg|highlyvariable|housekeeping|druggable|top\d+|highlight|validated)$|^(?:confidence|evidence|quality)$"
)


def is_about_genes(name: str) -> bool:
    """Whether a column's name is one of a trait of genes, whatever the cluster."""
    return bool(_OF_GENES.search(plain(name)))


def says_nothing(source: Source, position: int, clusters: Sequence[int]) -> bool:
    """Whether a column of numbers is no statistic: a gene's place on the genome, its rank, or one number a cluster.

    Args:
        clusters: positions of the columns that may be the clusters'.
    """
    name = plain(source.header[position])
    is_rank = bool(_RANKS.search(name)) or source.header[position].strip().lower() in COUNTING
    if _OF_GENOME.search(name) or not (is_rank or _OF_CLUSTERS.search(name)):
        return bool(_OF_GENOME.search(name))
    return any(_fits(source, position, cluster, is_rank) for cluster in clusters)


def _fits(source: Source, position: int, cluster: int, is_rank: bool) -> bool:
    """Whether the values of each cluster rise, as ranks of genes in their order do, or are all the same."""
    values: dict[str, list[str]] = defaultdict(list)
    for _, row in rows(source, Problems(source)):
        values[row[cluster].strip()].append(row[position].strip())
    if not is_rank:
        return all(len(set(found)) == 1 for found in values.values())
    return all(map(_rise, values.values()))


def _rise(texts: Sequence[str]) -> bool:
    numbers = [as_number(text, "score") for text in texts]
    return all(one is not None and other is not None and one < other for one, other in pairwise(numbers))
