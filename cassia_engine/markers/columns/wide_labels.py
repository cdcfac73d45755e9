"""The column labels of wide tables: of which cluster a column is, and what it says of the cluster's genes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from cassia_engine.markers.columns.gene_columns import Kind
from cassia_engine.markers.columns.statistics import KNOWN, plain

GENE = "gene"
RAW_P = "p_val"  # a p value that is not said to be adjusted
# What a column says, by the names that tools give it, in lower case; single letters are those of Scanpy's tutorials.
_KEYS: Mapping[str, tuple[str, ...]] = {
    GENE: (
        *("names", "name", "n", "genes", "gene", "gene_symbol", "symbols", "symbol", "feature", "markers", "marker"),
        *("gene symbol", "gene symbols", "gene name", "gene names", "gene_name", "gene_names", "gene list"),
        *("gene_list", "marker genes", "marker_genes", "marker gene", "marker_gene", "top genes", "top_genes"),
        *("top markers", "top_markers", "top marker genes"),
    ),
    "score": ("scores", "score", "s", "auc", "auroc", "cosg_score"),
    "log2fc": (
        *("logfoldchanges", "logfoldchange", "l", "log2fc", "avg_log2fc", "log2foldchange", "log2 fold change"),
        *("log2_fold_change", "log2 fc", "lfc", "logfc", "log_fc", "avg_logfc"),
    ),
    "p_val_adj": (
        *("pvals_adj", "pval_adj", "p_val_adj", "padj", "p_adj", "adjusted p value", "adjusted p-value", "fdr", "qval"),
        *("q_value", "qvalue", "mwu_qval", "t_qval", "fisher_qval", "adj_pval"),
    ),
    RAW_P: ("pvals", "pval", "p", "p_val", "pvalue", "p_value", "p value", "p-value", "mwu_pval"),
    "pct_in": ("pct_nz_group", "pts", "pct.1", "pct_in", "percentage"),
    "pct_out": ("pct_nz_reference", "pts_rest", "pct.2", "pct_out", "percentage_other"),
    "": (
        *("log2mean", "log2mean_other", "percentage_fold_change", "mwu_u", "t_tstat", "t_pval", "fisher_pval"),
        *("mean counts", "mean umi counts", "mean normalized counts", "average", "mean", "rank", "log10p", "a"),
    ),
}
_STATISTIC = {name: key for key, names in _KEYS.items() for name in names}
# Long tables have these names too.
_LONG_NAMES = {plain(name): key for key, names in KNOWN.items() for name in names if "log10" not in name}
_BRACKETS = (("(", ")"), ("[", "]"))
_OF = (" of ", " in ", " for ")  # markers of T cells
_SEPARATORS = (" - ", " – ", " | ", " / ", ": ", "::", "_", ".", ":", "|", "-", "/", " ")
_TUPLE = re.compile(r"\(\s*(['\"]?)(.*?)\1\s*,\s*(['\"]?)(.*?)\3\s*\)")  # what pandas makes of two header rows
_SHORTEST_WORD = 3
_COUNTER = re.compile(r"\.\d+$")  # what pandas and R add to a name that was there before


@dataclass(frozen=True, slots=True)
class Label:
    """A column: its cluster, what it says (`GENE`, a statistic, or "" for one that is not used)."""

    cluster: str
    key: str


Labels = Sequence[Label]
_Splitter = Callable[[str], Label | None]


def key_of(text: str) -> str | None:
    """What a column with this name says; None for a name that no tool gives."""
    name = text.strip().lower()
    return _STATISTIC[name] if name in _STATISTIC else _LONG_NAMES.get(plain(name))


def labels_of(texts: Sequence[str], kinds: Sequence[Kind]) -> Labels | None:
    """The labels of columns of names and numbers, in their order; None if they cannot be told.

    Each cluster has one column of names. A column of numbers says its cluster in its own label, or stands behind the
    names of its cluster.
    """
    if Kind.NUMBERS not in kinds:
        return _of_names(texts)
    for split in _splitters():
        found = [_label(text, kind, split) for text, kind in zip(texts, kinds, strict=True)]
        labels = [label for label in found if label is not None]
        if len(labels) == len(found) and _agree(labels):
            return labels
    return _by_position(texts, kinds)


def per_gene(texts: Sequence[str]) -> Labels | None:
    """The labels of columns that all hold a statistic of a cluster, a gene a row; None if one does not."""
    for split in _splitters():
        labels = [label for text in texts if (label := split(text)) and label.key != GENE]
        if len(labels) == len(texts) and len({(label.cluster, label.key) for label in labels if label.key}) > 1:
            return labels
    return None


def _label(text: str, kind: Kind, split: _Splitter) -> Label | None:
    label = split(text)
    if kind is Kind.NUMBERS:
        return label if label and label.key != GENE else None
    return label if label and label.key == GENE else Label(text, GENE)


def _agree(labels: Labels) -> bool:
    genes = [label.cluster for label in labels if label.key == GENE]
    return len(set(genes)) == len(genes) and {label.cluster for label in labels} <= set(genes)


def _splitters() -> list[_Splitter]:
    """The ways to put cluster and statistic into one label, the longest names first."""
    keys = sorted(_STATISTIC, key=len, reverse=True)

    def behind(sign: str, closing: str = "") -> _Splitter:
        endings = {sign + key + closing: key for key in keys}
        return lambda text: _cut(text, list(endings), lambda end: Label(text[: -len(end)], _STATISTIC[endings[end]]))

    def before(sign: str) -> _Splitter:
        starts = [key + sign for key in keys]
        return lambda text: _start(text, starts, sign)

    def before_brackets(opening: str, closing: str) -> _Splitter:
        starts = [key + opening for key in keys]
        return lambda text: _start(text[: -len(closing)], starts, opening) if text.endswith(closing) else None

    in_brackets = [behind(space + opening, closing) for opening, closing in _BRACKETS for space in (" ", "")]
    # Gene (T cells), before the signs that "T cells)" would keep a bracket of.
    in_brackets += [before_brackets(space + opening, closing) for opening, closing in _BRACKETS for space in (" ", "")]
    return [
        *(_tuple, *in_brackets, *map(before, _OF)),
        *(way(sign) for sign in _SEPARATORS for way in (before, behind)),
    ]


def _cut(text: str, endings: Sequence[str], make: Callable[[str], Label]) -> Label | None:
    lowered = text.lower()
    return next((make(end) for end in endings if lowered.endswith(end) and len(text) > len(end)), None)


def _start(text: str, starts: Sequence[str], sign: str) -> Label | None:
    lowered = text.lower()
    found = next((start for start in starts if lowered.startswith(start) and len(text) > len(start)), None)
    return Label(text[len(found) :], _STATISTIC[found.removesuffix(sign)]) if found else None


def _tuple(text: str) -> Label | None:
    if not (found := _TUPLE.fullmatch(text.strip())):
        return None
    for cluster, name in ((found[2], found[4]), (found[4], found[2])):
        if (key := key_of(name)) is not None:
            return Label(cluster, key)
    return None


def _of_names(texts: Sequence[str]) -> Labels | None:
    """Labels of columns that are all names: without the word for genes that all have before or behind, if they do."""
    for split in _splitters():
        labels = [label for text in texts if (label := split(text)) and _is_word_for_genes(text, label)]
        if len(labels) == len(texts) and _agree(labels):
            return labels
    labels = [Label(text, GENE) for text in texts]
    return labels if _agree(labels) else None


def _is_word_for_genes(text: str, label: Label) -> bool:
    """Whether a label says genes in more than a letter: "A_n" may be the name of a cluster."""
    return label.key == GENE and len(text) - len(label.cluster) > _SHORTEST_WORD


def _by_position(texts: Sequence[str], kinds: Sequence[Kind]) -> Labels | None:
    """Labels where the columns of numbers stand behind the names of their cluster, and do not repeat its name."""
    found: list[Label] = []
    for text, kind in zip(texts, kinds, strict=True):
        if kind is not Kind.NUMBERS:
            found.append(Label(text, GENE))
        elif not found:
            return None
        else:
            found.append(Label(found[-1].cluster, key_of(_COUNTER.sub("", text)) or ""))
    if not _agree(found) or any(key_of(_COUNTER.sub("", label.cluster)) for label in found):
        return None
    texts = [label.cluster for label in found if label.key == GENE]
    plain = {text: label.cluster for text, label in zip(texts, _of_names(texts) or (), strict=False)}
    return [Label(plain.get(label.cluster, label.cluster), label.key) for label in found]
