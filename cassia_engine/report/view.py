"""What the page says, worked out from the records: templates and scripts only place it.

Texts are raw here; they are made visible and escaped where they enter the page, and nowhere else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cassia_engine.records import (
    OFFLINE,
    ClusterResult,
    ControlCounts,
    ControlResult,
    Dataset,
    Outcome,
    RunInfo,
    SampledCells,
    Selection,
)
from cassia_engine.report import controls as of_controls
from cassia_engine.report import wording
from cassia_engine.report.facts import facts
from cassia_engine.report.glance import MOST_IN_LINES, MOST_TYPES, TYPES_AT_ONCE, Group, groups
from cassia_engine.report.markertable import Column, present_columns
from cassia_engine.report.methods import citations, methods
from cassia_engine.report.review_flags import KINDS, part, parts, sentence
from cassia_engine.report.rows import Row, row
from cassia_engine.report.sections import Section, three_levels

FAILURES = frozenset(outcome.value for outcome in Outcome if outcome.is_failure)
# The outcome bar from its left end: what its style and its legend call each part.
PARTS: Mapping[str, tuple[str, str]] = {
    "clear": ("clear", "clear"),
    "person": ("person", "named by a person"),
    "warned": ("warned", "in doubt"),
    "no_markers": ("empty", wording.OUTCOME_WORDS[Outcome.NO_MARKERS]),
    **{kind: ("lost", wording.OUTCOME_WORDS[Outcome(kind)]) for kind in KINDS if kind in FAILURES},
}
LISTED_AT_ONCE = 8  # clusters that need review, before the list folds
LONGEST_NUMBER = 8  # characters of a cluster's id; longer ones are names, which need room
PIPELINE = "Nextflow"  # as `made_with` names it


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of the outcome bar, in units of clusters from its left end; `cells`: its share of all cells, in words."""

    kind: str
    word: str
    count: int
    start: int
    cells: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    name: str
    context: tuple[str, ...]
    lead: str
    have: str
    need: str
    notice: str
    warnings: tuple[str, ...]
    controls: str
    glance: tuple[Row, ...]
    groups: tuple[Group, ...]
    groups_later: tuple[Group, ...]
    n_groups: int
    long_ids: bool
    has_cells: bool
    has_person: bool
    review_title: str
    flagged: tuple[Row, ...]
    flagged_later: tuple[Row, ...]
    calm: str
    run_line: str
    facts: tuple[tuple[str, str], ...]
    segments: tuple[Segment, ...]
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    offline: bool
    score_meaning: str
    methods: tuple[str, ...]
    cited: tuple[str, ...]
    sections: tuple[Section, ...]
    made_with: str
    from_pipeline: bool


