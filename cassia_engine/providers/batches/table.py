"""The batch APIs by the names that the table of providers has for them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from cassia_engine.callers import argument, option
from cassia_engine.errors import UsageError
from cassia_engine.providers.accounts import Account
from cassia_engine.providers.batches.anthropic import AnthropicBatches
from cassia_engine.providers.batches.batch_api import BatchApi
from cassia_engine.providers.batches.files import MistralBatches, OpenAIBatches
from cassia_engine.providers.batches.google import GoogleBatches
from cassia_engine.providers.dialects import DIALECTS
from cassia_engine.providers.table import load

Maker = Callable[[str, str], BatchApi]  # by the URL of a single request, and the model
_MAKERS: dict[str, Maker] = {
    "openai": OpenAIBatches,
    "anthropic": AnthropicBatches,
    "google": GoogleBatches,
    "mistral": MistralBatches,
}


@cache
def makers() -> dict[str, Maker]:
    """The batch APIs by provider, in the order of the table."""
    return {row.provider: _MAKERS[row.batch_api] for row in load() if row.batch_api}


def api_of(account: Account) -> BatchApi:
    """The batch API of an account.

    Raises:
        UsageError: its provider has none.
    """
    make = makers().get(account.provider)
    if make is None:
        what = f"{option('batch', True)}: {account.provider} has no batch API that cassia knows"
        others = f"{', '.join(makers())} have one. Leave {argument('batch')} out"
        raise UsageError(f"{what}; {others}", code="batch-not-offered")
    return make(DIALECTS[account.dialect].url(account.base_url, account.model), account.model)
