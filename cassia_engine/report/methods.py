"""The text for a methods section, and what it cites: only what is in the records, ready to copy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from cassia_engine.prompts import EARLIER
from cassia_engine.records import OFFLINE, ClusterResult, Dataset, GeneRanking, Outcome, RunInfo, Selection
from cassia_engine.report import calls, voting
from cassia_engine.report.review_flags import sentence
from cassia_engine.report.wording import EARLIER_PROMPTS, NO_MODEL, OUTCOME_WORDS, VALIDATORS, plural, thresholds
from cassia_engine.settings import STRICT

TABLES: Mapping[str, str] = {
    "seurat": "Seurat's FindAllMarkers",
    "scanpy": "Scanpy's rank_genes_groups_df",
    "presto": "presto's wilcoxauc",
}
# By what Scanpy or the tool calls them; others are named as they are noted.
TESTS: Mapping[str, str] = {
    "wilcoxon": "Wilcoxon's rank-sum test",
    "t-test": "Welch's t-test",
    "t-test_overestim_var": "Welch's t-test with an overestimated variance of each cluster",
    "logreg": "logistic regression",
    "COSG": "COSG",
}
_OF_TWO_GROUPS = ("wilcoxon", "t-test", "t-test_overestim_var")
# Of tools that wrote the marker table: that it has their form is known, that they wrote it is for the author to say.
OF_TABLES: Mapping[str, str] = {
    "seurat": "Seurat: Hao Y et al. Dictionary learning for integrative, multimodal and scalable single-cell "
    "analysis. Nat Biotechnol 42, 293-304 (2024). doi:10.1038/s41587-023-01767-y",
    "scanpy": "Scanpy: Wolf FA et al. SCANPY: large-scale single-cell gene expression data analysis. Genome "
    "Biol 19, 15 (2018). doi:10.1186/s13059-017-1382-0",
    "presto": "presto: Korsunsky I et al. Presto scales Wilcoxon and auROC analyses to millions of observations. "
    "bioRxiv (2019). doi:10.1101/653253",
}
ONTOLOGY = (
    "Cell types are named by the Cell Ontology (CC BY 4.0): Diehl AD et al. The Cell Ontology 2016: enhanced content, "
    "modularization, and ontology interoperability. J Biomed Semantics 7, 44 (2016). doi:10.1186/s13326-016-0088-7"
)
CASSIA = (
    "CASSIA: Xie E et al. CASSIA: a multi-agent large language model for automated and "
    "interpretable cell annotation. Nat Commun (2025). doi:10.1038/s41467-025-67084-x"
)
OF_SOFTWARE: Mapping[str, str] = {
    "Nextflow": "Nextflow: Di Tommaso P et al. Nextflow enables reproducible computational workflows. Nat "
    "Biotechnol 35, 316-319 (2017). doi:10.1038/nbt.3820",
    "nf-core": "nf-core: Ewels PA et al. The nf-core framework for community-curated bioinformatics pipelines. Nat "
    "Biotechnol 38, 276-278 (2020). doi:10.1038/s41587-020-0439-x",
}


# How a model was asked, by the version of the prompts and by `validator_involvement`.
_PROPOSED = (
    "For each cluster the model proposed a type with evidence from its markers; code checked the answer against "
    "the marker list"
)
_EARLIER = (
    f"{_PROPOSED}; then the same model, in the role of a {{mode}} validator, judged it by fixed questions, and code "
    "decided from its answers{rounds}."
)
_SECOND = (
    "{second} annotated the cluster again without seeing the first answer; where the two contradicted each other in "
    "the Cell Ontology, {second} chose between them"
)
_ASKED: Mapping[str, str] = {
    "v1": f"{_PROPOSED} and compared it with marker scoring; where score, checks or marker scoring left a doubt, "
    f"{_SECOND}.",
    "v0": f"{_PROPOSED}; {_SECOND}; then a strict validator judged the answer by fixed questions, and code decided "
    "from its answers{rounds}.",
}


def methods(
    dataset: Dataset,
    selection: Selection,
    run: RunInfo,
    results: Sequence[ClusterResult],
    made_with: Mapping[str, str] | None = None,
) -> tuple[str, ...]:
    """The paragraphs: what was given, who answered, what came of it. What is not known is not said."""
    return (
        " ".join(_given(dataset, selection, run, results, made_with or {})),
        " ".join(_answered(run, results)),
        " ".join(_outcome(results)),
    )


def citations(
    selection: Selection, run: RunInfo, results: Sequence[ClusterResult], made_with: Mapping[str, str] | None = None
) -> tuple[str, ...]:
    """What was used, as entries of a list of references."""
    placed = any(r.has_cell_type for r in results)
    answered = run.provider or any(r.usage.calls for r in results)
    ranked_here = selection.ranking is not None and selection.ranking.by_cassia
    table = None if ranked_here else OF_TABLES.get(selection.marker_format)
    made = "ranked the genes" if selection.ranking or _of_cells(results) else "made the marker table"
    return (
        *([ONTOLOGY] if placed else []),
        *([f"{_from_cassia(run, results)} follow {CASSIA}"] if answered else []),
        *([f"If it {made}, {table}"] if table else []),
        *(OF_SOFTWARE[name] for name in made_with or {} if name in OF_SOFTWARE),
    )


def _of_cells(results: Sequence[ClusterResult]) -> bool:
    """Whether the markers are out of an AnnData."""
    return any(result.cluster.cells for result in results)


def _from_cassia(run: RunInfo, results: Sequence[ClusterResult]) -> str:
    """Which ideas of CASSIA the run has used."""
    if run.provider != OFFLINE or any(r.usage.calls for r in results):
        asked = run.prompts == EARLIER_PROMPTS or ("validator_involvement", STRICT) in run.parameters
        validator = asked or any(r.conversation.validations for r in results)
        roles = "The annotator and the validator" if validator else "The annotator"
        return f"{roles}, the filter of the markers and the columns of the summary"
    return "The filter of the markers and the columns of the summary"


def _given(
    dataset: Dataset,
    selection: Selection,
    run: RunInfo,
    results: Sequence[ClusterResult],
    made_with: Mapping[str, str],
) -> Iterator[str]:
    version = f" {run.engine_version}" if run.engine_version else ""
    within = ", ".join(f"{name} {version}" for name, version in made_with.items())
    about = ", ".join(filter(None, (dataset.species, dataset.tissue)))
    yield (
        f"Cell types of {plural(len(results), 'cluster')}{f' ({about})' if about else ''} were proposed by "
        f"cassia{version}{f' ({within})' if within else ''}."
    )
    if selection.ranking or _of_cells(results):
        yield _ranked(selection.ranking or GeneRanking())
    elif form := TABLES.get(selection.marker_format):
        yield f"The marker genes came in a table of the form of {form}."
    limits = thresholds(selection)
    chosen = f" among those that pass the filter ({limits})" if limits else ""
    yield (
        f"Each cluster was described by its first {plural(selection.n_genes, 'marker gene')} by {selection.ranked_by}"
        f"{chosen}, or by all of them where there were fewer."
    )
    if selection.gene_filter == "technical":
        yield (
            "Technical genes, such as ribosomal and mitochondrial ones, were set aside, and the next genes took their "
            "places."
        )


def _ranked(ranking: GeneRanking) -> str:
    """By which test genes were ranked, of which clusters: what cassia did, or what an AnnData notes of it."""
    clusters = f'the clusters of the obs column "{ranking.group_key}"' if ranking.group_key else ""
    if ranking.by_cassia:
        return (
            f"cassia ranked the genes of {clusters} by {_test(ranking)} with a correction for ties, each cluster "
            "against all other cells; p values were adjusted by the method of Benjamini and Hochberg."
        )
    form = "The ranked genes are out of an AnnData, in the form of Scanpy's rank_genes_groups"
    if not ranking.method:
        return f"{form}, of {clusters}." if clusters else f"{form}."
    others = f'cluster "{ranking.reference}"' if ranking.reference else "all other cells"
    # A regression has all clusters in one model, whatever its reference says; of other tools it is not known.
    against = f", each against {others}" if ranking.method in _OF_TWO_GROUPS else ""
    of = f" of {clusters}" if clusters else ""
    return f"{form}, which notes {_test(ranking)}{of}{against}."


def _test(ranking: GeneRanking) -> str:
    return TESTS.get(ranking.method, f'the method "{ranking.method}"')


def _answered(run: RunInfo, results: Sequence[ClusterResult]) -> Iterator[str]:
    if not run.provider:
        yield "Nothing answered for any cluster."
        return
    if run.of_model and not any(r.annotation for r in results):
        model = run.model or "An unnamed model"
        yield f"{model} was to answer through {run.provider}, and gave no answer that could be used."
        return
    if run.provider == OFFLINE:
        source = f" ({run.knowledge})" if run.knowledge else ""
        yield f"The markers were scored against a table of known marker genes{source}. {NO_MODEL}"
    else:
        yield from _by_model(run, results)
        if n_looked_up := sum(one.looked_up for one in results):
            asked = f"For {plural(n_looked_up, 'cluster')} the second annotator asked for further genes"
            yield f"{asked}, which were looked up in the whole table, or counted in the cells."
    if run.mixed:
        yield sentence(run.mixed)
    yield "All labels are hypotheses: no experiment has shown them."


def _by_model(run: RunInfo, results: Sequence[ClusterResult]) -> Iterator[str]:
    prompts = f", asked with prompts of version {run.prompts}" if run.prompts else ""
    yield f"The answers were given by {run.model or 'an unnamed model'} through {run.provider}{prompts}."
    facts = dict(calls.facts(run, results))
    if other := facts.get("Answered by"):
        yield f"The provider named as the model that answered: {other}."
    if sent := facts.get("Sent"):
        yield f"Sent with the calls: {sent}."
    asked = dict(run.parameters)
    if mode := VALIDATORS.get(asked.get("validator_involvement", "")):
        rounds = (
            f", in at most {plural(int(asked['max_rounds']), 'round')}" if asked.get("max_rounds", "").isdigit() else ""
        )
        earlier = run.prompts == EARLIER
        said = _EARLIER if earlier else _ASKED[asked["validator_involvement"]]
        yield said.format(mode=mode, rounds=rounds, second=asked.get("second_model", "the model"))
    yield from voting.methods(run, results)
    if run.knowledge:
        yield f"Labels were placed in the ontology by their words ({run.knowledge})."


def _outcome(results: Sequence[ClusterResult]) -> Iterator[str]:
    n_all = plural(len(results), "cluster")
    yield f"{sum(r.has_cell_type for r in results):,} of {n_all} received a cell type."
    unresolved = sum(r.outcome is Outcome.ANNOTATED and not r.has_cell_type for r in results)
    if unresolved:
        yield f"{unresolved:,} stayed unresolved."
    counts = Counter[Outcome](r.outcome for r in results if r.outcome is not Outcome.ANNOTATED)
    if counts:
        named = ", ".join(f"{counts[o]:,} {OUTCOME_WORDS[o]}" for o in Outcome if o in counts)
        yield f"Without an answer: {named}."
    doubted = sum(r.standing is not None and r.validated is False for r in results)
    if doubted:
        yield f"{plural(doubted, 'answer')} did not pass validation and {'is' if doubted == 1 else 'are'} kept as such."
    yield from _by_persons(results)


def _by_persons(results: Sequence[ClusterResult]) -> Iterator[str]:
    named = [r for r in results if r.named_by_person]
    if not named:
        return
    replaced, confirmed = sum(r.replaced for r in named), sum(r.standing is not None for r in named)
    parts = {
        "in place of the proposed one": replaced,
        "that confirms it": confirmed,
        "where there was none": len(named) - replaced - confirmed,
    }
    how = ", ".join(f"{count:,} {what}" for what, count in parts.items() if count)
    who = ", ".join(dict.fromkeys(r.named_by_person.decided_by for r in named if r.named_by_person))
    yield f"{plural(len(named), 'label')} {'was' if len(named) == 1 else 'were'} given by persons ({who}): {how}."
