"""A chat model and a lookup that take their answers from what was recorded of a cluster."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from cassia_engine.errors import CallFailedError, ModelGoneError, StoppedError
from cassia_engine.lookup import Lookup
from cassia_engine.providers.accounts import traits_of
from cassia_engine.providers.chat import Call, Chat, Receipt, Reply, Request
from cassia_engine.providers.dialects import DIALECTS
from cassia_engine.records import LookedUp
from cassia_engine.replaying.reading import Held, RecordedCall


class Recording:
    """What was recorded of the cluster or control that is being asked about: one at a time."""

    def __init__(self) -> None:
        self.held = Held(())


class RecordedModel:
    """A `ChatModel` that answers as it did: the request is written anew, and must be the recorded one."""

    def __init__(self, recording: Recording, provider: str, dialect: str, model: str):
        self.model = model
        self._recording = recording
        self._dialect, self._traits = DIALECTS[dialect], traits_of(provider, model)

    async def chat(self, chat: Chat, replicate: int = 0, ordinal: int = 0) -> Reply:
        """The recorded reply.

        Raises:
            CallFailedError: it is on record that there was none.
            StoppedError: this request is not on record.
        """
        held = self._recording.held
        for call in held.calls:
            if (call.replicate, call.ordinal) == (replicate, ordinal) and self._was_asked(call):
                traits = call.adjusted.applied(self._traits)
                body, sent = self._dialect.body(chat, self.model, traits)
                request = Request(call.dialect, call.url, body)
                if json.loads(request.payload) == call.request:
                    return _reply(call, Call(request, replicate, ordinal), sent)
        asked = (self.model, replicate, ordinal, chat.sha256)
        for failed in held.failed_calls:
            if (failed.model, failed.replicate, failed.ordinal, failed.chat) == asked:
                if failed.gone:
                    raise ModelGoneError(failed.error, code="model-gone-before")
                raise CallFailedError(failed.error, code="call-failed-before")
        raise StoppedError("a question that is asked now is not on record", code="question-not-recorded")

    def _was_asked(self, call: RecordedCall) -> bool:
        return self._dialect.model_of(call.url, call.request) in (self.model, "")


class RecordedLookup(Lookup):
    """Finds what was found."""

    def __init__(self, recording: Recording, cluster: str, numbers: Mapping[str, int]):
        self._recording, self._cluster, self._numbers = recording, cluster, numbers

    def look_up(self, wanted: Sequence[str]) -> LookedUp:
        """What was found of these genes.

        Raises:
            StoppedError: that is not on record.
        """
        for one in self._recording.held.lookups:
            if one.wanted == tuple(wanted):
                return one.found
        raise StoppedError("genes that are looked up now are not on record", code="lookup-not-recorded")


def _reply(recorded: RecordedCall, call: Call, sent: Mapping[str, Any]) -> Reply:
    return Reply(
        text=recorded.response,
        finish=recorded.finish,
        finish_reason=recorded.finish_reason,
        model=recorded.model,
        call=call,
        receipt=Receipt("", recorded.at, recorded.seconds, recorded=True),
        input_tokens=recorded.input_tokens,
        output_tokens=recorded.output_tokens,
        cached_tokens=recorded.cached_tokens,
        reasoning_tokens=recorded.reasoning_tokens,
        cost_usd=recorded.cost_usd,
        cost_source=recorded.cost_source,
        sent=sent,
        adjusted=recorded.adjusted.written,
    )
