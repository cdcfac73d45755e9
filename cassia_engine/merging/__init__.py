"""The labels of a summary at three levels, from the Cell Ontology; no language model is asked (docs/merge.md).

levels     the three levels of one term
grouping   those of each cluster of a summary
table      the groups as text and as a file
in_python  the function of the package
"""
