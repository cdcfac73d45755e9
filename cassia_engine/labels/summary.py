"""The summary of a sample, read for the labels of its clusters; the inverse of `outputs.summary_tables`."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cassia_engine.callers import argument
from cassia_engine.csv_injection import unguard
from cassia_engine.errors import UsageError, shown
from cassia_engine.files import local, stem_of
from cassia_engine.labels.other_files import refuse_other
from cassia_engine.records import Outcome, TermMatch

if TYPE_CHECKING:
    import pandas as pd

    from cassia_engine.markers.files.source import Problems

# Columns without which a table is no summary; of the others, what is missing is empty.
NEEDED = (
    *("Cluster ID", "Predicted General Cell Type", "Predicted Detailed Cell Type"),
    *("Status", "CL ID", "CL Label", "Confidence"),
)
OTHER = (
    "CL Match",
    "Corrected From",
    "Evidence Genes",
    "Decided By",
    "Comment",
    "Model",
    "Provider",
    "Cells",
    "Cell State",
    "Score",
    "Review Reason",
    "Probability Near",
)
_MISSING = ("", "NA", "NaN")
_ENDS = ("_summary", "_full")


@dataclass(frozen=True, slots=True)
class ClusterLabel:
    """What the summary says of a cluster; texts are "" where it says nothing.

    Attributes:
        label: the answer, or a person's label; "unresolved" where the markers did not tell.
        corrected: whether the label is a person's, in the place of an answer or where there was none.
        score: 0 to 100; None where there is none.
        review: the reasons to review the cluster, with semicolons between.
        probability: 0 to 1, that the label is right up to its depth; None where nothing is calibrated.
    """

    cluster: str
    label: str
    general_type: str
    cl_id: str
    cl_label: str
    match: TermMatch
    confidence: str
    outcome: str
    corrected: bool
    evidence_genes: tuple[str, ...] = ()
    decided_by: str = ""
    comment: str = ""
    n_cells: int | None = None
    cell_state: str = ""
    score: float | None = None
    review: str = ""
    probability: float | None = None


def name_alone(name: str) -> ClusterLabel:
    """A cluster of which nothing is known but what its cells are called."""
    return ClusterLabel(name, name, "", "", "", TermMatch(), "", "", False)


@dataclass(frozen=True, slots=True)
class LabelSet:
    """The labels of a sample.

    Attributes:
        name: of the summary's file; "" for one that is none.
        models, providers: who annotated.
        labels: at least one, each of another cluster.
    """

    name: str
    models: tuple[str, ...]
    providers: tuple[str, ...]
    labels: tuple[ClusterLabel, ...]

    @property
    def clusters(self) -> tuple[str, ...]:
        return tuple(label.cluster for label in self.labels)

    @property
    def sizes(self) -> dict[str, int]:
        """How many cells each cluster had, of those whose number the summary has."""
        return {label.cluster: label.n_cells for label in self.labels if label.n_cells is not None}


def read_summary(summary: Path | str | pd.DataFrame) -> LabelSet:
    """Read a summary: a file that cassia has written (`NAME_summary.csv`, `NAME_full.csv`), or a DataFrame.

    A file that another program has written again is read too, with other separators and the like.

    Raises:
        UsageError: it cannot be read, is no summary, or has a cluster twice.
    """
    if not isinstance(summary, str | Path) and not hasattr(summary, "columns"):
        what = f"expected a path or a DataFrame, found {type(summary).__name__}"
        raise UsageError(f"{argument('summary')}: {what}", code="summary-not-given")
    path = local(summary) if isinstance(summary, str | Path) else None
    cells = _as_written(path) if path else None
    if not cells:
        if path:
            refuse_other(path)
        cells = _in_any_form(summary)
    return LabelSet(
        _name_of(path) if path else "",
        _values(cells, "Model"),
        _values(cells, "Provider"),
        tuple(map(_label, cells)),
    )


def _as_written(path: Path) -> list[dict[str, str]] | None:
    """The rows of a file just as cassia has written it; None for any other, which the general reader takes apart.

    That reader brings all of `markers`, which takes longer to load than most summaries to read.
    """
    try:
        with open(path, encoding="utf-8", newline="") as text:
            header, *rows = csv.reader(text, strict=True)
    except (OSError, ValueError, csv.Error):
        return None
    if not set(NEEDED) <= set(header) or {len(header)} != {len(row) for row in rows}:
        return None
    cells = [_cells(dict(zip(header, row, strict=True))) for row in rows]
    return cells if len({one["Cluster ID"] for one in cells} - {""}) == len(cells) else None


def _in_any_form(summary: Path | str | pd.DataFrame) -> list[dict[str, str]]:
    from cassia_engine.markers.files.input_kinds import opened
    from cassia_engine.markers.files.source import Problems, rows

    with opened(summary) as source:
        if missing := [name for name in NEEDED if name not in source.header]:
            names = ", ".join(missing)
            what = f"this is no summary of cassia, as it lacks {names}; give NAME_summary.csv of a run"
            raise source.error(what, 0, code="summary-columns-missing")
        problems = Problems(source)
        found = [(line, _cells(dict(zip(source.header, row, strict=True)))) for line, row in rows(source, problems)]
    _check_clusters(found, problems)
    problems.raise_all()
    if not found:
        raise source.error("it has no clusters; give the summary of a run", code="summary-empty")
    return [cells for _, cells in found]


def _cells(row: Mapping[str, str]) -> dict[str, str]:
    """The cells as they were meant: ids as they are, of other texts what R and pandas write for nothing is nothing."""
    plain = {name: unguard(row[name]) for name in (*NEEDED, *OTHER) if name in row}
    return {
        name: text if name == "Cluster ID" else "" if text.strip() in _MISSING else text.strip()
        for name, text in plain.items()
    }


def _name_of(path: Path) -> str:
    stem = stem_of(path)
    return next((stem.removesuffix(end) for end in _ENDS if stem.endswith(end)), stem)


def _check_clusters(found: Sequence[tuple[int, Mapping[str, str]]], problems: Problems) -> None:
    seen = set()
    for line, cells in found:
        cluster = cells["Cluster ID"]
        if not cluster:
            problems.add("without a cluster", "column Cluster ID: it is empty", line, code="summary-cluster-empty")
        elif cluster in seen:
            what = f"column Cluster ID: {shown(cluster)} is there twice; give the summary of one sample"
            problems.add("for clusters that have one already", what, line, code="summary-cluster-twice")
        seen.add(cluster)


def _values(cells: Sequence[Mapping[str, str]], name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one[name] for one in cells if one.get(name)))


def _label(cells: Mapping[str, str]) -> ClusterLabel:
    detailed = cells["Predicted Detailed Cell Type"]
    corrected = bool(cells.get("Corrected From") or (detailed and cells["Status"] != Outcome.ANNOTATED))
    # Ranked types have semicolons between; a person's label is one text.
    answer = detailed if corrected else detailed.split("; ")[0]
    return ClusterLabel(
        cluster=cells["Cluster ID"],
        label=answer or cells["Predicted General Cell Type"],
        general_type=cells["Predicted General Cell Type"],
        cl_id=cells["CL ID"],
        cl_label=cells["CL Label"],
        match=TermMatch.from_text(cells.get("CL Match", "")),
        confidence=cells["Confidence"],
        outcome=cells["Status"],
        corrected=corrected,
        evidence_genes=tuple(gene for gene in cells.get("Evidence Genes", "").split(", ") if gene),
        decided_by=cells.get("Decided By", ""),
        comment=cells.get("Comment", ""),
        n_cells=int(number) if (number := cells.get("Cells", "").removesuffix(".0")).isdecimal() else None,
        cell_state=cells.get("Cell State", ""),
        score=_number(cells.get("Score", "")),
        review=cells.get("Review Reason", ""),
        probability=_number(cells.get("Probability Near", "")),
    )


def _number(text: str) -> float | None:
    """The number that a cell holds; None for an empty one, or one that holds none."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
