"""The conversation with a model about a cluster as turns of a dialogue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cassia_engine.conversation.rounds import NOT_ASKED
from cassia_engine.providers.chat import Finish
from cassia_engine.records import Conversation
from cassia_engine.report import calls, said
from cassia_engine.report.words import plural

ANNOTATOR, VALIDATOR = said.ANNOTATOR, said.VALIDATOR
CHECKS, FORMATTER = "Checks in code", "Formatter"
BY_RULE = "Score and confidence"  # written by code, by a fixed rule
MOST_SHOWN = 20_000  # characters of a message; replies of many megabytes are no reading


@dataclass(frozen=True, slots=True)
class Turn:
    """One message.

    Attributes:
        speaker, round: who speaks, and in which round (0: after the rounds).
        text: as it was written, but no more than MOST_SHOWN characters.
        side: the kind of turn, for the looks: annotator, checks, validator, formatter, scorer, unasked.
        points: what a reply in JSON says; () for prose.
        lines: what checks in code found.
        notes: what is to be known of it: what was decided, how it ended, what was repaired.
        opens: at the start of a round of several, which round and why there is one.
    """

    speaker: str
    round: int
    text: str
    side: str = ""
    points: said.Points = ()
    lines: tuple[said.Line, ...] = ()
    notes: tuple[str, ...] = ()
    opens: str = ""

    @property
    def is_message(self) -> bool:
        return self.side not in ("checks", "unasked") and self.speaker != BY_RULE


def turns(
    conversation: Conversation, validated: bool | None = None, uncounted: said.Uncounted = lambda _: ()
) -> tuple[Turn, ...]:
    """The messages in the order in which they were said.

    Args:
        validated: as the cluster's result has it: whether the last verdict agreed.
        uncounted: gives a verdict's questions whose objections did not count.
    """
    n_rounds = max(len(conversation.annotations), len(conversation.validations))
    told = _Told(conversation, n_rounds, validated, uncounted)
    spoken = [turn for number in range(1, n_rounds + 1) for turn in told.round(number)]
    if conversation.scoring is not None:
        spoken.append(Turn(BY_RULE, 0, _shown(conversation.scoring), "scorer"))
    return tuple(spoken)


@dataclass(frozen=True, slots=True)
class _Told:
    conversation: Conversation
    n_rounds: int
    validated: bool | None
    uncounted: said.Uncounted

    def round(self, number: int) -> Iterator[Turn]:
        held, at = self.conversation, slice(number - 1, number)
        opens = self._opens(number)
        for text in held.annotations[at]:
            yield from self._spoken(ANNOTATOR, number, text, opens)
        for text in held.checks[at]:
            lines = said.checks(text)
            yield Turn(CHECKS, number, "", "checks", lines=lines, notes=_passed(lines))
        for text in held.validations[at]:
            if text == NOT_ASKED:
                yield Turn(VALIDATOR, number, text.strip("()"), "unasked")
            else:
                yield from self._spoken(VALIDATOR, number, text)

    def _opens(self, number: int) -> str:
        if self.n_rounds < 2:
            return ""
        before = self.conversation.validations[number - 2 : number - 1] if number > 1 else ()
        why = {(): "", (NOT_ASKED,): ": the checks sent the answer back"}.get(before, ": the validator had objections")
        return f"Round {number} of {self.n_rounds}{why}"

    def _spoken(self, speaker: str, number: int, text: str, opens: str = "") -> Iterator[Turn]:
        """A reply, and the formatter's where it had to be put into the form."""
        call, formatted = self._calls(speaker, number)
        reply = said.read(speaker, text, calls.finish(call), uncounted=self.uncounted)
        notes = _ended(call) if formatted else (*self._verdict(number, reply), *_ended(call), *_repaired(call))
        yield Turn(speaker, number, _shown(text), speaker.lower(), reply.points, notes=notes, opens=opens)
        if formatted:
            yield self._formatted(speaker, number, text, formatted)

    def _formatted(self, speaker: str, number: int, source: str, call: Mapping[str, Any]) -> Turn:
        text = str(call.get("response", ""))
        reply = said.read(speaker, text, calls.finish(call), source, self.uncounted)
        taken = (f"not taken: it added {reply.added!r}",) if reply.added else ()
        task = f"to put the {speaker.lower()}'s reply into the form"
        notes = (task, *taken, *self._verdict(number, reply), *_ended(call), *_repaired(call))
        return Turn(FORMATTER, number, _shown(text), "formatter", reply.points, notes=notes)

    def _verdict(self, number: int, reply: said.Reply) -> tuple[str, ...]:
        """What code made of the validator's answers."""
        if not self.conversation.calls or not reply.is_verdict or reply.added:
            return ()
        return ("agreed" if self._agreed(number) else "did not agree",)

    def _agreed(self, number: int) -> bool:
        return self.validated is True and number == self.n_rounds

    def _calls(self, speaker: str, number: int) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """The call whose reply was taken, and the formatter's after it; {} where there is none.

        Of calls that were made again, in a further conversation or with more tokens, the last was taken.
        """
        taken: Mapping[str, Any] = {}
        formatted: Mapping[str, Any] = {}
        role = ""
        for call in self.conversation.calls:
            if call.get("round") != number:
                continue
            if call.get("role") != "formatter":
                role = str(call.get("role"))
                if role == speaker.lower():
                    taken, formatted = call, {}
            elif role == speaker.lower():
                formatted = call
        return taken, formatted


def talk_summary(spoken: Sequence[Turn], conversation: Conversation, validated: bool | None) -> str:
    """What the folded conversation says of itself."""
    if not spoken:
        return ""
    rounds = max(turn.round for turn in spoken)
    lost = "; no verdict" if conversation.calls else ""
    verdict = {True: "; the validator agreed", False: "; the validator did not agree", None: lost}[validated]
    return f"{plural(sum(t.is_message for t in spoken), 'message')} in {plural(rounds, 'round')}{verdict}"


def _passed(lines: Sequence[said.Line]) -> tuple[str, ...]:
    marked = [line.mark for line in lines if line.mark]
    return (f"{marked.count(said.PASSED)} of {len(marked)} passed",) if marked else ()


def _ended(call: Mapping[str, Any]) -> tuple[str, ...]:
    return () if calls.finish(call) is Finish.STOP else (calls.ending(call),)


def _repaired(call: Mapping[str, Any]) -> tuple[str, ...]:
    found = calls.repairs(call)
    return (f"repaired: {'; '.join(found)}",) if found else ()


def _shown(text: str) -> str:
    if len(text) <= MOST_SHOWN:
        return text
    return f"{text[:MOST_SHOWN]}\n[{len(text) - MOST_SHOWN:,} more characters are in the conversations' file]"
