"""Labels of clusters brought back to the cells: into an .h5ad file, a Parquet table or an AnnData object."""
