"""What a person says of clusters: read strictly, put beside what was answered, and carried into every output."""

from __future__ import annotations

import csv
import json
import logging
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

import cassia_engine
from cassia_engine.cli.app import cassia
from cassia_engine.errors import InputProblems, UsageError
from cassia_engine.outputs.publish import write_outputs
from cassia_engine.outputs.summary_tables import COLUMNS
from cassia_engine.records import Chunk, ClusterResult, Correction, How, Outcome, TermMatch, to_json
from cassia_engine.stagefiles import read_status, result_file
from cassia_engine.stages.collect import merge_files
from cassia_engine.stages.corrections import corrected, read_corrections, with_corrections
from tests import factories as make
from tests.raising import problems, raises

OF_ANSWER = ("Possible Mixed Cell Types", "Cell State", "Confidence", "Score", "Validated", "Evidence Genes")


def table(folder: Path, *lines: str, header: str = "cluster,label,cl_id,comment,decided_by") -> Path:
    path = folder / "corrections.csv"
    path.write_text("\n".join((header, *lines, "")), encoding="utf-8")
    return path


def results_file(folder: Path, results: list[ClusterResult]) -> Path:
    clusters = tuple(result.cluster for result in results)
    chunk = Chunk(make.DATASET, make.SELECTION, 0, 1, len(clusters), clusters)
    with result_file(folder / "result.jsonl", chunk, make.MODEL_RUN) as write:
        for result in results:
            write(result)
    return folder / "result.jsonl"


def one(folder: Path, line: str, result: ClusterResult | None = None) -> ClusterResult:
    [found] = corrected([result or make.annotated("0")], read_corrections(table(folder, line)))
    return found


def summary(folder: Path, results: list[ClusterResult], *lines: str) -> dict[str, dict[str, str]]:
    merged = with_corrections(merge_files([results_file(folder, results)]), read_corrections(table(folder, *lines)))
    path = write_outputs(merged, folder / "out")[0]
    with path.open(newline="", encoding="utf-8") as text:
        return {row["Cluster ID"]: row for row in csv.DictReader(text)}


# --- what a correction does


def test_label_of_a_person_is_the_clusters_and_the_answer_stays_beside_it(tmp_path: Path) -> None:
    line = "0,B cell,,saw CD19 in the raw data,Ada"
    rows = summary(tmp_path, [make.annotated("0"), make.annotated("1", 1)], line)
    untouched, row = rows["1"], rows["0"]
    assert (row["Predicted Detailed Cell Type"], row["CL ID"], row["CL Label"]) == ("B cell", "CL:0000236", "B cell")
    assert (row["Predicted General Cell Type"], row["CL Match"], row["Decided By"]) == ("B cell", "exact", "Ada")
    assert (row["Corrected From"], row["Comment"]) == ("natural killer cell", "saw CD19 in the raw data")
    assert [row[name] for name in OF_ANSWER] == [""] * len(OF_ANSWER)
    assert row["Status"] == "annotated"
    assert (untouched["Decided By"], untouched["Corrected From"], untouched["Comment"]) == ("model", "", "")
    told = json.loads((tmp_path / "out" / "pbmc_conversations.json").read_text())
    assert told["0"].items() >= json.loads(json.dumps(to_json(make.conversation()))).items()
    assert (told["0"]["label"], told["0"]["provider"]) == ("natural killer cell", make.MODEL_RUN.provider)


def test_comment_alone_changes_no_label(tmp_path: Path) -> None:
    rows = summary(tmp_path, [make.annotated("0")], '0,,,"ask Bob, again",Ada')
    plain = summary(tmp_path, [make.annotated("0")])
    assert rows["0"] == {**plain["0"], "Comment": "ask Bob, again"}


def test_label_of_the_answer_confirms_it(tmp_path: Path) -> None:
    rows = summary(tmp_path, [make.annotated("0")], "0,Natural Killer cell,,,Ada")
    plain = summary(tmp_path, [make.annotated("0")])
    assert rows["0"] == {**plain["0"], "Decided By": "Ada"}


def test_failed_cluster_gets_a_label_and_keeps_its_outcome(tmp_path: Path) -> None:
    results = [make.annotated("0"), make.unannotated("9", 1, Outcome.FAILED, "the provider answered 503")]
    merged = merge_files([results_file(tmp_path, results)])
    assert (len(merged.status.failed), merged.outcome_words) == (1, "1 annotated, 1 failed")
    merged = with_corrections(merged, read_corrections(table(tmp_path, "9,platelet,,,")))
    assert merged.status.failed == ()
    assert merged.status.counts == {"annotated": 1, "failed": 1}
    assert merged.outcome_words == "1 annotated, 1 failed; 1 label is a person's"
    assert merged.results[1].has_cell_type
    row = summary(tmp_path, results, "9,platelet,,,")["9"]
    assert (row["Status"], row["Reason"]) == ("failed", "the provider answered 503")
    assert (row["Predicted Detailed Cell Type"], row["CL ID"]) == ("platelet", "CL:0000233")
    assert (row["Decided By"], row["Corrected From"]) == ("a person", "")


