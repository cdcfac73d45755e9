"""`cassia serve`: a server of the CyteType protocol on one's own machine or cluster."""

from __future__ import annotations

from typing import Any

import click
from click.core import ParameterSource

from cassia_engine.callers import option
from cassia_engine.cli.options import FilePath, Grouped, Number, annotate_options_but, annotate_settings
from cassia_engine.cli.server_prune import prune
from cassia_engine.errors import UsageError
from cassia_engine.server.network import Network
from cassia_engine.server.options import DEFAULT_DATA, MOST_COUNT, MOST_DAYS, ServerOptions
from cassia_engine.settings import AnnotateSettings

# Each job has its own journal, a run that is done again goes on with it, and no client waits a day for a batch.
NOT_OF_SERVERS = ("journal_dir", "retry_failed", "batch", "batch_wait")
_MOST_GIB, _MOST_SECONDS = 1_000_000, 86_400
OF_NEXTFLOW = ("pipeline", "nextflow", "nextflow_profile", "nextflow_config")


class _Serve(Grouped, click.Group):
    """A command with options of its own, and subcommands."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        Grouped.format_options(self, ctx, formatter)
        self.format_commands(ctx, formatter)


@click.group(cls=_Serve, invoke_without_command=True)
@click.option("--host", default="127.0.0.1", help="Address to listen at.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, help="Port to listen at; 0 for any free one.")
@click.option("--data", type=FilePath, default=DEFAULT_DATA, help="Folder for all that the server keeps.")
@click.option(
    "--executor",
    type=click.Choice(("local", "nextflow")),
    default="local",
    help="Where clusters are annotated: on this machine, or by runs of the pipeline on the site's executor.",
)
@click.option("--jobs", type=click.IntRange(1, MOST_COUNT), default=2, help="Jobs at work at once.")
@click.option("--tls_cert", type=FilePath, help="Certificate for https, in PEM; with --tls_key.")
@click.option("--tls_key", type=FilePath, help="Private key of the certificate.")
@click.option("--behind_proxy", is_flag=True, help="A proxy in front of the server does https.")
@click.option("--public_url", default="", help="Address that people use, where it is not that of --host and --port.")
@click.option(
    "--allow_base_url",
    multiple=True,
    help="URL of a model server that requests may name; once for each. Without tokens they may name any.",
)
@click.option("--upload_days", type=Number(0, MOST_DAYS), default=7.0, help="Days that a file without a job is kept.")
@click.option("--job_days", type=Number(0, MOST_DAYS), help="Days that an ended job is kept.  [default: always]")
@click.option(
    "--max_upload_gib",
    type=Number(0, _MOST_GIB, min_open=True),
    help="Largest file, in GiB.  [default: the protocol's own]",
)
@click.option(
    "--min_free_gib",
    type=Number(0, _MOST_GIB),
    default=1.0,
    help="GiB of the disk of --data that stay free: uploads and jobs are refused where less is.",
)
@click.option(
    "--request_timeout", type=Number(0.1, _MOST_SECONDS), default=30.0, help="Seconds for a request to go on."
)
@click.option(
    "--log_format",
    type=click.Choice(("text", "json")),
    default="text",
    help="Of the log on standard error: text, or a JSON object for each line.",
)
@click.option("--pipeline", type=FilePath, help="Folder of the pipeline.  [default: the clone that this runs from]")
@click.option("--nextflow", default="nextflow", help="Program of Nextflow.")
@click.option("--nextflow_profile", default="", help="Profiles of the pipeline's runs.")
@click.option("--nextflow_config", type=FilePath, help="The site's configuration file of Nextflow.")
@annotate_options_but(*NOT_OF_SERVERS, provider={"show_default": "the one whose key is set, else offline"})
@click.pass_context
def serve(ctx: click.Context, /, **options: Any) -> None:
    """Serve the CyteType protocol, so that its clients get labels from this machine.

    The options on the model say who annotates where a request names no model; without --provider that is the provider
    whose key is set, or marker scoring. Nothing but calls to models leaves the machine.
    """
    if ctx.invoked_subcommand is not None:
        _check_none_given(ctx, ctx.invoked_subcommand)
        return
    from cassia_engine.server.starting import check_installed, with_found_provider

    check_installed()
    _check_executor(ctx, options["executor"])
    from cassia_engine.server.running import run_server

    # Of all models, so that they are no options of the server's own alone.
    network = Network(**{name: options.pop(name) for name in Network.__struct_fields__})
    settings = annotate_settings(options)
    if ctx.get_parameter_source("provider") is ParameterSource.DEFAULT:
        settings = with_found_provider(settings)
    run_server(server_options(settings, network, options))


serve.add_command(prune)


def _check_executor(ctx: click.Context, executor: str) -> None:
    """Refuse options of Nextflow where it is not asked for.

    Raises:
        UsageError: there is one.
    """
    given = [name for name in OF_NEXTFLOW if ctx.get_parameter_source(name) is not ParameterSource.DEFAULT]
    if given and executor != "nextflow":
        what = f"{option(given[0])} is for {option('executor', 'nextflow')}; give that too, or leave it out"
        raise UsageError(what, code="nextflow-not-asked-for")


def _check_none_given(ctx: click.Context, subcommand: str) -> None:
    """Make sure that no option of the server was given to a subcommand: it would work with another folder.

    Raises:
        UsageError: one was.
    """
    given = [name for name in ctx.params if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE]
    if given:
        what = f"--{given[0]} stands before {subcommand}, which does not read it there; give the options of"
        raise UsageError(f"{what} {subcommand} after it: cassia serve {subcommand} OPTIONS", code="serve-option-place")


def server_options(settings: AnnotateSettings, network: Network, options: dict[str, Any]) -> ServerOptions:
    """The options of a server."""
    from cassia_engine.server.nextflow import find_nextflow

    how = [options.pop(name) for name in OF_NEXTFLOW]
    nextflow = find_nextflow(*how) if options["executor"] == "nextflow" else None
    gib = options.pop("max_upload_gib")
    return ServerOptions(
        annotate=settings,
        network=network,
        nextflow=nextflow,
        base_urls=options.pop("allow_base_url"),
        max_upload_bytes=None if gib is None else int(gib * 2**30),
        min_free_bytes=int(options.pop("min_free_gib") * 2**30),
        **options,
    )
