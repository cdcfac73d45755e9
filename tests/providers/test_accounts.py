"""Accounts: whom a person means, which key goes where, and that no key is ever shown."""

from __future__ import annotations

import json
import pickle
import traceback
from dataclasses import asdict, replace
from datetime import date
from typing import Any

import pytest

from cassia_engine import models
from cassia_engine.callers import Caller, called_from
from cassia_engine.providers.accounts import Account, default_models, open_account, traits_of, warnings_of
from cassia_engine.providers.dialects import DIALECTS
from cassia_engine.providers.faults import classify
from cassia_engine.providers.keys import environment_of
from cassia_engine.providers.table import Provider, load
from cassia_engine.secret import AwsKeys, Secret
from tests.raising import raises

pytestmark = pytest.mark.usefixtures("command_line")

KEY = "sk-canary-0123456789"
NAMES = tuple(row.provider for row in load())


# A day on which all the documented models were served, and one on which two of them are no longer.
DOCUMENTED_DAY, LATER = date(2026, 11, 20), date(2026, 12, 2)


def account(provider: str, environ: dict[str, str] | None = None, **options: Any) -> Account:
    keys = {row.key_variable: KEY for row in load()}
    return open_account(provider, environ=keys if environ is None else environ, **options)


def test_the_table_of_providers_is_whole() -> None:
    assert len(set(NAMES)) == len(NAMES)
    listed = {(row.provider, row.model) for row in models.load()}
    for row in load():
        assert row.dialect in DIALECTS
        assert row.key in ("needed", "optional", "remote")
        for model in filter(None, (row.model, row.fast_model)):
            assert (row.provider, model) in listed
    assert load()[0].model == "anthropic/claude-sonnet-4.5"
    assert load()[0].fast_model == "google/gemini-2.5-flash"


@pytest.mark.parametrize("name", NAMES)
def test_every_provider_has_traits_for_every_model(name: str) -> None:
    dialect = next(row.dialect for row in load() if row.provider == name)
    ways = {
        "openai-chat": ({"", "effort", "object"}, {"", "json_schema", "json_object"}),
        "anthropic-messages": ({"", "adaptive"}, {"", "output_config"}),
        "ollama-chat": ({"", "think", "think_switch"}, {"", "format"}),
        "google-generate-content": ({"", "level", "budget"}, {"", "json_schema", "json_object"}),
        "bedrock-converse": ({"", "adaptive", "effort", "object", "config"}, {"", "text_format"}),
        "command": ({"effort"}, {""}),
    }[dialect]
    for model in ("anything", *(row.model for row in models.load() if row.provider == name)):
        traits = traits_of(name, model)
        assert traits.reasoning in ways[0]
        assert traits.schema in ways[1]
        assert set(traits.efforts) <= {"low", "medium", "high"}
        assert not traits.with_schema or isinstance(json.loads(traits.with_schema), dict)


@pytest.mark.parametrize(
    ("provider", "model", "takes"),
    [
        ("openai", "o3", False),
        ("openai", "gpt-5.1", False),
        ("openai", "gpt-4.1-mini", True),
        ("anthropic", "claude-sonnet-4-5-20250929", True),
        ("anthropic", "claude-opus-4-7", False),
        ("anthropic", "claude-haiku-5-5", False),
        ("openrouter", "anthropic/claude-sonnet-4.5", True),
        ("openrouter", "anthropic/claude-opus-5.5", False),
        ("openrouter", "google/gemini-3.5-flash-lite", False),
        ("openrouter", "google/gemini-2.5-flash", True),
        ("groq", "openai/gpt-oss-20b", True),
    ],
)
def test_who_takes_a_temperature(provider: str, model: str, takes: bool) -> None:
    assert traits_of(provider, model).temperature is takes


def test_defaults_aliases_and_names_as_they_are() -> None:
    assert account("openrouter", today=DOCUMENTED_DAY).model == "anthropic/claude-sonnet-4.5"
    assert account("openai", model="fast").model == "gpt-6-luna"
    assert account("openai", model="ft:gpt-4o:mine").model == "ft:gpt-4o:mine"
    assert account("custom", model="best", base_url="https://h/v1").model == "best", "it has no aliases"
    with raises("alias-not-offered", "--model local", "openrouter", "it has best"):
        account("openrouter", model="local")


