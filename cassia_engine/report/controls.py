"""What was answered of controls, in words: how many lists that are no cluster a model did not take for one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cassia_engine.records import LOW_SCORE, Confidence, ControlCounts, ControlKind, ControlOutcome, ControlResult
from cassia_engine.report.wording import plural
from cassia_engine.text import one_line

LONGEST = 80  # characters of a label in a line
_PARTNERS = ("neither of them", "one of them", "both")


def words(counts: ControlCounts) -> str:
    """The sentence of a report's first lines; "" where no control was asked about."""
    named = counts.random - counts.caught - counts.confident
    one_type = counts.blends - counts.mixtures - counts.blends_unresolved
    parts = (
        _part(
            counts.random,
            "list of random genes",
            (counts.unresolved, "left unresolved"),
            (counts.low, f"named with a score under {LOW_SCORE}"),
            (named, f"named with a score of {LOW_SCORE} or more"),
            (counts.confident, "named with confidence"),
        ),
        _part(
            counts.blends,
            "blend of two clusters",
            (counts.mixtures, "recognised as a mixture"),
            (counts.blends_unresolved, "left unresolved"),
            (one_type, "taken for one cell type"),
        ),
        f"{plural(counts.lost, 'control')} got no answer" if counts.lost else "",
    )
    said = "; ".join(filter(None, parts))
    return f"Controls: {said}." if said else ""


def warnings(controls: Iterable[ControlResult]) -> tuple[str, ...]:
    """What makes the confidence of a run doubtful: random lists that were named with confidence, a sentence each."""
    confident = (c for c in controls if c.kind is ControlKind.RANDOM and c.outcome is ControlOutcome.CONFIDENT)
    return tuple(
        f"A list of random genes was named {_label(one)} {_how(one)}: do not trust the confidence of this run."
        for one in confident
    )


def fact(controls: Sequence[ControlResult]) -> str:
    """Each control with its answer, and how many calls they took; "none" where there are none."""
    if not controls:
        return "none"
    calls = sum(control.result.usage.calls for control in controls)
    return "; ".join([*map(_answer, controls), plural(calls, "call")])


def _part(total: int, noun: str, *found: tuple[int, str]) -> str:
    """Such as "of 3 lists, 2 were left unresolved and 1 was named", or "the list was named" of one alone."""
    said = [(n, what) for n, what in found if n]
    if total == 1:
        return f"the {noun} was {said[0][1]}"
    *others, last = [f"{n:,} {'was' if n == 1 else 'were'} {what}" for n, what in said] or [""]
    kinds = noun.split(" ", 1)
    counted = f"of {plural(total, kinds[0])} {kinds[1]}, "
    return counted + (f"{', '.join(others)} and {last}" if others else last) if last else ""


def _answer(control: ControlResult) -> str:
    blend = control.kind is ControlKind.BLEND
    what = f"blend of the clusters {' and '.join(control.of)}" if blend else "random list"
    said, outcome = control.result.annotation, control.outcome
    if said is None:
        return f"{what}: {control.result.outcome}"
    if outcome is ControlOutcome.UNRESOLVED:
        return f"{what}: unresolved"
    if outcome is ControlOutcome.MIXTURE:
        return f"{what}: {', '.join(said.mixed_types)}{_partners(control.partners_found)}"
    return f"{what}: {_label(control)} {_how(control)}"


def _partners(found: int | None) -> str:
    return "" if found is None else f" ({_PARTNERS[found]} of the lineage that the clusters' own answers name)"


def _label(control: ControlResult) -> str:
    plain = one_line(control.result.label)
    return plain if len(plain) <= LONGEST else f"{plain[:LONGEST]}..."


def _how(control: ControlResult) -> str:
    """With what score, or with what confidence."""
    said = control.result.annotation
    score = said.score if said else None
    if said and (score is None or (said.confidence is Confidence.HIGH and control.outcome is ControlOutcome.CONFIDENT)):
        return f"with {said.confidence} confidence" + ("" if score is None else f" and a score of {score:g}")
    return f"with a score of {score:g}"
