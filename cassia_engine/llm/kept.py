"""What of a cluster's conversations is kept besides their calls, so that they can be held again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from msgspec import UNSET
from msgspec.structs import replace

from cassia_engine.errors import CallFailedError, ModelGoneError
from cassia_engine.lookup import Lookup
from cassia_engine.providers.chat import Chat, ChatModel, Reply
from cassia_engine.records import Cluster, ClusterResult, FailedCall, LookedUp, Lookups

LookupOf = Callable[[Cluster], Awaitable[Lookup]]

_ORDER = attrgetter("model", "replicate", "ordinal", "chat")


@dataclass
class Kept:
    """The calls that got no answer, and what was looked up."""

    failed: set[FailedCall] = field(default_factory=set)
    lookups: dict[tuple[str, ...], LookedUp] = field(default_factory=dict)

    def noting(self, model: ChatModel) -> ChatModel:
        """The model, whose failed calls are noted."""
        return _Noting(model, self.failed.add)

    def noting_lookups(self, lookup_of: LookupOf) -> LookupOf:
        """The same lookups, of which is noted what they find."""

        async def noted(cluster: Cluster) -> Lookup:
            return _NotingLookup(await lookup_of(cluster), self.lookups)

        return noted

    def added_to(self, result: ClusterResult) -> ClusterResult:
        """The result with all of it, in an order that does not depend on which conversation was faster."""
        found = (Lookups(wanted, found) for wanted, found in sorted(self.lookups.items()))
        return replace(
            result,
            failed_calls=tuple(sorted(self.failed, key=_ORDER)) or UNSET,
            lookups=tuple(found) or UNSET,
        )


class _Noting:
    def __init__(self, model: ChatModel, note: Callable[[FailedCall], None]):
        self.model = model.model
        self._model, self._note = model, note

    async def chat(self, chat: Chat, replicate: int = 0, ordinal: int = 0) -> Reply:
        try:
            return await self._model.chat(chat, replicate, ordinal)
        except CallFailedError as error:
            gone = isinstance(error, ModelGoneError)
            self._note(FailedCall(self.model, replicate, ordinal, chat.sha256, str(error), gone))
            raise


class _NotingLookup(Lookup):
    def __init__(self, lookup: Lookup, found: dict[tuple[str, ...], LookedUp]):
        self._lookup, self._found = lookup, found

    def look_up(self, wanted: Sequence[str]) -> LookedUp:
        found = self._found[tuple(wanted)] = self._lookup.look_up(wanted)
        return found

    def block(self, found: LookedUp, with_fractions: bool) -> dict[str, Any]:
        return self._lookup.block(found, with_fractions)

    def number(self, cluster: str) -> int:
        return self._lookup.number(cluster)