def test_a_url_is_a_custom_provider() -> None:
    found = account("http://127.0.0.1:9000/v1/", {}, model="mock")
    assert (found.provider, found.base_url, found.key) == ("custom", "http://127.0.0.1:9000/v1", None)
    assert account("https://h/v1", model="m").key == Secret(KEY)
    with raises("two-base-urls"):
        account("https://h/v1", base_url="https://other/v1")


def test_ollama_is_keyless_and_follows_its_variable() -> None:
    assert account("ollama", {}).base_url == "http://127.0.0.1:11434"
    assert account("ollama", {"OLLAMA_HOST": "0.0.0.0"}).base_url == "http://127.0.0.1:11434"
    assert account("ollama", {"OLLAMA_HOST": ":5000"}).base_url == "http://127.0.0.1:5000"
    assert account("ollama", {"OLLAMA_HOST": "https://gpu.lab"}).base_url == "https://gpu.lab"
    with raises("url-not-https", "--allow_http"):
        account("ollama", {"OLLAMA_HOST": "gpu.lab"})
    assert account("ollama", {"OLLAMA_HOST": "gpu.lab"}, allow_http=True).base_url == "http://gpu.lab:11434"
    with raises("url-malformed"):
        account("ollama", {"OLLAMA_HOST": "http://[::"})


def test_a_vendors_key_goes_to_its_own_host_only() -> None:
    with raises("key-of-other-host", "OPENAI_API_KEY goes to api.openai.com only", "CUSTOM_API_KEY"):
        account("openai", base_url="https://api.openai.com.evil.example/v1")
    assert account("openai", base_url="https://eu.api.openai.com/v1").key == Secret(KEY)
    given = account("openai", base_url="https://proxy.example/v1", key=Secret("other"))
    assert given.key == Secret("other")
    assert account("ollama", base_url="https://gpu.lab").key is None
    assert account("ollama", base_url="https://ollama.com").key == Secret(KEY)


@pytest.mark.parametrize(
    ("options", "code", "value"),
    [
        ({"provider": "OpenRuter"}, "provider-unknown", "openrouter?); choose from openrouter, openai, "),
        ({"provider": "ofline"}, "provider-unknown", "did you mean offline?"),
        (
            {"provider": "openai"},
            "key-missing",
            "set OPENAI_API_KEY in the environment (--provider offline needs no key",
        ),
        ({"provider": "custom"}, "base-url-missing", "--base_url"),
        ({"provider": "https://h/v1"}, "model-missing", "--model"),
        ({"provider": "https://h/v1", "model": "m"}, "key-missing", "no key for https://h/v1: set CUSTOM_API_KEY"),
        ({"provider": "http://h/v1", "model": "m"}, "url-not-https", "--allow_http"),
        ({"provider": "ollama", "model": "a b"}, "model-malformed", "--model a b"),
    ],
)
def test_what_is_wrong_is_one_line(options: dict[str, Any], code: str, value: str) -> None:
    with raises(code, value):
        open_account(**options, environ={})


@pytest.mark.parametrize("around", ["{}\n", " {}", "{}\x00", "{} x", "“{}”", "\r{}"])
@pytest.mark.parametrize("explicit", [True, False])
def test_keys_that_no_header_can_carry_are_refused_unseen(around: str, explicit: bool) -> None:
    key = around.format(KEY)
    with raises("key-malformed", "white space") as raised:
        if explicit:
            open_account("openai", key=Secret(key), environ={})
        else:
            open_account("openai", environ={"OPENAI_API_KEY": key})
    shown = "".join(traceback.format_exception(raised.value))
    assert KEY not in shown


def test_a_key_that_the_caller_gave_is_called_by_its_argument() -> None:
    """Who gave it sets no variable: the machine may be another one's."""
    with called_from(Caller.CYTETYPE):
        refused = classify(401, {}, None, "", open_account("openai", "gpt-5", key=Secret(KEY)))
        signing = open_account("bedrock", "m", key=AwsKeys("AKIA1", KEY, "", "eu-north-1"))
    given = 'llm_configs[0]["apiKey"]'
    assert str(refused) == f"openai refuses the key in {given} (status 401); set {given} to a valid key"
    assert signing.key_variable == "llm_configs"
    with called_from(Caller.PYTHON):
        assert open_account("openai", "gpt-5", key=Secret(KEY)).key_variable == "api_key"


