"""The long formats that are known, as data; the first that a table fits is its format.

What a format says here - which genes are up, what ranks them, which thresholds hold - docs/formats.md says as a table.
"""

from __future__ import annotations

from dataclasses import replace

from cassia_engine.markers.columns.formats import Format
from cassia_engine.markers.columns.statistics import KNOWN, NATURAL_LOGARITHMS

_BY_FOLD = "log2 fold change above min_log2fc"

SEURAT = Format(
    name="seurat",
    title="Seurat FindAllMarkers",
    cluster="cluster",
    gene="gene",
    required={"log2fc": ("avg_log2FC", "avg_logFC", "avg_log10FC"), "p_val_adj": ("p_val_adj",)},
    optional={"pct_in": ("pct.1",), "pct_out": ("pct.2",), "score": ("Score", "score")},
    direction=_BY_FOLD,
    common=True,
)
SCANPY = Format(
    name="scanpy",
    title="Scanpy rank_genes_groups_df",
    cluster="group",
    gene="names",
    required={"log2fc": ("logfoldchanges",), "p_val_adj": ("pvals_adj",)},
    optional={"score": ("scores",), "pct_in": ("pct_nz_group",), "pct_out": ("pct_nz_reference",)},
    direction=f"{_BY_FOLD}; score above 0 where there is none",
    signed_score=True,
    common=True,
)
PRESTO = Format(
    name="presto",
    title="presto wilcoxauc",
    cluster="group",
    gene="feature",
    required={"log2fc": ("logFC",), "p_val_adj": ("padj",)},
    optional={"score": ("auc",), "pct_in": ("pct_in",), "pct_out": ("pct_out",)},
    direction=_BY_FOLD,
    marks=("avgExpr", "auc"),
    natural=("logFC",),  # of log-normalized values
    percent=True,
    family=("statistic",),
    common=True,
)
CONSERVED = Format(
    name="seurat_conserved",
    title="Seurat FindConservedMarkers",
    cluster="cluster",
    gene="gene",
    required={"log2fc": ("*_avg_log2FC", "*_avg_logFC", "*_avg_log10FC"), "p_val_adj": ("*_p_val_adj",)},
    optional={"pct_in": ("*_pct.1",), "pct_out": ("*_pct.2",)},
    direction=f"{_BY_FOLD} in every condition; ranked by the smallest",
    marks=("max_pval", "minimump_p_val"),
    family=("*_p_val", "*_avg_diff"),
)
ROC = Format(
    name="seurat_roc",
    title="Seurat roc",
    cluster="cluster",
    gene="gene",
    required={"score": ("myAUC",)},
    optional={"log2fc": ("avg_log2FC", "avg_logFC"), "pct_in": ("pct.1",), "pct_out": ("pct.2",)},
    direction=f"myAUC above 0.5, and {_BY_FOLD} where there is one",
    above={"myAUC": 0.5},
)
AVG_DIFF = Format(
    name="seurat_avg_diff",
    title="Seurat FindMarkers on scaled data",
    cluster="cluster",
    gene="gene",
    required={"score": ("avg_diff",), "p_val_adj": ("p_val_adj",)},
    optional={"pct_in": ("pct.1",), "pct_out": ("pct.2",)},
    direction="avg_diff above 0: a difference of means, no fold change",
)
SCRAN = Format(
    name="scran",
    title="scran findMarkers",
    cluster="cluster",
    gene="gene",
    required={"log2fc": ("summary.logFC",), "p_val_adj": ("FDR",)},
    direction=_BY_FOLD,
    family=("logFC", "Top", "stats", "self.", "other."),
)
SCRAN_WILCOX = Format(
    name="scran_wilcox",
    title="scran findMarkers (Wilcoxon)",
    cluster="cluster",
    gene="gene",
    required={"score": ("summary.AUC",), "p_val_adj": ("FDR",)},
    direction="summary.AUC above 0.5",
    family=("AUC", "Top", "self.", "other."),
)
SCRAN_LOG_P = replace(
    SCRAN,
    name="scran_log_p",
    title="scran findMarkers (log.p)",
    required={"log2fc": ("summary.logFC",), "p_val_adj": ("log.FDR",)},
    log_p=True,
    family=(*SCRAN.family, "log.p.value"),
)
SCRAN_STATS = replace(
    SCRAN,
    name="scran_stats",
    title="scran findMarkers (full.stats)",
    required={"log2fc": ("summary.stats",), "p_val_adj": ("FDR",)},
    marks=("*.logFC",),
)
SCRAN_WILCOX_STATS = replace(
    SCRAN_WILCOX,
    name="scran_wilcox_stats",
    title="scran findMarkers (Wilcoxon, full.stats)",
    required={"score": ("summary.stats",), "p_val_adj": ("FDR",)},
    direction="summary.stats above 0.5",
    marks=("*.AUC",),
    above={"summary.stats": 0.5},
    family=(*SCRAN_WILCOX.family, "stats"),
)
SCRAN_SCORES = Format(
    name="scran_scores",
    title="scran scoreMarkers",
    cluster="cluster",
    gene="gene",
    required={"score": ("mean.logFC.cohen", "mean.AUC", "median.logFC.cohen", "median.AUC")},
    optional={"pct_in": ("self.detected",), "pct_out": ("other.detected",)},
    direction="mean.logFC.cohen above 0 and mean.AUC above 0.5",
    above={"mean.logFC.cohen": 0, "mean.AUC": 0.5},
    family=("self.", "other.", "mean.", "min.", "median.", "max.", "rank.", "full."),
)
SCVI = Format(
    name="scvi",
    title="scvi-tools differential_expression",
    cluster="group1",
    gene="gene",
    required={"log2fc": ("lfc_mean", "lfc_median")},
    optional={
        "score": ("bayes_factor",),
        "pct_in": ("non_zeros_proportion1",),
        "pct_out": ("non_zeros_proportion2",),
    },
    direction=f"lfc_mean as {_BY_FOLD}; is_de_fdr_... is True, or proba_de above 0.95 where that is missing",
    marks=("proba_de", "bayes_factor"),
    true=("is_de_fdr_0.05", "is_de_fdr_0.1", "is_de_fdr_0.01"),
    above={"proba_de": 0.95},
    reference="group2",
    family=("proba", "lfc", "scale", "raw", "pseudocounts", "delta", "emp", "non_zeros", "group"),
)
SCVI_VANILLA = Format(
    name="scvi_vanilla",
    title="scvi-tools differential_expression (vanilla)",
    cluster="group1",
    gene="gene",
    required={"score": ("bayes_factor",)},
    optional={"pct_in": ("non_zeros_proportion1",), "pct_out": ("non_zeros_proportion2",)},
    direction="bayes_factor above 0",
    marks=("proba_m1", "scale1"),
    reference="group2",
    family=SCVI.family,
)
MONOCLE = Format(
    name="monocle3",
    title="monocle3 top_markers",
    cluster="cell_group",
    gene="gene_short_name",
    required={"score": ("marker_score",)},
    optional={"p_val_adj": ("marker_test_q_value",), "pct_in": ("fraction_expressing",)},
    direction="marker_score above 0",
    family=("marker_test", "pseudo", "mean_expression"),
)
PEGASUS = Format(
    name="pegasus",
    title="pegasus de_analysis",
    cluster="cluster",
    gene="feature",
    required={"log2fc": ("log2FC",), "p_val_adj": ("mwu_qval", "t_qval", "fisher_qval")},
    optional={"score": ("auroc",), "pct_in": ("percentage",), "pct_out": ("percentage_other",)},
    direction=f"{_BY_FOLD}, and auroc above 0.5 where there is one",
    above={"auroc": 0.5},
    percent=True,
    family=("log2Mean", "percentage", "mwu", "t_", "fisher"),
)
DECOUPLER = Format(
    name="decoupler",
    title="decoupler rankby_group",
    cluster="group",
    gene="name",
    required={"score": ("stat",), "p_val_adj": ("padj",)},
    direction="stat above 0",
    marks=("meanchange", "reference"),
    reference="reference",
    family=("meanchange",),
)
SCANPY_SCORES = Format(
    name="scanpy_scores",
    title="Scanpy logreg or COSG",
    cluster="group",
    gene="names",
    required={"score": ("scores",)},
    optional={"log2fc": ("logfoldchanges",), "pct_in": ("pct_nz_group",), "pct_out": ("pct_nz_reference",)},
    direction=f"score above 0, and {_BY_FOLD} where there is one",
    above={"scores": 0},
)
MUSCAT = Format(
    name="muscat",
    title="muscat pbDS",
    cluster="cluster_id",
    gene="gene",
    required={"log2fc": ("logFC",), "p_val_adj": ("p_adj.loc", "p_adj.glb")},
    direction=_BY_FOLD,
    family=("logCPM", "F", "p_adj"),
)
LIMMA = Format(
    name="limma",
    title="limma topTable",
    cluster="cluster",
    gene="gene",
    required={"log2fc": ("logFC",), "p_val_adj": ("adj.P.Val",)},
    direction=_BY_FOLD,
)
EDGER = Format(
    name="edger",
    title="edgeR topTags",
    cluster="cluster",
    gene="gene",
    required={"log2fc": ("logFC",), "p_val_adj": ("FDR",)},
    direction=_BY_FOLD,
    marks=("logCPM", "LR", "F"),
)
DESEQ2 = Format(
    name="deseq2",
    title="DESeq2 results",
    cluster="cluster",
    gene="gene",
    required={"log2fc": ("log2FoldChange",), "p_val_adj": ("padj",)},
    direction=_BY_FOLD,
    marks=("baseMean", "lfcSE"),
    family=("stat",),
)
MAST = Format(
    name="mast",
    title="MAST",
    cluster="cluster",
    gene="primerid",
    required={"log2fc": ("coef",), "p_val_adj": ("fdr",)},
    direction=f"coef as {_BY_FOLD}",
    marks=("Pr(>Chisq)", "ci.hi"),
)
GENERIC = Format(
    name="generic",
    title="generic (a gene a row, with statistics)",
    cluster="cluster",
    gene="gene",
    optional=KNOWN,
    direction=f"{_BY_FOLD}; else the score above 0 (an AUC above 0.5)",
    natural=NATURAL_LOGARITHMS,
)
# Before the others stand those whose columns are the most their own.
FORMATS = {
    format_.name: format_
    for format_ in (
        *(SEURAT, SCANPY, PRESTO),
        *(CONSERVED, ROC, AVG_DIFF),
        *(SCRAN, SCRAN_WILCOX, SCRAN_LOG_P, SCRAN_STATS, SCRAN_WILCOX_STATS, SCRAN_SCORES),
        *(SCVI, SCVI_VANILLA, MONOCLE, PEGASUS),
        *(DECOUPLER, SCANPY_SCORES, MUSCAT, LIMMA, EDGER, DESEQ2, MAST),
        GENERIC,
    )
}
