"""The report of a job as the server shows it: as it was made, with a script, a style and what these are context."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files

from cassia_engine.fast_json import ascii_json
from cassia_engine.report.assemble import bundle
from cassia_engine.report.pack import visible
from cassia_engine.report.page import csp_hash

log = logging.getLogger(__name__)

_POLICY = re.compile(rb'<meta http-equiv="Content-Security-Policy" content="([^"]*)">')
_MODULES, _FIRST_MODULE = "cassia_engine", "server/page/scripts/main.js"


@dataclass(frozen=True, slots=True)
class PageContext:
    """What the script of a served page has to know.

    Attributes:
        job_id: of the job whose report this is.
        who: the name under which the caller's corrections are kept.
        has_artifacts: whether the job came with "vars_h5" and "obs_duckdb".
        clusters: by what each cluster is called in the report, its id in the protocol.
        root: where the server's addresses begin, seen from the page: "../" from /report/<job id>.
    """

    job_id: str
    who: str
    has_artifacts: Mapping[str, bool]
    clusters: Mapping[str, str]
    root: str = "../"


def served_page(report: bytes, context: PageContext) -> bytes:
    """The page of a report with what needs the server.

    A page that is none of this program's reports stays as it is, and that is logged.
    """
    head, found, body = report.partition(b"</head>")
    policy = _POLICY.search(head)
    # Before the report's own script, which tells this one when the clusters are known; texts in the page are escaped.
    before, foot, after = body.partition(b"</footer>")
    if policy is None or not found or not foot:
        what = "the report of job %s is not in the form that this server adds to; it is shown as it is"
        log.error(what, context.job_id, extra={"job": context.job_id})
        return report
    allowed = _allowed(policy[1].decode("utf-8")).encode("utf-8")
    head = head[: policy.start(1)] + allowed + head[policy.end(1) :]
    style = f"<style>{_style()}</style>".encode()
    return b"".join((head, style, found, before, foot, _scripts(context), after))


def _allowed(policy: str) -> str:
    """A report's policy that lets through the served page's style and script too, and requests to the server itself."""
    more = {"style-src": csp_hash(_style()), "script-src": csp_hash(script())}
    parts = [part.strip() for part in policy.split(";") if part.strip()]
    opened = [f"{part} {more[name]}" if (name := part.partition(" ")[0]) in more else part for part in parts]
    return "; ".join([*opened, "connect-src 'self'"])


def _scripts(context: PageContext) -> bytes:
    names = {"job_id": "jobId", "has_artifacts": "hasArtifacts"}
    values = asdict(context) | {"who": visible(context.who)}
    # Names of clusters as they are, for they are looked up by the script: nothing in them ends the element.
    data = ascii_json({names.get(name, name): value for name, value in values.items()}).replace(b"<", b"\\u003c")
    element = b'\n<script type="application/json" id="cassia-server">' + data + b"</script>\n"
    return element + f"<script>{script()}</script>\n".encode()


@cache
def script() -> str:
    """Every module that the first one needs, those of the report among them, in one script."""
    return bundle(_FIRST_MODULE, lambda name: files(_MODULES).joinpath(*name.split("/")).read_text(encoding="utf-8"))


@cache
def _style() -> str:
    return files("cassia_engine.server.page").joinpath("styles", "served.css").read_text(encoding="utf-8")
