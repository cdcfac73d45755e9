"""What the cells of an AnnData say of its clusters: quality, composition, expression of markers, cells for pictures.

    markers._read -> reading.read_cells -> quality, composition, lineages (of each cluster), sampled (of the data set)

All figures that need values are made of one pass over one matrix (`h5ad.clustered_cells`).
"""
