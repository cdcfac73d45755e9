# Write what scran 1.26.2, edgeR, limma and DESeq2 write, from counts.csv and cells.csv.
# Debian 12: apt-get install --no-install-recommends r-bioc-scran r-bioc-scuttle r-bioc-edger r-bioc-limma r-bioc-deseq2
# Run: Rscript make_bioconductor.R [folder of this file]
suppressPackageStartupMessages({library(scran); library(scuttle); library(edgeR); library(limma); library(DESeq2)})
stopifnot(packageVersion("scran") == "1.26.2")
arguments <- commandArgs(TRUE)
if (length(arguments)) setwd(arguments[1])

counts <- as.matrix(read.csv("counts.csv", row.names = 1, check.names = FALSE))
cells <- read.csv("cells.csv", row.names = 1, colClasses = "character")
sce <- logNormCounts(SingleCellExperiment(list(counts = counts), colData = cells))
ids <- sort(unique(cells$cluster))
rounded <- function(table) {
  table <- as.data.frame(table)
  numbers <- sapply(table, is.numeric)
  table[numbers] <- lapply(table[numbers], signif, 5)
  table
}
csv <- function(table, name, ...) write.csv(rounded(table), name, ...)
# Clusters have columns of their own (logFC.0, ...), so that base R binds only those that all have.
bound <- function(tables) {
  common <- Reduce(intersect, lapply(tables, colnames))
  do.call(rbind, lapply(names(tables), function(id) {
    data.frame(cluster = id, gene = rownames(tables[[id]]), as.data.frame(tables[[id]])[, common])
  }))
}
for (test in c("t", "wilcox", "binom")) for (type in c("any", "all", "some")) {
  found <- findMarkers(sce, groups = sce$cluster, test.type = test, pval.type = type)
  csv(bound(found), paste0("scran_", test, "_", type, ".csv"), row.names = FALSE)
}
up <- findMarkers(sce, groups = sce$cluster, direction = "up", lfc = 0.5)
csv(bound(up), "scran_t_up.csv", row.names = FALSE)
csv(bound(findMarkers(sce, groups = sce$cluster, direction = "up", log.p = TRUE)), "scran_log_p.csv", row.names = FALSE)
csv(bound(findMarkers(sce, groups = sce$cluster, add.summary = TRUE)), "scran_t_summary.csv", row.names = FALSE)
found <- findMarkers(sce, groups = sce$cluster)
wilcox <- findMarkers(sce, groups = sce$cluster, test.type = "wilcox")
csv(found[["1"]], "scran_one_cluster.csv")
csv(findMarkers(sce, groups = sce$cluster, full.stats = TRUE)[["1"]], "scran_one_cluster_full_stats.csv")
dir.create("scran_per_cluster", showWarnings = FALSE)
for (id in ids) csv(wilcox[[id]], file.path("scran_per_cluster", paste0("cluster_", id, ".csv")))
csv(dplyr::bind_rows(lapply(found, function(table) tibble::rownames_to_column(as.data.frame(table), "gene")), .id = "cluster"),
    "scran_bind_rows.csv", row.names = FALSE)

scores <- scoreMarkers(sce, groups = sce$cluster)
csv(bound(scores), "scran_scoremarkers.csv", row.names = FALSE)
csv(scores[["3"]][order(scores[["3"]]$mean.AUC, decreasing = TRUE), ], "scran_scoremarkers_one_cluster.csv")
top <- sapply(ids, function(id) rownames(scores[[id]])[order(scores[[id]]$mean.AUC, decreasing = TRUE)[1:15]])
csv(top, "scran_top_wide.csv")

# A cluster against all other cells, with the tools of bulk data.
against <- function(id) model.matrix(~ factor(sce$cluster == id))
tables <- lapply(setNames(ids, ids), function(id) {
  fit <- glmQLFit(estimateDisp(calcNormFactors(DGEList(counts)), against(id)), against(id))
  topTags(glmQLFTest(fit, coef = 2), n = Inf)$table
})
csv(bound(tables), "edger_toptags.csv", row.names = FALSE)
tables <- lapply(setNames(ids, ids), function(id) {
  topTable(eBayes(lmFit(logcounts(sce), against(id)), trend = TRUE), coef = 2, number = Inf)
})
csv(bound(tables), "limma_toptable.csv", row.names = FALSE)
tables <- lapply(setNames(ids, ids), function(id) {
  data <- DESeqDataSetFromMatrix(counts, data.frame(inside = factor(sce$cluster == id)), ~inside)
  found <- results(DESeq(data, sfType = "poscounts", quiet = TRUE))
  found[order(found$padj), ]
})
csv(bound(tables), "deseq2_results.csv", row.names = FALSE)
