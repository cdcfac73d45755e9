"""`llm_configs`: the models that a caller names, as CyteType has them."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from cassia_engine.callers import argument
from cassia_engine.errors import UsageError
from cassia_engine.fast_json import ascii_json
from cassia_engine.records import OFFLINE
from cassia_engine.secret import AwsKeys, Secret
from cassia_engine.settings import AnnotateSettings

log = logging.getLogger(__name__)

_AWS = ("awsAccessKeyId", "awsSecretAccessKey", "awsDefaultRegion")
_FIELDS = ("provider", "name", "apiKey", "baseUrl", *_AWS, "modelSettings")
# What only a server knows of.
_OF_SERVERS = ("targetAgents", "skipValidation", "allowFallback")
# Of modelSettings, what is known on this machine.
_SETTINGS = ("temperature", "timeout")


def check_configs(configs: Sequence[Mapping[str, Any]] | None, for_server: bool) -> None:
    """Refuse models that are not told as they must be; keys are in no message.

    Args:
        for_server: whether a server asks them, which has no key but those given here.

    Raises:
        UsageError: one is not.
    """
    where = argument("llm_configs")
    _check_types(configs, where)
    for config in configs or ():
        for name in ("provider", "name"):
            if not isinstance(config.get(name), str) or not config[name]:
                what = f"{where}: a model lacks {name!r}; it needs a provider, and the provider's name of the model"
                raise UsageError(what, code="llm-config-incomplete")
        if unknown := sorted(set(map(str, config)) - {*_FIELDS, *_OF_SERVERS}):
            what = f"{where}: a model has no field {unknown[0]!r}; its fields are {', '.join((*_FIELDS, *_OF_SERVERS))}"
            raise UsageError(what, code="llm-config-field-unknown")
        given = [bool(config.get(name)) for name in _AWS]
        if any(given) and not all(given):
            raise UsageError(f"{where}: {', '.join(_AWS)} go together", code="llm-config-half-a-key")
        if for_server and not (config.get("apiKey") or all(given)):
            what = f"{where}: a model lacks its key; a server needs apiKey, or {', '.join(_AWS)}"
            raise UsageError(what, code="llm-config-no-key")


def _check_types(configs: object, where: str) -> None:
    if configs is None:
        return
    of_list: Any = configs if isinstance(configs, (list, tuple)) else [None]
    if other := [one for one in of_list if not isinstance(one, Mapping)]:
        found = type(other[0] if of_list is configs else configs).__name__
        what = f"{where}: expected a list of models, each as {{'provider': ..., 'name': ...}}, found {found}"
        raise UsageError(what, code="llm-configs-no-list")
    for config in of_list:
        settings = config.get("modelSettings")
        if settings is not None and not isinstance(settings, Mapping):
            what = f"{where}: modelSettings: expected values by name, found {type(settings).__name__}"
            raise UsageError(what, code="llm-config-settings-no-mapping")
        _check_json(config, where)
        _check_json(settings or {}, f"{where}: modelSettings")


def _check_json(values: Mapping[str, Any], where: str) -> None:
    for name, value in values.items():
        if name == "modelSettings":
            continue
        try:
            ascii_json({str(name): value})
        except (TypeError, ValueError):
            what = f"{where}: {name} has a value that JSON cannot hold (NaN, an infinity, or an object); correct it"
            raise UsageError(what, code="llm-config-not-json") from None


def settings_of(configs: Sequence[Mapping[str, Any]] | None, workers: int, air_gap: bool) -> AnnotateSettings:
    """Who annotates on this machine: the first of the models, or marker scoring where there is none.

    Args:
        configs: checked.
        air_gap: nothing may leave this machine.

    Raises:
        UsageError: it has a setting that is not known here.
    """
    if not configs:
        log.info("no %s: markers are scored, and no language model is asked", argument("llm_configs"))
        return AnnotateSettings()
    first, where = configs[0], argument("llm_configs")
    if len(configs) > 1:
        log.warning("%s: the first of %d models is asked", where, len(configs))
    if ignored := [name for name in _OF_SERVERS if first.get(name)]:
        log.warning("%s: %s is for servers, and has no effect on this machine", where, ", ".join(ignored))
    given = dict(first.get("modelSettings") or {})
    if unknown := sorted(set(given) - set(_SETTINGS)):
        what = f"{where}: modelSettings has {unknown[0]!r}, which is not known here; known are {', '.join(_SETTINGS)}"
        raise UsageError(what, code="llm-config-setting-unknown")
    return AnnotateSettings(
        provider=str(first["provider"]),
        model=str(first["name"]),
        base_url=first.get("baseUrl"),
        api_key=_key(first),
        max_workers=workers,
        air_gap=air_gap,
        **given,
    )


def check_account(who: AnnotateSettings) -> None:
    """Make sure that the model can be asked, as far as that is known here, before anything is written.

    Raises:
        UsageError: there is no such provider or model, or nothing may be sent to that URL.
        AccountError: the key is missing, or no key can be like it.
    """
    if who.provider == OFFLINE:
        return
    from cassia_engine.providers.accounts import open_account

    open_account(who.provider, who.model, who.base_url, who.api_key, air_gap=who.air_gap)


def _key(config: Mapping[str, Any]) -> Secret | None:
    if key := config.get("apiKey"):
        return Secret(str(key))
    if config.get(_AWS[0]):
        key_id, secret, region = (str(config[name]) for name in _AWS)
        return AwsKeys(key_id, secret, "", region)
    return None
