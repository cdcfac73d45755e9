"""From what is known of an answer to the probability that it is right. docs/trust.md explains it.

probability  a fitted calibration, and what it says of an answer
fitting      fits one on answers with experts' labels
"""

from cassia_engine.calibration.probability import (
    HIGH,
    LOW,
    Calibration,
    Calibrations,
    Chances,
    Features,
    Reliability,
    band,
    below_high,
    open_calibration,
)

__all__ = [
    "HIGH",
    "LOW",
    "Calibration",
    "Calibrations",
    "Chances",
    "Features",
    "Reliability",
    "band",
    "below_high",
    "open_calibration",
]
