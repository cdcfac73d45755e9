"""How a marker table or an AnnData is read, and how its markers are chosen."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cassia_engine.callers import argument, option
from cassia_engine.errors import UsageError
from cassia_engine.settings.declaration import as_texts, check, parameter

# Those between "auto" and "long" are the rows of `markers.columns.known_formats`, which a test compares.
MARKER_FORMATS = (
    *("auto", "seurat", "scanpy", "presto", "seurat_conserved", "seurat_roc", "seurat_avg_diff", "scran"),
    *("scran_wilcox", "scran_log_p", "scran_stats", "scran_wilcox_stats", "scran_scores", "scvi", "scvi_vanilla"),
    *("monocle3", "pegasus", "decoupler", "scanpy_scores"),
    *("muscat", "limma", "edger", "deseq2", "mast", "generic", "long", "simplified"),
)
RANKING_METHODS = ("avg_log2FC", "p_val_adj", "pct_diff", "Score")
GENE_FILTERS = ("technical", "none")


# Groups of parameters.
ANNDATA = "AnnData input"
ANNOTATION = "Annotation"


def _column(content: str) -> str | None:
    return parameter(None, f"Name of the column of {content}, if the table has its own.", per_sample=True)


def _check_cluster_name(name: str, value: object) -> None:
    if value is not None and not str(value).strip():
        raise UsageError(f"{argument(name)} is empty; give the cluster a name", code="cluster-name-empty")


def check_label_na(name: str, value: object) -> None:
    """Refuse what is no name for cells without a cluster.

    Raises:
        UsageError: it is none; says what is expected.
    """
    if value is not None and (not isinstance(value, str) or not value.strip() or value in ("NA", "NaN")):
        what = "expected a name, and not NA or NaN, which means no cluster in a table"
        raise UsageError(f"{option(name, value)}: {what}", code="label-na-no-name")


@dataclass(frozen=True, slots=True)
class SplitSettings:
    """How markers are chosen from a table and split into tasks."""

    marker_format: str = parameter(
        "auto",
        "Format of the marker table; auto recognises it by its columns.",
        choices=MARKER_FORMATS,
        per_sample=True,
    )
    n_genes: int = parameter(
        50,
        "The most markers a cluster gets.",
        details="A cluster with fewer gets all that pass.",
        minimum=1,
        per_sample=True,
    )
    max_p_val_adj: float = parameter(0.05, "Adjusted p values are below this.", minimum=0, per_sample=True)
    min_log2fc: float = parameter(0.25, "Log2 fold changes are above this.", per_sample=True)
    min_pct: float = parameter(
        0.1, "Expressed in at least this fraction of cells, in or outside the cluster.", minimum=0, per_sample=True
    )
    ranking_method: str = parameter(
        "avg_log2FC",
        "What orders a cluster's markers; the largest first, of p_val_adj the smallest.",
        details="pct_diff is the fraction of cells inside the cluster minus that outside; Score is Scanpy's scores.",
        choices=RANKING_METHODS,
        per_sample=True,
    )
    ascending: bool | None = parameter(
        None,
        "Override that direction.",
        details="true puts the smallest first, false the largest.",
        opposite="descending",
        per_sample=True,
    )
    cluster_column: str | None = _column("clusters")
    gene_column: str | None = _column("genes")
    log2fc_column: str | None = _column("log2 fold changes")
    p_val_adj_column: str | None = _column("adjusted p values")
    score_column: str | None = _column("scores, above 0 (an AUC: above 0.5) where a gene is up")
    pct_in_column: str | None = _column("fractions of the cluster's cells that express a gene")
    pct_out_column: str | None = _column("fractions of the other cells that express a gene")
    cluster_name: str | None = parameter(
        None,
        "Name of the cluster, for a table of one without a column of clusters.",
        unset="the file's name",
        check=_check_cluster_name,
        per_sample=True,
    )
    group_key: str | None = parameter(
        None,
        "Column of obs with the clusters, for an AnnData (.h5ad).",
        unset="that by which its genes were ranked",
        per_sample=True,
        group=ANNDATA,
    )
    rank_key: str | None = parameter(
        None,
        "Key of uns with the ranked genes, for an AnnData (.h5ad).",
        unset="rank_genes_groups",
        per_sample=True,
        group=ANNDATA,
    )
    rank: bool = parameter(
        False,
        "Rank the genes of an AnnData (.h5ad) by Wilcoxon's test, each cluster against the rest.",
        details="As Scanpy does, corrected for ties, of log-normalized values; group_key names the clusters.",
        per_sample=True,
        group=ANNDATA,
    )
    label_na: str | None = parameter(
        None,
        "Name for cells without a cluster, for an AnnData (.h5ad).",
        details="They become a cluster of this name, which rank tests like the others; earlier tests lack it.",
        unset="they have no cluster, and no label",
        check=check_label_na,
        per_sample=True,
        group=ANNDATA,
    )
    gene_symbols_column: str | None = parameter(
        None,
        "Column of var with the gene symbols, for an AnnData (.h5ad).",
        details="Where genes are ids, a text column with known symbols is looked for; else their names are taken.",
        unset="found, where genes are ids",
        per_sample=True,
        group=ANNDATA,
    )
    coordinates_key: str | None = parameter(
        None,
        "Key of obsm with the cells' coordinates for the report's picture, for an AnnData (.h5ad).",
        details="Its first two columns are taken. Where no key is given, PCA is never taken.",
        unset="X_umap, or another UMAP or t-SNE by its name",
        per_sample=True,
        group=ANNDATA,
    )
    witness: tuple[str, ...] = parameter(
        (),
        "Column of obs with cell types of another tool or a person, to compare with, for an AnnData (.h5ad); "
        "may be repeated.",
        pipeline_help="Columns of obs with cell types of other tools or a person, to compare with, separated by "
        "commas, for an AnnData (.h5ad).",
        details="Such as majority_voting of CellTypist. No language model is shown them.",
        per_sample=True,
        group=ANNDATA,
    )
    modality: str | None = parameter(
        None, "Modality to take of a MuData (.h5mu).", unset="the only one", per_sample=True, group=ANNDATA
    )
    table: str | None = parameter(
        None, "Table to take of a SpatialData (Zarr store).", unset="the only one", per_sample=True, group=ANNDATA
    )
    gene_map: Path | None = parameter(
        None, "Table of two columns, id and symbol, for genes that are Ensembl or Entrez ids.", per_sample=True
    )
    cluster_context: Path | None = parameter(
        None,
        "Table of two columns, cluster and text: what you know of single clusters.",
        details="CSV or TSV with a header; for any of the clusters, at most 2000 characters each. "
        "For a single marker table; a samplesheet has a column of this name.",
        per_sample=True,
    )
    gene_filter: str = parameter(
        "technical",
        "technical: genes that tell little of a cell type (ribosomal, cell cycle and the like) are set aside, "
        "and the next ones take their places; none: they stay.",
        details="docs/formats.md lists them.",
        choices=GENE_FILTERS,
        per_sample=True,
    )
    max_table_size: float = parameter(4, "Gigabytes of text that a marker table may have, unpacked.", minimum=0)
    allow_unknown_genes: bool = parameter(
        False,
        "Go on where hardly any gene is known of the species (human or mouse), or where genes are ids.",
        per_sample=True,
    )
    siblings: int = parameter(
        0,
        "How many of the first genes of all other clusters a language model is shown, for contrast.",
        details="With more than 60 clusters fewer genes of each, so that prompts stay short; a warning says how many.",
        minimum=0,
        per_sample=True,
        of_models=True,
        group=ANNOTATION,
    )
    controls: int = parameter(
        3,
        "How many lists of random genes of the table, and with them a blend of two clusters, a language model is asked "
        "about too, a call each; 0 for none.",
        details="The report's first lines say how many it did not name. They are no clusters, and in no other output. "
        "A table needs 4 clusters with markers.",
        minimum=0,
        of_models=True,
        group=ANNOTATION,
    )
    lookup_genes: int = parameter(
        15,
        "How many genes a second annotator may ask for, to see their statistics in all clusters; 0 for none.",
        details="Any genes of the whole table, or of the cells of an AnnData, whether they are markers or not; a call "
        "more where it asks. Of a table without statistics, or with no rows besides the markers, there are none.",
        minimum=0,
        maximum=50,
        of_models=True,
        group=ANNOTATION,
    )
    chunk_size: int = parameter(
        50,
        "Clusters per chunk.",
        pipeline_help="Clusters per task; few large tasks are faster than many small ones.",
        minimum=1,
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "witness", as_texts(self.witness))
        check(self)

    @property
    def statistic_columns(self) -> dict[str, str]:
        """The statistics of `records.Marker` whose columns were named, each with its column."""
        named = {
            "log2fc": self.log2fc_column,
            "p_val_adj": self.p_val_adj_column,
            "score": self.score_column,
            "pct_in": self.pct_in_column,
            "pct_out": self.pct_out_column,
        }
        return {statistic: column for statistic, column in named.items() if column}
