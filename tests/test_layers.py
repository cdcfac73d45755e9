"""The layers of docs/design.md: a lower one never imports a higher one, and tasks load only what they need."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import cassia_engine

PACKAGE = Path(cassia_engine.__file__).parent
DESIGN = PACKAGE.parent / "docs" / "design.md"


def layers() -> dict[str, int]:
    """Module (or subpackage) name to the number of its layer, lowest 0, as drawn in the design."""
    drawn = re.search(r"## Layers.*?\n\n?((?:    .*\n)+)", DESIGN.read_text())
    assert drawn
    lines = drawn[1].splitlines()
    return {name.strip("/"): number for number, line in enumerate(lines) for name in line.split()}


def imports(path: Path) -> set[str]:
    """The modules or subpackages of cassia_engine that a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            assert node.level == 0, f"{path}: relative import"
        else:
            continue
        found |= {name.split(".")[1] for name in names if name.startswith("cassia_engine.")}
    return {name for name in found if not name.startswith("__")}


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


SOURCES = [path for path in sorted(PACKAGE.rglob("*.py")) if not room(path).startswith("__")]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_module_imports_no_higher_layer(path: Path) -> None:
    drawn = layers()
    assert room(path) in drawn, f"{room(path)} has no layer in docs/design.md"
    for name in imports(path) - {room(path)}:
        assert drawn[name] <= drawn[room(path)], f"{path} imports {name}, which is in a higher layer"


def module(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")


def imported_modules(path: Path, modules: set[str]) -> set[str]:
    """The modules of cassia_engine that a file imports, anywhere in it; type checking counts."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            whole = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= (whole & modules) or {node.module}
    return (found & modules) - {module(path)}


def test_no_circle_of_imports() -> None:
    paths = {module(path): path for path in PACKAGE.rglob("*.py")}
    graph = {name: imported_modules(path, set(paths)) for name, path in paths.items()}
    assert graph["cassia_engine.stages.run"]
    TopologicalSorter(graph).prepare()  # raises CycleError, with the circle


def modules_after(code: str) -> set[str]:
    listing = f"import sys; {code}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", listing], capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in done.stdout.splitlines()[-1].split()}


def run_command(argv: list[str]) -> str:
    """Code that runs the command in its own process and goes on after it."""
    code = f"""
sys.argv = {argv!r}
from cassia_engine.cli import main
try:
    main()
except SystemExit as end:
    assert not end.code
"""
    return f"exec({code!r})"


HEAVY = {"pandas", "numpy", "duckdb", "h5py", "aiohttp", "jinja2", "tenacity"}


def test_annotate_loads_no_pandas_duckdb_or_h5py(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text('cluster,markers\nB,"CD79A,MS4A1,CD19"\n')
    arguments = [str(tmp_path / "m.csv"), "--outdir", str(tmp_path), "--tissue", "blood", "--species", "human"]
    subprocess.run([sys.executable, "-m", "cassia_engine", "split", *arguments], check=True, capture_output=True)
    argv = ["cassia", "annotate", str(tmp_path / "chunk_00000.json"), "--output", str(tmp_path / "r.jsonl")]
    loaded = modules_after(run_command(argv))
    assert (tmp_path / "r.jsonl").exists()
    assert not loaded & HEAVY


def test_version_loads_nothing_heavy() -> None:
    assert not modules_after(run_command(["cassia", "--version"])) & {*HEAVY, "click", "rich", "asyncio", "json"}


def test_import_configures_no_logging() -> None:
    handlers = "logging.root.handlers + logging.getLogger('cassia_engine').handlers"
    code = f"import logging, cassia_engine.markers; print({handlers})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
