"""Write what Scanpy 1.12.4, COSG 1.2.0, decoupler 2.3.1 and PyDESeq2 write, from counts.csv and cells.csv.

Run: pip install -r requirements_scanpy.txt; python make_scanpy.py
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

import anndata as ad
import cosg
import decoupler as dc
import numpy as np
import pandas as pd
import scanpy as sc
from pydeseq2.dds import DeseqDataSet
from pydeseq2.ds import DeseqStats

HERE = Path(__file__).parent
warnings.filterwarnings("ignore")


def blood() -> ad.AnnData:
    """Log-normalized, with counts in a layer, clusters as categories."""
    counts = pd.read_csv(HERE / "counts.csv", index_col=0).T
    cells = pd.read_csv(HERE / "cells.csv", index_col=0, dtype=str)
    # A copy: the values of a pandas 3 frame are read-only, and normalize_total() writes into them.
    values = counts.to_numpy(dtype="float32").copy()
    adata = ad.AnnData(values, obs=cells, var=pd.DataFrame(index=counts.columns))
    adata.obs["cluster"] = adata.obs["cluster"].astype("category")
    adata.layers["counts"] = adata.X.copy()
    sc.pp.normalize_total(adata, target_sum=1e4)
    sc.pp.log1p(adata)
    return adata


def frame(adata: ad.AnnData, group: str | None = None, **options: object) -> pd.DataFrame:
    key = options.pop("key", "rank_genes_groups")
    sc.tl.rank_genes_groups(adata, "cluster", **options)
    return sc.get.rank_genes_groups_df(adata, group=group, key=key)


def csv(table: pd.DataFrame, name: str, **options: object) -> None:
    table.to_csv(HERE / name, float_format="%.5g", **options)


def scanpy_frames(adata: ad.AnnData) -> None:
    csv(frame(adata, method="wilcoxon", pts=True), "scanpy_wilcoxon_pts.csv", index=False)
    csv(frame(adata, method="wilcoxon", pts=True), "scanpy_wilcoxon_pts_index.csv")
    csv(frame(adata, method="t-test"), "scanpy_t_test.csv", index=False)
    csv(frame(adata, method="t-test", rankby_abs=True), "scanpy_rankby_abs.csv", index=False)
    csv(frame(adata, method="wilcoxon", reference="1"), "scanpy_reference_1.csv", index=False)
    csv(frame(adata, method="logreg"), "scanpy_logreg.csv", index=False)
    csv(frame(adata, method="logreg", group="0"), "scanpy_logreg_group_0.csv", index=False)
    csv(frame(adata, method="wilcoxon", group="3"), "scanpy_group_3.csv", index=False)
    two = adata[adata.obs["cluster"].isin(["1", "2"])].copy()
    csv(frame(two, method="logreg"), "scanpy_logreg_two_groups.csv", index=False)
    frame(adata, method="wilcoxon", pts=True).to_parquet(HERE / "scanpy_wilcoxon.parquet")
    groups = list(adata.obs["cluster"].cat.categories)
    tables = {group: sc.get.rank_genes_groups_df(adata, group=group) for group in groups}
    csv(pd.concat(tables), "scanpy_concat_keys.csv")
    csv(pd.concat(tables, names=["cluster", "rank"]), "scanpy_concat_names.csv")
    csv(pd.concat(table.assign(cluster=group) for group, table in tables.items()), "scanpy_concat_assign.csv")
    csv(pd.concat(tables, axis=1), "scanpy_concat_columns.csv")
    for group, table in tables.items():
        (HERE / "scanpy_per_cluster").mkdir(exist_ok=True)
        csv(table, f"scanpy_per_cluster/markers_{group}.csv", index=False)


def scanpy_wide(adata: ad.AnnData) -> None:
    """As in Scanpy's tutorials, from `uns`."""
    sc.tl.rank_genes_groups(adata, "cluster", method="wilcoxon")
    result = adata.uns["rank_genes_groups"]
    groups = result["names"].dtype.names
    csv(pd.DataFrame(result["names"]).head(25), "scanpy_names.csv")
    csv(pd.DataFrame(result["names"]).head(25), "scanpy_names_no_index.csv", index=False)
    csv(pd.DataFrame(result["names"]).head(25).T, "scanpy_names_transposed.csv")
    pairs = {f"{group}_{key[:1]}": result[key][group] for group in groups for key in ["names", "pvals"]}
    csv(pd.DataFrame(pairs), "scanpy_names_pvals.csv")
    keys = ["names", "scores", "logfoldchanges", "pvals", "pvals_adj"]
    csv(
        pd.DataFrame({f"{group}_{key}": result[key][group] for group in groups for key in keys}), "scanpy_five_each.csv"
    )
    csv(
        pd.DataFrame({f"{key}_{group}": result[key][group] for key in keys for group in groups}), "scanpy_key_first.csv"
    )
    csv(pd.DataFrame(result["scores"]), "scanpy_scores_only.csv")
    named = adata.copy()
    named.obs["cluster"] = named.obs["cluster"].cat.rename_categories(["T cells", "Monocytes (CD14+)", "B", "NK"])
    sc.tl.rank_genes_groups(named, "cluster", method="wilcoxon")
    csv(pd.DataFrame(named.uns["rank_genes_groups"]["names"]).head(25), "scanpy_names_named_clusters.csv")


