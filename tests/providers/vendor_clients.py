"""What the clients of openai, anthropic, mistralai, groq, ollama and openrouter make of our requests and of the mock:
run as a module by the Python of their environment.

Standard input is JSON: {"mock": URL, "key": text, "requests": [{"vendor", "body"}], "answered": the same}. Standard
output is one JSON object: what each client sent for our requests, what it read of the mock's answers and errors, and
the fields that its typed request has. Where a client's own types refuse a request or an answer, this ends with their
error.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_type_hints

import anthropic
import groq
import mistralai.client
import mistralai.client.models
import ollama
import openai
import openrouter
import openrouter.components
from anthropic.types.message_create_params import MessageCreateParamsNonStreaming
from groq.types.chat.completion_create_params import CompletionCreateParams
from ollama._types import ChatRequest
from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming
from pydantic import BaseModel, ConfigDict, TypeAdapter

from tests.providers.recorder import Recorder, recording

FAULTS = ("", "length", "refusal", "content_filter")
ERRORS = ("400", "401", "403", "404", "422", "429", "500", "503")
# Version 2023-06-01 of Anthropic's API has it, which is the one that we speak; that of the client has not.
OLDER = ("temperature",)
# Documented, and not in the types of the client.
BEYOND_TYPES = {
    "UsageInfo": {"prompt_tokens_details"},
    "CompletionUsage": {"prompt_cache_hit_tokens", "prompt_cache_miss_tokens"},  # DeepSeek's
    "ChatCompletionMessage": {"reasoning_content"},
}
# Ollama's server has them, its client for Python has not.
UNKNOWN_TO_OLLAMA = ("truncate", "shift")
Read = tuple[str, str, int, int]  # text, ending, tokens in and out


@dataclass(frozen=True)
class Vendor:
    """A vendor's client.

    Attributes:
        check: refuses a body that the client's typed request does not take.
        ask: (URL, key, fields of a request) to the answer as the client's own type.
        read: what the answer says.
        fields: those of the typed request.
    """

    check: Callable[[Mapping[str, Any]], Any]
    ask: Callable[[str, str, Mapping[str, Any]], Any]
    read: Callable[[Any], Read]
    fields: frozenset[str]


def strict(params: Any) -> Callable[[Mapping[str, Any]], Any]:
    """A check by a TypedDict, whose fields are all that is allowed, also within."""
    params.__pydantic_config__ = ConfigDict(extra="forbid", arbitrary_types_allowed=True)
    adapter = TypeAdapter(params)
    return lambda body: consumed(adapter.validate_python(body))


def consumed(value: Any) -> Any:
    """The value; what is validated only when it is gone through is."""
    if isinstance(value, Mapping):
        return {name: consumed(inner) for name, inner in value.items()}
    if hasattr(value, "__next__") or isinstance(value, (list, tuple)):
        return [consumed(inner) for inner in value]
    return value


def nothing_new(answer: Any, where: str = "") -> Any:
    """The answer, in which the client knows every field by name."""
    if isinstance(answer, BaseModel):
        name = type(answer).__name__
        more = set(answer.model_extra or ()) - BEYOND_TYPES.get(name, set())
        assert not more, f"{where}: unknown to {name}: {more}"
        for name in type(answer).model_fields:
            nothing_new(getattr(answer, name), f"{where}.{name}")
    elif isinstance(answer, (list, tuple)):
        for one in answer:
            nothing_new(one, where)
    return answer


def of_pydantic(model: type[BaseModel]) -> Callable[[Mapping[str, Any]], Any]:
    return lambda body: nothing_new(model.model_validate(body))


def ask_openai(url: str, key: str, body: Mapping[str, Any]) -> Any:
    with openai.OpenAI(api_key=key, base_url=f"{url}/v1", max_retries=0, _strict_response_validation=True) as client:
        return client.chat.completions.create(**body)


def ask_deepseek(url: str, key: str, body: Mapping[str, Any]) -> Any:
    """The maker's documentation asks by the client of openai."""
    with openai.OpenAI(api_key=key, base_url=url, max_retries=0, _strict_response_validation=True) as client:
        return client.chat.completions.create(**body)


def ask_groq(url: str, key: str, body: Mapping[str, Any]) -> Any:
    with groq.Groq(api_key=key, base_url=url, max_retries=0, _strict_response_validation=True) as client:
        return client.chat.completions.create(**body)


def ask_anthropic(url: str, key: str, body: Mapping[str, Any]) -> Any:
    more = {name: body[name] for name in OLDER if name in body}
    with anthropic.Anthropic(api_key=key, base_url=url, max_retries=0, _strict_response_validation=True) as client:
        return client.messages.create(**without(body, OLDER), extra_body=more)


def check_anthropic(body: Mapping[str, Any]) -> Any:
    return strict(MessageCreateParamsNonStreaming)(without(body, OLDER))


def without(body: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in names}


def ask_mistral(url: str, key: str, body: Mapping[str, Any]) -> Any:
    with mistralai.client.Mistral(api_key=key, server_url=f"{url}/mistral") as client:
        return client.chat.complete(**body, retries=None)


