"""Corrections on a server: kept with who and when, answered to their job's owner alone, and taken back by collect."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cassia_engine.server import corrections
from cassia_engine.stages.corrections import read_corrections
from tests.server.job_rows import add_job
from tests.server.running import RunningApp, running_app

JOB = "0123456789abcdef" * 2
HOSTILE = '=HYPERLINK("x")<img src=x onerror=alert(1)>\u202e'
SQL = "0'); DROP TABLE corrections; --"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningApp]:
    with running_app(tmp_path, jobs=0) as server:
        add_job(server.state, JOB, ids={"0": "0", HOSTILE: "1", SQL: "2"})
        yield server


def call(
    server: RunningApp, body: Any = None, job: str = JOB, end: str = "", token: str | None = None
) -> tuple[int, Any]:
    """The status, and the JSON or text that is answered."""
    path = f"/jobs/{job}/corrections{end}"
    answer = server.request("GET" if body is None else "POST", path, body=body, token=token)
    return answer.status, answer.text if end and answer.status == 200 else answer.json()


def stored(server: RunningApp) -> int:
    return len(server.state.database.now(lambda work: work.execute("SELECT * FROM corrections").fetchall()))


def say(server: RunningApp, cluster: str = "0", **said: str) -> dict[str, Any]:
    status, answer = call(server, {"cluster": cluster, **said})
    assert status == 200, answer
    return dict(answer)


def refused(server: RunningApp, body: Any) -> str:
    status, answer = call(server, body)
    assert (status, answer["error_code"]) == (400, "INVALID_REQUEST")
    assert stored(server) == 0
    return str(answer["message"])


def test_newest_comes_first_with_who_and_when(server: RunningApp) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    first = say(server, label="B cell", comment="CD19")
    second = say(server, label="T cell", cl_id="CL:0000084")
    assert {**first, "at": ""} == {
        "cluster": "0", "label": "B cell", "cl_id": "", "comment": "CD19", "who": "local", "at": "",
    }  # fmt: skip
    assert before <= datetime.fromisoformat(first["at"]) <= datetime.fromisoformat(second["at"])
    assert call(server) == (200, [second, first])


def test_id_alone_brings_its_label_and_an_old_id_its_successor(server: RunningApp) -> None:
    assert say(server, cl_id="CL:0000236")["label"] == "B cell"
    assert say(server, label="mine", cl_id="cl_0000084")["cl_id"] == "CL:0000084"


def test_texts_stay_as_they_are_in_the_database_and_come_back_guarded_in_the_table(server: RunningApp) -> None:
    said = {"label": "=mine <i>", "comment": '\'+1, "quoted"\nand <b>a second line</b>'}
    for cluster in (HOSTILE, SQL):
        assert {**say(server, cluster, **said), "at": ""} == {
            "cluster": cluster, "cl_id": "", "who": "local", "at": "", **said,
        }  # fmt: skip
    status, text = call(server, end=".csv")
    assert status == 200
    assert text.startswith('cluster,label,cl_id,comment,decided_by\n"\'=HYPERLINK(""x"")<img')
    assert "'=mine <i>" in text
    assert '"\'\'+1, ""quoted' in text


def test_table_is_what_collect_takes_with_what_holds_now(server: RunningApp, tmp_path: Path) -> None:
    say(server, label="B cell")
    say(server, HOSTILE, label="odd", comment="look")
    say(server, SQL, label="taken back later")
    say(server, label="T cell")
    say(server, SQL)
    (tmp_path / "said.csv").write_text(call(server, end=".csv")[1], encoding="utf-8")
    found = read_corrections(tmp_path / "said.csv", {"0", HOSTILE, SQL})
    assert [(cluster, one.label, one.comment, one.decided_by) for _, cluster, one in found.rows] == [
        ("0", "T cell", "", "local"),
        (HOSTILE, "odd", "look", "local"),
    ]


def test_what_says_nothing_takes_back_what_was_said(server: RunningApp) -> None:
    say(server, label="B cell")
    nothing = say(server)
    assert [nothing[name] for name in ("label", "cl_id", "comment")] == ["", "", ""]
    assert len(call(server)[1]) == 2
    assert call(server, end=".csv")[1] == "cluster,label,cl_id,comment,decided_by\n"


def test_token_s_name_is_who_says_it_and_jobs_of_others_are_none(server: RunningApp) -> None:
    tokens = {name: server.add_token(name) for name in ("Ada", "Bob")}
    add_job(server.state, "f" * 32, server.token_id("Ada"), {"T": "0"})
    status, said = call(server, {"cluster": "T", "label": "x"}, "f" * 32, token=tokens["Ada"])
    assert (status, said["who"]) == (200, "Ada")
    for body, end in ((None, ""), (None, ".csv"), ({"cluster": "T", "label": "y"}, "")):
        for job in ("f" * 32, "0" * 32):
            status, answer = call(server, body, job, end, tokens["Bob"])
            assert (status, answer["error_code"]) == (404, "JOB_NOT_FOUND")
    assert stored(server) == 1


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"cluster": "9", "label": "x"}, "the job has no cluster of this name"),
        ({"cluster": "0", "label": "x" * 301}, "column label: 301 characters; at most 300"),
        ({"cluster": "0", "cl_id": "CL:9999999"}, "CL:9999999 is not in the Cell Ontology"),
        ({"cluster": "0", "cl_id": "<b>"}, "is no Cell Ontology id such as CL:0000084"),
        ({"cluster": "0", "label": 5}, "the correction cannot be read: Expected `str`"),
        ({"label": "x"}, "the correction cannot be read: Object missing required field `cluster`"),
        (b"{", "the correction cannot be read: Input data was truncated"),
        (b'{"a":' * 12_000, "the correction cannot be read: it is too deep"),
        (["0"], "the correction cannot be read: Expected `object`, got `array`"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(server: RunningApp, body: Any, message: str) -> None:
    said = refused(server, body)
    assert message in said
    assert "\n" not in said


def test_large_body_is_not_read(server: RunningApp) -> None:
    status, answer = call(server, {"cluster": "0", "label": "x" * 70_000})
    assert (status, answer["error_code"], stored(server)) == (413, "UPLOAD_TOO_LARGE", 0)


def test_job_keeps_no_more_than_many(server: RunningApp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corrections, "MOST", 2)
    say(server, label="one")
    say(server, label="two")
    status, answer = call(server, {"cluster": "0", "label": "three"})
    assert (status, answer["message"]) == (402, "the job has 2 corrections; no more are kept")
