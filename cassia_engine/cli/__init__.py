"""The command `cassia`: a subcommand a file; this one turns errors into exit codes and single lines."""

from __future__ import annotations

import os
import sys
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import click

    from cassia_engine.errors import CassiaError

# An environment variable by which a pipeline's task says whose files it was given: errors then name sample and file.
SAMPLE_VARIABLE = "CASSIA_SAMPLE"


def main() -> None:
    """Run the command line and exit: 0 done, 1 too many failed clusters, 2 bad input, 75 try again, 77 account, 70 a
    fault of cassia's own."""
    if sys.argv[1:] == ["--version"]:  # asked by every task of the pipeline: nothing heavy is loaded for it
        from cassia_engine._version import __version__

        print(f"cassia {__version__}")
        sys.exit(0)
    sys.exit(_run())


def _run() -> int:
    from cassia_engine.callers import CALLER_VARIABLE, Caller, called_from

    with called_from(Caller.R if os.environ.get(CALLER_VARIABLE) == "R" else Caller.COMMAND):
        return _run_command()


def _run_command() -> int:
    import gc
    import signal

    import click

    from cassia_engine.cli.app import cassia
    from cassia_engine.errors import CassiaError

    # A command makes records by the thousand and drops few before it ends: looking for circles often costs a twentieth.
    gc.set_threshold(50_000, 20, 100)
    signal.signal(signal.SIGTERM, _stop)
    try:
        cassia.main(prog_name="cassia", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        return 0
    except click.UsageError as error:
        return _fail(_usage_line(error), 2)
    except CassiaError as error:
        return _fail(_error_lines(error), error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        return _fail("stopped; files that were not finished are not there, run the same command again", 75)
    except BrokenPipeError:
        # The reader of our output went away (`| head`): nothing is left to say to it.
        sys.stdout = None
        return 0
    except OSError as error:
        return _fail(_os_error_line(error), 2)
    except Exception:
        import traceback

        print(_without_keys(traceback.format_exc()), end="", file=sys.stderr)
        return _fail(
            "this is a fault of cassia, not of yours: report it in its issue tracker, with all lines above", 70
        )
    return 0


def _without_keys(text: str) -> str:
    """A text that people will pass on, without the keys of the environment."""
    from cassia_engine.providers.keys import secrets_of
    from cassia_engine.providers.table import load
    from cassia_engine.redaction import redacted

    for secret in {secret for row in load() for secret in secrets_of(row, os.environ)}:
        text = redacted(text, secret)
    return text


def _stop(signum: int, frame: FrameType | None) -> None:
    from cassia_engine.errors import TemporaryError

    raise TemporaryError(
        "stopped by SIGTERM; files that were not finished are not there, run the same again", code="stopped-by-sigterm"
    )


def _error_lines(error: CassiaError) -> str:
    from cassia_engine.errors import UsageError

    sample = os.environ.get(SAMPLE_VARIABLE, "")
    return error.of_sample(sample) if sample and isinstance(error, UsageError) else str(error)


def _fail(line: str, code: int) -> int:
    # Of several problems each is a line.
    for part in line.split("\n"):
        print(f"cassia: error: {part}", file=sys.stderr)
    return code


def _usage_line(error: click.UsageError) -> str:
    """What click says of wrong use; to R, which knows no options of a command, by the argument's name."""
    import click

    from cassia_engine.callers import Caller, argument, caller
    from cassia_engine.cli.suggest import about_option, nearest, options_of

    if caller() is Caller.R:
        if isinstance(error, click.NoSuchOption):
            name = error.option_name.lstrip("-")
            near = nearest(name, options_of(error.ctx))
            if name in ("api_key", "key"):
                return f"there is no argument {name}; set the provider's environment variable, as by Sys.setenv()"
            return f"there is no argument {name}" + (f"; is {argument(near)} meant?" if near else "")
        if isinstance(error, click.BadOptionUsage):  # a value for a flag
            return f"{argument(error.option_name.lstrip('-'))}: expected TRUE or FALSE"
        if isinstance(error, click.MissingParameter) and error.param is not None and error.param.name:
            return f"{argument(error.param.name)} is missing; give it"
        if isinstance(error, click.BadParameter) and error.param is not None and error.param.name:
            return f"{argument(error.param.name)}: {error.message}"
        return error.format_message()
    said = error.format_message()
    if isinstance(error, click.NoSuchOption):  # versions of click have words of their own for it
        said = f"No such option '{error.option_name}'. {about_option(error)}".strip()
    end = "" if said.endswith((".", "?")) else "."
    return f"{said}{end} See: {error.ctx.command_path if error.ctx else 'cassia'} --help"


def _os_error_line(error: OSError) -> str:
    import errno

    place = f"{error.filename}: " if error.filename else ""
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return f"{place}{error.strerror}; raise the limit of open files (ulimit -n)"
    return f"{place}{error.strerror or error}; check the path, its permissions and the free space"
