"""A run that asks a language model, from the command line and from Python, against the mock provider."""

from __future__ import annotations

import asyncio
import csv
import gzip
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import cassia_engine
from cassia_engine import prompts
from cassia_engine.cancellation import Cancellation
from cassia_engine.errors import AccountError
from cassia_engine.llm.conversations import Conversations
from cassia_engine.markers import read_markers
from cassia_engine.prompts import EARLIER
from cassia_engine.records import ClusterResult, ControlResult, Dataset
from cassia_engine.settings import AnnotateSettings, SplitSettings
from cassia_engine.stages.annotate import open_annotator
from cassia_engine.stages.collect import NOT_REACHED_REASON, merge_files
from cassia_engine.stages.split import into_chunks, write_chunks
from tests import reading
from tests.command import cassia
from tests.conftest import EXAMPLES
from tests.mock_provider.running import Running, running_mock

DATA = Path(__file__).parent / "data"
PBMC = EXAMPLES / "pbmc68k_scanpy.csv"
INTESTINE = EXAMPLES / "large_intestine_seurat.csv.gz"
TISSUES = {PBMC: "blood", INTESTINE: "large intestine"}
# Looked for in every file that a run leaves.
CANARY = "canary-3f9c-key"
TIMES = re.compile(r'"(at|seconds)": ?("[^"]*"|[\d.e-]+)')


ENGINE = [sys.executable, "-m", "cassia_engine"]


def command(url: str, *arguments: str | Path, table: Path = PBMC, model: str = "mock") -> list[str]:
    about = ["--tissue", TISSUES.get(table, "blood"), "--species", "human", "--outdir", "out"]
    asked = ["--provider", "custom", "--base_url", f"{url}/v1", "--model", model, "--max_workers", "16"]
    asked += ["--controls", "0"]  # calls are counted by cluster; tests/test_controls.py has them
    return [*ENGINE, "run", str(table), *about, *asked, *map(str, arguments)]


def run(argv: list[str], cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """In this process, whose Python is started already."""
    return cassia(*argv[len(ENGINE) :], cwd=cwd, env={**os.environ, **environment})


def rows(folder: Path, end: str = "summary") -> list[dict[str, str]]:
    [path] = folder.glob(f"*_{end}.csv")
    with path.open(newline="", encoding="utf-8") as text:
        return list(csv.DictReader(text))


def conversations(folder: Path) -> dict[str, Any]:
    [path] = folder.glob("*_conversations.json")
    return dict(json.loads(path.read_text(encoding="utf-8")))


def without_times(folder: Path) -> dict[str, str]:
    """Each file's text, the times of its calls left out; in the report they are packed."""
    texts = {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.iterdir())}
    return {
        name: reading.without_times(text) if name.endswith(".html") else TIMES.sub(r'"\1": 0', text)
        for name, text in texts.items()
    }


def small(folder: Path, clusters: int) -> Path:
    """A table of that many clusters, all different."""
    genes = ["CD3D", "CD3E", "TRAC", "IL7R", "CD79A", "MS4A1", "CD19", "GNLY", "NKG7", "LYZ", "S100A8", "CD14"]
    path = folder / "small.csv"
    lists = (",".join(genes[n % 12 :] + genes[: n % 12] + [f"GENE{n}"]) for n in range(clusters))
    path.write_text("cluster,markers\n" + "".join(f'{n},"{genes}"\n' for n, genes in enumerate(lists)))
    return path


def told_to_stop(process: subprocess.Popen[str], number: signal.Signals) -> str:
    """Send the signal, and read what is said until it has been heard."""
    process.send_signal(number)
    assert process.stderr is not None
    said = ""
    for line in process.stderr:
        said += line
        if "stopping" in line:
            break
    return said


def ended(process: subprocess.Popen[str]) -> str:
    """What is said until the end, which is made if it does not come."""
    try:
        return process.communicate(timeout=60)[1]
    finally:
        process.kill()


