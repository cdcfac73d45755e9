"""What MultiQC shows of a sample: a row of a table and a bar of outcomes, as custom content.

A file holds one plot. Files of several samples have the same ids, so that MultiQC puts them into one section:
https://docs.seqera.io/multiqc/custom_content
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from cassia_engine import package_data
from cassia_engine.csv_injection import guard
from cassia_engine.files import atomic_write
from cassia_engine.outputs.names import MULTIQC_ENDS
from cassia_engine.records import ControlCounts, Merged, Outcome
from cassia_engine.report.review_flags import review_flags
from cassia_engine.report.wording import OUTCOME_WORDS

# MultiQC writes names into its page as they are: a tag in one would be run.
_HARMLESS = str.maketrans(
    "<>", "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}"
)
# Not seen, and no white space: it keeps a name whole that MultiQC would shorten.
_JOINER = "\N{WORD JOINER}"
_PARENT = {
    "parent_id": "cassia",
    "parent_name": "cassia",
    "parent_description": "names the cell types of single-cell clusters. Every label is a hypothesis to check.",
}
_WHOLE = {"format": "{:,.0f}", "min": 0, "scale": False}
HEADERS: Mapping[str, Mapping[str, Any]] = {
    "clusters": {"title": "Clusters", "description": "Clusters in the marker table", **_WHOLE},
    "with_cell_type": {"title": "With cell type", "description": "Clusters that have a cell type", **_WHOLE},
    "need_a_look": {
        "title": "Need review",
        "description": "Clusters that the report lists as in need of review",
        **_WHOLE,
    },
    "failed": {"title": "Failed", "description": "Clusters that failed and have no label by a person", **_WHOLE},
    "not_validated": {
        "title": "Not validated",
        "description": "Answers that a strict validator did not agree with; offline, that did not pass all checks",
        **_WHOLE,
    },
    "unsupported": {
        "title": "Unsupported genes",
        "description": "Genes that answers cite and that are not in their marker lists",
        **_WHOLE,
    },
    "by_person": {"title": "By a person", "description": "Labels that a person gave or confirmed", **_WHOLE},
    "controls_missed": {
        "title": "Controls missed",
        "description": "Lists of random genes that were named with a score of 50 or more, and blends of two clusters "
        "that were taken for one cell type",
        **_WHOLE,
    },
    "calls": {"title": "Calls", "description": "Requests to a language model", **_WHOLE},
    "cost_usd": {
        "title": "Cost (USD)",
        "description": "What the calls cost; nothing stands here if that is not known",
        "format": "{:,.4f}",
        "min": 0,
        "scale": False,
    },
    "provider": {"title": "Provider", "description": "Who annotated; offline asks no language model", "scale": False},
    "model": {"title": "Model", "description": "The model asked", "scale": False},
}
# Blue for annotated, greys for no answer expected or none sought, warm colours for what went wrong.
COLOURS: Mapping[Outcome, str] = {
    Outcome.ANNOTATED: "#3b6ea5",
    Outcome.NO_MARKERS: "#b8bec6",
    Outcome.REFUSED: "#d9822b",
    Outcome.TRUNCATED: "#e3b04b",
    Outcome.UNPARSED: "#a8642a",
    Outcome.FAILED: "#c0392b",
    Outcome.NOT_REACHED: "#7d8590",
}


def write_multiqc(merged: Merged, outdir: Path) -> list[Path]:
    """Write `<name>_mqc.json` and `<name>_outcomes_mqc.json`; returns their paths.

    Raises:
        OSError: the folder cannot be written.
    """
    paths = [outdir / f"{merged.dataset.name}{end}" for end in MULTIQC_ENDS]
    for path, content in zip(paths, (_table(merged), _outcomes(merged)), strict=True):
        with atomic_write(path) as out:
            out.write(json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False) + "\n")
    return paths


def _table(merged: Merged) -> dict[str, Any]:
    return {
        "id": "cassia_samples",
        **_PARENT,
        "section_name": "Samples",
        "description": "What became of the clusters of each sample, and what was asked.",
        "plot_type": "table",
        "pconfig": {"id": "cassia_samples_table", "title": "cassia: samples", "no_violin": True},
        "headers": HEADERS,
        "data": {sample_name(merged.dataset.name): _numbers(merged)},
    }


def _outcomes(merged: Merged) -> dict[str, Any]:
    counts = Counter(result.outcome for result in merged.results)
    return {
        "id": "cassia_outcomes",
        **_PARENT,
        "section_name": "Outcomes",
        "description": "Clusters of each sample by what became of them.",
        "plot_type": "bargraph",
        "pconfig": {"id": "cassia_outcomes_plot", "title": "cassia: outcomes", "ylab": "Clusters", "cpswitch": True},
        "categories": {o.value: {"name": OUTCOME_WORDS[o], "color": colour} for o, colour in COLOURS.items()},
        "data": {sample_name(merged.dataset.name): {outcome.value: counts[outcome] for outcome in Outcome}},
    }


def _numbers(merged: Merged) -> dict[str, float | str]:
    """The row of a sample, by the keys of HEADERS; what is not known is left out."""
    results, run, usage = merged.results, merged.run, merged.usage
    row = {
        "clusters": len(results),
        "with_cell_type": sum(r.has_cell_type for r in results),
        "need_a_look": sum(bool(review_flags(r, run.provider)) for r in results),
        "failed": sum(r.failed for r in results),
        "not_validated": sum(r.standing is not None and r.validated is False for r in results),
        "unsupported": sum(len(r.standing.unsupported_genes) for r in results if r.standing),
        "by_person": sum(r.named_by_person is not None for r in results),
        "controls_missed": ControlCounts.of(merged.controls).missed if merged.controls else None,
        "calls": usage.calls,
        "cost_usd": usage.cost_usd,
        "provider": _safe(run.provider),
        "model": _safe(run.model),
    }
    return {name: value for name, value in row.items() if value is not None and value != ""}


def sample_name(name: str) -> str:
    """A sample's name as MultiQC is given it, which then shows it whole.

    MultiQC takes it for the name of a file, and shortens it at endings such as .sam (so that tumour.sample1 and
    tumour.sample2 become one row, tumour), _counts and Aligned. A word joiner in such an ending prevents that.
    """
    cuts, trims = _endings()
    whole = cuts.sub(lambda found: found[0] + _JOINER, _safe(name))
    start, end = (_JOINER if trimmed else "" for trimmed in (whole.startswith(trims), whole.endswith(trims)))
    return start + whole + end


@cache
def _endings() -> tuple[re.Pattern[str], tuple[str, ...]]:
    """Where what MultiQC cuts a name at begins, and what it trims from both ends."""
    rows = list(package_data.rows("multiqc_endings.tsv"))
    cuts = "|".join(re.escape(ending) for how, ending in rows if how == "cut")
    # The first character of each, as one may begin within another.
    return re.compile(f"(?={cuts})."), tuple(ending for how, ending in rows if how == "trim")


def _safe(text: str) -> str:
    """A name that neither MultiQC's page nor a spreadsheet with its tables runs."""
    return guard(text.translate(_HARMLESS))
