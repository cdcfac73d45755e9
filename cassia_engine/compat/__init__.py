"""CASSIA's own calls, with its documented arguments and defaults.

arguments      what they have in common
batch          runCASSIA_batch and the example tables
boosting       runCASSIA_annotationboost, with an additional task or without
subclustering  runCASSIA_subclusters
merging        merge_annotations, merge_annotations_all, runCASSIA_merge_annotations

An argument without effect here is named in a warning.
"""
