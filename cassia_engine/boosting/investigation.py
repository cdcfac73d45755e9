"""The investigation of one cluster: a model names hypotheses and genes, code looks the genes up, until it answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cassia_engine import prompts
from cassia_engine.boosting.boosted import Boosted, BoostRound
from cassia_engine.conversation.asking import Asking, Role
from cassia_engine.conversation.cluster_conversation import MAX_TOKENS
from cassia_engine.conversation.labelling import types_of
from cassia_engine.conversation.log import Log
from cassia_engine.conversation.machine import Event
from cassia_engine.conversation.term_mapper import TermMapper
from cassia_engine.evidence import Findings, check, with_listed_names
from cassia_engine.lookup import Lookup, gene_list
from cassia_engine.ontology import Ontology
from cassia_engine.prompts import Briefing
from cassia_engine.prompts.investigation import BOOST_VERSION, closing, next_round, opening
from cassia_engine.providers.chat import Chat, ChatModel, Message
from cassia_engine.records import Cluster, Outcome
from cassia_engine.records.replies import Claim, Enquiry, Said
from cassia_engine.replies import read_annotation, read_enquiry
from cassia_engine.replies.shapes import ANNOTATION, ENQUIRY
from cassia_engine.settings import AnnotateSettings

INVESTIGATOR = "investigator"
_ENQUIRING = Role(INVESTIGATOR, ENQUIRY, read_enquiry)
_ANSWERING = Role(INVESTIGATOR, ANNOTATION, read_annotation)


class Investigation:
    """The investigation of one cluster, to be run once.

    Args:
        others: the first genes of other clusters, by their numbers.
        earlier: what an earlier annotation said; {} for nothing.
    """

    def __init__(
        self,
        cluster: Cluster,
        briefing: Briefing,
        lookup: Lookup,
        model: ChatModel,
        settings: AnnotateSettings,
        others: Mapping[int, Sequence[str]],
        earlier: Mapping[str, Any],
    ):
        self._cluster, self._briefing, self._lookup, self._model = cluster, briefing, lookup, model
        self._settings, self._others, self._earlier = settings, others, earlier
        self._terms = TermMapper(Ontology.load())
        most = MAX_TOKENS[settings.reasoning]
        self._log = Log(0, BOOST_VERSION)
        self._asking = Asking(self._log, settings.temperature, most, BOOST_VERSION)
        self._rounds: list[BoostRound] = []
        self._said = ""
        self._asked: Chat | None = None

    async def run(self) -> Boosted:
        """Ask, look up and ask again; at most `max_rounds` times, and then for the answer.

        Raises:
            AccountError, TemporaryError, StoppedError: no further call can be made.
        """
        chat = self._opening()
        for number in range(1, self._settings.max_rounds + 1):
            said = await self._ask(_ENQUIRING, chat)
            if not isinstance(said, Enquiry):
                return self._without_answer()
            found = self._lookup.look_up(said.wanted_genes)
            self._rounds.append(BoostRound(said, found))
            statistics = self._lookup.block(found, self._briefing.with_fractions) if found.asked else None
            if statistics is None or number == self._settings.max_rounds:
                chat = closing(chat, said, statistics)
                break
            chat = next_round(chat, said, statistics, number + 1, self._settings.max_rounds)
        return await self._answer(chat)

    def _opening(self) -> Chat:
        settings = self._settings
        return opening(
            self._briefing,
            self._cluster,
            self._others,
            self._earlier,
            settings.max_rounds,
            max_tokens=MAX_TOKENS[settings.reasoning],
            temperature=settings.temperature,
            reasoning=settings.reasoning,
        )

    async def _ask(self, role: Role, chat: Chat) -> Said | None:
        """What was read; None where the reply is lost, of which `failed` of the asking says why."""
        self._asked = chat
        heard = await self._asking.ask(role, chat, self._model, len(self._rounds) + 1)
        if heard.event is Event.CUT:
            heard = await self._asking.extend()
        self._said = heard.text
        if heard.event is Event.UNREADABLE:
            heard = await self._asking.format()
        return None if heard.event else heard.read

    async def _answer(self, chat: Chat) -> Boosted:
        """The answer; one that the checks send back is asked for once more, and the better one of both is taken."""
        genes = gene_list(self._cluster, (row for one in self._rounds for row in one.found.rows))
        claim = await self._ask(_ANSWERING, chat)
        if not isinstance(claim, Claim):
            return self._without_answer()
        claim = with_listed_names(claim, genes)
        findings = check(claim, genes, self._terms.cl_id)
        if findings.back:
            back = prompts.revision(chat, self._said, [item.text for item in findings.back], "")
            again = await self._ask(_ANSWERING, back)
            if isinstance(again, Claim):
                revised = with_listed_names(again, genes)
                of_revised = check(revised, genes, self._terms.cl_id)
                if len(of_revised.back) < len(findings.back):
                    claim, findings = revised, of_revised
        return self._answered(claim, findings)

    def _answered(self, claim: Claim, findings: Findings) -> Boosted:
        types, _ = types_of(claim, claim.score, self._terms, self._briefing.depth)
        return Boosted(
            Outcome.ANNOTATED,
            "",
            tuple(self._rounds),
            claim,
            types,
            findings,
            findings.down,
            self._turns(),
            self._log.calls,
            self._log.usage,
        )

    def _without_answer(self) -> Boosted:
        failed = self._asking.failed
        outcome, reason = (failed.outcome, failed.reason) if failed else (Outcome.FAILED, "no answer was read")
        return Boosted(
            outcome, reason, tuple(self._rounds), turns=self._turns(), calls=self._log.calls, usage=self._log.usage
        )

    def _turns(self) -> tuple[Message, ...]:
        asked = self._asked.messages if self._asked else ()
        return (*asked, Message("assistant", self._said)) if self._said else asked
