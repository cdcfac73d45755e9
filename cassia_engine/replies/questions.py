"""The validator's questions: one table for the form of its reply, the prompt, the judging rule and the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Question:
    """A question that the validator answers with yes or no.

    Attributes:
        id: its field in the reply.
        asked: its text in the prompt.
        shown: its text in the report.
        objection: what the answer that objects says of the claim, without a full stop.
        expected: the answer that agrees with the claim.
        least_genes: listed genes that an objection of a moderate validator must name to count.
        strict_only: whether an objection counts with a strict validator only.
    """

    id: str
    asked: str
    shown: str
    objection: str
    expected: bool
    least_genes: int = 0
    strict_only: bool = False


_TABLE = (
    Question(
        "lineage_fits",
        asked="do the strongest genes of the list fit the claimed lineage?",
        shown="Do the strongest genes fit the claimed lineage?",
        objection="The list's strongest genes do not fit the claimed lineage",
        expected=True,
    ),
    Question(
        "type_fits",
        asked="do listed genes single out the first candidate among the types of that lineage?",
        shown="Do listed genes single out the first candidate?",
        objection="Listed genes do not single out the first candidate among the types of its lineage",
        expected=True,
    ),
    Question(
        "too_specific",
        asked="does the first candidate claim more than the listed genes can show?",
        shown="Does the first candidate claim more than the genes can show?",
        objection="The first candidate claims more than the listed genes can show",
        expected=False,
        strict_only=True,
    ),
    Question(
        "better_type",
        asked="does another type explain the list better than the first candidate? If yes, it is your own_type.",
        shown="Does another type explain the list better?",
        objection="Another type explains the list better than the first candidate",
        expected=False,
        least_genes=1,
    ),
    Question(
        "missed_conflict",
        asked="do strong genes of the list contradict the claim, without being named in it?",
        shown="Do strong genes contradict the claim without being named in it?",
        objection="Strong genes of the list contradict the claim and are not named in it",
        expected=False,
        least_genes=1,
    ),
    Question(
        "missed_mixture",
        asked="do at least two strong genes speak for a second, unrelated type that the claim does not name?",
        shown="Do strong genes speak for a second type that is not named?",
        objection="At least two strong genes speak for a second, unrelated type that is not named",
        expected=False,
        least_genes=2,
    ),
)
# By id, in the order in which they are asked: first those to be answered with yes, as the strict validator's prompt has
# the others by "... and the three after it".
VALIDATOR_QUESTIONS: Mapping[str, Question] = {question.id: question for question in _TABLE}
