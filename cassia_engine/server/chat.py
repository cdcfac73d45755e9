"""A person's questions about one cluster, answered by the job's own model as server-sent events.

    event: message   {"text": ...}                  the answer
    event: error     {"error_code": ..., "message": ...}
    event: done      {}                              always the last one

Lines that begin with a colon keep the connection alive. What is asked and answered is in the job's journal: the same
question is not paid for twice.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Literal

import msgspec
from aiohttp import web

from cassia_engine.callers import Caller, called_from
from cassia_engine.cancellation import Cancellation
from cassia_engine.cytetype.protocol import COMPLETED
from cassia_engine.errors import AccountError, CallFailedError, CassiaError, UsageError
from cassia_engine.fast_json import ascii_json
from cassia_engine.prompts.cluster_chat import LONGEST_TURN, ChatFacts, Turn, cluster_chat
from cassia_engine.providers.chat import ChatModel, Finish, Reply
from cassia_engine.records import OFFLINE
from cassia_engine.server import job_runs, jobs
from cassia_engine.server.access.limits import whole_body
from cassia_engine.server.answers import Refused, read_json
from cassia_engine.server.chat_facts import Said, read_chat
from cassia_engine.server.network import on_network
from cassia_engine.server.questions import secret_of, spent_by_ledger
from cassia_engine.server.quotas import Share, settle, share_of_question
from cassia_engine.server.specs import Spec, settings_from
from cassia_engine.server.state import ServerState, caller_of, state_of
from cassia_engine.settings import AnnotateSettings
from cassia_engine.settings.durations import seconds_of

log = logging.getLogger(__name__)

ROUTES = web.RouteTableDef()

MOST_TURNS = 40
MOST_BYTES = 2**20
KEEP_ALIVE_S = 10.0
FOLDER = "chat"  # in the journal of a job
_WAIT = "2m"  # for a rate limit: a person is waiting
_OFFLINE = "the job was annotated offline, by marker scoring: no language model was asked, and none can answer"


class _Turn(msgspec.Struct, frozen=True):
    role: Literal["user", "assistant"]
    content: str


class _Asked(msgspec.Struct, frozen=True):
    job_id: str
    cluster_id: str
    messages: list[_Turn]


@ROUTES.post("/cluster_chat")
async def answer(request: web.Request) -> web.StreamResponse:
    state, caller = state_of(request), caller_of(request)
    async with whole_body(request, MOST_BYTES) as body:
        asked = _read(body)
    annotations = (await jobs.results(state, caller, asked.job_id))["annotations"]
    run, *later = await job_runs.runs_of(state, asked.job_id)
    told = [one.feedback for one in later if one.cluster_id == asked.cluster_id and one.state == COMPLETED]
    said = Said(annotations, told)
    spec = await asyncio.to_thread(job_runs.spec_of, run.folder(state.jobs))
    if asked.cluster_id not in spec.ids.values():
        raise Refused("INVALID_REQUEST", "the job has no cluster of this id")
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
    response.headers["X-Accel-Buffering"] = "no"  # nginx would keep events back
    await response.prepare(request)
    stop = Cancellation()
    reply = asyncio.create_task(_reply(state, run, spec, asked, said, stop))
    try:
        await _keep_alive(response, reply, state)
        name, data = await reply if reply.done() else _error("INTERNAL_ERROR", "the server is about to stop; ask again")
        await response.write(_event(name, data) + _event("done", {}))
    finally:
        # What was sent is paid for: its answer is waited for, and recorded, also where nobody waits for it any more.
        stop.request()
        with suppress(Exception):
            await reply
    return response


def _read(body: bytes) -> _Asked:
    """What a request asks.

    Raises:
        Refused: it has another form.
    """
    asked = read_json(body, _Asked, "the question cannot be read")
    roles = [turn.role for turn in asked.messages]
    in_turn = ["assistant" if place % 2 else "user" for place in range(len(roles))]
    if roles != in_turn or len(roles) % 2 == 0:
        raise Refused("INVALID_REQUEST", "messages: expected turns of user and assistant, the first and last of user")
    if len(roles) > MOST_TURNS:
        raise Refused("INVALID_REQUEST", f"messages: {len(roles)} turns; start again after {MOST_TURNS}")
    for turn in asked.messages:
        if not turn.content.strip() or len(turn.content) > LONGEST_TURN:
            what = f"messages: expected texts of 1 to {LONGEST_TURN:,} characters, found {len(turn.content):,}"
            raise Refused("INVALID_REQUEST", what)
    return asked


async def _keep_alive(response: web.StreamResponse, reply: asyncio.Task[Any], state: ServerState) -> None:
    """Wait for the reply, or until the server ends."""
    ending = asyncio.create_task(state.draining.wait())
    try:
        while not reply.done() and not ending.done():
            done, _ = await asyncio.wait({reply, ending}, timeout=KEEP_ALIVE_S, return_when=asyncio.FIRST_COMPLETED)
            if not done:
                await response.write(b": waiting for the model\n\n")
    finally:
        ending.cancel()


async def _reply(
    state: ServerState, run: job_runs.Run, spec: Spec, asked: _Asked, said: Said, stop: Cancellation
) -> tuple[str, dict[str, Any]]:
    """The event that answers, by name and data."""
    try:
        async with state.chats:
            with called_from(Caller.CYTETYPE):
                reply = await _paid(state, run, spec, asked, said, stop)
    except Refused as error:
        return _error(error.code, error.message)
    except (AccountError, CallFailedError, UsageError) as error:
        return _error("LLM_VALIDATION_FAILED", str(error))
    except CassiaError as error:
        return _error("INTERNAL_ERROR", f"{error}; ask again")
    except Exception:  # the stream has begun: no other answer can be given
        log.exception("a question about a cluster could not be answered", extra={"job": run.job_id})
        return _error("INTERNAL_ERROR", "the server could not answer; its log says why")
    return _said(reply)


async def _paid(
    state: ServerState, run: job_runs.Run, spec: Spec, asked: _Asked, said: Said, stop: Cancellation
) -> Reply:
    """What the model says, within what the job's token may use; its cost is counted, whatever becomes of the question.

    Raises:
        Refused: the model cannot be asked, or the token's budget is spent.
        CassiaError: the model says nothing.
    """
    settings = _settings(state, run, spec)
    share = await state.database(lambda database: share_of_question(database, run.job_id))
    if share.refused:
        raise Refused("QUOTA_EXCEEDED", share.refused)
    assert settings.journal_dir is not None
    journal = settings.journal_dir
    before = await asyncio.to_thread(spent_by_ledger, journal, None) if share.max_cost is not None else 0.0
    cost = share.max_cost or 0.0  # of a question whose end nobody can tell
    try:
        read = await asyncio.to_thread(_facts, state, spec, asked, said, settings)
        reply = await _asked(_within(settings, share, before), spec, *read, stop)
        cost = 0.0 if reply.receipt.recorded else reply.cost_usd or 0.0
        return reply
    except CassiaError:
        if share.max_cost is not None:  # questions at the same time are in it, too: too much rather than too little
            after = await asyncio.to_thread(spent_by_ledger, journal, None)
            cost = min(share.max_cost, max(0.0, after - before))
        raise
    finally:
        await state.database(lambda database: settle(database, run.job_id, share, cost))


def _settings(state: ServerState, run: job_runs.Run, spec: Spec) -> AnnotateSettings:
    """How the job's model is asked.

    Raises:
        Refused: there is none, or its key is not known any more.
    """
    if run.own_keys and run.job_id not in state.keys:
        raise Refused("LLM_VALIDATION_FAILED", job_runs.NEEDS_KEYS)
    settings = on_network(settings_from(spec, secret_of(state.keys.get(run.job_id, ()))), state.options.network)
    if settings.provider == OFFLINE:
        raise Refused("LLM_VALIDATION_FAILED", _OFFLINE)
    journal = state.jobs / run.job_id / job_runs.JOURNAL / FOLDER
    wait = min(settings.max_wait or _WAIT, _WAIT, key=seconds_of)
    return replace(settings, journal_dir=journal, max_wait=wait, max_workers=1, batch=False, batch_wait=None)


def _within(settings: AnnotateSettings, share: Share, before: float) -> AnnotateSettings:
    """The settings with what the token may use.

    Args:
        before: US dollars of earlier questions, which their budget counts and the share does not.
    """
    left = None if share.max_cost is None else share.max_cost + before
    most = min(filter(None, (settings.max_cost, left)), default=None)
    rpm = min(filter(None, (settings.rpm, share.rpm)), default=None)
    return replace(settings, max_cost=most, rpm=rpm)


def _facts(
    state: ServerState, spec: Spec, asked: _Asked, said: Said, settings: AnnotateSettings
) -> tuple[ChatFacts, Sequence[Turn]]:
    query = (state.jobs / asked.job_id / job_runs.QUERY).read_bytes()
    messages = [(turn.role, turn.content) for turn in asked.messages]
    return read_chat(query, spec.dataset, asked.cluster_id, said, messages, not settings.hide_fractions)


async def _asked(
    settings: AnnotateSettings, spec: Spec, facts: ChatFacts, turns: Sequence[Turn], stop: Cancellation
) -> Reply:
    """What the model says.

    Raises:
        CassiaError: it says nothing.
    """
    from cassia_engine.conversation.cluster_conversation import MAX_TOKENS
    from cassia_engine.journal import clear_stops
    from cassia_engine.llm import ModelAnnotator

    most = MAX_TOKENS[settings.reasoning]
    chat = cluster_chat(facts, turns, max_tokens=most, temperature=settings.temperature, reasoning=settings.reasoning)
    annotator = await asyncio.to_thread(ModelAnnotator, settings, spec.dataset)
    assert settings.journal_dir is not None
    clear_stops(settings.journal_dir)  # a key that was refused may have been given anew

    async def talk(model: ChatModel) -> Reply:
        return await model.chat(chat)

    return await annotator.hold_here(talk, stop)


def _said(reply: Reply) -> tuple[str, dict[str, Any]]:
    text = reply.text.strip()
    if reply.finish is Finish.REFUSED or not text:
        return _error("LLM_VALIDATION_FAILED", "the model gives no answer to this; word the question otherwise")
    if reply.finish is Finish.PROMPT_CUT:
        what = "the model's context is too short for this conversation; start again, or give the model a longer one"
        return _error("LLM_VALIDATION_FAILED", what)
    return "message", {"text": f"{text} [cut off: the answer was too long]" if reply.finish is Finish.LENGTH else text}


def _error(code: str, message: str) -> tuple[str, dict[str, Any]]:
    return "error", {"error_code": code, "message": message}


def _event(name: str, data: Mapping[str, Any]) -> bytes:
    return f"event: {name}\ndata: ".encode() + ascii_json(data) + b"\n\n"
