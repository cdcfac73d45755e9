"""The table library in the report: read from its package, with its licence, let through by its hash."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib.metadata import version

import pytest

from cassia_engine import report
from cassia_engine.report import library, page
from tests import factories as make
from tests.conftest import ROOT
from tests.reading import Page


def test_library_is_one_script_with_its_licence() -> None:
    text = library.text()
    assert text.startswith("/*!\nBundle of itables ")
    assert "Permission is hereby granted" in text and "SpryMedia Ltd" in text and "OpenJS Foundation" in text
    assert "DataTables 2." in text and "jQuery JavaScript Library" in text
    assert text.count("var DataTable = ") == 1 and "export{" not in text
    assert "</script" not in text.lower()


def test_page_carries_it_packed_and_lets_it_through_by_its_hash() -> None:
    found = Page(report.render(make.DATASET, make.SELECTION, make.MODEL_RUN, make.mixed_bag()))
    [policy] = [meta["content"] for meta in found.all("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    assert found.packed("library") == library.text()
    assert page.csp_hash(library.text()) in str(policy)
    assert "unsafe" not in str(policy)


def test_its_package_is_pinned_and_never_imported() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert f"itables=={version('itables')}" in project["dependencies"]
    assert f"itables=={version('itables')} " in (ROOT / "containers" / "requirements.txt").read_text(encoding="utf-8")
    code = "import sys; from cassia_engine.report import library; library.text(); print('itables' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_default_export_is_what_the_function_returns() -> None:
    assert (
        library.as_function_body("var a=1,b=2;export{a as x,b as default};\n// end") == "var a=1,b=2;return b;\n// end"
    )


@pytest.mark.parametrize("module", ["var a=1;", "export{a as x};", "export{a as default};export{b as default};"])
def test_a_bundle_of_another_form_is_refused(module: str) -> None:
    with pytest.raises(ValueError, match=r"dt_bundle\.js of itables has no single list of exports"):
        library.as_function_body(module)
