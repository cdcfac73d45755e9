"""The requests about a batch, tried again where they fail: none of them costs anything but the creation of a batch."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from cassia_engine.errors import AccountError, TemporaryError
from cassia_engine.providers.faults import Fault, FaultAction
from cassia_engine.providers.retry_policy import RUN_AGAIN, RetryPolicy

Result = TypeVar("Result")


async def tried(step: Callable[[], Awaitable[Result]], policy: RetryPolicy) -> Result:
    """What a step gives, after as many attempts as the policy has; a rate limit is waited for as long as it allows.

    Raises:
        Fault: with action FAIL_CALL.
        AccountError: the account refuses.
        TemporaryError: the last attempt had bad luck too.
    """
    attempt, waited = 1, 0.0
    while True:
        try:
            return await step()
        except Fault as fault:
            failed = fault
        check(failed)
        limited = failed.action is FaultAction.BACK_OFF
        seconds = pause(failed, policy, attempt)
        if (attempt >= policy.attempts and not limited) or waited + seconds > policy.max_wait:
            what = f"{failed.what}; given up after {attempt} attempts; {RUN_AGAIN}"
            raise TemporaryError(what, code="batch-given-up")
        await asyncio.sleep(seconds)
        attempt, waited = attempt + 1, waited + seconds


def check(fault: Fault) -> None:
    """Raise what another attempt would not help against."""
    if fault.action is FaultAction.ABORT_RUN:
        raise AccountError(fault.what, code="account-refused")
    if fault.action is FaultAction.FAIL_CALL:
        raise fault


def pause(fault: Fault, policy: RetryPolicy, attempt: int) -> float:
    """How long to wait before the next attempt."""
    doubled = policy.backoff * 2.0 ** min(attempt - 1, 30)
    own = policy.jittered(min(doubled, policy.longest_backoff))
    return max(own, min(fault.retry_after or 0.0, policy.longest_pause))
