"""One cluster's conversation: the steps of the state machine."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cassia_engine import prompts
from cassia_engine.calibration import Calibration, Calibrations
from cassia_engine.conversation import outcome
from cassia_engine.conversation.asking import Asking, Heard, Role
from cassia_engine.conversation.comparing import Comparison, backs, in_neutral_order
from cassia_engine.conversation.doubts import CrossChecker, doubts_of
from cassia_engine.conversation.judging import judge, rule
from cassia_engine.conversation.labelling import BROAD, at_depth
from cassia_engine.conversation.log import Log
from cassia_engine.conversation.machine import TRANSITIONS, Event, State
from cassia_engine.conversation.rounds import OpenRound, best_of_annotator
from cassia_engine.conversation.term_mapper import TermMapper
from cassia_engine.evidence import GeneList, check, with_listed_names
from cassia_engine.lookup import Lookup, gene_list
from cassia_engine.ontology import Ontology
from cassia_engine.prompts import EARLIER, Briefing
from cassia_engine.providers.chat import Chat, ChatModel
from cassia_engine.records import ANNOTATOR, SECOND, Cluster, ClusterResult, CrossCheck, Outcome, Relation
from cassia_engine.records.replies import Choice, Claim, Said, Verdict
from cassia_engine.replies import read_adjudication, read_annotation, read_validation, repeats_form
from cassia_engine.replies.shapes import ADJUDICATION, ANNOTATION, OPINION, VALIDATION
from cassia_engine.settings import STRICT, AnnotateSettings

# The most tokens of a reply, reasoning included, by the reasoning asked for; twice as many if that cuts it off.
MAX_TOKENS: Mapping[str | None, int] = {None: 4096, "low": 4096, "medium": 8192, "high": 16384}

SECOND_ANNOTATOR = Role(SECOND, ANNOTATION, read_annotation)
SECOND_WITH_LOOKUP = Role(SECOND, OPINION, read_annotation)  # where it may ask for genes
ADJUDICATOR = Role("adjudicator", ADJUDICATION, read_adjudication)
VALIDATOR = Role("validator", VALIDATION, read_validation)
_ADVISERS = frozenset({SECOND_ANNOTATOR.name, ADJUDICATOR.name})


@dataclass(frozen=True, slots=True)
class Advisers:
    """Who has a say beside the annotator.

    Attributes:
        second: the chat model of second opinions and adjudications; None for the annotator's own.
        cross_check: what marker knowledge says of a cluster; None where there is none for the species.
        calibration: how sure an answer is.
        second_opinions: whether a doubt leads to a second opinion.
        lookup: where a second annotator's genes are looked up; None for nowhere.
    """

    second: ChatModel | None = None
    cross_check: CrossChecker | None = None
    calibration: Calibration = field(default_factory=lambda: Calibrations.load().model)
    second_opinions: bool = True
    lookup: Callable[[Cluster], Awaitable[Lookup]] | None = None


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
        advisers: Advisers,
    ):
        self._cluster, self._briefing, self._settings = cluster, briefing, settings
        self._genes, self._terms = GeneList(cluster), TermMapper(ontology)
        self._model, self._advisers = model, advisers
        self._log = Log(replicate, briefing.version)
        self._how: dict[str, Any] = {
            "max_tokens": MAX_TOKENS[settings.reasoning],
            "temperature": settings.temperature,
            "reasoning": settings.reasoning,
        }
        self._asking = Asking(self._log, settings.temperature, MAX_TOKENS[settings.reasoning], briefing.version)
        self._annotator = Role(ANNOTATOR, prompts.shape(briefing), read_annotation)
        self._question = prompts.annotator(briefing, cluster, **self._how)
        self._rounds: list[OpenRound] = []
        self._cross_check: CrossCheck | None = None
        self._comparison = Comparison()
        # The round that a validator judges.
        self._standing: OpenRound | None = None
        # Of the second annotator: its request, what was found for it, and the list with that.
        self._second_chat: Chat | None = None
        self._statistics: Mapping[str, Any] | None = None
        self._said_before: tuple[str, Claim | None] | None = None
        self._genes_of_second = self._genes

    async def run(self) -> ClusterResult:
        """Go from state to state until it is done.

        Raises:
            AccountError, TemporaryError, StoppedError: no further call can be made.
        """
        asking: dict[State, Callable[[], Awaitable[Heard]]] = {
            State.ANNOTATE: self._annotate,
            State.SECOND: self._second,
            State.SECOND_AGAIN: self._second_again,
            State.ADJUDICATE: self._adjudicate,
            State.VALIDATE: self._validate,
            State.EXTEND: self._asking.extend,
            State.FORMAT: self._asking.format,
        }
        in_code: dict[State, Callable[[], Event]] = {
            State.CHECK: self._check,
            State.CROSS_CHECK: self._compare_with_markers,
            State.COMPARE: self._compare,
            State.JUDGE: self._judge,
            State.REVISE: self._revise,
        }
        state = State.ANNOTATE
        while state is not State.DONE:
            if state is State.LOOK_UP:
                event = await self._look_up()
            else:
                event = self._heard(await asking[state]()) if state in asking else in_code[state]()
            state = TRANSITIONS[state, event]
        return outcome.result(
            outcome.Ended(
                cluster=self._cluster,
                model=self._model.model,
                terms=self._terms,
                rounds=self._rounds,
                failed=self._asking.failed,
                log=self._log,
                cross_check=self._cross_check,
                comparison=self._comparison,
                depth=self._briefing.depth,
                calibration=self._advisers.calibration,
            )
        )

    @property
    def _round(self) -> OpenRound:
        return self._rounds[-1]

    def _genes_of(self, round: OpenRound) -> GeneList:
        """What may be cited in a round and of it."""
        return self._genes_of_second if round.role == SECOND else self._genes

    def _number_of(self, round: OpenRound) -> int:
        return next(number for number, one in enumerate(self._rounds, 1) if one is round)

    @property
    def _round_left(self) -> bool:
        return sum(r.role == ANNOTATOR for r in self._rounds) < self._settings.max_rounds

    @property
    def _strict(self) -> bool:
        return self._settings.validator_involvement == STRICT

    async def _annotate(self) -> Heard:
        self._rounds.append(OpenRound())
        return await self._ask(self._annotator, self._question)

    async def _second(self) -> Heard:
        self._rounds.append(OpenRound(role=SECOND))
        self._second_chat = prompts.second_annotator(self._briefing, self._cluster, **self._how)
        return await self._ask(self._second_annotator, self._second_chat)

    @property
    def _second_annotator(self) -> Role:
        return SECOND_WITH_LOOKUP if self._briefing.lookup_genes else SECOND_ANNOTATOR

    async def _look_up(self) -> Event:
        """Look up the genes that the second annotator wants to see."""
        second = self._round
        assert second.claim and self._advisers.lookup
        lookup = await self._advisers.lookup(self._cluster)
        second.looked_up = found = lookup.look_up(second.claim.wanted_genes)
        if not found.rows:
            return Event.OPINION  # no news: what it said stands
        self._statistics = lookup.block(found, self._briefing.with_fractions)
        self._genes_of_second = gene_list(self._cluster, found.rows)
        return Event.FOUND

    async def _second_again(self) -> Heard:
        assert self._second_chat and self._statistics
        self._said_before = self._round.said, self._round.claim_read
        chat = prompts.second_with_statistics(self._briefing, self._second_chat, self._round.said, self._statistics)
        return await self._ask(SECOND_ANNOTATOR, chat)

    async def _adjudicate(self) -> Heard:
        claims = [self._rounds[number - 1].claim for number in (self._comparison.a, self._comparison.b)]
        a, b = (claim for claim in claims if claim)
        chat = prompts.adjudicator(self._briefing, self._cluster, a, b, self._statistics, **self._how)
        return await self._ask(ADJUDICATOR, chat)

    async def _validate(self) -> Heard:
        # By earlier prompts the validator was always asked about the last answer.
        self._standing = standing = self._round if self._briefing.version == EARLIER else self._chosen()
        assert standing.claim and standing.findings
        statistics = self._statistics if standing.looked_up else None
        said = standing.claim.for_validator(), standing.findings.lines, statistics
        chat = prompts.validator(self._briefing, self._cluster, *said, **self._how)
        return await self._ask(VALIDATOR, chat, self._number_of(standing))

    async def _ask(self, role: Role, chat: Chat, round: int | None = None) -> Heard:
        """Ask in a round, from 1; None for the last."""
        model = (self._advisers.second if role.name in _ADVISERS else None) or self._model
        return await self._asking.ask(role, chat, model, round or len(self._rounds))

    def _heard(self, heard: Heard) -> Event:
        """Keep what came back, and say what it is."""
        role = self._asking.role
        if role is VALIDATOR:
            assert self._standing
            self._standing.judged = heard.text or self._standing.judged
        elif role is ADJUDICATOR:
            self._comparison.said = heard.text or self._comparison.said
        else:
            self._round.said = heard.text or self._round.said
        self._note(heard.read)
        if heard.event is Event.LOST and self._said_before:
            # What it said before it saw the statistics counts, and stays on record.
            (self._round.said, self._round.claim_read), self._said_before = self._said_before, None
            return Event.OPINION
        if heard.event is Event.LOST and role.name in _ADVISERS:
            return Event.REVIEW if self._strict else Event.LOST_OPINION
        if heard.event:
            return heard.event
        return self._take(heard.read)

    def _note(self, read: Said | None) -> None:
        """Keep what was read, also where it is not taken."""
        if isinstance(read, Claim):
            self._round.claim_read = read
        elif isinstance(read, Verdict):
            assert self._standing
            self._standing.verdict_read = read
            self._standing.rulings = rule(read, self._genes_of(self._standing), self._settings.validator_involvement)

    def _take(self, read: Said | None) -> Event:
        if isinstance(read, Claim):
            return self._take_claim(read)
        if isinstance(read, Choice):
            self._comparison.take(read, len(self._rounds))
            return Event.REVIEW if self._strict else Event.CHOICE
        assert self._standing and isinstance(read, Verdict)
        self._standing.verdict = read
        return Event.VERDICT

    def _take_claim(self, read: Claim) -> Event:
        if self._round.role == ANNOTATOR:
            self._round.claim = with_listed_names(read, self._genes)
            return Event.CLAIM
        self._said_before = None
        self._round.claim = claim = with_listed_names(read, self._genes_of_second)
        wants = claim.wanted_genes and self._briefing.lookup_genes and self._round.looked_up is None
        return Event.WANTED if wants else Event.OPINION

    def _check(self) -> Event:
        claim = self._round.claim
        assert claim
        # What the checks found is part of earlier prompts, which knew nothing of genes that rule a type out.
        with_rule_out = self._briefing.version != EARLIER
        self._round.findings = findings = check(claim, self._genes, self._terms.cl_id, with_rule_out)
        if repeats_form(claim) and not self._round_left:
            why = "the reply repeats the form that was asked for and names no type"
            self._asking.fail(Outcome.UNPARSED, why)
            return Event.LOST
        self._round.sent_back = bool(findings.back) and self._round_left
        return Event.SENT_BACK if self._round.sent_back else Event.FIT

    def _compare_with_markers(self) -> Event:
        """Ask marker knowledge, and decide whether a second opinion is asked for: once in a conversation."""
        if self._briefing.version == EARLIER or self._comparison.asked:
            return Event.REVIEW
        standing = self._chosen()
        assert standing.claim and standing.findings
        checker = self._advisers.cross_check
        self._cross_check = checker(self._cluster, self._terms.answer(standing.claim)) if checker else None
        if not self._advisers.second_opinions:
            return Event.SETTLED
        self._comparison.doubts = doubts_of(standing.claim, standing.findings, self._cross_check, always=self._strict)
        return Event.DOUBT if self._comparison.doubts else Event.SETTLED

    def _compare(self) -> Event:
        """What the second annotator said, beside what stands."""
        second = self._round
        assert second.claim
        second.findings = check(second.claim, self._genes_of_second, self._terms.cl_id)
        first = self._chosen()
        assert first.claim
        settled = Event.REVIEW if self._strict else Event.SETTLED
        if second.findings.decisive:
            return settled  # it names no type or no listed gene: as if there were none
        # Broad labels are compared as lineages; finer ones as the annotators named them.
        broad = self._briefing.depth == BROAD
        claims = [at_depth(one, self._terms, BROAD) if broad else one for one in (first.claim, second.claim)]
        self._comparison.relation = self._terms.relation(*claims)
        if not self._comparison.differ:
            return settled
        self._comparison.backed = backs(self._markers_of(first.claim), self._markers_of(second.claim))
        numbers = [self._number_of(one) for one in (first, second)]
        self._comparison.a, self._comparison.b = in_neutral_order(numbers, [first.claim, second.claim])
        return Event.DIFFER

    def _markers_of(self, claim: Claim) -> Relation | None:
        """What marker scoring's type is, compared with a claim's; None where one of them names none."""
        found = self._cross_check
        if found is None or not found.cl_id or self._terms.answer(claim) is None:
            return None
        return self._terms.checked(found, claim).relation

    def _chosen(self) -> OpenRound:
        """The round whose answer stands so far: the one that was chosen, or the annotator's best."""
        if self._comparison.chosen and self._round.role != ANNOTATOR:
            return self._rounds[self._comparison.chosen - 1]
        return best_of_annotator(self._rounds)

    def _judge(self) -> Event:
        standing = self._standing
        assert standing and standing.claim and standing.findings and standing.verdict
        standing.judgement = judgement = judge(
            standing.verdict,
            standing.rulings,
            standing.claim,
            standing.findings,
            self._genes_of(standing),
            self._settings.validator_involvement,
            self._terms,
        )
        if judgement.agreed:
            return Event.AGREED
        return Event.SENT_BACK if self._round_left else Event.NO_ROUND_LEFT

    def _revise(self) -> Event:
        last = self._standing if self._standing and self._standing.judgement else self._round
        assert last.findings
        objections = last.judgement.objections if last.judgement else ()
        feedback = [*(item.text for item in last.findings.failed), *objections]
        note = last.verdict.feedback if last.verdict else ""
        told = ""
        if last.role == SECOND and last.looked_up and self._statistics:
            # Who is to revise this answer, the annotator, has seen none of the genes that it cites.
            told = prompts.statistics_text(self._briefing, "an annotator", self._statistics)
            self._genes = self._genes_of_second
        self._question = prompts.revision(self._question, last.said, feedback, note, told)
        return Event.ASKED
