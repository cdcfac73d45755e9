"""The two ways of `cassia submit`: a question and files that are there, and an AnnData."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from cassia_engine.callers import option
from cassia_engine.cancellation import stop_on_signals
from cassia_engine.cli.artifact_options import taken
from cassia_engine.cytetype.address import check_api_url
from cassia_engine.cytetype.credentials import find_token
from cassia_engine.cytetype.job import JobOptions, run_job
from cassia_engine.cytetype.protocol import MOST_BYTES, Kind
from cassia_engine.cytetype.question import Question, contents_of
from cassia_engine.cytetype.results import JobResults
from cassia_engine.cytetype.upload import check_artifact
from cassia_engine.cytetype.upload_progress import progress_lines
from cassia_engine.cytetype.waiting import kept
from cassia_engine.errors import UsageError
from cassia_engine.files import check_writable, stem_of
from cassia_engine.progress import without_repeats
from cassia_engine.providers.network import proxy_for

if TYPE_CHECKING:
    from cassia_engine.cytetype.submission import Ready

log = logging.getLogger(__name__)

_QUERY = "query.json"


def check_way(options: Mapping[str, Any]) -> None:
    """Make sure, before anything is read, that data may go to the server and by the proxy, if there is one.

    Raises:
        UsageError: they may not.
    """
    url = check_api_url(options["api_url"], options["air_gap"])
    proxy_for(url, options["proxy"], options["trust_env"], options["air_gap"])


def submit_question(query: Path, options: dict[str, Any]) -> None:
    """A job about a question; only the server's answer is written."""
    from cassia_engine.cytetype.submission import write_results

    start = _start_of(query)
    beside: dict[Kind, Path] = {
        "vars_h5": options["vars_h5"] or query.with_name(f"{start}vars.h5"),
        "obs_duckdb": options["obs_duckdb"] or query.with_name(f"{start}obs.duckdb"),
    }
    artifacts = {} if options["no_artifacts"] else beside
    question = Question(_read(query), artifacts, visibility=options["visibility"])
    for kind, path in artifacts.items():
        check_artifact(kind, path)
    files = ", ".join(map(_size, (query, *artifacts.values())))
    _check_allowed(files, artifacts, options)
    _say(files, artifacts, options)
    folder = options["outdir"] or query.parent
    output = folder / f"{start}results.json"
    check_writable(output, folder / f"{start}job.json")
    found = _run(question, folder / f"{start}job.json", options)
    write_results(output, found)
    log.info(
        "only the server's answer is written: summary and report need the markers and cells of the AnnData; "
        "cassia submit DATA.h5ad writes them too"
    )
    click.echo(output)


def submit_data(data: Path, options: dict[str, Any]) -> None:
    """A job about an AnnData: files are written, sent, and the results become outputs, or result files of chunks."""
    from cassia_engine.cytetype import submission

    _check_allowed(str(data), () if options["no_artifacts"] else MOST_BYTES, options)
    find_token(check_api_url(options["api_url"]))  # that it is missing is known before anything is written
    h5ad, contents, study, compression = taken(options)
    chunks = submission.read_chunks(options["chunks"]) if options["chunks"] else []
    name = chunks[0][1].dataset.name if chunks else stem_of(data)
    if chunks and not study.context:
        study = submission.study_of(chunks[0][1].dataset)
    kept = options["visibility"], not options["no_artifacts"], compression
    wanted = submission.Wanted(data, h5ad, contents, study, *kept)
    outdir = options["outdir"] or Path()
    _check_outputs(outdir, name, [path for path, _ in chunks])
    journal_dir, api_url = options["journal_dir"], check_api_url(options["api_url"])
    place = submission.Place(
        outdir if journal_dir is None else journal_dir / name, name, own_job=journal_dir is not None
    )
    going = submission.Going(api_url, options["resume"], options["resubmit"])
    # What is wrong with the markers is known before anything is sent.
    with without_repeats("cassia_engine.h5ad", set()):
        ready = submission.make_ready(wanted, place, going, chunks)
    found = submission.kept_results(ready)
    if found is None:
        found = _run_anew(ready, options)
    if options["cleanup_artifacts"]:
        submission.remove_artifacts(ready.query)
    if ready.sample is None:
        for path in submission.write_result_files(found, chunks, ready.asked, api_url, outdir):
            click.echo(path)
    else:
        click.echo(ready.results)
        _write(submission.annotated(found, ready.sample, ready, api_url), outdir, options["max_failed_clusters"])


