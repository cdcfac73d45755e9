"""What a caller says of the two tables."""

from __future__ import annotations

import math

from cassia_engine.callers import argument, option
from cassia_engine.errors import UsageError
from cassia_engine.records.record import Record


class Wanted(Record, frozen=True):
    """How LABELS is read and its labels are mapped.

    Attributes:
        cluster_column, label_column, score_column: in place of those that the format has; None for these.
        score_max: the score that stands for certainty; None for that of the format.
        by_words: map all labels by their words, also where the tool gives terms of the ontology.
    """

    cluster_column: str | None = None
    label_column: str | None = None
    score_column: str | None = None
    score_max: float | None = None
    by_words: bool = False

    def checked(self) -> Wanted:
        """Itself.

        Raises:
            UsageError: a value cannot be used.
        """
        for name in ("cluster_column", "label_column", "score_column"):
            if not isinstance(value := getattr(self, name), str | None):
                raise UsageError(
                    f"{option(name, value)}: expected the name of a column", code="evaluate-column-not-text"
                )
        top = self.score_max
        if top is not None and (isinstance(top, bool) or not isinstance(top, int | float) or not 0 < top < math.inf):
            what = f"{option('score_max', top)}: expected a number above 0, such as 1 or 100"
            raise UsageError(what, code="score-max-unusable")
        if not isinstance(self.by_words, bool):
            raise UsageError(f"{argument('by_words')}: expected True or False", code="by-words-not-bool")
        return self
