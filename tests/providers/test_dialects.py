"""Wire dialects: what goes out for a chat, and what is read from bodies of every shape."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cassia_engine.providers.accounts import traits_of
from cassia_engine.providers.chat import Chat, Finish, Message
from cassia_engine.providers.dialects import DIALECTS, Reading, Traits
from cassia_engine.providers.dialects.bounds import bounded
from cassia_engine.providers.dialects.prompt_cut import prompt_cut
from cassia_engine.providers.dialects.turns import turns_of
from cassia_engine.records import COMMAND
from cassia_engine.replies.shapes import ANNOTATION
from cassia_engine.secret import Secret

SCHEMA = {"title": "cassia_annotation", "type": "object", "properties": {"lineage": {"type": "string"}}}
CHAT = Chat("stable", (Message("user", "data"),), 900, SCHEMA, temperature=0.0, reasoning="low")
# A program has no errors but its exit codes.
OVER_HTTP = [dialect for dialect in DIALECTS.values() if dialect.name != COMMAND]
OPENAI, ANTHROPIC, OLLAMA = (DIALECTS[name] for name in ("openai-chat", "anthropic-messages", "ollama-chat"))


def openai(model: str, provider: str = "openai", chat: Chat = CHAT) -> tuple[dict[str, Any], dict[str, Any]]:
    return OPENAI.body(chat, model, traits_of(provider, model))


def test_openai_gets_its_fields_and_reasoning_models_no_temperature() -> None:
    body, sent = openai("gpt-6-luna")
    assert body["messages"] == [{"role": "system", "content": "stable"}, {"role": "user", "content": "data"}]
    assert body["max_completion_tokens"] == 900
    assert body["reasoning_effort"] == "low"
    assert body["response_format"]["json_schema"] == {"name": "cassia_annotation", "strict": True, "schema": SCHEMA}
    assert not {"temperature", "max_tokens", "provider"} & set(body)
    assert sent == {"max_tokens": 900, "reasoning": "low", "schema": "json_schema"}
    body, sent = openai("gpt-4o")
    assert body["temperature"] == 0.0 == sent["temperature"]
    assert "reasoning_effort" not in body


def test_openrouter_asks_for_hosts_that_take_all_parameters() -> None:
    body, sent = openai("anthropic/claude-sonnet-4.5", "openrouter")
    assert body["provider"] == {"require_parameters": True}
    assert body["reasoning"] == {"effort": "low"}
    assert body["messages"][0]["content"][0]["cache_control"] == {"type": "ephemeral"}
    assert "temperature" not in sent, "not together with reasoning"
    body, sent = openai("anthropic/claude-sonnet-4.5", "openrouter", Chat("s", CHAT.messages, 5, None, 0.0))
    assert sent == {"max_tokens": 5, "temperature": 0.0}
    assert body["temperature"] == 0.0
    assert "provider" not in body
    assert "temperature" not in openai("google/gemini-3.5-flash-lite", "openrouter")[0]


def test_mistral_is_asked_only_for_the_effort_that_it_has() -> None:
    assert "reasoning" not in openai("mistral-medium-3-5", "mistral")[1]
    high = Chat("s", CHAT.messages, 5, SCHEMA, reasoning="high")
    body, sent = openai("mistral-medium-3-5", "mistral", high)
    assert body["reasoning_effort"] == "high" == sent["reasoning"]


@pytest.mark.parametrize(
    ("provider", "model"), [("custom", "m"), ("openrouter", "deepseek/deepseek-chat-v3-0324:free")]
)
def test_where_no_schema_is_safe_it_is_written_into_the_system_text(provider: str, model: str) -> None:
    system = openai(model, provider)[0]["messages"][0]["content"]
    assert system.startswith("stable\n\nAnswer with one JSON object and nothing else")
    assert json.dumps(SCHEMA, separators=(",", ":")) in system


def test_models_on_ones_own_machine_get_a_schema_with_limits() -> None:
    for provider, model, limited in (
        ("custom", "m", True),
        ("custom", "gpt-5", False),
        ("openai", "gpt-6-luna", False),
    ):
        chat = Chat("s", CHAT.messages, 900, ANNOTATION)
        body, sent = openai(model, provider, chat)
        fields = body["response_format"]["json_schema"]["schema"]["properties"]
        assert sent["schema"] == "json_schema"
        assert (fields["evidence"].get("maxItems") == 12) is limited
        assert (fields["candidates"].get("maxItems") == 5) is limited
        assert (fields["score_reason"].get("maxLength") == 600) is limited
        assert list(fields) == list(ANNOTATION["properties"])
        assert "maxItems" not in body["messages"][0]["content"]


def test_parameters_can_be_left_away_one_by_one() -> None:
    traits = traits_of("custom", "m").without({"schema", "temperature"})
    body, sent = OPENAI.body(CHAT, "m", traits)
    assert "response_format" not in body
    assert "JSON schema" in body["messages"][0]["content"]
    assert sent == {"max_tokens": 900, "reasoning": "low"}
    assert OPENAI.body(CHAT, "m", traits.without({"reasoning"}))[1] == {"max_tokens": 900}


def test_anthropic_marks_the_stable_text_and_thinks_without_a_temperature() -> None:
    body, sent = ANTHROPIC.body(CHAT, "claude-sonnet-5-5", traits_of("anthropic", "claude-sonnet-5-5"))
    assert body["system"] == [{"type": "text", "text": "stable", "cache_control": {"type": "ephemeral"}}]
    assert body["thinking"] == {"type": "adaptive"}
    assert body["output_config"] == {"effort": "low", "format": {"type": "json_schema", "schema": SCHEMA}}
    assert sent == {"max_tokens": 900, "reasoning": "low", "schema": "output_config"}
    calm = Chat("s", CHAT.messages, 5, None, temperature=1.7)
    body, sent = ANTHROPIC.body(calm, "claude-sonnet-4-6", traits_of("anthropic", "claude-sonnet-4-6"))
    assert body["temperature"] == 1.0 == sent["temperature"], "its scale ends at 1"
    assert not {"thinking", "output_config"} & set(body)
    assert ANTHROPIC.headers(Secret("k")) == {"anthropic-version": "2023-06-01", "x-api-key": "k"}


def test_ollama_gets_a_context_with_room_for_prompt_and_reply() -> None:
    body, sent = OLLAMA.body(CHAT, "gpt-oss:20b", traits_of("ollama", "gpt-oss:20b"))
    assert (body["stream"], body["truncate"], body["think"]) == (False, False, "low")
    assert body["format"] == bounded(SCHEMA)
    assert body["options"] == {"num_ctx": 8192, "num_predict": 900, "temperature": 0.0}
    assert sent == {"max_tokens": 900, "temperature": 0.0, "reasoning": "low", "schema": "format"}
    long = Chat("s" * 50_000, CHAT.messages, 4000)
    body, _ = OLLAMA.body(long, "llama3", traits_of("ollama", "llama3"))
    assert body["options"]["num_ctx"] == 32768
    body, sent = OLLAMA.body(CHAT, "qwen3:8b", traits_of("ollama", "qwen3:8b"))
    assert (body["think"], sent["reasoning"]) == (True, "on")
    assert OLLAMA.headers(None) == {}


@pytest.mark.parametrize(
    ("dialect", "base_url", "expected"),
    [
        (OPENAI, "https://openrouter.ai/api/v1", "https://openrouter.ai/api/v1/chat/completions"),
        (OPENAI, "https://h/v1/chat/completions", "https://h/v1/chat/completions"),
        (ANTHROPIC, "https://api.anthropic.com", "https://api.anthropic.com/v1/messages"),
        (ANTHROPIC, "https://h/v1", "https://h/v1/messages"),
        (OLLAMA, "http://127.0.0.1:11434", "http://127.0.0.1:11434/api/chat"),
        (OLLAMA, "http://127.0.0.1:11434/v1", "http://127.0.0.1:11434/api/chat"),
    ],
)
def test_urls_however_much_of_them_was_given(dialect: Any, base_url: str, expected: str) -> None:
    assert dialect.url(base_url, "m") == expected


def choice(finish: Any = "stop", **more: Any) -> dict[str, Any]:
    return {"choices": [{"message": more, "finish_reason": finish}], "model": "m"}


@pytest.mark.parametrize(
    ("data", "finish", "reason", "text"),
    [
        (choice(content="hi"), Finish.STOP, "stop", "hi"),
        (choice("length", content="h"), Finish.LENGTH, "length", "h"),
        (choice("model_length", content=None), Finish.LENGTH, "model_length", ""),
        (choice("content_filter", content=""), Finish.REFUSED, "content_filter", ""),
        (choice(content=None, refusal="no"), Finish.REFUSED, "refusal", "no"),
        (choice(None, content="hi"), Finish.OTHER, "", "hi"),
        (
            choice(content="", reasoning_content='{"lineage": "T cell"}'),
            Finish.OTHER,
            "stop, all text is reasoning: check the server's reasoning parser",
            "",
        ),
        (
            choice(content=[{"type": "thinking", "thinking": []}, {"type": "text", "text": "a"}, "b"]),
            Finish.STOP,
            "stop",
            "ab",
        ),
        (
            {"choices": [{"message": {"content": ""}, "finish_reason": "stop", "native_finish_reason": "refusal"}]},
            Finish.REFUSED,
            "stop (refusal)",
            "",
        ),
    ],
)
def test_openai_endings(data: Any, finish: Finish, reason: str, text: str) -> None:
    reading = OPENAI.read(data)
    assert reading is not None
    assert (reading.finish, reading.finish_reason, reading.text) == (finish, reason, text)


@pytest.mark.parametrize(
    "data",
    [
        *(None, {}, {"choices": []}, {"choices": None}, {"choices": [{}]}, "<html>"),
        *(choice("error"), choice("insufficient_system_resource")),
    ],
)
def test_openai_bodies_without_an_answer(data: Any) -> None:
    assert OPENAI.read(data) is None


def test_deepseek_names_cached_tokens_in_its_own_way() -> None:
    usage = {"prompt_tokens": 100, "completion_tokens": 20, "prompt_cache_hit_tokens": 64}
    reading = OPENAI.read({**choice("stop", content="x"), "usage": usage})
    assert reading is not None
    assert reading.cached_tokens == 64


def test_what_many_requests_have_in_common_is_marked_where_a_cache_wants_it() -> None:
    mark, turn = {"cache_control": {"type": "ephemeral"}}, Message("user", "siblings, cluster", stable=9)
    chat = Chat("rules", (turn, Message("assistant", "{}"), Message("user", "again")), 9)
    parts = [{"type": "text", "text": "siblings,", **mark}, {"type": "text", "text": " cluster"}]
    body, _ = ANTHROPIC.body(chat, "claude-sonnet-5-5", traits_of("anthropic", "claude-sonnet-5-5"))
    assert body["system"] == [{"type": "text", "text": "rules", **mark}]
    assert [message["content"] for message in body["messages"]] == [parts, "{}", "again"]
    body, _ = OPENAI.body(chat, "anthropic/claude-sonnet-5.5", traits_of("openrouter", "anthropic/claude-sonnet-5.5"))
    rules = [{"type": "text", "text": "rules", **mark}]
    assert [message["content"] for message in body["messages"]] == [rules, parts, "{}", "again"]
    assert list(turns_of(body))[1] == ("user", "siblings, cluster")
    nova = "us.amazon.nova-pro-v1:0"
    body, _ = DIALECTS["bedrock-converse"].body(chat, nova, traits_of("bedrock", nova))
    point = {"cachePoint": {"type": "default"}}
    assert body["system"] == [{"text": "rules"}, point]
    assert body["messages"][0]["content"] == [{"text": "siblings,"}, point, {"text": " cluster"}]


def test_requests_with_the_same_rules_have_the_same_key_of_mistrals_cache() -> None:
    traits = traits_of("mistral", "mistral-large-4")

    def key(rules: str, text: str) -> Any:
        return OPENAI.body(Chat(rules, (Message("user", text),), 9), "mistral-large-4", traits)[0]["prompt_cache_key"]

    assert key("rules", "a") == key("rules", "b") != key("other rules", "a")


def test_openrouter_usage_with_its_own_cost() -> None:
    usage = {
        "prompt_tokens": 100,
        "completion_tokens": 20,
        "cost": 0.0012,
        "prompt_tokens_details": {"cached_tokens": 60},
        "completion_tokens_details": {"reasoning_tokens": 8},
    }
    reading = OPENAI.read({**choice(content="x"), "usage": usage})
    assert reading is not None
    assert (reading.input_tokens, reading.output_tokens, reading.cost_usd) == (100, 20, 0.0012)
    assert (reading.cached_tokens, reading.reasoning_tokens) == (60, 8)


def test_anthropic_counts_cached_input_as_input_and_knows_refusals() -> None:
    usage = {"input_tokens": 5, "cache_read_input_tokens": 100, "cache_creation_input_tokens": 7, "output_tokens": 3}
    content = [{"type": "thinking", "thinking": "..."}, {"type": "text", "text": "hi"}]
    reading = ANTHROPIC.read({"content": content, "stop_reason": "end_turn", "usage": usage})
    assert reading is not None
    assert (reading.text, reading.input_tokens, reading.cached_tokens) == ("hi", 112, 100)
    details = {"type": "refusal", "category": "bio", "explanation": "not this"}
    refused = ANTHROPIC.read({"content": [], "stop_reason": "refusal", "stop_details": details})
    assert refused is not None
    assert (refused.finish, refused.finish_reason, refused.text) == (Finish.REFUSED, "refusal (bio)", "not this")
    assert ANTHROPIC.read({"content": [], "stop_reason": None}) is None


@pytest.mark.parametrize(("counted", "cut"), [(2300, False), (8192, True)])
def test_ollama_prompt_that_fills_the_context_was_cut(counted: int, cut: bool) -> None:
    body, _ = OLLAMA.body(Chat("s" * 9000, CHAT.messages, 100), "llama3", traits_of("ollama", "llama3"))
    data = {"message": {"content": "x"}, "done": True, "done_reason": "stop", "prompt_eval_count": counted}
    reading = OLLAMA.read(data, body)
    assert reading is not None
    assert reading.finish is (Finish.PROMPT_CUT if cut else Finish.STOP)
    assert OLLAMA.read({**data, "done_reason": "load", "message": {"content": ""}}, body) is None


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
@pytest.mark.parametrize(
    ("characters", "counted", "cut"),
    [
        (15_000, 4100, False),
        (15_000, 2600, False),
        (15_000, 2400, True),
        (15_000, 4096, True),  # the whole context of a server, as Ollama's /v1 has it
        (13_000, 4096, False),
        (8_000, 2048, False),  # an ordinary prompt
        (15_000, 3072, False),
        (15_000, 900, False),  # counted without what was cached
        (15_000, None, False),
    ],
)
def test_prompt_tokens_are_compared_with_the_text(
    dialect: Any, characters: int, counted: int | None, cut: bool
) -> None:
    chat = Chat("s" * 5000, (Message("user", "u" * (characters - 5000)),), 100)
    body, _ = dialect.body(chat, "m", traits_of("custom", "m"))
    assert prompt_cut(counted, body, own_server=True) is cut
    assert prompt_cut(counted, body) is (cut and counted != 4096), "no provider cuts without a word"


@pytest.mark.parametrize("text", ["", "\n\n\n", '{"evidence": [' + "CD3D, " * 30])
def test_ollama_reply_that_looped_is_a_reply(text: str) -> None:
    reading = OLLAMA.read({"model": "m", "message": {"role": "assistant", "content": text}, "done": False})
    assert reading is not None
    assert (reading.finish, reading.text, reading.output_tokens) == (Finish.OTHER, text, None)
    assert "repeated itself" in reading.finish_reason


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (
            {"error": {"message": "Slow\ndown", "type": "tokens", "param": None, "code": "rate_limit_exceeded"}},
            {"code": "rate_limit_exceeded", "kind": "tokens", "message": "Slow down", "status": None},
        ),
        (
            {"error": {"message": "Unsupported value", "param": "temperature", "code": "unsupported_value"}},
            {"parameter": "temperature"},
        ),
        (
            {"error": {"code": 402, "message": "wait", "metadata": {"reason": "in_flight_budget_exhausted"}}},
            {"status": 402, "code": "in_flight_budget_exhausted"},
        ),
        ({"choices": [{"error": {"code": 502, "message": "upstream"}}]}, {"status": 502, "message": "upstream"}),
        (
            {"error": {"code": 400, "message": "Provider returned error", "metadata": {"raw": '{"error":"bad"}'}}},
            {"message": "Provider returned error: bad"},
        ),
        (
            {"type": "error", "error": {"type": "invalid_request_error", "message": "`temperature` is deprecated"}},
            {"kind": "invalid_request_error", "parameter": "temperature"},
        ),
        (
            {"error": {"type": "rate_limit_error", "details": {"error_code": "enforced_spend_limit_reached"}}},
            {"code": "enforced_spend_limit_reached", "kind": "rate_limit_error"},
        ),
        ({"type": "error", "error": {"message": "output_config.effort: not here"}}, {"parameter": "reasoning"}),
        ({"error": {"message": "output_config.format.schema: too large"}}, {"parameter": "schema"}),
        ({"error": '"llama3" does not support thinking'}, {"parameter": "reasoning"}),
        ({"error": '{"error":{"message":"exceeds the context","code":400}}'}, {"message": "exceeds the context"}),
        (
            {"detail": [{"loc": ["body", "temperature"], "msg": "too hot"}]},
            {"parameter": "temperature", "message": "too hot"},
        ),
        ({"object": "error", "message": {"detail": [{"loc": ["body", "x"], "msg": "extra"}]}}, {"message": "extra"}),
        ({"message": "Unauthorized", "request_id": "1"}, {"message": "Unauthorized"}),
        (
            [{"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "details": [{"retryDelay": "14s"}]}}],
            {"retry_after": 14},
        ),
        ({"error": {"message": "x" * 1000}}, {"message": "x" * 300}),
    ],
)
def test_errors_in_every_form(data: Any, expected: dict[str, Any]) -> None:
    for dialect in OVER_HTTP:
        api_error = dialect.api_error(data)
        assert api_error is not None
        assert {name: getattr(api_error, name) for name in expected} == expected


FIELDS = (
    *("choices", "message", "content", "finish_reason", "usage", "prompt_tokens", "text", "type", "refusal", "error"),
    *(
        "code",
        "metadata",
        "raw",
        "param",
        "detail",
        "loc",
        "stop_reason",
        "stop_details",
        "done",
        "done_reason",
        "cost",
    ),
    *("prompt_eval_count", "input_tokens", "prompt_tokens_details", "cached_tokens", "model", "details", "retryDelay"),
)
WORDS = st.sampled_from((*FIELDS, "stop", "", "\ud800", '{"error":', "400", "14s")) | st.text(max_size=5)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.just(10**400)
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=6)
)


@settings(max_examples=300, deadline=None)
@given(JSON)
def test_no_json_breaks_a_dialect(data: Any) -> None:
    for dialect in DIALECTS.values():
        body, _ = dialect.body(CHAT, "m", Traits(True, "", "", "max_tokens"))
        for reading in (dialect.read(data), dialect.read(data, body)):
            assert reading is None or whole(reading)
        api_error = dialect.api_error(data)
        if api_error:
            assert len(api_error.message) <= 300
            assert api_error.message.isprintable()
            assert api_error.retry_after is None or math.isfinite(api_error.retry_after)


def whole(reading: Reading) -> bool:
    """Whether each field is of its type."""
    counts = (reading.input_tokens, reading.output_tokens, reading.cached_tokens, reading.reasoning_tokens)
    assert all(count is None or (type(count) is int and count >= 0) for count in counts)
    assert reading.cost_usd is None or (type(reading.cost_usd) is float and 0 <= reading.cost_usd < math.inf)
    assert reading.text.encode() is not None
    return isinstance(reading.finish, Finish) and all(
        isinstance(t, str) for t in (reading.finish_reason, reading.model)
    )


def test_deep_nesting_is_no_answer() -> None:
    deep: Any = []
    for _ in range(50_000):
        deep = [deep]
    for dialect in OVER_HTTP:
        assert dialect.read({"choices": deep, "content": 1, "message": 1}) is None
        raw = "[" * 100_000
        assert dialect.api_error({"error": {"message": "m", "metadata": {"raw": raw}}}) is not None
