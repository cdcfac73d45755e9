"""Who annotated: the model or the offline annotator, and what must be said of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from msgspec.structs import replace

from cassia_engine.records.outcomes import Outcome
from cassia_engine.records.record import Number, Record
from cassia_engine.records.setup import Setup

# The provider that scores markers and asks no language model.
OFFLINE = "offline"
# The provider that is a program of the person's own; its dialect has the same name.
COMMAND = "command"
# The notice of a run in which a model was to be asked and no answer of it stands.
NO_ANSWER = "no cluster has an answer of the language model"


class CalibrationBasis(Record, frozen=True):
    """On which answers the probabilities of a run were fitted.

    Attributes:
        fitted_on: the model and the answers in a few words.
        n, data_sets: how many answers, of how many data sets or groups of them.
        provider, model: who gave them; "" where that is not known.
        reliability: of labels that were left out of the fit, by tenths from the least probable: the probability that
            was stated to be right up to their depth, and the share that was (both 0 to 1).
    """

    fitted_on: str
    n: int
    data_sets: int
    provider: str = ""
    model: str = ""
    reliability: tuple[tuple[Number, Number], ...] = ()


class RunInfo(Record, frozen=True):
    """Who annotated: the header of a result file, with nothing volatile (no date, no path).

    `notice` is the sentence the outputs must say first, such as that no language model was asked; `prompts` the
    version of the prompts; `parameters` what was asked for beside the model, as (name, value); `warnings` what of the
    data the annotator did not understand, a sentence each. `ontology` is the release of the Cell Ontology that
    `knowledge` names, "" if none, None if that is not known. `calibration` is what the probabilities rest on, None
    where there are none. `mixed` is the warning that says that several runs made a sample, known when its results are
    merged; "" where one did. `setup` is what a replay needs to know; None of what earlier versions wrote, and of
    answers that are no conversation's.
    """

    provider: str
    model: str
    engine_version: str
    notice: str = ""
    knowledge: str = ""
    prompts: str = ""
    parameters: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()
    ontology: str | None = ""
    mixed: str = ""
    calibration: CalibrationBasis | None = None
    setup: Setup | None = None

    @property
    def of_model(self) -> bool:
        """Whether a language model was asked."""
        return self.provider not in ("", OFFLINE)

    @property
    def is_calibrated(self) -> bool:
        """Whether the probabilities were fitted on answers of this very annotator."""
        found = self.calibration
        return found is not None and (found.provider, found.model) == (self.provider, self.model)

    def over(self, outcomes: Iterable[Outcome]) -> Self:
        """The same for results with these outcomes: a notice on a model's answers needs one."""
        if self.of_model and Outcome.ANNOTATED not in outcomes:
            return replace(self, notice=NO_ANSWER)
        return self

    @property
    def said(self) -> str:
        """The notice and the warnings, in one line."""
        return "; ".join(filter(None, (self.notice, *self.warnings)))
