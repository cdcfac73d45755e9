"""The run in pairs of a name and a value: what was given, who answered, what it cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from cassia_engine.ontology import RELEASE
from cassia_engine.records import Cluster, ClusterResult, ControlResult, Dataset, RunInfo, SampledCells, Selection
from cassia_engine.report import calls, cell_pictures, dates, voting, wording
from cassia_engine.report.controls import fact

Facts = tuple[tuple[str, str], ...]


def facts(
    dataset: Dataset,
    selection: Selection,
    run: RunInfo,
    results: Sequence[ClusterResult],
    cells: SampledCells | None = None,
    controls: Sequence[ControlResult] = (),
) -> Facts:
    """The run; a value that is absent has no pair."""
    pairs = [
        ("Data set", dataset.name),
        ("Tissue", dataset.tissue),
        ("Species", dataset.species),
        ("Your notes", dataset.additional_info),
        ("Cells", _cells(results, cells) if cells else wording.cells_in_clusters(results)),
        ("Markers", wording.selection_words(selection)),
        ("Left out", set_aside(selection, [r.cluster for r in results])),
        ("Provider", run.provider),
        ("Model", run.model),
        ("Prompts", f"version {run.prompts}" if run.prompts else ""),
        ("Requested", ", ".join(_asked(name, value, run.prompts) for name, value in run.parameters)),
        *calls.facts(run, results),
        ("Knowledge", run.knowledge),
        ("Controls", fact(controls) if run.of_model else ""),
        ("Genes looked up", _looked_up(results)),
        ("Reliability", wording.reliability(run)),
        *wording.usage_facts([*results, *(control.result for control in controls)]),
        ("Escalated", voting.escalation(run, results)),
        *dates.facts(results),
        ("Ontology", "" if run.ontology in (RELEASE, None) else f"Cell Ontology {RELEASE}"),
        ("Engine", f"cassia {run.engine_version}" if run.engine_version else ""),
    ]
    return tuple((name, value) for name, value in pairs if value)


def _looked_up(results: Sequence[ClusterResult]) -> str:
    """For how many clusters a second annotator asked for genes."""
    asked = sum(result.looked_up for result in results)
    return f"for {wording.plural(asked, 'cluster')}, as a second annotator asked" if asked else ""


def _cells(results: Sequence[ClusterResult], cells: SampledCells) -> str:
    """How many there are, how many have no cluster, and what is read of them."""
    inside = wording.cells_of(results)
    outside = 0 if inside is None else cells.n_cells - inside
    parts = [
        wording.cells_in_clusters(results) or wording.plural(cells.n_cells, "cell"),
        f"{outside:,} in none" if outside > 0 else "",
        f"expression from {cell_pictures.values_words(cells)}" if cells.matrix else "",
        f"coordinates {cells.coordinates_key}" if cells.coordinates_key else "",
    ]
    return "; ".join(filter(None, parts))


def set_aside(selection: Selection, clusters: Sequence[Cluster]) -> str:
    """Technical genes by kind, with their counts; "" where none were looked for."""
    if selection.gene_filter == "none":
        return ""
    counts = Counter[str]()
    for cluster in clusters:
        counts.update({aside.kind: len(aside.genes) for aside in cluster.set_aside})
    if not counts:
        return "no technical gene"
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in counts.most_common())
    having = sum(bool(cluster.set_aside) for cluster in clusters)
    many = wording.plural(counts.total(), "technical gene")
    return f"{many} in {having:,} of {wording.plural(len(clusters), 'cluster')}: {kinds}"


def _asked(name: str, value: str, prompts: str) -> str:
    if name == "validator_involvement" and value in wording.VALIDATORS:
        earlier = f"{wording.VALIDATORS[value]} validator"
        return f"{earlier if prompts == wording.EARLIER_PROMPTS else wording.INVOLVEMENTS[value]} ({value})"
    return f"{name.replace('_', ' ')} {value}"
