"""Answers and errors in the words of each dialect."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.mock_provider.asked import Asked, Refused
from tests.mock_provider.fields import ANTHROPIC, BEDROCK, DEEPSEEK, GOOGLE, GROQ, MISTRAL, OLLAMA, OPENAI, OPENROUTER

CREATED = 1764547200  # all answers have the same date, since the same request has the same answer
CREATED_AT = "2025-12-01T00:00:00Z"
PRICES = (3e-6, 15e-6)  # US dollars a token in and out
CHARACTERS = 3.5  # a token
_FURTHER = "additionalModelRequestFields"
REFUSAL = "I cannot help with that."
REASONING = 64  # tokens, where reasoning was asked for

FINISHES: Mapping[str, Mapping[str, str]] = {
    OPENAI: {"stop": "stop", "length": "length", "refusal": "stop", "content_filter": "content_filter"},
    # These have no filter that they tell of.
    GROQ: {"stop": "stop", "length": "length", "refusal": "stop", "content_filter": "stop"},
    MISTRAL: {"stop": "stop", "length": "length", "refusal": "stop", "content_filter": "stop"},
    ANTHROPIC: {"stop": "end_turn", "length": "max_tokens", "refusal": "refusal", "content_filter": "refusal"},
    OLLAMA: {"stop": "stop", "length": "length", "refusal": "stop", "content_filter": "stop"},
    GOOGLE: {"stop": "STOP", "length": "MAX_TOKENS", "refusal": "SAFETY", "content_filter": "PROHIBITED_CONTENT"},
    BEDROCK: {
        "stop": "end_turn",
        "length": "max_tokens",
        "refusal": "content_filtered",
        "content_filter": "guardrail_intervened",
    },
}
# What Google calls a status, and Bedrock an error.
_GOOGLE_STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_BEDROCK_KINDS = {
    401: "UnrecognizedClientException",
    403: "AccessDeniedException",
    404: "ResourceNotFoundException",
    408: "ModelTimeoutException",
    424: "ModelErrorException",
    429: "ThrottlingException",
    500: "InternalServerException",
    503: "ServiceUnavailableException",
}
GOOGLE_DELAY = "0.02s"  # which its errors of status 429 ask to wait
# Anthropic's kind of an error by its status; OpenAI's are below it.
_ANTHROPIC_KINDS = {
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_OPENAI_KINDS = {401: "authentication_error", 403: "permission_error", 429: "requests", 498: "requests"}
MESSAGES = {
    401: "Incorrect API key provided.",
    402: "Insufficient credits.",
    403: "Your account may not use this model.",
    404: "The model does not exist or you do not have access to it.",
    413: "Request exceeds the maximum size.",
    429: "Rate limit reached for requests per minute.",
    498: "Flex tier capacity exceeded.",
    503: "The engine is currently overloaded, please try again later.",
    529: "Overloaded",
}


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of an answer; those of reasoning are in `output` too."""

    input: int
    output: int
    reasoning: int = 0


def count_tokens(asked: Asked, text: str) -> Usage:
    sent = len(asked.system) + sum(len(turn) for _, turn in asked.messages)
    named = {*asked.fields, *asked.fields.get("generationConfig", ()), *asked.fields.get(_FURTHER, ())}
    effort = {"reasoning_effort", "reasoning", "reasoning_config", "thinking", "think", "thinkingConfig"} & named
    reasoning = REASONING if effort else 0
    return Usage(int(sent / CHARACTERS) + 1, int(len(text) / CHARACTERS) + 1 + reasoning, reasoning)


def answer_body(asked: Asked, text: str | None, finish: str = "stop") -> dict[str, Any]:
    """The body of an answer.

    Args:
        text: None where a dialect has null, nothing where it has not.
        finish: "stop", "length", "refusal" or "content_filter".
    """
    usage = count_tokens(asked, text or "")
    token = hashlib.sha256(repr((asked.model, asked.messages, text)).encode()).hexdigest()[:24]
    return _ANSWERS[asked.dialect](asked, text, finish, usage, token)


