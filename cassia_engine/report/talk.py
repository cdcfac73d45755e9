"""The conversation of a cluster as turns of a dialogue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cassia_engine.records import Conversation
from cassia_engine.report.words import plural


@dataclass(frozen=True, slots=True)
class Turn:
    """One message: who speaks, in which round (0: after the rounds), and its text as it was written."""

    speaker: str
    round: int
    text: str

    @property
    def side(self) -> str:
        return self.speaker.lower()


def turns(conversation: Conversation) -> tuple[Turn, ...]:
    """The messages in the order in which they were said."""
    said = []
    for number in range(max(len(conversation.annotations), len(conversation.validations))):
        for speaker, texts in (
            ("Annotator", conversation.annotations),
            ("Validator", conversation.validations),
        ):
            said += [Turn(speaker, number + 1, text) for text in texts[number : number + 1]]
    after = (("Formatter", conversation.formatting), ("Scorer", conversation.scoring))
    said += [Turn(speaker, 0, text) for speaker, text in after if text is not None]
    return tuple(said)


def talk_summary(said: Sequence[Turn], validated: bool | None) -> str:
    """What the folded conversation says of itself."""
    if not said:
        return ""
    rounds = max(turn.round for turn in said)
    verdict = {True: "; the validator agreed", False: "; the validator did not agree", None: ""}[validated]
    return f"{plural(len(said), 'message')} in {plural(rounds, 'round')}{verdict}"
