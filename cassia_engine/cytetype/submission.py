"""A job about an AnnData file: what is asked, the files that go with it, and what becomes of the results."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import msgspec

from cassia_engine.artifacts.compressed import Compression
from cassia_engine.callers import option
from cassia_engine.cytetype.annotations import cluster_results, merged_of, run_info
from cassia_engine.cytetype.errors import APIError
from cassia_engine.cytetype.input_data import Contents, InputData
from cassia_engine.cytetype.job_file import JobState, held, read_state
from cassia_engine.cytetype.local import dataset_of, markers_of, split_settings
from cassia_engine.cytetype.opening import asked_state, next_state
from cassia_engine.cytetype.preparation import Paths, Study, prepare, write_artifact, write_query
from cassia_engine.cytetype.question import Question
from cassia_engine.cytetype.results import JobResults, read_results, warn_of_others
from cassia_engine.cytetype.run_files import begun_uploads, write_missing
from cassia_engine.errors import UsageError
from cassia_engine.fast_json import parsed_json
from cassia_engine.files import atomic_path, check_writable, remove_left_aside, stem_of
from cassia_engine.h5ad.options import H5adOptions
from cassia_engine.h5ad.stores import open_data
from cassia_engine.markers import MarkerTable
from cassia_engine.ontology import Ontology
from cassia_engine.records import Chunk, Dataset, Merged
from cassia_engine.stagefiles import read_chunk, result_file

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked about an AnnData file.

    Attributes:
        visibility: who may see the server's report.
        artifacts: whether the expression of the cells and the columns of obs go with the question.
    """

    data: Path
    options: H5adOptions
    contents: Contents
    study: Study
    visibility: str | None = None
    artifacts: bool = True
    compression: Compression = Compression.GZIP


@dataclass(frozen=True, slots=True)
class Place:
    """Where a job and its files are.

    Attributes:
        name: what names of files start with.
        own_job: each question has files of its own, by its fingerprint in their names, and a job that has failed is
            followed by another one; else a job file is a sample's.
    """

    folder: Path
    name: str
    own_job: bool

    @property
    def option(self) -> str:
        """The option that says where the job file is."""
        return "journal_dir" if self.own_job else "outdir"

    def start(self, fingerprint: str) -> str:
        return f"{self.name}_{fingerprint[:8]}" if self.own_job else self.name


@dataclass(frozen=True, slots=True)
class Going:
    """How a job goes on: at which server, with the job of the job file, or anew whatever became of that."""

    api_url: str
    resume: bool
    resubmit: bool


@dataclass(frozen=True, slots=True)
class Ready:
    """A question that can be sent.

    Attributes:
        asked: about the clusters.
        sample: the clusters with their markers, and the data set; None where chunk files have them.
        question: with its files; without them where the server has the job already.
        query: the question's file.
        job: as it goes on.
        anew: submit anew, whatever became of the job of the job file.
        place: the option that says where the job file is.
    """

    asked: InputData
    sample: tuple[MarkerTable, Dataset] | None
    question: Question
    query: Path
    job_file: Path
    job: JobState
    anew: bool
    place: str

    @property
    def submitted(self) -> bool:
        """Whether the server has the job."""
        return bool(self.job.job_id)

    @property
    def query_size(self) -> int:
        """Bytes of the question's file."""
        return len(msgspec.json.encode(self.asked))

    @property
    def results(self) -> Path:
        """Where the server's answer is kept."""
        return results_beside(self.query)

    def replace_earlier(self) -> None:
        """Take away what an earlier job has left, once the server has this one.

        Raises:
            OSError: a file cannot be written.
        """
        self.results.unlink(missing_ok=True)
        write_query(self.query, self.asked)


def results_beside(query: Path) -> Path:
    """Where the server's answer to a question is kept."""
    return query.with_name(f"{query.name.removesuffix('query.json')}results.json")


def make_ready(wanted: Wanted, place: Place, going: Going, chunks: Sequence[tuple[Path, Chunk]]) -> Ready:
    """Write the question and its files; what an unfinished job of the same question has left is taken as it is.

    Nothing is written before all is checked that can be without the server. What an earlier job has left (its question
    and results) stays until the server has this one.

    Raises:
        UsageError: the AnnData, an option or the job file cannot be used; says what, where and what to do.
        OSError: a file cannot be written.
    """
    with ExitStack() as stack:
        opened = open_data(wanted.data, str(wanted.data), wanted.options, stack)
        prepared = prepare(opened, wanted.options, wanted.contents, wanted.study)
        check_chunks(chunks, prepared.question)
        sample = None if chunks else _sample(wanted, prepared.symbols)
        question = Question(msgspec.to_builtins(prepared.question), {}, visibility=wanted.visibility)
        start = place.start(question.fingerprint)
        paths, job_file = Paths.named(start, place.folder), place.folder / f"{start}_job.json"
        check_writable(paths.query, paths.vars_h5, paths.obs_duckdb, job_file, results_beside(paths.query))
        with held(job_file, place.option):  # what another process sends does not change
            before = read_state(job_file)
            anew = going.resubmit or (place.own_job and _has_failed(before))
            job = next_state(job_file, asked_state(question, going.api_url), going.resume, anew, place.option)
            if before is None or before.last_sent is None:
                write_query(paths.query, prepared.question)
            if wanted.artifacts and not job.job_id:
                write = partial(write_artifact, data=opened, prepared=prepared, compression=wanted.compression)
                remove_left_aside(*paths.artifacts.values())
                begun = begun_uploads(before, question.fingerprint)
                files = {kind: paths.artifacts[kind] for kind in write_missing(paths.artifacts, begun, write)}
                question = replace(question, artifacts=files)
    return Ready(prepared.question, sample, question, paths.query, job_file, job, anew, place.option)


