"""The Python functions in a real Jupyter kernel, as cells of a notebook call them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import EXAMPLES, ROOT, need
from tests.mock_provider.running import running_mock

pytestmark = pytest.mark.slow

NOTICE = "offline marker scoring, no language model was asked"
ENDS = ("_conversations.json", "_full.csv", "_mqc.json", "_outcomes_mqc.json", "_report.html", "_summary.csv")
GENES = "CD3D,CD3E,CD2,IL7R,TRAC,LTB,CCR7,SELL,LEF1,TCF7"
START = f"""
import asyncio
import pandas as pd
import cassia_engine

def many(clusters):
    return pd.DataFrame({{"cluster": range(clusters), "markers": "{GENES}"}})

about = {{"tissue": "blood", "species": "human"}}
"""
# Seconds within which a message of a working kernel comes; only a broken one lets it pass.
PATIENCE = 120


@dataclass
class Cell:
    """What came of a cell: its printed texts, what it displayed and how that was renewed, its result and error."""

    streams: dict[str, str] = field(default_factory=lambda: {"stdout": "", "stderr": ""})
    displays: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    result: str = ""
    error: dict[str, Any] | None = None

    def take(self, message: dict[str, Any]) -> None:
        content = message["content"]
        match message["msg_type"]:
            case "stream":
                self.streams[content["name"]] += content["text"]
            case "display_data" | "update_display_data" as kind:
                self.displays.append((kind, content["transient"]["display_id"], content["data"]))
            case "execute_result":
                self.result = content["data"]["text/plain"]
            case "error":
                self.error = content


Run = Callable[..., Cell]


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    need("ipykernel")
    need("jupyter_client")
    from jupyter_client.manager import KernelManager

    folder = tmp_path_factory.mktemp("notebook")
    environment = {name: str(folder / name) for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR")}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        manager = KernelManager(kernel_name="python3")
        manager.start_kernel(cwd=str(folder))
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=PATIENCE)
        yield manager, client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


@pytest.fixture
def run(kernel: Any, tmp_path: Path) -> Run:
    """Run a cell in the kernel, in `tmp_path`. `interrupt_at(cell)`: whether to interrupt it, asked at each message."""
    manager, client = kernel

    def execute(code: str, interrupt_at: Callable[[Cell], bool] = lambda cell: False) -> Cell:
        cell, interrupted = Cell(), False
        request = client.execute(code)
        while True:
            message = client.get_iopub_msg(timeout=PATIENCE)
            if message["parent_header"].get("msg_id") != request:
                continue
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                return cell
            cell.take(message)
            if interrupt_at(cell) and not interrupted:
                interrupted = True
                manager.interrupt_kernel()

    assert execute(f"%cd -q {tmp_path}\n{START}").error is None
    return execute


def passed(cell: Cell) -> Cell:
    assert cell.error is None, "\n".join(cell.error["traceback"])
    return cell


def error_of(cell: Cell) -> str:
    """The name of the error that ended the cell.

    IPython cannot draw every traceback (an interrupt comes anywhere, also in generated code): it then prints
    Python's own and sends no error.
    """
    if cell.error:
        return str(cell.error["ename"])
    assert "Unexpected exception formatting exception" in cell.streams["stdout"]
    named = re.findall(r"^(?:\w+\.)*(KeyboardInterrupt|CancelledError)\b", cell.streams["stderr"], re.MULTILINE)
    return str(named[-1]) if named else ""


def bars(cell: Cell) -> list[str]:
    """The bar as it was drawn, one after the other, all in one place."""
    assert len({place for _, place, _ in cell.displays}) == 1
    assert [kind for kind, _, _ in cell.displays] == ["display_data"] + ["update_display_data"] * (
        len(cell.displays) - 1
    )
    return [data["text/html"] for _, _, data in cell.displays]


def drawn(cell: Cell) -> bool:
    """Whether the bar has moved."""
    return len(cell.displays) > 1


def written(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_batch_in_a_cell(run: Run, tmp_path: Path) -> None:
    cell = passed(
        run(
            'summary = cassia_engine.runCASSIA_batch(cassia_engine.loadmarker("unprocessed"), "run.v2",'
            ' tissue="large intestine", provider="offline")\n'
            'summary.loc[1, "CL Label"]'
        )
    )
    assert cell.result == "'plasma cell'"
    assert written(tmp_path) == [f"run.v2{end}" for end in ENDS]
    *_, last = bars(cell)
    assert last == '<progress value="6" max="6"></progress> annotating: 6 of 6 clusters'
    assert cell.displays[-1][2]["text/plain"] == "annotating: 6 of 6 clusters"
    ends = ("_summary.csv", "_full.csv", "_conversations.json", "_mqc.json", "_outcomes_mqc.json", "_report.html")
    files = ", ".join(f"run.v2{end}" for end in ends)
    review = (
        "All 6 clusters have a cell type. 4 need review: intestinal crypt stem cell (not validated: few genes), "
        "monocyte (inaccurate annotation) (low confidence), cd8-positive, alpha-beta t cell (mixed) (low confidence), "
        "transit amplifying cell of large intesti... (low confidence)."
    )
    read, said = cell.streams["stdout"].split("\n", 1)
    assert read.startswith("cassia: the DataFrame: Seurat FindAllMarkers table, 6 clusters")
    assert {**cell.streams, "stdout": said} == {
        "stdout": f"cassia: 6 annotated\ncassia: {NOTICE}\ncassia: {review}\ncassia: written: {files}\n",
        "stderr": "",
    }


def test_bar_is_renewed_in_place_and_ends_complete(run: Run) -> None:
    found = bars(passed(run("cassia_engine.annotate(many(1500), **about); None")))
    assert found[0].startswith('<progress value="0" max="1500">')
    done = [int(re.findall(r'value="(\d+)"', bar)[0]) for bar in found]
    assert done == sorted(done)
    assert done[-1] == 1500
    assert 2 < len(done) < 1500


def test_quiet_cell_shows_nothing(run: Run) -> None:
    cell = passed(run("cassia_engine.annotate(many(2), show_progress=False, **about); None"))
    assert (cell.displays, cell.streams) == ([], {"stdout": "", "stderr": ""})


def test_warnings_are_seen_without_logging_being_set_up(run: Run) -> None:
    cell = passed(run('cassia_engine.annotate(many(2), tissue="nowhere", species="human", show_progress=False); None'))
    assert "the tissue 'nowhere' is not in the tissue table" in cell.streams["stderr"]
    assert cell.streams["stderr"].count("nowhere") == 1


def test_error_is_a_line_without_a_traceback(run: Run) -> None:
    without = 'import os; os.environ.pop("OPENROUTER_API_KEY", None)\n'
    cell = run(f'{without}cassia_engine.runCASSIA_batch(many(2), "run")')
    assert cell.error
    assert cell.error["ename"] == "AccountError"
    assert cell.error["traceback"] == [f"cassia: error: {cell.error['evalue']}"]
    assert "OPENROUTER_API_KEY" in cell.error["evalue"] and "offline" in cell.error["evalue"]
    cell = run('cassia_engine.annotate(many(2), tissue=None, species="human", n_gene=3)')
    assert cell.error
    assert len(cell.error["traceback"]) == 2


def test_synchronous_function_works_in_the_running_loop(run: Run) -> None:
    code = """