def test_no_key_is_shown() -> None:
    found = account("openai")
    assert found.key is not None
    assert found.key.reveal() == KEY
    texts = (repr(found), str(found), f"{found}", repr(asdict(replace(found, key=None))), repr(found.key))
    assert not any(KEY in text for text in texts)
    with pytest.raises(TypeError) as raised:
        json.dumps(found)
    assert KEY not in str(raised.value)
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(found)


def test_a_model_that_ends_is_told() -> None:
    found = account("openrouter", today=DOCUMENTED_DAY)
    name, successor = "anthropic/claude-sonnet-4.5", "anthropic/claude-sonnet-5.5"
    expected = f"{name} is served until 2026-11-30; then use {successor} (--model)"
    assert warnings_of(found, DOCUMENTED_DAY) == (expected,)
    [late] = warnings_of(account("openrouter", model=name, today=LATER), LATER)
    assert "was served until 2026-11-30" in late
    assert warnings_of(account("openai", today=DOCUMENTED_DAY), DOCUMENTED_DAY) == ()


@pytest.mark.parametrize(
    ("provider", "day", "model", "fast"),
    [
        ("openrouter", date(2026, 11, 29), "anthropic/claude-sonnet-4.5", "google/gemini-2.5-flash"),
        ("openrouter", date(2026, 11, 30), "anthropic/claude-sonnet-5.5", "google/gemini-2.5-flash"),
        ("openrouter", LATER, "anthropic/claude-sonnet-5.5", "google/gemini-3.5-flash-lite"),
        ("mistral", date(2027, 4, 29), "mistral-medium-3-5", "mistral-small-2603"),
        ("mistral", date(2027, 4, 30), "mistral-large-4", "mistral-small-2603"),
        ("custom", LATER, "", ""),
    ],
)
def test_defaults_are_as_of_the_day(provider: str, day: date, model: str, fast: str) -> None:
    row = next(row for row in load() if row.provider == provider)
    assert default_models(row, day) == (model, fast)
    if model:
        assert account(provider, today=day).model == model


def test_a_default_past_its_end_is_replaced_and_that_is_said_in_one_line() -> None:
    found = account("openrouter", today=LATER)
    assert (found.model, found.replaced) == ("anthropic/claude-sonnet-5.5", "anthropic/claude-sonnet-4.5")
    assert found.traits == traits_of("openrouter", "anthropic/claude-sonnet-5.5")
    [said] = warnings_of(found, LATER)
    assert said.startswith(
        "anthropic/claude-sonnet-4.5 was served until 2026-11-30: anthropic/claude-sonnet-5.5 is ask"
    )


@pytest.mark.parametrize("name", ["anthropic/claude-sonnet-4.5", "google/gemini-2.5-flash"])
def test_documented_names_stay_accepted_after_their_end(name: str) -> None:
    found = account("openrouter", model=name, today=LATER)
    assert (found.model, found.replaced) == (name, "")


@pytest.mark.parametrize(
    ("provider", "model", "ends"),
    [
        ("openai", "o4-mini", "2026-10-23"),
        ("openai", "gpt-5", "2026-12-11"),
        ("anthropic", "claude-opus-4-5", "2027-01-22"),
        ("google", "gemini-2.5-flash", "2026-12-01"),
    ],
)
def test_ends_of_models_that_are_not_listed_are_known(provider: str, model: str, ends: str) -> None:
    ending = models.endings()[provider, model]
    assert ending.ends.isoformat() == ends
    assert models.current(provider, ending.successor, LATER) == ending.successor


@pytest.mark.parametrize("row", [row for row in load() if row.key_variable], ids=lambda row: row.provider)
def test_a_key_for_another_process_is_the_one_that_it_finds(row: Provider) -> None:
    """Wherever its caller sends it, and in place of any other key that is set."""
    given: list[Secret] = [Secret("given")]
    if row.region_variables:
        given.append(AwsKeys("ID", "given", "", "eu-central-1"))
        given.append(AwsKeys("ID", "given", "token", "eu-central-1"))
    others = dict.fromkeys((*row.key_variables, *row.region_variables), "us-east-1")
    for key in given:
        found = open_account(
            row.provider, "m", "https://proxy.example.org/v1", environ={**others, **environment_of(row, key)}
        )
        assert found.key is not None
        assert (found.key.parts, type(found.key)) == (key.parts, type(key))
        if isinstance(key, AwsKeys):
            assert isinstance(found.key, AwsKeys) and found.key.region == key.region
