#!/bin/sh
# Guess: DC1 and DC2 in the Cell Ontology are the two subsets of conventional dendritic cells, as in today's papers
# What happens: by its synonyms DC1 is any conventional dendritic cell and DC2 a plasmacytoid one; cDC1 and cDC2 are nobody's
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
terms = [term for term in parser.get_term_descendants("CL:0000000", include_self=True)]
named = {}
for term in terms:
    for text in parser.get_term_synonyms(term):
        named.setdefault(text, []).append(parser.get_term_label(term))
for text in ("DC1", "DC2", "cDC1", "cDC2"):
    print(text, named.get(text, []))
assert named["DC1"] == ["conventional dendritic cell"]
assert named["DC2"] == ["plasmacytoid dendritic cell"]
assert "cDC1" not in named and "cDC2" not in named
PYTHON