def scanpy_edges(adata: ad.AnnData) -> None:
    sc.tl.rank_genes_groups(adata, "cluster", method="wilcoxon", pts=True)
    sc.tl.filter_rank_genes_groups(adata, min_fold_change=1)
    key = "rank_genes_groups_filtered"
    csv(sc.get.rank_genes_groups_df(adata, group=None, key=key), "scanpy_filtered_pts.csv", index=False)
    del adata.uns[key]["pts"], adata.uns[key]["pts_rest"]
    csv(sc.get.rank_genes_groups_df(adata, group=None, key=key), "scanpy_filtered.csv", index=False)
    csv(pd.DataFrame(adata.uns[key]["names"]), "scanpy_filtered_names.csv", index=False)
    cut = sc.get.rank_genes_groups_df(adata, group=None, log2fc_min=1, pval_cutoff=0.01)
    csv(cut, "scanpy_cut.csv", index=False)
    # Ids invented, in the form of Ensembl's; two have no symbol.
    ids = adata.copy()
    ids.var["feature_name"] = ids.var_names.where(~ids.var_names.isin(["AES", "BTG1"]))
    ids.var_names = [f"ENSG{90000000000 + number:011d}" for number in range(ids.n_vars)]
    sc.tl.rank_genes_groups(ids, "cluster", method="wilcoxon")
    symbols = sc.get.rank_genes_groups_df(ids, group=None, gene_symbols="feature_name")
    csv(symbols, "scanpy_gene_symbols.csv", index=False)
    # Names that two rows have, for var_names_make_unique() was not called; and after it.
    twice = ad.concat([adata, adata[:, ["CD3D", "LYZ", "CD79A", "GNLY"]]], axis=1, merge="first")
    csv(frame(twice, method="wilcoxon", pts=True), "scanpy_duplicate_names_pts.csv", index=False)
    csv(frame(twice, method="wilcoxon"), "scanpy_duplicate_names.csv", index=False)
    twice.var_names_make_unique()
    csv(frame(twice, method="wilcoxon", pts=True), "scanpy_made_unique.csv", index=False)
    scaled = adata.copy()
    sc.pp.scale(scaled)
    csv(frame(scaled, method="wilcoxon"), "scanpy_scaled.csv", index=False)
    # No tables of markers.
    reference = {"T cell": {"CD3D", "CD3E"}, "B cell": {"CD79A", "MS4A1"}}
    csv(sc.tl.marker_gene_overlap(adata, reference), "scanpy_marker_gene_overlap.csv")
    means = sc.get.aggregate(adata, by="cluster", func="mean").to_df(layer="mean")
    csv(means, "scanpy_aggregate_mean.csv")


def cosg_tables(adata: ad.AnnData) -> None:
    cosg.cosg(adata, key_added="cosg", groupby="cluster", n_genes_user=25)
    csv(pd.DataFrame(adata.uns["cosg"]["names"]), "cosg_names.csv", index=False)
    csv(pd.DataFrame(adata.uns["cosg"]["scores"]), "cosg_scores.csv", index=False)
    csv(adata.uns["cosg"]["COSG"], "cosg_table.csv")
    full = {"calculate_logfoldchanges": True, "calculate_pvalues": True}
    cosg.cosg(adata, key_added="full", groupby="cluster", n_genes_user=25, **full)
    csv(sc.get.rank_genes_groups_df(adata, group=None, key="full"), "cosg_rank_genes_groups_df.csv", index=False)
    # Clusters that were not asked for are there all the same, with the score 0.
    cosg.cosg(adata, key_added="some", groupby="cluster", groups=["1", "2"], n_genes_user=25)
    csv(pd.DataFrame(adata.uns["some"]["names"]), "cosg_two_groups_names.csv", index=False)
    csv(adata.uns["some"]["COSG"], "cosg_two_groups_table.csv")


def other_tools(adata: ad.AnnData) -> None:
    ranked = dc.tl.rankby_group(adata, groupby="cluster", reference="rest", method="wilcoxon")
    csv(ranked, "decoupler_rankby_group.csv", index=False)
    csv(pd.concat(deseq(adata)), "pydeseq2_results.csv")


def deseq(adata: ad.AnnData) -> Iterator[pd.DataFrame]:
    """Each cluster against the rest; the genes are in the index."""
    counts = pd.DataFrame(adata.layers["counts"], index=adata.obs_names, columns=adata.var_names).astype(int)
    for cluster in adata.obs["cluster"].cat.categories:
        inside = np.where(adata.obs["cluster"] == cluster, "yes", "no")
        data = DeseqDataSet(
            counts=counts,
            metadata=pd.DataFrame({"inside": inside}, index=adata.obs_names),
            design="~inside",
            size_factors_fit_type="poscounts",
            quiet=True,
        )
        data.deseq2()
        statistics = DeseqStats(data, contrast=["inside", "yes", "no"], quiet=True)
        statistics.summary()
        yield statistics.results_df.sort_values("padj").assign(cluster=cluster)


def main() -> None:
    for write in (scanpy_frames, scanpy_wide, scanpy_edges, cosg_tables, other_tools):
        write(blood())


if __name__ == "__main__":
    main()
