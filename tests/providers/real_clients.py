"""What google-genai and boto3 make of our requests and of the mock: run as a module by the Python of their environment.

Standard input is JSON: {"mock": URL, "key": text, "requests": [{"dialect", "url", "model", "body"}],
"signatures": [{"url", "payload", "region", "keys", "headers"}]}. Standard output is one JSON object of what was found;
the test that calls this compares it.
"""

from __future__ import annotations

import datetime
import json
import sys
from typing import Any
from unittest import mock as patches

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.config
import botocore.credentials
import botocore.exceptions
import botocore.session
import botocore.validate
from google import genai
from google.genai import errors, types

from tests.providers.recorder import Recorder, recording


def google(url: str, key: str) -> genai.Client:
    return genai.Client(api_key=key, http_options=types.HttpOptions(base_url=url, api_version="v1beta"))


def bedrock(url: str, key: str) -> Any:
    """A client that signs, with the id of the key that the mock wants."""
    config = botocore.config.Config(retries={"total_max_attempts": 1})
    return boto3.client(
        "bedrock-runtime", region_name="eu-central-1", endpoint_url=url, config=config,
        aws_access_key_id=key, aws_secret_access_key="secret",
    )  # fmt: skip


def google_arguments(body: dict[str, Any]) -> dict[str, Any]:
    """Our request as arguments of the client; each part is checked by the client's own model, which forbids others."""
    config = types.GenerationConfig.model_validate(body["generationConfig"]).model_dump(exclude_none=True)
    system = types.Content.model_validate(body["systemInstruction"]) if "systemInstruction" in body else None
    return {
        "contents": [types.Content.model_validate(turn) for turn in body["contents"]],
        "config": types.GenerateContentConfig(system_instruction=system, **config),
    }


def sent_by_client(url: str, key: str, request: dict[str, Any]) -> dict[str, Any]:
    """What the real client sends for the same request: its path, its body, and where the key is."""
    body, model = request["body"], request["model"]
    if request["dialect"] == "google-generate-content":
        assert set(body) <= {"systemInstruction", "contents", "generationConfig"}
        client = google(url, key)  # It is closed where nothing holds it.
        client.models.generate_content(model=model, **google_arguments(body))
    else:
        shape = botocore.session.get_session().get_service_model("bedrock-runtime").operation_model("Converse")
        report = botocore.validate.ParamValidator().validate({"modelId": model, **body}, shape.input_shape)
        assert not report.has_errors(), report.generate_report()
        bedrock(url, key).converse(modelId=model, **body)
    sent = Recorder.seen.pop()
    config = sent["body"].get("generationConfig", {})
    if thinking := config.get("thinkingConfig"):
        # The API takes both spellings; the client writes thinking_level.
        config["thinkingConfig"] = types.ThinkingConfig.model_validate(thinking).model_dump(
            by_alias=True, exclude_none=True, mode="json"
        )
    return sent


def signature_of(signed: dict[str, Any]) -> str:
    """The header Authorization that botocore makes."""
    at = datetime.datetime.strptime(signed["headers"]["X-Amz-Date"], "%Y%m%dT%H%M%SZ")
    identifier, secret, token = signed["keys"]
    credentials = botocore.credentials.Credentials(identifier, secret, token or None)
    request = botocore.awsrequest.AWSRequest(
        "POST", signed["url"], {"Content-Type": "application/json"}, signed["payload"].encode()
    )
    with patches.patch("botocore.auth.get_current_datetime", return_value=at):
        botocore.auth.SigV4Auth(credentials, "bedrock", signed["region"]).add_auth(request)
    return str(request.headers["Authorization"])


def asked_of_mock(url: str, key: str) -> dict[str, Any]:
    """What the clients read of the mock's answers and errors."""
    client, runtime = google(url, key), bedrock(url, key)
    found: dict[str, Any] = {}
    for fault in ("", "length", "refusal", "content_filter"):
        model = f"mock-fault-{fault}" if fault else "mock"
        reply = client.models.generate_content(model=model, contents="ping")
        [candidate] = reply.candidates or [None]
        ending = candidate.finish_reason if candidate else reply.prompt_feedback.block_reason
        counted = reply.usage_metadata.prompt_token_count
        told = runtime.converse(modelId=model, messages=[{"role": "user", "content": [{"text": "ping"}]}])
        texts = [part["text"] for part in told["output"]["message"]["content"]]
        found[fault] = {
            "google": [reply.text, ending.name, bool(counted)],
            "bedrock": ["".join(texts), told["stopReason"], bool(told["usage"]["inputTokens"])],
        }
    for fault in ("429", "400", "401", "403", "503"):
        found[fault] = {"google": google_error(client, fault), "bedrock": bedrock_error(runtime, fault)}
    return found


def google_error(client: genai.Client, fault: str) -> list[Any]:
    try:
        client.models.generate_content(model=f"mock-fault-{fault}", contents="ping")
    except errors.APIError as error:
        return [error.code, error.status]
    raise AssertionError(fault)


def bedrock_error(runtime: Any, fault: str) -> list[Any]:
    try:
        runtime.converse(modelId=f"mock-fault-{fault}", messages=[{"role": "user", "content": [{"text": "ping"}]}])
    except botocore.exceptions.ClientError as error:
        return [error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"]]
    raise AssertionError(fault)


def main() -> None:
    asked = json.load(sys.stdin)
    with recording() as url:
        sent = [sent_by_client(url, asked["key"], request) for request in asked["requests"]]
    signatures = [signature_of(signed) for signed in asked["signatures"]]
    told = asked_of_mock(asked["mock"], asked["key"])
    print(json.dumps({"sent": sent, "signatures": signatures, "told": told}))


if __name__ == "__main__":
    main()
