"""The outputs of a sample, all of them: tables, conversations and report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec.structs import replace

from cassia_engine import report
from cassia_engine.files import atomic_write
from cassia_engine.outputs import multiqc
from cassia_engine.outputs.replay_facts import ReportParts
from cassia_engine.outputs.summary_tables import write_tables
from cassia_engine.records import Merged, Outcome, Status, Usage


def prepare() -> None:
    """Load what the report needs, which takes a third of a second, so that it need not be waited for later."""
    report.prepare()


def write_outputs(
    merged: Merged, outdir: Path, made_with: Mapping[str, str] | None = None, sections: Sequence[report.Section] = ()
) -> list[Path]:
    """Write everything a person gets for a sample into `outdir`; returns the paths, the report's last.

    Args:
        made_with: software and its version for report and methods, such as {"Nextflow": "25.04.4"}.
        sections: further tables of the report.

    Raises:
        OSError: the folder cannot be written.
    """
    page_parts = ReportParts(tuple((made_with or {}).items()), tuple(sections))
    paths = [*write_tables(merged, outdir, page_parts), *multiqc.write_multiqc(merged, outdir)]
    page = outdir / f"{merged.dataset.name}_report.html"
    with atomic_write(page) as out:
        sample = (merged.dataset, merged.selection, merged.run, merged.results)
        pieces = report.pieces(*sample, made_with, cells=merged.cells, controls=merged.controls, sections=sections)
        out.writelines(pieces)
    return [*paths, page]


def status(merged: Merged) -> Status:
    """How the sample ended, with what its report says first."""
    base = replace(
        merged.status,
        parts=report.parts(merged.results, merged.run),
        review=report.review(merged.results, merged.run),
        warnings=(*merged.status.warnings, *report.control_warnings(merged.controls)),
    )
    escalated = report.sentence(report.escalation(merged.run, merged.results))
    said = (_summary(base), escalated, report.control_words(base.controls))
    return replace(base, summary=" ".join(filter(None, said)))


def _summary(ended: Status, where: str = "") -> str:
    return report.summary(ended.typed, ended.total, ended.by_person, ended.review, ended.n_warnings, where)


def closing_lines(merged: Merged, warned: bool = False) -> list[str]:
    """What the end of a run says of a sample beside its counts: who was asked, what it cost, what needs review, and
    what the outputs as a whole are in doubt for.

    Args:
        warned: what the annotator did not understand was said before, when the same command began to annotate.
    """
    ended = status(merged)
    said_before = warned and bool(ended.run_warnings)
    who = merged.run.notice if warned else merged.run.said
    where = "" if not said_before else " above and below" if ended.warnings else " above"
    warnings = [f"Warning: {report.sentence(warning)}" for warning in ended.warnings]
    saved = report.escalation(merged.run, merged.results)
    said = (who, _usage(merged.usage, ended), saved, _summary(ended, where), report.control_words(ended.controls))
    return [*filter(None, said), *warnings]


def _usage(usage: Usage, ended: Status) -> str:
    """What the calls cost; what clusters cost that were begun and not reached is not known here."""
    missing = ended.counts.get(Outcome.NOT_REACHED.value, 0)
    words = usage.words
    return f"{words}; {report.plural(missing, 'cluster')} not reached, not counted" if missing and words else words