def test_unresolved_cluster_with_a_label_has_a_cell_type(tmp_path: Path) -> None:
    found = one(tmp_path, "5,monocyte,,,", make.unresolved())
    assert found.has_cell_type
    assert (found.label, found.replaced) == ("monocyte", True)


# --- the place of a label in the ontology


def test_label_that_has_no_term_stays_and_the_miss_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    found = one(tmp_path, "0,mystery blob,,,").correction
    assert found is not None
    assert (found.label, found.general_type, found.cl_id) == ("mystery blob", "mystery blob", "")
    assert found.match.how is How.MISS and found.match.why
    [said] = caplog.messages
    assert "corrections.csv, line 2: no Cell Ontology term for mystery blob: " in said


def test_id_counts_more_than_the_label_and_gives_it_where_there_is_none(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    found = one(tmp_path, "0,,CL_0000236,,").correction
    assert found == Correction("B cell", "B cell", "CL:0000236", "B cell", TermMatch(How.ID), "", "a person")
    assert one(tmp_path, "0,my favourite cell,CL:0000236,,").label == "my favourite cell"
    assert caplog.messages == []
    found = one(tmp_path, "0,T cell,CL:0000236,,").correction
    assert found is not None
    assert (found.label, found.cl_id) == ("T cell", "CL:0000236")
    [said] = caplog.messages
    assert "the label T cell would be CL:0000084 (T cell), its cl_id is CL:0000236 (B cell)" in said


def test_obsolete_id_is_replaced(tmp_path: Path) -> None:
    from cassia_engine.ontology import Ontology

    ontology = Ontology.load()
    old = next(term for term in ontology if term.deprecated and ontology.current(term.id))
    found = one(tmp_path, f"0,,{old.id},,").correction
    assert found is not None
    assert (found.cl_id, found.match) == (ontology.current(old.id), TermMatch(How.OBSOLETE))


# --- reading


def test_two_columns_guards_row_names_and_empty_rows(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    path = tmp_path / "c.tsv"
    path.write_text('""\t"Label"\t"cluster"\n"1"\t"\'=1+1"\t"\'-1"\n"2"\tNA\t007\n')
    found = read_corrections(path)
    assert [(line, cluster, said.label) for line, cluster, said in found.rows] == [(2, "-1", "=1+1")]
    assert "rows without label, cl_id and comment, left out: 1" in caplog.text


def test_frames_and_lists_of_rows_are_taken() -> None:
    frame = pd.DataFrame({"cluster": ["0", "1"], "label": ["B cell", None], "comment": [None, "=odd"]})
    rows = [{"cluster": "0", "label": "B cell"}, {"cluster": "1", "label": "", "comment": "=odd"}]
    for given in (frame, rows):
        found = [(cluster, said.label, said.comment) for _, cluster, said in read_corrections(given).rows]
        assert found == [("0", "B cell", ""), ("1", "", "=odd")]


def test_everything_wrong_is_listed_with_line_and_column(tmp_path: Path) -> None:
    path = table(
        tmp_path, "0,B cell,CL:9999999,,", "1,B cell,lymphocyte,,", ",T cell,,,", f'2,"{"x" * 301}",,,', "3,T cell,,"
    )
    with pytest.raises(InputProblems) as caught:
        read_corrections(path)
    assert sorted(problems(caught.value), key=lambda problem: problem[2] or 0) == [
        ("corrections-cl-id", path.name, 2),
        ("corrections-cl-id", path.name, 3),
        ("corrections-cluster-empty", path.name, 4),
        ("corrections-text-too-long", path.name, 5),
        ("field-count", path.name, 6),
    ]
    for words in (
        "line 2: column cl_id: CL:9999999 is not in the Cell Ontology of 2026-03-26",
        "line 3: column cl_id: lymphocyte is no Cell Ontology id such as CL:0000084",
        "line 4: column cluster",
        "line 5: column label: 301 characters; at most 300",
        "line 6: 4 fields, but the header has 5",
    ):
        assert words in str(caught.value)


def test_columns_that_are_not_known_or_missing_are_told(tmp_path: Path) -> None:
    with pytest.raises(InputProblems) as caught:
        read_corrections(table(tmp_path, "0,B cell", header="Cluster,Cell Type"))
    assert [problem[::2] for problem in problems(caught.value)] == [
        ("corrections-column-unknown", 1),
        ("corrections-column-count", 1),
    ]
    assert "column Cell Type is none of cluster, label, cl_id, comment, decided_by" in str(caught.value)
    assert "column label is missing" in str(caught.value)
    with raises("corrections-column-count", "column label", path="corrections.csv", line=1):
        read_corrections(table(tmp_path, "0,a,b", header="cluster,label,Label"))
    with raises("table-not-found", path="none.csv"):
        read_corrections(tmp_path / "none.csv")


def test_unknown_and_double_clusters_are_told(tmp_path: Path) -> None:
    path = table(tmp_path, "7_0,B cell,,,", "0,B cell,,,", "0,T cell,,,", "1,B cell,CL:9999999,,")
    with pytest.raises(InputProblems) as caught:
        read_corrections(path, {"0", "1"})
    assert sorted(problems(caught.value), key=lambda problem: problem[2] or 0) == [
        ("corrections-cluster-unknown", path.name, 2),
        ("corrections-cluster-twice", path.name, 4),
        ("corrections-cl-id", path.name, 5),
    ]
    for words in ("7_0", "0 is there twice, as B cell in line 3 and as T cell here", "CL:9999999"):
        assert words in str(caught.value)
    with raises("corrections-cluster-unknown", "7_0", path="corrections.csv", line=2):
        corrected([make.annotated("0")], read_corrections(table(tmp_path, "7_0,B cell,,,")))


@pytest.mark.parametrize(
    ("second", "how"),
    [
        ("0,B cell,,,", "first in line 2"),
        ("0,B cell,,seen again,", "first in line 2"),
        ("0,T cell,,,", "as B cell in line 2 and as T cell here"),
        ("0,B cell,CL:0000084,,", "as CL:0000236 in line 2 and as CL:0000084 here"),
    ],
)
def test_two_rows_of_a_cluster_are_told_with_what_each_says(tmp_path: Path, second: str, how: str) -> None:
    with raises("corrections-cluster-twice", "0 is there twice", how, path="corrections.csv", line=3):
        read_corrections(table(tmp_path, "0,B cell,CL:0000236,,", second)).check(["0"])


def test_many_clusters_with_two_rows_are_one_line(tmp_path: Path) -> None:
    rows = [f"{cluster},{label},,," for label in ("B cell", "T cell") for cluster in range(3)]
    with raises(
        "corrections-cluster-twice",
        "3 rows",
        "lines 5, 6, 7",
        "as B cell in line 2 and as T cell here",
        path="corrections.csv",
    ):
        read_corrections(table(tmp_path, *rows)).check(["0", "1", "2"])


# --- the commands


def test_collect_takes_corrections(tmp_path: Path) -> None:
    results = [make.annotated("0"), make.unannotated("9", 1)]
    arguments = [str(results_file(tmp_path, results)), "--outdir", str(tmp_path / "out")]
    arguments += ["--corrections", str(table(tmp_path, "9,platelet,,,Ada")), "--status", str(tmp_path / "status.json")]
    done = CliRunner().invoke(cassia, ["collect", *arguments])
    assert (done.exit_code, "1 label is a person's" in done.output) == (0, True)
    status = read_status(tmp_path / "status.json")
    assert (status.failed, dict(status.counts)) == ((), {"annotated": 1, "failed": 1})


def test_corrections_are_checked_against_chunk_files_as_collect_would(tmp_path: Path) -> None:
    markers = tmp_path / "m.csv"
    markers.write_text('cluster,genes\nB,"CD79A,MS4A1,CD19"\n007,"XX1,XX2"\n')
    about = ["--tissue", "blood", "--species", "human", "--outdir", str(tmp_path), "--chunk_size", "1"]
    assert CliRunner().invoke(cassia, ["split", str(markers), *about]).exit_code == 0
    chunks = [str(path) for path in sorted(tmp_path.glob("chunk_*.json"))]
    assert len(chunks) == 2
    done = CliRunner().invoke(cassia, ["corrections", str(table(tmp_path, "007,platelet,,,Ada")), *chunks])
    assert (done.exit_code, "1 of 2 clusters has a correction" in done.output) == (0, True)

    wrong = str(table(tmp_path, "B,B cell,,,", "7,platelet,,,Ada"))
    found = CliRunner().invoke(cassia, ["corrections", wrong, *chunks]).exception
    results = results_file(tmp_path, [make.annotated("B"), make.annotated("007", 1)])
    told = CliRunner().invoke(cassia, ["collect", str(results), "--outdir", str(tmp_path), "--corrections", wrong])
    assert isinstance(found, UsageError) and isinstance(told.exception, UsageError)
    assert str(found) == str(told.exception)
    assert "line 3: column cluster: 7 is not in the marker table" in str(found)


def test_run_and_annotate_take_corrections_and_check_them_before_anything_is_asked(tmp_path: Path) -> None:
    markers = tmp_path / "m.csv"
    markers.write_text('cluster,genes\nB,"CD79A,MS4A1,CD19"\nodd,"XX1,XX2"\n')
    rows = [{"cluster": "odd", "label": "platelet", "decided_by": "Ada"}]
    frame = cassia_engine.annotate(markers, tissue="blood", species="human", corrections=rows, show_progress=False)
    assert list(frame.columns) == list(COLUMNS)
    assert list(frame["Predicted Detailed Cell Type"])[1] == "platelet"
    assert list(frame["Decided By"])[1] == "Ada"
    wrong = table(tmp_path, "C,B cell,,,")
    arguments = ["run", str(markers), "--tissue", "blood", "--species", "human", "--outdir", str(tmp_path / "out")]
    arguments += ["--provider", "custom", "--base_url", "http://127.0.0.1:9/v1", "--model", "none"]
    done = CliRunner().invoke(cassia, [*arguments, "--corrections", str(wrong)])
    assert isinstance(done.exception, UsageError)
    assert "column cluster: C is not in the marker table" in str(done.exception)
    assert not (tmp_path / "out").exists()
