"""`cassia submit`: a job at a server of the CyteType protocol."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from cassia_engine.callers import option
from cassia_engine.cli.options import FilePath
from cassia_engine.errors import UsageError

if TYPE_CHECKING:
    from cassia_engine.cytetype.protocol import Kind
    from cassia_engine.cytetype.upload import UploadProgress

log = logging.getLogger(__name__)

_QUERY = "query.json"
_SECONDS_BETWEEN_LINES = 10.0


@click.command()
@click.argument("query", type=FilePath, metavar="NAME_query.json")
@click.option("--api_url", required=True, help="The server; https, or http on this machine.")
@click.option("--vars_h5", type=FilePath, help="Expression of all cells. [default: NAME_vars.h5 beside the question]")
@click.option("--obs_duckdb", type=FilePath, help="Columns of obs. [default: NAME_obs.duckdb beside the question]")
@click.option("--no_artifacts", is_flag=True, help="Send the question only.")
@click.option("--allow_upload", is_flag=True, help="Let the data leave this machine.")
@click.option("--resume", is_flag=True, help="Go on with the job of NAME_job.json, if there is one.")
@click.option("--resubmit", is_flag=True, help="Submit anew, whatever became of the job of NAME_job.json.")
@click.option(
    "--visibility",
    type=click.Choice(["private", "org", "public"]),
    help="Who may see the report at the server. [default: the server's]",
)
@click.option("--upload_workers", type=click.IntRange(1, 64), default=4, help="Chunks in flight at once.")
@click.option("--upload_timeout", type=click.FloatRange(1), default=3600.0, help="Seconds for one chunk.")
@click.option("--poll_interval", type=click.FloatRange(0), default=30.0, help="Seconds between two looks at the job.")
@click.option("--job_timeout", type=click.FloatRange(0), default=7200.0, help="Seconds to wait for the results.")
@click.option(
    "--outdir", type=FilePath, help="Folder for NAME_job.json and NAME_results.json. [default: the question's]"
)
def submit(
    query: Path,
    api_url: str,
    vars_h5: Path | None,
    obs_duckdb: Path | None,
    no_artifacts: bool,
    allow_upload: bool,
    resume: bool,
    resubmit: bool,
    visibility: str | None,
    outdir: Path | None,
    job_timeout: float,
    **options: Any,
) -> None:
    """Send NAME_query.json and its files to a CyteType server, and wait for the results.

    What is sent are the marker genes, the expression of all cells and the columns of obs: it needs --allow_upload. The
    token is that of CYTETYPE_AUTH_TOKEN, or else the one that `cytetype setup` has kept for the server. NAME_job.json
    says how far the job is; --resume goes on after whatever has ended the command, and does not make a second job.

    \b
    cassia submit artifacts/pbmc_query.json --api_url https://cytetype.example.org --allow_upload --resume
    """
    import msgspec

    from cassia_engine.cancellation import stop_on_signals
    from cassia_engine.cytetype.address import check_api_url
    from cassia_engine.cytetype.credentials import find_token
    from cassia_engine.cytetype.job import JobOptions, run_job
    from cassia_engine.cytetype.question import Question
    from cassia_engine.files import atomic_path

    start = _start_of(query)
    beside = {"vars_h5": vars_h5 or query.with_name(f"{start}vars.h5")}
    beside["obs_duckdb"] = obs_duckdb or query.with_name(f"{start}obs.duckdb")
    artifacts: dict[Kind, Path] = {} if no_artifacts else {**beside}  # type: ignore[dict-item]
    question = Question(_read(query), artifacts, visibility=visibility)
    _check_allowed(query, artifacts, api_url, allow_upload)
    folder = query.parent if outdir is None else outdir
    with stop_on_signals() as stop:
        found = run_job(
            question,
            api_url=api_url,
            token=find_token(check_api_url(api_url)),
            job_file=folder / f"{start}job.json",
            resume=resume,
            resubmit=resubmit,
            options=JobOptions(timeout=job_timeout, on_upload=_lines(), stop=stop, **options),
        )
    output = folder / f"{start}results.json"
    with atomic_path(output) as aside:
        aside.write_bytes(msgspec.json.format(msgspec.json.encode(found.raw), indent=1) + b"\n")
    click.echo(output)


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


def _check_allowed(query: Path, artifacts: dict[Kind, Path], api_url: str, allowed: bool) -> None:
    """Say what leaves the machine, before it does.

    Raises:
        UsageError: it may not.
    """
    from cassia_engine.cytetype.address import check_api_url
    from cassia_engine.cytetype.upload import check_artifact

    host = urlsplit(check_api_url(api_url)).hostname
    for kind, path in artifacts.items():
        check_artifact(kind, path)
    files = ", ".join(f"{path.name} ({path.stat().st_size / 1e6:.3g} MB)" for path in (query, *artifacts.values()))
    more = ", the expression of all cells and the columns of obs" if artifacts else ""
    what = f"marker genes and percentages{more}"
    if not allowed:
        raise UsageError(
            f"{files} would be sent to {host}: {what}; allow it by {option('allow_upload', True)}",
            code="upload-not-allowed",
        )
    log.info("%s: sent to %s: %s", files, host, what)


def _lines() -> Callable[[UploadProgress], None]:
    """Says now and then how far an upload is."""
    said = time.monotonic()

    def tell(progress: UploadProgress) -> None:
        nonlocal said
        if time.monotonic() - said >= _SECONDS_BETWEEN_LINES:
            said = time.monotonic()
            log.info("%d of %d MB of %s are uploaded", progress.sent // 10**6, progress.total // 10**6, progress.kind)

    return tell
