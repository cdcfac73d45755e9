"""The conversation with a model about a cluster as turns of a dialogue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cassia_engine import records
from cassia_engine.providers.chat import Finish
from cassia_engine.records import Adjudication, ClusterResult, Conversation, Round
from cassia_engine.records.record import Record
from cassia_engine.report import calls, reply_points
from cassia_engine.report.wording import plural

ANNOTATOR, VALIDATOR, ADJUDICATOR = "Annotator", "Validator", "Adjudicator"
SPEAKERS = {records.ANNOTATOR: ANNOTATOR, records.SECOND: "Second annotator"}
# The looks of a turn: one who answers, or one who judges.
SIDES = {"Second annotator": "annotator", ADJUDICATOR: "validator"}
CHECKS, FORMATTER, LOOKED_UP = "Checks in code", "Formatter", "Genes looked up"
BY_RULE = "Score and confidence"  # written by code, by a fixed rule
MOST_SHOWN = 20_000  # characters of a message; replies of many megabytes are no reading


class Turn(Record, frozen=True):
    """One message.

    Attributes:
        speaker, round: who speaks, and in which round (0: after the rounds).
        text: as it was written, but no more than MOST_SHOWN characters.
        side: the kind of turn, for the looks: annotator, lookup, checks, validator, formatter, scorer, unasked.
        points: what a reply in JSON says, or a lookup found; () for prose.
        lines: what checks in code found.
        notes: what is to be known of it: what was decided, how it ended, what was repaired.
        opens: at the start of a round of several, which round and why there is one.
    """

    speaker: str
    round: int
    text: str
    side: str = ""
    points: reply_points.Points = ()
    lines: tuple[reply_points.Line, ...] = ()
    notes: tuple[str, ...] = ()
    opens: str = ""

    @property
    def is_message(self) -> bool:
        return self.side not in ("lookup", "checks", "unasked") and self.speaker != BY_RULE


def turns(
    conversation: Conversation,
    rounds: Sequence[Round] = (),
    adjudication: Adjudication | None = None,
    cluster: str = "",
) -> tuple[Turn, ...]:
    """The messages in the order in which they were said.

    Args:
        rounds: what was read in them, checked and decided; of replies without it the texts are shown.
        adjudication: what came of a second opinion.
        cluster: its id.
    """
    n_rounds = max(len(conversation.annotations), len(conversation.validations))
    recorded = (*rounds, *[Round()] * (n_rounds - len(rounds)))
    told = _Told(conversation, n_rounds, recorded, cluster)
    spoken = [turn for number in range(1, n_rounds + 1) for turn in told.round(number)]
    if conversation.adjudication is not None:
        spoken += told.adjudicated(conversation.adjudication, adjudication)
    if conversation.scoring is not None:
        spoken.append(Turn(BY_RULE, 0, _shown(conversation.scoring), "scorer"))
    return tuple(spoken)


@dataclass(frozen=True, slots=True)
class _Told:
    conversation: Conversation
    n_rounds: int
    rounds: Sequence[Round]
    cluster: str

    def round(self, number: int) -> Iterator[Turn]:
        held, at, found = self.conversation, slice(number - 1, number), self.rounds[number - 1]
        opens = self._opens(number)
        if found.looked_up:
            points = reply_points.of_looked_up(found.looked_up, self.cluster)
            yield Turn(LOOKED_UP, number, "", "lookup", points, opens=opens)
            opens = ""
        for text in held.annotations[at]:
            points = reply_points.of_claim(found.claim) if found.claim else ()
            yield from self._spoken(SPEAKERS[found.role], number, text, points, opens)
        for text in held.checks[at]:
            lines = reply_points.of_checks(found.checks) or reply_points.unmarked(text)
            yield Turn(CHECKS, number, "", "checks", lines=lines, notes=_passed(lines))
        for text in filter(None, held.validations[at]):
            if found.sent_back:
                yield Turn(VALIDATOR, number, text.strip("()"), "unasked")
            else:
                points = reply_points.of_verdict(found.verdict, found.rulings) if found.verdict else ()
                yield from self._spoken(VALIDATOR, number, text, points)

    def adjudicated(self, text: str, found: Adjudication | None) -> Iterator[Turn]:
        """The adjudicator's reply, and what it decided."""
        points = reply_points.of_choice(found.choice) if found and found.choice else ()
        yield from self._spoken(ADJUDICATOR, self.n_rounds, text, points)

    def _opens(self, number: int) -> str:
        if self.n_rounds < 2:
            return ""
        if self.rounds[number - 1].role == records.SECOND:
            return "A second opinion, given without seeing the first answer"
        return f"Round {number} of {self.n_rounds}" + (_why_again(self.rounds[number - 2]) if number > 1 else "")

    def _spoken(
        self, speaker: str, number: int, text: str, points: reply_points.Points, opens: str = ""
    ) -> Iterator[Turn]:
        """A reply, and the formatter's where it had to be put into the form."""
        call, formatted = self._calls(speaker, number)
        own = () if formatted else points
        verdict = () if formatted or speaker != VALIDATOR else self._verdict(number)
        notes = _ended(call) if formatted else (*verdict, *_ended(call), *_repaired(call))
        shown = own or reply_points.anything(text)
        side = SIDES.get(speaker, speaker.lower())
        yield Turn(speaker, number, _shown(text), side, shown, notes=notes, opens=opens)
        if formatted:
            yield self._formatted(speaker, number, points, formatted)

    def _formatted(self, speaker: str, number: int, points: reply_points.Points, call: Mapping[str, Any]) -> Turn:
        text = str(call.get("response", ""))
        failed = self.rounds[number - 1].failed
        taken = (f"not taken: it added {failed.added!r}",) if failed and failed.added else ()
        verdict = () if taken or speaker != VALIDATOR else self._verdict(number)
        task = f"to put the {speaker.lower()}'s reply into the form"
        notes = (task, *taken, *verdict, *_ended(call), *_repaired(call))
        return Turn(FORMATTER, number, _shown(text), "formatter", points or reply_points.anything(text), notes=notes)

    def _verdict(self, number: int) -> tuple[str, ...]:
        """What code made of the validator's answers."""
        found = self.rounds[number - 1]
        if not self.conversation.calls or found.verdict is None:
            return ()
        return ("agreed" if found.judgement and found.judgement.agreed else "did not agree",)

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


