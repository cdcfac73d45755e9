"""Outputs made again from a conversations file alone, byte for byte, with the provider and the network gone."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest
from msgspec.structs import replace

from cassia_engine.calibration import Calibrations
from cassia_engine.outputs.publish import write_outputs
from cassia_engine.records import SETTINGS_OF_SETUP, ClusterResult, Dataset, Merged, Outcome
from cassia_engine.replaying import replayed
from cassia_engine.secret import Secret
from cassia_engine.settings import AnnotateSettings, SplitSettings
from cassia_engine.stages.run import run_table
from tests import factories as make
from tests.batches import hurry
from tests.conftest import EXAMPLES
from tests.mock_provider.running import Running, running_mock
from tests.providers.test_program import ANSWERS
from tests.replaying.replays import command, made, no_network, of_model, same
from tests.test_controls import ABOUT, PBMC
from tests.test_llm import small

H5AD = (EXAMPLES / "pbmc68k.h5ad", "--rank", "--group_key", "louvain", "--witness", "bulk_labels")
KNOWLEDGE = "species\ttissue\tcell_type\tcl_id\tgene\tsource\tweight\nhuman\tblood\tT cell\tCL:0000084\tCD3D\tme\t3\n"
CORRECTIONS = "cluster,label,comment\n0,regulatory T cell,seen by FACS\n2,,looks odd\n"
FAULTS = "refusal:0.1,length:0.1,prose:0.1,context_length:0.1,content_filter:0.05,400:0.05,hostile:0.1"


@pytest.fixture(scope="module")
def curious() -> Iterator[Running]:
    """Its answers are in doubt, and its second annotators ask for genes."""
    with running_mock(variety=0.9, asks_for_genes=True) as mock:
        yield mock


@pytest.mark.parametrize(
    "options",
    [
        ("--siblings", "5"),
        ("--validator_involvement", "v0", "--max_rounds", "2"),
        ("--second_model", "mock-b", "--n_genes", "20", "--depth", "fine", "--hide_fractions"),
        ("--models", "mock,mock-b,mock-fault-refusal", "--depth", "broad"),
        ("--votes", "2", "--second_model", "mock-b", "--controls", "0"),
        ("--escalate_to", "mock-b", "--n_genes", "20"),
        ("--model", "mock-reasoner", "--temperature", "0.2"),
        ("--models", "mock,mock-fault-refusal", "--fallback_model", "mock-b"),
        ("--model", "mock-fault-model_not_found", "--fallback_model", "mock-b"),
    ],
    ids=" ".join,
)
def test_runs_with_models(curious: Running, tmp_path: Path, options: tuple[str, ...]) -> None:
    made(tmp_path, PBMC, *of_model(curious, *options))
    same(tmp_path)


def test_calls_that_failed_and_conversations_after_them(tmp_path: Path) -> None:
    with running_mock(variety=0.9, steady=FAULTS) as mock:
        conversations = made(tmp_path, PBMC, *of_model(mock, "--models", "mock,mock-b", "--max_retries", "1"))
    found = replayed(conversations).merged.results
    assert any(one.failed_calls for one in found) and any(one.outcome is Outcome.ANNOTATED for one in found)
    assert {call["replicate"] for one in found for call in one.conversation.calls} >= {0, 1}
    same(tmp_path)


@pytest.mark.parametrize(
    ("provider", "model", "path"),
    [
        ("google", "mock-no-schema", "/v1beta"),
        ("anthropic", "mock-no-reasoning", ""),
        ("bedrock", "mock", ""),
        ("ollama", "mock", ""),
        ("openrouter", "mock", "/v1"),
    ],
)
def test_dialects_and_refused_parameters(
    curious: Running, tmp_path: Path, provider: str, model: str, path: str
) -> None:
    settings = AnnotateSettings(
        provider,
        model=model,
        base_url=curious.url + path,
        api_key=Secret("sk-0123456789abcdef"),
        reasoning="low",
        journal_dir=None,
    )
    merged, ended = run_table(
        [PBMC], Dataset("s", "blood", "human"), SplitSettings(controls=0), settings, show_progress=False
    )
    assert ended is None
    write_outputs(merged, tmp_path / "out")
    if provider != "bedrock":  # its model takes all that is sent
        assert model == "mock" or any("adjusted" in c for r in merged.results for c in r.conversation.calls)
    same(tmp_path)


def test_a_program_in_place_of_a_server(tmp_path: Path) -> None:
    (tmp_path / "answer.py").write_text(ANSWERS)
    table = small(tmp_path, 2)
    program = shlex.join([sys.executable, str(tmp_path / "answer.py")])
    made(tmp_path, table, "--provider", "command", "--command", program, "--max_workers", "2")
    (tmp_path / "answer.py").unlink()
    same(tmp_path)


def test_a_run_by_batches(curious: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch)
    made(tmp_path, small(tmp_path, 4), *of_model(curious, "--batch"))
    same(tmp_path)


def test_an_anndata_with_its_cells(curious: Running, tmp_path: Path) -> None:
    made(tmp_path, *H5AD, *of_model(curious))
    same(tmp_path)


def test_corrections_and_a_calibration_of_ones_own(curious: Running, tmp_path: Path) -> None:
    own = Calibrations.load().model
    (tmp_path / "own.json").write_text(replace(own, fitted_on="my answers", near={"intercept": 3.5}).text)
    (tmp_path / "corrections.csv").write_text(CORRECTIONS)
    options = ("--calibration", "own.json", "--controls", "0")
    conversations = made(tmp_path, PBMC, *of_model(curious, *options), "--corrections", "corrections.csv")
    for name in ("own.json", "corrections.csv"):
        (tmp_path / name).unlink()
    same(tmp_path)
    assert replayed(conversations).merged.results[0].label == "regulatory T cell"


def test_marker_scoring_without_a_model(tmp_path: Path) -> None:
    made(tmp_path, PBMC)
    same(tmp_path)


def test_marker_knowledge_of_ones_own_is_given_again(tmp_path: Path) -> None:
    (tmp_path / "own.tsv").write_text(KNOWLEDGE)
    (tmp_path / "other.tsv").write_text(KNOWLEDGE + "human\tblood\tB cell\tCL:0000236\tMS4A1\tme\t3\n")
    conversations = made(tmp_path, PBMC, "--knowledge", "own.tsv")
    lacking = command(tmp_path, "replay", conversations, "--outdir", "again")
    assert (lacking.returncode, lacking.stdout) == (2, "") and "give it by --knowledge FILE" in lacking.stderr
    other = command(tmp_path, "replay", conversations, "--outdir", "again", "--knowledge", "other.tsv")
    assert other.returncode == 2 and "other.tsv: not the table that the run was given" in other.stderr
    same(tmp_path, "--knowledge", "own.tsv")
    made(tmp_path, PBMC)
    needless = command(tmp_path, "replay", conversations, "--outdir", "again", "--knowledge", "own.tsv")
    assert needless.returncode == 2 and "the run was given no such file" in needless.stderr


def test_subclusters_with_their_section_of_the_report(tmp_path: Path) -> None:
    table = EXAMPLES / "subcluster_seurat.csv.gz"
    done = command(tmp_path, "subcluster", table, "--major_cluster", "CD8 T cell", *ABOUT, "--outdir", "out")
    assert done.returncode == 0, done.stderr
    [own] = (tmp_path / "out").glob("*_subclusters.csv")
    same(tmp_path, other=(own.name,))


def test_stages_in_chunks_one_of_which_was_not_reached(curious: Running, tmp_path: Path) -> None:
    """As the pipeline collects them, under another name and with what it was made with."""
    stages = ("--name", "s", "--outdir", "chunks", "--chunk_size", "4", "--siblings", "3", *ABOUT)
    assert command(tmp_path, "split", PBMC, *stages).returncode == 0
    chunks = sorted((tmp_path / "chunks").glob("chunk_*"))
    genes = tmp_path / "chunks" / "genes.jsonl"
    for number, chunk in enumerate(chunks[:2]):
        model = of_model(curious, "--journal_dir", f"journal-{number}")
        done = command(tmp_path, "annotate", chunk, "--genes", genes, "--output", f"r{number}.jsonl", *model)
        assert done.returncode == 0, done.stderr
    parts: tuple[str | Path, ...] = (*chunks, "r0.jsonl", "r1.jsonl", genes)
    told = ("--made_with", "Nextflow=25.04.4", "--name", "other name", "--status", "status.json")
    done = command(tmp_path, "collect", *parts, "--outdir", "out", *told)
    assert done.returncode == 0 and "3 clusters not reached" in done.stderr, done.stderr
    same(tmp_path, "--status", "again.json")
    assert (tmp_path / "again.json").read_bytes() == (tmp_path / "status.json").read_bytes()


def test_answers_that_no_conversation_leads_to(tmp_path: Path) -> None:
    """A server's, or those of an earlier version: they are taken as they stand."""
    results = (make.annotated(), ClusterResult(make.cluster("9", index=1), Outcome.NOT_REACHED, "the run ended"))
    merged = Merged(make.DATASET, make.SELECTION, results, (make.MODEL_RUN,) * 2)
    write_outputs(merged, tmp_path / "out", {"Nextflow": "25.04.4"})
    same(tmp_path)


