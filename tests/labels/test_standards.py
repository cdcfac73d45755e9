"""The columns that two portals want, and the Parquet table."""

from __future__ import annotations

import json
import logging
import shutil
from pathlib import Path

import duckdb
import h5py
import numpy as np
import pandas as pd
import pytest

from cassia_engine.errors import UsageError
from cassia_engine.labels.h5ad_file import label_file
from cassia_engine.labels.standards import cap_columns, cellxgene_columns
from cassia_engine.labels.summary import ClusterLabel
from cassia_engine.labels.wanted import Standard, Wanted
from cassia_engine.ontology import Ontology
from cassia_engine.records import How, TermMatch
from tests.conftest import EXAMPLES
from tests.labels.h5ad_files import column, write

PBMC = EXAMPLES / "pbmc68k.h5ad"
OUT = Path("out.h5ad")


def cluster(
    label: str = "", cl_id: str = "", how: How | None = None, general: str = "T cell", **more: object
) -> ClusterLabel:
    fields = {"confidence": "High", "outcome": "annotated", "corrected": False, **more}
    cl_label = Ontology.load().label(cl_id)
    return ClusterLabel("0", label, general, cl_id, cl_label, TermMatch(how), **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("cl_id", "written"),
    [
        ("CL:0000084", "CL:0000084"),
        ("", "unknown"),
        ("CL:0000255", "unknown"),
        ("CL:0000257", "unknown"),
        ("CL:0000548", "unknown"),
        ("CL:9999999", "unknown"),
        ("T cell", "unknown"),
    ],
)
def test_cellxgene_gets_terms_that_it_takes(cl_id: str, written: str, caplog: pytest.LogCaptureFixture) -> None:
    (found,) = cellxgene_columns([cluster("x", cl_id)], [])
    assert (found.name, found.values, found.otherwise) == ("cell_type_ontology_term_id", (written,), "unknown")
    assert ("clusters without a term" in caplog.text) == (written == "unknown")


def test_cellxgene_never_gets_an_obsolete_term() -> None:
    ontology = Ontology.load()
    obsolete = [term for term in ontology if term.deprecated]
    (found,) = cellxgene_columns([cluster("x", term.id) for term in obsolete], [])
    assert len(obsolete) > 50
    assert not [term for term in found.values if ontology.deprecated(str(term))]
    assert {ontology.current(term.id) or "unknown" for term in obsolete} >= set(found.values)


def test_cellxgene_in_a_file(pbmc: Path, answers: pd.DataFrame) -> None:
    label_file(PBMC, pbmc, Wanted("louvain", standard=Standard.CELLXGENE), OUT, None)
    expected = [answers["CL ID"][str(name)] or "unknown" for name in column(PBMC, "louvain")]
    assert column(OUT, "cell_type_ontology_term_id") == expected
    assert "unknown" in expected


