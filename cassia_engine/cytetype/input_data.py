"""The question that a CyteType server is asked: what an AnnData says of its clusters.

Source: the requests of the CyteType client (0.19.4 to 0.21.0); docs/cytetype.md lists what differs and why.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from cassia_engine._version import __version__
from cassia_engine.genes.joined_names import joined_symbol
from cassia_engine.h5ad.annotated import AnnotatedData, Groups
from cassia_engine.h5ad.clustered_cells import ClusteredCells
from cassia_engine.h5ad.coordinates import Coordinates
from cassia_engine.h5ad.label_columns import is_of_earlier_run
from cassia_engine.h5ad.ranked_genes import RankedCells

log = logging.getLogger(__name__)

# The client's seed, so that the same cells are chosen.
_SEED = 42


class ClientInfo(msgspec.Struct, frozen=True, rename="camel"):
    """Who asks; servers know this type of client only."""

    client_type: str = "anndata"
    client_version: str = f"cassia {__version__}"


class VisualizationData(msgspec.Struct, frozen=True):
    """A sample of the cells: shape (cells, 2), None without coordinates; and the cluster of each."""

    coordinates: list[list[float]] | None
    clusters: list[str]


class InputData(msgspec.Struct, frozen=True, rename="camel"):
    """The question, and what query.json holds. Clusters are called by their labels throughout.

    Attributes:
        info_tags: a person's own notes for the report's head.
        cluster_metadata: by cluster, column of `obs` and value: percent of the cluster's cells, cut to whole numbers.
        marker_genes: by cluster, gene symbols, the first ranked first.
        expression_data: by gene symbol and cluster: percent of the cells whose value is not 0.
        n_parallel_clusters: how many clusters a server asks its model about at once, 1 to 50.
    """

    study_info: str
    info_tags: Mapping[str, str]
    cluster_labels: Mapping[str, str]
    cluster_metadata: Mapping[str, Mapping[str, Mapping[str, int]]]
    marker_genes: Mapping[str, Sequence[str]]
    visualization_data: VisualizationData
    expression_data: Mapping[str, Mapping[str, float]]
    n_parallel_clusters: int = 2
    client_info: ClientInfo = ClientInfo()


@dataclass(frozen=True, slots=True)
class Contents:
    """What of an AnnData goes into the question.

    Attributes:
        n_top_genes: marker genes per cluster.
        aggregate_metadata: whether metadata of the cells does.
        min_percentage: values of metadata that no more percent of a cluster's cells have are left out.
        max_metadata_categories: columns with more values are left out.
        max_cells_per_group: cells with coordinates per cluster.
    """

    n_top_genes: int = 50
    aggregate_metadata: bool = True
    min_percentage: int = 10
    max_metadata_categories: int = 500
    max_cells_per_group: int = 1000


def input_data(
    data: AnnotatedData,
    found: RankedCells,
    cells: ClusteredCells,
    contents: Contents,
    study: str,
    tags: Mapping[str, str],
) -> InputData:
    """The question about the clusters of an open AnnData.

    Args:
        found: its ranked genes.
        cells: the same as `found.cells`.
        study: what is known of the study.

    Raises:
        UsageError: the AnnData is damaged.
    """
    groups = _with_cells(cells.groups)
    columns = _metadata(data, cells.column, groups, contents) if contents.aggregate_metadata else {}
    return InputData(
        study_info=study,
        info_tags=tags,
        cluster_labels={label: label for label in groups.labels},
        cluster_metadata=columns,
        marker_genes=_marker_genes(data, found, contents.n_top_genes),
        visualization_data=_picture(cells.coordinates, groups, contents.max_cells_per_group),
        expression_data=_percent_expressed(cells, groups, found.symbols),
    )


def gene_symbols(genes: Sequence[str], symbols: Mapping[str, str]) -> list[str]:
    """The symbol of each gene: as a column has it, or joined to an id in its name, else its name."""
    found = (symbols.get(gene, gene) for gene in genes)
    return [joined_symbol(name) or name for name in found]


def _with_cells(groups: Groups) -> Groups:
    """Groups without those that have no cells."""
    kept = [number for number, size in enumerate(groups.sizes.values()) if size]
    places = np.full(len(groups.labels) + 1, -1)
    places[kept] = np.arange(len(kept))
    return Groups(places[groups.codes], tuple(groups.labels[number] for number in kept))


def _marker_genes(data: AnnotatedData, found: RankedCells, most: int) -> dict[str, list[str]]:
    genes, missing = set(data.genes(raw=False)) | set(data.genes(raw=True)), 0
    markers = {}
    for cluster, places in found.ranked.places.items():
        named = [str(found.ranked.genes[place]) for place in places[places >= 0][:most].tolist()]
        markers[cluster] = gene_symbols([name for name in named if name in genes], found.symbols)
        missing += len(named) - len(markers[cluster])
    if missing:
        log.warning("%s: %d marker genes are left out, as var has them no longer", data.place, missing)
    return markers


def _percent_expressed(
    cells: ClusteredCells, groups: Groups, symbols: Mapping[str, str]
) -> dict[str, dict[str, float]]:
    values = cells.values()
    if values is None:
        return {}
    expression, places = values.expression, [cells.groups.labels.index(label) for label in groups.labels]
    counts = expression.nonzero[places]
    percent = np.round(100 * expression.nonzero_fractions()[places], 2)
    found: dict[str, dict[str, float]] = {}
    # Of genes with the same symbol the one that most cells express is the last, and so kept.
    names = gene_symbols(values.genes, symbols)
    order = np.argsort(counts.sum(axis=0), kind="stable") if len(set(names)) < len(names) else np.arange(len(names))
    for gene in order.tolist():
        found[names[gene]] = dict(zip(groups.labels, percent[:, gene].tolist(), strict=True))
    if repeated := len(names) - len(found):
        log.warning(
            "%s: genes left out of percent expressed, as one of the same symbol is expressed by more cells: %d",
            cells.data.place,
            repeated,
        )
    return found


def _metadata(data: AnnotatedData, column: str, groups: Groups, contents: Contents) -> dict[str, Any]:
    import pandas as pd

    obs, n_groups = data.frame("obs"), len(groups.labels)
    sizes = np.bincount(groups.codes[groups.codes >= 0], minlength=n_groups)
    found: dict[str, dict[str, dict[str, int]]] = {label: {} for label in groups.labels}
    for number, name in enumerate(map(str, obs.columns)):
        series = obs.iloc[:, number]
        is_text = isinstance(series.dtype, (pd.CategoricalDtype, pd.StringDtype)) or series.dtype == object
        if name == column or not is_text or is_of_earlier_run(name):
            continue
        try:
            codes, values = pd.factorize(series)
        except TypeError:  # lists
            continue
        if not len(values) or len(values) > contents.max_metadata_categories:
            continue
        both = (codes >= 0) & (groups.codes >= 0)
        places = groups.codes[both] * len(values) + codes[both]
        counts = np.bincount(places, minlength=n_groups * len(values)).reshape(n_groups, -1)
        percent = (100 * counts / sizes[:, None]).astype(int)
        for group, value in np.argwhere(percent > contents.min_percentage).tolist():
            found[groups.labels[group]].setdefault(name, {})[str(values[value])] = int(percent[group, value])
    return found


def _picture(coordinates: Coordinates | None, groups: Groups, most: int) -> VisualizationData:
    """Cells of each cluster, at most so many, chosen as the client chooses them."""
    import pandas as pd

    if coordinates is None:
        return VisualizationData(None, [])
    known = np.zeros(len(groups.codes), bool)
    known[coordinates.known] = True
    chosen: list[NDArray[np.int64]] = []
    appearing = pd.unique(groups.codes[known & (groups.codes >= 0)]).tolist()
    for group in appearing:
        cells = pd.Series(np.flatnonzero(known & (groups.codes == group)))
        chosen.append(cells.sample(min(most, len(cells)), random_state=_SEED).to_numpy())
    places = np.concatenate([np.empty(0, np.int64), *chosen])
    labels = [groups.labels[code] for code in groups.codes[places].tolist()]
    return VisualizationData(coordinates.values[places].tolist(), labels)
