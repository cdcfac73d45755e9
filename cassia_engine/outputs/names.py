"""The files that a sample's outputs are, by the ends of their names. It loads nothing that makes them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from cassia_engine.files import check_writable

MULTIQC_ENDS = ("_mqc.json", "_outcomes_mqc.json")
ENDS = ("_summary.csv", "_full.csv", "_conversations.json", *MULTIQC_ENDS, "_report.html")


def check_outputs(
    outdir: Path, name: str, inputs: Iterable[Path | str | None] = (), ends: Sequence[str] = ENDS
) -> None:
    """Make sure that the outputs of a sample can be written, before anything is spent on them.

    Args:
        inputs: what is read for them, which no output may replace.
        ends: of the outputs' names.

    Raises:
        UsageError: they cannot.
    """
    check_writable(*(outdir / f"{name}{end}" for end in ends), inputs=inputs)
