"""Put the view into the template: everything escaped, nothing from outside, nothing that runs but our script."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from cassia_engine.records import ClusterResult, Dataset, RunInfo, Selection
from cassia_engine.report import view

# Control characters, zero-width ones, overrides of the writing direction, and halves of surrogate pairs:
# they could make a text read as another one, so they are shown by their number.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff\ufffe\uffff]"
)


def render(
    dataset: Dataset,
    selection: Selection,
    run: RunInfo,
    results: Sequence[ClusterResult],
    made_with: Mapping[str, str] | None = None,
) -> str:
    """The report of one sample as a whole HTML document.

    Clusters stand in the order of `results`. The same input gives the same bytes: no date, no path.

    Args:
        made_with: software and its version for the colophon, such as {"Nextflow": "25.04.4"}.
    """
    style, script = _asset("style.css"), _asset("script.js")
    return (
        _environment()
        .get_template("template.html.j2")
        .render(
            page=view.page(dataset, selection, run, results, made_with or {}),
            style=Markup(style),
            script=Markup(script),
            style_hash=_csp_hash(style),
            script_hash=_csp_hash(script),
        )
    )


def visible(value: object) -> object:
    """The value as the page shows it: characters that cannot be seen are named, as in [U+202E]."""
    if isinstance(value, str) and not value.isprintable() and not isinstance(value, Markup):
        return _UNSEEN.sub(lambda found: f"[U+{ord(found[0]):04X}]", value)
    return value


def as_written(text: str) -> Markup:
    """A text between tags, with its quotation marks as they are: escaped, JSON would be twice as long."""
    shown = str(visible(text))
    return Markup(shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("cassia_engine.report", ""),
        autoescape=True,
        finalize=visible,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["as_written"] = as_written
    return environment


@cache
def _asset(name: str) -> str:
    return files("cassia_engine.report").joinpath(name).read_text(encoding="utf-8")


def _csp_hash(text: str) -> str:
    """The source expression by which the page's policy lets exactly this inline text through."""
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"
