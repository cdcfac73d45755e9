"""The page of an evaluation: one file without a script, which asks for nothing."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from markupsafe import Markup

from cassia_engine.evaluation import lines
from cassia_engine.evaluation.charts import SIZE, diagrams, risk_lines
from cassia_engine.evaluation.cluster_table import TABLE
from cassia_engine.evaluation.evaluated import Evaluation
from cassia_engine.evaluation.figures import Figures
from cassia_engine.evaluation.grading import LEVELS
from cassia_engine.report.page import csp_hash, environment

_SHOWN = (
    "Cluster ID",
    "Label",
    "CL Label",
    "Mapping",
    "Expert Label",
    "Expert CL Labels",
    "Relation",
    "Status",
    "Score",
)


MOST_ROWS = 1000  # of the table of clusters; the file has all


def render(evaluation: Evaluation) -> str:
    """The page as a whole HTML document."""
    style = _style()
    policy = f"default-src 'none'; style-src {csp_hash(style)}; img-src data:; base-uri 'none'; form-action 'none'"
    return (
        environment("cassia_engine.evaluation")
        .get_template("page.html.j2")
        .render(
            style=Markup(style),
            policy=Markup(policy),
            evaluation=evaluation,
            headline=lines.headline(evaluation),
            levels=_levels(evaluation.figures),
            hierarchical=lines.hierarchical(evaluation.figures),
            notes=lines.notes(evaluation),
            groups=(("Tissue", evaluation.by_tissue), ("Data set", evaluation.by_dataset)),
            percent=lines.percent,
            interval=lines.interval,
            words=[level.words for level in LEVELS],
            diagrams=diagrams(evaluation.curves),
            curves=risk_lines(evaluation.curves),
            size=SIZE,
            columns=_SHOWN,
            rows=TABLE.rows(evaluation.clusters[:MOST_ROWS]),
            n_more=max(0, len(evaluation.clusters) - MOST_ROWS),
        )
    )


def _levels(figures: Figures) -> list[tuple[str, object]]:
    return [(level.words, figures.level(level)) for level in LEVELS]


@cache
def _style() -> str:
    return files("cassia_engine.evaluation").joinpath("templates", "page.css").read_text(encoding="utf-8")