def dialogue_summary(spoken: Sequence[Turn], result: ClusterResult) -> str:
    """What the folded conversation says of itself."""
    if not spoken:
        return ""
    rounds = max(turn.round for turn in spoken)
    said = [f"{plural(sum(t.is_message for t in spoken), 'message')} in {plural(rounds, 'round')}"]
    if result.adjudication:
        said.append("a second opinion agreed" if result.adjudication.agree else "a second opinion differed")
    if result.validated is not None:
        said.append("the validator agreed" if result.validated else "the validator did not agree")
    return "; ".join(said)


def _why_again(before: Round) -> str:
    """Why another round follows."""
    if before.sent_back:
        return ": the checks sent the answer back"
    return ": the validator had objections" if before.judgement else ""


def _passed(lines: Sequence[reply_points.Line]) -> tuple[str, ...]:
    marked = [line.mark for line in lines if line.mark]
    return (f"{marked.count(reply_points.PASSED)} of {len(marked)} passed",) if marked else ()


def _ended(call: Mapping[str, Any]) -> tuple[str, ...]:
    return () if calls.finish(call) is Finish.STOP else (calls.ending(call),)


def _repaired(call: Mapping[str, Any]) -> tuple[str, ...]:
    found = calls.repairs(call)
    return (f"repaired: {'; '.join(found)}",) if found else ()


def _shown(text: str) -> str:
    if len(text) <= MOST_SHOWN:
        return text
    return f"{text[:MOST_SHOWN]}\n[{len(text) - MOST_SHOWN:,} more characters are in the conversations' file]"
