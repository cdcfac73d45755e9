"""Put the view and the data into the template: everything escaped, nothing from outside, nothing that runs but ours."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from cassia_engine.records import ClusterResult, ControlResult, Dataset, RunInfo, SampledCells, Selection
from cassia_engine.report import assemble, cell_pictures, data, library, view
from cassia_engine.report.pack import inline, visible
from cassia_engine.report.sections import Section


def render(
    dataset: Dataset,
    selection: Selection,
    run: RunInfo,
    results: Sequence[ClusterResult],
    made_with: Mapping[str, str] | None = None,
    *,
    cells: SampledCells | None = None,
    controls: Sequence[ControlResult] = (),
    sections: Sequence[Section] = (),
) -> str:
    """The report of one sample as a whole HTML document.

    Clusters stand in the order of `results`. The same input gives the same bytes on the same day; there is no path.

    Args:
        made_with: software and its version for the run's facts, such as {"Nextflow": "25.04.4"}.
        cells: those of the data set, its clusters in the order of `results`; None where only a table is known.
        controls: what was answered of lists that are no clusters.
        sections: further tables of the sample.
    """
    return "".join(
        pieces(dataset, selection, run, results, made_with, cells=cells, controls=controls, sections=sections)
    )


def pieces(
    dataset: Dataset,
    selection: Selection,
    run: RunInfo,
    results: Sequence[ClusterResult],
    made_with: Mapping[str, str] | None = None,
    *,
    cells: SampledCells | None = None,
    controls: Sequence[ControlResult] = (),
    sections: Sequence[Section] = (),
) -> Iterator[str]:
    """The same document in pieces: of thousands of clusters it is large, and need not be in memory as a whole."""
    page = view.page(dataset, selection, run, results, made_with or {}, cells, controls, sections)
    pictures = cell_pictures.pictures(cells, page.rows, results)
    return (
        environment()
        .get_template("report.html.j2")
        .generate(
            page=page,
            data=Markup(inline(data.page_data(page, dataset, selection, run, results, pictures))),
            packed=((name, Markup(text)) for name, text in data.packed(page, dataset, run, results, pictures)),
            **frame(library.text()),
        )
    )


def prepare() -> None:
    """Read and put together what is the same for all pages, which is kept."""
    frame(library.text())
    data.constants()
    environment().get_template("report.html.j2")


def frame(*unpacked: str, with_script: bool = True) -> dict[str, Markup]:
    """The style and script of a page, and the policy that lets through these two and nothing else.

    Args:
        unpacked: scripts that the page's own script runs later.
        with_script: whether the page has a script of its own.
    """
    style, script = assemble.style(), assemble.script() if with_script else ""
    scripts = " ".join(map(csp_hash, (script, *unpacked))) if with_script else "'none'"
    policy = (
        f"default-src 'none'; style-src {csp_hash(style)}; script-src {scripts}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    return {"style": Markup(style), "script": Markup(script), "policy": Markup(policy)}


def csp_hash(text: str) -> str:
    """The source expression by which the page's policy lets exactly this inline text through."""
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def plainly(value: object) -> object:
    """A value as a page shows it: what cannot be seen in a text is made visible."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


@cache
def environment(package: str = "cassia_engine.report", shown: Callable[[object], object] = plainly) -> Environment:
    """The templates of a package, in its folder `templates`: whatever is put into them is `shown`, and escaped."""
    return Environment(
        loader=PackageLoader(package, "templates"),
        autoescape=True,
        finalize=shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
