"""The scripts of the report and of a served page by themselves: linted, tested by node, of one mind with the engine."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
from pathlib import Path

import pytest

from cassia_engine.csv_injection import guard, unguard
from tests.conftest import ROOT, need, need_node_env

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
SCRIPTS = ROOT / "cassia_engine" / "report" / "scripts"
SERVED = ROOT / "cassia_engine" / "server" / "page" / "scripts"
TESTS = (HERE, ROOT / "tests" / "server")
CONFIG = HERE / "eslint.config.mjs"
CELLS = [
    "=1+1",
    "'=1",
    "''+x",
    "\u200b=1",
    " ＝1",
    "a;=1;\t@x",
    "a\r=1\n- b",
    "-2",
    "@a",
    "\t=1",
    "\r",
    "\n=2",
    "a,b",
    'q"q',
    " x ",
    "",
    "CD4+ T",
    "'",
    "''",
    "\u202e=1",
    "=\U0001f9ec",
]


def lint(*arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    eslint = need_node_env("report") / "node_modules" / ".bin" / "eslint"
    command = [str(eslint), "--max-warnings=0", f"--config={CONFIG}", *arguments]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False, cwd=ROOT)


def test_scripts_and_their_tests_pass_the_linter() -> None:
    done = lint(*map(str, (SCRIPTS, SERVED, *TESTS)))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "line",
    [
        "document.body.innerHTML = location.hash;",
        "document.body.insertAdjacentHTML('beforeend', location.hash);",
        "export const bad = { style: location.hash };",
        "eval(location.hash);",
        "export const lost = nowhere;",
    ],
)
def test_the_linter_refuses_what_would_read_texts_as_code(line: str) -> None:
    assert lint("--stdin", f"--stdin-filename={SCRIPTS / 'table' / 'new.js'}", text=line + "\n").returncode == 1


def test_node_tests_pass() -> None:
    tests = sorted(str(path) for folder in TESTS for path in folder.glob("*.test.mjs"))
    assert len(tests) >= 6
    done = subprocess.run([need("node"), "--test", *tests], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert re.search(r"^# fail 0$", done.stdout, re.MULTILINE)


def test_cells_are_guarded_as_by_the_engine() -> None:
    code = (
        f"import {{ guarded, toCsv }} from {json.dumps((SCRIPTS / 'shared' / 'csv.js').as_uri())};"
        "const cells = JSON.parse(process.argv[1]);"
        "console.log(JSON.stringify([cells.map(guarded), toCsv([cells])]));"
    )
    command = [need("node"), "--input-type=module", "-e", code, json.dumps(CELLS)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    guarded, text = json.loads(done.stdout)
    assert guarded == [guard(cell) for cell in CELLS]
    [row] = csv.reader(io.StringIO(text, newline=""))
    assert [unguard(cell) for cell in row] == CELLS
