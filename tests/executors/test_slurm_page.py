"""docs/hpc.md, its commands followed word by word on the Slurm of the tests."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT, need
from tests.executors.slurm import Slurm
from tests.mock_provider.running import running_mock

pytestmark = pytest.mark.slow

PAGE = (ROOT / "docs" / "hpc.md").read_text(encoding="utf-8")
CANARY = "canary-page-key"
TIMEOUT_S = 500


def commands() -> list[str]:
    """The blocks of bash of the numbered steps."""
    found = re.findall(r"^## \d+\..*?^```bash\n(.*?)^```$", PAGE, re.M | re.S)
    assert len(found) == len(re.findall(r"^## \d+\.", PAGE, re.M)) == PAGE.count("```bash")
    return found


def with_own_values(block: str, values: dict[str, str]) -> str:
    """The block of step 1 with other values; each name must be there, and no other."""
    assert set(re.findall(r"^export (\w+)=", block, re.M)) == set(values)
    return "".join(f"export {name}={value!r}\n" for name, value in values.items())


def test_the_page_is_followed(slurm: Slurm, launch_root: Path, tmp_path: Path) -> None:
    need("nextflow")
    launch = launch_root / "page"
    with running_mock(tmp_path, require_key=CANARY) as mock:
        values = {
            "CASSIA": str(ROOT),
            "LAUNCH": str(launch),
            "PARTITION": "short",
            "PROVIDER": f"--provider custom --base_url {mock.url}/v1 --model mock",
            "KEY_NAME": "CUSTOM_API_KEY",
            "NXF_HOME": str(tmp_path / "nextflow"),
        }
        first, *others = commands()
        script = tmp_path / "page.sh"
        script.write_text("\n".join(["set -euo pipefail", with_own_values(first, values), *others]), encoding="utf-8")
        environ = {name: value for name, value in os.environ.items() if not name.startswith("NXF_")}
        env = {**environ, **slurm.env, "NXF_OFFLINE": "true", "NXF_ANSI_LOG": "false"}
        done = subprocess.run(
            ["bash", script], env=env, input=f"{CANARY}\n", capture_output=True, text=True, timeout=TIMEOUT_S
        )
        said = done.stdout + done.stderr
        assert done.returncode == 0, said
        stats = mock.stats()
    summaries = [path.relative_to(launch) for path in sorted(launch.glob("*/*/*_summary.csv"))]
    samples = ("large_intestine", "pbmc68k")
    assert list(map(str, summaries)) == [
        f"{run}/{sample}/{sample}_summary.csv" for run in ("offline", "results") for sample in samples
    ]
    # The last command found everything done.
    assert stats["repeats"] == 0 and stats["calls"] == stats["completed"] > 0
    assert said.count("a language model's answers") == 2
    files = [path for path in launch.rglob("*") if path.is_file()]
    assert [path for path in files if CANARY.encode() in path.read_bytes()] == [] and CANARY not in said
