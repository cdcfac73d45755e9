"""Corrections: what a person says of clusters after the run, read from a table and put beside what was answered.

The table is the one that the report exports: `cluster`, `label`, and if wanted `cl_id`, `comment` and `decided_by`.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from cassia_engine.callers import option
from cassia_engine.csv_injection import unguard
from cassia_engine.errors import UsageError, shown
from cassia_engine.markers.columns.formats import data_columns
from cassia_engine.markers.files.input_kinds import opened
from cassia_engine.markers.files.source import MISSING, Problems, Source, rows
from cassia_engine.ontology import WRITTEN_ID, Ontology
from cassia_engine.ontology.broad_lineages import lineage_of
from cassia_engine.records import ClusterResult, Correction, How, Merged, TermMatch

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)

NEEDED = ("cluster", "label")
COLUMNS = (*NEEDED, "cl_id", "comment", "decided_by")
SOMEBODY = "a person"
LONGEST = {"label": 300, "comment": 2000, "decided_by": 200}


@dataclass(frozen=True, slots=True)
class Corrections:
    """The rows of a table of corrections: each cluster's line, and what is said of it."""

    source: Source
    rows: tuple[tuple[int, str, Correction], ...]

    def check(self, clusters: Collection[str]) -> None:
        """Make sure that every correction is for a cluster of these ids.

        Raises:
            UsageError: one is not; says which line and what to do.
        """
        problems = Problems(self.source)
        for line, cluster, _ in self.rows:
            _check_cluster(line, cluster, clusters, problems)
        problems.raise_all()


def read_corrections(
    table: Path | str | pd.DataFrame | Sequence[Mapping[str, Any]], clusters: Collection[str] | None = None
) -> Corrections:
    """Read a table of corrections: a file, a DataFrame or a list of rows.

    A row without label, cl_id and comment says nothing, and is left out.

    Args:
        clusters: the ids that there are, to say at once which rows are for none; None where they are not known yet.

    Raises:
        UsageError: it cannot be read, has other columns, names terms that the Cell Ontology does not have, or a cluster
            twice, or one that is not there.
    """
    if not isinstance(table, str | Path) and not hasattr(table, "__len__"):
        raise UsageError(
            f"{option('corrections', table)}: expected a path, a DataFrame or a list of rows",
            code="corrections-not-supported",
        )
    with opened(table) as source:
        columns = _columns(source)
        problems = Problems(source)
        found = [
            (line, {name: _cell(name, row[position]) for name, position in columns.items()})
            for line, row in rows(source, problems)
        ]
    for line, cells in found:
        _check_row(line, cells, problems)
        if clusters is not None and _says_something(cells) and cells["cluster"] not in MISSING:
            _check_cluster(line, cells["cluster"], clusters, problems)
    said = [(line, cells["cluster"], _correction(cells)) for line, cells in found if _says_something(cells)]
    _check_double(source, said, problems)
    problems.raise_all()
    if len(said) < len(found):
        log.info("%s: rows without label, cl_id and comment, left out: %d", source.place, len(found) - len(said))
    return Corrections(source, tuple(said))


def with_corrections(sample: Merged, corrections: Corrections) -> Merged:
    """The sample with what a person says of its clusters.

    Raises:
        UsageError: a correction is for a cluster that is not there.
    """
    return replace(sample, results=corrected(sample.results, corrections))


def corrected(results: Sequence[ClusterResult], corrections: Corrections) -> tuple[ClusterResult, ...]:
    """The results, each with its correction if it has one; what was answered stays in them. Misses are logged.

    Raises:
        UsageError: a correction is for a cluster that is not there.
    """
    corrections.check({result.cluster.id for result in results})
    of = {cluster: (line, correction) for line, cluster, correction in corrections.rows}
    return tuple(
        _with(result, corrections.source, *of[result.cluster.id]) if result.cluster.id in of else result
        for result in results
    )


def _columns(source: Source) -> dict[str, int]:
    """Position of each column, by its name."""
    problems = Problems(source)
    names = {position: source.header[position].strip().casefold() for position in data_columns(source)}
    for position, name in names.items():
        if name not in COLUMNS:
            what = f"column {shown(source.header[position])} is none of {', '.join(COLUMNS)}; rename or remove it"
            problems.add("", what, 0, code="corrections-column-unknown")
    for name in COLUMNS:
        count = list(names.values()).count(name)
        if count > 1 or (not count and name in NEEDED):
            problems.add(
                "",
                f"column {name} is {'there twice; keep one' if count else 'missing; add it'}",
                0,
                code="corrections-column-count",
            )
    problems.raise_all()
    return {name: position for position, name in names.items()}


def _cell(name: str, text: str) -> str:
    """A cell as it was meant: ids as they are, of other texts what R and pandas write for nothing is nothing."""
    text = unguard(text)
    return text if name == "cluster" else "" if text.strip() in MISSING else text.strip()


