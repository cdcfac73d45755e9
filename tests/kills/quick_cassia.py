"""The command `cassia` with short waits before further attempts, which are not what killed runs are about."""

from __future__ import annotations

from cassia_engine.cli import main
from cassia_engine.providers.client import Client
from cassia_engine.providers.waiting import Waiting

if __name__ == "__main__":
    assert Client.__init__.__kwdefaults__
    Client.__init__.__kwdefaults__["waiting"] = Waiting(backoff=0.05, pause=0.05)
    main()
