"""Names that tools and people give to the columns of statistics, and what is known of them from the name alone.

Names are compared without letter case, white space, brackets, `_`, `.` and `-`: `avg_log2FC` is `avg.log2fc`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

# What of a Marker a column may hold, and names that say so, the surest first.
KNOWN: Mapping[str, tuple[str, ...]] = {
    name: tuple(names.split())
    for name, names in {
        "log2fc": """
            avg_log2FC log2FC log2_fold_change log2_fold_changes logfoldchanges log_fold_change log_fold_changes lfc
            avg_logFC logFC lfc_mean summary.logFC mean_log2FC mean_logFC avg_lfc mean_lfc l2fc log2_lfc log2_FC_avg
            avg_log10FC log10FC average_log2FC average_log2_fold_change log2FC_mean log2_ratio avg_log_fold_change
            avg_log2_fold_change mean_log2_fold_change FC_log2 logFC_mean logFC_avg log2_avg_FC marker_log2FC coef
        """,
        "p_val_adj": """
            p_val_adj pvals_adj pval_adj padj adj.P.Val FDR q_value qval q_val qvals q_values p.adjust adj_p adj_pval
            adj_pvalue adjusted_p_value adjusted_p_values adjusted_pval adjusted_p p_value_adj p_values_adj p_adjusted
            pval_adjusted p_value_adjusted p_val_adjust pvals_adjusted fdr_bh bh p_adj_bh padj_bh bonferroni
            p_val_bonferroni p_value_fdr p_fdr p_val_fdr fdr_p fdr_q fdr_p_value corrected_p_value p_value_corrected
            p_corrected marker_test_q_value mwu_qval t_qval p_adj.loc
        """,
        "score": """
            score scores auc auroc myAUC mean.AUC summary.AUC avg_auc roc_auc marker_score cosg_score cosg_scores stat
            statistic wald_stat z_score z_scores t_stat t_statistic avg_diff mean.logFC.cohen cohen_d cohens_d
            bayes_factor summary.diff
        """,
        "pct_in": """
            pct.1 pct_in pct_nz_group pct_in_cluster pct_cluster pct_group percent.1 percent_in percentage
            fraction_expressing frac_in fraction_in pct_expr_in pct_expressed_in pct_in_group non_zeros_proportion1
            self.detected
        """,
        "pct_out": """
            pct.2 pct_out pct_nz_reference pct_out_cluster pct_rest pct_reference pct_other percent.2 percent_out
            percentage_other frac_out fraction_out pct_expr_out pct_expressed_out pct_out_group non_zeros_proportion2
            other.detected
        """,
    }.items()
}
# Folds of these are logarithms to base e: Seurat before version 4. (presto's logFC is one too; its format says so.)
NATURAL_LOGARITHMS = ("avg_logFC",)
# One name for a ratio, a signed fold and a logarithm: only a person can say which.
_UNCLEAR_FOLDS = "FC fold_change fold_changes fold avg_FC mean_FC mean_fold_change avg_fold_change average_fold_change"
# Columns of the field's tools that say nothing which is missed when they are left unused.
_COMMON = """
    p_val pval pvals p_value p_values p max_pval minimump_p_val mwu_pval t_pval fisher_pval fisher_qval Pr(>Chisq)
    marker_test_p_value baseMean lfcSE AveExpr avgExpr logCPM B F t LR df ci.hi ci.lo z power mean_expression avg_diff
    mwu_U U pseudo_R2 specificity rank Top odds_ratio p_adj.glb log2Mean log2Mean_other percentage_fold_change Length
    entrez entrezid entrez_id ncbi_gene_id index n n_cells start end
"""
_LOG_P = re.compile(r"log(10|2)?(adj)?(p|q|fdr)(val|value)?s?(adj|adjusted)?$", re.IGNORECASE)  # of p values
_FOLD_LIKE = re.compile(r"fc$|^fc|fold|lfc|coef|diff|change|effect|^beta|estimate|cohen|^[δ∆]?log", re.IGNORECASE)


@lru_cache(maxsize=10_000)
def plain(name: str) -> str:
    """A column's name as names are compared. Remembered: a table's few names are compared with many, over and over."""
    return re.sub(r"[\s_.()\-]+", "", name).casefold()


def matching(header: Sequence[str], names: Iterable[str]) -> tuple[str, ...]:
    """The columns of the first of some names that a table has, by the very name or else by how names are compared.

    `*_name` are all columns whose names end so. Several columns for a name without `*` mean the same to a reader.
    """
    names = tuple(names)
    for name in names:
        if name in header:
            return (name,)
    for name in names:
        ending = plain(name.removeprefix("*"))
        if name.startswith("*"):
            found = [column for column in header if plain(column).endswith(ending) and plain(column) != ending]
        else:
            found = [column for column in header if plain(column) == ending]
        if found:
            return tuple(dict.fromkeys(found))
    return ()


def known_statistics(header: Sequence[str]) -> dict[str, str]:
    """Which of a table's columns are statistics by their names: a statistic of `records.Marker` to its column."""
    found = {statistic: matching(header, names) for statistic, names in KNOWN.items()}
    for statistic, name in (("log2fc", "*_avg_log2FC"), ("log2fc", "*_avg_logFC"), ("p_val_adj", "*_p_val_adj")):
        found[statistic] = found[statistic] or matching(header, (name,))
    found["log2fc"] = found["log2fc"] or matching(header, ("summary.stats",))
    return {statistic: columns[0] for statistic, columns in found.items() if columns}


def base_of(column: str, natural: Iterable[str]) -> float:
    """The base of the logarithms in a column of fold changes: 10 or 2 by its name, e where that is in `natural`."""
    name = plain(column)
    if "log10" in name:
        return 10.0
    return math.e if name.endswith(tuple(map(plain, natural))) else 2.0


def is_common(column: str) -> bool:
    """Whether a column is one of those that tools write and cassia has no use for."""
    return plain(column) in _COMMON_PLAIN


def is_fold(column: str) -> bool:
    """Whether a column's name is one of a fold change or another effect, whose sign is the direction."""
    name = plain(column)
    return bool(_FOLD_LIKE.search(name)) and not _LOG_P.search(name) and name not in _COMMON_PLAIN


def is_unclear_fold(column: str) -> bool:
    """Whether a name may be that of a ratio as well as of its logarithm."""
    return plain(column) in _UNCLEAR_PLAIN


def least_score(column: str) -> float:
    """What a score is above where a gene is up: 0.5 for an area under a curve, 0 for all else."""
    return 0.5 if "auc" in plain(column) or "auroc" in plain(column) else 0.0


_COMMON_PLAIN = frozenset(map(plain, _COMMON.split()))
_UNCLEAR_PLAIN = frozenset(map(plain, _UNCLEAR_FOLDS.split()))
