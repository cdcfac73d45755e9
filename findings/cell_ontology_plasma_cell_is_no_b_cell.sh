#!/bin/sh
# Guess: ancestors in the Cell Ontology tell that a plasma cell is a B cell, a regulatory T cell a T cell with CD4, a mast cell a granulocyte
# What happens: none of these is an ancestor; a plasmablast is a B cell
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/env"
"$folder/env/bin/pip" install -q cellxgene-ontology-guide==1.11.1
"$folder/env/bin/python" -W ignore - <<'PYTHON'
from importlib.metadata import version

from cellxgene_ontology_guide.ontology_parser import OntologyParser

parser = OntologyParser()
print("cellxgene-ontology-guide", version("cellxgene-ontology-guide"))
PAIRS = {
    ("CL:0000980", "CL:0000236"): True,  # plasmablast, B cell
    ("CL:0000786", "CL:0000236"): False,  # plasma cell, B cell
    ("CL:0000815", "CL:0000624"): False,  # regulatory T cell, CD4-positive alpha-beta T cell
    ("CL:0000097", "CL:0000094"): False,  # mast cell, granulocyte
    ("CL:0000451", "CL:0000763"): False,  # dendritic cell, myeloid cell
    ("CL:0000646", "CL:0000066"): False,  # basal cell, epithelial cell
}
for (term, ancestor), expected in PAIRS.items():
    found = ancestor in parser.get_term_ancestors(term)
    print(f"{parser.get_term_label(term)} below {parser.get_term_label(ancestor)}: {found}")
    assert found == expected
PYTHON