def page(
    dataset: Dataset,
    selection: Selection,
    run: RunInfo,
    results: Sequence[ClusterResult],
    made_with: Mapping[str, str],
    cells: SampledCells | None = None,
    controls: Sequence[ControlResult] = (),
    sections: Sequence[Section] = (),
) -> Page:
    """The view of a sample, clusters in the order given; what is said of one cluster alone is in `details`.

    Args:
        sections: what else there is to show of it; its labels at three levels follow.
    """
    levels = three_levels(results)
    rows = tuple(row(result, run.provider) for result in results)
    types = groups(rows) if len(rows) > MOST_IN_LINES else ()
    flagged = sorted((r for r in rows if r.review_flags), key=lambda r: r.review_flags[0].rank)
    warnings = (*selection.warnings, *of_controls.warnings(controls))
    n_warnings = len(warnings) + len(run.warnings)
    return Page(
        name=dataset.name,
        context=tuple(text for text in (dataset.species, dataset.tissue, wording.cells_in_clusters(results)) if text),
        lead=wording.NO_MODEL if run.provider == OFFLINE else "",
        have=wording.have_a_type(
            sum(r.has_type for r in rows), len(rows), sum(r.named_by_person is not None for r in results)
        ),
        need=wording.need_review(len(flagged), n_warnings) if rows else "",
        notice=sentence(_notice(run)),
        warnings=tuple(map(sentence, warnings)),
        controls=of_controls.words(ControlCounts.of(controls)),
        glance=rows if len(rows) <= MOST_IN_LINES else (),
        groups=types[:TYPES_AT_ONCE],
        groups_later=types[TYPES_AT_ONCE:MOST_TYPES],
        n_groups=len(types),
        long_ids=any(len(r.id) > LONGEST_NUMBER for r in rows),
        has_cells=any(r.n_cells is not None for r in rows),
        has_person=any(r.named_by_person for r in rows),
        review_title=wording.review_title(len(flagged), n_warnings),
        flagged=tuple(flagged[:LISTED_AT_ONCE]),
        flagged_later=tuple(flagged[LISTED_AT_ONCE:]),
        calm="" if flagged else _calm(rows),
        run_line=_run_line(run, [*results, *(control.result for control in controls)]),
        facts=facts(dataset, selection, run, results, cells, controls),
        segments=segments(parts(results, run), _shares_of_cells(results, run)),
        columns=present_columns(results),
        rows=rows,
        offline=run.provider == OFFLINE,
        score_meaning=wording.score_meaning(run),
        methods=methods(dataset, selection, run, results, made_with),
        cited=citations(selection, run, results, made_with),
        sections=(*sections, *([levels] if levels else [])),
        made_with=", ".join(f"{what} {version}" for what, version in made_with.items()),
        from_pipeline=PIPELINE in made_with,
    )


def _notice(run: RunInfo) -> str:
    """What must be said of the run; that no model was asked stands in the headline."""
    if run.provider != OFFLINE:
        return run.said
    return f"Warning: {'; '.join(run.warnings)}" if run.warnings else ""


def _run_line(run: RunInfo, results: Sequence[ClusterResult]) -> str:
    """Who answered and what it cost, in one line above the folded settings."""
    usage = dict(wording.usage_facts(results))
    calls = f"{usage['Calls']} calls" if "Cost" in usage else usage["Calls"]
    who = run.model if run.provider in ("", OFFLINE) else f"{run.model or 'unnamed model'} by {run.provider}"
    cost = usage.get("Cost", "")
    return ", ".join(filter(None, (who, calls, "cost unknown" if cost == "unknown" else cost)))


def _calm(rows: Sequence[Row]) -> str:
    """What stands in place of the list where no cluster needs review, and only what holds."""
    if not rows:
        return "There is no cluster to review."
    others = [r for r in rows if not r.named_by_person]
    passed = " that passed its check" if all(r.validated for r in others) else ""
    clear = f"has a cell type{passed}, with no sign of a mixture and no low confidence"
    named = wording.plural(len(rows) - len(others), "cluster")
    if len(others) == len(rows):
        said = f"Every cluster {clear}."
    elif others:
        said = f"A person named or confirmed {named}; every other one {clear}."
    else:
        said = "A person named or confirmed every cluster."
    return f"{said} They are hypotheses all the same."


def _shares_of_cells(results: Sequence[ClusterResult], run: RunInfo) -> dict[str, str]:
    """The share of all clusters' cells that each part of the outcome bar has, in words; empty where it is not known."""
    if wording.cells_of(results) is None:
        return {}
    counts = Counter[str]()
    for result in results:
        counts[part(result, run.provider)] += result.cluster.n_cells or 0
    total = counts.total()
    return {name: f"{wording.share(count / total)} of cells" for name, count in counts.items()} if total else {}


def segments(counts: Mapping[str, int], cells: Mapping[str, str] | None = None) -> tuple[Segment, ...]:
    """The outcome bar of these counts by part, the parts side by side; empty ones are left out.

    Args:
        cells: what is said of the cells of each part, where they are known.
    """
    found, start = [], 0
    for name, (kind, word) in PARTS.items():
        if count := counts.get(name, 0):
            found.append(Segment(kind, word, count, start, (cells or {}).get(name, "")))
            start += count
    return tuple(found)
