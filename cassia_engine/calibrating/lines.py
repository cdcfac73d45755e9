"""A fit as a few lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cassia_engine.calibrating.own_fit import OwnFit
from cassia_engine.calibration import HIGH, LOW, Reliability
from cassia_engine.text import counted

_SMALL = 100


def lines(found: OwnFit) -> Iterator[str]:
    """What a person reads."""
    fitted = found.calibration
    sets = counted(fitted.data_sets, found.left_out)
    yield f"fitted on {fitted.n} answers of {fitted.provider} {fitted.model}, of {sets}"
    if found.without_features:
        yield f"not used: {counted(found.without_features, 'answer')} of an earlier cassia, without features"
    yield f"measured on {found.left_out}s that were left out; probability to be"
    rows = (
        ("right up to its depth", fitted.reliability_near, fitted.error_near, found.shipped_near),
        ("the very type", fitted.reliability_exact, fitted.error_exact, found.shipped_exact),
    )
    for name, bins, error, shipped in rows:
        yield f"  {name}: expected calibration error {error or 0:.3f} (with the calibration of cassia {shipped:.3f})"
        yield f"    stated   {_shares([one.stated for one in bins])}"
        yield f"    observed {_shares([one.observed for one in bins])}"
    yield f"High ({HIGH:.0%} and more): {_above(fitted.reliability_near, HIGH)}; Low is under {LOW:.0%}"
    if fitted.n < _SMALL:
        yield f"{fitted.n} answers are few: an observed share is of about {fitted.n // 10} answers, and may be far off"


def _shares(values: Sequence[float]) -> str:
    return " ".join(f"{value:.2f}" for value in values)


def _above(bins: Sequence[Reliability], least: float) -> str:
    """How often those that are stated to be that probable were right, by the tenths that are."""
    some = [one for one in bins if one.stated >= least]
    n = sum(one.n for one in some)
    if not n:
        return "no tenth of the answers is that probable"
    right = sum(one.n * one.observed for one in some) / n
    return f"about {n / sum(one.n for one in bins):.0%} of the answers, {right:.2f} of them right up to their depth"
