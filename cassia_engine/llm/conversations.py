"""The conversations of a chunk's clusters: with a model, or as the journal holds them."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass, replace

from msgspec import structs

from cassia_engine.calibration import Calibration
from cassia_engine.conversation import Advisers, converse
from cassia_engine.errors import StoppedError
from cassia_engine.llm.cross_check import open_cross_check
from cassia_engine.ontology import Ontology
from cassia_engine.process_limits import start
from cassia_engine.prompts import EARLIER, Briefing
from cassia_engine.providers.chat import ChatModel
from cassia_engine.records import Chunk, Cluster, ClusterResult
from cassia_engine.settings import AnnotateSettings


@dataclass(frozen=True, slots=True)
class Models:
    """Who is asked: the annotator's model, and that of second opinions (None for the same).

    Attributes:
        is_empty: whether it is known to have no answer at all, as an empty journal.
    """

    first: ChatModel
    second: ChatModel | None = None
    is_empty: bool = False


class Conversations:
    """The conversations of clusters: the first, further ones where they failed, and those that the journal holds."""

    def __init__(
        self,
        chunk: Chunk,
        settings: AnnotateSettings,
        models: Models,
        recorded: Models | None,
        calibration: Calibration,
    ):
        """
        Args:
            models: whom to ask.
            recorded: the same, by the journal alone; None where there is none.
            calibration: how sure answers are.
        """
        self._settings, self._models, self._recorded = settings, models, recorded
        self._briefing = Briefing(
            chunk.dataset,
            chunk.selection,
            chunk.siblings,
            settings.validator_involvement,
            with_fractions=not settings.hide_fractions,
            depth=settings.depth,
        )
        self._briefing_before = replace(self._briefing, version=EARLIER)
        self._ontology = Ontology.load()
        self._cross_check = open_cross_check(chunk.dataset)
        self._calibration = calibration
        self._asked_again: set[int] = set()

    def index_ontology(self) -> None:
        """Make its index, a third of a second's work, in a thread: while the first answers are awaited."""
        start(threading.Thread(target=self._ontology.resolve, args=("cell",), daemon=True))

    async def run(self, cluster: Cluster) -> ClusterResult:
        """The first result that is no failure, else the last; with the calls of all its conversations."""
        if not cluster.markers:
            return ClusterResult.unanswered(cluster, "")
        if before := await self._of_earlier_prompts(cluster):
            return before
        result = await self._converse(cluster, self._models, 0)
        replicate = 1
        while result.outcome.is_failure and (further := await self._further(cluster, replicate)):
            result = _with_earlier(further, result)
            replicate += 1
        return result

    async def _of_earlier_prompts(self, cluster: Cluster) -> ClusterResult | None:
        """The annotation of a conversation that the journal has whole, by the prompts of before; None for none."""
        if self._recorded is None or self._recorded.is_empty:
            return None
        with contextlib.suppress(StoppedError):
            result = await self._converse(cluster, self._recorded, 0, self._briefing_before)
            return None if result.outcome.is_failure else result
        return None

    async def _further(self, cluster: Cluster, replicate: int) -> ClusterResult | None:
        """A further conversation: one of `max_retries`, or one that an earlier run has left in the journal, or, with
        `retry_failed`, a single new one. None if it is none of these."""
        if replicate <= self._settings.max_retries:
            return await self._converse(cluster, self._models, replicate)
        if self._recorded:
            with contextlib.suppress(StoppedError):
                return await self._converse(cluster, self._recorded, replicate)
        if self._settings.retry_failed and cluster.index not in self._asked_again:
            self._asked_again.add(cluster.index)
            return await self._converse(cluster, self._models, replicate)
        return None

    async def _converse(
        self, cluster: Cluster, models: Models, replicate: int, briefing: Briefing | None = None
    ) -> ClusterResult:
        advisers = Advisers(models.second, self._cross_check, self._calibration)
        return await converse(
            cluster, briefing or self._briefing, models.first, self._settings, self._ontology, replicate, advisers
        )


def _with_earlier(result: ClusterResult, earlier: ClusterResult) -> ClusterResult:
    """A further conversation's result, with what the earlier ones cost."""
    calls = (*earlier.conversation.calls, *result.conversation.calls)
    return structs.replace(
        result, conversation=structs.replace(result.conversation, calls=calls), usage=earlier.usage + result.usage
    )
