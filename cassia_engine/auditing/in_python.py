"""`cassia_engine.audit`: what `cassia audit` does, from Python, with a DataFrame for its table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from cassia_engine.api import plain_options, texts_of
from cassia_engine.arguments import complete, refuse_unknown
from cassia_engine.auditing.options import OPTIONS
from cassia_engine.auditing.queue import audit_labels
from cassia_engine.auditing.table import TABLE, counts_of
from cassia_engine.errors import gather
from cassia_engine.markers import Table
from cassia_engine.offline import NOTICE, open_annotator
from cassia_engine.progress import messages, say
from cassia_engine.records import Dataset
from cassia_engine.settings import SplitSettings

if TYPE_CHECKING:
    import pandas as pd


@complete(OPTIONS)
def audit(
    data: Table,
    *,
    tissue: str,
    species: str,
    label_column: str | None = None,
    knowledge: Path | str | None = None,
    show_progress: bool = True,
    **options: Any,
) -> pd.DataFrame:
    """Compare the cell types that clusters have already with what their markers say, the worst first.

    Markers are scored against the bundled knowledge; no language model is asked. What is found is a hypothesis: look at
    the genes.

    Args:
        data: an AnnData with ranked genes, or with `rank=True`: the object, or its file (.h5ad, Zarr). A marker table,
            in any form that `annotate` takes, whose clusters are called by their labels, is taken too.
        tissue, species: what is known of the data, in your words; tissue "none" for none, species human or mouse.
        label_column: the column of obs with the labels, such as "cell_type"; that of a cluster is what most of its
            cells have. None where the names of the clusters are the labels.
        knowledge: a table of your own markers, which are added to the bundled ones.
        show_progress: show messages, and at the end how many labels are contradicted. Warnings are shown either way.
        **options: how clusters and genes are found and chosen: group_key, rank_key, rank, gene_symbols_column,
            modality, table, cluster_column, gene_column, gene_map, n_genes, max_p_val_adj, min_log2fc, min_pct and
            allow_unknown_genes, as for `annotate`.

    Returns:
        One row per cluster, the worst first, with the columns of docs/witnesses.md: `Cluster ID`, `Label`, `Finding`
        (contradicted, doubtful, backed or unknown), `Other Type`, and so on. Texts are "" where there is nothing,
        scores are numbers.

    Raises:
        ArgumentError: an argument is missing, or there is none of this name; a TypeError and a UsageError.
        UsageError: something given cannot be used, such as labels that name no cell type.
    """
    with messages(show_progress):
        refuse_unknown(options, ("label_column", "knowledge", "show_progress", *OPTIONS), "audit")
        about, split, own = gather(
            lambda: texts_of(tissue=tissue, species=species),
            lambda: SplitSettings(**plain_options(options, OPTIONS)),
            lambda: plain_options({"knowledge": knowledge}, ("knowledge",))["knowledge"],
        )
        annotator = open_annotator(Dataset("audit", **about).checked(), own)
        found = audit_labels(data, label_column, split, annotator)
        if show_progress:
            for line in (*annotator.warnings, NOTICE, counts_of(found)):
                say(f"cassia: {line}")
    import pandas as pd

    frame = pd.DataFrame(TABLE.rows(found), columns=list(TABLE.columns), dtype=str)
    for column in TABLE.numbers:
        frame[column] = pd.to_numeric(frame[column].where(frame[column] != "")).astype(float)
    return frame
