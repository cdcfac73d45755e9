"""Which key goes to an account: that of the caller, or one of the environment, and to which hosts."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from cassia_engine.callers import Caller, argument, caller, option
from cassia_engine.errors import AccountError, UsageError, shown
from cassia_engine.providers import aws_profile
from cassia_engine.providers.address import is_loopback
from cassia_engine.providers.table import REGION, Provider
from cassia_engine.secret import AwsKeys, Secret

# Set where the environment's key is one that its caller has given for the very address that is asked.
OF_REQUEST = "CASSIA_KEY_OF_REQUEST"

_REGION = r"[a-z]{2,5}(?:-[a-z]+)+-\d{1,2}"


def find_key(
    row: Provider, url: str, given: Secret | None, moved: bool, environ: Mapping[str, str]
) -> tuple[Secret | None, str]:
    """The key to send to `url`, None for none; and the variable, variables or argument that it is from, or would be.

    Args:
        given: by the caller; it goes wherever the caller says.
        moved: the caller gave another address than the provider's own.

    Raises:
        UsageError: the environment's key is not for that host.
        AccountError: there is none where one is needed, or no key can be like it.
    """
    if given is not None:
        return _whole(given, "the key that was given"), _argument_of(given, row)
    found, name = _of_environment(row, environ)
    if moved and row.key_hosts and not _is_own(row, url) and not environ.get(OF_REQUEST):
        if row.key == "optional":
            return None, name
        raise UsageError(
            f"base URL {shown(url)}: the key of {name} goes to {row.key_hosts} only; "
            f"for another host use {option('provider', 'custom')} with its key in CUSTOM_API_KEY",
            code="key-of-other-host",
        )
    if found is None and _looks_up(row, environ):
        lent, of = aws_profile.find_keys(row.profile_variables, environ)
        found, name = lent, of or name
    if found is not None:
        return _whole(found, name), name
    if row.key == "needed" or (row.key == "remote" and not is_loopback(_host(url))):
        who = row.title if row.base_url else url
        raise AccountError(f"no key for {who}: {_remedy(row)}", code="key-missing")
    return None, name


def _argument_of(given: Secret, row: Provider) -> str:
    if caller().is_command:  # which has no option for keys
        return row.key_variable
    return argument("llm_configs" if isinstance(given, AwsKeys) else "api_key")


def environment_of(row: Provider, key: Secret) -> dict[str, str]:
    """The variables by which another process finds this key, and no other of the provider's."""
    unset = dict.fromkeys(row.key_variables, "")
    if not isinstance(key, AwsKeys):
        return {**unset, row.key_variable: key.reveal(), OF_REQUEST: "true"}
    names = next(names for names in row.other_keys if len(names) > 1)
    parts = dict(zip(names, (key.access_key_id, key.reveal(), key.session_token), strict=True))
    region = dict.fromkeys(row.region_variables, key.region) if key.region else {}
    return {**unset, **parts, **region, OF_REQUEST: "true"}


def _remedy(row: Provider) -> str:
    asks_none = "markers are scored, and no language model is asked"
    if caller() is Caller.CYTETYPE:
        return f"give {argument('api_key')}, or set {_wanted(row)} in the environment (without llm_configs {asks_none})"
    without = f"{option('provider', 'offline')} needs no key: it scores markers and asks no language model"
    return f"set {_wanted(row)} in the environment ({without})"


def key_is_set(row: Provider, environ: Mapping[str, str]) -> bool:
    """Whether the environment has a key of the provider's, whole, or names where one is."""
    names = [[row.key_variable], *(alternative[:2] for alternative in row.other_keys)]
    return any(all(environ.get(name) for name in one) for one in (*names, *([name] for name in row.profile_variables)))


def _looks_up(row: Provider, environ: Mapping[str, str]) -> bool:
    """Whether a key may be one of AWS that stands in no variable; botocore knows no other environment than our own."""
    return bool(row.profile_variables) and environ is os.environ


def secrets_of(row: Provider, environ: Mapping[str, str]) -> list[Secret]:
    """All that the environment has of the provider's keys, in pieces too: what no text may show."""
    return [Secret(environ[name]) for name in row.key_variables if environ.get(name)]


def region_of(row: Provider, given: Secret | None, environ: Mapping[str, str]) -> str:
    """The region to ask in, "" where none is told.

    Raises:
        UsageError: no region is called so.
    """
    told = given.region if isinstance(given, AwsKeys) else ""
    name, region = "the region that was given", told
    for variable in row.region_variables:
        if not region:
            name, region = variable, environ.get(variable, "").strip()
    if not region and _looks_up(row, environ):
        name, region = "the profile of AWS", aws_profile.region()
    if region and not re.fullmatch(_REGION, region):
        raise UsageError(f"{name}: {shown(region)} is no region; one is called eu-central-1", code="region-malformed")
    return region


def in_region(key: Secret | None, row: Provider, url: str, region: str) -> Secret | None:
    """A key that signs with the region it signs for: that of the URL's host, else the one told. Others as they are.

    Raises:
        UsageError: neither is known.
    """
    if not isinstance(key, AwsKeys):
        return key
    named = re.search(rf"(?:^|\.)({_REGION})\.", _host(url))
    return key.within(named[1] if named else known(region, row))


def known(region: str, row: Provider) -> str:
    """The region.

    Raises:
        UsageError: it is none.
    """
    if not region:
        raise UsageError(
            f"{option('provider', row.provider)}: no region is set; set {row.region_variables[0]} in the environment, "
            f"such as eu-central-1, or give {argument('base_url')} of the form {row.base_url}",
            code="region-missing",
        )
    return region


def _of_environment(row: Provider, environ: Mapping[str, str]) -> tuple[Secret | None, str]:
    """The first of the provider's keys that is set, and its variable or variables."""
    if environ.get(row.key_variable):
        return Secret(environ[row.key_variable]), row.key_variable
    for names in row.other_keys:
        values = [environ.get(name, "") for name in names]
        if not values[0]:
            continue
        if len(names) == 1:
            return Secret(values[0]), names[0]
        if not values[1]:
            raise AccountError(f"{names[0]} is set, but {names[1]} is not: they go together", code="key-half")
        return AwsKeys(*values), f"{names[0]} and {names[1]}"
    return None, row.key_variable


def _wanted(row: Provider) -> str:
    """The variables of which one is to be set."""
    lent = [f"with {aws_profile.EXTRA} {name}" for name in row.profile_variables[:1]]
    return ", or ".join([row.key_variable, *(" and ".join(names[:2]) for names in row.other_keys), *lent])


def _whole(key: Secret, name: str) -> Secret:
    """The key, if a header can carry it. What is wrong with it is said, the key is not shown."""
    if not all(re.fullmatch(r"[!-~]+", part) for part in key.parts):
        wrong = "holds white space, control characters or letters beyond ASCII" if all(key.parts) else "is empty"
        raise AccountError(
            f"{name} {wrong}: no key does; copy it anew, without line end and quotes", code="key-malformed"
        )
    return key


def _is_own(row: Provider, url: str) -> bool:
    """Whether a URL is at a host that the provider's key goes to, or under the name of one."""
    patterns = (re.escape(own).replace(re.escape(REGION), _REGION) for own in row.key_hosts.split())
    return any(re.fullmatch(rf"(?:.*\.)?{pattern}", _host(url)) for pattern in patterns)


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""
