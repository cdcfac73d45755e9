"""A conversation through litellm's proxy in front of llama.cpp's server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.local_models.servers import journal, litellm_proxy, llama_server, run, summary

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
RIGHT, WRONG = "sk-right-key-of-this-test", "sk-wrong-key-of-this-test"


def test_a_conversation_through_the_proxy(tmp_path: Path) -> None:
    with llama_server(tmp_path, 2560) as server, litellm_proxy(tmp_path, server.url, RIGHT) as url:
        refused = run(tmp_path, url, "refused", key=WRONG, clusters=1)
        assert (refused.returncode, server.requests()) == (77, 0), refused.stderr
        assert "CUSTOM_API_KEY" in refused.stderr
        assert WRONG not in refused.stderr
        before = len(journal(tmp_path, "intent"))
        done = run(tmp_path, url, "out", "--max_rounds", "1", "--max_failed_clusters", "1", key=RIGHT, clusters=1)
        assert done.returncode == 0, done.stderr
        assert server.requests() == len(journal(tmp_path, "intent")) - before
    bodies = [json.loads(line["response"]) for line in journal(tmp_path, "reply")]
    assert bodies
    assert all(body["choices"][0]["finish_reason"] and body["usage"]["completion_tokens"] for body in bodies)
    (row,) = summary(tmp_path / "out")
    assert row["Status"] == "annotated" or row["Reason"]
    assert row["Confidence"] != "High"