def _check_row(line: int, cells: Mapping[str, str], problems: Problems) -> None:
    if cells["cluster"] in MISSING:
        problems.add(
            "without a cluster",
            "column cluster: it is empty; say which cluster this is about",
            line,
            code="corrections-cluster-empty",
        )
    for name, most in LONGEST.items():
        if len(cells.get(name, "")) > most:
            problems.add(
                "too long",
                f"column {name}: {len(cells[name])} characters; at most {most}",
                line,
                code="corrections-text-too-long",
            )
    if fault := _fault_of_id(cells.get("cl_id", "")):
        problems.add(f"with a cl_id that is {fault[0]}", f"column cl_id: {fault[1]}", line, code="corrections-cl-id")


def _check_cluster(line: int, cluster: str, clusters: Collection[str], problems: Problems) -> None:
    if cluster not in clusters:
        what = f"column cluster: {shown(cluster)} is not in the marker table; correct the id or remove the row"
        problems.add("of no cluster", what, line, code="corrections-cluster-unknown")


def _check_double(source: Source, said: Sequence[tuple[int, str, Correction]], problems: Problems) -> None:
    first: dict[str, tuple[int, Correction]] = {}
    for line, cluster, correction in said:
        if cluster in first:
            how = _both(source, *first[cluster], correction)
            what = f"column cluster: {shown(cluster)} is there twice, {how}; keep one row"
            problems.add("for clusters that have one already", what, line, code="corrections-cluster-twice")
        first.setdefault(cluster, (line, correction))


def _both(source: Source, line: int, first: Correction, second: Correction) -> str:
    """What the first row of a cluster, at `line`, and a second one say of it."""
    there = f"in {'row' if source.in_rows else 'line'} {line}" if source.lines else "in an earlier row"
    for name in ("label", "cl_id"):
        old, new = getattr(first, name), getattr(second, name)
        if old and new and old != new:
            return f"as {shown(old)} {there} and as {shown(new)} here"
    return f"first {there}"


def _fault_of_id(cl_id: str) -> tuple[str, str] | None:
    """What is wrong with an id, in a word, and with what to do."""
    remedy = "correct it, or leave it empty to have the label looked up"
    if not cl_id:
        return None
    if not WRITTEN_ID.fullmatch(cl_id):
        return "none", f"{shown(cl_id)} is no Cell Ontology id such as CL:0000084; {remedy}"
    ontology, term = Ontology.load(), _plain_id(cl_id)
    if term not in ontology:
        return "unknown", f"{term} is not in the Cell Ontology of {ontology.version}; {remedy}"
    return None if ontology.current(term) else ("obsolete", f"{term} is obsolete, and no term replaces it; {remedy}")


def _plain_id(cl_id: str) -> str:
    found = WRITTEN_ID.fullmatch(cl_id)
    return f"CL:{found[1]}" if found else ""


def _says_something(cells: Mapping[str, str]) -> bool:
    return any(cells.get(name) for name in ("label", "cl_id", "comment"))


def _correction(cells: Mapping[str, str]) -> Correction:
    """The row as a correction; a label without an id is placed where its cluster is known."""
    ontology, given = Ontology.load(), _plain_id(cells.get("cl_id", ""))
    term = ontology.current(given)
    how = None if not term else How.ID if term == given else How.OBSOLETE
    return Correction(
        label=cells["label"] or ontology.label(term),
        cl_id=term,
        cl_label=ontology.label(term),
        match=TermMatch(how),
        comment=cells.get("comment", ""),
        decided_by=cells.get("decided_by") or SOMEBODY,
    )


def _with(result: ClusterResult, source: Source, line: int, said: Correction) -> ClusterResult:
    """The result with its correction, whose label has its place in the ontology."""
    if not said.label:
        return replace(result, correction=said)
    placed = said if said.cl_id else _placed(result, said)
    if not placed.cl_id:
        log.warning("%s: no Cell Ontology term for %s: %s", source.at(line), shown(said.label), placed.match.why)
    elif said.cl_id:
        _compare(source.at(line), said)
    general = lineage_of(placed.cl_id, placed.label, Ontology.load()).label
    return replace(result, correction=replace(placed, general_type=general))


def _placed(result: ClusterResult, said: Correction) -> Correction:
    """The correction with the term that its label means: that of the answer where it confirms it."""
    answer = result.annotation
    if answer and answer.label.casefold() == said.label.casefold():
        return replace(said, cl_id=answer.cl_id, cl_label=answer.cl_label, match=answer.match)
    found = Ontology.load().resolve(said.label)
    match = TermMatch(found.how, why="" if found.found else found.why)
    return replace(said, cl_id=found.cl_id, cl_label=found.cl_label, match=match)


def _compare(place: str, said: Correction) -> None:
    """Say it if label and id of a correction are of different types; the id is what the person chose."""
    ontology = Ontology.load()
    meant = ontology.resolve(said.label)
    if meant.found and not (ontology.is_a(meant.cl_id, said.cl_id) or ontology.is_a(said.cl_id, meant.cl_id)):
        log.warning(
            "%s: the label %s would be %s (%s), its cl_id is %s (%s); the cl_id was taken; correct it, or the label",
            *(place, shown(said.label), meant.cl_id, meant.cl_label, said.cl_id, said.cl_label),
        )
