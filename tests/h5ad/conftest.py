"""What tests of AnnData files share."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import h5py
import pytest

from tests.h5ad.test_real_files import FILES

SCANPY = FILES / "scanpy.h5ad"


@pytest.fixture
def changed(tmp_path: Path) -> Callable[[Callable[[h5py.File], None]], Path]:
    """The file of Scanpy, changed."""

    def change(how: Callable[[h5py.File], None]) -> Path:
        path = Path(shutil.copy(SCANPY, tmp_path / "a.h5ad"))
        with h5py.File(path, "r+") as file:
            how(file)
        return path

    return change
