"""Accounts: who is asked, where, with which key and which model. Three tables, no branches by vendor.

data/providers.tsv   one row per provider: dialect, address, variable of the key, default models
data/quirks.tsv      what a model at a provider takes: the first row whose pattern fits
data/models.tsv      aliases and ends (cassia_engine.models), with data/model_ends.tsv
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from functools import cache
from urllib.parse import urlsplit

from cassia_engine import models, package_data
from cassia_engine.callers import argument, option
from cassia_engine.errors import UsageError, did_you_mean
from cassia_engine.providers.address import check_air_gap, check_base_url, is_loopback
from cassia_engine.providers.command_line import name_of, url_of
from cassia_engine.providers.dialects import Traits
from cassia_engine.providers.keys import find_key, in_region, known, region_of
from cassia_engine.providers.prices import Price, price_of
from cassia_engine.providers.table import REGION, Provider, load
from cassia_engine.records import COMMAND, OFFLINE
from cassia_engine.secret import AwsKeys, Secret

CUSTOM = "custom"
MANY_WORKERS = 16


@dataclass(frozen=True, slots=True)
class Account:
    """A provider as it is asked in a run.

    Attributes:
        base_url: without a slash at its end; of a program `command:` and its command line.
        dialect: name of one of `dialects.DIALECTS`.
        key: None where none is sent.
        key_variable: where a person sets the key: a variable, or the argument that gave it.
        model: the provider's name of it.
        traits: what this model takes.
        replaced: the default or the alias's model that has ended and in whose place `model` is asked; "" if none has.
        streams: its replies are asked for in pieces, as a server of one's own may be slow.
        price: of the model's tokens; None if it is not known.
    """

    provider: str
    base_url: str
    dialect: str
    key: Secret | None
    key_variable: str
    model: str
    traits: Traits
    replaced: str = ""
    streams: bool = False
    price: Price | None = None


def traits_of(provider: str, model: str) -> Traits:
    """What a model takes, by the first row of the provider whose pattern fits its name."""
    return next(traits for name, pattern, traits in _quirks() if name == provider and fnmatchcase(model, pattern))


def open_account(
    provider: str,
    model: str | None = None,
    base_url: str | None = None,
    key: Secret | None = None,
    allow_http: bool = False,
    command: str | None = None,
    environ: Mapping[str, str] = os.environ,
    today: date | None = None,
    air_gap: bool = False,
    price: Price | None = None,
) -> Account:
    """The account that a run asks.

    Args:
        provider: a name of the table, or the base URL of an API in OpenAI's form.
        model: the provider's name of a model, or an alias of the table of models; None for the default.
        base_url: None for the provider's own.
        key: None for that in the provider's environment variable, which goes to the provider's own host only.
        allow_http: allow http to other machines than this one.
        command: the command line of the program that is asked, where the provider is one.
        today: the day for which defaults and aliases are; None for the clock's. A model that is named is asked as it
            is, whatever its end.
        air_gap: nothing may leave this machine.
        price: in place of that of the shipped table.

    Raises:
        UsageError: there is no such provider, no model, or nothing may be sent to that URL.
        AccountError: the key is missing, or no key can be like it.
    """
    provider, base_url = _named(provider, base_url)
    row = _provider(provider)
    if row.dialect == COMMAND:
        return _program(row, model, url_of(command, environ), price)
    if isinstance(key, AwsKeys) and not row.region_variables:
        raise UsageError(f"{option('provider', row.provider)}: a key of AWS is for Bedrock only", code="key-of-aws")
    region = region_of(row, key, environ)
    url = _url(row, base_url, allow_http, environ, region)
    if air_gap:
        check_air_gap(url, option("provider", row.provider))
    asked = _model(row, model)
    name = asked if asked == model else models.current(row.provider, asked, today or date.today())
    found, variable = find_key(row, url, key, moved=base_url is not None, environ=environ)
    found = in_region(found, row, url, region)
    replaced = "" if name == asked else asked
    traits = traits_of(row.provider, name)
    streams = row.key != "needed"
    price = price or price_of(row.provider, name)
    return Account(row.provider, url, row.dialect, found, variable, name, traits, replaced, streams, price)


def _program(row: Provider, model: str | None, url: str, price: Price | None) -> Account:
    """The account of a program, which needs no key; its model is called as the program is, if it has no other name."""
    name = name_of(url) if model is None else _model(row, model)
    return Account(row.provider, url, row.dialect, None, "", name, traits_of(row.provider, name), price=price)


def default_workers(account: Account) -> int:
    """Calls in flight at once where the person gives no number: a server on this machine has its cores for one, and a
    program may be a person."""
    if account.dialect == COMMAND:
        return 1
    return 1 if is_loopback(urlsplit(account.base_url).hostname or "") else MANY_WORKERS


def default_models(row: Provider, today: date | None = None) -> tuple[str, str]:
    """The default and the fast model of a provider on a day, today without one; "" where it has none."""
    day = today or date.today()
    return models.current(row.provider, row.model, day), models.current(row.provider, row.fast_model, day)


def warnings_of(account: Account, today: date | None = None) -> tuple[str, ...]:
    """What a person should know of the account's model at once: that it ends, or has ended."""
    if account.replaced:
        ended = models.endings()[account.provider, account.replaced]
        return (
            f"{account.replaced} was served until {ended.ends}: {account.model} is asked in its place "
            f"({option('model', account.replaced)} asks for the old one, and finds its answers in the journal)",
        )
    ending = models.endings().get((account.provider, account.model))
    return () if ending is None else (_ending(account.model, ending, today or date.today()),)


