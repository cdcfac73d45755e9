"""Tables with a list of genes for each cluster, and sets of genes without a header."""
