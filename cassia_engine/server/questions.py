"""What a request to annotate asks: clusters with marker genes, and who is to be asked about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from cassia_engine.callers import Caller, called_from
from cassia_engine.csv_injection import csv_row, guard
from cassia_engine.cytetype.llm_configs import check_configs, settings_of
from cassia_engine.cytetype.local import dataset_of
from cassia_engine.errors import AccountError, UsageError, shown
from cassia_engine.records import OFFLINE, Dataset
from cassia_engine.secret import AwsKeys, Secret
from cassia_engine.server.answers import Refused
from cassia_engine.server.options import ServerOptions
from cassia_engine.settings import AnnotateSettings

# Of all runs of jobs: what their output files start with.
NAME = "job"
MOST_CLUSTERS = 10_000
MOST_GENES = 2_000  # of a cluster
_MISSING = {"NA", "NaN"}  # what a marker table takes for no label


class Question(msgspec.Struct, frozen=True, rename="camel"):
    """The `input_data` of a request, as far as the clusters are annotated by it.

    Attributes:
        study_info: what is known of the study.
        marker_genes: by cluster id, gene symbols, the first ranked first.
        cluster_labels: by cluster id, what the cluster is called; ids may be missing.
        n_parallel_clusters: how many clusters the model is asked about at once.
    """

    marker_genes: dict[str, list[str]]
    study_info: str | None = ""
    cluster_labels: dict[str, str] | None = None
    n_parallel_clusters: int = 2

    @property
    def labels(self) -> Mapping[str, str]:
        """What each cluster is called in outputs, by its id: its label, or the id where labels are not distinct."""
        given = self.cluster_labels or {}
        named = {cluster: given.get(cluster, "").strip() or cluster for cluster in self.marker_genes}
        distinct = len(set(named.values())) == len(named) and not _MISSING & {*named.values()}
        return named if distinct else {cluster: cluster for cluster in named}


class Request(msgspec.Struct, frozen=True):
    """The body of a request to annotate.

    Attributes:
        input_data: the question as it came, which is kept so.
        llm_configs: the models of the request, with their keys.
        uploaded_files: ids of uploads by kind.
    """

    input_data: msgspec.Raw
    llm_configs: list[dict[str, Any]] | None = None
    uploaded_files: dict[str, str | None] | None = None


def read_request(body: bytes) -> Request:
    """The request of a body.

    Raises:
        Refused: it has another form.
    """
    try:
        return msgspec.json.decode(body, type=Request)
    except msgspec.DecodeError as error:
        raise Refused("INVALID_REQUEST", f"the body is no request to annotate: {error}") from None


def read_question(data: bytes | msgspec.Raw) -> Question:
    """The question of a request, as JSON.

    Raises:
        Refused: it has another form, or nothing to annotate.
    """
    try:
        question = msgspec.json.decode(data, type=Question)
    except msgspec.DecodeError as error:
        raise Refused("INVALID_REQUEST", f"input_data: {error}") from None
    if not question.marker_genes:
        raise Refused("INVALID_REQUEST", "input_data: markerGenes has no cluster")
    if len(question.marker_genes) > MOST_CLUSTERS:
        n = len(question.marker_genes)
        raise Refused("INVALID_REQUEST", f"input_data: {n:,} clusters; a job has at most {MOST_CLUSTERS:,}")
    for cluster, genes in question.marker_genes.items():
        if len(genes) > MOST_GENES:
            what = f"input_data: cluster {shown(cluster)} has {len(genes):,} marker genes; give at most {MOST_GENES:,}"
            raise Refused("INVALID_REQUEST", what)
    if not 1 <= question.n_parallel_clusters <= 50:
        raise Refused("INVALID_REQUEST", "input_data: nParallelClusters is not between 1 and 50")
    return question


def dataset(question: Question, feedback: str = "") -> Dataset:
    """The data set of a question: species and tissue as the study and the genes tell them.

    Args:
        feedback: what a person says of the one cluster that is annotated again.

    Raises:
        Refused: the study's text cannot be used.
    """
    symbols = [gene for genes in question.marker_genes.values() for gene in genes]
    study = " ".join(filter(None, (question.study_info, feedback)))
    try:
        return dataset_of(NAME, study, symbols)
    except UsageError as error:
        raise Refused("INVALID_REQUEST", f"input_data: studyInfo: {error.what}") from None


def marker_table(question: Question, clusters: Sequence[str]) -> str:
    """The clusters with these ids as a table, cluster by cluster its genes in their order."""
    labels = question.labels
    rows = [("cluster", "genes")]
    rows += [(guard(labels[one]), ",".join(filter(None, question.marker_genes[one]))) for one in clusters]
    return "".join(map(csv_row, rows))


def chat_settings(configs: list[dict[str, Any]] | None, workers: int, options: ServerOptions) -> AnnotateSettings:
    """Who annotates: the model of the request, or the server's own where it names none.

    Raises:
        Refused: the model cannot be asked.
    """
    if not configs:
        return options.annotate
    try:
        with called_from(Caller.CYTETYPE):
            check_configs(configs, for_server=False)
            _check_url(configs[0].get("baseUrl"), options)
            settings = settings_of(configs, workers, options.annotate.air_gap)
            _check_account(settings, options)
    except (UsageError, AccountError) as error:
        raise Refused("LLM_VALIDATION_FAILED", str(error)) from None
    return settings


def _check_url(url: Any, options: ServerOptions) -> None:
    """Refuse to send calls where it is not allowed: the server may reach what its users must not."""
    if url and not options.any_base_url and str(url).rstrip("/") not in {one.rstrip("/") for one in options.base_urls}:
        host = urlsplit(str(url)).netloc
        raise Refused(
            "LLM_VALIDATION_FAILED",
            f"llm_configs: this server sends nothing to baseUrl {shown(host)}; ask who runs it to allow the URL",
        )


def _check_account(settings: AnnotateSettings, options: ServerOptions) -> None:
    if settings.provider == OFFLINE:
        return
    from cassia_engine.providers.accounts import open_account

    account = open_account(
        settings.provider, settings.model, settings.base_url, settings.api_key, air_gap=settings.air_gap
    )
    if options.tokens and account.key is not None and settings.api_key is None:
        raise Refused(
            "LLM_VALIDATION_FAILED",
            "llm_configs: a model lacks its key; give apiKey, or leave llm_configs out to have the server's own model",
        )


def secret_parts(secret: Secret | None) -> list[str]:
    """A key for the process of a run, which reads it from a pipe."""
    if isinstance(secret, AwsKeys):
        return ["aws", secret.access_key_id, secret.reveal(), secret.session_token, secret.region]
    return [] if secret is None else ["key", secret.reveal()]


def secret_of(parts: Sequence[str]) -> Secret | None:
    """The key of `secret_parts`."""
    if not parts:
        return None
    return AwsKeys(*parts[1:]) if parts[0] == "aws" else Secret(parts[1])


def written(path: Path, text: str | bytes) -> None:
    """Write a file that appears whole, and is on the disk when this returns."""
    from cassia_engine.files import atomic_path

    with atomic_path(path) as aside:
        aside.write_bytes(text.encode() if isinstance(text, str) else text)