def _check_outputs(outdir: Path, name: str, chunks: Iterable[Path]) -> None:
    """Make sure that what is paid for can be written.

    Raises:
        UsageError: it cannot.
    """
    from cassia_engine.outputs.names import check_outputs

    results = [outdir / f"{path.stem}.jsonl" for path in chunks]
    if results:
        check_writable(*results)
    else:
        check_outputs(outdir, name)


def _run_anew(ready: Ready, options: Mapping[str, Any]) -> JobResults:
    """Run a job, or go on with it, and keep its results."""
    from cassia_engine.cytetype.submission import write_results

    if not ready.submitted:
        files = ready.question.artifacts
        _say(", ".join((_size(ready.query, ready.query_size), *map(_size, files.values()))), files, options)
    going = {**options, "resubmit": ready.anew}
    found = _run(ready.question, ready.job_file, going, ready.replace_earlier, ready.place)
    write_results(ready.results, found)
    return found


def _write(merged: Any, outdir: Path, max_failed_clusters: int) -> None:
    """The outputs of every run, and what there is to say of them."""
    from cassia_engine.outputs.publish import closing_lines, write_outputs
    from cassia_engine.stages.collect import check

    paths = write_outputs(merged, outdir)
    log.info("%s", merged.outcome_words)
    for line in closing_lines(merged):
        log.info("%s", line)
    for path in paths:
        click.echo(path)
    check([merged.status], max_failed_clusters)


def _run(
    question: Question,
    job_file: Path,
    options: Mapping[str, Any],
    on_accepted: Callable[[], None] | None = None,
    place: str = "outdir",
) -> JobResults:
    names = ("upload_workers", "upload_timeout", "poll_interval", "proxy", "trust_env", "air_gap")
    chosen = {name: options[name] for name in names}
    with stop_on_signals(kept()) as stop:
        return run_job(
            question,
            api_url=options["api_url"],
            token=find_token(check_api_url(options["api_url"])),
            job_file=job_file,
            resume=options["resume"],
            resubmit=options["resubmit"],
            options=JobOptions(
                timeout=options["job_timeout"],
                on_upload=progress_lines(),
                on_accepted=on_accepted,
                stop=stop,
                place=place,
                **chosen,
            ),
        )


def _start_of(query: Path) -> str:
    """What the names of a question's files start with: "pbmc_" of pbmc_query.json, "" of query.json."""
    name = query.name
    return name.removesuffix(_QUERY) if name.endswith(_QUERY) else f"{query.stem}_"


def _read(query: Path) -> dict[str, Any]:
    from cassia_engine.fast_json import parsed_json

    try:
        found = parsed_json(query.read_bytes())
    except (ValueError, RecursionError):
        found = None
    except OSError as error:
        raise UsageError(f"it cannot be read ({error.strerror})", path=query, code="query-not-readable") from None
    if not isinstance(found, dict) or not isinstance(found.get("markerGenes"), dict):
        what = "this is no question for a CyteType server; make it by cassia artifacts DATA.h5ad"
        raise UsageError(what, path=query, code="query-malformed")
    return found


def _check_allowed(what: str, kinds: Collection[Kind], options: Mapping[str, Any]) -> None:
    """Make sure that data may leave the machine.

    Args:
        kinds: of the files that go with the question.

    Raises:
        UsageError: they may not.
    """
    if not options["allow_upload"]:
        raise UsageError(
            f"{what} would be sent to {_host(options)}: {contents_of(kinds)}; allow it by "
            f"{option('allow_upload', True)}",
            code="upload-not-allowed",
        )


def _say(files: str, kinds: Collection[Kind], options: Mapping[str, Any]) -> None:
    """Say what leaves the machine, before it does."""
    log.info("%s: to be sent to %s: %s", files, _host(options), contents_of(kinds))


def _host(options: Mapping[str, Any]) -> str | None:
    return urlsplit(check_api_url(options["api_url"])).hostname


def _size(path: Path, n_bytes: int | None = None) -> str:
    """A file by name with its size: that on disk, or that which it will have."""
    return f"{path.name} ({(path.stat().st_size if n_bytes is None else n_bytes) / 1e6:.3g} MB)"
