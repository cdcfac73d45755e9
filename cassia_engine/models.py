"""Language models by provider, from a dated table: what to use today, and what has become of older advice.

The table, data/models.tsv, has one row per provider and model, tab-separated; its columns are the fields of
`Model` in their order. docs/models.md is made from it by scripts/make_models_doc.py, and says what tiers and
aliases mean. data/model_ends.tsv says which other models end, and when; scripts/update_models.py makes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import NamedTuple

from cassia_engine import package_data
from cassia_engine.callers import option
from cassia_engine.errors import UsageError, did_you_mean

# A model's place among those listed for its provider, by its maker's account and price.
TIERS = ("high", "middle", "low", "free", "local")
ALIASES = ("best", "fast", "cheap", "local")


class Model(NamedTuple):
    """A model as a provider names it.

    Attributes:
        documented: the documentation of CASSIA recommends it.
        ends: day (ISO) from which its maker no longer serves it, "" where none was announced.
        successor: the model of the same provider to use instead, "" where none is known.
        good_for: its maker's account; it was not measured on cell types.
        checked: day (ISO) on which the row was compared with `source`.
    """

    provider: str
    model: str
    tier: str
    aliases: tuple[str, ...]
    documented: bool
    ends: str
    successor: str
    good_for: str
    checked: str
    source: str

    def cells(self) -> tuple[str, ...]:
        """The row as text, as the table has it."""
        return (*self[:3], " ".join(self.aliases), "yes" if self.documented else "", *self[5:])


class Ending(NamedTuple):
    """When a model ends; the fields are those of `Model`."""

    ends: date
    successor: str


@cache
def load() -> tuple[Model, ...]:
    """The shipped table in its order, read once a process."""
    return tuple(_model(*row) for row in package_data.rows("models.tsv"))


def _model(provider: str, model: str, tier: str, aliases: str, documented: str, *rest: str) -> Model:
    return Model(provider, model, tier, tuple(aliases.split()), documented == "yes", *rest)


@cache
def endings() -> dict[tuple[str, str], Ending]:
    """The models whose end is announced, listed or not, by provider and model."""
    rows = [row[:4] for row in package_data.rows("model_ends.tsv")]
    rows += [[row.provider, row.model, row.ends, row.successor] for row in load() if row.ends]
    return {(provider, model): Ending(date.fromisoformat(ends), new) for provider, model, ends, new in rows}


def current(provider: str, model: str, today: date) -> str:
    """The model itself, or where its end has come the one that has taken its place and is still served."""
    while (ending := endings().get((provider, model))) and ending.ends <= today and ending.successor:
        model = ending.successor
    return model


def providers() -> tuple[str, ...]:
    """The providers that models are listed for, in the table's order."""
    return tuple(dict.fromkeys(row.provider for row in load()))


def select(provider: str | None = None, alias: str | None = None) -> list[Model]:
    """The rows of a provider, of an alias, or of both; all of them without either.

    Raises:
        UsageError: there is no such provider or alias, or the provider has no model for the alias.
    """
    if provider is not None and provider not in providers():
        raise UsageError(
            f"{option('provider', provider)}: it has no models here{_choices(provider, providers())}",
            code="models-provider-unknown",
        )
    if alias is not None and alias not in ALIASES:
        raise UsageError(
            f"{option('alias', alias)}: there is no such alias{_choices(alias, ALIASES)}", code="models-alias-unknown"
        )
    listed = [row for row in load() if provider in (None, row.provider)]
    rows = [row for row in listed if alias is None or alias in row.aliases]
    if not rows:
        others = [name for name in ALIASES if any(name in row.aliases for row in listed)]
        raise UsageError(
            f"{option('alias', alias)}: {provider} has no model for it; it has {', '.join(others)}",
            code="models-alias-not-offered",
        )
    return rows


def _choices(given: str, known: Sequence[str]) -> str:
    return f"{did_you_mean(given.lower(), known)}; choose from {', '.join(known)}"
