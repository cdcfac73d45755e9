"""cassia audit: labels that clusters have already against their markers, the worst first."""

from __future__ import annotations

import csv
import itertools
import re
import shutil
from importlib.resources import files
from pathlib import Path
from typing import Any

import h5py
import pandas as pd
import pytest

import cassia_engine
from cassia_engine.auditing.judging import Finding, Judge
from cassia_engine.auditing.queue import Audited, audit_labels
from cassia_engine.auditing.table import TABLE, lines
from cassia_engine.offline import OfflineAnnotator, open_annotator
from cassia_engine.ontology import Ontology, Relation, compare
from cassia_engine.records import Dataset
from cassia_engine.settings import SplitSettings
from tests.command import cassia
from tests.h5ad.files import Small
from tests.raising import raises

PBMC = Path(str(files("cassia_engine") / "data" / "examples" / "pbmc68k.h5ad"))
CONTEXT = ("--tissue", "blood", "--species", "human")
RANKED = ("--rank", "--group_key", "louvain")
ONTOLOGY = Ontology.load()


@pytest.fixture(scope="module")
def annotator() -> OfflineAnnotator:
    return open_annotator(Dataset("s", "blood", "human"))


def labelled(folder: Path, labels: dict[str, str]) -> Path:
    """The bundled cells with a label for each cluster of louvain, in a column cell_type."""
    path = Path(shutil.copy(PBMC, folder / "labelled.h5ad"))
    with h5py.File(path, "r+") as file:
        louvain = file["obs/louvain"]
        names = louvain["categories"].asstr()[()].tolist()
        texts = [labels.get(names[code], "Unknown") for code in louvain["codes"][()]]
        file["obs"].create_dataset("cell_type", data=texts, dtype=h5py.string_dtype()).attrs.update(
            {"encoding-type": "string-array", "encoding-version": "0.2.0"}
        )
        file["obs"].attrs["column-order"] = ["bulk_labels", "louvain", "cell_type"]
    return path


RIGHT = {
    "0": "T cell",
    "1": "CD14+ Monocyte",
    "2": "Dendritic cell",
    "3": "NK cell",
    "4": "B cell",
    "8": "plasma cell",
    "10": "CD34+ progenitor",
}


def audited(path: Path, annotator: OfflineAnnotator, column: str | None = "cell_type") -> tuple[Audited, ...]:
    return audit_labels(path, column, SplitSettings(rank=True, group_key="louvain"), annotator)


def test_right_labels_are_not_contradicted(tmp_path: Path, annotator: OfflineAnnotator) -> None:
    found = {one.cluster.id: one.judged for one in audited(labelled(tmp_path, RIGHT), annotator)}
    assert {found[cluster].finding for cluster in RIGHT if cluster != "10"} == {Finding.BACKED}
    assert found["4"].difference < -50
    assert "CD79A" in found["4"].markers_for
    assert {found[n].note for n in "5679"} == {"none of its cells has a label"}


def test_swapped_labels_come_first(tmp_path: Path, annotator: OfflineAnnotator) -> None:
    """Any two clusters whose labels are of other lineages."""
    terms = {cluster: ONTOLOGY.resolve(label).cl_id for cluster, label in RIGHT.items()}
    pairs = [
        (one, two)
        for one, two in itertools.combinations(RIGHT, 2)
        if compare(ONTOLOGY, terms[one], terms[two]) is Relation.DIFFERENT
    ]
    assert len(pairs) >= 10
    rankings = {one.cluster.id: one for one in audited(labelled(tmp_path, RIGHT), annotator)}
    judge = Judge(ONTOLOGY, [p.cl_id for p in annotator.scorer.knowledge.profiles if p.cl_id])
    for one, two in pairs:
        swapped = {**terms, one: terms[two], two: terms[one]}
        judged = {c: judge.judge(swapped[c], annotator.scorer.rank(rankings[c].cluster.genes)) for c in RIGHT}
        order = sorted(RIGHT, key=lambda c: (judged[c].finding, -judged[c].difference))
        assert set(order[:2]) == {one, two}, (one, two, order)
        assert {judged[one].finding, judged[two].finding} == {Finding.CONTRADICTED}


