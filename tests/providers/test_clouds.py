"""Gemini and Amazon Bedrock: what goes out, what is read, which key in which region, and what their errors mean."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp import web

from cassia_engine.journal.summary import _cost
from cassia_engine.providers.accounts import Account, open_account, traits_of
from cassia_engine.providers.chat import Call, Chat, Finish, Message, Request
from cassia_engine.providers.dialects import DIALECTS, Reading
from cassia_engine.providers.dialects.sigv4 import signed_headers
from cassia_engine.providers.dialects.turns import rest_of, turns_of
from cassia_engine.providers.faults import Fault, FaultAction, classify
from cassia_engine.providers.table import load, provider_at
from cassia_engine.providers.transport import Transport
from cassia_engine.redaction import redacted
from cassia_engine.secret import AwsKeys, Secret
from tests.providers.servers import HELLO, KEY, everything_of, response_of, serving
from tests.raising import raises

pytestmark = pytest.mark.usefixtures("command_line")

GOOGLE, BEDROCK = DIALECTS["google-generate-content"], DIALECTS["bedrock-converse"]
SCHEMA = {"title": "cassia_annotation", "type": "object", "properties": {"lineage": {"type": "string"}}}
TURNS = (Message("user", "data"), Message("assistant", "{}"), Message("user", "again"))
CHAT = Chat("stable", TURNS, 900, SCHEMA, temperature=1.5, reasoning="low")
ARN = "arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.anthropic.claude-sonnet-4-6"
ID, SECRET = "AKIDCANARY012345678", "canarySecret/0123+456789abcdefABCDEF"
TOKEN = "canaryToken//" + "IQoJb3Jp7Zx9+/" * 60
AWS = {"AWS_ACCESS_KEY_ID": ID, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_SESSION_TOKEN": TOKEN, "AWS_REGION": "eu-west-1"}


def google(model: str, chat: Chat = CHAT) -> tuple[dict[str, Any], dict[str, Any]]:
    return GOOGLE.body(chat, model, traits_of("google", model))


def bedrock(model: str, chat: Chat = CHAT) -> tuple[dict[str, Any], dict[str, Any]]:
    return BEDROCK.body(chat, model, traits_of("bedrock", model))


def test_gemini_gets_its_fields() -> None:
    body, sent = google("gemini-3.8-flash")
    assert body == {
        "systemInstruction": {"parts": [{"text": "stable"}]},
        "contents": [
            {"role": "user", "parts": [{"text": "data"}]},
            {"role": "model", "parts": [{"text": "{}"}]},
            {"role": "user", "parts": [{"text": "again"}]},
        ],
        "generationConfig": {
            "maxOutputTokens": 900,
            "thinkingConfig": {"thinkingLevel": "LOW"},
            "responseMimeType": "application/json",
            "responseJsonSchema": SCHEMA,
        },
    }
    assert sent == {"max_tokens": 900, "reasoning": "low", "schema": "json_schema"}
    body, sent = google("gemini-2.5-flash")
    assert body["generationConfig"]["thinkingConfig"] == {"thinkingBudget": 1024}
    assert body["generationConfig"]["temperature"] == 1.5 == sent["temperature"]
    words, sent = google("gemma-3-27b-it")
    assert set(words["generationConfig"]) == {"maxOutputTokens", "temperature"}
    assert "JSON schema" in words["systemInstruction"]["parts"][0]["text"]


def test_bedrock_gets_its_fields() -> None:
    body, sent = bedrock("global.anthropic.claude-sonnet-5-5")
    shape = body["outputConfig"]["textFormat"]["structure"]["jsonSchema"]
    assert body["system"] == [{"text": "stable"}, {"cachePoint": {"type": "default"}}]
    assert body["messages"][1] == {"role": "assistant", "content": [{"text": "{}"}]}
    assert body["inferenceConfig"] == {"maxTokens": 900}
    assert body["additionalModelRequestFields"] == {
        "thinking": {"type": "adaptive"},
        "output_config": {"effort": "low"},
    }
    assert (shape["name"], json.loads(shape["schema"])) == ("cassia_annotation", SCHEMA)
    assert sent == {"max_tokens": 900, "reasoning": "low", "schema": "text_format"}
    body, sent = bedrock("openai.gpt-oss-120b-1:0")
    assert body["inferenceConfig"]["temperature"] == 1.0 == sent["temperature"], "its scale ends at 1"
    assert body["additionalModelRequestFields"] == {"reasoning_effort": "low"}
    assert "JSON schema" in body["system"][0]["text"]
    assert "outputConfig" not in body


@pytest.mark.parametrize(("dialect", "base"), [(GOOGLE, "https://h"), (BEDROCK, "https://h")])
def test_a_model_without_a_system_message_has_it_in_the_first_of_the_user(dialect: Any, base: str) -> None:
    traits = replace(traits_of("custom", "m"), system=False, schema="", reasoning="")
    body, _ = dialect.body(CHAT, "m", traits)
    [(role, first), *others] = turns_of(body)
    assert role == "user"
    assert first.startswith("stable")
    assert first.endswith("data")
    assert len(others) == 2
    assert not {"system", "messages", "contents", "systemInstruction"} & set(rest_of(body))


@pytest.mark.parametrize(
    ("dialect", "base_url", "model", "expected"),
    [
        (GOOGLE, "https://h", "gemini-x", "https://h/v1beta/models/gemini-x:generateContent"),
        (GOOGLE, "https://h/v1", "models/gemini-x", "https://h/v1/models/gemini-x:generateContent"),
        (GOOGLE, "https://h/v1beta/openai", "g", "https://h/v1beta/models/g:generateContent"),
        (GOOGLE, "https://h/v1beta/models/g:generateContent", "g", "https://h/v1beta/models/g:generateContent"),
        (GOOGLE, "https://h", "tunedModels/a-1", "https://h/v1beta/tunedModels/a-1:generateContent"),
        (BEDROCK, "https://h", "a.claude-v1:0", "https://h/model/a.claude-v1%3A0/converse"),
        (BEDROCK, "https://h/model/x/converse", "arn:a/b", "https://h/model/arn%3Aa%2Fb/converse"),
    ],
)
def test_urls_name_the_model(dialect: Any, base_url: str, model: str, expected: str) -> None:
    url = dialect.url(base_url, model)
    assert url == expected
    assert dialect.model_of(url, {}) == model.removeprefix("models/")


def candidate(reason: str | None = "STOP", *parts: Any, **more: Any) -> dict[str, Any]:
    return {"candidates": [{"content": {"parts": list(parts), "role": "model"}, "finishReason": reason, **more}]}


@pytest.mark.parametrize(
    ("data", "finish", "reason", "text"),
    [
        (candidate("STOP", {"text": "hmm", "thought": True}, {"text": "a"}, {"text": "b"}), Finish.STOP, "STOP", "ab"),
        (candidate("MAX_TOKENS", {"text": "a"}), Finish.LENGTH, "MAX_TOKENS", "a"),
        ({"candidates": [{"finishReason": "MAX_TOKENS"}]}, Finish.LENGTH, "MAX_TOKENS", ""),
        (candidate("SAFETY", finishMessage="unsafe"), Finish.REFUSED, "SAFETY", "unsafe"),
        (candidate("RECITATION", {"text": "a"}), Finish.REFUSED, "RECITATION", "a"),
        (candidate("MALFORMED_RESPONSE"), Finish.OTHER, "MALFORMED_RESPONSE", ""),
        (
            {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT", "blockReasonMessage": "no"}},
            Finish.REFUSED,
            "prompt: PROHIBITED_CONTENT",
            "no",
        ),
    ],
)
def test_gemini_endings(data: Any, finish: Finish, reason: str, text: str) -> None:
    reading = GOOGLE.read(data)
    assert reading is not None
    assert (reading.finish, reading.finish_reason, reading.text) == (finish, reason, text)


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("end_turn", Finish.STOP),
        ("stop_sequence", Finish.STOP),
        ("max_tokens", Finish.LENGTH),
        ("model_context_window_exceeded", Finish.LENGTH),
        ("guardrail_intervened", Finish.REFUSED),
        ("content_filtered", Finish.REFUSED),
        ("malformed_model_output", Finish.OTHER),
    ],
)
def test_bedrock_endings(reason: str, finish: Finish) -> None:
    thought = {"reasoningContent": {"reasoningText": {"text": "hmm", "signature": "x"}}}
    message = {"role": "assistant", "content": [thought, {"text": "a"}, {"text": "b"}]}
    reading = BEDROCK.read({"output": {"message": message}, "stopReason": reason})
    assert reading is not None
    assert (reading.finish, reading.finish_reason, reading.text) == (finish, reason, "ab")


@pytest.mark.parametrize("data", [None, {}, {"candidates": []}, {"candidates": [{}]}, {"output": {}}, {"output": []}])
def test_bodies_without_an_answer(data: Any) -> None:
    assert GOOGLE.read(data) is None
    assert BEDROCK.read(data) is None


def test_tokens_are_counted_as_they_are_paid() -> None:
    usage = {
        "promptTokenCount": 100,
        "cachedContentTokenCount": 60,
        "candidatesTokenCount": 20,
        "thoughtsTokenCount": 8,
    }
    reading = GOOGLE.read({**candidate("STOP", {"text": "x"}), "usageMetadata": usage, "modelVersion": "g-001"})
    assert reading is not None
    assert (reading.input_tokens, reading.output_tokens, reading.reasoning_tokens) == (100, 28, 8)
    assert (reading.cached_tokens, reading.model) == (60, "g-001")
    blocked = GOOGLE.read({"promptFeedback": {"blockReason": "OTHER"}, "usageMetadata": {"promptTokenCount": 9}})
    assert blocked is not None
    assert (blocked.input_tokens, blocked.output_tokens) == (9, 0), "a count of 0 is left out"
    usage = {"inputTokens": 5, "outputTokens": 3, "cacheReadInputTokens": 100, "cacheWriteInputTokens": 7}
    answer = {"output": {"message": {"content": [{"text": "x"}]}}, "stopReason": "end_turn", "usage": usage}
    reading = BEDROCK.read(answer)
    assert reading is not None
    assert (reading.input_tokens, reading.output_tokens) == (112, 3)
    assert (reading.cached_tokens, reading.cache_written_tokens) == (100, 7)


def detail(kind: str, **more: Any) -> dict[str, Any]:
    return {"@type": f"type.googleapis.com/google.rpc.{kind}", **more}


def google_fault(status: int, name: str, message: str = "", *details: Any) -> Fault:
    body = {"error": {"code": status, "message": message, "status": name, "details": list(details)}}
    account = open_account("google", key=Secret(KEY), environ={})
    return classify(status, {}, GOOGLE.api_error(body, {}), "", account)


MINUTE, DAY = (
    detail("QuotaFailure", violations=[{"quotaId": f"GenerateRequestsPer{unit}PerProjectPerModel-FreeTier"}])
    for unit in ("Minute", "Day")
)
LATER = detail("RetryInfo", retryDelay="14.5s")


@pytest.mark.parametrize(
    ("status", "name", "message", "details", "action", "expected"),
    [
        (429, "RESOURCE_EXHAUSTED", "Quota", [MINUTE, LATER], FaultAction.BACK_OFF, ""),
        (429, "RESOURCE_EXHAUSTED", "Quota", [MINUTE, DAY, LATER], FaultAction.ABORT_RUN, "quota"),
        (
            400,
            "INVALID_ARGUMENT",
            "API key not valid. Please pass a valid API key.",
            [detail("ErrorInfo", reason="API_KEY_INVALID")],
            FaultAction.ABORT_RUN,
            "set GEMINI_API_KEY to a valid key",
        ),
        (403, "PERMISSION_DENIED", "Your API key was reported as leaked.", [], FaultAction.ABORT_RUN, "does not let"),
        (
            400,
            "FAILED_PRECONDITION",
            "User location is not supported for the API use.",
            [],
            FaultAction.ABORT_RUN,
            "User location is not supported",
        ),
        (404, "NOT_FOUND", "models/x is not found", [], FaultAction.FAIL_CALL, "knows no model"),
        (500, "INTERNAL", "", [], FaultAction.RETRY, ""),
        (503, "UNAVAILABLE", "The model is overloaded.", [], FaultAction.RETRY, ""),
        (504, "DEADLINE_EXCEEDED", "", [], FaultAction.RETRY, ""),
    ],
)
def test_what_errors_of_gemini_mean(
    status: int, name: str, message: str, details: list[Any], action: FaultAction, expected: str
) -> None:
    fault = google_fault(status, name, message, *details)
    assert fault.action is action
    assert expected in fault.what
    if status == 429:
        assert fault.retry_after == 14.5


def bedrock_fault(status: int, kind: str, body: Any, key: Secret | None = None) -> Fault:
    given = key or AwsKeys(ID, SECRET, TOKEN)
    account = open_account("bedrock", key=given, environ={"AWS_REGION": "eu-west-1"})
    api_error = BEDROCK.api_error(body, {"x-amzn-errortype": kind} if kind else {})
    return classify(status, {}, api_error, "", account)


@pytest.mark.parametrize(
    ("status", "kind", "message", "action", "expected"),
    [
        (429, "ThrottlingException:http://internal.amazon.com/coral/", "Too many requests", FaultAction.BACK_OFF, ""),
        (429, "ThrottlingException", "Too many tokens per day, please wait.", FaultAction.ABORT_RUN, "quota"),
        (429, "ModelNotReadyException", "not ready", FaultAction.BACK_OFF, ""),
        (503, "ServiceUnavailableException", "busy", FaultAction.RETRY, ""),
        (408, "ModelTimeoutException", "slow", FaultAction.RETRY, ""),
        (424, "ModelErrorException", "broken", FaultAction.RETRY, ""),
        (400, "ValidationException", "The provided model identifier is invalid.", FaultAction.FAIL_CALL, "identifier"),
        (400, "ServiceQuotaExceededException", "over", FaultAction.ABORT_RUN, "quota"),
        (403, "AccessDeniedException", "no access to the model", FaultAction.ABORT_RUN, "does not let the key"),
        (403, "UnrecognizedClientException", "The security token is invalid.", FaultAction.ABORT_RUN, "to a valid key"),
        (403, "ExpiredTokenException", "expired", FaultAction.ABORT_RUN, "to a valid key"),
        (403, "InvalidSignatureException", "Signature expired", FaultAction.ABORT_RUN, "to a valid key"),
        (404, "ResourceNotFoundException", "end of its life", FaultAction.FAIL_CALL, "knows no model"),
    ],
)
def test_what_errors_of_bedrock_mean(status: int, kind: str, message: str, action: FaultAction, expected: str) -> None:
    for body in ({"message": message}, {"Message": message}):
        fault = bedrock_fault(status, kind, body)
        assert fault.action is action
        assert expected in fault.what
        assert message in fault.what
    assert bedrock_fault(status, kind, None).action is (FaultAction.BACK_OFF if "per day" in message else action)


def test_a_wrong_key_of_bedrock_is_told_by_words() -> None:
    said = {"Message": "Authentication failed: Please make sure your API Key is valid."}
    fault = bedrock_fault(403, "AccessDeniedException", said, Secret(KEY))
    assert "set AWS_BEARER_TOKEN_BEDROCK to a valid key" in fault.what


@pytest.mark.parametrize(
    ("message", "parameter"),
    [
        ("The model returned the following errors: `temperature` is deprecated for this model.", "temperature"),
        ("The model returned the following errors: thinking: Extra inputs are not permitted", "reasoning"),
        ("This model doesn't support the outputConfig.textFormat field. Remove it and try again.", "schema"),
        ("This model doesn't support system messages. Try again without a system message.", "system"),
        ("The maximum tokens you requested exceeds the model limit of 8192. Try again with a lower one.", "max_tokens"),
        ("Invocation of model ID x with on-demand throughput isn't supported. Retry with an inference profile.", ""),
    ],
)
def test_what_bedrock_refuses_of_a_request(message: str, parameter: str) -> None:
    fault = bedrock_fault(400, "ValidationException", {"message": message})
    assert (fault.parameter, fault.action) == (parameter, FaultAction.FAIL_CALL)


@pytest.mark.parametrize(
    ("message", "parameter"),
    [
        ("JSON mode is not enabled for models/gemma-3-27b-it", "schema"),
        ("Invalid JSON payload received. Unknown name \"responseJsonSchema\" at 'generation_config'", "schema"),
        ("Thinking is not enabled for this model", "reasoning"),
        ("Thinking level MEDIUM is not supported for this model.", "reasoning"),
        ("Developer instruction is not enabled for models/gemma-3-27b-it", "system"),
    ],
)
def test_what_gemini_refuses_of_a_request(message: str, parameter: str) -> None:
    assert google_fault(400, "INVALID_ARGUMENT", message).parameter == parameter


def account(provider: str, environ: dict[str, str], **options: Any) -> Account:
    return open_account(provider, environ=environ, **options)


def test_gemini_takes_either_variable() -> None:
    assert account("google", {"GOOGLE_API_KEY": KEY}).key == Secret(KEY)
    both = account("google", {"GOOGLE_API_KEY": "another-key", "GEMINI_API_KEY": KEY})
    assert (both.key, both.key_variable) == (Secret(KEY), "GEMINI_API_KEY")
    with raises("key-missing", "set GEMINI_API_KEY, or GOOGLE_API_KEY in the environment"):
        account("google", {})


def test_bedrock_takes_its_key_or_that_of_aws_in_a_region() -> None:
    own = account("bedrock", {**AWS, "AWS_BEARER_TOKEN_BEDROCK": KEY})
    assert (own.key, own.key_variable) == (Secret(KEY), "AWS_BEARER_TOKEN_BEDROCK")
    assert own.base_url == "https://bedrock-runtime.eu-west-1.amazonaws.com"
    signing = account("bedrock", AWS)
    assert signing.key == AwsKeys(ID, SECRET, TOKEN, "eu-west-1")
    assert signing.key_variable == "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    elsewhere = account("bedrock", AWS, base_url="https://bedrock-runtime.us-east-1.amazonaws.com")
    assert isinstance(elsewhere.key, AwsKeys)
    assert elsewhere.key.region == "us-east-1", "the region of the host"
    given = account("bedrock", {}, key=AwsKeys(ID, SECRET, region="ap-south-1"))
    assert given.base_url == "https://bedrock-runtime.ap-south-1.amazonaws.com"
    vpce = "https://vpce-1-a.bedrock-runtime.eu-west-1.vpce.amazonaws.com"
    assert account("bedrock", AWS, base_url=vpce).key == signing.key


@pytest.mark.parametrize(
    ("environ", "options", "code", "text"),
    [
        ({**AWS, "AWS_REGION": ""}, {}, "region-missing", "set AWS_REGION in the environment, such as eu-central-1"),
        ({**AWS, "AWS_REGION": "evil.example/"}, {}, "region-malformed", "AWS_REGION"),
        ({"AWS_REGION": "eu-west-1"}, {}, "key-missing", "or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"),
        ({**AWS, "AWS_SECRET_ACCESS_KEY": ""}, {}, "key-half", "AWS_SECRET_ACCESS_KEY is not"),
        ({**AWS, "AWS_SESSION_TOKEN": "a\nb"}, {}, "key-malformed", "AWS_ACCESS_KEY_ID"),
        (AWS, {"base_url": "https://bedrock-runtime.evil.example"}, "key-of-other-host", "goes to bedrock-runtime."),
        (AWS, {"base_url": "https://ec2-1.eu-west-1.amazonaws.com"}, "key-of-other-host", ""),
        ({}, {"base_url": "http://127.0.0.1:9", "key": AwsKeys(ID, SECRET)}, "region-missing", "AWS_REGION"),
    ],
)
def test_keys_of_aws_that_cannot_be_used(
    environ: dict[str, str], options: dict[str, Any], code: str, text: str
) -> None:
    with raises(code, text) as raised:
        account("bedrock", environ, **options)
    assert SECRET not in everything_of(raised.value)


def test_keys_of_aws_are_for_bedrock_only() -> None:
    with raises("key-of-aws"):
        account("openai", {}, key=AwsKeys(ID, SECRET))


def test_no_part_of_a_key_of_aws_is_shown() -> None:
    key = AwsKeys(ID, SECRET, TOKEN, "eu-west-1")
    assert {repr(key), str(key), f"{key}"} == {"***"}
    echoed = f"no signature: {ID} {SECRET} x-amz-security-token:{TOKEN} and {TOKEN[301:330]} of it"
    shown = redacted(echoed, key)
    assert shown == "no signature: *** *** x-amz-security-token:*** and *** of it"


def test_a_signature_is_that_of_botocore() -> None:
    """As botocore 1.44.8 made it; test_real_clients.py compares more of them."""
    keys = AwsKeys("AKIDEXAMPLE0123", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "", "eu-central-1")
    url = BEDROCK.url("https://bedrock-runtime.eu-central-1.amazonaws.com", "anthropic.claude-3-haiku-20240307-v1:0")
    at = datetime(2026, 11, 28, 23, 59, 59, tzinfo=UTC)
    assert signed_headers(keys, url, b"{}", "bedrock", at) == {
        "X-Amz-Date": "20261128T235959Z",
        "Authorization": "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE0123/20261128/eu-central-1/bedrock/aws4_request, "
        "SignedHeaders=content-type;host;x-amz-date, "
        "Signature=54b261e37b0392f6b84bcd9ddba567f5a205d75bb907d53b6f4401ddd0a96d4d",
    }


@pytest.mark.parametrize("model", ["anthropic.claude-3-haiku-20240307-v1:0", ARN, "global.anthropic.claude-sonnet-5-5"])
def test_a_request_arrives_as_it_was_signed(model: str) -> None:
    async def run() -> None:
        came: list[tuple[str, dict[str, str], bytes]] = []

        async def answer(request: web.BaseRequest) -> web.StreamResponse:
            came.append((request.raw_path, dict(request.headers), await request.read()))
            return response_of(200, {"output": {"message": {"content": [{"text": "hi"}]}}, "stopReason": "end_turn"})

        async with serving(answer) as url:
            keys = AwsKeys(ID, SECRET, TOKEN, "eu-west-1")
            at = open_account("bedrock", model, url, keys, environ={})
            body, _ = BEDROCK.body(HELLO, model, at.traits)
            own = BEDROCK.url(at.base_url, model)
            async with Transport(at) as transport:
                await transport.exchange(Call(Request(BEDROCK.name, own, body)))
        [(path, headers, raw)] = came
        assert path == urlsplit(own).path
        signed = datetime.strptime(headers["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        expected = signed_headers(keys, f"http://{headers['Host']}{path}", raw, "bedrock", signed)
        assert {name: headers[name] for name in expected} == expected
        assert headers["Content-Type"] == "application/json"
        assert SECRET not in str(headers)

    asyncio.run(run())


def test_the_key_of_gemini_is_in_a_header_and_in_no_url() -> None:
    assert GOOGLE.headers(Secret(KEY)) == {"x-goog-api-key": KEY}
    assert KEY not in GOOGLE.url("https://generativelanguage.googleapis.com", "gemini-3.8-flash")


@pytest.mark.parametrize("provider", ["google", "bedrock", "openai"])
def test_what_a_journal_has_costs_what_it_cost(provider: str) -> None:
    found = open_account(provider, key=Secret(KEY), environ=AWS)
    dialect = DIALECTS[found.dialect]
    body, _ = dialect.body(HELLO, found.model, found.traits)
    url = dialect.url(found.base_url, found.model)
    assert provider_at(url) == provider
    reading = Reading("", Finish.STOP, "", "", input_tokens=100_000, output_tokens=0)
    assert _cost({"url": url, "body": body, "dialect": found.dialect}, reading)


def test_the_table_says_where_else_keys_are() -> None:
    rows = {row.provider: row for row in load()}
    assert rows["google"].variables == ("GEMINI_API_KEY", "GOOGLE_API_KEY")
    assert rows["bedrock"].variables == (
        *("AWS_BEARER_TOKEN_BEDROCK", *AWS, "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ROLE_ARN"),
        *("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"),
    )
