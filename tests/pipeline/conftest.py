"""The launcher of the pipeline's tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import need
from tests.pipeline.launch import Launcher


@pytest.fixture
def pipeline(tmp_path: Path) -> Launcher:
    """A launcher in a launch folder of its own."""
    return Launcher(need("nextflow"), tmp_path)
