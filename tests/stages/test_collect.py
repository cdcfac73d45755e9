"""Chunk and result files of a sample merged into its tables; nothing lost, nothing mixed."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from cassia_engine.outputs.publish import write_outputs
from cassia_engine.records import (
    Chunk,
    ClusterResult,
    ConfidenceReason,
    Finding,
    How,
    Outcome,
    Round,
    RunInfo,
    SampledCells,
    Status,
    TermMatch,
    from_json,
    to_json,
)
from cassia_engine.stagefiles import (
    CellsFile,
    read_chunk,
    read_status,
    result_file,
    write_cells,
    write_chunk,
    write_status,
)
from cassia_engine.stages.collect import check, merge_files
from tests import factories as make
from tests.raising import raises


def chunks(count: int = 3, size: int = 2) -> list[Chunk]:
    """Chunks of clusters named against any sorting: "9", "8", ..."""
    total = count * size
    clusters = [make.cluster(str(total - 1 - i), index=i) for i in range(total)]
    return [
        Chunk(make.DATASET, make.SELECTION, n, count, total, tuple(clusters[n * size : (n + 1) * size]))
        for n in range(count)
    ]


def results(chunk: Chunk, outcome: Outcome = Outcome.ANNOTATED) -> list[ClusterResult]:
    if outcome is Outcome.ANNOTATED:
        return [make.annotated(cluster=cluster) for cluster in chunk.clusters]
    return [ClusterResult(cluster, outcome, reason="because") for cluster in chunk.clusters]


def write_result(path: Path, chunk: Chunk, run: RunInfo, answers: list[ClusterResult]) -> None:
    with result_file(path, chunk, run) as write:
        for result in answers:
            write(result)


def files(folder: Path, answered: tuple[int, ...] = (0, 1, 2)) -> list[Path]:
    """Chunk files of three chunks, and result files of those that are answered."""
    paths = []
    for chunk in chunks():
        paths.append(folder / f"chunk_{chunk.index}.json")
        write_chunk(paths[-1], chunk)
        if chunk.index in answered:
            paths.append(folder / f"result_{chunk.index}.jsonl")
            write_result(paths[-1], chunk, make.MODEL_RUN, results(chunk))
    return paths


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as text:
        return list(csv.DictReader(text))


def test_results_come_back_as_they_were_written(tmp_path: Path) -> None:
    merged = merge_files(files(tmp_path))
    assert list(merged.results) == [r for chunk in chunks() for r in results(chunk)]
    assert merged.run == make.MODEL_RUN
    assert (merged.dataset, merged.selection) == (make.DATASET, make.SELECTION)


def test_result_of_an_earlier_version_is_read() -> None:
    answer = make.annotation(match=TermMatch(How.BROADER, "no place for mine"))
    reasons = (ConfidenceReason("", "there is no verdict; cell types may be mixed"),)
    result = make.annotated(answer=answer, confidence_reasons=reasons)
    data = to_json(result)
    del data["rounds"], data["confidence_reasons"], data["votes"][0]["match"]
    data["confidence_reason"] = reasons[0].text
    data["votes"][0]["cl_match"] = "broader: no place for mine"
    assert from_json(ClusterResult, data) == result


def test_a_run_of_a_model_that_answered_nothing_does_not_speak_of_its_answers(tmp_path: Path) -> None:
    paths = files(tmp_path, answered=(1, 2))
    assert merge_files(paths).run.notice == make.MODEL_RUN.notice
    for number in (1, 2):
        chunk = chunks()[number]
        write_result(tmp_path / f"result_{number}.jsonl", chunk, make.MODEL_RUN, results(chunk, Outcome.FAILED))
    run = merge_files(paths).run
    assert run.said == "no cluster has an answer of the language model"
    assert run == replace(make.MODEL_RUN, notice=run.notice)
    write_status(tmp_path / "status.json", merge_files(paths).status)
    assert read_status(tmp_path / "status.json").notice == run.notice, "where the pipeline takes it from"
    assert make.OFFLINE_RUN.over([Outcome.NO_MARKERS]) == make.OFFLINE_RUN, "which asks no model, and says so"


def test_order_of_the_files_does_not_matter_and_results_alone_will_do(tmp_path: Path) -> None:
    paths = files(tmp_path)
    merged = merge_files(paths)
    assert merge_files(paths[::-1]) == merged
    assert merge_files([path for path in paths if path.suffix == ".jsonl"]) == merged
    assert [r.cluster.id for r in merged.results] == ["5", "4", "3", "2", "1", "0"]


def test_chunk_without_result_is_not_reached(tmp_path: Path) -> None:
    merged = merge_files(files(tmp_path, answered=(0, 2)))
    outcomes = {r.cluster.id: r.outcome for r in merged.results}
    assert outcomes["3"] == outcomes["2"] == Outcome.NOT_REACHED
    assert list(outcomes.values()).count(Outcome.ANNOTATED) == 4
    assert merged.run == make.MODEL_RUN
    assert merged.status.counts == {"annotated": 4, "not_reached": 2}


def test_no_result_at_all_still_gives_all_outputs(tmp_path: Path) -> None:
    merged = merge_files(files(tmp_path, answered=()))
    paths = write_outputs(merged, tmp_path / "out")
    rows = read_csv(paths[0])
    assert [row["Status"] for row in rows] == ["not_reached"] * 6
    assert all("-resume" in row["Reason"] for row in rows)


def test_chunks_of_different_runs_are_told_apart_aloud(tmp_path: Path) -> None:
    paths = files(tmp_path)
    write_result(paths[-1], chunks()[2], make.OFFLINE_RUN, results(chunks()[2]))
    merged = merge_files(paths)
    assert "the clusters were annotated by 2 different runs" in merged.run.warnings[-1]
    assert merged.run.mixed == merged.run.warnings[-1]
    summary, *_, page = write_outputs(merged, tmp_path / "out")
    assert [row["Provider"] for row in read_csv(summary)] == ["openrouter"] * 4 + ["offline"] * 2
    assert "annotated by 2 different runs" in page.read_text()


def test_cluster_without_markers_is_no_failure_even_unanswered(tmp_path: Path) -> None:
    chunk = Chunk(make.DATASET, make.SELECTION, 0, 1, 1, (make.cluster("0", genes=()),))
    write_chunk(tmp_path / "chunk.json", chunk)
    merged = merge_files([tmp_path / "chunk.json"])
    assert merged.results[0].outcome is Outcome.NO_MARKERS
    assert merged.status.failed == ()


def test_outputs_have_the_promised_names_and_columns(tmp_path: Path) -> None:
    paths = write_outputs(merge_files(files(tmp_path)).renamed("run.v2"), tmp_path / "out")
    ends = ("_summary.csv", "_full.csv", "_conversations.json", "_mqc.json", "_outcomes_mqc.json", "_report.html")
    assert [path.name for path in paths] == [f"run.v2{end}" for end in ends]
    header = paths[0].read_text().splitlines()[0]
    assert header.startswith(
        "Cluster ID,Predicted General Cell Type,Predicted Detailed Cell Type,Possible Mixed Cell Types,"
        "Marker Number,Marker List,Iterations,Model,Provider,Tissue,Species,Status,Reason,CL ID,CL Label,"
        "Cell State,Confidence,Score,Validated,Evidence Genes,Conflicting Genes,Unsupported Genes,Decided By,Calls,"
    )
    summary, full = read_csv(paths[0]), read_csv(paths[1])
    assert [{k: v for k, v in row.items() if k != "Conversation History"} for row in full] == summary
    conversations = json.loads(paths[2].read_text())
    assert list(conversations) == [row["Cluster ID"] for row in summary]
    for row in full:
        told = conversations[row["Cluster ID"]]
        held = {"annotations", "validations", "formatting", "scoring", "calls", "checks", "adjudication"}
        assert set(told) == held | {"label", "cl_id", "features", "provider", "model", "replay"}
        assert (told["label"], told["cl_id"]) == (row["Predicted Detailed Cell Type"].split("; ")[0], row["CL ID"])
        assert all(text in row["Conversation History"] for text in told["annotations"] + told["validations"])


def test_ids_and_texts_cannot_run_in_a_spreadsheet(tmp_path: Path) -> None:
    cluster = make.cluster('=HYPERLINK("x")', genes=("+1", "@A1"))
    chunk = Chunk(make.DATASET, make.SELECTION, 0, 1, 1, (cluster,))
    answer = [ClusterResult(cluster, Outcome.FAILED, reason="-2+3")]
    write_result(tmp_path / "result.jsonl", chunk, make.MODEL_RUN, answer)
    paths = write_outputs(merge_files([tmp_path / "result.jsonl"]), tmp_path)
    [row] = read_csv(paths[0])
    assert row["Cluster ID"] == '\'=HYPERLINK("x")'
    assert (row["Marker List"], row["Reason"]) == ("'+1, @A1", "'-2+3")
    assert list(json.loads(paths[2].read_text())) == ['=HYPERLINK("x")']


def test_mistakes_of_the_caller_are_told(tmp_path: Path) -> None:
    paths = files(tmp_path)
    with raises("nothing-to-collect"):
        merge_files([])
    with raises("chunk-missing", "chunk 0, 2 of 3"):
        merge_files([path for path in paths if "_1." in path.name])
    with raises("chunk-twice", "chunk_0.json", path=paths[0]):
        merge_files([*paths, paths[0]])
    other = Chunk(make.DATASET, make.SELECTION, 0, 1, 1, (make.cluster("0"),))
    write_chunk(tmp_path / "other.json", other)
    with raises("other-sample", path="other.json"):
        merge_files([*paths, tmp_path / "other.json"])
    answer = tmp_path / "result_0.jsonl"
    write_result(answer, chunks()[0], make.MODEL_RUN, results(chunks()[0])[:1])
    with raises("chunk-differs", path="result_0.jsonl"):
        merge_files(paths)
    with raises("clusters-missing", "5 clusters", "6 in the table"):
        merge_files([path for path in paths if path.suffix == ".jsonl"])


CELLS = CellsFile(make.DATASET, make.SELECTION, (None,) * 6, SampledCells(100, "X_umap", (1.0,), (2.0,), (5,)))


@pytest.mark.parametrize("place", [0, 3, 6])
def test_cells_are_found_among_the_files(place: int, tmp_path: Path) -> None:
    paths = files(tmp_path)
    assert merge_files(paths).cells is None
    write_cells(tmp_path / "any_name", CELLS)
    merged = merge_files([*paths[:place], tmp_path / "any_name", *paths[place:]])
    assert merged.cells == CELLS.cells
    assert merged.renamed("other").cells == CELLS.cells
    assert (tmp_path / "pbmc_report.html") in write_outputs(merged, tmp_path)


@pytest.mark.parametrize(
    "other",
    [
        replace(CELLS, sizes=(None,) * 7),
        replace(CELLS, sizes=(None, None, 130, None, None, None)),
        replace(CELLS, dataset=replace(make.DATASET, name="other")),
        replace(CELLS, selection=replace(make.SELECTION, n_genes=1)),
    ],
)
def test_cells_of_another_sample_are_refused(other: CellsFile, tmp_path: Path) -> None:
    write_cells(path := tmp_path / "cells.jsonl", other)
    with raises("other-sample", path="cells.jsonl"):
        merge_files([path, *files(tmp_path)])


def test_cells_are_given_once_and_with_chunks(tmp_path: Path) -> None:
    write_cells(path := tmp_path / "cells.jsonl", CELLS)
    with raises("cells-twice", path="cells.jsonl"):
        merge_files([path, *files(tmp_path), path])
    with raises("nothing-to-collect"):
        merge_files([path])


@pytest.mark.parametrize(
    ("content", "code", "line", "values"),
    [
        (b"", "file-not-json", 1, ()),
        (b"\xff\xfe", "file-not-utf8", 1, ()),
        (b"{}", "file-of-other-kind", None, ("chunk or result file",)),
        (b"[1]", "file-not-json", 1, ()),
        (b'{"kind":"cassia-chunk","schema_version":"0.0"}', "file-version", None, ("version 0.0", "reads 1.2")),
        (b'{"kind":"cassia-chunk","schema_version":"1.2"}', "file-damaged", 1, ()),
        (b'{"kind":"cassia-result","schema_version":"1.2"}\n{"half', "file-not-json", 2, ()),
        (b'{"kind":"cassia-result","schema_version":"1.2"}\n{"a":"\xff"}', "file-not-utf8", 2, ()),
        (b'{"kind":"cassia-result","schema_version":"1.2"}', "file-damaged", 1, ("field `dataset`",)),
    ],
)
def test_file_that_is_not_ours_is_told(
    tmp_path: Path, content: bytes, code: str, line: int | None, values: tuple[str, ...]
) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with raises(code, *values, path=path, line=line):
        merge_files([path])


def damage(data: Any, place: str, value: object) -> None:
    """Set a value of a record's JSON by its place, such as usage.calls; ... takes it away."""
    *above, last = (int(step) if step.isdigit() else step for step in place.split("."))
    for step in above:
        data = data[step]
    if value is ...:
        del data[last]
    else:
        data[last] = value


