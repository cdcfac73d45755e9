"""The class `CyteType`: the calls of the CyteType client, on this machine or with a server of its protocol."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from cassia_engine.callers import argument, option
from cassia_engine.cytetype.address import check_api_url
from cassia_engine.cytetype.annotations import notice_of
from cassia_engine.cytetype.arguments import RunArguments, check_text, check_whole, path_of, tags_of
from cassia_engine.cytetype.calling import call
from cassia_engine.cytetype.credentials import check_token, find_token, token_of_job
from cassia_engine.cytetype.input_data import Contents
from cassia_engine.cytetype.job import look_up
from cassia_engine.cytetype.job_file import held_artifact
from cassia_engine.cytetype.llm_configs import check_account, check_configs, settings_of
from cassia_engine.cytetype.preparation import Study, prepare
from cassia_engine.cytetype.protocol import Kind
from cassia_engine.cytetype.question import Question
from cassia_engine.cytetype.results import JobResults
from cassia_engine.cytetype.run_files import has_job, job_file_name, last_job
from cassia_engine.cytetype.running import Run
from cassia_engine.cytetype.stored import (
    column_names,
    details_of,
    noted_job,
    result_of,
    store,
    stored_result,
)
from cassia_engine.cytetype.targets import check_outputs_apart, check_targets
from cassia_engine.errors import UsageError, shown
from cassia_engine.h5ad import is_anndata
from cassia_engine.h5ad.object_data import ObjectData
from cassia_engine.h5ad.options import RANK_KEY, H5adOptions
from cassia_engine.outputs.publish import closing_lines, write_outputs
from cassia_engine.secret import Secret

log = logging.getLogger(__name__)

# The client's default: where it is not named otherwise, a UMAP or t-SNE that is there is taken.
_UMAP = "X_umap"


class CyteType:
    """Annotates the clusters of an AnnData with the calls of the CyteType client.

    Without `api_url` cassia annotates on this machine: by marker scoring, or by the model of `llm_configs`. With it,
    `run` uploads the expression matrix and the metadata of all cells to that server. Arguments are those of releases
    0.19 to 0.21, wherever each release takes them; docs/cytetype.md has the table, and what differs.

    Attributes:
        adata: the AnnData object, which gets the results.
        clusters: shape (cells,), the cluster of each cell; "" for none.
        marker_genes, expression_percentages, group_metadata, visualization_data: what is asked about them.
    """

    def __init__(
        self,
        adata: Any,
        group_key: str,
        rank_key: str = RANK_KEY,
        gene_symbols_column: str | None = None,
        n_top_genes: int = 50,
        aggregate_metadata: bool = True,
        min_percentage: int = 10,
        pcent_batch_size: int = 5000,
        coordinates_key: str = _UMAP,
        max_cells_per_group: int = 1000,
        vars_h5_path: Path | str = "vars.h5",
        obs_duckdb_path: Path | str = "obs.duckdb",
        max_metadata_categories: int = 500,
        api_url: str | None = None,
        auth_token: str | None = None,
        label_na: bool = False,
        rank: bool = False,
        air_gap: bool = False,
    ):
        """Read what is asked about the clusters; nothing is written or sent yet.

        Args:
            adata: with ranked genes in `uns[rank_key]`; in memory or backed. It is not changed until `run` has results.
            group_key: the column of obs with the clusters.
            gene_symbols_column: the column of var with gene symbols; None for the names, or the column that has them.
            n_top_genes: marker genes per cluster.
            aggregate_metadata, min_percentage, max_metadata_categories: whether shares of obs columns are asked about,
                above how many percent of a cluster's cells, and up to how many values of a column.
            pcent_batch_size: is taken and not needed: memory is bounded as it is.
            coordinates_key: a key of obsm; by default a UMAP or t-SNE that is there, never PCA.
            max_cells_per_group: cells with coordinates per cluster.
            vars_h5_path, obs_duckdb_path: where `run` writes the two files.
            api_url: a server of the protocol; None annotates on this machine.
            auth_token: for that server; it is in no file, and in no pickle of this object.
            label_na: cells without a cluster become one, "Unknown".
            rank: rank the genes here (Wilcoxon), where uns has no ranked genes.
            air_gap: let nothing leave this machine: a server or a model elsewhere is refused.

        Raises:
            UsageError: something given cannot be used; says what, where and what to do.
        """
        self._said: set[str] = set()
        with call(True, self._said):
            if not is_anndata(adata):
                what = f"expected an AnnData object, found {type(adata).__name__}"
                raise UsageError(f"{argument('adata')}: {what}", code="cytetype-no-anndata")
            self.adata, self.group_key, self.rank_key = adata, group_key, rank_key
            self.vars_h5_path = path_of("vars_h5_path", vars_h5_path)
            self.obs_duckdb_path = path_of("obs_duckdb_path", obs_duckdb_path)
            self._written: dict[Kind, Path] = {}
            check_text("group_key", group_key)
            check_text("rank_key", rank_key)
            if gene_symbols_column is not None:
                check_text("gene_symbols_column", gene_symbols_column)
            if coordinates_key is not None:
                check_text("coordinates_key", coordinates_key)
            check_whole("n_top_genes", n_top_genes, 1)
            check_whole("min_percentage", min_percentage, 0, 100)
            check_whole("max_metadata_categories", max_metadata_categories, 0)
            check_whole("max_cells_per_group", max_cells_per_group, 1)
            self.api_url: str | None = None
            self._token: Secret | None = None
            self._air_gap = bool(air_gap)
            self._take_server(api_url, auth_token)
            self._contents = Contents(
                n_top_genes, aggregate_metadata, min_percentage, max_metadata_categories, max_cells_per_group
            )
            self._data = ObjectData("the AnnData", adata)
            self._options = H5adOptions(
                group_key=group_key,
                rank_key=None if rank_key == RANK_KEY else rank_key,
                gene_symbols_column=gene_symbols_column,
                coordinates_key=None if coordinates_key == _UMAP else coordinates_key,
                label_na=_free_label(adata.obs[group_key]) if label_na and group_key in adata.obs else None,
                rank=rank,
            )
            self._prepared = prepare(self._data, self._options, self._contents, Study())
            if self.api_url is None and os.environ.get("CYTETYPE_API_URL"):
                log.info(
                    "CYTETYPE_API_URL is set, and not used: cassia annotates on this machine; give %s to send the data "
                    "to a server",
                    argument("api_url"),
                )

    def __getstate__(self) -> dict[str, Any]:
        """Without the token."""
        return {**self.__dict__, "_token": None}

    @property
    def auth_token(self) -> str | None:
        """The token that was given."""
        return None if self._token is None else self._token.reveal()

    @property
    def gene_symbols_column(self) -> str | None:
        """The column of var that was named."""
        return self._options.gene_symbols_column

    @property
    def coordinates_key(self) -> str | None:
        return self._prepared.coordinates_key

    @property
    def clusters(self) -> list[str]:
        groups = self._prepared.groups
        labels = [*groups.labels, ""]
        return [labels[code] for code in groups.codes.tolist()]

    @property
    def cluster_map(self) -> dict[str, str]:
        """Ids by labels: a cluster is called by its label throughout."""
        return dict(self._prepared.question.cluster_labels)

    @property
    def marker_genes(self) -> Mapping[str, Sequence[str]]:
        return self._prepared.question.marker_genes

    @property
    def expression_percentages(self) -> Mapping[str, Mapping[str, float]]:
        return self._prepared.question.expression_data

    @property
    def group_metadata(self) -> Mapping[str, Mapping[str, Mapping[str, int]]]:
        return self._prepared.question.cluster_metadata

    @property
    def visualization_data(self) -> dict[str, Any]:
        picture = self._prepared.question.visualization_data
        return {"coordinates": picture.coordinates, "clusters": picture.clusters}

    def run(
        self,
        study_context: str,
        llm_configs: Sequence[Mapping[str, Any]] | None = None,
        metadata: Mapping[str, str] | None = None,
        n_parallel_clusters: int = 2,
        results_prefix: str = "cytetype",
        poll_interval_seconds: float = 10,
        timeout_seconds: float = 7200,
        api_url: str | None = None,
        auth_token: str | None = None,
        save_query: bool = True,
        query_filename: Path | str = "query.json",
        upload_timeout_seconds: float = 3600,
        upload_max_workers: int = 4,
        require_artifacts: bool = True,
        show_progress: bool = True,
        override_existing_results: bool = False,
        visibility: str | None = None,
        vars_h5_path: Path | str | None = None,
        obs_duckdb_path: Path | str | None = None,
        cleanup_artifacts: bool = False,
        resubmit: bool = False,
    ) -> Any:
        """Annotate the clusters; their labels go into `adata.obs`, all results into `adata.uns`.

        A run that was ended goes on where it was when the same is run again: what a server has got is not sent again,
        and its job is not submitted twice. What is needed for that is in `<results_prefix>_..._job.json`, beside
        the query.

        Args:
            study_context: what is known of the study.
            llm_configs: models to ask, each with provider, name and apiKey, or awsAccessKeyId, awsSecretAccessKey and
                awsDefaultRegion; baseUrl and modelSettings if wanted. None: the server's own, or marker scoring.
            metadata: notes for the report's head.
            n_parallel_clusters: 1 to 50, how many clusters a model is asked about at once.
            results_prefix: what names of columns and of entries of uns start with.
            poll_interval_seconds, timeout_seconds: between two looks at a job, and for all of it.
            api_url, auth_token, vars_h5_path, obs_duckdb_path: in place of those of the constructor.
            save_query, query_filename: whether, and where, the question is written; it holds no key.
            upload_timeout_seconds, upload_max_workers: for one request, and how many chunks are sent at once.
            require_artifacts: whether a file that cannot be written or uploaded ends the run.
            override_existing_results: whether results of this prefix may be replaced; a finished job is asked anew.
            visibility: who may see the server's report: private, org or public.
            cleanup_artifacts: whether the two files are removed at the end.
            resubmit: submit a job anew that may have been submitted already, as an error then says.

        Returns:
            `adata`.

        Raises:
            UsageError: something given cannot be used; says what, where and what to do.
            CyteTypeError: the server refuses, does not answer, or not in time.
            AccountError, TemporaryError: the same of a model's provider.
            OSError: a file cannot be written.
        """
        with call(show_progress, self._said), ExitStack() as stack:
            self._check_free(results_prefix, override_existing_results)
            given = RunArguments(
                study_context=study_context,
                llm_configs=llm_configs,
                tags=tags_of(metadata),
                n_parallel_clusters=n_parallel_clusters,
                prefix=results_prefix,
                query=path_of("query_filename", query_filename),
                require_artifacts=require_artifacts,
                override_existing_results=override_existing_results,
                resubmit=resubmit,
                air_gap=self._air_gap,
                visibility=visibility,
                poll_interval_seconds=poll_interval_seconds,
                timeout_seconds=timeout_seconds,
                upload_timeout_seconds=upload_timeout_seconds,
                upload_max_workers=upload_max_workers,
                show_progress=show_progress,
            )
            self._take_server(api_url, auth_token)
            if vars_h5_path is not None:
                self.vars_h5_path = path_of("vars_h5_path", vars_h5_path)
            if obs_duckdb_path is not None:
                self.obs_duckdb_path = path_of("obs_duckdb_path", obs_duckdb_path)
            targets = {"vars_h5_path": self.vars_h5_path, "obs_duckdb_path": self.obs_duckdb_path}
            named = {**targets, "query_filename": given.query}
            check_targets(named, self.adata)
            written = named if save_query else targets
            check_outputs_apart(written, given.query.parent, results_prefix, require_artifacts)
            token = self._token_for(self.api_url) if self.api_url else None
            check_configs(llm_configs, for_server=token is not None)
            who = settings_of(llm_configs, n_parallel_clusters, air_gap=self._air_gap) if token is None else None
            if who is not None:
                check_account(who)
            run = Run(
                given,
                adata=self.adata,
                data=self._data,
                options=self._options,
                contents=self._contents,
                prepared=self._prepared,
            )
            dataset = run.dataset  # that the prefix is no name for files is known before one is written
            table = None if token is None else run.markers(dataset)  # and so is what is wrong with the markers
            if token is not None:
                for name, path in targets.items():
                    stack.enter_context(held_artifact(path, name))
            question = run.question()
            if self.api_url is not None and token is not None:
                run.check_job(question, self.api_url)
            if save_query:
                run.save_question()
            self._written = {}
            paths: dict[Kind, Path] = {"vars_h5": self.vars_h5_path, "obs_duckdb": self.obs_duckdb_path}
            for kind in run.write_artifacts(paths, question):
                self._written[kind] = paths[kind]
            question = replace(question, artifacts=dict(self._written))
            if who is not None:
                results, merged = run.annotated_here(dataset, who)
            else:
                assert self.api_url is not None and token is not None and table is not None
                results, merged = run.annotated_by(self.api_url, token, question, dataset, table)
            self._keep(results, self.api_url, results_prefix, visibility, merged.run.notice)
            outputs = write_outputs(merged, given.query.parent)
            for line in closing_lines(merged, warned=True):
                log.info("%s", line)
            log.info("added to obs: %s", ", ".join(column_names(results_prefix, self.group_key)))
            log.info("written: %s", ", ".join(map(str, outputs)))
            if cleanup_artifacts:
                self.cleanup()
            return self.adata

    def get_results(
        self, results_prefix: str = "cytetype", query_filename: Path | str = "query.json"
    ) -> dict[str, Any] | None:
        """The results of this prefix: from `uns`, else of the job that `uns` or a job file names, looked at once.

        Args:
            results_prefix, query_filename: as `run` was given them: its job file is beside the query.

        Returns:
            What the client's `get_results` returns: annotations, summary, clusterCategories, studyContext and
            raw_annotations; None while the job runs, or where no job is known. Results that a server gives go into
            `obs` and `uns` too.

        Raises:
            JobNotFoundError: the server does not know the job.
            CyteTypeError: the server refuses, does not answer, or the job has failed.
        """
        with call(True, self._said):
            check_text("results_prefix", results_prefix)
            folder = path_of("query_filename", query_filename).parent
            stored = self.adata.uns.get(f"{results_prefix}_results")
            if isinstance(stored, Mapping) and "result" in stored:
                return stored_result(stored["result"])
            api_url, job_id, by_client = self._known_job(results_prefix, folder)
            if api_url is None and job_id is not None:
                what = (
                    "the AnnData: uns['%s_jobDetails'] names the job %s and no server; give %s to ask for its results"
                )
                log.info(what, results_prefix, shown(job_id), argument("api_url"))
                return None
            if api_url is None or job_id is None:
                log.info(
                    "no results of %s are stored, uns names no job, and %s has no file %s of a job of these clusters%s",
                    results_prefix,
                    folder.resolve(),
                    job_file_name(results_prefix, "..."),
                    f" at {self.api_url}" if self.api_url else "",
                )
                return None
            log.info("asking %s for the job %s", api_url, job_id)
            results = look_up(api_url, job_id, self._token_for(api_url), self._air_gap)
            if results is None:
                log.info("the job %s has no results yet", job_id)
                return None
            self._keep(results, api_url, results_prefix, None, notice_of(job_id, api_url), by_client)
            return result_of(results)

    def cleanup(self) -> None:
        """Remove the two files that `run` of this object has written; the query stays."""
        while self._written:
            self._written.popitem()[1].unlink(missing_ok=True)

    def _take_server(self, api_url: str | None, auth_token: str | None) -> None:
        if api_url is not None:
            check_text("api_url", api_url)
            self.api_url = check_api_url(api_url, self._air_gap)
        if auth_token is not None:
            check_text("auth_token", auth_token)
            self._token = Secret(auth_token)

    def _known_job(self, prefix: str, folder: Path) -> tuple[str | None, str | None, bool]:
        """Server and id of a job, and whether the client has submitted it: as uns has them, else of the last job file
        of the same clusters."""
        if (noted := noted_job(self.adata.uns, prefix)) is not None:
            api_url = check_api_url(noted.api_url) if noted.api_url else self.api_url
            return api_url, noted.job_id, noted.by_client and not has_job(folder, noted.job_id)
        asked = Question(msgspec.to_builtins(self._prepared.question), {})
        job = last_job(folder, prefix, asked.data_fingerprint, self.api_url)
        return (job.api_url, job.job_id, False) if job else (None, None, False)

    def _token_for(self, api_url: str) -> Secret:
        """The token for a server. A file may name any server: a token goes to the one it was meant for."""
        if api_url != self.api_url:
            return token_of_job(api_url)
        if self._token is None:
            return find_token(api_url, f"give {argument('auth_token')}, or ")
        return check_token(self._token)

    def _check_free(self, prefix: str, override: bool) -> None:
        if f"{prefix}_results" in self.adata.uns and not override:
            what = (
                f"results of the prefix {prefix!r} already exist; give another {argument('results_prefix')}, or "
                f"{option('override_existing_results', True)}"
            )
            raise UsageError(what, code="cytetype-results-exist")

    def _keep(
        self,
        results: JobResults,
        api_url: str | None,
        prefix: str,
        visibility: str | None,
        notice: str,
        by_client: bool = False,
    ) -> None:
        if by_client:  # whose entry stays as it is, as it says who has submitted the job
            log.info("%s", notice)
        else:
            self.adata.uns[f"{prefix}_jobDetails"] = details_of(results, api_url or "", visibility, notice)
        store(self.adata, results, prefix, self.group_key, self._prepared.groups, by_client)


def _free_label(column: Any) -> str:
    """What cells without a cluster are called: "Unknown", or with a number where a cluster is called so."""
    taken = {str(value) for value in column.dropna().unique()}
    numbered = (f"Unknown {number}" for number in range(2, len(taken) + 3))
    return next(name for name in ("Unknown", *numbered) if name not in taken)
