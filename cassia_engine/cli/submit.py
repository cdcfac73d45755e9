"""`cassia submit`: a job at a server of the CyteType protocol, about an AnnData or a question that is there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from cassia_engine.callers import Caller, argument, called_from
from cassia_engine.cli import artifact_options
from cassia_engine.cli.options import FilePath, Number, parameter_option
from cassia_engine.cytetype.protocol import VISIBILITIES
from cassia_engine.errors import UsageError
from cassia_engine.settings import AnnotateSettings, BackendSettings, RunSettings
from cassia_engine.settings.declaration import parameters

# Which options are of one of the two only.
_OF_DATA = (*artifact_options.NAMES, "chunks", "journal_dir", "cleanup_artifacts", "max_failed_clusters")
_OF_QUESTIONS = ("vars_h5", "obs_duckdb")
_MOST_SECONDS = 1_000_000_000


@click.command()
@click.argument("data", type=FilePath, metavar="DATA.h5ad|NAME_query.json")
@parameter_option(parameters(BackendSettings)["api_url"], required=True)
@parameter_option(parameters(BackendSettings)["allow_upload"])
@click.option("--resume", is_flag=True, help="Go on with the job of the job file, if there is one.")
@click.option("--resubmit", is_flag=True, help="Submit anew, whatever became of the job of the job file.")
@click.option(
    "--outdir", type=FilePath, help="Folder for what is written. [default: the question's; this one for DATA]"
)
@click.option("--no_artifacts", is_flag=True, help="Send the question only.")
@click.option("--vars_h5", type=FilePath, help="Expression of all cells. [default: NAME_vars.h5 beside the question]")
@click.option("--obs_duckdb", type=FilePath, help="Columns of obs. [default: NAME_obs.duckdb beside the question]")
@artifact_options.artifact_options
@click.option(
    "--chunks",
    type=FilePath,
    multiple=True,
    help="Chunk file of cassia split, once for each: a result file for each is written, for cassia collect.",
)
@click.option(
    "--journal_dir",
    type=FilePath,
    help="Folder with a folder per sample, for job file, question and files of each question. [default: outdir]",
)
@click.option("--cleanup_artifacts", is_flag=True, help="Remove vars.h5 and obs.duckdb once there are results.")
@click.option(
    "--visibility",
    type=click.Choice(VISIBILITIES),
    help="Who may see the report at the server. [default: the server's]",
)
@click.option("--upload_workers", type=click.IntRange(1, 64), default=4, help="Chunks in flight at once.")
@click.option("--upload_timeout", type=Number(1, _MOST_SECONDS), default=3600.0, help="Seconds for one chunk.")
@click.option(
    "--poll_interval", type=Number(0, _MOST_SECONDS), default=30.0, help="Seconds between two looks at the job."
)
@click.option("--job_timeout", type=Number(0, _MOST_SECONDS), default=7200.0, help="Seconds to wait for the results.")
@parameter_option(parameters(AnnotateSettings)["proxy"])
@parameter_option(parameters(AnnotateSettings)["trust_env"])
@parameter_option(parameters(AnnotateSettings)["air_gap"])
@parameter_option(
    parameters(RunSettings)["max_failed_clusters"], help="Clusters that may fail before the exit code is 1."
)
@click.pass_context
def submit(context: click.Context, /, data: Path, **options: Any) -> None:
    """Have a CyteType server annotate DATA.h5ad: its question and files are made and sent, and the results waited for.

    Sent are the question (marker genes, percent expressed, metadata and coordinates of clusters), expression and raw
    counts of all cells, and all columns of obs: it needs --allow_upload. The token is that of CYTETYPE_AUTH_TOKEN, or
    else the one that `cytetype setup` has kept for the server. NAME_job.json says how far the job is; --resume goes on
    after whatever has ended the command, and does not make a second job.

    Summary, conversations and report are those of every run; NAME_results.json is the server's own answer. Of
    NAME_query.json, which cassia artifacts writes, only that answer is written: the others need the AnnData.

    \b
    cassia submit pbmc.h5ad --group_key leiden --api_url https://cytetype.example.org --allow_upload --resume
    """
    with called_from(Caller.SUBMIT):
        _submit(context, data, options)


def _submit(context: click.Context, data: Path, options: dict[str, Any]) -> None:
    from cassia_engine.cli.submissions import check_way, submit_data, submit_question

    check_way(options)
    given = {name for name in options if context.get_parameter_source(name) is ParameterSource.COMMANDLINE}
    if data.suffix == ".json":
        _refuse(given, _OF_DATA, "is for an AnnData, and this is a question", data)
        submit_question(data, options)
    else:
        _refuse(given, _OF_QUESTIONS, "is for a question, NAME_query.json, and this is none", data)
        submit_data(data, options)


def _refuse(given: set[str], others: tuple[str, ...], why: str, path: Path) -> None:
    if found := [name for name in others if name in given]:
        raise UsageError(f"{argument(found[0])} {why}; leave it out", path=path, code="submit-option-of-other")
