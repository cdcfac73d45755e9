"""`cassia evaluate`: labels of any tool against an expert's, on the Cell Ontology."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cassia_engine.cli.options import FilePath


@click.command()
@click.argument("labels", type=FilePath)
@click.argument("gold", type=FilePath)
@click.option("--name", help="Output files start with it.  [default: from the name of LABELS]")
@click.option("--outdir", type=FilePath, default=Path(), help="Folder for the outputs.")
@click.option(
    "--cluster_column",
    help="Column of LABELS with the cluster of each cell; a cluster has the label that most of its cells have.  "
    "[default: by the format]",
)
@click.option("--label_column", help="Column of LABELS with the labels.  [default: by the format]")
@click.option("--score_column", help="Column of LABELS with scores or probabilities.  [default: by the format]")
@click.option(
    "--score_max",
    type=float,
    help="The score that stands for certainty, such as 1 or 100.  [default: by the format]",
)
@click.option(
    "--by_words",
    is_flag=True,
    help="Map all labels by their words, also where LABELS gives ids of the Cell Ontology.",
)
def evaluate(labels: Path, gold: Path, name: str | None, outdir: Path, **wanted: Any) -> None:
    """Score the labels of any tool against an expert's labels, on the Cell Ontology.

    LABELS is what a tool has written of clusters or cells: a summary of cassia or CASSIA, CyteType's or mLLMCelltype's
    results, a table of CellTypist, popV, ScType or SingleR, or any table of clusters and labels; it is recognised by
    its content. GOLD is a table with the columns cluster, and label or cl_id (several accepted ones with | between),
    and if wanted tissue and dataset. Nothing is sent anywhere.

    \b
    cassia evaluate results/pbmc_summary.csv expert.csv
    cassia evaluate obs.csv expert.csv --cluster_column leiden --label_column majority_voting
    """
    from cassia_engine.callers import option
    from cassia_engine.errors import UsageError
    from cassia_engine.evaluation.evaluating import evaluate_labels
    from cassia_engine.evaluation.lines import lines
    from cassia_engine.evaluation.outputs import paths_of, write_evaluation
    from cassia_engine.evaluation.wanted import Wanted
    from cassia_engine.files import check_writable
    from cassia_engine.records import fault_of_name

    found = evaluate_labels(labels, gold, Wanted(**wanted), name or "")
    if fault := fault_of_name(found.name):
        raise UsageError(f"{option('name', found.name)}: {fault}", code="evaluate-name-unusable")
    check_writable(*paths_of(outdir, found.name), inputs=(labels, gold))
    for line in lines(found):
        click.echo(line)
    for path in write_evaluation(found, outdir):
        click.echo(path)
