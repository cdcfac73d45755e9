"""`cassia run --show_egress`: what is shown is what a run sends, byte for byte."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.command import cassia
from tests.conftest import EXAMPLES
from tests.mock_provider.running import Running
from tests.relay import Relay, relaying

PBMC = EXAMPLES / "pbmc68k_scanpy.csv"
CLUSTERS, CONTROLS = 11, 4
KEY = "sk-canary-3f9c-0123456789abcdef"
# By provider: the variable of its key, and what its base URL ends with.
PROVIDERS = {"custom": ("CUSTOM_API_KEY", "/v1"), "ollama": ("OLLAMA_API_KEY", "")}
MOCK = {"latency": 0.01}


def run(folder: Path, url: str, provider: str, *more: str, key: str = KEY) -> subprocess.CompletedProcess[str]:
    variable, end = PROVIDERS[provider]
    asked = (
        "--provider",
        provider,
        "--base_url",
        url + end,
        "--model",
        "mock",
        "--max_workers",
        "4",
        "--outdir",
        "out",
    )
    # Three calls or more for each cluster.
    about = ("--tissue", "blood", "--species", "human", "--name", "pbmc", "--validator_involvement", "v0")
    environ = {
        **{name: value for name, value in os.environ.items() if "API_KEY" not in name},
        **({variable: key} if key else {}),
    }
    return cassia("run", PBMC, *about, *asked, *more, cwd=folder, env=environ)


def shown(told: str) -> Counter[bytes]:
    """The requests that were printed, as they go out: with the path in the first line, and with the key."""
    *requests, last = re.split(r"(?<=\})\n\n", told)
    assert last.count("\n") == 1
    return Counter(map(_as_sent, requests))


def _as_sent(request: str) -> bytes:
    head, payload = request.split("\n\n")
    first, *headers = head.split("\n")
    method, url = first.split(" ")
    lines = (f"{method} {urlsplit(url).path} HTTP/1.1", *(line.replace("***", KEY) for line in headers))
    return ("\r\n".join(lines) + "\r\n\r\n" + payload).encode()


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def captured(relay: Relay) -> Counter[bytes]:
    found = Counter(relay.requests)
    relay.requests.clear()
    return found


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_is_shown_is_what_is_sent(quiet: Running, tmp_path: Path, provider: str) -> None:
    with relaying(quiet.url) as relay:
        told = run(tmp_path, relay.url, provider, "--show_egress", "--rpm", "0.01")  # is not waited for
        assert told.returncode == 0, told.stderr
        assert not relay.requests and files(tmp_path) == {}
        assert KEY not in told.stdout + told.stderr
        first = shown(told.stdout)
        assert first.total() == CLUSTERS + CONTROLS
        done = run(tmp_path, relay.url, provider)
        assert done.returncode == 0, done.stderr
        sent = captured(relay)
    assert first <= sent
    assert told.stdout.splitlines()[-1].startswith(f"{first.total()} requests to 127.0.0.1, ")
    # What else was sent followed from answers.
    later = sent - first
    assert later.total() >= 2 * CLUSTERS
    assert not any(b"Role: annotator." in request for request in later)


def test_answers_in_the_journal_lead_on(quiet: Running, tmp_path: Path) -> None:
    """A run that ended in the middle: shown is what its resumption sends first, other roles' questions among it."""
    with relaying(quiet.url) as relay:
        assert run(tmp_path, relay.url, "custom").returncode == 0
        all_sent = captured(relay)
        [journal] = (tmp_path / ".cassia" / "journal" / "pbmc").iterdir()
        head, *lines = journal.read_bytes().splitlines(keepends=True)
        replies = [line for line in lines if json.loads(line)["kind"] == "reply"]
        later = [line for line in replies if b"Role: annotator." not in line]
        assert later
        journal.write_bytes(b"".join([head, *(line for line in replies if line not in later)][:-3]))
        before = files(tmp_path)
        told = run(tmp_path, relay.url, "custom", "--show_egress")
        assert told.returncode == 0, told.stderr
        assert not relay.requests and files(tmp_path) == before
        first = shown(told.stdout)
        assert run(tmp_path, relay.url, "custom").returncode == 0
        resumed = captured(relay)
        assert first <= resumed < all_sent
        annotators = sum(b"Role: annotator." in request for request in first.elements())
        # Those whose reply is gone, and of each cluster that has one the second annotator.
        assert annotators == 3 and first.total() - annotators >= CLUSTERS - 3
        # Then all is recorded.
        end = run(tmp_path, relay.url, "custom", "--show_egress")
        assert end.stdout == "No request: the journal has every answer that would be asked for.\n"
        # But as if nothing were.
        assert (
            shown(run(tmp_path, relay.url, "custom", "--show_egress", "--fresh").stdout).total() == CLUSTERS + CONTROLS
        )
        assert not relay.requests


def test_no_key_is_needed_and_a_key_that_signs_is_masked(tmp_path: Path) -> None:
    environ = {name: value for name, value in os.environ.items() if "API_KEY" not in name}
    asked = ("--tissue", "blood", "--species", "human", "--provider", "openai", "--show_egress")
    told = cassia("run", PBMC, *asked, cwd=tmp_path, env=environ)
    assert told.returncode == 0, told.stderr
    assert told.stdout.startswith("POST https://api.openai.com/v1/chat/completions\nHost: api.openai.com\n")
    assert "Authorization: Bearer ***\n" in told.stdout
    keys = {
        "AWS_ACCESS_KEY_ID": "AKIACANARY0123456789",
        "AWS_SECRET_ACCESS_KEY": f"{KEY}/secret",
        "AWS_REGION": "eu-central-1",
    }
    about = ("--tissue", "blood", "--species", "human", "--provider", "bedrock", "--show_egress")
    signed = cassia("run", PBMC, *about, cwd=tmp_path, env={**os.environ, **keys})
    assert signed.returncode == 0, signed.stderr
    assert "\nX-Amz-Date: ***\nAuthorization: ***\n" in signed.stdout
    assert not any(value in signed.stdout for value in ("AKIACANARY", KEY, "Signature="))
    assert files(tmp_path) == {}


def test_batches_are_refused_and_programs_shown(tmp_path: Path) -> None:
    about = ("--tissue", "blood", "--species", "human", "--show_egress")
    batch = cassia("run", PBMC, *about, "--provider", "openai", "--batch", cwd=tmp_path)
    assert (batch.returncode, "single requests are shown" in batch.stderr) == (2, True), batch.stderr
    program = cassia("run", PBMC, *about, "--provider", "command", "--command", "cat -u", cwd=tmp_path)
    assert program.returncode == 0, program.stderr
    assert program.stdout.startswith("cat -u\n\n{") and " requests to cat, " in program.stdout.splitlines()[-1]
    assert files(tmp_path) == {}


def test_offline_nothing_is_shown_as_nothing_is_sent(tmp_path: Path) -> None:
    told = cassia("run", PBMC, "--tissue", "blood", "--species", "human", "--show_egress", cwd=tmp_path)
    assert told.returncode == 0
    assert told.stdout == "No request: --provider offline asks no language model, so nothing leaves this machine.\n"
    assert files(tmp_path) == {}
