"""How models are reached and what they are not shown: as whoever runs the server says, also those that requests name.

No job keeps it, as the next server may be told otherwise, and the URL of a proxy may hold a password.
"""

from __future__ import annotations

from dataclasses import replace

from cassia_engine.records import COMMAND, OFFLINE
from cassia_engine.records.record import Record
from cassia_engine.settings import AnnotateSettings
from cassia_engine.settings.declaration import parameters


class Network(Record, frozen=True):
    """The settings of these names in `AnnotateSettings`, for all models of a server.

    Attributes:
        timeout, max_wait: where a request says nothing of them.
        hide_fractions: also a job of a server that hid them goes on without them.
    """

    proxy: str | None = None
    trust_env: bool = False
    allow_http: bool = False
    air_gap: bool = False
    timeout: float = parameters(AnnotateSettings)["timeout"].default
    max_wait: str | None = None
    hide_fractions: bool = False


def on_network(settings: AnnotateSettings, network: Network) -> AnnotateSettings:
    """The settings with how their models are reached, and without what these are not shown.

    A model server of this machine is asked without the proxy: the proxy would ask its own machine, and http, which is
    allowed here because nothing leaves the machine, would cross the network.

    Raises:
        UsageError: there is no such provider.
    """
    if settings.provider == OFFLINE:
        return replace(settings, air_gap=network.air_gap)
    settings = replace(
        settings, air_gap=network.air_gap, hide_fractions=settings.hide_fractions or network.hide_fractions
    )
    if settings.provider == COMMAND:
        return settings
    from cassia_engine.providers.accounts import is_on_this_machine

    here = is_on_this_machine(settings.provider, settings.base_url)
    return replace(
        settings,
        proxy=None if here else network.proxy,
        trust_env=network.trust_env and not here,
        allow_http=network.allow_http,
    )


def with_waits(settings: AnnotateSettings, network: Network) -> AnnotateSettings:
    """The settings of the server's own model with how long it is waited for."""
    if settings.provider == OFFLINE:
        return settings
    return replace(settings, timeout=network.timeout, max_wait=network.max_wait)
