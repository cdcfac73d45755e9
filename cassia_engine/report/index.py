"""The page over the reports of a run: a row a sample, with what its report says first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from cassia_engine.records import OFFLINE, ControlCounts, Status
from cassia_engine.report import dates, wording
from cassia_engine.report.across import Across, across, report_link
from cassia_engine.report.controls import words
from cassia_engine.report.page import environment, frame
from cassia_engine.report.review_flags import sentence
from cassia_engine.report.view import Segment, segments


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample's row; `failed` counts its clusters without an annotation though they have markers."""

    name: str
    link: str
    have: str
    need: str
    warnings: tuple[str, ...]
    controls: str
    total: int
    failed: int
    segments: tuple[Segment, ...]
    model: str
    calls: str
    cost: str


@dataclass(frozen=True, slots=True)
class Index:
    lead: str
    have: str
    need: str
    flagged: int
    total: int
    segments: tuple[Segment, ...]
    facts: tuple[tuple[str, str], ...]
    samples: tuple[Sample, ...]
    across: Across | None


def render_index(statuses: Sequence[Status]) -> str:
    """The page as a whole HTML document, samples by name. It has no script, and asks for nothing."""
    return environment().get_template("index.html.j2").render(page=index(statuses), **frame(with_script=False))


def index(statuses: Sequence[Status]) -> Index:
    ordered = sorted(statuses, key=lambda status: status.name)
    flagged, total = sum(s.look for s in ordered), sum(s.total for s in ordered)
    offline = bool(ordered) and all(s.provider == OFFLINE for s in ordered)
    return Index(
        lead=wording.NO_MODEL if offline else "",
        have=wording.have_a_type(sum(s.typed for s in ordered), total, sum(s.by_person for s in ordered)),
        need=wording.need_review(flagged, sum(s.n_warnings for s in ordered)) if total else "",
        flagged=flagged,
        total=total,
        segments=segments(sum((Counter(s.parts) for s in ordered), Counter())),
        facts=_facts(ordered),
        samples=tuple(map(_sample, ordered)),
        across=across(ordered),
    )


def _sample(status: Status) -> Sample:
    return Sample(
        name=status.name,
        link=report_link(status.name),
        have=wording.have_a_type(status.typed, status.total, status.by_person),
        need=wording.need_review(status.look, status.n_warnings) if status.total else "",
        warnings=tuple(map(sentence, (*status.warnings, *status.run_warnings))),
        controls=words(status.controls),
        total=status.total,
        failed=len(status.failed),
        segments=segments(status.parts),
        model=", ".join(filter(None, (status.model, status.provider))) or wording.DASH,
        calls=f"{status.calls:,}",
        cost=_cost([status]),
    )


def _facts(statuses: Sequence[Status]) -> tuple[tuple[str, str], ...]:
    models = dict.fromkeys(", ".join(filter(None, (s.model, s.provider))) for s in statuses)
    pairs = [
        ("Samples", f"{len(statuses):,}"),
        ("Clusters", f"{sum(s.total for s in statuses):,}"),
        ("Answered by", "; ".join(filter(None, models))),
        ("Controls", words(sum((s.controls for s in statuses), ControlCounts())).removeprefix("Controls: ")),
        ("Calls", f"{sum(s.calls for s in statuses):,}" if any(s.calls for s in statuses) else "no calls"),
        ("Cost", _cost(statuses) if any(s.calls for s in statuses) else ""),
        ("Date", dates.day(dates.today())),
    ]
    return tuple((name, value) for name, value in pairs if value)


def _cost(statuses: Sequence[Status]) -> str:
    asked = [s.cost_usd for s in statuses if s.calls]
    return wording.total(asked, "$", "sample") if asked else wording.DASH
