"""A tool's labels in any of the forms taken, recognised by what is in them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Union

from cassia_engine.callers import argument
from cassia_engine.errors import UsageError
from cassia_engine.evaluation.grading import Grade
from cassia_engine.evaluation.objects import read_object
from cassia_engine.evaluation.predictions import Prediction, Predictions
from cassia_engine.evaluation.scores import read_scores
from cassia_engine.evaluation.tables import read_table
from cassia_engine.evaluation.wanted import Wanted
from cassia_engine.files import local, stem_of
from cassia_engine.labels.summary import NEEDED, ClusterLabel, read_summary
from cassia_engine.markers.files.input_kinds import holds_anndata, opened
from cassia_engine.markers.files.source import Source
from cassia_engine.markers.files.text_file import READING_ERRORS, unreadable
from cassia_engine.records import Outcome

if TYPE_CHECKING:
    import pandas as pd

Labels = Union[Path, str, "pd.DataFrame", Mapping[str, Any], Sequence[Mapping[str, Any]]]
_JSON = (b"{", b"[")


def read_labels(labels: Labels, wanted: Wanted) -> Predictions:
    """What a tool says of each cluster.

    Raises:
        UsageError: the labels cannot be read, or their form is not known.
    """
    name = _name_of(local(labels)) if isinstance(labels, str | Path) else "labels"
    place = str(labels) if isinstance(labels, str | Path) else "the labels"
    data = _json(local(labels), place) if isinstance(labels, str | Path) else labels
    if isinstance(data, Mapping):
        _refuse_columns(wanted, place)
        return read_object(data, name, place)
    refuse_anndata(data)
    with opened(data) as source:
        if not set(NEEDED) <= set(source.header) or wanted.label_column or wanted.cluster_column:
            return read_table(source, name, wanted)
        return _of_cassia(data, source, name, wanted)


def _refuse_columns(wanted: Wanted, place: str) -> None:
    for name in ("cluster_column", "label_column", "score_column", "score_max"):
        if getattr(wanted, name) is not None:
            what = f"{argument(name)} is for tables, and this is JSON; leave it out"
            raise UsageError(what, path=place, code="evaluate-columns-of-json")


def _name_of(path: Path) -> str:
    return stem_of(path).removesuffix(".json").removesuffix("_summary").removesuffix("_full")


def refuse_anndata(table: Any) -> None:
    """Refuse an AnnData, with how its labels are given.

    Raises:
        UsageError: it is one, a file or an object.
    """
    if holds_anndata(table):
        place = str(table) if isinstance(table, str | Path) else "the AnnData"
        what = (
            "this is an AnnData; give its table of cells, adata.obs (in a file: adata.obs.to_csv), and name the columns"
        )
        raise UsageError(what, path=place, code="evaluate-anndata")


def _json(path: Path, place: str) -> Any:
    """The JSON of a file, a list of rows as a list; the path of any other."""
    try:
        if path.is_dir():
            raise UsageError("this is a folder; give the file with the labels", path=place, code="labels-are-folder")
        if path.exists() and not path.is_file():
            what = "this is a pipe or a device, and labels are read twice; give a file"
            raise UsageError(what, path=place, code="labels-are-pipe")
        with open(path, "rb") as file:
            if file.read(1000).lstrip(b"\xef\xbb\xbf \t\r\n")[:1] not in _JSON:
                return path
        found = json.loads(path.read_text(encoding="utf-8-sig"))
    except json.JSONDecodeError as error:
        what = f"this is not valid JSON ({error.msg}); save it again"
        raise UsageError(what, path=place, line=error.lineno, code="labels-json-damaged") from error
    except RecursionError as error:
        raise UsageError(
            "this JSON is nested too deeply; save it with less nesting", path=place, code="labels-json-deep"
        ) from error
    except READING_ERRORS as error:
        raise unreadable(path, place, False, error) from error
    if isinstance(found, Mapping) or (isinstance(found, list) and found and all(isinstance(r, Mapping) for r in found)):
        return found
    raise UsageError(
        "this JSON has no clusters; give an object, or a list of rows", path=place, code="labels-json-empty"
    )


class _Sureness(NamedTuple):
    """A column of ours that says how sure a label is.

    Attributes:
        of: its value for a cluster.
        top: the highest there is; None where the column only has an order.
        level: of being right that it speaks of.
    """

    of: Callable[[ClusterLabel], float | str | None]
    top: float | None
    level: Grade = Grade.EXACT


_OURS: Mapping[str, _Sureness] = {
    "Probability Near": _Sureness(lambda one: one.probability, 1.0, Grade.ANCESTOR_OR_DESCENDANT),
    "Score": _Sureness(lambda one: one.score, 100.0),
    "Confidence": _Sureness(lambda one: one.confidence, None),
}


def _surest(found: Sequence[ClusterLabel]) -> str:
    """The first of our columns that has a value."""
    return next((name for name, kind in _OURS.items() if any(kind.of(one) is not None for one in found)), "Confidence")


def _of_cassia(labels: Any, source: Source, name: str, wanted: Wanted) -> Predictions:
    """A summary of ours, with the probability, or else the score or the confidence, of each cluster."""
    found = read_summary(labels).labels
    column = wanted.score_column or _surest(found)
    if column not in _OURS:
        return read_table(source, name, wanted)
    said = [_OURS[column].of(one) for one in found]
    top = wanted.score_max or _OURS[column].top
    scores = read_scores(["" if one is None else one for one in said], top, False, source.place)
    answers = (
        Prediction(
            one.cluster,
            (one.label, one.general_type) if one.outcome == Outcome.ANNOTATED or one.corrected else ("",),
            one.cl_id,
            score,
        )
        for one, score in zip(found, scores.values, strict=True)
    )
    scored = any(score is not None for score in scores.values)
    of = _OURS[column].level
    return Predictions(name, source.place, "cassia", tuple(answers), column if scored else "", scores.top, of)
