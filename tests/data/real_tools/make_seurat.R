# Write what Seurat 4.3.0 writes, from counts.csv and cells.csv. Run: Rscript make_seurat.R [folder of this file]
# Debian 12: apt-get install --no-install-recommends r-cran-seurat r-cran-metap r-bioc-multtest r-cran-dplyr
suppressPackageStartupMessages({library(Seurat); library(dplyr)})
stopifnot(packageVersion("Seurat") == "4.3.0")
arguments <- commandArgs(TRUE)
if (length(arguments)) setwd(arguments[1])
options(digits = 5)
set.seed(0)

counts <- as.matrix(read.csv("counts.csv", row.names = 1, check.names = FALSE))
cells <- read.csv("cells.csv", row.names = 1, colClasses = "character")
object <- function(counts) {
  made <- CreateSeuratObject(counts, meta.data = cells)
  made <- NormalizeData(made, verbose = FALSE)
  Idents(made) <- "cluster"
  made
}
rounded <- function(table) {
  numbers <- sapply(table, is.numeric)
  table[numbers] <- lapply(table[numbers], signif, 5)
  table
}
csv <- function(table, name, ...) write.csv(rounded(table), name, ...)
all_markers <- function(made, ...) FindAllMarkers(made, verbose = FALSE, ...)

blood <- object(counts)
markers <- all_markers(blood)
csv(markers, "seurat_findallmarkers.csv")
csv(markers, "seurat_findallmarkers_no_row_names.csv", row.names = FALSE)
write.csv2(rounded(markers), "seurat_write_csv2.csv")
write.table(rounded(markers), "seurat_write_table.txt")
write.table(rounded(markers), "seurat_write_table_tabs.tsv", sep = "\t", quote = FALSE)
write.table(rounded(markers), "seurat_col_names_na.tsv", sep = "\t", quote = FALSE, col.names = NA)

# Rows of clusters are bound before row names are made unique, so the second CD74 is called CD741.
positive <- all_markers(blood, only.pos = TRUE)
csv(positive, "seurat_only_pos.csv")
csv(positive[, setdiff(names(positive), "gene")], "seurat_only_pos_gene_in_row_names.csv")
csv(markers[, setdiff(names(markers), "gene")], "seurat_gene_in_row_names.csv")

csv(all_markers(blood, test.use = "roc", return.thresh = 0), "seurat_roc.csv")
csv(all_markers(blood, test.use = "LR", only.pos = TRUE), "seurat_lr.csv")
csv(all_markers(blood, test.use = "t"), "seurat_t.csv")
csv(all_markers(blood, test.use = "bimod"), "seurat_bimod.csv")
csv(all_markers(blood, base = exp(1)), "seurat_base_e.csv")
csv(all_markers(blood, base = 10, logfc.threshold = 0.1), "seurat_base_10.csv")
csv(all_markers(blood, mean.fxn = rowMeans, fc.name = "avg_diff"), "seurat_mean_fxn.csv")
scaled <- ScaleData(blood, verbose = FALSE)
csv(all_markers(scaled, slot = "scale.data"), "seurat_scale_data.csv")

# One comparison: no cluster, genes in row names.
csv(FindMarkers(blood, ident.1 = "1", verbose = FALSE), "seurat_findmarkers_1.csv")
csv(FindMarkers(blood, ident.1 = "1", ident.2 = "2", verbose = FALSE), "seurat_findmarkers_1_vs_2.csv")
ids <- levels(blood)
single <- lapply(setNames(ids, ids), function(id) FindMarkers(blood, ident.1 = id, only.pos = TRUE, verbose = FALSE))
csv(do.call(rbind, single), "seurat_findmarkers_rbind_row_names.csv")
bound <- do.call(rbind, lapply(ids, function(id) cbind(single[[id]], cluster = id)))
csv(bound, "seurat_findmarkers_rbind.csv")
csv(bind_rows(single, .id = "cluster"), "seurat_findmarkers_bind_rows.csv")
csv(do.call(rbind, split(markers, markers$cluster)), "seurat_split_rbind.csv")
dir.create("seurat_per_cluster", showWarnings = FALSE)
for (id in ids) csv(single[[id]], file.path("seurat_per_cluster", paste0("cluster_", id, ".csv")))

# What people do for a list of genes.
top <- positive %>% group_by(cluster) %>% slice_max(avg_log2FC, n = 10, with_ties = FALSE)
csv(as.data.frame(top), "seurat_top10.csv")
csv(top %>% summarise(genes = paste(gene, collapse = ", ")) %>% as.data.frame(), "seurat_top10_pasted.csv")
csv(as.data.frame(split(top$gene, top$cluster)), "seurat_top10_wide.csv", row.names = FALSE)
csv(as.data.frame(split(top$gene, top$cluster), check.names = FALSE), "seurat_top10_wide_numbers.csv")

conserved <- function(id) FindConservedMarkers(blood, ident.1 = id, grouping.var = "condition", verbose = FALSE)
conserved_markers <- lapply(setNames(ids, ids), conserved)
csv(conserved_markers[["2"]], "seurat_conserved_2.csv")
with_ids <- lapply(ids, function(id) {
  cbind(cluster = id, gene = rownames(conserved_markers[[id]]), conserved_markers[[id]])
})
csv(do.call(rbind, with_ids), "seurat_conserved.csv", row.names = FALSE)

# Names of clusters, and of genes as other steps leave them.
named <- RenameIdents(blood, "0" = "T cell, CD4", "1" = "CD14+ Mono", "2" = "B", "3" = "NK")
csv(all_markers(named, only.pos = TRUE), "seurat_named_clusters.csv")
prefixed <- counts
rownames(prefixed) <- paste0("GRCh38_", rownames(counts))
csv(suppressWarnings(all_markers(object(prefixed), only.pos = TRUE)), "seurat_genome_prefix.csv")
# Two rows of one symbol, as two Ensembl ids have: Seurat calls the second CD3D.1.
twice <- rbind(counts, counts[c("CD3D", "LYZ", "CD79A", "GNLY", "CST3"), ])
rownames(twice) <- make.unique(rownames(twice))
csv(all_markers(object(twice), only.pos = TRUE), "seurat_two_rows_of_a_symbol.csv")

# No table of markers.
csv(AverageExpression(blood, verbose = FALSE)$RNA %>% as.data.frame(), "seurat_average_expression.csv")
