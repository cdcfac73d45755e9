"""Wire dialects: how a chat becomes a request body, and a body an answer or an error."""

from collections.abc import Mapping
from types import MappingProxyType

from cassia_engine.providers.dialects.anthropic_messages import AnthropicMessages
from cassia_engine.providers.dialects.bedrock_converse import BedrockConverse
from cassia_engine.providers.dialects.command import Command
from cassia_engine.providers.dialects.dialect import ApiError, Dialect, Reading, Traits
from cassia_engine.providers.dialects.google_generate_content import GoogleGenerateContent
from cassia_engine.providers.dialects.ollama_chat import OllamaChat
from cassia_engine.providers.dialects.openai_chat import OpenAIChat

_KNOWN: tuple[Dialect, ...] = (
    OpenAIChat(),
    AnthropicMessages(),
    OllamaChat(),
    GoogleGenerateContent(),
    BedrockConverse(),
    Command(),
)
DIALECTS: Mapping[str, Dialect] = MappingProxyType({dialect.name: dialect for dialect in _KNOWN})

__all__ = ["DIALECTS", "ApiError", "Dialect", "Reading", "Traits"]
