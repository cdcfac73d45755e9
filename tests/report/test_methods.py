"""The methods text and what it cites: what is in the records, and nothing that was not done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from cassia_engine.cli.app import cassia
from cassia_engine.records import ClusterCells, ClusterResult, GeneRanking, Outcome, RunInfo, Selection, Usage
from cassia_engine.report.methods import citations, methods
from cassia_engine.stages.corrections import corrected, read_corrections
from tests import conversations
from tests import factories as make
from tests.reading import Page
from tests.stages.test_corrections import results_file

RUN = replace(
    make.MODEL_RUN,
    prompts="1",
    knowledge="Cell Ontology 2026-03-26",
    ontology="2026-03-26",
    parameters=(("validator_involvement", "v0"), ("max_rounds", "3"), ("temperature", "0.0")),
)
NEXTFLOW = {"Nextflow": "25.04.4"}


def text(
    results: Sequence[ClusterResult],
    run: RunInfo = RUN,
    selection: Selection = make.SELECTION,
    made_with: Mapping[str, str] | None = None,
) -> str:
    return "\n".join(methods(make.DATASET, selection, run, results, made_with))


def test_model_prompts_parameters_and_versions_are_named() -> None:
    said = text([make.annotated()], made_with=NEXTFLOW)
    assert "Cell types of 1 cluster (human, peripheral blood) were proposed by cassia 0.1.0 (Nextflow 25.04.4)." in said
    assert "given by some/model-1 through openrouter, asked with prompts of version 1." in said
    assert "in the role of a strict validator" in said
    assert "in at most 3 rounds" in said
    assert "Cell Ontology 2026-03-26" in said
    assert "first 50 marker genes by avg_log2FC among those that pass the filter (adjusted p < 0.05" in said
    assert "All labels are hypotheses" in said


@pytest.mark.parametrize("mode", ["v1", "v0"])
@pytest.mark.parametrize(("given", "named"), [({}, "the model"), ({"second_model": "other"}, "other")])
def test_who_gave_second_opinions_is_named(mode: str, given: Mapping[str, str], named: str) -> None:
    parameters = (("validator_involvement", mode), *given.items())
    said = text([make.annotated()], replace(RUN, prompts="2", parameters=parameters))
    assert (
        f"{named} annotated the cluster again without seeing the first answer; where the two contradicted each other "
        f"in the Cell Ontology, {named} chose between them"
    ) in said


def test_what_went_out_is_said_and_not_what_was_asked_for() -> None:
    held = conversations.held(calls=(conversations.call(model="some/model-1-2026"), conversations.call("validator")))
    said = text([make.annotated(conversation=held)])
    assert "The provider named as the model that answered: some/model-1 (1 call), some/model-1-2026 (1 call)." in said
    assert "temperature was asked for and not sent" in said
    assert "Sent with" not in text([make.annotated()])


def test_of_a_model_that_gave_no_answer_none_is_claimed() -> None:
    said = text([make.unannotated()])
    assert "some/model-1 was to answer through openrouter, and gave no answer that could be used." in said
    assert "validator" not in said and "hypotheses" not in said


def test_offline_asks_no_model_and_claims_no_validator() -> None:
    said = text(make.mixed_bag(), make.OFFLINE_RUN)
    assert "No language model was asked." in said
    assert "validator" not in said
    assert "prompts" not in said


def test_cassia_is_cited_for_the_ideas_that_the_run_has_used() -> None:
    way, filtered = "The annotator and the validator, the filter of the markers", "The filter of the markers"
    moderate = replace(RUN, prompts="2", parameters=(("validator_involvement", "v1"),))
    unjudged = [make.annotated(conversation=conversations.held(validations=()))]
    silent = [make.annotated(usage=Usage())]
    asked = [make.annotated(usage=Usage(calls=2)), make.annotated("1", 1, usage=Usage())]
    for run, results, cited in (
        (RUN, silent, way),
        (make.OFFLINE_RUN, silent, filtered),
        (moderate, unjudged, "The annotator, the filter of the markers"),
        (make.OFFLINE_RUN, asked, way),  # of several runs, the first of which was offline
    ):
        found = citations(make.SELECTION, run, results)
        [entry] = [entry for entry in found if "multi-agent large language model" in entry]
        assert entry.startswith(cited)
        assert any(entry.startswith("Cell types are named by the Cell Ontology") for entry in found)


def test_nothing_is_claimed_where_nothing_answered() -> None:
    run = RunInfo("", "", "", notice="No annotate task left a result.")
    results = [make.unannotated("0", 0, Outcome.NOT_REACHED)]
    said = text(results, run)
    assert "Nothing answered for any cluster." in said
    assert "0 of 1 cluster received a cell type. Without an answer: 1 not reached." in said
    assert not [entry for entry in citations(make.SELECTION, run, results) if "CASSIA" in entry or "Ontology" in entry]


def test_counts_are_those_of_the_run() -> None:
    said = text([*make.mixed_bag(), make.unresolved("u", 10)])
    assert "6 of 11 clusters received a cell type. 1 stayed unresolved." in said
    assert "Without an answer: 1 no markers, 1 refused, 1 failed, 1 not reached." in said
    assert "2 answers did not pass validation and are kept as such." in said
    assert "person" not in said


def test_labels_by_persons_are_counted_by_what_they_did() -> None:
    rows = [
        {"cluster": "0", "label": "B cell", "decided_by": "Ada"},
        {"cluster": "1", "label": "natural killer cell"},
        {"cluster": "9", "label": "platelet", "decided_by": "Ada"},
        {"cluster": "8", "label": "", "comment": "only this"},
    ]
    said = text(corrected(make.mixed_bag(), read_corrections(rows)))
    assert "7 of 10 clusters received a cell type." in said
    how = "1 in place of the proposed one, 1 that confirms it, 1 where there was none"
    assert f"3 labels were given by persons (Ada, a person): {how}." in said


def test_runs_that_were_mixed_are_not_told_as_one() -> None:
    notice = "the clusters were annotated by 2 different runs (openrouter a of cassia 0.1.0, offline b of cassia 0.1.0)"
    assert notice[1:] in text([make.annotated()], replace(RUN, mixed=notice))


def test_markers_out_of_an_anndata_came_in_no_table() -> None:
    selection = replace(make.SELECTION, marker_format="scanpy")
    result = make.annotated(cluster=replace(make.cluster(), cells=ClusterCells(812)))
    said = text([result], selection=selection)
    assert "The ranked genes are out of an AnnData, in the form of Scanpy's rank_genes_groups." in said
    assert "came in a table" not in said
    assert [entry for entry in citations(selection, RUN, [result]) if entry.startswith("If it ranked the genes, ")]


@pytest.mark.parametrize(
    ("ranking", "words"),
    [
        (
            GeneRanking("wilcoxon", "leiden", by_cassia=True, matrix="X"),
            'cassia ranked the genes of the clusters of the obs column "leiden" by Wilcoxon\'s rank-sum test with a '
            "correction for ties, each cluster against all other cells; p values were adjusted by the method of "
            "Benjamini and Hochberg.",
        ),
        (
            GeneRanking("t-test", "leiden"),
            'which notes Welch\'s t-test of the clusters of the obs column "leiden", each against all other cells.',
        ),
        (GeneRanking("wilcoxon", reference="B"), 'which notes Wilcoxon\'s rank-sum test, each against cluster "B".'),
        (
            GeneRanking("logreg", "leiden", reference="B"),
            'which notes logistic regression of the clusters of the obs column "leiden".',
        ),
        (GeneRanking("odd", "c"), 'which notes the method "odd" of the clusters of the obs column "c".'),
        (GeneRanking("", "c"), 'Scanpy\'s rank_genes_groups, of the clusters of the obs column "c".'),
    ],
)
def test_the_test_and_the_column_of_the_clusters_are_named(ranking: GeneRanking, words: str) -> None:
    selection = replace(make.SELECTION, marker_format="scanpy", ranking=ranking)
    assert words in text([make.annotated()], selection=selection)
    cited = [entry for entry in citations(selection, RUN, [make.annotated()]) if "SCANPY" in entry]
    assert bool(cited) != ranking.by_cassia


@pytest.mark.parametrize(
    ("marker_format", "named"),
    [("seurat", "Seurat"), ("scanpy", "SCANPY"), ("presto", "Presto"), ("simplified", ""), ("long", "")],
)
def test_tools_are_cited_by_the_form_of_the_table(marker_format: str, named: str) -> None:
    selection = replace(make.SELECTION, marker_format=marker_format)
    cited = citations(selection, RUN, [make.annotated()], NEXTFLOW)
    of_tables = [entry for entry in cited if entry.startswith("If it made the marker table")]
    assert len(of_tables) == bool(named)
    assert all(named in entry for entry in of_tables)
    assert "table of the form" in text([make.annotated()], selection=selection) or not named
    assert sum("Nextflow enables" in entry for entry in cited) == 1
    assert not [entry for entry in citations(selection, RUN, [make.annotated()]) if "Nextflow" in entry]


def test_collect_puts_software_into_the_report_and_refuses_what_is_no_version(tmp_path: Path) -> None:
    arguments = ["collect", str(results_file(tmp_path, [make.annotated()])), "--outdir", str(tmp_path)]
    done = CliRunner().invoke(cassia, [*arguments, "--made_with", "Nextflow=25.04.4"])
    assert done.exit_code == 0, done.output
    found = Page((tmp_path / "pbmc_report.html").read_text()).text_of["methods"]
    assert "by cassia 0.1.0 (Nextflow 25.04.4)" in found
    assert "Nextflow enables reproducible computational workflows" in found
    done = CliRunner().invoke(cassia, [*arguments, "--made_with", "Nextflow"])
    assert "expected NAME=VERSION, such as Nextflow=25.04.4" in str(done.exception)
