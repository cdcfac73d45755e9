"""Bringing an answer or a fault over the socket."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import struct
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any

from aiohttp import web

from tests.mock_provider.asked import Asked
from tests.mock_provider.bodies import answer_body, error_body, error_headers
from tests.mock_provider.faults import Fault, Kind
from tests.mock_provider.fields import OLLAMA, OPENAI, OPENROUTER
from tests.mock_provider.mangling import mangle

JSON = "application/json"
HUGE = 9 * 1024 * 1024
PIECES = 20
BLANK_LINES = 50
PLAIN = Fault(Kind.ANSWER, paid=True)
CLOSED = 0  # in place of a status: this end closed the connection
_PIECE = 200  # characters of a streamed piece
_DATE = re.compile(r"\{date([+-]\d+)\}")


@dataclass(frozen=True, slots=True)
class Scene:
    """What is needed to act.

    Attributes:
        text: of the reply.
        key: as the client sent it.
        elsewhere: where redirects lead, "" for the fault's own place.
    """

    asked: Asked
    text: str
    fault: Fault
    key: str = ""
    elsewhere: str = ""

    @property
    def said(self) -> str | None:
        """The text of the reply as it goes out; None where a dialect has null."""
        return mangle(self.fault.mangled, self.text)

    def answer(self) -> dict[str, Any]:
        return answer_body(self.asked, self.said, self.fault.finish)


async def act(request: web.Request, scene: Scene) -> tuple[web.StreamResponse, int]:
    """The response, sent, and its status, CLOSED if the fault was to close the connection."""
    return await _ACTS[scene.fault.kind](request, scene)


async def send(request: web.Request, response: web.StreamResponse) -> tuple[web.StreamResponse, int]:
    """Write a response to its end, so that what comes after knows that it is out."""
    await response.prepare(request)
    await response.write_eof()
    return response, response.status


def json_response(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    raw = json.dumps(body, ensure_ascii=False).encode()
    return web.Response(body=raw, status=status, content_type=JSON, headers=_headers(headers or {}))


def _headers(headers: Mapping[str, str]) -> dict[str, str]:
    return {
        name: _DATE.sub(lambda found: formatdate(time.time() + int(found[1]), usegmt=True), text)
        for name, text in headers.items()
    }


async def _answer(request: web.Request, scene: Scene) -> tuple[web.StreamResponse, int]:
    if scene.asked.fields.get("stream", scene.asked.flavour == OLLAMA):
        return await _stream(request, scene.answer())
    return await send(request, json_response(scene.answer()))


async def _stream(request: web.Request, answer: dict[str, Any]) -> tuple[web.StreamResponse, int]:
    """An answer in pieces, as OpenAI's and Ollama's APIs send it."""
    ollama = "message" in answer
    response = web.StreamResponse()
    response.content_type = "application/x-ndjson" if ollama else "text/event-stream"
    await response.prepare(request)
    for event in _ollama_events(answer) if ollama else _openai_events(answer):
        line = json.dumps(event, ensure_ascii=False)
        await response.write((f"{line}\n" if ollama else f"data: {line}\n\n").encode())
    if not ollama:
        await response.write(b"data: [DONE]\n\n")
    await response.write_eof()
    return response, response.status


def _openai_events(answer: dict[str, Any]) -> Iterator[dict[str, Any]]:
    [choice] = answer["choices"]
    common = {name: value for name, value in answer.items() if name not in ("choices", "usage")}
    common["object"] = "chat.completion.chunk"
    for delta in _deltas(choice["message"]):
        yield {**common, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
    end = {name: value for name, value in choice.items() if name != "message"}
    yield {**common, "choices": [{**end, "delta": {}}]}
    yield {**common, "choices": [], "usage": answer["usage"]}


def _ollama_events(answer: dict[str, Any]) -> Iterator[dict[str, Any]]:
    common = {name: answer[name] for name in ("model", "created_at")}
    for delta in _deltas(answer["message"]):
        yield {**common, "message": {"role": "assistant", **delta}, "done": False}
    yield {**answer, "message": {"role": "assistant", "content": ""}}


def _deltas(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield {"role": "assistant", "content": ""}
    for name in ("content", "refusal"):
        text = message.get(name) or ""
        yield from ({name: text[at : at + _PIECE]} for at in range(0, len(text), _PIECE))


async def _error(request: web.Request, scene: Scene) -> tuple[web.StreamResponse, int]:
    fault = scene.fault
    message = fault.message.replace("{key}", scene.key).replace("{model}", scene.asked.model)
    body = error_body(scene.asked.flavour, fault.status, message, fault.code)
    headers = {**error_headers(scene.asked.flavour, fault.status), **(fault.headers or {})}
    return await send(request, json_response(body, fault.status, headers))


async def _body(request: web.Request, scene: Scene) -> tuple[web.StreamResponse, int]:
    fault = scene.fault
    raw = _BODIES[fault.body.partition(" ")[0]](scene)
    headers = {"Content-Type": JSON, **_headers(fault.headers or {})}
    if "location" in headers and scene.elsewhere:
        headers["location"] = scene.elsewhere
    return await send(request, web.Response(body=raw, status=fault.status, headers=headers))


def _error_inside(scene: Scene) -> bytes:
    """An error in a body of status 200; where it stands in for another's error, its code is the other's status."""
    status = int(scene.fault.body.split()[1])
    flavour = OPENROUTER if scene.asked.flavour == OPENAI else scene.asked.flavour
    return _dump(error_body(flavour, status, "Provider returned error"))


def _no_choices(scene: Scene) -> bytes:
    empty: dict[str, Any] = {"choices": [], "content": [], "candidates": [], "output": {}}
    return _dump({name: empty.get(name, value) for name, value in scene.answer().items() if name != "message"})


def _no_content(scene: Scene) -> bytes:
    answer = answer_body(scene.asked, None)
    return _dump({**answer, **({"content": None} if "content" in answer else {})})


def _accented(scene: Scene) -> str:
    """The answer as text, with letters beyond ASCII in the reply."""
    reply = scene.text.replace('"score_reason": "', '"score_reason": "à é î: ') if "{" in scene.text else "pong é"
    return json.dumps(answer_body(scene.asked, reply), ensure_ascii=False)


def _usage(scene: Scene, change: Callable[[Any], Any]) -> bytes:
    names = ("usage", "usageMetadata", "prompt_eval_count", "eval_count")
    return _dump({name: change(value) if name in names else value for name, value in scene.answer().items()})


def _strange(value: Any) -> Any:
    return {name: _strange(inner) for name, inner in value.items()} if isinstance(value, dict) else "many"


def _dump(body: Any) -> bytes:
    return json.dumps(body).encode()


# By the first word of a fault's `body`.
_BODIES: Mapping[str, Callable[[Scene], bytes]] = {
    "error": _error_inside,
    "empty": _no_choices,
    "null": lambda scene: _no_content(scene) if scene.fault.body == "null content" else b"null",
    "list": lambda scene: b"[]",
    "number": lambda scene: b"1e999",
    "nothing": lambda scene: b"",
    "not": lambda scene: b"upstream connect error or disconnect/reset before headers",
    "half": lambda scene: _dump(scene.answer())[:60],
    "nested": lambda scene: b"[" * 100_000 + b"]" * 100_000,
    "html": lambda scene: b"<!DOCTYPE html>\n<html><head><title>Bad gateway</title></head><body>Sorry</body></html>\n",
    "latin-1": lambda scene: _accented(scene).encode("latin-1"),
    "utf-16": lambda scene: _accented(scene).encode("utf-16"),
    "bom": lambda scene: _accented(scene).encode("utf-8-sig"),
    "blank": lambda scene: b"\n" * BLANK_LINES + _dump(scene.answer()),
    "no": lambda scene: _usage(scene, lambda value: None),
    "strange": lambda scene: _usage(scene, _strange),
}


async def _close(request: web.Request, scene: Scene) -> tuple[web.StreamResponse, int]:
    _end(request)
    return web.Response(), CLOSED


async def _reset(request: web.Request, scene: Scene) -> tuple[web.StreamResponse, int]:
    _end(request, reset=True)
    return web.Response(), CLOSED


async def _cut(request: web.Request, scene: Scene) -> tuple[web.StreamResponse, int]:
    return await _cut_short(request, scene, declared=True)


async def _cut_chunked(request: web.Request, scene: Scene) -> tuple[web.StreamResponse, int]:
    return await _cut_short(request, scene, declared=False)


async def _cut_short(request: web.Request, scene: Scene, *, declared: bool) -> tuple[web.StreamResponse, int]:
    raw = _dump(scene.answer())
    response = web.StreamResponse(headers={"Content-Type": JSON})
    if declared:
        response.content_length = len(raw)
    await response.prepare(request)
    await response.write(raw[: len(raw) // 2])
    _end(request)
    return response, CLOSED


def _end(request: web.Request, *, reset: bool = False) -> None:
    """Close the connection; with `reset` the other end learns it as an error."""
    transport = request.transport
    if transport is None:
        return
    if reset:
        # What is not yet sent is dropped, and a RST goes out in place of a FIN.
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    else:
        transport.close()


async def _hang(request: web.Request, scene: Scene) -> tuple[web.StreamResponse, int]:
    await asyncio.Event().wait()
    raise AssertionError


async def _drip(request: web.Request, scene: Scene) -> tuple[web.StreamResponse, int]:
    raw = _dump(scene.answer())
    response = web.StreamResponse(headers={"Content-Type": JSON})
    await response.prepare(request)
    size = len(raw) // PIECES + 1
    for start in range(0, len(raw), size):
        await response.write(raw[start : start + size])
        await asyncio.sleep(0.001)
    await response.write_eof()
    return response, response.status


async def _huge(request: web.Request, scene: Scene) -> tuple[web.StreamResponse, int]:
    return await _too_much(request, scene, declared=True)


async def _huge_chunked(request: web.Request, scene: Scene) -> tuple[web.StreamResponse, int]:
    return await _too_much(request, scene, declared=False)


async def _too_much(request: web.Request, scene: Scene, *, declared: bool) -> tuple[web.StreamResponse, int]:
    """An answer with a text of more than the cap; the client may go away in the middle."""
    before, after = _dump(answer_body(scene.asked, "\0")).split(b"\\u0000")
    response = web.StreamResponse(headers={"Content-Type": JSON})
    if declared:
        response.content_length = len(before) + HUGE + len(after)
    await response.prepare(request)
    piece = b"A" * (HUGE // PIECES)
    for part in (before, *[piece] * PIECES, b"A" * (HUGE - len(piece) * PIECES), after):
        await response.write(part)
    await response.write_eof()
    return response, response.status


_ACTS = {
    Kind.ANSWER: _answer,
    Kind.ERROR: _error,
    Kind.BODY: _body,
    Kind.CLOSE: _close,
    Kind.RESET: _reset,
    Kind.CUT: _cut,
    Kind.CUT_CHUNKED: _cut_chunked,
    Kind.HANG: _hang,
    Kind.DRIP: _drip,
    Kind.HUGE: _huge,
    Kind.HUGE_CHUNKED: _huge_chunked,
}
