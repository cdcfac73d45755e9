"""The models that a request names: what of them is known, and what is refused, in a line and without a key."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cassia_engine.server.answers import Refused
from cassia_engine.server.options import ServerOptions
from cassia_engine.server.questions import chat_settings
from cassia_engine.settings import AnnotateSettings

KEY = "sk-canary-51f0a7c2d9e84b36"
AWS = {"awsAccessKeyId": "AKIACANARY7Q", "awsSecretAccessKey": KEY, "awsDefaultRegion": "eu-north-1"}
HERE = "http://127.0.0.1:11434/v1"


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "AWS_BEARER_TOKEN_BEDROCK", "AWS_ACCESS_KEY_ID"):
        monkeypatch.delenv(name, raising=False)
    yield


def model(**fields: Any) -> dict[str, Any]:
    return {"provider": "openai", "name": "gpt-5", "apiKey": KEY} | fields


def read(*configs: dict[str, Any], trusted: bool = True, **options: Any) -> AnnotateSettings:
    return chat_settings(list(configs), 4, ServerOptions(Path("data"), **options), trusted)


@pytest.mark.parametrize("provider", ["anthropic", "google", "groq", "mistral", "openai", "openrouter", "deepseek"])
def test_a_documented_provider_is_asked_with_its_key(provider: str) -> None:
    found = read(model(provider=provider, name="a-model"))
    assert (found.provider, found.model, found.max_workers) == (provider, "a-model", 4)
    assert found.api_key is not None and found.api_key.reveal() == KEY


def test_bedrock_is_asked_with_keys_of_aws() -> None:
    found = read({"provider": "bedrock", "name": "anthropic.claude-sonnet-4-5", **AWS})
    assert found.api_key is not None and found.api_key.reveal() == KEY


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"temperature": 0}, {"temperature": 0}),
        ({"temperature": 0.5, "timeout": 60}, {"temperature": 0.5, "timeout": 60}),
        ({"reasoning_effort": "high"}, {"reasoning": "high"}),
        ({"temperature": None, "top_p": None}, {}),
        ({"temperature": 0.0, "max_tokens": 4096}, {"temperature": 0.0}),
        ({"maxTokens": 8192.0}, {}),
        ([], {}),
        (None, {}),
    ],
)
def test_settings_of_a_model(given: Any, expected: dict[str, Any]) -> None:
    found = read(model(modelSettings=given))
    assert found == read(model()) or expected
    assert {name: getattr(found, name) for name in expected} == expected


@pytest.mark.parametrize(
    "fields",
    [
        {"baseUrl": None, "awsAccessKeyId": None, "targetAgents": None, "skipValidation": None, "allowFallback": None},
        {"baseUrl": "", "targetAgents": [], "skipValidation": False, "allowFallback": False, "modelSettings": []},
        {"targetAgents": "annotator"},
        {"targetAgents": ["contextualizer", "annotator"]},
    ],
    ids=["nulls", "empty", "one agent", "agents"],
)
def test_fields_that_say_nothing_more(fields: dict[str, Any]) -> None:
    assert read(model(**fields)) == read(model())


def test_of_several_models_the_annotators_is_asked() -> None:
    others = [model(name="reviews", targetAgents=["reviewer"]), model(name="annotates", targetAgents=["annotator"])]
    assert read(*others).model == "annotates"


def test_a_model_server_of_ones_own_needs_no_key() -> None:
    found = read({"provider": "openai", "name": "llama", "apiKey": "ollama", "baseUrl": HERE})
    assert found.base_url == HERE


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (model(modelSettings={"top_p": 0.5}), "'top_p'"),
        (model(modelSettings={"max_tokens": 100}), "max_tokens: cassia asks for replies of up to 4,096 tokens"),
        (model(modelSettings={"max_tokens": "many"}), "max_tokens"),
        (model(modelSettings={"reasoning_effort": "minimal"}), "reasoning_effort"),
        (model(modelSettings={"temperature": "hot"}), "temperature"),
        (model(modelSettings=5), "modelSettings"),
        (model(provider="xai"), "anthropic"),
        (model(apiKey=5), "apiKey: expected text"),
        (model(apiKey=f"{KEY}\n"), "key"),
        (model(targetAgents=["reviewer"]), "'annotator'"),
        (model(targetAgents=7), "targetAgents"),
        (model(other=1), "'other'"),
        (model(baseUrl="http://169.254.169.254/v1"), "metadata"),
        (model(baseUrl="http://["), "URL"),
        (model(baseUrl="http://example.org/v1"), "https"),
        (model(name="a b"), "name"),
        ({"provider": "openai", "name": "gpt-5"}, "apiKey"),
        ({"provider": "bedrock", "name": "m", "awsAccessKeyId": "AKIA"}, "go together"),
        ({"provider": "openai", "name": "m", **AWS}, "Bedrock"),
        ({}, "'provider'"),
    ],
)
def test_what_is_not_known_is_refused(config: dict[str, Any], said: str) -> None:
    with pytest.raises(Refused) as caught:
        read(config)
    assert caught.value.code == "LLM_VALIDATION_FAILED"
    assert said in caught.value.message
    assert "\n" not in caught.value.message and KEY not in caught.value.message


def test_who_has_a_token_reaches_the_urls_that_were_allowed() -> None:
    config = model(baseUrl=HERE)
    assert read(config, trusted=False, base_urls=(f"{HERE}/",)).base_url == HERE
    with pytest.raises(Refused, match="sends nothing to this baseUrl"):
        read(config, trusted=False)


@pytest.mark.parametrize(
    "configs",
    [
        [model(provider=HERE)],
        [model(provider=HERE, baseUrl="https://models.example/v1")],
        [model(targetAgents=["reviewer"]), model(baseUrl=HERE)],
        [model(targetAgents=["reviewer"], baseUrl="https://models.example/v1"), model(baseUrl=HERE)],
    ],
    ids=["as provider", "as provider beside an allowed one", "of the second model", "behind an allowed one"],
)
def test_no_other_field_leads_to_a_url_that_was_not_allowed(configs: list[dict[str, Any]]) -> None:
    with pytest.raises(Refused, match="sends nothing to this baseUrl"):
        read(*configs, trusted=False, base_urls=("https://models.example/v1",))
    assert read(model(provider=HERE, baseUrl=HERE), trusted=False, base_urls=(HERE,)).base_url == HERE


def test_who_has_a_token_does_not_get_the_servers_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    without = model()
    del without["apiKey"]
    assert read(without).model == "gpt-5"
    with pytest.raises(Refused, match="lacks its key"):
        read(without, trusted=False)


WILD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda one: st.lists(one, max_size=3) | st.dictionaries(st.text(max_size=10), one, max_size=3),
    max_leaves=4,
)
NAMES = ("provider", "name", "apiKey", "baseUrl", *AWS, "modelSettings", "targetAgents", "skipValidation")


@settings(max_examples=100)
@given(st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, WILD | st.sampled_from(["openai", "bedrock", KEY]))))
def test_any_model_is_taken_or_refused(config: dict[str, Any]) -> None:
    try:
        read(config)
    except Refused as error:
        assert error.code == "LLM_VALIDATION_FAILED"
        assert "\n" not in error.message
