"""What a request to annotate asks: clusters with marker genes, and who is to be asked about them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from cassia_engine.callers import Caller, called_from
from cassia_engine.csv_injection import csv_row, guard
from cassia_engine.cytetype.llm_configs import check_configs, settings_of
from cassia_engine.cytetype.local import dataset_of
from cassia_engine.errors import AccountError, UsageError, shown
from cassia_engine.records import OFFLINE, Dataset
from cassia_engine.secret import AwsKeys, Secret
from cassia_engine.server.answers import Refused, read_json
from cassia_engine.server.network import Network, on_network, with_waits
from cassia_engine.server.options import ServerOptions
from cassia_engine.server.question_form import GivenQuestion, Nothing, cluster_names, genes_of, object_of, text_of
from cassia_engine.server.specs import Spec, Told, settings_from
from cassia_engine.settings import AnnotateSettings

# Of all runs of jobs: what their output files start with.
NAME = "job"
MOST_CLUSTERS = 10_000
MOST_GENES = 2_000  # of a cluster
LONGEST_GENE, LONGEST_STUDY = 1_000, 100_000  # characters
TABLE_COLUMNS = ("cluster", "gene")


class Question(msgspec.Struct, frozen=True):
    """The `input_data` of a request, as far as the clusters are annotated by it.

    Attributes:
        marker_genes: by cluster id, gene symbols, the first ranked first.
        labels: by cluster id, what the cluster is called in outputs; no two are alike.
        study_info: what is known of the study.
        n_parallel_clusters: how many clusters the model is asked about at once.
    """

    marker_genes: dict[str, list[str]]
    labels: dict[str, str]
    study_info: str = ""
    n_parallel_clusters: int = 2

    def n_genes(self, clusters: Iterable[str]) -> int:
        """The most marker genes of these clusters, at least 1."""
        return max(1, *(len(self.marker_genes[cluster]) for cluster in clusters))


class Request(msgspec.Struct, frozen=True):
    """The body of a request to annotate.

    Attributes:
        input_data: the question as it came, which is kept so.
        llm_configs: the models of the request, with their keys.
        uploaded_files: ids of uploads by kind.
    """

    input_data: msgspec.Raw
    llm_configs: list[dict[str, Any]] | None = None
    uploaded_files: dict[str, str | None] | Nothing | None = None


def read_request(body: bytes) -> Request:
    """The request of a body.

    Raises:
        Refused: it has another form.
    """
    return read_json(body, Request, "the body is no request to annotate")


def read_question(data: bytes | msgspec.Raw) -> Question:
    """The question of a request, as JSON.

    Raises:
        Refused: it has another form, or nothing to annotate.
    """
    given = read_json(data, GivenQuestion, "input_data")
    genes = {cluster: genes_of(one) for cluster, one in object_of(given.marker_genes).items()}
    labels, study = cluster_names(genes, object_of(given.cluster_labels)), text_of(given.study_info)
    parallel = 2 if given.n_parallel_clusters is None else given.n_parallel_clusters
    _check_size(genes, parallel)
    _check_texts(genes, study)
    return Question(genes, labels, study, int(parallel))


def _check_size(genes: Mapping[str, Sequence[str]], parallel: float) -> None:
    if not any(genes.values()):
        what = "markerGenes has no gene" if genes else "markerGenes has no cluster"
        raise Refused("INVALID_REQUEST", f"input_data: {what}; give the marker genes of each cluster")
    if len(genes) > MOST_CLUSTERS:
        raise Refused("INVALID_REQUEST", f"input_data: {len(genes):,} clusters; a job has at most {MOST_CLUSTERS:,}")
    for cluster, of_cluster in genes.items():
        if len(of_cluster) > MOST_GENES:
            n = len(of_cluster)
            what = f"input_data: cluster {shown(cluster)} has {n:,} marker genes; give at most {MOST_GENES:,}"
            raise Refused("INVALID_REQUEST", what)
    if not 1 <= parallel <= 50 or parallel != int(parallel):
        raise Refused("INVALID_REQUEST", "input_data: nParallelClusters is no whole number from 1 to 50")


def _check_texts(genes: Mapping[str, Sequence[str]], study: str) -> None:
    """Refuse texts that take long to read: 10 s a megabyte, for what is said of a study."""
    if len(study) > LONGEST_STUDY:
        what = f"input_data: studyInfo has {len(study):,} characters; give at most {LONGEST_STUDY:,}"
        raise Refused("INVALID_REQUEST", what)
    for cluster, of_cluster in genes.items():
        if (longest := max(map(len, of_cluster), default=0)) > LONGEST_GENE:
            what = f"input_data: cluster {shown(cluster)} has a gene of {longest:,} characters; none has more than"
            raise Refused("INVALID_REQUEST", f"{what} {LONGEST_GENE:,}")


def dataset(question: Question, provider: str) -> Dataset:
    """The data set of a question: species and tissue as the study and the genes tell them. Marker scoring takes no more
    from the study's text, so it is not told the rest.

    Raises:
        Refused: the study's text cannot be used.
    """
    symbols = [gene for genes in question.marker_genes.values() for gene in genes]
    try:
        found = dataset_of(NAME, question.study_info, symbols)
    except UsageError as error:
        raise Refused("INVALID_REQUEST", f"input_data: studyInfo: {error.what}") from None
    return msgspec.structs.replace(found, additional_info="") if provider == OFFLINE else found


def with_feedback(dataset: Dataset, feedback: str, label: str) -> Dataset:
    """The data set with what a person says of its one cluster, in front: a long text about the study is cut.

    Args:
        label: of the cluster until now, which the feedback is about; "" for none.
    """
    before = f"was labelled {label} before, a hypothesis" if label else "got no label before"
    said = f"Feedback of a person on this cluster, which {before}: {feedback}"
    return msgspec.structs.replace(dataset, additional_info=f"{said}\n{dataset.additional_info}".strip())


def marker_table(question: Question, clusters: Sequence[str]) -> str:
    """The clusters with these ids as a table, cluster by cluster a gene a row in their order; without genes, one row
    with none."""
    rows = [TABLE_COLUMNS]
    for cluster in clusters:
        label = guard(question.labels[cluster])
        rows += [(label, gene) for gene in question.marker_genes[cluster] or [""]]
    return "".join(map(csv_row, rows))


def chat_settings(
    configs: list[dict[str, Any]] | None, workers: int, options: ServerOptions, trusted: bool
) -> AnnotateSettings:
    """Who annotates: the model of the request, or the server's own where it names none; how it is reached is not in it.

    Raises:
        Refused: the model cannot be asked.
    """
    network = options.network
    if not configs:
        return with_waits(options.annotate, network)
    try:
        with called_from(Caller.CYTETYPE):
            check_configs(configs, for_server=False)
            settings = settings_of(configs, workers, timeout=network.timeout, max_wait=network.max_wait)
            if not trusted:
                _check_urls(settings, options)
            _check_account(settings, network, trusted)
    except (UsageError, AccountError) as error:
        raise Refused("LLM_VALIDATION_FAILED", str(error)) from None
    return settings


def _check_urls(settings: AnnotateSettings, options: ServerOptions) -> None:
    """Refuse to send calls where it is not allowed: the server may reach what its users must not."""
    allowed = {one.rstrip("/") for one in options.base_urls}
    named = [settings.base_url] if settings.base_url else []
    if "://" in settings.provider:  # a URL may stand in place of a provider's name
        named.append(settings.provider)
    if any(url.rstrip("/") not in allowed for url in named):
        what = "llm_configs: this server sends nothing to this baseUrl; ask who runs it to allow the URL"
        raise Refused("LLM_VALIDATION_FAILED", what)


def _check_account(settings: AnnotateSettings, network: Network, trusted: bool) -> None:
    if settings.provider == OFFLINE:
        return
    from cassia_engine.providers.accounts import open_account

    asked = on_network(settings, network)
    account = open_account(
        asked.provider, asked.model, asked.base_url, asked.api_key, asked.allow_http, air_gap=asked.air_gap
    )
    if not trusted and account.key is not None and settings.api_key is None:
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


def settings_of_run(spec: Spec, told: Told, folder: Path) -> AnnotateSettings:
    """The settings of a run with its key, its journal and its share of what its token may use.

    A share is a budget of the run's own, by the name of its folder: runs of a job have one journal, and a further run
    is not to count what earlier ones have spent. One that is done again finds what it has spent itself. The pipeline
    has a budget for each of its sessions.

    Raises:
        UsageError: the settings are none of this version.
    """
    settings = on_network(settings_from(spec, secret_of(told.key)), told.network)
    settings = replace(settings, journal_dir=Path(told.journal_dir))
    if settings.provider == OFFLINE:
        return settings
    rpm = min(filter(None, (settings.rpm, told.rpm)), default=None)
    max_cost = min(filter(None, (settings.max_cost, told.max_cost)), default=None)
    budget = folder.name if told.max_cost is not None and told.executor == "local" else None
    return replace(settings, rpm=rpm, max_cost=max_cost, budget=budget)


def spent_by_ledger(journal_dir: Path, budget: str | None) -> float:
    """US dollars that a budget in a job's journal may have spent.

    Args:
        budget: its name; None for the one without.

    Raises:
        UsageError, TemporaryError: its ledger cannot be read.
    """
    from cassia_engine.budget import FileLedger
    from cassia_engine.budget.amounts import in_dollars
    from cassia_engine.budget.folders import budget_folder

    return in_dollars(FileLedger(budget_folder(journal_dir, NAME, budget)).totals().claimed)


def written(path: Path, text: str | bytes) -> None:
    """Write a file that appears whole, and outlasts the machine when this returns; its folder's own name may not."""
    from cassia_engine.files import atomic_path, sync_folder

    with atomic_path(path) as aside:
        aside.write_bytes(text.encode() if isinstance(text, str) else text)
    sync_folder(path.parent)
