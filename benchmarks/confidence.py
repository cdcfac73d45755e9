"""What a calibration is worth on data sets that were left out of its fit, and how it gets into the package."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cassia_engine.calibration import HIGH, Calibration
from cassia_engine.calibration.fitting import REPEATS, Example, design_of, left_out
from cassia_engine.records import to_json

CALIBRATIONS = Path(__file__).parent.parent / "cassia_engine" / "data" / "calibrations.json"
Floats = npt.NDArray[np.float64]


def write(kind: str, calibration: Calibration) -> None:
    """Put a fit into the package, as one of `Calibrations`."""
    shipped = json.loads(CALIBRATIONS.read_text(encoding="utf-8"))
    written = json.dumps({**shipped, kind: to_json(calibration)}, indent=1)
    CALIBRATIONS.write_text(written + "\n", encoding="utf-8")


def print_confidence(examples: Sequence[Example], calibration: Calibration) -> None:
    _, design = design_of(examples)
    right = {kind: np.array([float(getattr(one, kind)) for one in examples]) for kind in ("exact", "near")}
    stated = {kind: left_out(examples, design, found).reshape(REPEATS, -1) for kind, found in right.items()}
    n = len(examples)
    print(f"{n} answers of {calibration.data_sets} data sets, each by a fit without its own; {REPEATS} draws of folds")
    print(f"expected calibration error: exact {calibration.error_exact}, near {calibration.error_near}")
    for name, order in {
        "exact": stated["exact"],
        "near": stated["near"],
        "both": stated["exact"] + stated["near"],
    }.items():
        for part in (0.3, 0.5, 0.7):
            best = [np.argsort(-one, kind="stable")[: int(n * part)] for one in order]
            exact, near = (np.mean([right[kind][some].mean() for some in best]) for kind in ("exact", "near"))
            print(f"  best {part:.0%} by {name:5}: exact {exact:.3f}, near {near:.3f}")
        risk = [_area(right["near"], one) for one in order]
        print(f"  area under the risk-coverage curve by {name} (risk: not near): {np.mean(risk):.3f}")
    high = [right["near"][one >= HIGH] for one in stated["near"]]
    covered, precise = np.mean([len(some) / n for some in high]), np.mean([some.mean() for some in high])
    print(f"High ({HIGH:.0%} and more): {covered:.3f} of the answers, near {precise:.3f}")
    for kind in ("exact", "near"):
        bins = getattr(calibration, f"reliability_{kind}")
        print(f"  {kind}: " + "  ".join(f"{one.stated:.2f}>{one.observed:.2f}" for one in bins))


def _area(right: Floats, stated: Floats) -> float:
    """Mean share of wrong answers among the surest k, over all k."""
    wrong = 1 - right[np.argsort(-stated, kind="stable")]
    return float((np.cumsum(wrong) / np.arange(1, len(wrong) + 1)).mean())
