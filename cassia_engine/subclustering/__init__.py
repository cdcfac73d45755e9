"""Subclusters of one population: annotated as such, and compared with its type (docs/subcluster.md).

population  the type that all of them are said to be
fitting     whether an answer is that type or a kind of it
table       what was found, as a file and for a terminal
subclusters all of it
in_python   the function of the package
"""
