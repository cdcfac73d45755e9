"""The table of providers, data/providers.tsv: a row for each, no branches by vendor."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, NamedTuple

from cassia_engine import package_data

REGION = "{region}"


class Provider(NamedTuple):
    """A row of the table of providers.

    Attributes:
        batch_api: one of those of `batches.table`, "" if it has none.
        url_variable: environment variable that gives another address, "" if none does.
        key: "needed", "optional", or "remote": needed but for this machine.
        key_hosts: the hosts that the variable's key goes to, and those under their names; none for any.
        model, fast_model: defaults, "" if there are none. Where their end has come, their successors are.
        other_keys: where else a key may be, each the name of a variable, or those of a key of AWS in three parts,
            whose third is set for temporary ones only.
        region_variables: where the region is told that stands in `base_url` and `key_hosts` as {region}.
        profile_variables: any of them says that keys of AWS are those of a profile or a role (`aws_profile`).
    """

    provider: str
    title: str
    dialect: str
    batch_api: str
    base_url: str
    url_variable: str
    key_variable: str
    key: str
    key_hosts: str
    model: str
    fast_model: str
    other_keys: tuple[tuple[str, ...], ...]
    region_variables: tuple[str, ...]
    profile_variables: tuple[str, ...]

    @property
    def key_variables(self) -> tuple[str, ...]:
        """The environment variables of all its keys, and of their parts."""
        return (self.key_variable, *(name for alternative in self.other_keys for name in alternative))

    @property
    def variables(self) -> tuple[str, ...]:
        """The environment variables that a call looks at."""
        names = (*self.key_variables, self.url_variable, *self.region_variables, *self.profile_variables)
        return tuple(name for name in names if name)


@cache
def load() -> tuple[Provider, ...]:
    """The providers in the table's order, read once a process."""
    return tuple(_row(*cells) for cells in package_data.rows("providers.tsv"))


def _row(*cells: str) -> Provider:
    texts = dict(zip(Provider._fields, cells, strict=True))
    lists: dict[str, Any] = {
        "other_keys": tuple(tuple(key.split("+")) for key in texts["other_keys"].split()),
        "region_variables": tuple(texts["region_variables"].split()),
        "profile_variables": tuple(texts["profile_variables"].split()),
    }
    return Provider(**{**texts, **lists})


def provider_at(url: str) -> str:
    """The provider whose own address a URL is under, "" if it is none's."""
    for row in load():
        own = re.escape(row.base_url).replace(re.escape(REGION), "[a-z0-9-]+")
        if row.base_url and re.match(f"{own}/", url):
            return row.provider
    return ""