def _openai(asked: Asked, text: str | None, finish: str, usage: Usage, token: str) -> dict[str, Any]:
    reason = FINISHES.get(asked.flavour, FINISHES[OPENAI])[finish]
    refused = reason == "stop" and finish != "stop"
    message: dict[str, Any] = {"role": "assistant", "content": REFUSAL if refused else text}
    choice: dict[str, Any] = {"index": 0, "message": message, "finish_reason": reason}
    counts: dict[str, Any] = {
        "prompt_tokens": usage.input,
        "completion_tokens": usage.output,
        "total_tokens": usage.input + usage.output,
        "prompt_tokens_details": {"cached_tokens": asked.cached},
    }
    body = {"id": f"chatcmpl-{token}", "object": "chat.completion", "created": CREATED, "model": asked.model}
    if asked.flavour != MISTRAL:
        choice["logprobs"] = None
        counts["completion_tokens_details"] = {"reasoning_tokens": usage.reasoning}
    if asked.flavour in (OPENAI, OPENROUTER):
        message |= {"content": None, "refusal": REFUSAL} if refused else {"refusal": None}
    if asked.flavour == DEEPSEEK:
        message["reasoning_content"] = "..."
        counts |= {
            "prompt_cache_hit_tokens": asked.cached,
            "prompt_cache_miss_tokens": usage.input - asked.cached,
        }
    if asked.flavour == OPENROUTER:
        body |= {"provider": "Mock", "system_fingerprint": None}
        choice["native_finish_reason"] = reason
        counts["prompt_tokens_details"]["cache_write_tokens"] = asked.written
        plain = usage.input - 0.9 * asked.cached + 0.25 * asked.written
        counts["cost"] = round(plain * PRICES[0] + usage.output * PRICES[1], 8)
    return {**body, "choices": [choice], "usage": counts}


def _anthropic(asked: Asked, text: str | None, finish: str, usage: Usage, token: str) -> dict[str, Any]:
    said = [] if text is None or finish in ("refusal", "content_filter") else [{"type": "text", "text": text}]
    return {
        "id": f"msg_{token}",
        "type": "message",
        "role": "assistant",
        "model": asked.model,
        "content": said,
        "stop_reason": FINISHES[ANTHROPIC][finish],
        "stop_sequence": None,
        "usage": {
            "input_tokens": usage.input - asked.cached - asked.written,
            "cache_creation_input_tokens": asked.written,
            "cache_read_input_tokens": asked.cached,
            "output_tokens": usage.output,
        },
    }


def _ollama(asked: Asked, text: str | None, finish: str, usage: Usage, token: str) -> dict[str, Any]:
    return {
        "model": asked.model,
        "created_at": CREATED_AT,
        "message": {"role": "assistant", "content": text},
        "done": True,
        "done_reason": FINISHES[OLLAMA][finish],
        "total_duration": 1_000_000,
        "prompt_eval_count": usage.input,
        "eval_count": usage.output,
    }


def _google(asked: Asked, text: str | None, finish: str, usage: Usage, token: str) -> dict[str, Any]:
    counts = {
        "promptTokenCount": usage.input,
        "candidatesTokenCount": usage.output - usage.reasoning,
        "totalTokenCount": usage.input + usage.output,
        **({"thoughtsTokenCount": usage.reasoning} if usage.reasoning else {}),
        **({"cachedContentTokenCount": asked.cached} if asked.cached else {}),
    }
    body = {"usageMetadata": counts, "modelVersion": asked.model, "responseId": token}
    if finish == "content_filter":
        # The prompt was refused, and there is no candidate.
        return {"promptFeedback": {"blockReason": FINISHES[GOOGLE][finish]}, **body}
    said = None if finish == "refusal" else text
    # An empty text has no part.
    content = {**({"parts": [{"text": said}]} if said else {}), "role": "model"}
    return {"candidates": [{"content": content, "finishReason": FINISHES[GOOGLE][finish], "index": 0}], **body}


