"""Streamed replies: a slow server is not given up while it works, and what comes is a body like any other."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st

from cassia_engine.errors import CallFailedError
from cassia_engine.providers import response_bodies
from cassia_engine.providers.chat import Call, Chat, Message, Receipt, Reply, Request
from cassia_engine.providers.client import Client
from cassia_engine.providers.faults import Fault, FaultAction
from cassia_engine.providers.streams import BrokenStreamError, OllamaStream, OpenAIStream, TooLongError, read_stream
from cassia_engine.providers.transport import Transport
from tests.providers.servers import (
    KEY,
    Handler,
    Scripted,
    account_at,
    completion,
    everything_of,
    raw_server,
    read_request,
    serving,
)

pytestmark = pytest.mark.usefixtures("command_line")

Write = Callable[[bytes], Any]


def delta(text: str, **more: Any) -> dict[str, Any]:
    return {"id": "x", "model": "mock", "choices": [{"index": 0, "delta": {"content": text}, **more}]}


def sse(*events: Any, end: bytes = b"data: [DONE]\n\n") -> bytes:
    return b"".join(f"data: {json.dumps(event)}\n\n".encode() for event in events) + end


def lines(*events: Any) -> bytes:
    return b"".join(json.dumps(event).encode() + b"\n" for event in events)


async def _cut(raw: bytes, size: int) -> AsyncIterator[bytes]:
    for at in range(0, len(raw), size):
        yield raw[at : at + size]


def body_of(raw: bytes, kind: type[OpenAIStream] | type[OllamaStream] = OpenAIStream, size: int = 7) -> Any:
    return asyncio.run(read_stream(_cut(raw, size), kind(), 10_000))


@given(st.lists(st.text(max_size=5), max_size=8), st.integers(1, 50))
@settings(deadline=None, max_examples=50)
def test_pieces_make_the_body_that_comes_without_streaming(texts: list[str], size: int) -> None:
    usage = {"prompt_tokens": 5, "completion_tokens": 2}
    raw = b": keep-alive\r\n\r\n" + sse(
        *map(delta, texts), delta("", finish_reason="stop"), {"id": "x", "model": "mock", "choices": [], "usage": usage}
    )
    found = body_of(raw, size=size)
    assert found["choices"][0] == {**completion("".join(texts))["choices"][0]}
    assert found["usage"] == usage and found["model"] == "mock"
    ollama = [{"model": "m", "message": {"role": "assistant", "content": text}, "done": False} for text in texts]
    last = {"model": "m", "message": {"role": "assistant", "content": ""}, "done": True, "done_reason": "stop"}
    told = body_of(lines(*ollama, last), OllamaStream, size)
    assert told == {**last, "message": {"role": "assistant", "content": "".join(texts)}}


@pytest.mark.parametrize(
    ("raw", "kind", "error"),
    [
        (b"", OpenAIStream, BrokenStreamError),
        (b"", OllamaStream, BrokenStreamError),
        (sse(delta("a")), OpenAIStream, BrokenStreamError),
        (sse(delta("a"), end=b""), OpenAIStream, BrokenStreamError),
        (b"<html>", OpenAIStream, BrokenStreamError),
        (b"data: {half", OpenAIStream, BrokenStreamError),
        (b"[" * 100_000, OllamaStream, TooLongError),
        (sse(*[delta("a" * 1000)] * 20), OpenAIStream, TooLongError),
    ],
)
def test_stream_without_end_is_none(
    raw: bytes, kind: type[OpenAIStream] | type[OllamaStream], error: type[Exception]
) -> None:
    with pytest.raises(error):
        body_of(raw, kind, 1000)


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (sse(delta("a"), {"error": {"message": "m"}}), OpenAIStream),
        (sse(delta("a"), {"error": {"message": "m"}}, delta("", finish_reason="error")), OpenAIStream),
        (sse(delta("a"), {"object": "error", "message": "m", "code": 400}, end=b""), OpenAIStream),
        (b"event: error\r\n" + sse({"type": "error", "message": "m"}, end=b""), OpenAIStream),
        (lines({"error": "m"}), OllamaStream),
        (lines({"message": {"content": "a"}, "done": False}, {"error": "m"}), OllamaStream),
    ],
)
def test_error_in_a_stream_is_its_body(raw: bytes, kind: type[OpenAIStream] | type[OllamaStream]) -> None:
    found = body_of(raw, kind)
    assert "error" in json.dumps(found) and "m" in str(found.get("message", found.get("error")))


@pytest.mark.parametrize("end", [b"", b"data: [DONE]\n\n", b"data:[DONE]", b"\n: bye\n"])
def test_a_reason_ends_a_stream_with_or_without_a_mark(end: bytes) -> None:
    raw = b": OPENROUTER PROCESSING\n\nretry: 3000\n" + sse(delta("a"), delta("", finish_reason="stop"), end=end)
    assert body_of(raw)["choices"][0]["message"]["content"] == "a"


def test_a_whole_reply_needs_no_reason_behind_it() -> None:
    found = body_of(sse(delta('{"lineage": '), delta('"T cell"}', finish_reason=None)))
    assert found["choices"][0]["finish_reason"] is None
    assert found["choices"][0]["message"]["content"] == '{"lineage": "T cell"}'
    for raw in (sse(delta('{"lineage": ')), sse(delta('{"a": 1}'), end=b"")):
        with pytest.raises(BrokenStreamError):
            body_of(raw)


def streaming(*parts: tuple[float, bytes], kind: str = "text/event-stream") -> Handler:
    """A server that sends each part after so many seconds."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        await request.read()
        response = web.StreamResponse(headers={"Content-Type": kind})
        await response.prepare(request)
        for seconds, part in parts:
            await asyncio.sleep(seconds)
            await response.write(part)
        await response.write_eof()
        return response

    return handle


