"""What the columns of a table are: formats of known tools, statistics, genes, clusters."""