@pytest.mark.parametrize("table", [PBMC, INTESTINE])
def test_a_call_a_cluster_and_everything_is_said(quiet: Running, tmp_path: Path, table: Path) -> None:
    done = run(command(quiet.url, table=table), tmp_path)
    assert done.returncode == 0, done.stderr
    found = rows(tmp_path / "out")
    assert {row["Status"] for row in found} == {"annotated"}
    calls = [int(row["Calls"]) for row in found]
    assert set(calls) <= {1, 2, 3} and calls.count(1) > len(found) / 2
    assert quiet.stats()["completed"] == sum(calls)
    assert {row["Provider"] for row in found} == {"custom"}
    assert {row["Model"] for row in found} == {"mock"}
    assert {row["Prompt Version"] for row in found} == {prompts.VERSION}
    assert all(row["CL ID"].startswith("CL:") for row in found)
    assert all(int(row["Input Tokens"]) > 500 and int(row["Output Tokens"]) > 50 for row in found)
    # Nobody told what a call of the mock costs: unknown, which is not 0.
    assert {row["Cost (USD)"] for row in found} == {""}
    assert "hypotheses" in done.stderr
    assert f"{sum(calls)} calls, " in done.stderr and "cost unknown" in done.stderr
    held = conversations(tmp_path / "out")
    assert list(held) == [row["Cluster ID"] for row in found]
    for talk in held.values():
        roles = [call["role"] for call in talk["calls"]]
        assert roles == ["annotator", "second annotator", "adjudicator"][: len(roles)]
        assert len(talk["annotations"]) == len(talk["checks"]) == min(len(roles), 2)
        assert talk["validations"] == [] and (talk["adjudication"] is None) == (len(roles) < 3)
        assert talk["calls"][0]["request"]["model"] == "mock"


def test_cluster_ids_and_sample_names_are_not_sent(quiet: Running, tmp_path: Path) -> None:
    done = run(command(quiet.url, "--name", "secret-sample", table=INTESTINE), tmp_path)
    assert done.returncode == 0, done.stderr
    for cluster, talk in conversations(tmp_path / "out").items():
        # An adjudicator is told the annotator's claim, which may well be what the authors called the cluster.
        # The rules name types as examples.
        assert cluster not in json.dumps(talk["calls"][0]["request"]["messages"][1:], ensure_ascii=False)
        assert "secret-sample" not in json.dumps(talk["calls"])


def test_what_is_in_the_journal_is_not_asked_again(quiet: Running, tmp_path: Path) -> None:
    assert run(command(quiet.url), tmp_path).returncode == 0
    first, asked = without_times(tmp_path / "out"), quiet.stats()["calls"]
    again = run(command(quiet.url), tmp_path)
    assert again.returncode == 0, again.stderr
    assert quiet.stats()["calls"] == asked
    assert without_times(tmp_path / "out") == first
    # Nothing is set aside for a run that cannot work.
    assert run(command(quiet.url, "--fresh", table=tmp_path / "none.csv"), tmp_path).returncode == 2
    assert [path.name for path in (tmp_path / ".cassia" / "journal").iterdir()] == ["pbmc68k_scanpy"]
    fresh = run(command(quiet.url, "--fresh"), tmp_path)
    assert "set aside" in fresh.stderr
    assert quiet.stats()["calls"] == 2 * asked
    assert without_times(tmp_path / "out") == first


