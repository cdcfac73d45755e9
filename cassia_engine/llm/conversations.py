"""The conversations of a chunk's clusters: with models, or as the journal holds them."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from msgspec import structs

from cassia_engine.calibration import Calibration
from cassia_engine.conversation import Advisers, converse
from cassia_engine.conversation.consensus import merged
from cassia_engine.conversation.escalation import alone, escalated, is_in_doubt
from cassia_engine.conversation.votes import Vote
from cassia_engine.errors import StoppedError
from cassia_engine.llm.accounts import Models
from cassia_engine.llm.cross_check import open_cross_check
from cassia_engine.llm.kept import Kept, LookupOf
from cassia_engine.ontology import Ontology
from cassia_engine.process_limits import start
from cassia_engine.prompts import EARLIER, Briefing
from cassia_engine.providers.chat import ChatModel
from cassia_engine.records import REPLICATES_OF_A_VOTE, Chunk, Cluster, ClusterResult, Control, ControlResult, Outcome
from cassia_engine.settings import INVOLVEMENTS, STRICT, AnnotateSettings


def briefing_of(chunk: Chunk, settings: AnnotateSettings, lookup_genes: int) -> Briefing:
    """What all conversations of a chunk have in common."""
    return Briefing(
        chunk.dataset,
        chunk.selection,
        chunk.siblings,
        settings.validator_involvement,
        with_fractions=not settings.hide_fractions,
        depth=settings.depth,
        lookup_genes=lookup_genes,
    )


class Voter(NamedTuple):
    """Who holds a conversation on a cluster: which of the models, and whom it asks for second opinions (None for
    itself); `first` is the number of its first conversation, from which further ones count."""

    annotator: Callable[[Models], ChatModel]
    second: Callable[[Models], ChatModel | None]
    first: int = 0


class Conversations:
    """The conversations of clusters: the first, further ones where they failed, and those that the journal holds."""

    def __init__(
        self,
        chunk: Chunk,
        settings: AnnotateSettings,
        models: Models,
        recorded: Models | None,
        calibration: Calibration,
        lookup: LookupOf | None = None,
    ):
        """
        Args:
            models: whom to ask.
            recorded: the same, by the journal alone; None where there is none.
            calibration: how sure answers are.
            lookup: makes the lookup of a cluster; None where nothing is looked up.
        """
        self._settings, self._models, self._recorded = settings, models, recorded
        self._briefing = briefing_of(chunk, settings, chunk.lookup_genes if lookup else 0)
        self._briefing_before = replace(self._briefing, version=EARLIER)
        self._lookup = lookup
        self._kept_by_cluster: dict[int, Kept] = {}
        self._ontology = Ontology.load()
        self._cross_check = open_cross_check(chunk.dataset)
        self._calibration = calibration
        self._asked_again: set[tuple[int, str, int]] = set()
        self._voters = [
            Voter(_nth(place), lambda of: of.second, vote * REPLICATES_OF_A_VOTE)
            for place in range(len(models.voters))
            for vote in range(settings.votes)
        ]

    def index_ontology(self) -> None:
        """Make its index, a third of a second's work, in a thread: while the first answers are awaited."""
        start(threading.Thread(target=self._ontology.resolve, args=("cell",), daemon=True))

    async def run(self, one: Cluster | Control) -> ClusterResult | ControlResult:
        """What comes of a cluster or of a control.

        Raises:
            AccountError, TemporaryError, StoppedError: no further call can be made.
        """
        if isinstance(one, Control):
            asked = await self._of_control(one)
            return structs.replace(asked, result=self._with_kept(asked.result))
        return self._with_kept(await self._of_cluster(one))

    def _with_kept(self, result: ClusterResult) -> ClusterResult:
        kept = self._kept_by_cluster.pop(result.cluster.index, None)
        return kept.added_to(result) if kept else result

    def _kept(self, cluster: Cluster) -> Kept:
        return self._kept_by_cluster.setdefault(cluster.index, Kept())

    async def _of_control(self, control: Control) -> ControlResult:
        """The first voter's first answer to a control: it is asked about once, and nobody has a say beside."""
        moderate = next(one for one in INVOLVEMENTS if one != STRICT)
        result = await converse(
            control.cluster,
            self._briefing,
            self._kept(control.cluster).noting(self._voters[0].annotator(self._models)),
            replace(self._settings, max_rounds=1, validator_involvement=moderate),
            self._ontology,
            advisers=Advisers(cross_check=self._cross_check, second_opinions=False, calibration=self._calibration),
        )
        return ControlResult(control.kind, control.of, result)

    async def _of_cluster(self, cluster: Cluster) -> ClusterResult:
        """What the conversations on a cluster came to: the only one, or the answer that they have in common; or that
        of a stronger model, where that is in doubt."""
        if not cluster.markers:
            return ClusterResult.unanswered(cluster, "")
        votes = await self._votes(cluster)
        if len(votes) > 1:
            result = merged(votes, self._ontology)
        else:
            [vote] = votes
            result = vote.result if self._models.strong is None and not vote.instead_of else alone(vote)
        if self._models.strong is None or not is_in_doubt(result):
            return result
        strong = await self._vote(cluster, Voter(_strong, lambda of: None))
        return escalated(result, strong, self._ontology)

    async def _votes(self, cluster: Cluster) -> list[Vote]:
        """What each voter says, asked at the same time; all of them are waited for before anything is raised."""
        if len(self._voters) == 1:
            return [await self._vote(cluster, self._voters[0])]
        ended = await asyncio.gather(*(self._vote(cluster, one) for one in self._voters), return_exceptions=True)
        errors = [one for one in ended if isinstance(one, BaseException)]
        for error in sorted(errors, key=lambda one: isinstance(one, StoppedError)):
            raise error
        return [one for one in ended if isinstance(one, Vote)]

    async def _vote(self, cluster: Cluster, voter: Voter) -> Vote:
        """The first result that is no failure, else the last; with the calls of all its conversations."""
        model, number = voter.annotator(self._models).model, voter.first
        if before := await self._of_earlier_prompts(cluster, voter):
            return Vote(model, number, before)
        result = await self._converse(cluster, voter, self._models, number)
        while (
            result.outcome.is_failure
            and not self._is_gone(cluster, model, result)
            and (further := await self._further(cluster, voter, number + 1))
        ):
            result = _with_earlier(further, result)
            number += 1
        vote = Vote(model, number, result)
        falls_back = voter in self._voters and (
            result.outcome is Outcome.REFUSED or self._is_gone(cluster, model, result)
        )
        return await self._fall_back(cluster, voter, vote) if self._models.fallback and falls_back else vote

    def _is_gone(self, cluster: Cluster, model: str, result: ClusterResult) -> bool:
        """Whether a conversation has failed as its model is not served."""
        failed = self._kept(cluster).failed
        return result.outcome is Outcome.FAILED and any(call.gone and call.model == model for call in failed)

    async def _fall_back(self, cluster: Cluster, voter: Voter, failed: Vote) -> Vote:
        """The answer of the fallback model, in a conversation of its own for each voter; if it has none, the vote that
        failed, with why that did not help."""
        first = self._voters.index(voter) * REPLICATES_OF_A_VOTE
        vote = await self._vote(cluster, Voter(_fallback, lambda of: None, first))
        if vote.result.outcome.is_failure:
            told = f"{vote.model} was asked in its place and gave no answer: {vote.result.reason}"
            both = _with_earlier(failed.result, vote.result)
            return Vote(failed.model, failed.replicate, structs.replace(both, reason=f"{both.reason}; {told}"))
        return Vote(vote.model, vote.replicate, _with_earlier(vote.result, failed.result), failed.model)

    async def _of_earlier_prompts(self, cluster: Cluster, voter: Voter) -> ClusterResult | None:
        """The annotation of a conversation that the journal has whole, by the earlier prompts; None if it has none."""
        if self._recorded is None or self._recorded.is_empty or voter.first:
            return None
        with contextlib.suppress(StoppedError):
            result = await self._converse(cluster, voter, self._recorded, 0, self._briefing_before)
            return None if result.outcome.is_failure else result
        return None

    async def _further(self, cluster: Cluster, voter: Voter, number: int) -> ClusterResult | None:
        """A further conversation: one of `max_retries`, or one that an earlier run has left in the journal, or, with
        `retry_failed`, a single new one. None if it is none of these."""
        again = number - voter.first
        if again >= REPLICATES_OF_A_VOTE:
            return None  # the next number is that of another vote
        if again <= self._settings.max_retries:
            return await self._converse(cluster, voter, self._models, number)
        if self._recorded:
            with contextlib.suppress(StoppedError):
                return await self._converse(cluster, voter, self._recorded, number)
        asked = (cluster.index, voter.annotator(self._models).model, voter.first)
        if self._settings.retry_failed and asked not in self._asked_again:
            self._asked_again.add(asked)
            return await self._converse(cluster, voter, self._models, number)
        return None

    async def _converse(
        self, cluster: Cluster, voter: Voter, models: Models, replicate: int, briefing: Briefing | None = None
    ) -> ClusterResult:
        kept, second = self._kept(cluster), voter.second(models)
        lookup = kept.noting_lookups(self._lookup) if self._lookup else None
        asked = second and kept.noting(second)
        advisers = Advisers(asked, self._cross_check, self._calibration, lookup=lookup)
        model, briefing = kept.noting(voter.annotator(models)), briefing or self._briefing
        return await converse(cluster, briefing, model, self._settings, self._ontology, replicate, advisers)


def _nth(place: int) -> Callable[[Models], ChatModel]:
    return lambda models: models.voters[place]


def _strong(models: Models) -> ChatModel:
    assert models.strong
    return models.strong


def _fallback(models: Models) -> ChatModel:
    assert models.fallback
    return models.fallback


def _with_earlier(result: ClusterResult, earlier: ClusterResult) -> ClusterResult:
    """A further conversation's result, with what the earlier ones cost."""
    calls = (*earlier.conversation.calls, *result.conversation.calls)
    return structs.replace(
        result, conversation=structs.replace(result.conversation, calls=calls), usage=earlier.usage + result.usage
    )