def ask_openrouter(url: str, key: str, body: Mapping[str, Any]) -> Any:
    with openrouter.OpenRouter(api_key=key, server_url=f"{url}/api/v1") as client:
        return client.chat.send(**body, retries=None)


def ask_ollama(url: str, key: str, body: Mapping[str, Any]) -> Any:
    client = ollama.Client(host=url, headers={"Authorization": f"Bearer {key}"})
    return client.chat(**without(body, UNKNOWN_TO_OLLAMA))


def check_ollama(body: Mapping[str, Any]) -> Any:
    return nothing_new(ChatRequest.model_validate(without(body, UNKNOWN_TO_OLLAMA)))


def read_openai(answer: Any) -> Read:
    [choice] = answer.choices
    text = getattr(choice.message, "refusal", None) or choice.message.content or ""
    return text, choice.finish_reason, answer.usage.prompt_tokens, answer.usage.completion_tokens


def read_anthropic(answer: Any) -> Read:
    text = "".join(block.text for block in answer.content)
    return text, answer.stop_reason, answer.usage.input_tokens, answer.usage.output_tokens


def read_ollama(answer: Any) -> Read:
    return answer.message.content, answer.done_reason, answer.prompt_eval_count, answer.eval_count


def fields(params: Any) -> frozenset[str]:
    return frozenset(params.model_fields if isinstance(params, type(BaseModel)) else get_type_hints(params))


MISTRAL = mistralai.client.models.ChatCompletionRequest
OPENROUTER = openrouter.components.ChatRequest
VENDORS = {
    "openai": Vendor(
        strict(CompletionCreateParamsNonStreaming), ask_openai, read_openai,
        fields(CompletionCreateParamsNonStreaming),
    ),
    "deepseek": Vendor(
        strict(CompletionCreateParamsNonStreaming), ask_deepseek, read_openai,
        fields(CompletionCreateParamsNonStreaming),
    ),
    "anthropic": Vendor(
        check_anthropic, ask_anthropic, read_anthropic,
        fields(MessageCreateParamsNonStreaming),
    ),
    "mistral": Vendor(of_pydantic(MISTRAL), ask_mistral, read_openai, fields(MISTRAL)),
    "groq": Vendor(strict(CompletionCreateParams), ask_groq, read_openai, fields(CompletionCreateParams)),
    "ollama": Vendor(check_ollama, ask_ollama, read_ollama, fields(ChatRequest)),
    "openrouter": Vendor(of_pydantic(OPENROUTER), ask_openrouter, read_openai, fields(OPENROUTER)),
}  # fmt: skip


def sent_by_client(url: str, key: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """What the client sends for the same request."""
    vendor = VENDORS[request["vendor"]]
    vendor.check(request["body"])
    vendor.ask(url, key, request["body"])
    return Recorder.seen.pop()


def ping(model: str) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": "ping"}]}


def asked_of_mock(name: str, url: str, key: str) -> Iterator[tuple[str, list[Any]]]:
    """What a client reads of the mock's answers, and which of its exceptions an error becomes."""
    vendor = VENDORS[name]
    more = {"max_tokens": 100} if name == "anthropic" else {}
    for fault in FAULTS:
        model = f"mock-fault-{fault}" if fault else "mock"
        text, ending, tokens_in, tokens_out = vendor.read(nothing_new(vendor.ask(url, key, {**ping(model), **more})))
        yield fault, [text, ending, bool(tokens_in), bool(tokens_out)]
    for fault in ERRORS:
        try:
            vendor.ask(url, key, {**ping(f"mock-fault-{fault}"), **more})
        except Exception as error:
            yield fault, [type(error).__name__, getattr(error, "status_code", None)]
        else:
            raise AssertionError(f"{name}: {fault}")


def streamed(url: str, key: str) -> dict[str, list[Any]]:
    """What is read of answers in pieces."""
    asked = {**ping("mock"), "stream": True}
    with openai.OpenAI(api_key=key, base_url=f"{url}/v1", _strict_response_validation=True) as client:
        pieces = list(client.chat.completions.create(**asked, stream_options={"include_usage": True}))
    text = "".join(choice.delta.content or "" for piece in pieces for choice in piece.choices)
    parts = list(ask_ollama(url, key, asked))
    return {
        "openai": [text, bool(nothing_new(pieces)[-1].usage.prompt_tokens)],
        "ollama": ["".join(part.message.content for part in nothing_new(parts)), bool(parts[-1].eval_count)],
    }


def main() -> None:
    asked = json.load(sys.stdin)
    mock, key = asked["mock"], asked["key"]
    with recording() as url:
        sent = [sent_by_client(url, key, request) for request in asked["requests"]]
    answered = [
        VENDORS[request["vendor"]].read(VENDORS[request["vendor"]].ask(mock, key, {**request["body"], "model": "mock"}))
        for request in asked["answered"]
    ]
    found = {
        "sent": sent,
        "answered": answered,
        "told": {name: dict(asked_of_mock(name, mock, key)) for name in VENDORS},
        "streamed": streamed(mock, key),
        "fields": {name: sorted(vendor.fields) for name, vendor in VENDORS.items()},
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