@pytest.mark.parametrize(
    ("place", "value", "why"),
    [
        ("usage.calls", "many", "Expected `int`, got `str` - at `$.usage.calls`"),
        ("usage", ..., "Object missing required field `usage`"),
        ("outcome", "perhaps", "Invalid enum value 'perhaps' - at `$.outcome`"),
        ("votes.0.detailed_types.0.score", "high", "at `$.votes[0].detailed_types[0].score`"),
        ("votes.0.evidence_genes", ..., "Object missing required field `evidence_genes` - at `$.votes[0]`"),
        ("votes.0.match.how", "guessed", "Invalid enum value 'guessed' - at `$.votes[0].match.how`"),
        ("cluster.markers.0.log2fc", [2], "at `$.cluster.markers[0].log2fc`"),
        ("cluster.markers.0.gene", None, "Expected `str`, got `null` - at `$.cluster.markers[0].gene`"),
        ("cluster.later", 1, "Object contains unknown field `later` - at `$.cluster`"),
        ("conversation.calls", ..., "Object missing required field `calls` - at `$.conversation`"),
        ("rounds", {"0": {}}, "Expected `array`, got `object` - at `$.rounds`"),
        ("no\nname", 1, "Object contains unknown field `no"),
    ],
)
def test_value_that_cannot_be_in_a_result_is_told_with_its_place(
    tmp_path: Path, place: str, value: object, why: str
) -> None:
    path = files(tmp_path, answered=(0, 1, 2))[1]
    lines = path.read_text(encoding="utf-8").splitlines()
    data = json.loads(lines[2])
    damage(data, place, value)
    path.write_text("\n".join([*lines[:2], json.dumps(data)]) + "\n", encoding="utf-8")
    with raises("file-damaged", why, path=path, line=3) as caught:
        merge_files([path])
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("line", "place", "value", "why"),
    [
        (1, "index", "first", "Expected `int`, got `str` - at `$.index`"),
        (1, "siblings", ..., "Object missing required field `siblings`"),
        (1, "selection.n_genes", 2.5, "at `$.selection.n_genes`"),
        (3, "id", 7, "Expected `str`, got `int` - at `$.id`"),
        (3, "hints", ..., "Object missing required field `hints`"),
    ],
)
def test_value_that_cannot_be_in_a_chunk_is_told_with_its_place(
    tmp_path: Path, line: int, place: str, value: object, why: str
) -> None:
    path = tmp_path / "chunk_0.json"
    write_chunk(path, chunks()[0])
    lines = path.read_text(encoding="utf-8").splitlines()
    end = "]}" if line == 1 else ""
    data = json.loads(lines[line - 1].rstrip(",") + end)
    damage(data, place, value)
    written = json.dumps(data, separators=(",", ":"))
    path.write_text("\n".join([*lines[: line - 1], written.removesuffix(end), *lines[line:]]), encoding="utf-8")
    with raises("file-damaged", why, path=path, line=line):
        read_chunk(path)


