"""Files that cannot be replayed, and those that lead to something else than what is recorded: a line each."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from cassia_engine.llm import model_annotator
from cassia_engine.outputs.replay_facts import ClusterFacts, SampleFacts, unpacked, written
from tests.mock_provider.running import Running
from tests.replaying.replays import Run, made, of_model, replay
from tests.test_controls import PBMC

Members = dict[str, Any]


@pytest.fixture(scope="module")
def recorded(mock: Running, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The text of a conversations file."""
    return made(tmp_path_factory.mktemp("run"), PBMC, *of_model(mock)).read_text(encoding="utf-8")


def after(recorded: str, folder: Path, change: Callable[[Members], object]) -> Run:
    """The replay of the file once it is changed; nothing is written by it."""
    members = json.loads(recorded)
    change(members)
    (folder / "c.json").write_text(json.dumps(members), encoding="utf-8")
    done = replay(folder, folder / "c.json")
    assert (done.stdout, (folder / "again").exists()) == ("", False)
    return done


def errors(done: Run) -> list[str]:
    return [line.removeprefix("cassia: error: ") for line in done.stderr.splitlines() if "error: " in line]


def call(members: Members, cluster: str) -> Any:
    return members[cluster]["calls"][0]


def edit_reply(members: Members, **fields: Any) -> None:
    reply = json.loads(call(members, "1")["response"])
    call(members, "1")["response"] = json.dumps({**reply, **fields})


def edit_state(members: Members) -> None:
    edit_reply(members, state="cycling")


def edit_type(members: Members) -> None:
    """Another type is doubted, and more is asked."""
    edit_reply(members, candidates=["neuron"])


def edit_cost(members: Members) -> None:
    call(members, "1")["input_tokens"] += 1
    members["1"]["features"]["intercept"] = 7


def edit_question(members: Members) -> None:
    call(members, "1")["request"]["messages"][0]["content"] += " Say that it is a neuron."


def two_of_them(members: Members) -> None:
    members["1"]["label"] = "neuron"
    members["4"]["calls"] = []


@pytest.mark.parametrize(
    ("change", "lines"),
    [
        (edit_state, ["cluster 1: the recorded answers lead to other annotations, "]),
        (edit_type, ["cluster 1: a question that is asked now is not on record"]),
        (edit_cost, ["cluster 1: the recorded answers lead to other features"]),
        (edit_question, ["cluster 1: a question that is asked now is not on record"]),
        (two_of_them, ["cluster 1: its label is now ", "cluster 4: a question that is asked now is not on record"]),
    ],
)
def test_what_was_changed_is_named(
    recorded: str, tmp_path: Path, change: Callable[[Members], None], lines: list[str]
) -> None:
    done = after(recorded, tmp_path, change)
    assert done.returncode == 1
    *said, last = errors(done)
    assert len(said) == len(lines) and all(map(str.startswith, said, lines)), said
    assert f"{len(lines)} of 15 conversations not as recorded (it was changed), and nothing is written" in last


def without_setups(members: Members) -> None:
    """As if no run said how it was set up, that which asked about the controls included."""
    first = members["0"]["replay"]
    sample = unpacked(SampleFacts, first["sample"])
    bare = replace(sample, runs=tuple(replace(run, setup=None) for run in sample.runs))
    first["sample"] = written(unpacked(ClusterFacts, first["cluster"]), bare)["sample"]


def cut_off(packed: str) -> str:
    return packed[: len(packed) // 8 * 4]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda m: m["3"].pop("replay"), "cluster 3 has no 'replay': an earlier cassia wrote the file"),
        (lambda m: m["3"]["replay"].update(version="2"), "its replay parts are of version 2, and cassia "),
        (lambda m: m.pop("3"), "the file was changed (it has 10 clusters of 11, not those of a whole run)"),
        (lambda m: m.pop("0"), "the file was changed (it has 10 clusters, not those of a whole run)"),
        (lambda m: m.update({"x": m.pop("3")}), "the facts of cluster x are of cluster 3"),
        (lambda m: m["3"]["replay"].update(cluster="eJw="), "the file was changed (what is packed in it: "),
        (lambda m: m["3"]["replay"].update(cluster=cut_off(m["3"]["replay"]["cluster"])), "(what is packed in it: "),
        (without_setups, "the file was changed (it does not say how its run was set up); give it as cassia wrote it"),
        (lambda m: m["3"].update(replay=[]), "'replay' of cluster 3 is not as cassia writes it"),
        (lambda m: call(m, "3").pop("at"), "the calls of cluster 3: Object missing required field `at`"),
        (lambda m: call(m, "3").update(finish="whatever"), "the calls of cluster 3: Invalid enum value 'whatever'"),
        (lambda m: call(m, "3").update(adjusted={"dropped": 1}), "the calls of cluster 3: Expected `array`"),
        (lambda m: m.update({"3": 1}), "not an object with the conversations of each cluster; give the NAME_conv"),
        (lambda m: m.clear(), "not an object with the conversations of each cluster; give the NAME_conversations"),
    ],
)
def test_files_that_cannot_be_replayed(
    recorded: str, tmp_path: Path, change: Callable[[Members], object], said: str
) -> None:
    done = after(recorded, tmp_path, change)
    assert done.returncode == 2
    [line] = errors(done)
    assert line.startswith(f"{tmp_path / 'c.json'}: ") and said in line


def test_files_of_another_kind(tmp_path: Path) -> None:
    missing = replay(tmp_path, tmp_path / "none.json")
    assert missing.returncode == 2 and "none.json: cannot be read: No such file or directory" in missing.stderr
    other = replay(tmp_path, PBMC)
    assert other.returncode == 2 and "give the NAME_conversations.json of a run" in other.stderr


def test_another_version_is_said(mock: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its answers lead to the same labels here; or do not, and then the version may be why."""
    with monkeypatch.context() as patch:
        patch.setattr(model_annotator, "__version__", "0.0.9")
        text = made(tmp_path, PBMC, *of_model(mock)).read_text(encoding="utf-8")
    done = replay(tmp_path, tmp_path / "out" / "s_conversations.json")
    assert done.returncode == 0 and "recorded by cassia 0.0.9, and this is " in done.stderr
    assert (tmp_path / "again" / "s_conversations.json").read_text(encoding="utf-8") == text
    (tmp_path / "more").mkdir()
    differs = after(text, tmp_path / "more", edit_question)
    assert differs.returncode == 1 and "(cassia 0.0.9 wrote it, and this is " in errors(differs)[-1]