asyncio.get_running_loop()
cassia_engine.annotate(many(2), show_progress=False, **about)["CL Label"].nunique()
"""
    assert passed(run(code)).result == "1"


def test_twin_does_not_block_the_loop_and_draws_its_bar(run: Run) -> None:
    code = """
task = asyncio.create_task(cassia_engine.annotate_async(many(1500), **about))
ticks = 0
while not task.done():
    ticks += 1
    await asyncio.sleep(0.001)
ticks > 10, len(await task)
"""
    cell = passed(run(code))
    assert cell.result == "(True, 1500)"
    assert 'value="1500" max="1500"' in bars(cell)[-1]


@pytest.mark.parametrize(
    "call",
    [
        'cassia_engine.runCASSIA_batch(many(40_000), "run", tissue="blood", provider="offline")',
        'await cassia_engine.runCASSIA_batch_async(many(40_000), "run", tissue="blood", provider="offline")',
        'cassia_engine.annotate(many(40_000), output_name="run", **about)',
    ],
)
def test_interrupted_cell_leaves_no_file_and_a_usable_kernel(run: Run, tmp_path: Path, call: str) -> None:
    (tmp_path / "run_summary.csv").write_text("of an earlier run\n")
    cell = run(call, interrupt_at=drawn)
    assert error_of(cell) in ("KeyboardInterrupt", "CancelledError")
    assert bars(cell)[-1].endswith(" of 40000 clusters, stopped")
    assert written(tmp_path) == ["run_summary.csv"]
    assert (tmp_path / "run_summary.csv").read_text() == "of an earlier run\n"
    after = passed(run('cassia_engine.annotate(many(3), output_name="run", **about)["Status"].tolist()'))
    assert after.result == "['annotated', 'annotated', 'annotated']"
    assert written(tmp_path) == [f"run{end}" for end in ENDS]


def test_interrupted_cell_loses_no_answer_of_a_model(run: Run, tmp_path: Path) -> None:
    """Answers on their way are waited for and recorded; the same cell goes on from there and asks nothing twice."""
    genes = GENES.split(",")
    lists = [",".join(genes[number:] + genes[:number]) for number in range(6)]
    markers = f'pd.DataFrame({{"cluster": range(6), "markers": {lists}}})'
    # Slow enough for the bar to be drawn; from the fifteenth call on, of three a cluster, some clusters are done.
    with running_mock(latency=0.15) as mock:
        asked = (
            f'provider="{mock.url}/v1", model="mock", max_workers=2, controls=0, validator_involvement="v0", **about'
        )
        call = f'cassia_engine.annotate({markers}, output_name="run", {asked})'
        mock.post("/hold", {"after": 15})

        def held(cell: Cell) -> bool:
            if "stopping" in cell.streams["stderr"]:
                mock.post("/release")
                return True
            if drawn(cell):
                mock.wait_for("held", 2)
            return drawn(cell)

        assert error_of(run(call, interrupt_at=held)) == "KeyboardInterrupt"
        assert mock.stats()["unanswered"] == 0
        after = passed(run(f'{call}["Status"].tolist()'))
        assert after.result == str(["annotated"] * 6)
        assert (mock.stats()["calls"], mock.stats()["repeats"]) == (18, 0)


def test_interrupt_while_the_table_is_read(run: Run, tmp_path: Path) -> None:
    code = """
