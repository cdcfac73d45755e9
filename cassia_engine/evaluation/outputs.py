"""The files of an evaluation: a table of clusters, the figures as JSON, and the page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cassia_engine.evaluation.cluster_table import TABLE
from cassia_engine.evaluation.evaluated import Evaluation
from cassia_engine.files import atomic_write
from cassia_engine.records.json_form import to_json

ENDS = ("_evaluation.csv", "_evaluation.json", "_evaluation.html")


def paths_of(folder: Path, name: str) -> tuple[Path, ...]:
    """The files that are written for a name."""
    return tuple(folder / f"{name}{end}" for end in ENDS)


def write_evaluation(evaluation: Evaluation, folder: Path) -> tuple[Path, ...]:
    """Write the three files; each appears whole or not at all.

    Raises:
        OSError: one cannot be written.
    """
    from cassia_engine.evaluation.page import render

    table, figures, page = paths_of(folder, evaluation.name)
    with atomic_write(table) as file:
        file.writelines(TABLE.csv_lines(evaluation.clusters))
    with atomic_write(figures) as file:
        json.dump(figures_json(evaluation), file, indent=2, ensure_ascii=False, allow_nan=False)
        file.write("\n")
    with atomic_write(page) as file:
        file.write(render(evaluation))
    return table, figures, page


def figures_json(evaluation: Evaluation) -> dict[str, Any]:
    """The evaluation without its clusters, which the table has."""
    return {name: value for name, value in to_json(evaluation).items() if name != "clusters"}
