"""The rate of calls at accounts with limits, on a virtual clock: how long all takes, and how many are refused."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import replace
from statistics import median
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassia_engine.providers.allowance import NO_LIMITS, Allowance, Limits
from cassia_engine.providers.faults import Fault, FaultAction
from cassia_engine.providers.rate_control import RateControl
from cassia_engine.providers.retry_policy import DEFAULTS
from cassia_engine.settings import AnnotateSettings
from cassia_engine.settings.declaration import parameters
from cassia_engine.settings.durations import seconds_of
from tests.mock_provider.limits import Limits as ServerLimits
from tests.providers.simulation import Server, Simulation, Task
from tests.raising import raises

BUCKET = 15.0  # seconds
TOKENS, TPM = 3000, 400_000.0


@pytest.fixture(autouse=True)
def seeded() -> Iterator[None]:
    """Jitter is random."""
    state = random.getstate()
    random.seed(7)
    yield
    random.setstate(state)


def simulated(
    calls: int,
    tasks: int,
    workers: int,
    latency: float,
    rpm: float | None = None,
    tpm: float | None = None,
    own: Limits = NO_LIMITS,
    seed: int = 0,
) -> tuple[float, Server]:
    """The seconds that so many calls by so many tasks take, and their server."""
    simulation = Simulation()
    limits = ServerLimits(rpm, tpm, lambda: simulation.now, BUCKET)
    server = Server(limits, latency, TOKENS if tpm else 1, seed)
    rates = [RateControl(DEFAULTS, "mock", workers, own.allowances()) for _ in range(tasks)]
    seconds = simulation.run([Task(rate, calls // tasks) for rate in rates], server)
    return seconds, server


def ideal(calls: int, latency: float) -> float:
    """Seconds, where tokens a minute are what holds calls back."""
    return (calls * TOKENS - TPM * BUCKET / 60) / TPM * 60 + latency


@pytest.mark.parametrize(("tasks", "workers", "most_refused"), [(1, 64, 0.06), (8, 16, 0.35)])
def test_calls_beyond_a_limit_of_tokens_take_hardly_longer_than_needed(
    tasks: int, workers: int, most_refused: float
) -> None:
    took = []
    for seed in range(5):
        seconds, server = simulated(1200, tasks, workers, 8.0, tpm=TPM, seed=seed)
        assert len(server.served) == 1200
        assert server.refused <= most_refused * 1200
        took.append(seconds / ideal(1200, 8.0))
    assert median(took) <= 1.10
    assert max(took) <= 1.25


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("latency", [1.0, 8.0])
def test_few_calls_are_refused_at_ten_requests_a_minute(latency: float, seed: int) -> None:
    _, server = simulated(100, 1, 16, latency, rpm=10, seed=seed)
    assert len(server.served) == 100
    assert server.refused <= 0.3 * 100


class Minute(Server):
    """An account whose refusals ask for a minute, however soon it would let calls in."""

    def serve(self, now: float) -> tuple[float, float | None]:
        seconds, asked = super().serve(now)
        return seconds, asked and 60.0


@pytest.mark.parametrize("seed", range(3))
def test_the_limit_does_not_grow_back_in_a_long_pause(seed: int) -> None:
    simulation = Simulation()
    server = Minute(ServerLimits(60, None, lambda: simulation.now, BUCKET), 5.0, seed=seed)
    seconds = simulation.run([Task(RateControl(DEFAULTS, "mock", 64), 600)], server)
    assert len(server.served) == 600
    assert server.refused <= 0.06 * 600
    assert seconds <= 3 * 600


@pytest.mark.parametrize("own", [Limits(rpm=60), Limits(tpm=TPM)], ids=["rpm", "tpm"])
def test_a_limit_that_is_known_is_never_passed(own: Limits) -> None:
    _, server = simulated(300, 1, 64, 8.0, own.rpm, own.tpm, own)
    assert (len(server.served), server.refused) == (300, 0)


def test_the_first_calls_go_out_one_after_the_other() -> None:
    rate, sent = RateControl(DEFAULTS, "mock", 64), [0.0]
    rate.sent(0, 0.0)
    while (wait := rate.wait(len(sent), 0, sent[-1])) < 1:
        sent.append(sent[-1] + wait)
        rate.sent(0, sent[-1])
    assert len(sent) == 64
    assert 1 <= sent[-1] <= 2


def test_calls_go_out_at_once_when_the_first_ones_were_let_in() -> None:
    rate = RateControl(DEFAULTS, "mock", 4)
    for now in (0.0, 1.0, 2.0, 3.0):
        rate.sent(0, now)
        rate.answered(now, now + 0.5)
    for flying in range(4):
        assert rate.wait(flying, 0, 3.5) == 0
        rate.sent(0, 3.5)
    assert rate.wait(4, 0, 3.5) == float("inf")


def refusal(seconds: float | None = None) -> Fault:
    return Fault("busy", FaultAction.BACK_OFF, 429, seconds)


def test_after_a_pause_one_call_probes_until_it_is_answered_or_not_refused_for_a_while() -> None:
    rate = RateControl(DEFAULTS, "mock", 16)
    rate.sent(0, 0.0)
    rate.answered(0.0, 1.0)
    rate.sent(0, 1.0)
    rate.refused(refusal(10.0), 1.0, 1.1)
    assert 10.0 <= rate.wait(0, 0, 1.1) <= 12.5  # with jitter
    then = 1.1 + rate.wait(0, 0, 1.1)
    assert rate.wait(0, 0, then) == 0
    rate.sent(0, then)
    assert 0 < rate.wait(1, 0, then + 0.5) <= 0.5
    assert rate.wait(1, 0, then + 1.2) == 0


def test_a_refusal_of_what_was_sent_before_the_pause_is_of_the_same_episode() -> None:
    rate = RateControl(DEFAULTS, "mock", 16)
    rate.sent(0, 0.0)
    rate.refused(refusal(1.0), 0.0, 0.1)
    limit = rate.limit
    rate.refused(refusal(1.0), 0.0, 0.2)
    assert rate.limit == limit < 16


def test_waiting_without_any_answer_ends() -> None:
    rate = RateControl(DEFAULTS, "mock", 1)
    with raises("rate-limited", "busy", "nothing got through"):
        for now in range(0, 5000, 100):
            rate.sent(0, float(now))
            rate.refused(refusal(200.0), float(now), now + 0.1)


@given(st.lists(st.floats(1, 500), min_size=1, max_size=60), st.floats(1, 1000))
def test_no_more_goes_out_than_is_own_a_minute(tokens: list[float], a_minute: float) -> None:
    """Over any time the tokens that went out are at most what came in, what may go at once, and one call."""
    allowance, now, sent = Allowance(a_minute, of_tokens=True), 0.0, []
    for amount in tokens:
        while (wait := allowance.wait(amount, now)) > 0:
            now += wait
        allowance.take(amount)
        sent.append((now, amount))
    for first, (began, _) in enumerate(sent):
        went = 0.0
        for at, amount in sent[first:]:
            came = (at - began) * a_minute / 60
            assert went <= came + max(a_minute / 30, 1.0) * 1.001
            went += amount


def test_it_is_known_whether_the_person_s_own_limit_is_waited_for() -> None:
    rate = RateControl(DEFAULTS, "mock", 4, Limits(rpm=6).allowances())
    assert rate.wait(0, 0, 0.0) == 0
    assert not rate.held
    rate.sent(0, 0.0)
    assert rate.wait(1, 0, 1.0) > 5
    assert rate.held


def test_tokens_that_were_not_used_are_given_back() -> None:
    allowance = Allowance(600.0, of_tokens=True)
    allowance.wait(20, 0.0)
    allowance.take(20)
    assert allowance.wait(20, 0.0) == pytest.approx(2.0)
    allowance.settle(20, 5)
    assert allowance.wait(15, 0.0) == 0


def test_the_default_of_max_wait_is_said_as_it_is() -> None:
    assert seconds_of(parameters(AnnotateSettings)["max_wait"].unset) == DEFAULTS.max_wait


@pytest.mark.parametrize("seconds", [1.0, 60.0])
def test_a_refusal_long_ago_bothers_nobody(seconds: float) -> None:
    """The limit grows with the third power of the time since then, which after an hour is more than a float holds."""
    rate, now = RateControl(DEFAULTS, "mock", 2), 0.0
    rate.sent(0, now)
    rate.refused(refusal(), now, 0.1)
    while now < 8000:
        while wait := rate.wait(0, 0, now):
            now += wait
        rate.sent(0, now)
        now += seconds
        rate.answered(now - seconds, now)
    assert rate.limit == 2


class Ends(NamedTuple):
    """How a call in flight ends: which one, how, after how long, and what its refusal asks for."""

    which: int
    how: str
    seconds: float
    asked: float | None


SOME_END = st.builds(
    Ends,
    st.integers(0, 9),
    st.sampled_from(["answered", "refused", "ended", "cancelled", "nothing"]),
    st.sampled_from([0.0, 0.01, 1.0, 60.0, 4000.0]) | st.floats(0, 1000),
    st.none() | st.sampled_from([0.0, 0.02, 1.0, 300.0]),
)
OWN = st.none() | st.floats(0.01, 1e6)


@given(st.integers(1, 20), OWN, OWN, st.floats(0, 1e5), st.lists(SOME_END, max_size=80))
def test_a_call_may_always_go_out_some_time(
    most: int, rpm: float | None, tpm: float | None, tokens: float, ends: list[Ends]
) -> None:
    """Whatever comes, nobody waits for ever while nothing is in flight, and the limit stays within its bounds."""
    rate = RateControl(replace(DEFAULTS, max_wait=math.inf), "mock", most, Limits(rpm, tpm).allowances())
    flying, now = list[float](), 0.0
    for one in ends:
        while (wait := rate.wait(len(flying), tokens, now)) == 0:
            rate.sent(tokens, now)
            flying.append(now)
        assert wait < math.inf if not flying else wait > 0
        assert len(flying) <= most
        now += min(one.seconds, wait) if one.how == "nothing" else one.seconds
        if flying and one.how != "nothing":
            sent = flying.pop(one.which % len(flying))
            if one.how == "answered":
                rate.answered(sent, now)
                rate.settle(tokens, tokens / 2)
            elif one.how == "refused":
                rate.settle(tokens, 0)
                rate.refused(refusal(one.asked), sent, now)
            elif one.how == "ended":
                rate.settle(tokens, 0)
                rate.ended(sent)
        assert 0 < rate.limit <= most
    flying.clear()
    waited = 0
    while wait := rate.wait(0, tokens, now):
        now += wait
        waited += 1
        assert wait < math.inf
        assert waited < 1000
