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
_TEXTS = ("provider", "name", "apiKey", "baseUrl", *_AWS)
_FIELDS = (*_TEXTS, "modelSettings")
# What only a server knows of.
_OF_SERVERS = ("targetAgents", "skipValidation", "allowFallback")
# Of modelSettings, what is known here, by the names that clients have for it.
_SETTINGS = {
    "temperature": "temperature",
    "timeout": "timeout",
    "reasoning_effort": "reasoning",
    "reasoningEffort": "reasoning",
}
_MOST_TOKENS = ("max_tokens", "maxTokens", "max_completion_tokens")
_AGENT = "annotator"


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
            if not config.get(name):
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
        settings = config.get("modelSettings") or {}
        if not isinstance(settings, Mapping):
            what = f"{where}: modelSettings: expected values by name, found {type(settings).__name__}"
            raise UsageError(what, code="llm-config-settings-no-mapping")
        _check_texts(config, where)
        _check_json(config, where)
        _check_json(settings, f"{where}: modelSettings")


def _check_texts(config: Mapping[str, Any], where: str) -> None:
    for name in _TEXTS:
        if not isinstance(config.get(name), str | None):
            raise UsageError(f"{where}: {name}: expected text", code="llm-config-no-text")
    agents = config.get("targetAgents")
    if not isinstance(agents, str | list | tuple | None):
        raise UsageError(f"{where}: targetAgents: expected a list of texts", code="llm-config-agents")


def _check_json(values: Mapping[str, Any], where: str) -> None:
    for name, value in values.items():
        if name == "modelSettings":
            continue
        try:
            ascii_json({str(name): value})
        except (TypeError, ValueError):
            what = f"{where}: {name} has a value that JSON cannot hold (NaN, an infinity, or an object); correct it"
            raise UsageError(what, code="llm-config-not-json") from None


def settings_of(configs: Sequence[Mapping[str, Any]] | None, workers: int, **otherwise: Any) -> AnnotateSettings:
    """Who annotates on this machine: the first of the models, or marker scoring where there is none.

    Args:
        configs: checked.
        otherwise: settings that hold where the model says nothing of them.

    Raises:
        UsageError: it has a setting that is not known here.
    """
    if not configs:
        log.info("no %s: markers are scored, and no language model is asked", argument("llm_configs"))
        return AnnotateSettings()
    asked, where = _annotator(configs), argument("llm_configs")
    if len(configs) > 1:
        log.warning("%s: of %d models %s is asked", where, len(configs), asked["name"])
    if ignored := [name for name in _OF_SERVERS if asked.get(name)]:
        log.warning("%s: %s is for CyteType's own servers, and has no effect here", where, ", ".join(ignored))
    return AnnotateSettings(
        provider=str(asked["provider"]),
        model=str(asked["name"]),
        base_url=asked.get("baseUrl") or None,
        api_key=_key(asked),
        max_workers=workers,
        **{**otherwise, **_model_settings(asked.get("modelSettings") or {}, where)},
    )


def _annotator(configs: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The first of the models that may annotate."""
    for config in configs:
        agents = config.get("targetAgents") or ()
        if not agents or agents == _AGENT or _AGENT in agents:
            return config
    what = f"{argument('llm_configs')}: targetAgents: no model is for {_AGENT!r}; add it to one of them"
    raise UsageError(what, code="llm-config-no-annotator")


def _model_settings(given: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Parameters of `AnnotateSettings` by what a caller says of the model; null is nothing said."""
    said = {name: value for name, value in given.items() if value is not None}
    if unknown := sorted(set(said) - {*_SETTINGS, *_MOST_TOKENS}):
        known = ", ".join((*_SETTINGS, *_MOST_TOKENS))
        what = f"{where}: modelSettings has {unknown[0]!r}, which is not known here; known are {known}"
        raise UsageError(what, code="llm-config-setting-unknown")
    found = {_SETTINGS[name]: value for name, value in said.items() if name in _SETTINGS}
    for name in _MOST_TOKENS:
        if name in said:
            _check_most_tokens(name, said[name], found.get("reasoning"), where)
    return found


def _check_most_tokens(name: str, value: Any, reasoning: Any, where: str) -> None:
    """A limit is taken that replies never reach; cassia says itself how long they may be."""
    from cassia_engine.conversation.cluster_conversation import MAX_TOKENS

    least = MAX_TOKENS.get(reasoning if isinstance(reasoning, str) else None, MAX_TOKENS[None])
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value < least:
        what = f"{where}: modelSettings: {name}: cassia asks for replies of up to {least:,} tokens; give as many"
        raise UsageError(f"{what}, or leave it out", code="llm-config-few-tokens")


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
