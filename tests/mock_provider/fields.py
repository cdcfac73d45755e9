"""The fields that each API knows, and what it says of others. From the official client packages."""

from __future__ import annotations

from collections.abc import Mapping

OPENAI, ANTHROPIC, OLLAMA = "openai-chat", "anthropic-messages", "ollama-chat"
OPENROUTER, MISTRAL = "openrouter", "mistral"  # they speak OpenAI's dialect with fields of their own


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_OPENAI = _names("""
    audio frequency_penalty function_call functions logit_bias logprobs max_completion_tokens max_tokens messages
    metadata modalities model moderation n parallel_tool_calls prediction presence_penalty prompt_cache_key
    prompt_cache_options prompt_cache_retention reasoning_effort response_format safety_identifier seed service_tier
    stop store stream stream_options temperature tool_choice tools top_logprobs top_p user verbosity
    web_search_options""")
FIELDS: Mapping[str, frozenset[str]] = {
    OPENAI: _OPENAI,
    OPENROUTER: _OPENAI | _names("models plugins provider reasoning route top_k transforms usage"),
    MISTRAL: _names("""
        frequency_penalty guardrails max_tokens messages metadata model n parallel_tool_calls prediction
        presence_penalty prompt_cache_key prompt_mode random_seed reasoning_effort response_format safe_prompt stop
        stream temperature tool_choice tools top_p"""),
    ANTHROPIC: _names("""
        cache_control container diagnostics inference_geo max_tokens messages metadata model output_config service_tier
        stop_sequences stream system temperature thinking tool_choice tools top_k top_p"""),
    OLLAMA: _names("format keep_alive logprobs messages model options shift stream think tools top_logprobs truncate"),
}
OLLAMA_OPTIONS = _names("""
    frequency_penalty min_p mirostat mirostat_eta mirostat_tau num_batch num_ctx num_gpu num_keep num_predict
    num_thread presence_penalty repeat_last_n repeat_penalty seed stop temperature tfs_z top_k top_p typical_p""")

UNKNOWN_FIELD = {
    OPENAI: "Unrecognized request argument supplied: {}",
    OPENROUTER: "Unrecognized key(s) in object: '{}'",
    MISTRAL: "Extra inputs are not permitted: {}",
    ANTHROPIC: "{}: Extra inputs are not permitted",
    OLLAMA: 'json: unknown field "{}"',
}
UNKNOWN_STATUS = {MISTRAL: 422}

# A word in a model's name, and the fields that such a model refuses.
REFUSALS: Mapping[str, frozenset[str]] = {
    "reasoner": _names("temperature"),
    "no-schema": _names("response_format output_config.format format"),
    "no-reasoning": _names("reasoning_effort reasoning thinking output_config.effort think"),
}
_OPENAI_REFUSES = "Unsupported parameter: '{}' is not supported with this model."
REFUSES = {
    OPENAI: _OPENAI_REFUSES,
    OPENROUTER: _OPENAI_REFUSES,
    MISTRAL: _OPENAI_REFUSES,
    ANTHROPIC: "`{}` is not supported for this model.",
    OLLAMA: 'this model does not support "{}"',
}
