"""Asks CASSIA which genes it chooses. Runs in CASSIA's own environment; the imports are all that it shares with tests.

A request is a line of JSON on stdin: {"table": path, "n_genes": 50, "ranking_method": "...", "ascending": null}. The
answer is a line on stdout: {"chosen": [[cluster, [gene, ...]], ...]} or {"error": "..."}.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from typing import Any

import pandas as pd


def chosen(table: str, **options: Any) -> list[tuple[str, list[str]]]:
    """Clusters and genes as `runCASSIA_batch` comes to them: its reading of a file is repeated here."""
    from CASSIA.core.marker_utils import get_top_markers, split_markers

    frame = pd.read_csv(table)
    frame = frame[[column for column in frame.columns if not column.startswith("Unnamed:")]]
    if not is_taken_for_lists(frame):
        frame = get_top_markers(frame, **options)
    pairs = zip(frame[frame.columns[0]], frame[frame.columns[1]], strict=True)
    return [(str(cluster), split_markers(genes)) for cluster, genes in pairs]


def is_taken_for_lists(frame: pd.DataFrame) -> bool:
    """Two columns, or one whose first cell has more than three parts between commas."""
    if len(frame.columns) == 2:
        return True
    firsts = [str(frame[column].dropna().iloc[0]) for column in frame.columns if frame[column].notna().any()]
    return any(len(first.split(",")) > 3 for first in firsts)


def main() -> None:
    # CASSIA prints; its words must not come between the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    with contextlib.redirect_stdout(sys.stderr):
        for line in sys.stdin:
            try:
                answer: dict[str, Any] = {"chosen": chosen(**json.loads(line))}
            except Exception as error:
                answer = {"error": f"{type(error).__name__}: {error}"}
            print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