import csv
with open("big.csv", "w") as out:
    out.write("cluster,gene,avg_log2FC,p_val_adj\\n")
    for number in range(20_000):
        out.writelines(f"{number},G{row},{row},0\\n" for row in range(200))
"""
    passed(run(code))
    interrupted = 'print("reading", flush=True)\ncassia_engine.annotate("big.csv", output_name="run", **about)'
    cell = run(interrupted, interrupt_at=lambda cell: "reading" in cell.streams["stdout"])
    assert error_of(cell) == "KeyboardInterrupt"
    assert written(tmp_path) == ["big.csv"]
    assert passed(run("len(cassia_engine.annotate(many(3), **about))")).result == "3"


def test_interrupt_while_the_database_connects(run: Run, tmp_path: Path) -> None:
    """DuckDB swallows exceptions while it looks for ipywidgets, which it does in notebooks."""
    passed(
        run(
            """
            import signal, sys

            class Interrupt:
                def find_spec(self, name, *_):
                    if name == "ipywidgets":
                        sys.meta_path.remove(self)
                        signal.raise_signal(signal.SIGINT)

            many(3).assign(gene="CD3D", avg_log2FC=1.0, p_val_adj=0.0).to_csv("long.csv", index=False)
            sys.modules.pop("ipywidgets", None)
            sys.meta_path.insert(0, Interrupt())
            """
        )
    )
    call = 'cassia_engine.annotate("long.csv", output_name="run", allow_unknown_genes=True, **about)'
    assert error_of(run(call)) == "KeyboardInterrupt"
    assert written(tmp_path) == ["long.csv"]
    assert passed(run(f'{call}["Status"].tolist()')).result == str(["annotated"] * 3)


TABLES = {
    "large_intestine_seurat.csv.gz": "large intestine",
    "large_intestine_processed.csv": "large intestine",
    "subcluster_seurat.csv.gz": "none",
    "pbmc68k_scanpy.csv": "blood",
}


@pytest.mark.parametrize("table", TABLES)
def test_notebook_r_and_command_line_give_the_same(run: Run, tmp_path: Path, table: str) -> None:
    """The same table, as a data frame where there are such, gives the same bytes in all outputs."""
    rscript, path, tissue = need("Rscript"), EXAMPLES / table, TABLES[table]
    command = Path(sys.executable).parent / "cassia"
    # What runCASSIA_batch does by default, for parity.
    options = ["--tissue", tissue, "--species", "human", "--gene_filter", "none"]
    subprocess.run([command, "run", path, "--name=run", f"--outdir={tmp_path}/cli", *options], check=True)
    passed(
        run(
            f'summary = cassia_engine.runCASSIA_batch(pd.read_csv("{path}"), "notebook/run", tissue="{tissue}",'
            ' provider="offline")\n'
            'file = pd.read_csv("cli/run_summary.csv", dtype=str, keep_default_na=False)\n'
            'assert file["CL Label"].tolist() == summary["CL Label"].tolist()'
        )
    )
    code = f"""source("{ROOT}/R/cassia.R")
    markers <- read.csv("{path}", check.names = FALSE)
    summary <- runCASSIA_batch(markers, "r/run", tissue = "{tissue}", provider = "offline")
    file <- read.csv("cli/run_summary.csv", check.names = FALSE, na.strings = "")
    stopifnot(identical(file[["CL Label"]], summary[["CL Label"]]))
    """
    environment = os.environ | {"CASSIA_COMMAND": str(command)}
    subprocess.run([rscript, "--vanilla", "-e", code], cwd=tmp_path, env=environment, check=True)
    for end in ENDS:
        outputs = {(tmp_path / face / f"run{end}").read_bytes() for face in ("cli", "notebook", "r")}
        assert len(outputs) == 1, end