def _ending(model: str, ending: models.Ending, today: date) -> str:
    use = (
        f"use {ending.successor} ({argument('model')})"
        if ending.successor
        else f"choose another with {option('model')}"
    )
    if ending.ends <= today:
        return f"{model} was served until {ending.ends}, and that day has come; {use}"
    return f"{model} is served until {ending.ends}; then {use}"


def _named(provider: str, base_url: str | None) -> tuple[str, str | None]:
    """Provider and base URL, where the one may have been given as the other."""
    if "://" not in provider:
        return provider, base_url
    if base_url is not None and base_url.rstrip("/") != provider.rstrip("/"):
        raise UsageError(
            f"{argument('provider')} is a URL and {argument('base_url')} is another one; give one of them",
            code="two-base-urls",
        )
    return CUSTOM, provider


def provider_row(provider: str) -> Provider:
    """The row of a provider that was asked for by its name or by a URL.

    Raises:
        UsageError: there is none of this name.
    """
    return _provider(_named(provider, None)[0])


def _provider(name: str) -> Provider:
    rows = {row.provider: row for row in load()}
    if name in rows:
        return rows[name]
    names = (*rows, OFFLINE)
    question, known = did_you_mean(name.lower(), names), ", ".join(names)
    raise UsageError(
        f"{option('provider', name)}: there is none of this name{question}; choose from {known}, or give a URL",
        code="provider-unknown",
    )


def is_on_this_machine(provider: str, base_url: str | None, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether a provider is asked at this machine; the URL need not be checked.

    Raises:
        UsageError: there is no such provider.
    """
    provider, base_url = _named(provider, base_url)
    try:
        return is_loopback(urlsplit(_told_url(_provider(provider), base_url, environ)).hostname or "")
    except ValueError:
        return False


def _told_url(row: Provider, base_url: str | None, environ: Mapping[str, str]) -> str:
    """The URL of a provider as it is told, or its own; "" where it has none."""
    moved = environ.get(row.url_variable, "").strip() if row.url_variable else ""
    return base_url if base_url is not None else _host_url(moved) if moved else row.base_url


def _url(row: Provider, base_url: str | None, allow_http: bool, environ: Mapping[str, str], region: str) -> str:
    url = _told_url(row, base_url, environ)
    if not url:
        raise UsageError(
            f"{option('provider', row.provider)}: give the API's URL with {option('base_url')}, such as http://127.0.0.1:8000/v1",
            code="base-url-missing",
        )
    return check_base_url(url.replace(REGION, known(region, row)) if REGION in url else url, allow_http)


def _host_url(text: str) -> str:
    """The URL that a variable such as OLLAMA_HOST means; it may lack the scheme, the host and the port."""
    try:
        url = urlsplit(text if "://" in text else f"http://{text}")
    except ValueError:
        return text
    port = "" if "://" in text or re.search(r":\d+$", url.netloc) else ":11434"
    host = url.netloc.rstrip(":")
    # A server listens at every address under this name; a client has to choose one.
    host = re.sub(r"^(0\.0\.0\.0)?(?=:\d+$|$)", "127.0.0.1", host)
    return f"{url.scheme}://{host}{port}{url.path}"


def _model(row: Provider, asked: str | None) -> str:
    name = row.model if asked is None else asked
    if not name:
        what = f"{option('provider', row.provider)} has no default model: give the name of one with {option('model')}"
        raise UsageError(what, code="model-missing")
    if not re.fullmatch(r"[!-~]+", name):
        raise UsageError(
            f"{option('model', name)}: no model's name has spaces or other signs than letters, digits and marks",
            code="model-malformed",
        )
    listed = [found for found in models.load() if found.provider == row.provider]
    if name not in models.ALIASES or not listed:
        return name
    aliased = {alias: found.model for found in listed for alias in found.aliases}
    if name not in aliased:
        what = f"{row.provider} has no model for this alias; it has {', '.join(aliased)}"
        raise UsageError(f"{option('model', name)}: {what}", code="alias-not-offered")
    return aliased[name]


@cache
def _quirks() -> tuple[tuple[str, str, Traits], ...]:
    return tuple((cells[0], cells[1], _traits(*cells[2:])) for cells in package_data.rows("quirks.tsv"))


def _traits(temperature: str, reasoning: str, efforts: str, schema: str, field: str, marks: str, more: str) -> Traits:
    return Traits(
        temperature=temperature == "yes",
        reasoning=reasoning,
        schema=schema,
        max_tokens=field,
        efforts=tuple(efforts.split()),
        exclusive="exclusive" in marks.split(),
        schema_in_words="words" in marks.split(),
        cache="cache" in marks.split(),
        cache_key="cache_key" in marks.split(),
        bounded="bounds" in marks.split(),
        with_schema=more,
    )
