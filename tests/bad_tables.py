"""Tables that cannot work, and the lines that say so."""

from __future__ import annotations

import gzip

SEURAT = "p_val,avg_log2FC,pct.1,pct.2,p_val_adj,cluster,gene\n"
GOOD = "0,1,1,0,0,B,CD19\n"
UTF8 = "save the table as CSV or TSV in UTF-8"
SEURAT_HAS = "which a Seurat FindAllMarkers table has (cluster, gene, avg_log2FC, p_val_adj)"
AS_LONG = "rename the columns, or give --marker_format long to take the genes as they stand, without statistics"
OPTIONS = "--log2fc_column, --p_val_adj_column, --score_column, --pct_in_column or --pct_out_column"
MAP = "annotation needs symbols; give a table of id and symbol with --gene_map"
DAMAGED = "F: the gzip file is damaged; make it again"
GZ = gzip.compress((SEURAT + "".join(f"0,1,1,0,0,B,G{i}\n" for i in range(9999))).encode())
KNOWN_FORMATS = (
    "Seurat FindAllMarkers: cluster, gene, avg_log2FC, p_val_adj; Scanpy rank_genes_groups_df: group, names, "
    "logfoldchanges, pvals_adj; presto wilcoxauc: group, feature, logFC, padj"
)

# What a file holds, and the lines that `cassia split` answers with; F is the file.
BAD: dict[str, tuple[str | bytes, list[str]]] = {
    "empty": ("", ["F: the file is empty; give a table with a header and rows"]),
    "blank lines only": ("\n\n", ["F: the file is empty; give a table with a header and rows"]),
    "header only": (SEURAT, ["F: the table has a header and no rows; make it again"]),
    "binary": (b"\x7fELF\x00\x01", ["F: this is a binary file; give the marker table as CSV or TSV in UTF-8"]),
    "image": (b"\x89PNG\r\n\x1a\n\xff\xfe", [f"F, line 1: not UTF-8 text; {UTF8}"]),
    "workbook": (b"PK\x03\x04\x14\x00", ["F: this is an Excel workbook or a zip file; save the sheet as CSV"]),
    "R data": (
        gzip.compress(b"X\n\x00\x00\x00\x03"),
        ["F: this is an R data file; write the markers with write.csv(markers, FILE)"],
    ),
    "UTF-16": (SEURAT.encode("utf-16"), ["F: this is text in UTF-16; save it in UTF-8"]),
    "Latin-1": (
        (SEURAT + GOOD + "0,1,1,0,0,M\xfcller,CD3D\n").encode("latin-1"),
        [f"F, line 3: not UTF-8 text; {UTF8}"],
    ),
    "only a quote": ('"', ['F: one column only ("); columns are parted by comma, semicolon or tab']),
    "a quote that swallows the table": (
        SEURAT + GOOD + '0,1,1,0,0,B,"CD19\n' + GOOD * 1_000_000,
        ["F, line 3: field larger than field limit (16000000); correct the quotes here"],
    ),
    "a bad byte late": (
        (SEURAT + GOOD * 200_000).encode() + b"0,1,1,0,0,M\xfc,C\n",
        [f"F, line 200002: not UTF-8 text; {UTF8}"],
    ),
    "a line without an end": (
        gzip.compress((SEURAT + GOOD).encode() + b"0," * 20_000_000),
        ["F, line 3: longer than 16000000 characters; write each row on its own line, and close its quotes"],
    ),
    "damaged gzip": (GZ[: len(GZ) // 2], [DAMAGED]),
    "damaged inside": (GZ[:500] + b"damaged!" * 9 + GZ[572:], [DAMAGED]),
    "damaged Parquet": (b"PAR1abcdPAR1", ["F: this Parquet file is damaged or of a kind unknown; write it anew"]),
    "web page": ("<!DOCTYPE html>\n", ["F: this is a web page or XML; give the marker table itself, as CSV or TSV"]),
    "wrong delimiter": (
        "cluster/gene/avg_log2FC/p_val_adj\nB/CD19/1/0\n",
        ["F: one column only (cluster/gene/avg_log2FC/p_val_adj); columns are parted by comma, semicolon or tab"],
    ),
    "unknown columns": (
        "a,b,c\n1,2,3\n",
        [
            "F, line 1: not a marker table by its columns. Found: a, b, c. "
            f"Expected: {KNOWN_FORMATS}; or two columns, cluster and comma-separated genes"
        ],
    ),
    "renamed columns": (
        SEURAT.replace("cluster", "clstr").replace("avg_log2FC", "up") + GOOD,
        [
            f"F, line 1: no column cluster, avg_log2FC, {SEURAT_HAS}. Found: p_val, up, pct.1, pct.2, p_val_adj, "
            "clstr, gene (is it clstr for cluster?); rename the columns, or name them with --cluster_column and "
            f"--gene_column, and statistics with {OPTIONS}"
        ],
    ),
    "no statistics": (
        "cluster,gene,note\nB,CD19,first\n",
        [f"F, line 1: no column avg_log2FC, p_val_adj, {SEURAT_HAS}. Found: cluster, gene, note; {AS_LONG}"],
    ),
    "a column twice": (
        "cluster,gene,gene,avg_log2FC,p_val_adj\nB,CD19,CD19,1,0\n",
        ["F, line 1: column gene is there twice; rename or remove one"],
    ),
    "no number in statistics": (
        SEURAT + "NA,NA,NA,NA,NA,B,CD19\n,,,,,T,CD3D\n",
        [
            "F: no number in column avg_log2FC; is it the right one?",
            "F: no number in column p_val_adj; is it the right one?",
        ],
    ),
    "numbers without a known name": (
        "cluster,gene,weight\nB,CD19,5\n",
        [
            f"F, line 1: no column avg_log2FC, p_val_adj, {SEURAT_HAS}. Found: cluster, gene, weight; "
            f"rename the columns, or name statistics with {OPTIONS}"
        ],
    ),
    "a fold change that may be a ratio": (
        "cluster,gene,FC\nB,CD19,5\n",
        [
            f"F, line 1: no column avg_log2FC, p_val_adj, {SEURAT_HAS}. Found: cluster, gene, FC; "
            "FC may be a ratio or its logarithm: give --log2fc_column FC if it is log2, else take the log2"
        ],
    ),
    "an effect that would not be used": (
        "cluster,gene,my_effect,p_val_adj\nB,CD19,5,0\nB,CD3D,-5,0\n",
        [
            "F, line 1: my_effect has values below 0, as of genes that are down, and would not be used; name them with "
            f"{OPTIONS}, or remove the column"
        ],
    ),
    "names that differ in spelling only": (
        "cluster,gene,log2FC,P.adj,p_adj\nB,CD19,5,0,1\n",
        [
            "F, line 1: columns P.adj and p_adj have the same name but for its spelling; "
            "name one with --p_val_adj_column"
        ],
    ),
    "no gene in any row": (
        SEURAT + "0,1,1,0,0,B,\n0,1,1,0,0,T,NA\n",
        ["F: nothing in column gene, in all 2 rows; name the genes"],
    ),
    "no markers": (
        SEURAT + "0,1,1,0,0.9,B,CD19\n0,-1,1,0,0.01,B,CD3D\n",
        [
            "F: no cluster has a marker: of 2 rows 1 has p_val_adj below 0.05, 1 has avg_log2FC above 0.25, 2 have "
            "pct.1 or pct.2 at least 0.1 (p_val_adj goes from 0.01 to 0.9); none passes all of them; change a "
            "threshold, or name the right columns"
        ],
    ),
    "-log10 of p values": (
        SEURAT + "".join(f"0,1,1,0,{n / 2},B,G{n}\n" for n in range(20)),
        [
            "F: 17 of 20 rows have a number above 1 in p_val_adj (up to 9.5): no p values, but perhaps -log10 of them; "
            "give adjusted p values from 0 to 1, or name their column with --p_val_adj_column"
        ],
    ),
    "logarithms of p values": (
        SEURAT + "0,1,1,0,-5,B,CD19\n",
        [
            "F: no cluster has a marker: of 1 rows 0 have p_val_adj below 0.05, 1 has avg_log2FC above 0.25, 1 has "
            "pct.1 or pct.2 at least 0.1 (p_val_adj goes from -5 to -5: are these logarithms of p values?); "
            "change the threshold that leaves too few, or name the right columns"
        ],
    ),
    "many problems, and a quoted line end and an empty line before them": (
        SEURAT + '0,1,1,0,0,"T\ncell",CD3D\n\n0,1,1,0,0,NA,CD3D\n0,1,1,0,0,B,\n0,high,1,0,small,B,CD8A\n'
        "0,1,1\n0,1,1,0,0,B,CD8A,CD8B\n0,NA,1,0,NA,B,CD19\n",
        [
            "F, line 5: nothing in column cluster; name the cluster",
            "F, line 7: 'high' in column avg_log2FC is not a number; correct it or leave it empty",
            "F, line 7: 'small' in column p_val_adj is not a number; correct it or leave it empty",
            "F: 2 rows with too few or too many fields (lines 8, 9): e.g. 3 fields, but the header has 7",
        ],
    ),
    "a missing id alone": (
        SEURAT + GOOD + "0,1,1,0,0,,CD3D\n",
        ["F, line 3: nothing in column cluster; name the cluster"],
    ),
    "more than are listed": (
        SEURAT + "0,1,1,0,0,NaN,CD3D\n" * 23,
        ["F: 23 rows without a cluster (lines 2, 3, 4, ...): e.g. nothing in column cluster; name the cluster"],
    ),
    "a quote that does not end": (
        SEURAT + GOOD + '0,1,1,0,0,T,"CD3D\n0,1,1,0,0,NK,NKG7\n',
        ["F, line 3: unexpected end of data; correct the quotes here"],
    ),
    "simplified": (
        'cluster,markers\nA,"CD19,CD79A"\n\nA,CD3D\n,CD4\nC,\nD,NA\nE,CD3D,CD3E\n',
        [
            "F, line 4: cluster A was there before, in line 2; put its genes into one row, "
            "or give --marker_format long if each row is one gene",
            "F, line 5: this row has no cluster id; give it one",
            "F: 2 rows without genes (lines 6, 7): e.g. cluster C has no genes; give them or remove the row",
            "F, line 8: 3 fields, but the header has 2; put quotes (\") around a field that has ',' in it",
        ],
    ),
    "100,000 genes in a cell": (
        f'cluster,markers\nA,CD19\nB,"{",".join(f"G{i}" for i in range(100_000))}"\n',
        ["F, line 3: 100000 genes in one cell; give the markers of the cluster only, best first"],
    ),
    "no header": (
        'A,"CD19,CD79A"\nB,"CD3D,CD3E"\n',
        ["F, line 1: the first line (A, CD19,CD79A) looks like a row; put a header above it: cluster,genes"],
    ),
    "ids that spreadsheets' guards make equal": (
        SEURAT + "0,1,1,0,0,'-1,CD19\n0,1,1,0,0,-1,CD3D\n",
        ["F: clusters -1 and '-1 mean the same; rename one"],
    ),
    "Ensembl ids": (
        SEURAT + "0,1,1,0,0,B,ENSG00000156738.18\n",
        [f"F: genes are Ensembl ids (ENSG00000156738.18), {MAP}"],
    ),
    "mouse Ensembl ids": (
        "cluster,genes\nB,ENSMUSG00000024673\n",
        [f"F: genes are Ensembl ids (ENSMUSG00000024673), {MAP}"],
    ),
    "Entrez ids": ('cluster,genes\nB,"931,973"\n', [f"F: genes are Entrez ids (931), {MAP}"]),
}
