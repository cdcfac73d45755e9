"""The data that the page carries for its scripts: a small part in the open, the others packed and read when needed.

page-data    what every script wants at once: the run's key, its name, what statistics there are
rows         a mapping a cluster: what table, search, filters and pictures need of it
markers      gene names once, and by cluster their numbers and statistics, by rank
library      the script of the table library, as text
details-K    everything else of clusters K * BLOCK to K * BLOCK + BLOCK - 1
texts        long texts that several clusters have, such as the system prompt
terms        the current terms of the Cell Ontology, each an id, a label and synonyms, for who types a label
lineages     the names of the broad lineages; a row's `lineage` is an index in it
tree         the clusters on the Cell Ontology (tree.py)
links        addresses of pages on a gene and on a term (links.py)

Where the cells are known (cell_pictures.py); absent else, so that nothing stands in their place on the page:
embedding    where the sampled cells lie, and of which cluster each is
expression   genes in these cells, in the order of `embedding.genes`: the largest value, and all of them packed
means        genes of the dot plot with mean and fraction by cluster, in the order of `rows`; `page-data` then says
             what the values are: "has": {"means": "values in X"}
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from msgspec.structs import replace

from cassia_engine.ontology import RELEASE
from cassia_engine.records import ClusterResult, Dataset, RunInfo, Selection, to_json
from cassia_engine.report import library, wording
from cassia_engine.report.cell_pictures import Pictures
from cassia_engine.report.details import detail_data, who_answered
from cassia_engine.report.lineage_hues import LINEAGES
from cassia_engine.report.links import TERM_PAGE, gene_page
from cassia_engine.report.markertable import BAR_END, markers, short, strongest
from cassia_engine.report.pack import dumps, pack
from cassia_engine.report.requests import Texts
from cassia_engine.report.rows import row_data
from cassia_engine.report.terms import terms
from cassia_engine.report.tree import tree
from cassia_engine.report.view import Page

BLOCK = 25  # clusters whose details are packed together: enough to compress well, few enough to unpack at once


def page_data(
    page: Page,
    dataset: Dataset,
    selection: Selection,
    run: RunInfo,
    results: Sequence[ClusterResult],
    pictures: Pictures,
) -> dict[str, Any]:
    """What every script wants at once."""
    keys = {key for key, _, _ in page.columns}
    means = {"means": pictures.values} if "means" in pictures.parts else {}
    largest = strongest(results)
    return {
        "key": run_key(dataset, selection, run, results),
        "name": page.name,
        "offline": page.offline,
        "columns": [{"key": key, "heading": heading} for key, heading, _ in page.columns],
        "has": {"fc": "fc" in keys, "pct": "in" in keys, **means},
        "fc_end": short(min(largest, BAR_END)),
        "fc_capped": largest > BAR_END,
        "n_cells": wording.cells_of(results),
        "block": BLOCK,
        "score_meaning": page.score_meaning,
        "ontology": RELEASE,
        "before": who_answered(run.provider),
        "pipeline": page.from_pipeline,
        "tissue": dataset.tissue,
    }


def packed(
    page: Page, dataset: Dataset, run: RunInfo, results: Sequence[ClusterResult], pictures: Pictures
) -> Iterator[tuple[str, str]]:
    """The packed parts by name, those of the cells among them.

    Of what grows with the clusters `pack` gets iterators, which it never holds whole.
    """
    texts = Texts(results)
    yield "rows", pack(row_data(row) for row in page.rows)
    yield "markers", pack(markers(results, page.columns))
    yield "texts", pack(iter(texts))
    yield "lineages", pack([{"name": name} for name in LINEAGES])
    yield "tree", pack(tree([row.cl_id for row in page.rows]))
    yield "links", pack({"gene": gene_page(dataset.species), "term": TERM_PAGE})
    yield from constants().items()
    yield from ((name, pack(part)) for name, part in pictures.parts.items())
    for start in range(0, len(results), BLOCK):
        block = results[start : start + BLOCK]
        yield f"details-{start // BLOCK}", pack(detail_data(one, run, texts.of_cluster()) for one in block)


@cache
def constants() -> dict[str, str]:
    """The packed parts that are the same on all pages."""
    return {"library": pack(library.text()), "terms": pack(terms())}


def run_key(dataset: Dataset, selection: Selection, run: RunInfo, results: Sequence[ClusterResult]) -> str:
    """What tells this run from others, for what a browser keeps of it: 16 hexadecimal digits."""
    clusters = [[r.cluster.id, r.cluster.genes] for r in results]
    annotator = to_json(replace(run, setup=None))  # its parameters say it
    del annotator["ontology"]  # the knowledge names it
    whole = dumps([to_json(dataset), to_json(selection), annotator, clusters])
    return hashlib.sha256(whole.encode("utf-8")).hexdigest()[:16]
