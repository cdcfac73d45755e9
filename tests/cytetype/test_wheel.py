"""The tests that CyteType's wheel ships, on cassia: what differs is listed with its reason."""

from __future__ import annotations

import os
import re
import subprocess
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.cytetype.client import need_client

pytestmark = pytest.mark.slow

FILES = ("conftest.py", "test_artifacts.py", "test_validation.py", "test_cytetype_integration.py")
# The others are of its command and of its own HTTP: tests/cytetype/test_job.py and its like have those of ours.
_WORDS = "the error is of the client's type, and says it in other words"
_TOKEN = "a token is not kept by the object unless it was given, and has no URL beside it"
_VAR = "adata.var gets no column"
DIFFERENT = {
    "test_long_dotted_ids": "names of probes of arrays are no ids of genes",
    "test_cytetype_initialization": _VAR,
    "test_cytetype_materializes_canonical_column_from_composite_source": _VAR,
    "test_cytetype_materializes_canonical_column_from_composite_var_names": _VAR,
    "test_cytetype_cleanup_deletes_artifact_files": _VAR,
    "test_cytetype_init_failure_rolls_back_temporary_gene_symbols_column": _VAR,
    "test_cytetype_initialization_uses_environment_api_url": "no data leaves by a variable alone; this is said",
    "test_cytetype_initialization_rejects_unsafe_api_url": _WORDS,
    "test_cytetype_run_rejects_unsafe_api_url_before_network": _WORDS,
    "test_cytetype_get_results_rejects_invalid_job_url_before_credentials": _WORDS,
    "test_cytetype_initialization_missing_required_key": _WORDS,
    "test_cytetype_initialization_missing_rank_genes": _WORDS,
    "test_cytetype_run_validation_error_llm_config": "of a ValueError, which is not pydantic's",
    "test_cytetype_get_results_remote": "what is fetched has raw_annotations and the reviewer's fields, as 0.21 has",
    "test_cytetype_get_results_legacy_job_uses_instance_api_url": "what is fetched has raw_annotations, as 0.21 has",
    "test_cytetype_initialization_with_auth_token": _TOKEN,
    "test_cytetype_run_with_auth_token_override": _TOKEN,
    "test_cytetype_run_uses_stored_credentials": _TOKEN,
}


def test_tests_of_the_wheel_pass_or_are_listed(tmp_path: Path) -> None:
    python = need_client("cytetype")
    [wheel] = (ROOT / ".tools" / "cytetype-wheel").glob("cytetype-0.20.1-*.whl")
    with zipfile.ZipFile(wheel) as packed:
        for name in FILES:
            packed.extract(f"tests/{name}", tmp_path)
    plugin = Path(__file__).parent
    found = subprocess.run(
        [python, "-m", "pytest", "-q", "-p", "wheel_plugin", "-p", "no:cacheprovider", "-rfE", "tests"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{plugin}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    failed = re.findall(r"^(?:FAILED|ERROR) \S+::(\w+)", found.stdout, re.MULTILINE)
    assert set(failed) == set(DIFFERENT), found.stdout[-3000:]
    passed = re.search(r"(\d+) passed", found.stdout)
    assert passed and int(passed[1]) == 65
