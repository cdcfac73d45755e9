"""Annotation on this machine in place of a CyteType server: by marker scoring, or a model that the caller names."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from typing import Any

from cassia_engine.callers import argument
from cassia_engine.cytetype.input_data import Contents
from cassia_engine.errors import UsageError
from cassia_engine.h5ad.options import H5adOptions
from cassia_engine.knowledge.species import species_in
from cassia_engine.knowledge.tissues import TissueTable
from cassia_engine.records import Dataset, Merged
from cassia_engine.secret import AwsKeys, Secret
from cassia_engine.settings import AnnotateSettings, SplitSettings
from cassia_engine.stages.run import run_table

log = logging.getLogger(__name__)

# Settings of a model by the names that APIs have for them.
_SETTINGS = ("temperature", "timeout")
_FIELDS = frozenset(
    (
        *("provider", "name", "apiKey", "baseUrl", "awsAccessKeyId", "awsSecretAccessKey", "awsDefaultRegion"),
        *("modelSettings", "targetAgents", "skipValidation", "allowFallback"),
    )
)


def dataset_of(name: str, context: str, symbols: Sequence[str]) -> Dataset:
    """A data set by what is said of the study: species and tissue are taken from that.

    Args:
        name: what its outputs start with.
        symbols: gene symbols, which tell human from mouse where the context does not.

    Raises:
        UsageError: the name is none for files.
    """
    species = species_in(context) or _species_of_genes(symbols)
    tissue = ", ".join(sorted(TissueTable.load().read(context).named)) or "none"
    log.info("species: %s, tissue: %s, as far as the study context and the genes tell", species, tissue)
    return Dataset(name, tissue, species, context).checked()


def split_settings(options: H5adOptions, contents: Contents) -> SplitSettings:
    """How markers are chosen as CyteType does: the first of each cluster, by the test's scores, without thresholds."""
    return SplitSettings(
        n_genes=contents.n_top_genes,
        ranking_method="Score",
        max_p_val_adj=1.0,
        min_log2fc=0.0,
        min_pct=0.0,
        allow_unknown_genes=True,
        group_key=options.group_key,
        rank_key=options.rank_key,
        gene_symbols_column=options.gene_symbols_column,
        coordinates_key=options.coordinates_key,
        label_na=options.label_na,
    )


def annotate_here(
    adata: Any, dataset: Dataset, chosen: SplitSettings, who: AnnotateSettings, show_progress: bool
) -> Merged:
    """The clusters of an AnnData, annotated on this machine.

    Raises:
        UsageError, AccountError, TemporaryError: something given cannot be used, or the model's provider refuses.
    """
    merged, ended = run_table(adata, dataset, chosen, who, show_progress)
    if ended:
        raise ended
    return merged


def settings_of(configs: Sequence[Mapping[str, Any]] | None, workers: int) -> AnnotateSettings:
    """Who annotates, of a list of models as CyteType has it.

    Raises:
        UsageError: a model is not told as it must be.
    """
    if not configs:
        log.info("no %s: markers are scored, and no language model is asked", argument("llm_configs"))
        return AnnotateSettings()
    first = configs[0]
    if len(configs) > 1:
        log.warning("%s: the first of %d models is asked", argument("llm_configs"), len(configs))
    given = dict(first.get("modelSettings") or {})
    where = argument("llm_configs")
    for name in ("provider", "name"):
        if not isinstance(first.get(name), str) or not first[name]:
            what = f"{where}: a model lacks {name!r}; it needs a provider, and the provider's name of the model"
            raise UsageError(what, code="llm-config-incomplete")
    if unknown := sorted(set(first) - _FIELDS):
        what = f"{where}: a model has no field {unknown[0]!r}; its fields are {', '.join(sorted(_FIELDS))}"
        raise UsageError(what, code="llm-config-field-unknown")
    if unknown := sorted(set(given) - set(_SETTINGS)):
        what = f"{where}: modelSettings has {unknown[0]!r}, which is not known here; known are {', '.join(_SETTINGS)}"
        raise UsageError(what, code="llm-config-setting-unknown")
    return AnnotateSettings(
        provider=str(first["provider"]),
        model=str(first["name"]),
        base_url=first.get("baseUrl"),
        api_key=_key(first),
        max_workers=workers,
        **given,
    )


def _key(config: Mapping[str, Any]) -> Secret | None:
    if key := config.get("apiKey"):
        return Secret(str(key))
    if not (key_id := config.get("awsAccessKeyId")):
        return None
    secret, region = config.get("awsSecretAccessKey"), config.get("awsDefaultRegion")
    if not secret or not region:
        what = "awsAccessKeyId, awsSecretAccessKey and awsDefaultRegion go together"
        raise UsageError(f"{argument('llm_configs')}: {what}", code="llm-config-half-a-key")
    return AwsKeys(str(key_id), str(secret), "", str(region))


def _species_of_genes(symbols: Sequence[str]) -> str:
    """Mouse where most symbols are written like Cd3d, else human, as CD3D."""
    capital = sum(bool(re.fullmatch(r"[A-Z0-9][A-Z0-9.-]*", name)) for name in symbols)
    mouse = sum(bool(re.fullmatch(r"[A-Z][a-z0-9.-]*[a-z][a-z0-9.-]*", name)) for name in symbols)
    return "mouse" if mouse > capital else "human"
