"""A run of the class CyteType: its question and files, and the annotation on this machine or by a server."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from cassia_engine.artifacts.compressed import Compression
from cassia_engine.cytetype.annotations import merged_of
from cassia_engine.cytetype.arguments import RunArguments
from cassia_engine.cytetype.input_data import Contents, InputData
from cassia_engine.cytetype.job import run_job
from cassia_engine.cytetype.job_file import JobState, read_state
from cassia_engine.cytetype.local import annotate_here, dataset_of, markers_of, split_settings
from cassia_engine.cytetype.opening import asked_state, next_state
from cassia_engine.cytetype.preparation import Prepared, write_artifact, write_query
from cassia_engine.cytetype.protocol import Kind
from cassia_engine.cytetype.question import Question, contents_of
from cassia_engine.cytetype.results import JobResults, read_results
from cassia_engine.cytetype.run_files import begun_uploads, job_file_name, write_missing
from cassia_engine.cytetype.server_form import answer_of
from cassia_engine.cytetype.stored import note_job
from cassia_engine.h5ad.annotated import AnnotatedData
from cassia_engine.h5ad.options import H5adOptions
from cassia_engine.markers import MarkerTable
from cassia_engine.records import Dataset, Merged
from cassia_engine.secret import Secret
from cassia_engine.settings import AnnotateSettings, SplitSettings

log = logging.getLogger(__name__)

_LOCAL = "local"


@dataclass(frozen=True, slots=True)
class Run:
    """What is asked about an AnnData, by the arguments of `CyteType.run`.

    Attributes:
        adata: the AnnData object; `data` reads it as `options` and `contents` say, and `prepared` is what was read.
    """

    given: RunArguments
    adata: Any
    data: AnnotatedData
    options: H5adOptions
    contents: Contents
    prepared: Prepared

    @property
    def dataset(self) -> Dataset:
        """The data set, as the study context and the genes tell it."""
        return dataset_of(self.given.prefix, self.given.study_context, self.prepared.symbols)

    def _selection(self, here: bool) -> SplitSettings:
        return split_settings(self.options, self.contents, here)

    @property
    def _asked(self) -> InputData:
        return msgspec.structs.replace(
            self.prepared.question,
            study_info=self.given.study_context,
            info_tags=self.given.tags,
            n_parallel_clusters=int(self.given.n_parallel_clusters),
        )

    def question(self) -> Question:
        """The question, without its files."""
        return Question(msgspec.to_builtins(self._asked), {}, self.given.llm_configs, self.given.visibility)

    def save_question(self) -> None:
        """Write the question's file.

        Raises:
            OSError: it cannot be written.
        """
        write_query(self.given.query, self._asked)

    def check_job(self, question: Question, api_url: str) -> None:
        """Make sure that the job file allows the run, before anything is written.

        Raises:
            UsageError: it is of another server, or needs a decision.
        """
        job_file = self.job_file(question)
        asked = asked_state(question, api_url)
        next_state(job_file, asked, self._resumes(read_state(job_file)), self.given.resubmit)

    def _resumes(self, job: JobState | None) -> bool:
        return not (self.given.override_existing_results and job and job.has_ended)

    def job_file(self, question: Question) -> Path:
        return self.given.query.parent / job_file_name(self.given.prefix, question.fingerprint)

    def write_artifacts(self, paths: Mapping[Kind, Path], question: Question) -> Iterator[Kind]:
        """Write the files that go with the question; each that is there, one after the other.

        Raises:
            UsageError, OSError: one that is required cannot be written.
        """
        begun = begun_uploads(read_state(self.job_file(question)), question.fingerprint)
        write = partial(write_artifact, data=self.data, prepared=self.prepared, compression=Compression.GZIP)
        return write_missing(paths, begun, write, self.given.require_artifacts)

    def annotated_here(self, dataset: Dataset, who: AnnotateSettings) -> tuple[JobResults, Merged]:
        """What becomes of the clusters on this machine: as a server would answer, and as outputs have it.

        Raises:
            UsageError, AccountError, TemporaryError: something given cannot be used, or the model's provider refuses.
        """
        merged = annotate_here(self.adata, dataset, self._selection(here=True), who, self.given.show_progress)
        page = self.given.query.parent / f"{self.given.prefix}_report.html"
        return read_results(answer_of(merged, self.given.study_context), _LOCAL, str(page)), merged

    def markers(self, dataset: Dataset) -> MarkerTable:
        """The clusters with their markers, as a server is sent them.

        Raises:
            UsageError: they cannot be used.
        """
        return markers_of(self.adata, self._selection(here=False), dataset.species)

    def annotated_by(
        self, api_url: str, token: Secret, question: Question, dataset: Dataset, table: MarkerTable
    ) -> tuple[JobResults, Merged]:
        """What a server says of the clusters of `table`, and the same as outputs have it.

        Raises:
            CyteTypeError: the server refuses, does not answer, or not in time.
            UsageError: the job file is of another server, is in use, or needs a decision.
        """
        job_file = self.job_file(question)
        job = read_state(job_file)
        if job is None or not job.job_id or job.has_ended:
            log.info("to be sent to %s: %s", api_url, contents_of(question.artifacts))
        try:
            results = run_job(
                question,
                api_url=api_url,
                token=token,
                job_file=job_file,
                resume=self._resumes(job),
                resubmit=self.given.resubmit,
                options=self.given.job_options,
            )
        except BaseException:
            note_job(self.adata.uns, self.given.prefix, read_state(job_file))
            raise
        return results, merged_of(results, table, dataset, self.prepared.question.marker_genes, api_url)
