"""Labels in the forms that tools write, of the same few clusters: 0 T cell, 1 monocyte, 2 without a type."""

from __future__ import annotations

import json

CASSIA = """Cluster ID,Predicted General Cell Type,Predicted Detailed Cell Type,Possible Mixed Cell Types,\
Marker Number,Marker List,Iterations,Model,Provider,Tissue,Species,Merged_Grouping_1,Score
0,T cell,"CD8-positive, alpha-beta T cell, naive T cell, memory T cell",,3,"CD3D, CD3E, CD8A",1,m,p,blood,human,,92.0
1,monocyte,"classical monocyte, macrophage",,3,"LYZ, CD14, S100A9",1,m,p,blood,human,,75.0
2,Unknown,,,1,MALAT1,3,m,p,blood,human,,10.0
"""
CASSIA_BEFORE = """\
True Cell Type,Predicted Main Cell Type,Predicted Sub Cell Types,Possible Mixed Cell Types,Marker Number
0,T cell,"zorp 17, T cell",,3
1,monocyte,,,3
2,Unknown,,,1
"""
CELLTYPIST = """,predicted_labels,over_clustering,majority_voting
AAAC-1,Tcm/Naive helper T cells,0,T cells
AAAG-1,B cells,0,T cells
AACC-1,Classical monocytes,1,Classical monocytes
AACG-1,Classical monocytes,2,Heterogeneous
"""
CELLTYPIST_OBS = """,leiden,predicted_labels,over_clustering,majority_voting,conf_score
AAAC-1,0,T cells,3,T cells,0.9
AAAG-1,0,T cells,3,T cells,0.7
AACC-1,0,B cells,3,B cells,0.2
AACG-1,1,Classical monocytes,4,Classical monocytes,0.8
AAGG-1,2,Classical monocytes,5,Heterogeneous,0.3
AAGT-1,2,B cells,6,Heterogeneous,0.3
AATT-1,2,B cells,6,B cells,0.3
"""
POPV = """,popv_knn_bbknn_prediction,popv_prediction,popv_prediction_score,\
popv_majority_vote_prediction,popv_majority_vote_score,popv_parent
AAAC-1,T cell,T cell,7,T cell,7,lymphocyte
AACC-1,monocyte,classical monocyte,4,classical monocyte,5,monocyte
"""
SCTYPE = """"","cluster","type","scores","ncells"
"1","0","Naive CD8+ T cells",812.4,300
"2","1","Classical Monocytes",640.2,250
"3","1","Non-classical monocytes",640.2,250
"4","2","Unknown",12.1,400
"""
SINGLER = """"","scores.B.cell","scores.Monocyte","scores.T.cells","labels","delta.next","pruned.labels"
"0",0.31,0.22,0.61,"T_cells",0.21,"T_cells"
"1",0.21,0.71,0.2,"Monocyte",0.44,"Monocyte"
"2",0.2,0.21,0.22,"B_cell",0.001,NA
"""
SINGLER_OF_PYTHON = """,best,scores.B cell,scores.T cell,delta
0,T cell,0.02,0.13,0.11
1,B cell,0.12,0.03,0.09
"""
MLLMCELLTYPE = json.dumps(
    {
        "consensus": {"0": "CD8+ T cells", "1": "Monocytes", "2": "Unknown"},
        "consensus_proportion": {"0": 1.0, "1": 0.67, "2": 0.33},
        "entropy": {"0": 0.0, "1": 0.92, "2": 1.58},
        "controversial_clusters": ["2"],
        "resolved": {},
        "model_annotations": {"gpt": {"0": "T cells", "1": "Monocytes", "2": "Platelets"}},
        "discussion_logs": {},
        "discussion_round_counts": {"2": 1},
        "metadata": {"models": ["gpt"]},
    }
)
MLLMCELLTYPE_TABLE = """,consensus,consensus_proportion,entropy
0,CD8+ T cells,1.0,0.0
1,Monocytes,0.67,0.92
2,Unknown,0.33,1.58
"""


def cytetype_client() -> dict[str, object]:
    """What the client returns: a list of annotations."""
    said = (("0", "Naive CD8+ T cell", "High"), ("1", "Monocyte", "Moderate"), ("2", "Unknown", "Low"))
    terms = {"0": ("CD8-positive, alpha-beta T cell", "CL:0000625"), "1": ("monocyte", "CL:0000576"), "2": ("", "")}
    annotations = [
        {
            "clusterId": cluster,
            "annotation": label,
            "ontologyTerm": terms[cluster][0],
            "ontologyTermID": terms[cluster][1],
            "granularAnnotation": "",
            "cellState": "",
            "reviewerConfidence": confidence,
            "isHeterogeneous": False,
        }
        for cluster, label, confidence in said
    ]
    return {"annotations": annotations, "summary": {}, "clusterCategories": [], "studyContext": ""}


def cytetype_server() -> dict[str, object]:
    """What a server answers: annotations by cluster."""
    found: dict[str, object] = {}
    client = cytetype_client()["annotations"]
    assert isinstance(client, list)
    for one in client:
        annotation = {
            "clusterId": one["clusterId"],
            "annotation": one["annotation"],
            "cellOntologyTermName": one["ontologyTerm"],
            "cellOntologyTerm": one["ontologyTermID"],
        }
        latest = {"annotation": annotation, "review": {"confidence": one["reviewerConfidence"]}}
        found[one["clusterId"]] = {"latest": latest, "history": []}
    return {"annotations": found, "summary": {}, "clusterCategories": [], "studyContext": {}}