def test_command_prints_the_worst_and_writes_all(tmp_path: Path) -> None:
    path = labelled(tmp_path, {**RIGHT, "0": "B cell", "4": "T cell"})
    done = cassia("audit", path, "--label_column", "cell_type", *RANKED, *CONTEXT, "--output", tmp_path / "a.csv")
    assert done.returncode == 0, done.stderr
    assert "offline marker scoring, no language model was asked" in done.stderr
    said = done.stdout.splitlines()
    assert said[0].startswith("11 clusters: 2 contradicted, ")
    assert said[2].split("  ")[0] == ""  # the head
    assert {line.split()[1] for line in said[3:5]} == {"0", "4"}
    assert said[-1] == str(tmp_path / "a.csv")
    rows = list(csv.DictReader((tmp_path / "a.csv").read_text().splitlines()))
    assert list(rows[0]) == list(TABLE.columns)
    assert {row["Cluster ID"] for row in rows[:2]} == {"0", "4"}
    assert len(rows) == 11
    [b] = [row for row in rows if row["Cluster ID"] == "4"]
    said_of_b = [b[name] for name in ("Finding", "Relation", "Label CL ID", "Cells")]
    assert said_of_b == ["contradicted", "different", "CL:0000084", "66"]
    assert "CD79A" in b["Markers Against"].split(", ")
    assert float(b["Difference"]) == pytest.approx(float(b["Other Score"]) - float(b["Label Score"]), abs=0.11)
    assert rows[-1]["Finding"] == "unknown" and rows[-1]["Difference"] == ""


def test_python_has_the_queue_as_a_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    path = labelled(tmp_path, {**RIGHT, "0": "B cell", "4": "T cell"})
    given: dict[str, Any] = {
        "tissue": "blood",
        "species": "human",
        "label_column": "cell_type",
        "rank": True,
        "group_key": "louvain",
    }
    found = cassia_engine.audit(path, **given)
    assert list(found.columns) == list(TABLE.columns)
    assert set(found["Cluster ID"][:2]) == {"0", "4"}
    assert set(found.select_dtypes("number")) == set(TABLE.numbers)
    assert found["Difference"].isna().equals(found["Finding"] == "unknown")
    assert re.search(r"^cassia: 11 clusters: 2 contradicted, ", capsys.readouterr().err, re.M)
    done = cassia("audit", path, "--label_column", "cell_type", *RANKED, *CONTEXT, "--output", tmp_path / "a.csv")
    assert done.returncode == 0
    text = dict.fromkeys(set(TABLE.columns) - set(TABLE.numbers), str)
    missing = dict.fromkeys(TABLE.numbers, "")
    written = pd.read_csv(tmp_path / "a.csv", dtype=text, keep_default_na=False, na_values=missing)
    pd.testing.assert_frame_equal(written, found, check_dtype=False)
    quiet = cassia_engine.audit(str(path), **given, show_progress=False)
    pd.testing.assert_frame_equal(quiet, found)
    assert "11 clusters" not in capsys.readouterr().err


def test_python_audits_clusters_that_are_called_by_their_labels() -> None:
    genes = {"T cell": ["MS4A1", "CD79A", "CD79B", "CD19", "BANK1"]}
    found = cassia_engine.audit(genes, tissue="blood", species="human", show_progress=False)
    assert (found.loc[0, "Label"], found.loc[0, "Finding"]) == ("T cell", "contradicted")


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"species": "martian"}, "species-not-offline"),
        ({"label_key": "x"}, "argument-unknown"),
        ({"tissue": 3}, "context-not-text"),
        ({"knowledge": 3}, "path-not-text"),
        ({"n_genes": 0}, "setting-invalid"),
        ({"label_column": "nothing"}, "witness-not-found"),
    ],
)
def test_what_python_is_given_wrongly_is_said(given: dict[str, Any], code: str) -> None:
    with raises(code, path=PBMC if code == "witness-not-found" else None):
        cassia_engine.audit(PBMC, **{"tissue": "blood", "species": "human", **given})


