"""The list of a caller's jobs, as a page without a script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files

from markupsafe import Markup

from cassia_engine.cytetype.protocol import COMPLETED, FAILED
from cassia_engine.report import assemble
from cassia_engine.report.dates import day
from cassia_engine.report.page import csp_hash, environment

LONGEST_TITLE = 120  # characters


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job as the list has it.

    Attributes:
        created: when it was submitted, in seconds since 1970.
        started: when its first run began, None where it has not.
        state: pending, processing, completed or failed.
        reason: of a job that waits or has failed, "" where there is none.
        clusters: how many it has.
        link: of its report, "" where there is none yet.
        study: what the job says of its study, "" where it says nothing.
    """

    job_id: str
    created: float
    state: str
    clusters: int
    reason: str = ""
    link: str = ""
    study: str = ""
    started: float | None = None

    @property
    def has_ended(self) -> bool:
        return self.state in (COMPLETED, FAILED)

    @property
    def title(self) -> str:
        """The beginning of what is said of the study, else the job's id."""
        text = self.study or self.job_id
        return text if len(text) <= LONGEST_TITLE else f"{text[: LONGEST_TITLE - 1].rstrip()}…"

    @property
    def submitted(self) -> str:
        return _time(self.created)

    @property
    def began(self) -> str:
        return "" if self.started is None else _time(self.started)


def jobs_page(rows: Sequence[JobRow], who: str = "") -> str:
    """The page as a whole HTML document, jobs in the order of `rows`.

    Args:
        who: whose jobs these are, "" where the server has no tokens.
    """
    style = _style()
    policy = f"default-src 'none'; style-src {csp_hash(style)}; img-src data:; base-uri 'none'; form-action 'self'"
    template = environment("cassia_engine.server.page").get_template("jobs.html.j2")
    return template.render(rows=rows, who=who, style=Markup(style), policy=Markup(policy))


def _time(seconds: float) -> str:
    time = datetime.fromtimestamp(seconds, UTC)
    return f"{day(time)}, {time:%H:%M} UTC"


@cache
def _style() -> str:
    own = files("cassia_engine.server.page").joinpath("styles", "jobs.css").read_text(encoding="utf-8")
    return f"{assemble.style()}\n{own}"
