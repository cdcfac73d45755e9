"""Results of a job: of each cluster a type by a few well-known markers, in the forms that servers write."""

from __future__ import annotations

from typing import Any

# The first whose gene is among a cluster's markers.
_TYPES = (
    ("MS4A1", "B cell", "CL:0000236"),
    ("CD79A", "B cell", "CL:0000236"),
    ("GNLY", "natural killer cell", "CL:0000623"),
    ("NKG7", "natural killer cell", "CL:0000623"),
    ("FCER1A", "dendritic cell", "CL:0000451"),
    ("LYZ", "monocyte", "CL:0000576"),
    ("PPBP", "platelet", "CL:0000233"),
    ("CD3D", "T cell", "CL:0000084"),
)
_NONE = ("", "blood cell", "CL:0000081")


def results(input_data: dict[str, Any], form: str) -> dict[str, Any]:
    """The answer to GET /results.

    Args:
        form: "legacy" fills the older fields, "full" leaves them empty and fills fullOutput, "both" both.
    """
    markers: dict[str, list[str]] = input_data["markerGenes"]
    names = {cluster: _type(genes)[1] for cluster, genes in markers.items()}
    return {
        "annotations": {
            cluster: {
                "latest": {"annotation": _annotation(cluster, genes, form), "review": _review(genes)},
                "history": [],
            }
            for cluster, genes in markers.items()
        },
        "summary": {"text": f"{len(markers)} clusters"},
        "clusterCategories": [
            {"categoryName": name, "clusterIds": [cluster for cluster in names if names[cluster] == name]}
            for name in dict.fromkeys(names.values())
        ],
        "studyContext": input_data.get("studyInfo", ""),
    }


def _type(genes: list[str]) -> tuple[str, str, str]:
    return next((row for row in _TYPES if row[0] in genes), _NONE)


def _annotation(cluster: str, genes: list[str], form: str) -> dict[str, Any]:
    gene, name, term = _type(genes)
    legacy: dict[str, Any] = {
        "justification": f"{gene} speaks for {name}.",
        "supportingMarkers": genes[:3],
        "conflictingMarkers": genes[3:4],
        "missingExpression": "CD8A is missing.",
        "unexpectedExpression": ", ".join(genes[3:4]),
    }
    full = {
        "conclusion": legacy["justification"],
        "keySupportingGenes": legacy["supportingMarkers"],
        "unexpectedGenes": legacy["conflictingMarkers"],
        "missingGenes": ["CD8A"],
        "missingGenesReasoning": "CD8A is missing.",
    }
    return {
        "clusterId": cluster,
        "annotation": name,
        "cellOntologyTermName": name,
        "cellOntologyTerm": term,
        "granularAnnotation": f"{name}, {gene} high",
        "cellState": "resting",
        **(legacy if form != "full" else {field: type(value)() for field, value in legacy.items()}),
        **({"fullOutput": {"cellType": full}} if form != "legacy" else {}),
    }


def _review(genes: list[str]) -> dict[str, Any]:
    known = _type(genes) is not _NONE
    return {
        "confidence": "High" if known else "Low",
        "isHeterogeneous": not known,
        "fullOutput": {"heterogeneityAssessment": {"heterogeneityType": "none" if known else "mixed"}},
    }
