"""Refusals as providers, gateways and model servers word them: the parameter that they name, and what they ask for."""

from __future__ import annotations

from typing import Any

import pytest

from cassia_engine.providers.dialects.api_errors import find
from cassia_engine.providers.dialects.refusals import Refusal

FIELD = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
REFUSALS: tuple[tuple[str, str | None, Refusal], ...] = (
    (FIELD, "max_tokens", Refusal("max_tokens", "max_completion_tokens")),
    (FIELD, None, Refusal("max_tokens", "max_completion_tokens")),
    ("Unrecognized request argument supplied: max_completion_tokens", None, Refusal("max_tokens", "max_tokens")),
    ("max_tokens is too large: 8192. This model supports at most 4096 completion tokens, whereas you provided 8192.",
     "max_tokens", Refusal("max_tokens", limit=4096)),
    ("Invalid max_tokens value, the valid range of max_tokens is [1, 8192]", None, Refusal("max_tokens", limit=8192)),
    ("max_tokens: 8192 > 4096, which is the maximum allowed number of output tokens for claude-3-haiku", None,
     Refusal("max_tokens", limit=4096)),
    ("`max_tokens` must be less than or equal to `2048`, the maximum value for `max_tokens` is less than the context",
     None, Refusal("max_tokens", limit=2048)),
    ("max_tokens must be less than or equal to 2,048", None, Refusal("max_tokens", limit=2048)),
    ("max_completion_tokens cannot exceed 4096", None, Refusal("max_tokens", limit=4096)),
    ("This model's maximum context length is 8192 tokens. However, you requested 10192 tokens (2000 in the messages, "
     "8192 in the completion). Please reduce the length of the messages or completion.", "messages",
     Refusal("max_tokens", limit=6192, lasting=False)),
    ("'max_tokens' or 'max_completion_tokens' is too large: 4096. This model's maximum context length is 4096 tokens "
     "and your request has 1500 input tokens (4096 > 4096 - 1500).", None,
     Refusal("max_tokens", limit=2596, lasting=False)),
    ("the request exceeds the available context size (2048 tokens), try increasing it", None, Refusal()),
    ("Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) value is supported.",
     "temperature", Refusal("temperature")),
    ("litellm.UnsupportedParamsError: gpt-5 models (including gpt-5-codex) don't support temperature=0. Only "
     "temperature=1 is supported.", None, Refusal("temperature")),
    ("litellm.UnsupportedParamsError: openai does not support parameters: ['temperature'], for model=o3.", None,
     Refusal("temperature")),
    ("`temperature` is deprecated for this model.", None, Refusal("temperature")),
    ("Setting temperature is not supported", None, Refusal("temperature")),
    ("litellm.UnsupportedParamsError: mock does not support parameters: {'response_format'}, for model=mock.", None,
     Refusal("schema")),
    ("litellm.UnsupportedParamsError: mock does not support parameters: {'reasoning_effort'}, for model=mock.", None,
     Refusal("reasoning")),
    ("Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model.", "response_format",
     Refusal("schema", "json_object")),
    ("Invalid parameter: 'response_format' of type 'json_object' is not supported with this model.", "response_format",
     Refusal("schema")),
    ("This response_format type is unavailable now", None, Refusal("schema", "json_object")),
    ("'response_format.type' must be 'json_schema' or 'text'", None, Refusal("schema", "json_schema")),
    ("response_format.type: Input should be 'text' or 'json_object'", None, Refusal("schema")),
    ("This model does not support response format `json_schema`.", None, Refusal("schema", "json_object")),
    ("Prompt must contain the word 'json' in some form to use 'response_format' of type 'json_object'.", None,
     Refusal("schema")),
    ("Invalid schema for response_format 'cassia_annotation': In context=(), 'maxLength' is not permitted.",
     "response_format", Refusal("bounds")),
    ("failed to parse grammar", None, Refusal("schema", "json_object")),
    ("no endpoint supports all parameters of this request", None, Refusal("schema")),
    ("System role not supported", None, Refusal("system")),
    ("Conversation roles must alternate user/assistant/user/assistant/... ", None, Refusal("system")),
    ("Unsupported value: 'messages[0].role' does not support 'system' with this model.", "messages[0].role",
     Refusal("system")),
    ("Developer instruction is not enabled for models/gemma-3-27b-it", None, Refusal("system")),
    ("Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 2000 `inputs` tokens and 4096 "
     "`max_new_tokens`", None, Refusal("max_tokens", limit=2096, lasting=False)),
    ("input length and `max_tokens` exceed context limit: 198000 + 4096 > 200000, decrease input length",
     None, Refusal("max_tokens", limit=2000, lasting=False)),
    ("This endpoint's maximum context length is 32768 tokens. However, you requested about 34096 tokens (30000 of text "
     "input, 4096 in the output).", None, Refusal("max_tokens", limit=2768, lasting=False)),
    ("You passed 3000 input tokens and requested 4096 output tokens. However, the model's context length is only 4096 "
     "tokens", None, Refusal("max_tokens", limit=1096, lasting=False)),
    ("1 validation error detected: Value '8192' at 'inferenceConfig.maxTokens' failed to satisfy constraint: Member "
     "must have value less than or equal to 4096", None, Refusal("max_tokens", limit=4096)),
    ("The maximum tokens you requested exceeds the model limit of 4096. Try again with a lower value.", None,
     Refusal("max_tokens", limit=4096)),
    ("invalid request: max tokens must be less than or equal to 4096, received 8192.", None,
     Refusal("max_tokens", limit=4096)),
    ("max tokens of 8192 exceeded for model; maximum allowed is 4096", None, Refusal("max_tokens", limit=4096)),
    ("max_tokens参数非法：取值范围[1,4096]", None, Refusal("max_tokens", limit=4096)),
    ("Requests with max_tokens > 4096 must have stream=true", None, Refusal("max_tokens", limit=4096)),
    ("No endpoints found that can handle the requested parameters. To learn more about routing, visit x.", None,
     Refusal("schema")),
    ("The provided JSON schema contains features not supported by xgrammar.", None, Refusal("schema", "json_object")),
    ("JSON mode is not enabled for models/gemma-3-27b-it", None, Refusal("schema")),
    ("Failed to deserialize the JSON body into the target type: response_format: unknown variant `json_schema`, "
     "expected one of `json`, `json_object`, `regex` at line 1", None, Refusal("schema", "json_object")),
    ("Argument not supported on this model: reasoningEffort", None, Refusal("reasoning")),
    ("Thinking level is not supported for this model.", None, Refusal("reasoning")),
    ("Only user, assistant and tool roles are supported, got system.", None, Refusal("system")),
    ("prompt is too long: 209731 tokens > 200000 maximum", None, Refusal()),
    ("The input (3000 tokens) is longer than the model's context length (2048 tokens).", None, Refusal()),
    ("Content Exists Risk", None, Refusal()),
    ("Invalid model name passed in model=x. Call `/v1/models` to view available models for your key.", None, Refusal()),
    ("this account has to be verified before it may use this model", "model", Refusal()),
)  # fmt: skip


@pytest.mark.parametrize(("message", "param", "refusal"), REFUSALS, ids=[row[0][:50] for row in REFUSALS])
def test_what_a_refusal_names(message: str, param: str | None, refusal: Refusal) -> None:
    bodies: list[Any] = [{"error": {"message": message, "param": param}}, {"object": "error", "message": message}]
    for body in bodies if param is None else bodies[:1]:
        found = find(body)
        assert found is not None
        assert Refusal(found.parameter, found.instead, found.limit, found.lasting) == refusal
