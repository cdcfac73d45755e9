"""What the client does about each class of error, how many calls are under way, and how it stops."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from cassia_engine.errors import AccountError, CallFailedError, CassiaError, StoppedError, TemporaryError
from cassia_engine.providers.chat import Call, Chat, Finish, Message, Receipt, Reply
from cassia_engine.providers.client import Client
from cassia_engine.providers.faults import Fault, FaultAction
from cassia_engine.providers.limiter import CallLimiter
from cassia_engine.providers.prices import given_price
from cassia_engine.providers.rate_control import RateControl
from cassia_engine.providers.retry_policy import RetryPolicy
from cassia_engine.providers.transport import Transport
from tests.providers.servers import (
    HELLO,
    KEY,
    Scripted,
    account_at,
    completion,
    everything_of,
    response_of,
    serving,
    until,
)
from tests.raising import raises

FAST = RetryPolicy(backoff=0.001, longest_backoff=0.01, pause=0.01, longest_pause=0.5, max_wait=30.0, worth_saying=0.2)
SLOW = RetryPolicy(backoff=500.0, longest_backoff=500.0, pause=500.0, longest_pause=500.0)
OK = (200, completion())


def say(text: str, **changes: Any) -> Chat:
    return replace(HELLO, messages=(Message("user", text),), **changes)


def with_client(handler: Any, use: Callable[[Client], Awaitable[Any]], **options: Any) -> Any:
    """What `use` returns, given a client of a server that answers as `handler` does."""

    async def main() -> Any:
        async with serving(handler) as url:
            account = account_at(url)
            async with Transport(account, connections=64) as transport:
                return await use(Client(account, transport, **{"max_workers": 4, "retry_policy": FAST, **options}))

    return asyncio.run(main())


def one(chat: Chat = HELLO) -> Callable[[Client], Coroutine[Any, Any, Reply]]:
    return lambda client: client.chat(chat)


async def every(client: Client, chats: list[Chat]) -> list[Any]:
    results: list[Any] = await asyncio.gather(*map(client.chat, chats), return_exceptions=True)
    return results


def test_reply_is_read() -> None:
    reply: Reply = with_client(Scripted([OK]), one(say("x", temperature=0.5)))
    assert (reply.text, reply.finish, reply.finish_reason, reply.model) == ("hi", Finish.STOP, "stop", "mock")
    assert (reply.input_tokens, reply.output_tokens) == (5, 2)
    assert (reply.cost_usd, reply.cost_source) == (None, "")
    assert reply.sent["temperature"] == 0.5
    assert reply.call.request.body["messages"][-1]["content"] == "x"
    assert not reply.receipt.recorded


def test_cost_is_the_providers_own() -> None:
    usage = {"prompt_tokens": 5, "completion_tokens": 2, "cost": 0.25}
    reply: Reply = with_client(Scripted([(200, completion(usage=usage))]), one())
    assert (reply.cost_usd, reply.cost_source) == (0.25, "provider")


def test_cost_by_prices_as_given() -> None:
    async def main() -> Reply:
        async with serving(Scripted([OK])) as url:
            account = account_at(url, price=given_price(2.0, 10.0))
            async with Transport(account) as transport:
                return await Client(account, transport, max_workers=1).chat(HELLO)

    reply = asyncio.run(main())
    assert reply.cost_usd == pytest.approx((5 * 2 + 2 * 10) / 1e6) and reply.cost_source == "prices as given"


def test_bad_luck_is_tried_again() -> None:
    empty = {**completion(), "choices": []}
    error = {"error": {"code": 502, "message": "upstream"}}
    server = Scripted([(500, {}), (200, empty), (200, b"<html>"), (200, error), OK])
    assert with_client(server, one()).text == "hi"
    assert len(server.bodies) == 5


def test_provider_that_answers_nothing_is_down() -> None:
    server = Scripted([(503, {"error": {"message": f"busy {KEY}"}})])

    async def use(client: Client) -> None:
        for _ in range(2):
            with raises("provider-down", "busy ***"):
                await client.chat(HELLO)

    with_client(server, use)
    assert len(server.bodies) == FAST.attempts  # nothing is sent after it is known to be down


async def poisoned(request: web.BaseRequest) -> web.Response:
    """Fails at "poison", answers the rest."""
    text = (await request.json())["messages"][-1]["content"]
    return response_of(500 if text == "poison" else 200, completion(text))


def test_call_that_fails_among_others_that_do_not_fails_alone() -> None:
    async def use(client: Client) -> list[Any]:
        async def others() -> list[Any]:
            return [(await client.chat(say(f"{i}"))).text for i in range(40)]

        return list(await asyncio.gather(client.chat(say("poison")), others(), return_exceptions=True))

    failed, texts = with_client(poisoned, use)
    assert type(failed) is CallFailedError
    assert "given up after 5 attempts" in str(failed)
    assert len(texts) == 40


def test_pause_costs_no_attempt() -> None:
    server = Scripted([*[(429, {})] * 9, OK])
    assert with_client(server, one(), retry_policy=replace(FAST, longest_pause=0.02)).text == "hi"
    assert len(server.bodies) == 10


def test_pause_is_shared_and_told_once(caplog: pytest.LogCaptureFixture) -> None:
    arrivals: list[float] = []

    async def answer(request: web.BaseRequest) -> web.Response:
        arrivals.append(time.monotonic())
        if not 2 <= len(arrivals) <= 5:
            return response_of(*OK)
        await until(lambda: len(arrivals) >= 5)  # four are refused together
        return response_of(429, {}, {"Retry-After": "0.3"})

    async def use(client: Client) -> list[Any]:
        await client.chat(HELLO)  # until a first one is answered, calls do not go out together
        return await every(client, [say(f"{i}") for i in range(12)])

    replies = with_client(answer, use)
    assert [reply.text for reply in replies] == ["hi"] * 12
    assert len(arrivals) == 17
    assert arrivals[5] - arrivals[4] >= 0.3
    assert [record.getMessage() for record in caplog.records] == [
        "custom is at its rate limit: nothing is sent for 0.3 s"
    ]


def test_after_a_pause_calls_go_out_one_by_one_and_then_more() -> None:
    """A server that takes ten calls a window, as a limit of requests a minute does."""
    served: list[float] = []
    attempts = 0

    async def answer(request: web.BaseRequest) -> web.Response:
        nonlocal attempts
        attempts += 1
        now = time.monotonic()
        recent = [at for at in served if now - at < 0.2]
        await asyncio.sleep(0.002)
        if len(recent) >= 10:
            return response_of(429, {}, {"Retry-After": f"{0.21 - (now - recent[0]):.3f}"})
        served.append(now)
        return response_of(*OK)

    chats = [say(f"{i}") for i in range(46)]
    replies = with_client(answer, lambda client: every(client, chats), max_workers=16)
    assert [reply.text for reply in replies] == ["hi"] * 46
    assert attempts < 2 * len(chats)


def test_pauses_without_any_success_end() -> None:
    server = Scripted([(429, {"error": {"message": "slow down"}})])
    with raises("rate-limited", "slow down"):
        with_client(server, one(), retry_policy=replace(FAST, max_wait=0.1))
    assert len(server.bodies) > 2


def test_account_trouble_ends_the_run() -> None:
    server = Scripted([(401, {"error": {"message": f"wrong key {KEY}"}})])

    async def use(client: Client) -> None:
        for chat in (HELLO, say("another")):
            with raises("account-refused", "custom", "wrong key ***", "the key in api_key"):
                await client.chat(chat)

    with_client(server, use)
    assert len(server.bodies) == 1


def test_request_that_is_refused_fails_alone() -> None:
    server = Scripted([(400, {"error": {"message": "too long"}}), OK])

    async def use(client: Client) -> Reply:
        with raises("call-failed", "mock", "status 400: too long"):
            await client.chat(HELLO)
        return await client.chat(HELLO)

    assert with_client(server, use).text == "hi"


async def cold(request: web.BaseRequest) -> web.Response:
    """A model that takes no temperature."""
    await asyncio.sleep(0.01)
    if "temperature" in await request.json():
        return response_of(400, {"error": {"message": "Unsupported value", "param": "temperature"}})
    return response_of(*OK)


def test_parameter_that_is_refused_is_left_away_for_the_run(caplog: pytest.LogCaptureFixture) -> None:
    chats = [say(f"{i}", temperature=0.0) for i in range(8)]

    async def use(client: Client) -> list[Reply]:
        return [*await every(client, chats), await client.chat(say("later", temperature=0.0))]

    replies = with_client(cold, use)
    assert [reply.text for reply in replies] == ["hi"] * 9
    assert not any("temperature" in reply.sent or "temperature" in reply.call.request.body for reply in replies)
    assert [record.getMessage().split("; ")[-1] for record in caplog.records] == [
        "from here on it is asked without temperature"
    ]


def test_parameter_that_was_not_sent_cannot_be_left_away() -> None:
    server = Scripted([(400, {"error": {"message": "no", "param": "temperature"}})])
    with raises("call-failed"):
        with_client(server, one())
    assert len(server.bodies) == 1


@dataclass
class Canned:
    """An exchange whose answers are given; what is said to be void is listed."""

    answers: list[Receipt | Fault]
    voided: list[Call] = field(default_factory=list)

    def find(self, call: Call) -> Receipt | None:
        first = self.answers[0] if self.answers else None
        return self.answers.pop(0) if isinstance(first, Receipt) and first.recorded else None  # type: ignore[return-value]

    async def exchange(self, call: Call) -> Receipt:
        answer = self.answers.pop(0)
        if isinstance(answer, Fault):
            raise answer
        return answer

    def void(self, call: Call) -> None:
        self.voided.append(call)


def receipt(body: Any, recorded: bool = False) -> Receipt:
    return Receipt(body if isinstance(body, str) else json.dumps(body), "2026-01-01T00:00:00Z", 0.1, recorded)


def canned(answers: list[Receipt | Fault], **options: Any) -> tuple[Reply | CassiaError, Canned]:
    exchange = Canned(answers)

    async def main() -> Reply:
        all_options = {"max_workers": 1, "retry_policy": FAST, **options}
        return await Client(account_at("https://host/v1"), exchange, **all_options).chat(HELLO)

    try:
        return asyncio.run(main()), exchange
    except CassiaError as error:
        return error, exchange


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"error": {"code": 401, "message": "bad key"}}, AccountError),
        ({"error": {"code": 400, "message": "bad request"}}, CallFailedError),
        ({"error": {"code": 502, "message": "upstream"}}, None),
        ({"error": {"code": 429, "message": "slow"}}, None),
        ({"choices": []}, None),
        ("null", None),
        ("<html>", None),
        ("", None),
        ("[" * 100_000, None),
        ('{"choices": NaN}', None),
    ],
)
def test_answer_that_is_none_is_void_and_counts_as_its_class(body: Any, error: type[CassiaError] | None) -> None:
    result, exchange = canned([receipt(body), receipt(completion())])
    assert len(exchange.voided) == 1
    assert isinstance(result, error or Reply)


_LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
_NAMES = st.sampled_from(["choices", "message", "content", "error", "code", "usage", "cost", "finish_reason", "model"])
_WILD = st.recursive(_LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=4))


@given(_WILD.map(json.dumps) | st.text())
def test_no_answer_raises_anything_but_our_own_errors(body: str) -> None:
    result, _ = canned([receipt(body)], retry_policy=replace(FAST, attempts=1, max_wait=0.0))
    assert isinstance(result, Reply | CassiaError)


def test_recorded_answer_that_is_none_is_asked_for_anew() -> None:
    spent = {"error": {"code": 402, "message": "no credit"}}
    result, exchange = canned([*[receipt(spent, recorded=True)] * 2, receipt(completion())])
    assert isinstance(result, Reply)
    assert len(exchange.voided) == 2


def test_recorded_answers_say_nothing_of_the_provider() -> None:
    down = Fault("it is down", FaultAction.RETRY)
    exchange = Canned([receipt(completion(), recorded=True), *[down] * FAST.attempts])

    async def main() -> None:
        client = Client(account_at("https://host/v1"), exchange, max_workers=2, retry_policy=FAST)
        await every(client, [say("a"), say("b")])
        await client.chat(HELLO)

    with pytest.raises(TemporaryError, match="it is down"):
        asyncio.run(main())


def test_what_halts_a_run_is_asked_before_each_sending() -> None:
    result, exchange = canned([receipt(completion())], halted=lambda: "another task found no credit")
    assert isinstance(result, AccountError)
    assert str(result) == "another task found no credit"
    assert len(exchange.answers) == 1


def test_calls_in_flight_are_never_more_than_allowed() -> None:
    server = Scripted([*[OK, (500, {}), OK] * 5, OK], delay=0.01)
    replies = with_client(server, lambda client: every(client, [say(f"{i}") for i in range(40)]), max_workers=4)
    assert {reply.text for reply in replies} == {"hi"}
    assert 1 < server.peak <= 4
    assert len(server.connections) <= 5  # a connection may end with its error


def test_call_that_waits_holds_no_place() -> None:
    texts: list[str] = []

    async def answer(request: web.BaseRequest) -> web.Response:
        texts.append((await request.json())["messages"][-1]["content"])
        return response_of(503, {}) if texts[-1] == "a" else response_of(*OK)

    async def use(client: Client) -> list[Any]:
        waiting = asyncio.create_task(client.chat(say("a")))
        await until(lambda: texts and not client.in_flight)
        replies = await every(client, [say("b"), say("c")])
        client.stop()
        return [*replies, *await asyncio.gather(waiting, return_exceptions=True)]

    *replies, refused = with_client(answer, use, max_workers=1, retry_policy=SLOW)
    assert [reply.text for reply in replies] == ["hi", "hi"]
    assert type(refused) is StoppedError
    assert texts == ["a", "b", "c"]


def test_stop_ends_all_waits_at_once_and_lets_go_what_is_in_flight() -> None:
    answering = asyncio.Event()
    asked: list[str] = []

    async def answer(request: web.BaseRequest) -> web.Response:
        text = (await request.json())["messages"][-1]["content"]
        asked.append(text)
        if text == "in flight":
            await answering.wait()
        return response_of({"backing off": 500, "pausing": 429}.get(text, 200), completion(text))

    def settled(client: Client, number: int) -> bool:
        return len(asked) == number and client.in_flight == 1

    async def use(client: Client) -> list[Any]:
        tasks = []
        for number, text in enumerate(("in flight", "backing off", "pausing"), 1):
            tasks.append(asyncio.create_task(client.chat(say(text))))
            await until(partial(settled, client, number))
        tasks.append(asyncio.create_task(client.chat(say("behind the pause"))))
        await asyncio.sleep(0)
        client.stop()
        ended = await asyncio.gather(*tasks[1:], client.chat(say("too late")), return_exceptions=True)
        assert not tasks[0].done()
        answering.set()
        return [await tasks[0], *ended]

    first, *others = with_client(answer, use, retry_policy=SLOW)
    assert first.text == "in flight"
    assert asked == ["in flight", "backing off", "pausing"]
    assert [type(other) for other in others] == [StoppedError] * 4


def test_stop_turns_away_who_waits_for_a_place() -> None:
    async def use(client: Client) -> list[Any]:
        tasks = [asyncio.create_task(client.chat(say(f"{i}"))) for i in range(5)]
        await until(lambda: client.in_flight)
        client.stop()
        ended = await asyncio.gather(*tasks[1:], return_exceptions=True)
        tasks[0].cancel()
        return list(ended)

    ended = with_client(Scripted([never]), use, max_workers=1)
    assert [type(error) for error in ended] == [StoppedError] * 4


def test_equal_calls_under_way_are_sent_once() -> None:
    server = Scripted([OK], delay=0.02)

    async def use(client: Client) -> list[Reply]:
        return [*await every(client, [HELLO] * 4), await client.chat(HELLO, 1), await client.chat(HELLO, 0, 1)]

    replies = with_client(server, use)
    assert len(server.bodies) == 3
    assert [reply.receipt.recorded for reply in replies] == [False, True, True, True, False, False]


def test_equal_calls_share_an_error_too() -> None:
    server = Scripted([(400, {})], delay=0.02)
    errors = with_client(server, lambda client: every(client, [HELLO] * 3))
    assert [type(error) for error in errors] == [CallFailedError] * 3
    assert len(server.bodies) == 1


def test_equal_call_goes_out_itself_when_the_first_is_cancelled() -> None:
    server = Scripted([never, OK])

    async def use(client: Client) -> Reply:
        first, second = (asyncio.create_task(client.chat(HELLO)) for _ in range(2))
        await until(lambda: server.bodies)
        first.cancel()
        return await second

    assert with_client(server, use).text == "hi"
    assert len(server.bodies) == 2


def test_all_cancelled_at_once_send_nothing_more() -> None:
    server = Scripted([never])

    async def use(client: Client) -> list[Any]:
        tasks = [asyncio.create_task(client.chat(HELLO)) for _ in range(3)]
        await until(lambda: server.bodies)
        for task in tasks:
            task.cancel()
        return list(await asyncio.gather(*tasks, return_exceptions=True))

    assert [type(end) for end in with_client(server, use)] == [asyncio.CancelledError] * 3
    assert len(server.bodies) == 1


async def never(request: web.BaseRequest) -> web.Response:
    await asyncio.Event().wait()
    raise AssertionError("nothing sets it")


def test_key_is_in_no_error_and_no_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for status in (200, 302, 400, 401, 404, 429, 500):
        headers = {"Location": f"https://{KEY}/", "Retry-After": "0.04"}
        server = Scripted([(status, {"error": {"message": f"{KEY} {KEY[:12]}", "param": "temperature"}}, headers)])
        with pytest.raises(CassiaError) as caught:
            with_client(server, one(say(KEY[::-1], temperature=1.0)), retry_policy=replace(FAST, max_wait=0.03))
        assert KEY[:12] not in everything_of(caught.value)
    assert KEY[:12] not in caplog.text
    assert not any(KEY[:12] in repr(vars(record)) for record in caplog.records)


def test_place_of_who_is_cancelled_goes_to_the_next() -> None:
    async def main() -> int:
        limiter = CallLimiter(1)
        lane = limiter.lane(RateControl(FAST, "mock", 1))
        await lane.take()
        waiting = [asyncio.create_task(lane.take()) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        lane.give()
        waiting[1].cancel()  # it has the place already, and has not yet run
        await asyncio.wait_for(waiting[2], 5)
        assert limiter.taken == 1
        lane.give()
        return limiter.taken

    assert asyncio.run(main()) == 0
