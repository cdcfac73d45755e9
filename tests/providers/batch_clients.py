"""What the clients of the five vendors with a batch API make of our batches and of the mock's: run as a module by the
Python of their environment.

Standard input is JSON: {"mock": URL, "key": text, "created": {vendor: body of our request to create a batch}}. Standard
output is one JSON object: by vendor how the mock's batch ended, the ids of its answers, and what its batches are
called. Where a client's own types refuse our request or an answer, this ends with their error.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import anthropic
import groq
import mistralai.client
import openai
from anthropic.types.messages import MessageBatchIndividualResponse
from anthropic.types.messages.batch_create_params import BatchCreateParams as AnthropicParams
from google import genai
from google.genai import types
from groq.types.batch_create_params import BatchCreateParams as GroqParams
from mistralai.client.models import CreateBatchJobRequest
from openai.types.batch_create_params import BatchCreateParams as OpenAIParams

from tests.providers.vendor_clients import nothing_new, of_pydantic, strict

IDS = ["r0", "r1", "r2"]
TAG = {"cassia": "tag"}
ASKED = {"messages": [{"role": "user", "content": "ping"}], "max_tokens": 9}
Found = tuple[str, list[str], list[Any]]  # how it ended, ids of answers, and what batches are called


def waited(look: Callable[[], Any], ended: Callable[[Any], bool]) -> Any:
    """The batch once it has ended."""
    end = time.monotonic() + 60
    while not ended(batch := nothing_new(look())):
        assert time.monotonic() < end, batch
        time.sleep(0.05)
    return batch


def json_lines(lines: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def ids(text: str) -> list[str]:
    return sorted(json.loads(line)["custom_id"] for line in text.splitlines())


def of_files(client: Any) -> Found:
    """OpenAI and Groq."""
    place = {"method": "POST", "url": "/v1/chat/completions"}
    lines = [{"custom_id": id, **place, "body": {"model": "mock", **ASKED}} for id in IDS]
    file = client.files.create(file=("batch.jsonl", json_lines(lines)), purpose="batch")
    made = client.batches.create(input_file_id=file.id, endpoint=place["url"], completion_window="24h", metadata=TAG)
    batch = waited(lambda: client.batches.retrieve(made.id), lambda one: one.status == "completed")
    text = client.files.content(batch.output_file_id).read().decode()
    return batch.status, ids(text), [one.metadata for one in client.batches.list().data]


def of_openai(url: str, key: str) -> Found:
    with openai.OpenAI(api_key=key, base_url=f"{url}/v1", _strict_response_validation=True) as client:
        return of_files(client)


def of_groq(url: str, key: str) -> Found:
    with groq.Groq(api_key=key, base_url=url, _strict_response_validation=True) as client:
        return of_files(client)


def of_mistral(url: str, key: str) -> Found:
    with mistralai.client.Mistral(api_key=key, server_url=f"{url}/mistral") as client:
        lines = json_lines([{"custom_id": id, "body": ASKED} for id in IDS])
        file = client.files.upload(file={"file_name": "batch.jsonl", "content": lines}, purpose="batch")
        jobs = client.batch.jobs
        made = jobs.create(input_files=[file.id], model="mock", endpoint="/v1/chat/completions", metadata=TAG)
        job = waited(lambda: jobs.get(job_id=made.id), lambda one: one.status == "SUCCESS")
        text = client.files.download(file_id=job.output_file).read().decode()
        return job.status, ids(text), [one.metadata for one in jobs.list(order_by="-created").data]


def of_anthropic(url: str, key: str) -> Found:
    with anthropic.Anthropic(api_key=key, base_url=url, _strict_response_validation=True) as client:
        batches = client.messages.batches
        made = batches.create(requests=[{"custom_id": id, "params": {"model": "mock", **ASKED}} for id in IDS])
        batch = waited(lambda: batches.retrieve(made.id), lambda one: one.processing_status == "ended")
        # The client would go to the address that the batch tells; ours goes to the account's own.
        raw = client.get(f"/v1/messages/batches/{batch.id}/results", cast_to=str, options={})
        answers = [MessageBatchIndividualResponse.model_validate_json(line) for line in raw.splitlines()]
        return batch.processing_status, sorted(one.custom_id for one in nothing_new(answers)), []


def of_google(url: str, key: str) -> Found:
    client = genai.Client(api_key=key, http_options=types.HttpOptions(base_url=url, api_version="v1beta"))
    turns = [{"parts": [{"text": "ping"}], "role": "user"}]
    requests = [{"contents": turns, "metadata": {"key": id}} for id in IDS]
    made = client.batches.create(model="mock", src=requests, config={"display_name": "cassia-tag"})
    batch = waited(lambda: client.batches.get(name=made.name), lambda one: one.state.name == "JOB_STATE_SUCCEEDED")
    answered = [one.metadata["key"] for one in batch.dest.inlined_responses if one.response.text]
    return batch.state.name, answered, [one.display_name for one in client.batches.list()]


CLIENTS = {
    "openai": of_openai,
    "groq": of_groq,
    "mistral": of_mistral,
    "anthropic": of_anthropic,
    "google": of_google,
}
CHECKS = {
    "openai": strict(OpenAIParams),
    "groq": strict(GroqParams),
    "mistral": of_pydantic(CreateBatchJobRequest),
    "anthropic": strict(AnthropicParams),
}


def main() -> None:
    asked = json.load(sys.stdin)
    for vendor, body in asked["created"].items():
        CHECKS[vendor](body)
    print(json.dumps({name: ask(asked["mock"], asked["key"]) for name, ask in CLIENTS.items()}))


if __name__ == "__main__":
    main()