def test_every_column_is_described() -> None:
    page = (Path(__file__).parents[2] / "docs" / "witnesses.md").read_text()
    assert [name for name in TABLE.columns if f"`{name}`" not in page] == []
    assert [one.word for one in Finding if f"| {one.word} |" not in page] == []


def test_the_page_shows_what_is_printed() -> None:
    page = (Path(__file__).parents[2] / "docs" / "witnesses.md").read_text()
    done = cassia("audit", PBMC, "--label_column", "bulk_labels", *RANKED, *CONTEXT)
    assert all(f"    {line}\n" in page for line in done.stdout.splitlines() if line), done.stdout


def test_labels_are_the_clusters_where_no_other_column_is_named() -> None:
    done = cassia("audit", PBMC, "--label_column", "bulk_labels", "--rank", *CONTEXT)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("10 clusters: ")
    assert "hidden among the others; name your clusters with --group_key" in done.stderr
    assert "CD4+/CD45RA+/CD25- Naive T" in done.stdout  # eight cells, whose list has two genes of plasma cells


def test_a_cluster_of_several_labels_shows_how_many_cells_have_the_most_frequent_one() -> None:
    done = cassia("audit", PBMC, "--label_column", "bulk_labels", *RANKED, *CONTEXT)
    assert "54% Dendritic" in done.stdout


def test_a_table_whose_clusters_are_called_by_their_labels(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(
        'cell_type,genes\nT cells,"MS4A1,CD79A,CD79B,CD19,BANK1"\nB cells,"CD3D,CD3E,IL7R,TRAC,CD2"\n'
        'monocytes,"CD14,LYZ,S100A8,S100A9,FCN1,VCAN"\n"=cmd","CD3D,CD3E"\n'
    )
    done = cassia("audit", path, *CONTEXT, "--output", tmp_path / "a.csv")
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader((tmp_path / "a.csv").read_text().splitlines()))
    assert [row["Finding"] for row in rows] == ["contradicted", "contradicted", "backed", "unknown"]
    assert {row["Label"] for row in rows[:2]} == {"T cells", "B cells"}
    assert rows[3]["Label"] == "'=cmd"
    assert rows[3]["Note"] == "the Cell Ontology has no place for the label"
    assert "=cmd: the Cell Ontology has no place for the label" in done.stdout


def test_one_stray_gene_contradicts_nothing(annotator: OfflineAnnotator) -> None:
    judge = Judge(ONTOLOGY, [p.cl_id for p in annotator.scorer.knowledge.profiles if p.cl_id])
    fibroblast = ONTOLOGY.find("fibroblast")
    one = judge.judge(fibroblast, annotator.scorer.rank(["CD79A"]))
    assert (one.finding, one.markers_against) == (Finding.DOUBTFUL, ("CD79A",))
    assert judge.judge(fibroblast, annotator.scorer.rank(["CD79A", "MS4A1"])).finding is Finding.CONTRADICTED


def test_genes_of_a_state_are_no_evidence(annotator: OfflineAnnotator) -> None:
    judge = Judge(ONTOLOGY, [p.cl_id for p in annotator.scorer.knowledge.profiles if p.cl_id])
    ranking = annotator.scorer.rank(["MKI67", "TOP2A", "CD3D", "CD3E"])
    assert judge.judge(ONTOLOGY.find("T cell"), ranking).finding is Finding.BACKED
    assert not {"MKI67", "TOP2A"} & {*judge.judge(ONTOLOGY.find("T cell"), ranking).markers_against}


