"""What a wrong option or command may stand for: words of other tools first, then the nearest of our own."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

import click

from cassia_engine.settings.known_elsewhere import MEANT

_PIPELINE = "of Nextflow, for the pipeline: nextflow run cassia ..."
_TABLE = "The marker table is given without an option: cassia run TABLE"
_OUTPUTS = "Give --outdir and --name: the files are OUTDIR/NAME_summary.csv and so on"
_KEY = "Put the key into the provider's environment variable, which `cassia providers` names"
# Options that people know from the pipeline, from Python and from CASSIA, by what to do here.
_ELSEWHERE: Mapping[str, str] = {
    **dict.fromkeys(("input", "marker", "markers", "file"), _TABLE),
    **dict.fromkeys(("output_name", "output", "out", "o"), _OUTPUTS),
    **dict.fromkeys(("profile", "resume", "params_file", "work_dir", "c", "w"), f"It is an option {_PIPELINE}"),
    **dict.fromkeys(("api_key", "key"), _KEY),
    **dict.fromkeys(("cpus", "threads", "cores", "workers", "jobs"), "Calls in flight at once are --max_workers"),
}
_LIKE = 0.65  # of 1, by difflib: below it names have little in common


def nearest(name: str, known: list[str]) -> str:
    """The known name that starts so, else the one that is spelled most alike; "" if none is."""
    starting = [other for other in known if len(name) > 2 and other.startswith(name)]
    return next(iter(starting or difflib.get_close_matches(name, known, n=1, cutoff=_LIKE)), "")


def about_option(error: click.NoSuchOption) -> str:
    """What to do about an option that there is not, in a sentence; "" where nobody can tell."""
    name = error.option_name.lstrip("-").replace("-", "_")
    known = options_of(error.ctx)
    advice = _ELSEWHERE.get(name, "")
    if (meant := MEANT.get(name)) in known:
        advice = f"Did you mean '--{meant}'?"
    # `collect` and `annotate` have an --output or so of their own.
    if advice and not any(near.startswith(name) for near in known if len(name) > 1):
        return advice
    near = nearest(name, known)
    return f"Did you mean '--{near}'?" if near else advice


def options_of(ctx: click.Context | None) -> list[str]:
    """The names of a command's options, without dashes."""
    found = ctx.command.get_params(ctx) if ctx else []
    return [opt.lstrip("-") for param in found if isinstance(param, click.Option) for opt in param.opts]


def about_command(name: str, commands: tuple[str, ...]) -> str:
    """What to do about a command that there is not, in a sentence; "" where nobody can tell."""
    if near := nearest(name, list(commands)):
        return f"Did you mean '{near}'?"
    return f"To annotate a table: cassia run {name}" if "." in name or "/" in name else ""