def _has_failed(job: JobState | None) -> bool:
    if job is None or job.phase != "failed":
        return False
    log.info("the job %s has failed, and another one is submitted in its place", job.job_id)
    return True


def _sample(wanted: Wanted, symbols: Sequence[str]) -> tuple[MarkerTable, Dataset]:
    """The clusters with their markers, and the data set, as the study context tells it.

    Raises:
        UsageError: the file's name is none for outputs.
    """
    dataset = dataset_of(stem_of(wanted.data), wanted.study.context, symbols)
    chosen = split_settings(wanted.options, wanted.contents, here=False)
    return markers_of([wanted.data], chosen, dataset.species), dataset


def remove_artifacts(query: Path) -> None:
    """Remove the two files beside a question; the question stays."""
    start = query.name.removesuffix("query.json")
    for end in ("vars.h5", "obs.duckdb"):
        query.with_name(f"{start}{end}").unlink(missing_ok=True)


def annotated(results: JobResults, sample: tuple[MarkerTable, Dataset], ready: Ready, api_url: str) -> Merged:
    """The sample as the server has annotated it."""
    table, dataset = sample
    warn_of_others(results, ready.asked.cluster_labels)
    return merged_of(results, table, dataset, ready.asked.marker_genes, api_url)


def kept_results(ready: Ready) -> JobResults | None:
    """The results of a job that goes on after its end, as an earlier process has kept them; None where it has not.

    A server need not have them any more.
    """
    if ready.job.phase != "completed" or not ready.results.exists():
        return None
    try:
        found = read_results(parsed_json(ready.results.read_bytes()), ready.job.job_id, ready.job.report_url)
    except (OSError, ValueError, RecursionError, APIError):
        what = "%s: this is no answer of the server, or it is damaged; it is asked for again"
        log.warning(what, ready.results)
        return None
    what = "the results of the job %s are taken as they are; %s submits anew"
    log.info(what, ready.job.job_id, option("resubmit", True))
    return found


def write_results(path: Path, results: JobResults) -> None:
    """Write the whole answer of the server as JSON.

    Raises:
        OSError: it cannot be written.
    """
    with atomic_path(path) as aside:
        aside.write_bytes(msgspec.json.format(msgspec.json.encode(results.raw), indent=1) + b"\n")


def read_chunks(paths: Sequence[Path]) -> list[tuple[Path, Chunk]]:
    """The chunk files of a sample.

    Raises:
        UsageError: one is none, or they are of several samples.
    """
    chunks = [(path, read_chunk(path)) for path in paths]
    first = chunks[0][1]
    for path, chunk in chunks:
        if (chunk.dataset, chunk.selection) != (first.dataset, first.selection):
            what = f"of another sample or split than {paths[0]}; give the chunk files of one sample"
            raise UsageError(what, path=path, code="chunks-of-several-samples")
    return chunks


def study_of(dataset: Dataset) -> Study:
    """What a person said of a data set, in a line for a server."""
    tissue = "" if dataset.tissue.strip().casefold() == "none" else f"Tissue: {dataset.tissue.strip()}."
    return Study(" ".join(filter(None, (f"Species: {dataset.species.strip()}.", tissue, dataset.additional_info))))


def check_chunks(chunks: Sequence[tuple[Path, Chunk]], asked: InputData) -> None:
    """Make sure that the clusters of chunk files are those of the question.

    Raises:
        UsageError: none of them is.
    """
    ids = [cluster.id for _, chunk in chunks for cluster in chunk.clusters]
    if ids and not set(ids) & set(asked.cluster_labels):
        what = "its clusters are not those of the AnnData; give the group_key that it was split by"
        raise UsageError(what, path=chunks[0][0], code="chunks-of-other-clusters")


def write_result_files(
    results: JobResults, chunks: Sequence[tuple[Path, Chunk]], asked: InputData, api_url: str, outdir: Path
) -> list[Path]:
    """Write a result file for each chunk file, named like it, as `cassia annotate` does.

    Raises:
        OSError: one cannot be written.
    """
    ontology = Ontology.load()
    who = run_info(results, api_url, ontology)
    warn_of_others(results, asked.cluster_labels)
    written = []
    for path, chunk in chunks:
        output = outdir / f"{path.stem}.jsonl"
        with result_file(output, chunk, who) as write:
            for result in cluster_results(chunk.clusters, asked.marker_genes, results, ontology):
                write(result)
        written.append(output)
    return written
