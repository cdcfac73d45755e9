"""The vendors' clients, in an environment of their own: our requests are theirs, and the mock is the API to them."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import jsonschema
import pytest

from cassia_engine import models
from cassia_engine.providers.accounts import traits_of
from cassia_engine.providers.chat import Chat, Message
from cassia_engine.providers.dialects import DIALECTS
from cassia_engine.providers.dialects.sigv4 import signed_headers
from cassia_engine.providers.table import load
from cassia_engine.replies.shapes import ANNOTATION, VALIDATION
from cassia_engine.secret import AwsKeys, Secret
from tests.conftest import ROOT, need_env
from tests.mock_provider.bodies import REFUSAL
from tests.mock_provider.fields import ANTHROPIC, FIELDS, GROQ, MISTRAL, OLLAMA, OPENAI, OPENROUTER
from tests.mock_provider.running import Running
from tests.providers.servers import KEY

pytestmark = pytest.mark.slow

MOCK = {"require_key": KEY}
ARN = "arn:aws:bedrock:eu-central-1:123456789012:application-inference-profile/a1b2c3d4e5f6"
# Models with traits of their own, besides those that are listed.
MODELS = {
    "google": ("gemini-2.5-flash", "gemini-3-pro-preview", "gemma-3-27b-it"),
    "bedrock": (
        *("eu.anthropic.claude-haiku-4-5-20251001-v1:0", "anthropic.claude-sonnet-4-6", "openai.gpt-oss-120b-1:0"),
        *("openai.gpt-6-luna", "qwen.qwen3-32b-v1:0", "us.amazon.nova-pro-v1:0", ARN),
    ),
    "openai": ("o3", "o4-mini", "gpt-5", "gpt-5-pro", "gpt-5-chat-latest", "gpt-4o", "gpt-4", "gpt-3.5-turbo"),
    "anthropic": ("claude-opus-4-8", "claude-sonnet-4-6", "claude-haiku-4-5", "claude-3-haiku-20240307"),
    "groq": ("qwen/qwen3.8-32b", "meta-llama/llama-4-scout", "moonshotai/kimi-k2-instruct", "gemma2-9b-it"),
    "mistral": ("mistral-medium-latest", "open-mistral-nemo"),
    "ollama": ("qwen3:8b", "llama3.2"),
    "openrouter": ("anthropic/claude-opus-4.8", "openai/o3", "openai/gpt-4o", "google/gemini-3-pro", "x/y:free", "x/y"),
    "custom": ("any", "vendor/gpt-5"),
    "deepseek": ("deepseek-x",),
}
# Whose client takes the requests to a provider.
CLIENTS = {
    "custom": "openai",
    **{name: name for name in ("openai", "anthropic", "mistral", "groq", "ollama", "openrouter", "deepseek")},
}
FLAVOURS = {
    "openai": OPENAI,
    "anthropic": ANTHROPIC,
    "groq": GROQ,
    "mistral": MISTRAL,
    "ollama": OLLAMA,
    "openrouter": OPENROUTER,
}
TURNS = (Message("user", "data: é 𝛼", stable=6), Message("assistant", "{}"), Message("user", "again"))


def requests_of(provider: str) -> list[dict[str, Any]]:
    """Requests to each model, in every form that they have."""
    dialect = DIALECTS[next(row.dialect for row in load() if row.provider == provider)]
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


def said(body: Any) -> Any:
    """A body less what is false, null or an empty list in it, which some clients write and others do not."""
    if isinstance(body, dict):
        kept = {name: value for name, value in body.items() if value is not False and value not in (None, [])}
        return {name: said(value) for name, value in kept.items()}
    return [said(one) for one in body] if isinstance(body, list) else body


def found_by(module: str, asked: dict[str, Any]) -> dict[str, Any]:
    """What a module finds that is run in the environment of the clients."""
    # Nothing of the machine's own set-up of the vendors is looked at.
    bare = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "AWS_EC2_METADATA_DISABLED": "true"}
    done = subprocess.run(
        [need_env("provider-clients"), "-m", f"tests.providers.{module}"],
        input=json.dumps(asked), capture_output=True, text=True, env=bare, cwd=ROOT, timeout=90,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


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
    found = found_by("real_clients", asked)
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


# What a client reads of an answer, by its end: the text and the end; the tokens are always there.
ENDS = {
    "openai": [["pong", "stop"], ["po", "length"], [REFUSAL, "stop"], ["pong", "content_filter"]],
    "groq": [["pong", "stop"], ["po", "length"], [REFUSAL, "stop"], [REFUSAL, "stop"]],
    "mistral": [["pong", "stop"], ["po", "length"], [REFUSAL, "stop"], [REFUSAL, "stop"]],
    "anthropic": [["pong", "end_turn"], ["po", "max_tokens"], ["", "refusal"], ["", "refusal"]],
    "ollama": [["pong", "stop"], ["po", "length"], ["pong", "stop"], ["pong", "stop"]],
}
STATUSES = ("400", "401", "403", "404", "422", "429", "500", "503")
# What the clients make of these.
_STAINLESS = (
    "BadRequestError AuthenticationError PermissionDeniedError NotFoundError UnprocessableEntityError RateLimitError "
    "InternalServerError"
)
ERRORS = {
    "openai": f"{_STAINLESS} InternalServerError",
    "deepseek": f"{_STAINLESS} InternalServerError",
    "groq": f"{_STAINLESS} InternalServerError",
    "anthropic": f"{_STAINLESS} ServiceUnavailableError",
    "mistral": "SDKError SDKError SDKError SDKError HTTPValidationError SDKError SDKError SDKError",
    "ollama": " ".join(["ResponseError"] * len(STATUSES)),
    "openrouter": (
        "BadRequestResponseError UnauthorizedResponseError ForbiddenResponseError NotFoundResponseError "
        "UnprocessableEntityResponseError TooManyRequestsResponseError InternalServerResponseError "
        "ServiceUnavailableResponseError"
    ),
}


def test_the_vendors_clients_and_ours_are_alike(mock: Running) -> None:
    requests = [
        {"vendor": client, **request} for provider, client in CLIENTS.items() for request in requests_of(provider)
    ]
    answered = [{"vendor": client, **requests_of(provider)[0]} for provider, client in CLIENTS.items()]
    found = found_by("vendor_clients", {"mock": mock.url, "key": KEY, "requests": requests, "answered": answered})
    for request, sent in zip(requests, found["sent"], strict=True):
        assert said(sent["body"]) == said(request["body"]), request["model"]
    for text, _, tokens_in, tokens_out in found["answered"]:
        jsonschema.validate(json.loads(text), ANNOTATION)
        assert min(tokens_in, tokens_out) > 0
    assert found["streamed"] == {"openai": ["pong", True], "ollama": ["pong", True]}
    for vendor, told in found["told"].items():
        ends = dict(zip(("", "length", "refusal", "content_filter"), ENDS.get(vendor, ENDS["openai"]), strict=True))
        errors = zip(STATUSES, ERRORS[vendor].split(), strict=True)
        assert told == {
            **{fault: [*end, True, True] for fault, end in ends.items()},
            **{status: [name, int(status)] for status, name in errors},
        }, vendor
    for vendor, flavour in FLAVOURS.items():
        assert set(found["fields"][vendor]) <= FIELDS[flavour], vendor


def test_a_key_of_bedrock_is_sent_and_not_signed_with() -> None:
    headers = DIALECTS["bedrock-converse"].headers(Secret(KEY), "https://h/model/m/converse", b"{}")
    assert headers == {"Authorization": f"Bearer {KEY}"}
