"""The labels of a summary at three levels, from the Cell Ontology; no language model is asked (docs/merge.md).

table      the groups of a summary as text and as a file; what they are, `levels` says
in_python  the function of the package
"""
