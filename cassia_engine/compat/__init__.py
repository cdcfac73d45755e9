"""For those who come with CASSIA's habits: the same calls, with the documented arguments and defaults.

batch    runCASSIA_batch and the example tables
boosting runCASSIA_annotationboost, with an additional task or without
subclustering runCASSIA_subclusters
merging  merge_annotations, merge_annotations_all, runCASSIA_merge_annotations

What an argument cannot do here is said, never silently left undone.
"""
