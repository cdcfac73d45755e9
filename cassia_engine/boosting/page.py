"""The page of an investigation: one file without a script, in the report's style, which asks for nothing."""

from __future__ import annotations

from cassia_engine.boosting.boosted import Boost
from cassia_engine.prompts.investigation import MOST_GENES
from cassia_engine.records import FoundRow
from cassia_engine.report.page import environment, frame, plainly

# The columns of a round's table, shown where a row has a value.
_COLUMNS = (
    ("log2fc", "log2 FC"),
    ("pct_in", "in cluster"),
    ("pct_out", "elsewhere"),
    ("p_val_adj", "adjusted p"),
    ("score", "score"),
    ("mean", "mean"),
)


def render(boost: Boost, headline: str) -> str:
    """The page as a whole HTML document."""
    rounds = [(one, _columns(one.found.rows)) for one in boost.boosted.rounds]
    return (
        environment("cassia_engine.boosting", shown)
        .get_template("boost.html.j2")
        .render(
            boost=boost,
            boosted=boost.boosted,
            headline=headline,
            rounds=rounds,
            most=MOST_GENES,
            **frame(with_script=False),
        )
    )


def _columns(rows: tuple[FoundRow, ...]) -> list[tuple[str, str]]:
    return [(name, title) for name, title in _COLUMNS if any(getattr(row, name) is not None for row in rows)]


def shown(value: object) -> object:
    """A statistic as a person reads it, other values as they are, with what cannot be seen made visible."""
    if isinstance(value, float):
        return f"{value:.3g}"
    if value is None:
        return ""
    return plainly(value)
