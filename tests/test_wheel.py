"""The package as it is installed: everything that it reads is in it, and it needs only what it uses."""

from __future__ import annotations

import ast
import subprocess
import zipfile
from email import message_from_bytes

import pytest

from cassia_engine.report import library
from scripts.floors import floors
from tests.conftest import ROOT, need


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel of this checkout, built by the installed hatchling: nothing is fetched."""
    need("hatchling")
    from hatchling.builders.wheel import WheelBuilder

    [path] = WheelBuilder(str(ROOT)).build(directory=str(tmp_path_factory.mktemp("wheel")), versions=["standard"])
    return zipfile.ZipFile(path)


def test_every_file_of_the_package_is_in_the_wheel(wheel: zipfile.ZipFile) -> None:
    listed = subprocess.run(
        [need("git"), "ls-files", "cassia_engine"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    tracked = [name for name in listed.stdout.splitlines() if (ROOT / name).exists()]
    assert len(tracked) > 100 and set(tracked) <= set(wheel.namelist())


def test_the_report_has_its_table_library_without_itables(wheel: zipfile.ZipFile) -> None:
    assert wheel.read("cassia_engine/report/vendor/datatables.js").decode() == library.text()
    [metadata] = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
    required = [str(line) for line in message_from_bytes(wheel.read(metadata)).get_all("Requires-Dist", ())]
    assert not [line for line in required if line.startswith("itables") and "extra ==" not in line]
    code = [name for name in wheel.namelist() if name.endswith(".py") and b"itables" in wheel.read(name)]
    assert code == []


@pytest.mark.parametrize("path", ["containers/requirements.txt", "modules/local/cassia/collect/environment.yml"])
def test_no_task_environment_has_itables(path: str) -> None:
    assert "itables" not in (ROOT / path).read_text(encoding="utf-8")


def test_every_requirement_is_imported_somewhere() -> None:
    nodes = [node for path in (ROOT / "cassia_engine").rglob("*.py") for node in ast.walk(ast.parse(path.read_text()))]
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    assert {name.replace("-", "_") for name in floors()} <= {name.partition(".")[0] for name in names}
