"""The fields that each API knows, and what it says of others. From the official client packages."""

from __future__ import annotations

from collections.abc import Mapping

OPENAI, ANTHROPIC, OLLAMA = "openai-chat", "anthropic-messages", "ollama-chat"
GOOGLE, BEDROCK = "google-generate-content", "bedrock-converse"
OPENROUTER, MISTRAL, GROQ, DEEPSEEK = (
    "openrouter",
    "mistral",
    "groq",
    "deepseek",
)  # they speak OpenAI's dialect with fields of their own


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
    OPENROUTER: _OPENAI
    | _names("""
        cache_control debug deferred_tools image_config min_p models plugins provider reasoning repetition_penalty route
        session_id stop_server_tools_when top_a top_k trace transforms usage"""),
    GROQ: _names("""
        citation_options compound_custom disable_tool_validation documents exclude_domains frequency_penalty
        function_call functions include_domains include_reasoning logit_bias logprobs max_completion_tokens max_tokens
        messages metadata model n parallel_tool_calls presence_penalty reasoning_effort reasoning_format
        response_format search_settings seed service_tier stop store stream temperature tool_choice tools top_logprobs
        top_p user"""),
    MISTRAL: _names("""
        frequency_penalty guardrails logprobs max_tokens messages metadata min_tokens model n parallel_tool_calls
        prediction presence_penalty prompt_cache_key prompt_logprobs prompt_mode random_seed reasoning_effort
        repetition_penalty response_format safe_prompt service_tier stop stream temperature tool_choice tools top_k
        top_logprobs top_p top_prompt_logprobs"""),
    DEEPSEEK: _names("""
        frequency_penalty logprobs max_tokens messages model presence_penalty reasoning_effort response_format stop
        stream stream_options temperature thinking tool_choice tools top_logprobs top_p user_id"""),
    ANTHROPIC: _names("""
        cache_control container diagnostics inference_geo max_tokens messages metadata model output_config service_tier
        speed stop_sequences stream system temperature thinking tool_choice tools top_k top_p user_profile_id
        workspace_id"""),
    OLLAMA: _names("format keep_alive logprobs messages model options shift stream think tools top_logprobs truncate"),
    GOOGLE: _names("""
        cachedContent contents generationConfig labels safetySettings serviceTier store systemInstruction toolConfig
        tools"""),
    BEDROCK: _names("""
        additionalModelRequestFields additionalModelResponseFieldPaths guardrailConfig inferenceConfig messages
        outputConfig performanceConfig projectIdentifier promptVariables requestMetadata serviceTier system
        toolConfig"""),
}
OLLAMA_OPTIONS = _names("""
    frequency_penalty min_p mirostat mirostat_eta mirostat_tau num_batch num_ctx num_gpu num_keep num_predict
    num_thread presence_penalty repeat_last_n repeat_penalty seed stop temperature tfs_z top_k top_p typical_p""")

GOOGLE_CONFIG = _names("""
    candidateCount enableEnhancedCivicAnswers frequencyPenalty logprobs maxOutputTokens mediaResolution
    presencePenalty responseFormat responseJsonSchema responseLogprobs responseMimeType responseModalities
    responseSchema seed speechConfig stopSequences temperature thinkingConfig topK topP""")
BEDROCK_CONFIG = _names("maxTokens stopSequences temperature topP")

UNKNOWN_FIELD = {
    OPENAI: "Unrecognized request argument supplied: {}",
    OPENROUTER: "Unrecognized key(s) in object: '{}'",
    GROQ: "property '{}' is unsupported",
    MISTRAL: "Extra inputs are not permitted: {}",
    DEEPSEEK: "Failed to deserialize the JSON body into the target type: unknown field `{}`",
    ANTHROPIC: "{}: Extra inputs are not permitted",
    OLLAMA: 'json: unknown field "{}"',
    GOOGLE: 'Invalid JSON payload received. Unknown name "{}": Cannot find field.',
    BEDROCK: "Malformed input request: extraneous key [{}] is not permitted, please reformat your input and try again.",
}
UNKNOWN_STATUS = {MISTRAL: 422, DEEPSEEK: 422}

# A word in a model's name, and the fields that such a model refuses.
REFUSALS: Mapping[str, frozenset[str]] = {
    "reasoner": _names("temperature"),
    "no-schema": _names("response_format output_config.format format responseJsonSchema outputConfig.textFormat"),
    "no-reasoning": _names("reasoning_effort reasoning thinking output_config.effort think thinkingConfig"),
}
_OPENAI_REFUSES = "Unsupported parameter: '{}' is not supported with this model."
REFUSES = {
    OPENAI: _OPENAI_REFUSES,
    OPENROUTER: _OPENAI_REFUSES,
    GROQ: _OPENAI_REFUSES,
    DEEPSEEK: _OPENAI_REFUSES,
    MISTRAL: _OPENAI_REFUSES,
    ANTHROPIC: "`{}` is not supported for this model.",
    OLLAMA: 'this model does not support "{}"',
    GOOGLE: "{} is not supported by this model.",
    BEDROCK: "This model doesn't support the {} field. Remove {} and try again.",
}
# Where the words are not those that the API has for other fields.
REFUSES_IN_WORDS = {
    (GOOGLE, "responseJsonSchema"): "JSON mode is not enabled for this model",
    (GOOGLE, "thinkingConfig"): "Thinking is not enabled for this model",
    (BEDROCK, "thinking"): "The model returned the following errors: thinking: Extra inputs are not permitted",
    (BEDROCK, "temperature"): ("The model returned the following errors: `temperature` is deprecated for this model."),
}