def test_what_later_versions_may_add_is_left_alone(tmp_path: Path) -> None:
    """Where files of other versions have always been read: heads, rounds and what was read in replies."""
    before, paths = files(tmp_path / "before"), files(tmp_path / "later")
    head, *rest = paths[1].read_text(encoding="utf-8").splitlines()
    paths[1].write_text("\n".join([head.removesuffix("}") + ',"later":1}', *rest]), encoding="utf-8")
    assert merge_files(paths) == merge_files(before)
    later = {**to_json(Round(checks=(Finding("in_list", True, "in the list"),))), "later": 1}
    later["checks"][0]["later"] = 1
    assert from_json(Round, later).checks[0].code == "in_list"


def test_file_that_is_changed_while_it_is_collected_is_told(tmp_path: Path) -> None:
    """Conversations stay in the files until they are written."""
    paths = files(tmp_path)
    merged = merge_files(paths)
    lines = paths[1].read_text(encoding="utf-8").splitlines()
    paths[1].write_text("\n".join([lines[0], *lines[:0:-1]]) + "\n", encoding="utf-8")
    with raises("file-changed", path="result_0.jsonl"):
        write_outputs(merged, tmp_path / "out")
    assert not list((tmp_path / "out").iterdir())


def test_numbers_stay_as_they_were_written() -> None:
    selection = replace(make.SELECTION, min_log2fc=0, min_pct=0.0)
    assert json.dumps(to_json(from_json(type(selection), to_json(selection)))) == json.dumps(to_json(selection))


@pytest.mark.parametrize("name", ["../../etc", "/tmp/s", "a\nb", "é" * 200])
def test_file_whose_sample_could_be_a_path_is_refused(tmp_path: Path, name: str) -> None:
    """Journal and outputs are named after it, and others than cassia may have written the file."""
    chunk = chunks()[0]
    path = tmp_path / "chunk_0.json"
    write_chunk(path, replace(chunk, dataset=replace(chunk.dataset, name=name)))
    with raises("file-names-unusable", path="chunk_0.json"):
        read_chunk(path)


def test_check_counts_failures_over_all_samples(tmp_path: Path) -> None:
    statuses = [
        Status("one", {"annotated": 3, "no_markers": 1}, ()),
        Status("two", {"annotated": 1, "refused": 1, "failed": 1}, (("7_0", "refused", "why"), ("8", "failed", "x"))),
    ]
    for status in statuses:
        write_status(tmp_path / status.name, status)
    read = [read_status(tmp_path / status.name) for status in statuses]
    assert read == statuses
    check(read, max_failed_clusters=2)
    with raises("too-many-failed", "2 of 7", "cluster 7_0 of two, refused: why"):
        check(read, max_failed_clusters=1)
