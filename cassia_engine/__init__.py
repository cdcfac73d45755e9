"""cassia: cell-type annotation of single-cell clusters, recorded and checked.

    markers.read_markers -> stages.split.into_chunks -> stages.annotate.run_chunk
      (llm.ModelAnnotator or offline.OfflineAnnotator) -> stages.collect.merge
      -> outputs.publish.write_outputs (tables, conversations, report.render)

In scripts for CASSIA write `import cassia_engine as CASSIA`: `runCASSIA_batch`, `merge_annotations` and
`loadmarker` are its calls.

`run` does it in one process, the pipeline with a process a stage. Importing the package configures no logging and
loads nothing heavy: the functions below are loaded when they are first used.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from cassia_engine._version import __version__ as __version__

if TYPE_CHECKING:
    from cassia_engine.api import annotate, annotate_async
    from cassia_engine.auditing.in_python import audit
    from cassia_engine.boosting.in_python import boost
    from cassia_engine.compat.batch import loadmarker, runCASSIA_batch, runCASSIA_batch_async
    from cassia_engine.compat.boosting import (
        runCASSIA_annotationboost,
        runCASSIA_annotationboost_additional_task,
    )
    from cassia_engine.compat.merging import merge_annotations, merge_annotations_all, runCASSIA_merge_annotations
    from cassia_engine.compat.subclustering import runCASSIA_subclusters
    from cassia_engine.cytetype.cyte_type import CyteType
    from cassia_engine.errors import (
        AccountError,
        ArgumentError,
        CassiaError,
        InputProblems,
        TemporaryError,
        UsageError,
    )
    from cassia_engine.evaluation.in_python import evaluate
    from cassia_engine.labels.anndata_object import label
    from cassia_engine.markers import read_markers
    from cassia_engine.merging.in_python import merge_labels
    from cassia_engine.subclustering.in_python import subcluster

_ERRORS = ("AccountError", "ArgumentError", "CassiaError", "InputProblems", "TemporaryError", "UsageError")
__all__ = [
    "AccountError",
    "ArgumentError",
    "CassiaError",
    "CyteType",
    "InputProblems",
    "TemporaryError",
    "UsageError",
    "annotate",
    "annotate_async",
    "audit",
    "boost",
    "evaluate",
    "label",
    "loadmarker",
    "merge_annotations",
    "merge_annotations_all",
    "merge_labels",
    "read_markers",
    "runCASSIA_annotationboost",
    "runCASSIA_annotationboost_additional_task",
    "runCASSIA_batch",
    "runCASSIA_batch_async",
    "runCASSIA_merge_annotations",
    "runCASSIA_subclusters",
    "subcluster",
]

_PLACES = {
    **dict.fromkeys(_ERRORS, "errors"),
    "CyteType": "cytetype.cyte_type",
    "annotate": "api",
    "annotate_async": "api",
    "audit": "auditing.in_python",
    "boost": "boosting.in_python",
    "evaluate": "evaluation.in_python",
    "label": "labels.anndata_object",
    "loadmarker": "compat.batch",
    "merge_annotations": "compat.merging",
    "merge_annotations_all": "compat.merging",
    "merge_labels": "merging.in_python",
    "read_markers": "markers",
    "runCASSIA_annotationboost": "compat.boosting",
    "runCASSIA_annotationboost_additional_task": "compat.boosting",
    "runCASSIA_batch": "compat.batch",
    "runCASSIA_batch_async": "compat.batch",
    "runCASSIA_merge_annotations": "compat.merging",
    "runCASSIA_subclusters": "compat.subclustering",
    "subcluster": "subclustering.in_python",
}


def __getattr__(name: str) -> Any:
    import importlib

    if name in _PLACES:
        return getattr(importlib.import_module(f"cassia_engine.{_PLACES[name]}"), name)
    if not name.startswith("_"):
        unavailable = importlib.import_module("cassia_engine.unavailable")
        if nearest := unavailable.FUNCTIONS.get(name):
            # `from cassia_engine import name` would put a line of Python's own in the place of an AttributeError's.
            importing = sys._getframe(1).f_globals.get("__name__") == "importlib._bootstrap"
            raise (ImportError if importing else unavailable.UnavailableError)(unavailable.line_of(name, nearest))
    raise AttributeError(f"module 'cassia_engine' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__doc__", "__file__", "__name__", "__path__", "__version__"]
