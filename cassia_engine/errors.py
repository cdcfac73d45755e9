"""The errors cassia raises, as a tree; each knows the exit code of the command line.

    CassiaError
      |-- UsageError             2   wrong use or bad input: what, where, what to do
      |     |-- ArgumentError    2   an argument of a Python function is missing, or there is none of this name
      |     `-- InputProblems    2   several of them, all at once, a line each
      |-- TemporaryError        75   try again later (provider down, told to stop)
      |-- AccountError          77   bad key, no credit, the provider's spending limit
      |     `-- BudgetError     77   what the run may spend (max_cost) is spent; the account is fine
      |-- CallFailedError        1   a request to a provider gets no answer; its cluster has failed, others go on
      |     `-- ModelGoneError   1   the provider does not serve the model
      |-- StoppedError          75   nothing is sent any more; a cluster without its answers is not reached
      |-- TooManyFailedError     1   outputs are written, but too many clusters have no annotation
      `-- ReplayDiffersError     1   recorded answers lead to something else than what is recorded; nothing is written

The message of every error is one clear line for a person: no traceback is shown for any of them. Its `code`, given
where it is raised, says the same to programs and stays when the wording changes; tests/golden/messages.txt lists all.
Foreign exceptions are turned into these in one place each, by type, never by searching a message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

# Of a text that a person wrote as much is shown; a cell may hold a book.
_SHOWN = 60


class CassiaError(Exception):
    """Base of every error that cassia raises on purpose.

    Attributes:
        code: which error it is, such as "column-not-found"; the same in every version, whatever the message says.
    """

    exit_code = 1
    code = ""

    def __init__(self, what: str, *, code: str = ""):
        super().__init__(what)
        if code:
            self.code = code

    def _render_traceback_(self) -> list[str]:
        """What IPython, and so a notebook, shows in place of a traceback."""
        return [f"cassia: error: {line}" for line in str(self).split("\n")]


class UsageError(CassiaError):
    """A wrong option or an input that cannot work, with the place and the remedy.

    Args:
        what: what is wrong and what to do, in one line without a full stop at the end.
        path: the file at fault, if it is one, or what messages call a table that is none ("the DataFrame").
        line: the 1-based line of that file, header included, if it is known.
        unit: what `line` counts: "line", or "row" of a table without lines, the first under the header being 1.
    """

    exit_code = 2

    def __init__(
        self, what: str, *, code: str = "", path: Path | str | None = None, line: int | None = None, unit: str = "line"
    ):
        self.what, self.path, self.line, self.unit = what, path, line, unit
        super().__init__(_place(path, line, unit) + what, code=code)

    def of_sample(self, sample: str) -> str:
        """The message to one who knows samples and file names, and not the folder where a task got the file."""
        path = None if self.path is None else Path(self.path).name
        name = f"sample {shown(sample)}"
        return f"{name}: {self.what}" if path is None else f"{name}, {_place(path, self.line, self.unit)}{self.what}"


def _place(path: Path | str | None, line: int | None, unit: str) -> str:
    if path is None:
        return ""
    name = str(path) if str(path).isprintable() else repr(str(path))
    return f"{name}: " if line is None else f"{name}, {unit} {line}: "


class ArgumentError(UsageError, TypeError):
    """An argument that a Python function needs is missing, or it has none of this name; a TypeError too."""


class InputProblems(UsageError):
    """Everything that is wrong with the input, so that a person can correct it in one go: a line each."""

    code = "several-problems"

    def __init__(self, problems: Sequence[CassiaError]):
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)

    def of_sample(self, sample: str) -> str:
        problems = (p.of_sample(sample) if isinstance(p, UsageError) else str(p) for p in self.problems)
        return "\n".join(problems)


def gather(*steps: Callable[[], Any]) -> list[Any]:
    """The results of all steps. What is wrong is raised after the last one, all of it at once.

    Raises:
        UsageError, AccountError: the one problem there is (a missing key is known before anything is asked).
        InputProblems: several.
    """
    results: list[Any] = []
    problems: list[CassiaError] = []
    for step in steps:
        try:
            results.append(step())
        except InputProblems as error:
            problems += error.problems
        except (UsageError, AccountError) as error:
            problems.append(error)
    raise_all(problems)
    return results


def raise_all(problems: Sequence[CassiaError]) -> None:
    """Raise the problems, if there are any."""
    if problems:
        raise problems[0] if len(problems) == 1 else InputProblems(problems)


def shown(text: object) -> str:
    """A text of the input as messages show it: on one line, with its end cut off if it is long."""
    name = str(text)
    return name if name.isprintable() and len(name) <= _SHOWN and name.strip() == name != "" else quoted(name)


def quoted(text: str) -> str:
    """`shown` in quotes, for what would be taken for a part of the message."""
    return repr(text[:_SHOWN]) + ("..." if len(text) > _SHOWN else "")


def did_you_mean(given: str, known: Iterable[str], cutoff: float = 0.6, form: str = " ({})") -> str:
    """The question whether a known word is meant; "" if none is spelled like what was given.

    Args:
        cutoff: how much of the words must be alike, of 1, by difflib.
        form: how the question is joined to a message.
    """
    import difflib  # only where something is wrong

    near = difflib.get_close_matches(given, [*known], n=1, cutoff=cutoff)
    return form.format(f"did you mean {shown(near[0])}?") if near else ""


class TemporaryError(CassiaError):
    """Something that may work when it is tried again."""

    exit_code = 75


class AccountError(CassiaError):
    """The provider's account refuses: bad key, no credit, spending cap."""

    exit_code = 77


class BudgetError(AccountError):
    """What the run may spend is spent, by its `max_cost`; the account itself refuses nothing."""


class CallFailedError(CassiaError):
    """A request gets no answer, whatever is tried; it fails its cluster and nothing else."""


class ModelGoneError(CallFailedError):
    """The provider does not serve the model that was asked, or no longer."""


class StoppedError(CassiaError):
    """Nothing is sent any more, and the answer is not in the journal."""

    exit_code = 75


class TooManyFailedError(CassiaError):
    """All outputs are written, but more clusters failed than were allowed to."""

    exit_code = 1


class ReplayDiffersError(CassiaError):
    """Recorded answers lead to something else than what is recorded of them; a line for each cluster."""

    exit_code = 1
