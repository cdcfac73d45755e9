"""`cassia_engine.evaluate`: what `cassia evaluate` does, from Python."""

from __future__ import annotations

from pathlib import Path

from cassia_engine.api import place_of
from cassia_engine.arguments import complete
from cassia_engine.evaluation.evaluated import Evaluation
from cassia_engine.evaluation.evaluating import evaluate_labels
from cassia_engine.evaluation.gold import Gold
from cassia_engine.evaluation.lines import lines
from cassia_engine.evaluation.outputs import ENDS, write_evaluation
from cassia_engine.evaluation.reading import Labels
from cassia_engine.evaluation.wanted import Wanted
from cassia_engine.progress import messages, say


@complete(())
def evaluate(
    labels: Labels,
    gold: Gold,
    *,
    output_name: Path | str | None = None,
    cluster_column: str | None = None,
    label_column: str | None = None,
    score_column: str | None = None,
    score_max: float | None = None,
    by_words: bool = False,
    show_progress: bool = True,
) -> Evaluation:
    """Score the labels of any tool against an expert's, on the Cell Ontology.

    Args:
        labels: what a tool says of clusters or cells, in one of the forms of docs/evaluate.md, recognised by its
            content: a file, a DataFrame, mLLMCelltype's result, CyteType's, or a dict of cluster to label.
        gold: the expert's labels: a table with the columns cluster, and label or cl_id (several accepted ones with |
            between), and if wanted tissue and dataset; or a dict of cluster to label.
        output_name: where to write the outputs, `{output_name}_evaluation.csv`, `.json` and `.html`. None writes
            nothing.
        cluster_column, label_column, score_column: columns of `labels`, in place of those that its format has. With
            `cluster_column` rows are cells, and a cluster has the label that most of its cells have.
        score_max: the score that stands for certainty, such as 1 or 100, where the format does not say.
        by_words: map all labels by their words, also where the tool gives ids of the ontology.
        show_progress: print a short table at the end.

    Returns:
        An `Evaluation`: `figures`, `by_tissue`, `by_dataset`, `curves` and `clusters`, as docs/evaluate.md says.

    Raises:
        ArgumentError: an argument is missing; a TypeError and a UsageError.
        UsageError: something given cannot be used; says what, where and what to do. Nothing is written.
        OSError: the outputs cannot be written.
    """
    with messages(show_progress):
        wanted = Wanted(cluster_column, label_column, score_column, score_max, by_words)
        folder, name = place_of(output_name, "", (labels, gold), ENDS)
        found = evaluate_labels(labels, gold, wanted, name)
        if output_name is not None:
            write_evaluation(found, folder)
        if show_progress:
            for line in lines(found):
                say(line)
    return found
