"""Batches with short waits, which are not what tests of runs are about.

    python -m tests.batches run TABLE --batch ...

is the command `cassia` with such waits, and with keys that go to a mock in place of their provider.
"""

from __future__ import annotations

import pytest

from cassia_engine.providers.batches.exchange import BatchExchange
from cassia_engine.providers.batches.files import OpenAIBatches
from cassia_engine.providers.batches.job import BatchPolicy
from cassia_engine.providers.batches.table import makers
from cassia_engine.providers.retry_policy import RetryPolicy

QUICK = BatchPolicy(
    quiet=0.02,
    poll=0.01,
    longest_poll=0.02,
    settle=0.05,
    attempts=3,
    requests=RetryPolicy(attempts=3, backoff=0.001, longest_backoff=0.01, jitter=0, max_wait=5),
)


def hurry(patch: pytest.MonkeyPatch) -> None:
    """Let batches be made and looked at without delay; the provider custom, which tests ask, has OpenAI's API."""
    patch.setitem(BatchExchange.__init__.__kwdefaults__ or {}, "policy", QUICK)
    patch.setitem(makers(), "custom", OpenAIBatches)
    patch.setattr("cassia_engine.providers.keys._is_own", lambda row, url: True)


if __name__ == "__main__":
    from cassia_engine.cli import main

    hurry(pytest.MonkeyPatch())
    main()
