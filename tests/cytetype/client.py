"""The environments of the CyteType client, which want a Python that not every machine has."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import ROOT, need_env


def need_client(name: str) -> Path:
    """The Python of such an environment; skips where scripts/test-envs found no Python 3.12 to make it with."""
    if (ROOT / ".tools" / "no-python-3.12").exists():
        pytest.skip("the CyteType client wants Python 3.12, and none was found")
    return need_env(name)