def test_a_replay_is_replayed_like_the_run(curious: Running, tmp_path: Path) -> None:
    made(tmp_path, PBMC, *of_model(curious))
    same(tmp_path)
    with no_network():
        done = command(tmp_path, "replay", "again/s_conversations.json", "--outdir", "third")
    assert done.returncode == 0
    for path in (tmp_path / "out").iterdir():
        assert (tmp_path / "third" / path.name).read_bytes() == path.read_bytes()


# Settings that change no answer, and those that a setup or a run has under other names.
NO_ANSWERS = {"api_key", "base_url", "command", "max_workers", "tasks", "rpm", "tpm", "max_wait", "timeout", "proxy"}
NO_ANSWERS |= {"trust_env", "allow_http", "journal_dir", "retry_failed", "batch", "batch_wait", "air_gap"}
NO_ANSWERS |= {"show_egress", "max_cost", "budget", "price_in", "price_out"}  # of costs the file has what was paid
OTHERWISE = {"provider", "model", "models", "second_model", "escalate_to", "fallback_model", "knowledge"}
OTHERWISE |= {"calibration"}


def test_every_setting_that_changes_answers_is_recorded() -> None:
    """Else a replay would ask otherwise than the run did. A new one goes into `Setup`, or above."""
    assert {one.name for one in fields(AnnotateSettings)} - {*SETTINGS_OF_SETUP, *NO_ANSWERS, *OTHERWISE} == set()
