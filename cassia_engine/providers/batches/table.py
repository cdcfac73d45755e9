"""Which provider has which batch API."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cassia_engine.callers import argument, option
from cassia_engine.errors import UsageError
from cassia_engine.providers.accounts import Account
from cassia_engine.providers.batches.anthropic import AnthropicBatches
from cassia_engine.providers.batches.batch_api import BatchApi
from cassia_engine.providers.batches.files import MistralBatches, OpenAIBatches
from cassia_engine.providers.batches.google import GoogleBatches
from cassia_engine.providers.dialects import DIALECTS

APIS: Mapping[str, Callable[[str, str], BatchApi]] = {
    "openai": OpenAIBatches,
    "anthropic": AnthropicBatches,
    "google": GoogleBatches,
    "mistral": MistralBatches,
    "groq": OpenAIBatches,
}


def api_of(account: Account) -> BatchApi:
    """The batch API of an account.

    Raises:
        UsageError: its provider has none.
    """
    make = APIS.get(account.provider)
    if make is None:
        what = f"{option('batch', True)}: {account.provider} has no batch API that cassia knows; {', '.join(APIS)} have"
        raise UsageError(f"{what} one. Leave {argument('batch')} out", code="batch-not-offered")
    return make(DIALECTS[account.dialect].url(account.base_url, account.model), account.model)
