"""How real models and servers answer, as data: a mode changes a good reply, or refuses a request.

Each was seen: at vendors, gateways (litellm), model servers (vLLM, llama.cpp, LM Studio, Ollama) and with models that
write around the form.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

Refusal = tuple[int, Any]
Body = dict[str, Any]


def in_genes(said: Any, write: Callable[[str], str], key: str = "") -> Any:
    """A reply in which every gene is written in another way."""
    if isinstance(said, dict):
        return {name: in_genes(value, write, name) for name, value in said.items()}
    if isinstance(said, list):
        return [in_genes(value, write, key) for value in said]
    return write(said) if key in ("gene", "genes", "separating_genes") else said


_PROTEINS = {"MS4A1": "CD20", "FCGR3A": "CD16", "MKI67": "Ki-67", "PTPRC": "CD45"}
GENES: Mapping[str, Callable[[str], str]] = {
    "paren": lambda gene: f"{gene} (marker)",
    "delta": lambda gene: f"{gene} (CD3 delta)",
    "alias": lambda gene: _PROTEINS.get(gene, gene),
    "slash": lambda gene: f"{gene}/X",
    "plus": lambda gene: f"{gene}+",
    "md": lambda gene: f"**{gene}**",
    "tick": lambda gene: f"`{gene}`",
    "italic": lambda gene: f"_{gene}_",
    "html": lambda gene: f"<b>{gene}</b>",
    "number": lambda gene: f"1. {gene}",
    "bullet": lambda gene: f"- {gene}",
    "colon": lambda gene: f"{gene}: T cell marker",
    "value": lambda gene: f"{gene} (log2FC=3.1)",
    "dot": lambda gene: f"{gene}.",
    "high": lambda gene: f"{gene} high",
    "twice": lambda gene: f"{gene}/{gene}",
}


def _camel(text: str) -> str:
    said = json.loads(text)
    return json.dumps({re.sub("_(.)", lambda found: found[1].upper(), name): value for name, value in said.items()})


def _lines(text: str, bold: str, write: Callable[[Any], str]) -> str:
    return "\n".join(f"{bold}{name}{bold}: {write(value)}" for name, value in json.loads(text).items())


TEXTS: Mapping[str, Callable[[str], str]] = {
    "think": lambda t: f'<think>\nLet me look at {{"evidence": [CD3D]}}. The genes...\n</think>\n\n{t}',
    "thinkopen": lambda t: f'Okay, so genes... {{"a":1}}\n</think>\n{t}',
    "fence": lambda t: f"Here is the annotation:\n```json\n{t}\n```\nLet me know if you need more!",
    "harmony": lambda t: (
        "<|channel|>analysis<|message|>We need JSON<|end|><|start|>assistant<|channel|>final<|message|>" + t
    ),
    "bom": lambda t: "\ufeff" + t,
    "smart": lambda t: t.replace('"', "“", 1),
    "list": lambda t: f"[{t}]",
    "wrap": lambda t: json.dumps({"result": json.loads(t)}),
    "wrap2": lambda t: json.dumps({"cluster_0": json.loads(t)}),
    "str": json.dumps,
    "trail": lambda t: re.sub("}$", ",}", t),
    "py": lambda t: repr(json.loads(t)),
    "comments": lambda t: t.replace("{", "{ // claim\n", 1),
    "tool": lambda t: f'<tool_call>\n{{"name":"answer","arguments":{t}}}\n</tool_call>',
    "two": lambda t: f"{t}\n{t}",
    "cn": lambda t: f"以下是注释结果：\n{t}\n希望对您有帮助。",
    "answer": lambda t: f"<answer>{t}</answer>",
    "boxed": lambda t: f"\\boxed{{{t}}}",
    "up": lambda t: json.dumps({name.upper(): value for name, value in json.loads(t).items()}),
    "camel": _camel,
    "md_only": lambda t: _lines(t, "**", str),
    "yaml": lambda t: _lines(t, "", json.dumps),
}
# Texts without an answer in them.
HOPELESS: Mapping[str, Callable[[str], str | None]] = {
    "prose": lambda t: "The cluster most likely consists of T cells, based on CD3D and CD3E.",
    "empty": lambda t: "",
    "null": lambda t: None,
}


def _message(**changes: Any) -> Callable[[Body], Body]:
    def change(body: Body) -> Body:
        body["choices"][0]["message"] |= changes
        return body

    return change


def _finish(reason: Any) -> Callable[[Body], Body]:
    def change(body: Body) -> Body:
        body["choices"][0]["finish_reason"] = reason
        return body

    return change


def _without(*names: str) -> Callable[[Body], Body]:
    return lambda body: {name: value for name, value in body.items() if name not in names}


def _parts(body: Body) -> Body:
    message = body["choices"][0]["message"]
    message["content"] = [{"type": "text", "text": message["content"]}]
    return body


def _only_reasoning(body: Body) -> Body:
    message = body["choices"][0]["message"]
    message["reasoning_content"], message["content"] = message["content"], ""
    return body


def _half(body: Body) -> Body:
    message = body["choices"][0]["message"]
    message["content"] = message["content"][: len(message["content"]) // 2]
    return _finish("length")(body)


# Bodies that are odd, with the answer in them all the same.
BODIES: Mapping[str, Callable[[Body], Body]] = {
    "reasoning_content": _message(reasoning_content="thinking..."),
    "parts": _parts,
    "nousage": _without("usage"),
    "nofinish": _finish(None),
    "eos": _finish("eos_token"),
    "noid": _without("id", "object", "created", "model"),
    "lengthfull": _finish("length"),
}
CUT: Mapping[str, Callable[[Body], Body]] = {"length": _half, "only_reasoning": _only_reasoning}


def refused(
    status: int, message: str, code: Any = None, param: Any = None, kind: str = "invalid_request_error"
) -> Refusal:
    return status, {"error": {"message": message, "type": kind, "param": param, "code": code}}


_USE_OTHER = (
    "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
)
_LITELLM = "litellm.UnsupportedParamsError: mock does not support parameters: {'%s'}, for model=mock."


def _has_system(asked: Body) -> bool:
    return bool(asked["messages"][0]["role"] == "system")


def _form(asked: Body) -> str:
    return str((asked.get("response_format") or {}).get("type", ""))


def _azure(asked: Body) -> Refusal | None:
    return refused(400, _USE_OTHER, "unsupported_parameter", "max_tokens") if "max_tokens" in asked else None


def _o1(asked: Body) -> Refusal | None:
    if refusal := _azure(asked):
        return refusal
    if asked.get("temperature", 1) != 1:
        told = "Unsupported value: 'temperature' does not support 0 with this model."
        return refused(400, told, "unsupported_value", "temperature")
    if form := _form(asked):
        told = f"Invalid parameter: 'response_format' of type '{form}' is not supported with this model."
        return refused(400, told, None, "response_format")
    if _has_system(asked):
        told = "Unsupported value: 'messages[0].role' does not support 'system' with this model."
        return refused(400, told, "unsupported_value", "messages[0].role")
    return None


def _litellm(asked: Body) -> Refusal | None:
    found = next((name for name in ("response_format", "reasoning_effort") if name in asked), "")
    return refused(400, _LITELLM % found, "400", None, "None") if found else None


def _litellm_temperature(asked: Body) -> Refusal | None:
    told = "litellm.UnsupportedParamsError: gpt-5 models don't support temperature=0. Only temperature=1 is supported."
    return refused(400, told) if "temperature" in asked else None


def _deepseek(asked: Body) -> Refusal | None:
    told = "This response_format type is unavailable now"
    return refused(400, told) if _form(asked) == "json_schema" else None


def _lmstudio(asked: Body) -> Refusal | None:
    told = "'response_format.type' must be 'json_schema' or 'text'"
    return (400, {"error": told}) if _form(asked) == "json_object" else None


def _ds_json(asked: Body) -> Refusal | None:
    told = "Prompt must contain the word 'json' in some form to use 'response_format' of type 'json_object'."
    lacks = not any("json" in str(message["content"]) for message in asked["messages"])
    return refused(400, told) if _form(asked) and lacks else None


def _least(most: int, told: str, param: Any = None) -> Callable[[Body], Refusal | None]:
    def refuse(asked: Body) -> Refusal | None:
        given = asked.get("max_tokens") or asked.get("max_completion_tokens") or 0
        return refused(400, told.format(given, 2000 + given), None, param) if given > most else None

    return refuse


def _system(body: Any) -> Callable[[Body], Refusal | None]:
    return lambda asked: (400, body) if _has_system(asked) else None


_GEMMA = {
    "object": "error",
    "message": "Conversation roles must alternate user/assistant/user/assistant/... ",
    "type": "BadRequestError",
    "code": 400,
}
# Servers that take the request in another form, and how many refusals of a run are enough to learn it.
PICKY: Mapping[str, tuple[Callable[[Body], Refusal | None], int]] = {
    "azure": (_azure, 1),
    "o1": (_o1, 5),
    "litellm": (_litellm, 1),
    "litellm_temperature": (_litellm_temperature, 1),
    "deepseek": (_deepseek, 1),
    "lmstudio_rf": (_lmstudio, 0),
    "ds_json": (_ds_json, 1),
    "vllm_sys": (_system(refused(400, "System role not supported")[1]), 1),
    "gemma": (_system(_GEMMA), 1),
    "maxtok": (
        _least(2048, "max_tokens is too large: {}. This model supports at most 2048 completion tokens.", "max_tokens"),
        1,
    ),
    "ds_max": (_least(2048, "Invalid max_tokens value, the valid range of max_tokens is [1, 2048]"), 1),
    "maxtok2": (
        _least(
            3072,
            "This model's maximum context length is 5072 tokens. However, you requested {1} tokens "
            "(2000 in the messages, {0} in the completion). Please reduce the length of the messages or completion.",
            "messages",
        ),
        6,  # one a call: how much of the context is left depends on the prompt
    ),
}

_CONTEXT = {
    "code": 400,
    "message": "the request exceeds the available context size (2048 tokens), try increasing it",
    "type": "exceed_context_size_error",
    "n_prompt_tokens": 2100,
    "n_ctx": 2048,
}
# Answers that no other form of the request changes; of each the cluster, or the run, fails with this in its line.
FAILING: Mapping[str, tuple[Refusal, str]] = {
    "llamacpp_ctx": ((400, {"error": _CONTEXT}), "exceeds the available context size (2048 tokens)"),
    "sensitive": (refused(400, "Content Exists Risk"), "Content Exists Risk"),
    "verify": (refused(400, "this account has to be verified first", "model_not_found", "model"), "has to be verified"),
    "nomodel": (refused(404, "model 'mock' not found, try pulling it first"), "ollama pull mock"),
    "policy": ((404, {"error": {"message": "no endpoint fits the data policy", "code": 404}}), "data policy"),
    "nojson404": ((404, {"error": {"message": "no endpoint supports all parameters of this request"}}), "parameters"),
    "looped": ((500, {"error": "prediction aborted, token repeat limit reached"}), "only repeated itself"),
}
ACCOUNT: Mapping[str, tuple[Refusal, str]] = {
    "region": (refused(403, "not available in this country", "unsupported_country_region_territory"), "country"),
    "no_db": (refused(400, "No connected db.", "400", None, "no_db_connection"), "set api_key to a valid key"),
    "proxy407": ((407, b"<html>Proxy Authentication Required</html>"), "HTTPS_PROXY"),
}
DOWN: Mapping[str, Refusal] = {
    "html200": (200, b"<html><body>Login to the hospital proxy</body></html>"),
    "err200": (200, {"error": {"message": "Provider returned error", "code": 502}}),
}