def test_what_cap_says_of_other_labels_does_not_stay(pbmc: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A set of the same name is replaced as a whole; what is said of others stays, also where they have no columns."""
    place = "uns/cap_metadata/cellannotation_metadata"
    shutil.copy(PBMC, "in.h5ad")
    with h5py.File("in.h5ad", "r+") as file:
        for name, algorithm in (("cassia", "a person"), ("louvain", "scanpy"), ("gone", "popV")):
            file[f"{place}/{name}/algorithm_name"] = algorithm
            file[f"{place}/{name}/old"] = "text"
        file["uns/cap_metadata/cap_publication_title"] = "title"
    with caplog.at_level(logging.INFO):
        label_file(Path("in.h5ad"), pbmc, Wanted("louvain", standard=Standard.CAP), OUT, None)
    assert "annotation set cassia is replaced" in caplog.text
    assert "of which obs has no column: gone;" in caplog.text
    with h5py.File(OUT) as file:
        assert file["uns/cap_metadata/cap_publication_title"].asstr()[()] == "title"
        assert file[f"{place}/cassia/algorithm_name"].asstr()[()] == "cassia"
        assert "old" not in file[f"{place}/cassia"]
        assert sorted(file[place]) == ["cassia", "gone", "louvain"]
    caplog.clear()
    with caplog.at_level(logging.INFO):
        label_file(OUT, pbmc, Wanted("louvain"), Path("plain.h5ad"), None)
    assert "annotation set cassia is removed" in caplog.text
    with h5py.File("plain.h5ad") as file:
        assert sorted(file[place]) == ["gone", "louvain"]


def test_cells_without_a_label_are_unknown_to_the_portals(odd: Path) -> None:
    data = write(Path("in.h5ad"), {"c": ([0, 1, -1, 2], ["0", "x", "none"])})
    label_file(data, odd, Wanted("c", standard=Standard.CELLXGENE), OUT, None)
    assert column(OUT, "cell_type_ontology_term_id") == ["CL:0000236", "unknown", "unknown", "unknown"]
    assert column(OUT, "cassia_cl_id") == ["CL:0000236", None, None, None]
    label_file(data, odd, Wanted("c", prefix="types", standard=Standard.CAP), OUT, None)
    assert column(OUT, "types") == ["B cell", "unknown", "unknown", "unknown"]
    with h5py.File(OUT) as file:
        exists = file["obs/types--cell_ontology_exists"]
        assert exists.attrs["encoding-type"] == "array"
        assert exists[()].tolist() == [True, False, False, False]
        said = {name: note.asstr()[()] for name, note in file["uns/cap_metadata/cellannotation_metadata/types"].items()}
    assert (said["annotation_method"], said["algorithm_name"]) == ("algorithmic", "cassia")


def test_columns_of_cap(caplog: pytest.LogCaptureFixture) -> None:
    labels = [
        cluster("CD8 T", "CL:0000625", How.SYNONYM, evidence_genes=("CD8A", "GZMK")),
        cluster("odd T cell", "CL:0000084", How.BROADER),
        cluster("Tregs", "CL:0000815", How.ID, corrected=True, decided_by="Ada", comment="FOXP3"),
        cluster("unresolved", general="unresolved"),
        cluster(outcome="failed", general=""),
        cluster("B cell", "CL:0000236", general="Bogus kind"),
    ]
    with caplog.at_level(logging.WARNING):
        found = {one.name.removeprefix("set"): one.values for one in cap_columns(labels, "set", {"CD8A"})}
    cd8 = "CD8-positive, alpha-beta T cell"
    assert found[""] == ("CD8 T", "odd T cell", "Tregs", "unknown", "unknown", "B cell")
    assert found["--cell_fullname"][:3] == (cd8, "odd T cell", "regulatory T cell")
    assert found["--cell_fullname"][3:] == ("unknown", "unknown", "B cell")
    assert found["--cell_ontology_exists"] == (True, False, True, False, False, True)
    assert found["--cell_ontology_term_id"] == ("CL:0000625", "CL:0000084", "CL:0000815", None, None, "CL:0000236")
    assert found["--cell_ontology_term"][:2] == (cd8, "T cell")
    assert found["--marker_gene_evidence"] == ("CD8A", None, None, None, None, None)
    assert found["--category_fullname"] == ("T cell", "T cell", "T cell", None, None, "Bogus kind")
    assert found["--category_cell_ontology_exists"] == (True, True, True, False, False, False)
    assert found["--category_cell_ontology_term_id"][0] == "CL:0000084"
    assert "CD8A, GZMK" in str(found["--rationale"][0])
    assert found["--rationale"][2:5] == ("Labelled by Ada: FOXP3", None, None)
    assert "evidence genes that the matrix does not name are left out: 1: GZMK" in caplog.text


def test_genes_of_cap_are_looked_for_in_columns_of_text(odd: Path, caplog: pytest.LogCaptureFixture) -> None:
    data = write(Path("in.h5ad"), {"c": ["0"]})
    label_file(data, odd, Wanted("c", standard=Standard.CAP), OUT, None)
    (genes,) = column(OUT, "cassia--marker_gene_evidence")
    assert set(str(genes).split(", ")) == {"CD79A", "MS4A1"}
    assert "are left out" in caplog.text


@pytest.mark.parametrize("nullable", [False, True])
def test_parquet(odd: Path, nullable: bool) -> None:
    data = write(Path("in.h5ad"), {"c": ([0, 1, -1], ["0", "none"])}, nullable=nullable)
    with h5py.File(data, "r+") as file:
        file["obs"].move("_index", "it's")
        file["obs"].attrs["_index"] = "it's"
    label_file(data, odd, Wanted("c", standard=Standard.CAP), None, Path("o'ut.parquet"))
    found = duckdb.read_parquet("o'ut.parquet")
    kinds = dict(zip(found.columns, map(str, found.types), strict=True))
    assert next(iter(kinds)) == "it's"
    assert {name for name, kind in kinds.items() if kind == "BOOLEAN"} == {
        "cassia--cell_ontology_exists",
        "cassia--category_cell_ontology_exists",
    }
    assert {name for name, kind in kinds.items() if kind == "DOUBLE"} == {"cassia_score", "cassia_probability"}
    assert set(kinds.values()) == {"VARCHAR", "BOOLEAN", "DOUBLE"}
    rows = found.project('"it\'s", cassia_general_type, cassia_outcome').fetchall()
    assert rows == [("cell0", "B cell", "annotated"), ("cell1", None, "no_markers"), ("cell2", None, None)]
    query = "SELECT value FROM parquet_kv_metadata('o''ut.parquet') WHERE key = 'pandas'"
    (note,) = duckdb.execute(query).fetchall()
    assert json.loads(note[0])["index_columns"] == ["it's"]
    assert sorted(path.name for path in Path.cwd().iterdir()) == ["in.h5ad", "o'ut.parquet"]


def test_codes_have_the_size_that_pandas_takes(odd: Path) -> None:
    for count, kind in ((100, np.int8), (200, np.int16)):
        text = "".join(f"{n},T,T{n:03d},annotated,,,High\n" for n in range(count))
        header = "Cluster ID,Predicted General Cell Type,Predicted Detailed Cell Type,Status,CL ID,CL Label,Confidence"
        Path("many.csv").write_text(f"{header}\n{text}")
        data = write(Path("in.h5ad"), {"c": np.arange(count)})
        label_file(data, Path("many.csv"), Wanted("c"), OUT, None)
        with h5py.File(OUT) as file:
            assert file["obs/cassia_annotation/codes"].dtype == kind
            assert file["obs/cassia_cl_id/categories"].shape == (0,)
        assert column(OUT, "cassia_annotation")[-1] == f"T{count - 1:03d}"


def test_a_standard_has_a_name() -> None:
    with pytest.raises(UsageError, match="expected one of cap, cellxgene, scdownstream"):
        Wanted("c", standard="scverse")  # type: ignore[arg-type]


def test_scdownstream_has_four_columns(pbmc: Path, answers: pd.DataFrame) -> None:
    prefix = "annotation:cassia:scvi:0.5:"
    table = Path("cells.parquet")
    wanted = Wanted("louvain", prefix, Standard.SCDOWNSTREAM)
    for _ in range(2):  # columns of an earlier run are replaced
        label_file(OUT if OUT.exists() else PBMC, pbmc, wanted, Path("next.h5ad"), table)
        Path("next.h5ad").replace(OUT)
    ends = ("cell_type", "ontology_term", "ontology_term_id", "cell_state")
    cells = duckdb.read_parquet(str(table)).df().set_index("index")
    assert list(cells) == [prefix + end for end in ends]
    expected = {
        "cell_type": answers["Predicted Detailed Cell Type"].where(
            answers["Corrected From"] != "", answers["Predicted Detailed Cell Type"].str.split("; ").str[0]
        ),
        "ontology_term": answers["CL Label"],
        "ontology_term_id": answers["CL ID"],
        "cell_state": answers["Cell State"],
    }
    for end, values in expected.items():
        found = column(OUT, prefix + end)
        assert found == [values[str(cluster)] or None for cluster in column(PBMC, "louvain")]
        assert found == [None if pd.isna(value) else value for value in cells[prefix + end]]
