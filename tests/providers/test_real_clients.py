"""google-genai and boto3, in an environment of their own: our requests are theirs, and the mock is the API to them."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from cassia_engine import models
from cassia_engine.providers.accounts import traits_of
from cassia_engine.providers.chat import Chat, Message
from cassia_engine.providers.dialects import DIALECTS
from cassia_engine.providers.dialects.sigv4 import signed_headers
from cassia_engine.replies.shapes import ANNOTATION, VALIDATION
from cassia_engine.secret import AwsKeys, Secret
from tests.conftest import need_env
from tests.mock_provider.running import Running
from tests.providers.servers import KEY

pytestmark = pytest.mark.slow

MOCK = {"require_key": KEY}
SCRIPT = Path(__file__).with_name("real_clients.py")
ARN = "arn:aws:bedrock:eu-central-1:123456789012:application-inference-profile/a1b2c3d4e5f6"
# Models with traits of their own, besides those that are listed.
MODELS = {
    "google": ("gemini-2.5-flash", "gemini-3-pro-preview", "gemma-3-27b-it"),
    "bedrock": (
        *("eu.anthropic.claude-haiku-4-5-20251001-v1:0", "anthropic.claude-sonnet-4-6", "openai.gpt-oss-120b-1:0"),
        *("openai.gpt-6-luna", "qwen.qwen3-32b-v1:0", "us.amazon.nova-pro-v1:0", ARN),
    ),
}
NAMES = {"google": "google-generate-content", "bedrock": "bedrock-converse"}
TURNS = (Message("user", "data: é 𝛼"), Message("assistant", "{}"), Message("user", "again"))


def requests_of(provider: str) -> list[dict[str, Any]]:
    """Requests to each model, in every form that they have."""
    dialect = DIALECTS[NAMES[provider]]
    listed = [row.model for row in models.load() if row.provider == provider]
    made = []
    for model in (*listed, *MODELS[provider]):
        traits = traits_of(provider, model)
        for chat in (
            Chat("stable", TURNS[:1], 900, ANNOTATION, temperature=0.0),
            Chat("stable", TURNS, 4000, VALIDATION, temperature=1.7, reasoning="high"),
            Chat("stable", TURNS[:1], 10, reasoning="low"),
        ):
            body, _ = dialect.body(chat, model, traits)
            url = dialect.url("http://127.0.0.1:1", model)
            made.append({"dialect": dialect.name, "url": url, "model": model, "body": body})
    return made


def signatures() -> list[dict[str, Any]]:
    made = []
    for token in ("", "IQoJb3JpZ2luX2VjEJr//+==" * 20):
        keys = AwsKeys("AKIDEXAMPLE0123", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", token, "eu-central-1")
        for base in (
            "https://bedrock-runtime.eu-central-1.amazonaws.com",
            "http://127.0.0.1:9000",
            "https://h:443/a%20b",
        ):
            for model in ("anthropic.claude-3-haiku-20240307-v1:0", ARN, "global.anthropic.claude-sonnet-5-5", "a~b*c"):
                url, payload = DIALECTS["bedrock-converse"].url(base, model), json.dumps({"model": model, "x": "é"})
                at = datetime(2026, 11, 28, 23, 59, 59, tzinfo=UTC)
                headers = signed_headers(keys, url, payload.encode(), "bedrock", at)
                parts = (keys.access_key_id, keys.reveal(), token)
                made.append({"url": url, "payload": payload, "region": keys.region, "keys": parts, "headers": headers})
    return made


def test_the_real_clients_and_ours_are_alike(mock: Running) -> None:
    requests, signed = [*requests_of("google"), *requests_of("bedrock")], signatures()
    asked = {"mock": mock.url, "key": KEY, "requests": requests, "signatures": signed}
    # Nothing of the machine's own set-up of AWS or Google is looked at.
    bare = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "AWS_EC2_METADATA_DISABLED": "true"}
    done = subprocess.run(
        [need_env("provider-clients"), SCRIPT], input=json.dumps(asked), capture_output=True, text=True, env=bare,
        timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    for request, sent in zip(requests, found["sent"], strict=True):
        assert sent["body"] == request["body"], request["model"]
        assert sent["path"] == urlsplit(request["url"]).path
        assert sent["headers"]["content-type"].startswith("application/json")
        assert ("x-goog-api-key" in sent["headers"]) == (request["dialect"] == "google-generate-content")
    assert found["signatures"] == [one["headers"]["Authorization"] for one in signed]
    assert found["told"] == {
        "": {"google": ["pong", "STOP", True], "bedrock": ["pong", "end_turn", True]},
        "length": {"google": ["po", "MAX_TOKENS", True], "bedrock": ["po", "max_tokens", True]},
        "refusal": {"google": [None, "SAFETY", True], "bedrock": ["", "content_filtered", True]},
        "content_filter": {
            "google": [None, "PROHIBITED_CONTENT", True],
            "bedrock": ["", "guardrail_intervened", True],
        },
        "429": {"google": [429, "RESOURCE_EXHAUSTED"], "bedrock": [429, "ThrottlingException"]},
        "400": {"google": [400, "INVALID_ARGUMENT"], "bedrock": [400, "ValidationException"]},
        "401": {"google": [401, "UNAUTHENTICATED"], "bedrock": [401, "UnrecognizedClientException"]},
        "403": {"google": [403, "PERMISSION_DENIED"], "bedrock": [403, "AccessDeniedException"]},
        "503": {"google": [503, "UNAVAILABLE"], "bedrock": [503, "ServiceUnavailableException"]},
    }


def test_a_key_of_bedrock_is_sent_and_not_signed_with() -> None:
    headers = DIALECTS["bedrock-converse"].headers(Secret(KEY), "https://h/model/m/converse", b"{}")
    assert headers == {"Authorization": f"Bearer {KEY}"}
