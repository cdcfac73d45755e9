"""The vendors' own clients, in an environment of their own: our batches are theirs, and the mock is the API to them."""

from __future__ import annotations

import asyncio
import json
import subprocess
from typing import Any

import pytest

from cassia_engine.providers.batches.batch_api import Line
from cassia_engine.providers.batches.table import makers
from cassia_engine.providers.dialects import DIALECTS
from cassia_engine.providers.table import load
from tests.conftest import ROOT, need_env
from tests.mock_provider.running import Running
from tests.providers.servers import KEY

pytestmark = pytest.mark.slow

MOCK = {"require_key": KEY, "batch_seconds": 0.2}
ENDED = {"openai": "completed", "groq": "completed", "mistral": "SUCCESS", "anthropic": "ended"}
TAGS = {"openai": {"cassia": "tag"}, "groq": {"cassia": "tag"}, "mistral": {"cassia": "tag"}, "google": "cassia-tag"}
BODY = {"model": "m", "messages": [{"role": "user", "content": "ping"}], "max_tokens": 9}


class Recorder:
    """Keeps the last request."""

    payload = b""

    async def request(
        self, method: str, url: str, payload: bytes = b"", content_type: str = "application/json"
    ) -> bytes:
        self.payload = payload
        return b"{}"


def created(provider: str) -> Any:
    """The body of our request to create a batch."""
    row = next(row for row in load() if row.provider == provider)
    api, recorder = makers()[provider](DIALECTS[row.dialect].url(row.base_url, "m"), "m"), Recorder()
    asyncio.run(api.create(recorder, "0" * 32, "file-1", [Line("k" * 64, json.dumps(BODY).encode())]))
    return json.loads(recorder.payload)


def test_batches_are_those_of_the_vendors_clients(mock: Running) -> None:
    # Google's client writes requests in its own words; the mock takes its and ours by the same reader.
    bodies = {provider: created(provider) for provider in makers() if provider != "google"}
    given = {"mock": mock.url, "key": KEY, "created": bodies}
    command = [str(need_env("provider-clients")), "-m", "tests.providers.batch_clients"]
    done = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True, cwd=ROOT, timeout=120)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    for provider, (ended, ids, called) in found.items():
        assert ended == ENDED.get(provider, "JOB_STATE_SUCCEEDED")
        assert ids == ["r0", "r1", "r2"]
        assert provider not in TAGS or TAGS[provider] in called
    assert found.keys() == makers().keys()
