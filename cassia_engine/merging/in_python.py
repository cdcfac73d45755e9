"""`cassia_engine.merge_labels`: what `cassia merge` does, from Python, with a DataFrame for its table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cassia_engine.arguments import complete
from cassia_engine.labels.summary import read_summary
from cassia_engine.merging.table import TABLE, counts_of, groups_of
from cassia_engine.progress import messages, say

if TYPE_CHECKING:
    import pandas as pd


@complete(())
def merge_labels(summary: Path | str | pd.DataFrame, *, show_progress: bool = True) -> pd.DataFrame:
    """Group the labels of a summary at three levels, by the Cell Ontology; no language model is asked.

    Args:
        summary: NAME_summary.csv of a run, or the DataFrame that `annotate` returns.
        show_progress: say at the end how many groups there are.

    Returns:
        One row per cluster in the summary's order, all text: `Cluster ID`, `Label`, `Merged_Grouping_1` (broad),
        `Merged_Grouping_2` (medium), `Merged_Grouping_3` (fine), their terms `CL ID 1` to `CL ID 3`, and `Note`, which
        says why a cluster's own label stands. "" where there is nothing.

    Raises:
        ArgumentError: an argument is missing; a TypeError and a UsageError.
        UsageError: it cannot be read, or is no summary.
    """
    import pandas as pd

    with messages(show_progress):
        groups = groups_of(read_summary(summary))
        if show_progress:
            say(f"cassia: {counts_of(groups)}")
    return pd.DataFrame(TABLE.rows(groups), columns=list(TABLE.columns), dtype=str)