def test_failed_clusters_are_asked_again_only_when_wanted(quiet: Running, tmp_path: Path) -> None:
    """A model that refuses each request once: the first conversation fails, and another one does not."""
    argv = command(quiet.url, table=small(tmp_path, 3), model="mock-fault-refusal-once")
    refused = run(argv, tmp_path)
    assert refused.returncode == 1, refused.stderr
    assert {row["Status"] for row in rows(tmp_path / "out")} == {"refused"}
    asked = quiet.stats()["calls"]
    assert run(argv, tmp_path).returncode == 1
    assert quiet.stats()["calls"] == asked
    again = run([*argv, "--retry_failed"], tmp_path)
    found = rows(tmp_path / "out")
    assert (again.returncode, {row["Status"] for row in found}) == (0, {"annotated"}), again.stderr
    asked = quiet.stats()["calls"]
    # What has led to an annotation counts, also where nobody says --retry_failed any more.
    assert run(argv, tmp_path).returncode == 0
    assert quiet.stats()["calls"] == asked
    assert rows(tmp_path / "out") == found


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stop_waits_for_answers_and_writes_what_is_done(quiet: Running, tmp_path: Path, number: signal.Signals) -> None:
    table = small(tmp_path, 12)
    argv = command(quiet.url, "--max_workers", "2", table=table)
    quiet.post("/hold", {"after": 6})
    with subprocess.Popen(argv, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        quiet.wait_for("held", 2)
        said = told_to_stop(process, number)
        quiet.post("/release")
        said += ended(process)
    assert process.returncode == 75, said
    assert "Traceback" not in said
    statuses = [row["Status"] for row in rows(tmp_path / "out")]
    assert {"annotated", "not_reached"} == set(statuses)
    assert quiet.stats()["unanswered"] == 0
    asked = quiet.stats()["calls"]
    done = run(argv, tmp_path)
    assert done.returncode == 0, done.stderr
    assert {row["Status"] for row in rows(tmp_path / "out")} == {"annotated"}
    assert quiet.stats()["calls"] == sum(int(row["Calls"]) for row in rows(tmp_path / "out")) > asked
    assert quiet.stats()["repeats"] == 0


def test_second_interrupt_ends_at_once(quiet: Running, tmp_path: Path) -> None:
    argv = command(quiet.url, table=small(tmp_path, 3))
    quiet.post("/hold", {"after": 1})
    with subprocess.Popen(argv, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        quiet.wait_for("held", 3)
        told_to_stop(process, signal.SIGINT)
        process.send_signal(signal.SIGINT)
        said = ended(process)
    quiet.post("/release")
    assert (process.returncode, said.count("Traceback")) == (75, 0), said
    assert not (tmp_path / "out").exists()


def test_interrupt_in_python_says_how_to_go_on(
    quiet: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def interrupt(result: ClusterResult | ControlResult) -> None:
        raise KeyboardInterrupt

    monkeypatch.chdir(tmp_path)
    dataset = Dataset("run", "blood", "human")
    [chunk] = into_chunks(read_markers(small(tmp_path, 3)), dataset, chunk_size=3)
    annotator = open_annotator(AnnotateSettings(provider="custom", model="mock", base_url=f"{quiet.url}/v1"), dataset)
    with pytest.raises(KeyboardInterrupt):
        annotator.annotate_all(chunk, interrupt, Cancellation())
    said = "what was answered is in the journal, run the same again to go on"
    assert caplog.messages[-1] == f"stopped, and no output is written; {said}"


def test_bad_key_stops_the_run_and_is_never_shown(tmp_path: Path) -> None:
    with running_mock(tmp_path, require_key="another") as mock:
        done = run(command(mock.url, table=small(tmp_path, 8)), tmp_path, CUSTOM_API_KEY=CANARY)
        assert done.returncode == 77
        assert "CUSTOM_API_KEY" in done.stderr
        assert {row["Status"] for row in rows(tmp_path / "out")} == {"not_reached"}
        assert list((tmp_path / ".cassia" / "journal").glob("STOP*"))
        # The next run may have another key.
        better = run(command(mock.url, table=small(tmp_path, 8)), tmp_path, CUSTOM_API_KEY="another")
        assert better.returncode == 0, better.stderr
    found = [path for path in tmp_path.rglob("*") if path.is_file() and CANARY.encode() in path.read_bytes()]
    assert found == []
    assert CANARY not in done.stdout + done.stderr


def test_missing_key_names_its_variable_before_anything_is_sent(tmp_path: Path) -> None:
    environ = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
    asked = ["--tissue", "blood", "--species", "human", "--provider", "openrouter"]
    done = cassia("run", PBMC, *asked, cwd=tmp_path, env=environ)
    assert done.returncode == 77
    [line] = [line for line in done.stderr.splitlines() if "error" in line]
    assert "OPENROUTER_API_KEY" in line and "offline" in line


def test_collect_takes_from_the_journal_what_a_lost_task_was_answered(quiet: Running, tmp_path: Path) -> None:
    asked = ["--provider", "custom", "--base_url", f"{quiet.url}/v1", "--model", "mock", "--journal_dir", "journal"]
    split = ["split", small(tmp_path, 4), "--name", "s", "--outdir", "chunks", "--tissue", "none", "--species", "human"]
    for step in (split, ["annotate", "chunks/chunk_00000.json", "--output", "lost.jsonl", *asked]):
        assert run([*ENGINE, *map(str, step)], tmp_path).returncode == 0
    (tmp_path / "lost.jsonl").rename(tmp_path / "kept.jsonl")
    calls = quiet.stats()["calls"]
    for outdir, files in (("replayed", []), ("whole", ["kept.jsonl"])):
        step = ["collect", "chunks/chunk_00000.json", *files, "--outdir", outdir, *asked]
        done = run([*ENGINE, *step], tmp_path)
        assert done.returncode == 0, done.stderr
    assert quiet.stats()["calls"] == calls
    assert without_times(tmp_path / "replayed") == without_times(tmp_path / "whole")
    assert {row["Status"] for row in rows(tmp_path / "replayed")} == {"annotated"}


def test_collect_has_what_became_of_clusters_that_were_to_be_asked_again(quiet: Running, tmp_path: Path) -> None:
    """The task of --retry_failed was lost, before or after it had asked: what is on record is an answer."""
    asked = ["--provider", "custom", "--base_url", f"{quiet.url}/v1", "--model", "mock-fault-refusal"]
    asked += ["--journal_dir", "journal"]
    split = ["split", small(tmp_path, 3), "--name", "s", "--outdir", "chunks", "--tissue", "none", "--species", "human"]
    annotate = ["annotate", "chunks/chunk_00000.json", "--output", "lost.jsonl", *asked]
    collect = ["collect", "chunks/chunk_00000.json", *asked, "--retry_failed"]
    assert run([*ENGINE, *map(str, split)], tmp_path).returncode == 0
    for calls, step in ((1, annotate), (2, [*annotate, "--retry_failed"])):
        assert run([*ENGINE, *step], tmp_path).returncode == 0
        (tmp_path / "lost.jsonl").unlink()
        sent = quiet.stats()["calls"]
        done = run([*ENGINE, *collect, "--outdir", f"out_{calls}"], tmp_path)
        assert done.returncode == 0, done.stderr
        assert quiet.stats()["calls"] == sent
        found = [(row["Status"], row["Calls"]) for row in rows(tmp_path / f"out_{calls}")]
        assert found == [("refused", str(calls))] * 3


def test_collect_says_why_the_account_refused(tmp_path: Path) -> None:
    table = small(tmp_path, 2)
    [chunk] = write_chunks(table, Dataset("s", "none", "human"), SplitSettings(), tmp_path / "chunks")
    asked = AnnotateSettings("openai", journal_dir=tmp_path / "journal")
    assert {r.reason for r in merge_files([chunk], asked).results} == {NOT_REACHED_REASON}
    (tmp_path / "journal").mkdir(exist_ok=True)
    (tmp_path / "journal" / "STOP-openai-0123456789ab").write_text("openai refuses the key; set OPENAI_API_KEY\n")
    (tmp_path / "journal" / "STOP-groq-0123456789ab").write_text("another account\n")
    [reason] = {r.reason for r in merge_files([chunk], asked).results}
    assert reason.startswith("openai refuses the key; set OPENAI_API_KEY; when that is corrected, run again")


def test_python_function_asks_a_model(quiet: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    asked: dict[str, Any] = {"provider": f"{quiet.url}/v1", "model": "mock", "show_progress": False}
    markers = cassia_engine.loadmarker("processed")
    summary = cassia_engine.annotate(
        markers, tissue="large intestine", species="human", api_key=CANARY, temperature=0.5, **asked
    )
    assert summary["Status"].tolist() == ["annotated"] * 6
    assert summary["Calls"].tolist() == [1, 1, 1, 2, 1, 2]
    assert all("temperature 0.5" in sent for sent in summary["Parameters Sent"])

    async def in_a_loop() -> Any:
        return await cassia_engine.annotate_async(
            markers, tissue="large intestine", species="human", api_key=CANARY, temperature=0.5, **asked
        )

    calls = quiet.stats()["calls"]
    assert asyncio.run(in_a_loop()).equals(summary)
    assert quiet.stats()["calls"] == calls


def test_batch_of_cassia_asks_a_model(quiet: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    summary = cassia_engine.runCASSIA_batch(
        cassia_engine.loadmarker("unprocessed"),
        "run",
        model="mock",
        tissue="large intestine",
        provider=f"{quiet.url}/v1",
        verbose=False,
    )
    assert summary["Status"].tolist() == ["annotated"] * 6
    assert quiet.stats()["peak_in_flight"] <= 4
    assert all("temperature 0" in sent for sent in summary["Parameters Sent"])
    assert {row["Genes Set Aside"] for row in rows(tmp_path)} == {""}


def test_account_trouble_is_raised_after_what_was_done_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with (
        running_mock(script=[None] * 3 + ["insufficient_quota"] * 40) as mock,
        pytest.raises(AccountError),
    ):
        cassia_engine.annotate(
            small(tmp_path, 4), tissue="none", species="human", provider=f"{mock.url}/v1", model="mock",
            output_name="run", max_workers=1, show_progress=False,
        )  # fmt: skip
    statuses = [row["Status"] for row in rows(tmp_path)]
    assert statuses.count("not_reached") >= 2 and len(statuses) == 4


def test_wrong_options_are_listed_before_anything_is_sent(quiet: Running, tmp_path: Path) -> None:
    argv = command(quiet.url, "--temperature", "-1", "--max_workers", "0")
    done = run(argv, tmp_path)
    assert done.returncode == 2
    assert quiet.stats()["calls"] == 0
    nobody = run([*command(quiet.url)[:-2], "--provider", "opnai"], tmp_path)
    assert nobody.returncode == 2
    assert "openai" in nobody.stderr


def test_a_journal_that_version_0_1_has_written_is_replayed(tmp_path: Path) -> None:
    """Byte for byte the same questions: nothing listens at the address that was asked then."""
    recorded = tmp_path / "journal" / "early" / "recorded.jsonl"
    recorded.parent.mkdir(parents=True)
    recorded.write_bytes(gzip.decompress((DATA / "prompts_1" / "journal.jsonl.gz").read_bytes()))
    before = recorded.read_bytes()
    table = DATA / "prompts_1" / "early.csv"
    done = run(command("http://127.0.0.1:45999", "--journal_dir", "journal", table=table), tmp_path)
    assert done.returncode == 0, done.stderr
    found = [(row["CL Label"], row["Validated"], row["Calls"], row["Prompt Version"]) for row in rows(tmp_path / "out")]
    assert found == [("myeloid cell", "yes", "2", EARLIER), ("natural killer cell", "yes", "2", EARLIER)]
    assert recorded.read_bytes() == before and len(list(recorded.parent.iterdir())) == 1


def test_a_conversation_by_earlier_prompts_is_replayed(
    quiet: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its answers are paid for: nothing is asked by other prompts of a cluster whose conversation is whole."""

    def annotate(table: Path) -> pd.DataFrame:
        return cassia_engine.annotate(
            table, tissue="blood", species="human", provider="custom", model="mock", base_url=f"{quiet.url}/v1",
            output_name=tmp_path / "s", journal_dir=tmp_path / "journal", show_progress=False, controls=0,
        )  # fmt: skip

    made = Conversations.__init__

    def of_before(self: Conversations, *given: Any) -> None:
        made(self, *given)
        self._briefing = self._briefing_before

    four, six = small(tmp_path, 4), tmp_path / "six.csv"
    (tmp_path / "other").mkdir()
    small(tmp_path / "other", 6).rename(six)
    with monkeypatch.context() as earlier:
        earlier.setattr(Conversations, "__init__", of_before)
        before = annotate(four)
    asked = quiet.stats()["calls"]
    assert set(before["Prompt Version"]) == {EARLIER} and asked == before["Calls"].sum() == 8
    again = annotate(four)
    assert quiet.stats()["calls"] == asked
    assert again["Validated"].tolist() == before["Validated"].tolist() == ["yes"] * 4
    assert again["CL ID"].tolist() == before["CL ID"].tolist()
    more = annotate(six)
    assert more["Prompt Version"].tolist() == [EARLIER] * 4 + [prompts.VERSION] * 2
    assert quiet.stats()["calls"] == asked + more["Calls"].tolist()[4] + more["Calls"].tolist()[5]