def _bedrock(asked: Asked, text: str | None, finish: str, usage: Usage, token: str) -> dict[str, Any]:
    thought = [{"reasoningContent": {"reasoningText": {"text": "...", "signature": token}}}] if usage.reasoning else []
    said = [{"text": text}] if text and finish not in ("refusal", "content_filter") else []
    return {
        "metrics": {"latencyMs": 1},
        "output": {"message": {"role": "assistant", "content": [*thought, *said]}},
        "stopReason": FINISHES[BEDROCK][finish],
        "usage": {
            "cacheReadInputTokens": asked.cached,
            "cacheWriteInputTokens": asked.written,
            "inputTokens": usage.input - asked.cached - asked.written,
            "outputTokens": usage.output,
            "totalTokens": usage.input + usage.output,
        },
    }


_ANSWERS = {OPENAI: _openai, ANTHROPIC: _anthropic, OLLAMA: _ollama, GOOGLE: _google, BEDROCK: _bedrock}


def refusal_body(flavour: str, refused: Refused) -> dict[str, Any]:
    return error_body(flavour, refused.status, refused.message, refused.code, refused.param)


def error_body(flavour: str, status: int, message: str = "", code: str = "", param: str = "") -> dict[str, Any]:
    """The body of an error, as the API of the flavour writes it; `code` is the machine's word for it."""
    message = message or MESSAGES.get(status, "The server had an error while processing your request.")
    write = _ERRORS.get(flavour, _openai_error)
    return write(status, message, code, param)


def error_headers(flavour: str, status: int) -> dict[str, str]:
    """The headers of an error, which where AWS answers say what its body does not."""
    if flavour != BEDROCK:
        return {}
    kind = _BEDROCK_KINDS.get(status, "ValidationException" if status < 500 else "InternalServerException")
    return {"x-amzn-errortype": f"{kind}:http://internal.amazon.com/coral/com.amazon.bedrock/", "x-amzn-requestid": "1"}


def _openai_error(status: int, message: str, code: str, param: str) -> dict[str, Any]:
    kind = _OPENAI_KINDS.get(status, "invalid_request_error" if status < 500 else "server_error")
    kind = code if code == "insufficient_quota" else kind
    return {"error": {"message": message, "type": kind, "param": param or None, "code": code or None}}


def _openrouter_error(status: int, message: str, code: str, param: str) -> dict[str, Any]:
    metadata = {"error_type": code} if code else {}
    if code == "in_flight_budget_exhausted":
        metadata["limit_source"] = "openrouter_in_flight_budget"
    return {"error": {"code": status, "message": message, "metadata": metadata}, "user_id": "user_mock"}


def _mistral_error(status: int, message: str, code: str, param: str) -> dict[str, Any]:
    if status == 422:
        return {"detail": [{"type": "extra_forbidden", "loc": ["body", param], "msg": message, "input": None}]}
    return {"object": "error", "message": message, "type": code or "invalid_request", "param": param, "code": "1000"}


def _anthropic_error(status: int, message: str, code: str, param: str) -> dict[str, Any]:
    kind = _ANTHROPIC_KINDS.get(status, "invalid_request_error" if status < 500 else "api_error")
    error: dict[str, Any] = {"type": kind, "message": message}
    if code:
        error["details"] = {"error_code": code}
    return {"type": "error", "error": error, "request_id": "req_mock"}


def _ollama_error(status: int, message: str, code: str, param: str) -> dict[str, Any]:
    return {"error": message}


def _google_error(status: int, message: str, code: str, param: str) -> dict[str, Any]:
    details: list[dict[str, Any]] = []
    if status == 429:
        details.append({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": GOOGLE_DELAY})
    if code:
        reason = "API_KEY_INVALID" if code == "invalid_api_key" else code.upper()
        details.append({"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason})
    name = _GOOGLE_STATUSES.get(status, "FAILED_PRECONDITION" if status == 402 else "UNKNOWN")
    return {"error": {"code": status, "message": message, "status": name, "details": details}}


def _bedrock_error(status: int, message: str, code: str, param: str) -> dict[str, Any]:
    return {"message": message}


_ERRORS = {
    GOOGLE: _google_error,
    BEDROCK: _bedrock_error,
    OPENROUTER: _openrouter_error,
    MISTRAL: _mistral_error,
    ANTHROPIC: _anthropic_error,
    OLLAMA: _ollama_error,
}