def received(handler: Any, **options: Any) -> Receipt:
    async def main() -> Receipt:
        async with serving(handler) as url, Transport(account_at(url, streams=True), **options) as transport:
            call = Call(Request("openai-chat", f"{url}/chat/completions", {"model": "mock"}))
            return await transport.exchange(call)

    return asyncio.run(main())


def refused(handler: Any, **options: Any) -> Fault:
    with pytest.raises(Fault) as caught:
        received(handler, **options)
    assert caught.value.__context__ is None and KEY not in everything_of(caught.value)
    return caught.value


def test_a_reply_may_take_longer_than_the_timeout_if_its_pieces_do_not(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(response_bodies, "_SAID_EVERY", 0.1)
    parts = [(0.05, sse(delta("a"), end=b"")) for _ in range(20)]
    with caplog.at_level(logging.INFO, "cassia_engine"):
        receipt = received(streaming(*parts, (0, sse(delta("", finish_reason="stop")))), timeout=0.5, total=30)
    assert json.loads(receipt.body)["choices"][0]["message"]["content"] == "a" * 20
    assert receipt.seconds > 0.5
    assert "tokens so far" in caplog.text


def test_a_server_that_is_silent_is_not_asked_the_same_again() -> None:
    server = Scripted([(200, {})], delay=5)

    async def main() -> Reply:
        async with serving(server) as url:
            account = account_at(url, streams=True)
            async with Transport(account, timeout=0.1) as transport:
                chat = Chat("s", (Message("user", "u"),), 10)
                return await Client(account, transport, max_workers=1).chat(chat)

    with pytest.raises(CallFailedError, match=r"sent nothing for 0\.1 s and may be still at work.*--timeout 0\.2"):
        asyncio.run(main())
    assert len(server.bodies) == 1


def test_a_reply_without_end_is_told_as_that() -> None:
    parts = [(0.02, sse(delta("a"), end=b"")) for _ in range(100)]
    fault = refused(streaming(*parts), timeout=5, total=0.2)
    assert fault.action is FaultAction.FAIL_CALL and "had not ended its answer after 0.2 s" in fault.what


def test_an_error_upstream_does_not_end_streaming() -> None:
    refusal = {"error": {"message": "upstream rejected the request"}}
    server = Scripted([(400, refusal)])
    assert refused(server).action is FaultAction.FAIL_CALL
    assert [body.get("stream") for body in server.bodies] == [True]


def test_a_stream_that_is_cut_is_asked_again() -> None:
    fault = refused(streaming((0, sse(delta("a"), end=b""))))
    assert fault.action is FaultAction.RETRY and "cut off" in fault.what


def test_a_stream_over_the_cap_is_no_answer() -> None:
    fault = refused(streaming((0, sse(*[delta("a" * 2**16)] * 17))))
    assert fault.action is FaultAction.FAIL_CALL and "more than 1 MB" in fault.what


def test_a_key_that_comes_in_pieces_is_not_handed_on() -> None:
    pieces = [delta(KEY[at : at + 4]) for at in range(0, len(KEY), 4)]
    receipt = received(streaming((0, sse(*pieces, delta("", finish_reason="stop")))))
    assert KEY[:8] not in receipt.body and "***" in receipt.body


def exchanged(url: str, count: int) -> list[Receipt]:
    """So many answers, one after the other."""

    async def main() -> list[Receipt]:
        async with Transport(account_at(url, streams=True)) as transport:
            call = Call(Request("openai-chat", f"{url}/chat/completions", {"model": "mock"}))
            return [await transport.exchange(call) for _ in range(count)]

    return asyncio.run(main())


def test_streamed_replies_share_a_connection() -> None:
    server = Scripted([streaming((0, sse(delta("hi", finish_reason="stop"))))])

    async def main() -> int:
        async with serving(server) as url:
            return len(await asyncio.to_thread(exchanged, url, 3))

    assert asyncio.run(main()) == 3
    assert len(server.connections) == 1


def test_a_call_on_a_connection_closed_behind_a_reply_is_sent_again(caplog: pytest.LogCaptureFixture) -> None:
    """As llama.cpp's server does, which says before that it keeps the connection."""
    caplog.set_level(logging.INFO)
    body = sse(delta("hi", finish_reason="stop"))
    read: list[list[bytes]] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        read.append([await read_request(reader)])
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: keep-alive\r\n")
        writer.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        if b"Connection: close" not in read[-1][0]:
            await reader.read(1)  # the next call comes before the connection is closed

    async def main() -> int:
        async with raw_server(talk) as url:
            return len(await asyncio.to_thread(exchanged, url, 4))

    assert asyncio.run(main()) == 4
    assert [b"Connection: close" in head for connection in read for head in connection] == [False, True, True, True]
    assert not caplog.messages


@pytest.mark.parametrize("words", ["stream_options is not supported", "Streaming is not supported for this model"])
def test_a_server_that_cannot_stream_is_asked_without(words: str) -> None:
    refusal = {"error": {"message": words}}
    server = Scripted([(400, refusal), (200, completion())])

    async def main() -> list[Receipt]:
        async with serving(server) as url, Transport(account_at(url, streams=True)) as transport:
            call = Call(Request("openai-chat", f"{url}/chat/completions", {"model": "mock"}))
            return [await transport.exchange(call) for _ in range(2)]

    assert [json.loads(receipt.body) for receipt in asyncio.run(main())] == [completion()] * 2
    assert [body.get("stream") for body in server.bodies] == [True, None, None]


def test_a_connection_that_closes_at_a_streamed_request_is_asked_without(caplog: pytest.LogCaptureFixture) -> None:
    """As simple gateways do that read every answer as one JSON object."""

    async def handle(request: web.BaseRequest) -> web.Response:
        if json.loads(await request.read()).get("stream"):
            assert request.transport is not None
            request.transport.close()
        return web.json_response(completion())

    async def main() -> Receipt:
        async with serving(handle) as url, Transport(account_at(url, streams=True)) as transport:
            call = Call(Request("openai-chat", f"{url}/chat/completions", {"model": "mock"}))
            with pytest.raises(Fault) as caught:
                await transport.exchange(call)
            assert caught.value.action is FaultAction.RETRY
            return await transport.exchange(call)

    with caplog.at_level(logging.INFO):
        assert json.loads(asyncio.run(main()).body) == completion()
    assert "custom closed the connection at a streamed request: its answers are waited for whole" in caplog.messages


def test_a_server_that_takes_no_notice_is_understood() -> None:
    assert json.loads(received(Scripted([(200, completion())])).body) == completion()


def test_thoughts_without_an_answer_are_told() -> None:
    thought = {"choices": [{"index": 0, "delta": {"reasoning_content": "Let me see"}}]}
    body = body_of(sse(thought, delta("", finish_reason="stop")))
    assert body["choices"][0]["message"] == {"role": "assistant", "content": "", "reasoning_content": "(not kept)"}
