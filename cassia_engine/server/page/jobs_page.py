"""The list of a caller's jobs, as a page without a script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files

from markupsafe import Markup

from cassia_engine.report import assemble
from cassia_engine.report.dates import day
from cassia_engine.report.page import csp_hash, environment


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job as the list has it.

    Attributes:
        created: when it was submitted, in seconds since 1970.
        state: pending, processing, completed or failed.
        reason: of a job that waits or has failed, "" where there is none.
        clusters: how many it has.
        link: of its report, "" where there is none yet.
    """

    job_id: str
    created: float
    state: str
    clusters: int
    reason: str = ""
    link: str = ""

    @property
    def when(self) -> str:
        time = datetime.fromtimestamp(self.created, UTC)
        return f"{day(time)}, {time:%H:%M} UTC"


def jobs_page(rows: Sequence[JobRow], who: str = "") -> str:
    """The page as a whole HTML document, jobs in the order of `rows`.

    Args:
        who: whose jobs these are, "" where the server has no tokens.
    """
    style = _style()
    policy = f"default-src 'none'; style-src {csp_hash(style)}; img-src data:; base-uri 'none'; form-action 'none'"
    template = environment("cassia_engine.server.page").get_template("jobs.html.j2")
    return template.render(rows=rows, who=who, style=Markup(style), policy=Markup(policy))


@cache
def _style() -> str:
    own = files("cassia_engine.server.page").joinpath("styles", "jobs.css").read_text(encoding="utf-8")
    return f"{assemble.style()}\n{own}"
