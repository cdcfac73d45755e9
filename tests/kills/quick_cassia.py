"""The command `cassia` with short waits before further attempts, which are not what killed runs are about."""

from __future__ import annotations

from cassia_engine.cli import main
from cassia_engine.providers.client import Client
from cassia_engine.providers.retry_policy import RetryPolicy

if __name__ == "__main__":
    assert Client.__init__.__kwdefaults__
    Client.__init__.__kwdefaults__["retry_policy"] = RetryPolicy(backoff=0.05, pause=0.05)
    main()
