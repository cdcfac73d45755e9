"""The columns that two portals want: CELLxGENE's term of the Cell Ontology, and the Cell Annotation Platform's set.

Sources: the schema of cellxgene-schema 7.1, and the CAP encoding for AnnData files 2.0.0.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence

from cassia_engine._version import __version__
from cassia_engine.errors import UsageError
from cassia_engine.h5ad.names import listed
from cassia_engine.labels.cap_sets import ALGORITHM, CASSIA, PLACE
from cassia_engine.labels.columns import Values
from cassia_engine.labels.summary import ClusterLabel, LabelSet
from cassia_engine.ontology import Ontology
from cassia_engine.records import How
from cassia_engine.records.terms import NEAR_ONLY

log = logging.getLogger(__name__)


# CELLxGENE, schema 7.1.

TERM_ID = "cell_type_ontology_term_id"
UNKNOWN = "unknown"
# Terms that the schema refuses: eukaryotic cell, Eumycetozoan cell, animal cell.
_REFUSED = frozenset({"CL:0000255", "CL:0000257", "CL:0000548"})


def cellxgene_columns(labels: Sequence[ClusterLabel], columns: Collection[str]) -> list[Values]:
    """The term of each cluster, "unknown" where there is none, or none that the schema takes.

    Args:
        columns: the columns of obs.

    Raises:
        UsageError: obs has a column cell_type, which the schema does not allow.
    """
    if "cell_type" in columns:
        raise UsageError(
            "obs has a column cell_type, which CELLxGENE adds itself and does not take; rename it, as by "
            'adata.obs = adata.obs.rename(columns={"cell_type": "author_cell_type"})',
            code="labels-cell-type-column",
        )
    terms = [_accepted(label.cl_id) for label in labels]
    if without := [label.cluster for label, term in zip(labels, terms, strict=True) if not term]:
        log.warning("clusters without a term for %s are %s: %d: %s", TERM_ID, UNKNOWN, len(without), listed(without))
    return [Values(TERM_ID, tuple(term or UNKNOWN for term in terms), UNKNOWN)]


def _accepted(cl_id: str) -> str:
    """The term, or what replaces it; "" if there is none that the schema takes."""
    term = Ontology.load().current(cl_id)
    return "" if {cl_id, term} & _REFUSED else term


# The Cell Annotation Platform, encoding 2.0.0.

# Ways to place a label by which its very type is in the ontology, and not only a broader one.
_SAME_TYPE = frozenset(How) - NEAR_ONLY - {How.MISS}


def cap_columns(labels: Sequence[ClusterLabel], name: str, genes: Collection[str]) -> list[Values]:
    """The columns of one annotation set, as far as cassia knows what they hold.

    Args:
        name: of the annotation set.
        genes: the names of the genes in the matrix; others are no evidence there.
    """
    _warn_of_other_genes(labels, genes)
    columns: dict[str, tuple[Callable[[ClusterLabel], str | bool], str | bool | None]] = {
        "": (_cap_label, UNKNOWN),
        "cell_fullname": (lambda label: label.cl_label if _exists(label) else _cap_label(label), UNKNOWN),
        "cell_ontology_exists": (_exists, False),
        "cell_ontology_term_id": (lambda label: label.cl_id, None),
        "cell_ontology_term": (lambda label: label.cl_label, None),
        "rationale": (_rationale, None),
        "marker_gene_evidence": (lambda label: ", ".join(g for g in label.evidence_genes if g in genes), None),
        "synonyms": (lambda label: ", ".join(_synonyms(label.cl_id)) if _exists(label) else "", None),
        "category_fullname": (lambda label: _category(label)[0], None),
        "category_cell_ontology_exists": (lambda label: bool(_category(label)[1]), False),
        "category_cell_ontology_term_id": (lambda label: _category(label)[1], None),
        "category_cell_ontology_term": (lambda label: _category(label)[2], None),
    }
    return [
        Values(f"{name}--{end}" if end else name, tuple(_given(value(label)) for label in labels), otherwise)
        for end, (value, otherwise) in columns.items()
    ]


def cap_notes(label_set: LabelSet, name: str, group_key: str) -> dict[str, str]:
    """What `uns["cap_metadata"]` says of the annotation set."""
    place = "/".join((*PLACE, name))
    said = f"Labels of the clusters in {group_key} by cassia: hypotheses from their marker genes."
    by_person = any(label.corrected for label in label_set.labels)
    return {
        f"{place}/description": said,
        f"{place}/annotation_method": "both" if by_person else "algorithmic",
        f"{place}/{ALGORITHM}": CASSIA,
        f"{place}/algorithm_version": __version__,
    }


def _given(value: str | bool) -> str | bool | None:
    return None if value == "" else value


def _cap_label(label: ClusterLabel) -> str:
    """The label; "unknown" is CAP's word for cells that nobody could tell."""
    return label.label if label.general_type not in ("", "unresolved") else UNKNOWN


def _exists(label: ClusterLabel) -> bool:
    """Whether the label's very type is in the ontology."""
    if label.match.how is None:
        return bool(label.cl_id) and label.label.casefold() == label.cl_label.casefold()
    return bool(label.cl_id) and label.match.how in _SAME_TYPE


def _rationale(label: ClusterLabel) -> str:
    if label.corrected:
        return ": ".join(filter(None, (f"Labelled by {label.decided_by or 'a person'}", label.comment)))
    if _cap_label(label) == UNKNOWN:
        return ""
    genes = f" from the marker genes {', '.join(label.evidence_genes)}" if label.evidence_genes else ""
    how = f", confidence {label.confidence}" if label.confidence else ""
    return f"A hypothesis of cassia {__version__}{genes}{how}; not verified by an experiment."


def _synonyms(cl_id: str) -> tuple[str, ...]:
    return next((term.synonyms for term in Ontology.load() if term.id == cl_id), ())


def _category(label: ClusterLabel) -> tuple[str, str, str]:
    """The broad type: its name, and its term's id and label, "" where it has none."""
    if _cap_label(label) == UNKNOWN:
        return "", "", ""
    term = Ontology.load().find(label.general_type)
    return label.general_type, term, Ontology.load().label(term)


def _warn_of_other_genes(labels: Sequence[ClusterLabel], genes: Collection[str]) -> None:
    cited = dict.fromkeys(gene for label in labels for gene in label.evidence_genes)
    if others := [gene for gene in cited if gene not in genes]:
        log.warning("evidence genes that the matrix does not name are left out: %d: %s", len(others), listed(others))