def test_a_type_without_known_markers_is_judged_by_its_lineage(annotator: OfflineAnnotator) -> None:
    judge = Judge(ONTOLOGY, [ONTOLOGY.find("T cell"), ONTOLOGY.find("B cell")])
    ranking = annotator.scorer.rank(["CD3D", "CD3E", "IL7R", "TRAC"])
    found = judge.judge(ONTOLOGY.find("innate lymphoid cell"), ranking)
    assert (found.finding, found.note) == (
        Finding.BACKED,
        "no markers of this type are known; its lineage was compared",
    )


def test_nothing_known_is_unknown(annotator: OfflineAnnotator) -> None:
    judge = Judge(ONTOLOGY, [])
    found = judge.judge("CL:0000084", annotator.scorer.rank(["NOGENE"]))
    assert (found.finding, found.note) == (Finding.UNKNOWN, "none of its markers is in the marker knowledge")
    assert found.difference == 0


def test_no_more_lines_than_a_screen_has(tmp_path: Path, annotator: OfflineAnnotator) -> None:
    path = tmp_path / "t.csv"
    rows = [f'B cell {n},"CD3D,CD3E,IL7R,TRAC,CD2"' for n in range(30)]
    path.write_text("cell_type,genes\n" + "\n".join(rows) + "\n")
    said = list(lines(audit_labels(path, None, SplitSettings(), annotator)))
    assert said[0] == "30 clusters: 30 contradicted"
    assert said[-1] == "and 10 more"
    assert len(said) == 25


@pytest.mark.parametrize(
    ("column", "options", "code"),
    [
        ("cell_typ", {"rank": True}, "witness-not-found"),
        ("louvain", {"rank": True}, "column-not-labels"),
        (None, {"rank": True, "group_key": "louvain"}, "audit-no-labels"),
        ("bulk_labels", {}, "h5ad-not-ranked"),
    ],
)
def test_what_cannot_be_audited(
    column: str | None, options: dict[str, bool | str], code: str, annotator: OfflineAnnotator
) -> None:
    with raises(code, path=PBMC):
        audit_labels(PBMC, column, SplitSettings(**options), annotator)  # type: ignore[arg-type]


def test_labels_that_are_no_cell_types(tmp_path: Path, annotator: OfflineAnnotator) -> None:
    path = Small(obs={"who": ["me", "you"] * 4}).write(tmp_path / "a.h5ad")
    with raises("audit-no-labels", "me", "who", path=path):
        audit_labels(path, "who", SplitSettings(allow_unknown_genes=True), annotator)


def test_a_column_of_labels_is_for_cells(tmp_path: Path, annotator: OfflineAnnotator) -> None:
    path = tmp_path / "t.csv"
    path.write_text('cell_type,genes\nT,"CD3D,CD3E"\nB,"MS4A1,CD79A"\n')
    with raises("audit-of-table", "cell_type", path=path):
        audit_labels(path, "cell_type", SplitSettings(), annotator)


@pytest.mark.parametrize("missing", ["--tissue", "--species"])
def test_tissue_and_species_are_needed(missing: str) -> None:
    given = CONTEXT[2:] if missing == "--tissue" else CONTEXT[:2]
    done = cassia("audit", PBMC, "--label_column", "bulk_labels", "--rank", *given)
    assert done.returncode == 2
    assert missing in done.stderr


def test_a_file_that_is_not_there_and_an_output_that_cannot_be(tmp_path: Path) -> None:
    assert cassia("audit", tmp_path / "no.h5ad", *CONTEXT).returncode == 2
    (tmp_path / "file").write_text("")
    labels = ("--rank", "--label_column", "bulk_labels")
    done = cassia("audit", PBMC, *labels, *CONTEXT, "--output", tmp_path / "file" / "a.csv")
    assert done.returncode == 2
    assert done.stdout == ""
