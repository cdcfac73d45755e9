"""cassia calibrate: from runs and an expert's labels to the probabilities of the next run."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from cassia_engine.knowledge import Knowledge
from tests.command import cassia
from tests.mock_provider.running import Running, running_mock
from tests.reading import Page

N = 24  # clusters of a data set
NEURON, HEPATOCYTE = "CL:0000540", "CL:0000182"
ABOUT = ("--tissue", "none", "--species", "human")


@pytest.fixture(scope="module")
def mock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running_mock(tmp_path_factory.mktemp("mock"), variety=0.3) as running:
        yield running


def table(path: Path, first: int) -> Path:
    """A marker table with a cluster for each of N types of the knowledge, from the first-th on."""
    profiles = Knowledge.load(None, "human").profiles[first : first + N]
    lists = (",".join([*profile.weights][:8]) for profile in profiles)
    path.write_text("cluster,markers\n" + "".join(f'{n},"{genes}"\n' for n, genes in enumerate(lists)))
    return path


def run(folder: Path, *options: str | Path, names: Sequence[str] = ("a", "b")) -> list[Path]:
    """Runs over a table each; their conversations files."""
    for number, name in enumerate(names):
        one = table(folder / f"{name}.csv", number * N)
        done = cassia("run", one, *ABOUT, "--outdir", folder, *options, cwd=folder)
        assert done.returncode == 0, done.stderr
    return [folder / f"{name}_conversations.json" for name in names]


def asking(mock: Running, model: str = "mock") -> tuple[str, ...]:
    return "--provider", "custom", "--base_url", f"{mock.url}/v1", "--model", model


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as text:
        return list(csv.DictReader(text))


def gold(folder: Path, right: int = 3, of: int = 4, names: Sequence[str] = ("a", "b"), tissues: bool = False) -> Path:
    """Labels by which so many of so many answers are right."""
    lines = ["dataset,cluster,cl_id,tissue"]
    for name in names:
        for number, row in enumerate(rows_of(folder / f"{name}_summary.csv")):
            other = HEPATOCYTE if "neur" in row["CL Label"] else NEURON
            term = row["CL ID"] if number % of < right else other
            lines.append(f"{name},{row['Cluster ID']},{term},{('x', 'y')[number % 2] if tissues else ''}")
    path = folder / "gold.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def calibrate(*arguments: str | Path, output: Path) -> CompletedProcess[str]:
    return cassia("calibrate", *arguments, "--output", output)


def assert_refused(done: CompletedProcess[str], output: Path, *words: str) -> None:
    assert done.returncode == 2 and not output.exists()
    *before, line = done.stderr.splitlines()
    assert not [said for said in before if "error" in said]
    assert [word for word in words if word not in line] == [], line


def test_a_model_is_calibrated_and_the_next_run_uses_it(mock: Running, tmp_path: Path) -> None:
    files, output = run(tmp_path, *asking(mock)), tmp_path / "mine.json"
    done = calibrate(*files, gold(tmp_path), output=output)
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert said[0] == f"fitted on {2 * N} answers of custom mock, of 2 data sets"
    assert sum("expected calibration error 0." in line for line in said) == 2
    assert said[-1] == str(output)
    fitted = json.loads(output.read_text())
    assert (fitted["n"], fitted["data_sets"], fitted["provider"], fitted["model"]) == (2 * N, 2, "custom", "mock")
    asked = mock.stats()["calls"]
    before = [row["Probability Near"] for row in rows_of(tmp_path / "a_summary.csv")]
    run(tmp_path, *asking(mock), "--calibration", output, names=("a",))
    after = [row["Probability Near"] for row in rows_of(tmp_path / "a_summary.csv")]
    assert before != after and all(0 < float(near) < 1 for near in after)
    assert abs(sum(map(float, after)) / N - 0.75) < 0.05, "as many as are right by the gold"
    assert mock.stats()["calls"] == asked, "what was answered is in the journal"
    page = (tmp_path / "a_report.html").read_text()
    assert f"It was fitted on {2 * N} answers of custom mock, clusters of your own." in page


def test_of_another_model_the_report_says_so(mock: Running, tmp_path: Path) -> None:
    files, output = run(tmp_path, *asking(mock)), tmp_path / "mine.json"
    assert calibrate(*files, gold(tmp_path), output=output).returncode == 0
    run(tmp_path, *asking(mock, "another"), "--calibration", output, names=("a",))
    page = Page((tmp_path / "a_report.html").read_text())
    assert "answers of custom mock, clusters of your own; not of this annotator" in page.text


def test_marker_scoring_is_calibrated_from_result_files_too(tmp_path: Path) -> None:
    run(tmp_path)
    results = []
    for number, name in enumerate("ab"):
        chunks = tmp_path / name
        one = table(tmp_path / f"{name}.csv", number * N)
        assert cassia("split", one, *ABOUT, "--name", name, "--outdir", chunks).returncode == 0
        results.append(chunks / "result.jsonl")
        assert cassia("annotate", chunks / "chunk_00000.json", "--output", results[-1]).returncode == 0
    labels, output, other = gold(tmp_path), tmp_path / "mine.json", tmp_path / "other.json"
    assert calibrate(*results, labels, output=output).returncode == 0
    files = [tmp_path / f"{name}_conversations.json" for name in "ab"]
    assert calibrate(*files, labels, output=other).returncode == 0
    assert output.read_bytes() == other.read_bytes()
    assert json.loads(output.read_text())["provider"] == "offline"
    again = cassia("annotate", tmp_path / "a" / "chunk_00000.json", "--output", results[0], "--calibration", output)
    assert again.returncode == 0, again.stderr
    head = json.loads(results[0].read_text().splitlines()[0])
    assert head["run"]["calibration"]["n"] == 2 * N
    parts = [tmp_path / "a" / "chunk_00000.json", results[0]]
    assert cassia("collect", *parts, "--outdir", tmp_path / "out", "--calibration", output).returncode == 0


def test_a_calibration_of_another_annotator_is_refused(mock: Running, tmp_path: Path) -> None:
    files, output = run(tmp_path), tmp_path / "mine.json"
    assert calibrate(*files, gold(tmp_path), output=output).returncode == 0
    done = cassia("run", tmp_path / "a.csv", *ABOUT, *asking(mock), "--calibration", output, cwd=tmp_path)
    assert_refused(
        done, tmp_path / "none", "mine.json: fitted on answers of marker scoring, and --provider custom annotates"
    )


def test_of_one_data_set_tissues_are_left_out(tmp_path: Path) -> None:
    one = table(tmp_path / "one.csv", 0).read_text().splitlines()
    more = table(tmp_path / "more.csv", N).read_text().splitlines()[1:]
    (tmp_path / "one.csv").write_text("\n".join([*one, *(f"b{line}" for line in more)]) + "\n")
    assert cassia("run", tmp_path / "one.csv", *ABOUT, "--outdir", tmp_path).returncode == 0
    file, output = tmp_path / "one_conversations.json", tmp_path / "mine.json"
    assert_refused(calibrate(file, gold(tmp_path, names=("one",)), output=output), output, "2 data sets are needed")
    done = calibrate(file, gold(tmp_path, names=("one",), tissues=True), output=output)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"fitted on {2 * N} answers of offline marker scoring 1.1, of 2 tissues\n")


def test_what_cannot_be_fitted_ends_with_one_line(tmp_path: Path) -> None:
    files, output = run(tmp_path), tmp_path / "mine.json"
    for right, word in ((4, "right"), (0, "wrong")):
        assert_refused(calibrate(*files, gold(tmp_path, right), output=output), output, f"all examples are {word}")
    few = f"{N} answers with an expert's label, of 1 data set; at least 40 of 2 data sets are needed"
    assert_refused(calibrate(files[0], gold(tmp_path, names=("a",)), output=output), output, few)
    assert_refused(
        calibrate(files[0], files[0], gold(tmp_path), output=output), output, "cluster 0 of a is there twice"
    )
    other = tmp_path / "other_conversations.json"
    other.write_bytes(files[0].read_bytes())
    said = ("the answers are of other", "the gold's column dataset has a, b")
    assert_refused(calibrate(other, gold(tmp_path), output=output), output, *said)


def test_an_input_is_no_output(tmp_path: Path) -> None:
    files = run(tmp_path)
    answers = gold(tmp_path)
    for path in (files[0], answers):
        before = path.read_bytes()
        done = calibrate(*files, answers, output=path)
        assert done.returncode == 2 and f"{path}: an output cannot take the place of an input" in done.stderr
        assert path.read_bytes() == before


def test_answers_of_two_annotators_are_refused(mock: Running, tmp_path: Path) -> None:
    files = [*run(tmp_path, names=("a",)), *run(tmp_path, *asking(mock), names=("b",))]
    output = tmp_path / "mine.json"
    done = calibrate(*files, gold(tmp_path), output=output)
    assert_refused(done, output, "answers of 2 annotators (custom mock, offline marker scoring 1.1)")


def test_conversations_of_an_earlier_cassia_have_no_features(tmp_path: Path) -> None:
    files, output = run(tmp_path), tmp_path / "mine.json"
    for file in files:
        members = json.loads(file.read_text())
        for member in members.values():
            for name in ("label", "cl_id", "features", "provider", "model"):
                del member[name]
        file.write_text(json.dumps(members))
    assert_refused(calibrate(*files, gold(tmp_path), output=output), output, "no answer has the features")


@pytest.mark.parametrize("text", ["", "cluster,label\n", "[1]", '{"0": 3}', "\xff"])
def test_files_that_no_run_has_left_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "x_conversations.json").write_bytes(text.encode("latin-1"))
    (tmp_path / "gold.csv").write_text("cluster,label\n0,T cell\n")
    output = tmp_path / "mine.json"
    done = calibrate(tmp_path / "x_conversations.json", tmp_path / "gold.csv", output=output)
    assert_refused(done, output, "x_conversations.json: no conversations of a run")
    done = calibrate(tmp_path / "none.json", tmp_path / "gold.csv", output=output)
    assert_refused(done, output, "none.json: cannot be read (No such file or directory)")
