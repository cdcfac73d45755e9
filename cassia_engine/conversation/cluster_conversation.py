"""One cluster's conversation: the steps of the state machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from cassia_engine import prompts
from cassia_engine.conversation import cut, outcome
from cassia_engine.conversation.judging import judge, rule
from cassia_engine.conversation.log import Log
from cassia_engine.conversation.machine import TRANSITIONS, Event, State
from cassia_engine.conversation.rounds import OpenRound
from cassia_engine.conversation.term_mapper import TermMapper
from cassia_engine.errors import CallFailedError
from cassia_engine.evidence import GeneList, check, with_listed_names
from cassia_engine.ontology import Ontology
from cassia_engine.prompts import Briefing
from cassia_engine.providers.chat import Chat, ChatModel, Finish, Reply
from cassia_engine.records import Cluster, ClusterResult, FailedReply, Outcome
from cassia_engine.records.replies import Claim, Verdict
from cassia_engine.replies import Unreadable, invented, read_annotation, read_validation, repeats_form, reply_values
from cassia_engine.replies.shapes import ANNOTATION, VALIDATION
from cassia_engine.settings import AnnotateSettings

# The most tokens of a reply, reasoning included, by the reasoning asked for; twice as many if that cuts it off.
MAX_TOKENS: Mapping[str | None, int] = {None: 4096, "low": 4096, "medium": 8192, "high": 16384}

Read = Claim | Verdict | Unreadable


@dataclass(frozen=True, slots=True)
class Role:
    """Who is asked: the shape and the reader of the reply."""

    name: str
    schema: Mapping[str, Any]
    read: Callable[[str, Finish], Read]


ANNOTATOR = Role("annotator", ANNOTATION, read_annotation)
VALIDATOR = Role("validator", VALIDATION, read_validation)
FORMATTER = "formatter"


class ClusterConversation:
    """The conversation on one cluster, to be run once."""

    def __init__(
        self,
        cluster: Cluster,
        briefing: Briefing,
        model: ChatModel,
        settings: AnnotateSettings,
        ontology: Ontology,
        replicate: int,
    ):
        self._cluster, self._briefing, self._settings = cluster, briefing, settings
        self._genes, self._terms = GeneList(cluster), TermMapper(ontology)
        self._log = Log(model, replicate)
        self._model = model.model
        self._rounds: list[OpenRound] = []
        self._failed: FailedReply | None = None
        self._how: dict[str, Any] = {"temperature": settings.temperature, "reasoning": settings.reasoning}
        self._max_tokens = MAX_TOKENS[settings.reasoning]
        self._question = prompts.annotator(briefing, cluster, max_tokens=self._max_tokens, **self._how)
        # Who was asked last, what, and what came back as it was.
        self._role, self._chat, self._reply = ANNOTATOR, self._question, ""
        self._unreadable, self._cut_at = "", ""

    async def run(self) -> ClusterResult:
        """Go from state to state until it is done.

        Raises:
            AccountError, TemporaryError, StoppedError: no further call can be made.
        """
        steps = {
            State.ANNOTATE: self._annotate,
            State.VALIDATE: self._validate,
            State.EXTEND: self._extend,
            State.FORMAT: self._format,
        }
        in_code = {State.CHECK: self._check, State.JUDGE: self._judge, State.REVISE: self._revise}
        state = State.ANNOTATE
        while state is not State.DONE:
            event = await steps[state]() if state in steps else in_code[state]()
            state = TRANSITIONS[state, event]
        return outcome.result(self._cluster, self._model, self._terms, self._rounds, self._failed, self._log)

    @property
    def _round(self) -> OpenRound:
        return self._rounds[-1]

    @property
    def _round_left(self) -> bool:
        return len(self._rounds) < self._settings.max_rounds

    async def _annotate(self) -> Event:
        self._rounds.append(OpenRound())
        return await self._ask(ANNOTATOR, self._question)

    async def _validate(self) -> Event:
        claim, findings = self._round.claim, self._round.findings
        assert claim and findings
        chat = prompts.validator(
            self._briefing,
            self._cluster,
            claim.for_validator(),
            findings.lines,
            max_tokens=self._max_tokens,
            **self._how,
        )
        return await self._ask(VALIDATOR, chat)

    async def _extend(self) -> Event:
        event = await self._ask(self._role, replace(self._chat, max_tokens=2 * self._max_tokens))
        if self._failed and self._failed.outcome is Outcome.FAILED:
            # Some models do not give that many tokens; what is known of the reply is that it was too long.
            told = f"{self._cut_at}; asked for more: {self._failed.reason}"
            return self._fail(Outcome.TRUNCATED, told)
        return event

    async def _format(self) -> Event:
        """The formatter speaks for the role whose reply it puts into the form; it may add nothing."""
        chat = prompts.formatter(
            self._reply, self._role.schema, max_tokens=self._max_tokens, temperature=self._settings.temperature
        )
        reply = await self._call(FORMATTER, chat)
        if reply is None:
            return Event.LOST
        read = self._read(reply)
        added = "" if isinstance(read, Unreadable) else invented(read, self._reply)
        if reply.finish is Finish.REFUSED:
            return self._fail(Outcome.UNPARSED, f"{self._unreadable}; the formatter refused", added)
        if added:
            read = Unreadable(f"the formatter added {added!r}, which the reply does not say")
        if isinstance(read, Unreadable):
            return self._fail(Outcome.UNPARSED, f"{self._unreadable}; the formatter did not help: {read.reason}", added)
        return self._take(read)

    def _check(self) -> Event:
        claim = self._round.claim
        assert claim
        self._round.findings = findings = check(claim, self._genes, self._terms.cl_id)
        if repeats_form(claim) and not self._round_left:
            self._role = ANNOTATOR
            return self._fail(Outcome.UNPARSED, "the reply repeats the form that was asked for and names no type")
        self._round.sent_back = bool(findings.back) and self._round_left
        return Event.SENT_BACK if self._round.sent_back else Event.FIT

    def _judge(self) -> Event:
        claim, findings, verdict = self._round.claim, self._round.findings, self._round.verdict
        assert claim and findings and verdict
        involvement = self._settings.validator_involvement
        self._round.judgement = judgement = judge(
            verdict, self._round.rulings, claim, findings, self._genes, involvement, self._terms
        )
        if judgement.agreed:
            return Event.AGREED
        return Event.SENT_BACK if self._round_left else Event.NO_ROUND_LEFT

    def _revise(self) -> Event:
        last = self._round
        assert last.findings
        objections = last.judgement.objections if last.judgement else ()
        feedback = [*(item.text for item in last.findings.failed), *objections]
        note = last.verdict.feedback if last.verdict else ""
        self._question = prompts.revision(self._question, last.said, feedback, note)
        return Event.ASKED

    async def _ask(self, role: Role, chat: Chat) -> Event:
        extended = chat.max_tokens > self._max_tokens
        self._role, self._chat = role, chat
        reply = await self._call(role.name, chat)
        if reply is None:
            return Event.LOST
        self._keep(reply.text)
        read = self._read(reply)
        if reply.finish is Finish.REFUSED:
            why = reply_values.text(reply.text)[:300] or "without a word"
            return self._fail(Outcome.REFUSED, f"the provider ended it with {reply.finish_reason!r}: {why}")
        if reply.finish is Finish.PROMPT_CUT:
            return self._fail(Outcome.FAILED, cut.told_of_prompt(reply))
        if not isinstance(read, Unreadable):
            return self._take(read)
        self._unreadable = read.reason
        if reply.finish is Finish.LENGTH:
            return self._cut_off(reply, chat, extended)
        if reply.finish is Finish.STOP and not read.hopeless:
            return Event.UNREADABLE
        ended = "" if reply.finish is Finish.STOP else f" (it ended with {reply.finish_reason or 'no reason'!r})"
        return self._fail(Outcome.UNPARSED, read.reason + ended)

    def _cut_off(self, reply: Reply, chat: Chat, extended: bool) -> Event:
        """More tokens are asked for once, where there can be more of them and they would help."""
        self._cut_at = cut.told_of_limit(reply, chat)
        if cut.context_is_full(reply, chat):
            return self._fail(Outcome.TRUNCATED, cut.told_of_context(reply))
        if cut.repeats_itself(reply.text):
            return self._fail(Outcome.TRUNCATED, f"{self._cut_at}, where the model only repeated itself")
        if cut.limit(reply, chat) < chat.max_tokens:
            return self._fail(Outcome.TRUNCATED, f"{self._cut_at}, the most that the model gives")
        return (
            self._fail(Outcome.TRUNCATED, f"{self._cut_at}, after {self._max_tokens:,} before")
            if extended
            else Event.CUT
        )

    async def _call(self, name: str, chat: Chat) -> Reply | None:
        """The reply, or None if there is none."""
        try:
            return await self._log.ask(name, len(self._rounds), chat)
        except CallFailedError as error:
            self._fail(Outcome.FAILED, str(error))
            return None

    def _keep(self, text: str) -> None:
        self._reply = text
        if self._role is ANNOTATOR:
            self._round.said = text
        else:
            self._round.judged = text

    def _read(self, reply: Reply) -> Read:
        """What the reply says; it is kept also where the reply is not taken."""
        read = self._role.read(reply.text, reply.finish)
        if isinstance(read, Claim):
            self._round.claim_read = read
        elif isinstance(read, Verdict):
            self._round.verdict_read = read
            self._round.rulings = rule(read, self._genes, self._settings.validator_involvement)
        return read

    def _take(self, read: Claim | Verdict) -> Event:
        self._log.repaired(read.repaired)
        if isinstance(read, Claim):
            self._round.claim = with_listed_names(read, self._genes)
            return Event.CLAIM
        self._round.verdict = read
        return Event.VERDICT

    def _fail(self, what: Outcome, reason: str, added: str = "") -> Event:
        self._failed = FailedReply(self._role.name, len(self._rounds), what, reason, added)
        return Event.LOST
