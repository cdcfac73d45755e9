"""The table library is what its script makes of the pinned itables, which only developers have."""

from __future__ import annotations

import tomllib
from importlib.metadata import version

import pytest

from cassia_engine.report import library
from scripts import make_table_library as script
from tests.conftest import ROOT


def test_the_file_is_what_the_script_makes_of_the_pinned_itables() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert f"itables=={version('itables')}" in project["optional-dependencies"]["test"], "install the pinned one"
    assert library.text() == script.text(), "run python -m scripts.make_table_library"
    assert f"itables {version('itables')} (MIT)" in (ROOT / "CITATIONS.md").read_text(encoding="utf-8")


def test_default_export_is_what_the_function_returns() -> None:
    assert (
        script.as_function_body("var a=1,b=2;export{a as x,b as default};\n// end") == "var a=1,b=2;return b;\n// end"
    )


@pytest.mark.parametrize("module", ["var a=1;", "export{a as x};", "export{a as default};export{b as default};"])
def test_a_bundle_of_another_form_is_refused(module: str) -> None:
    with pytest.raises(ValueError, match=r"dt_bundle\.js of itables has no single list of exports"):
        script.as_function_body(module)
