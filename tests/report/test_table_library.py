"""The table library in the report: a script with its licence, let through by its hash."""

from __future__ import annotations

from cassia_engine import report
from cassia_engine.report import library, page
from tests import factories as make
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
