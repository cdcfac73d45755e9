"""The report as a server shows it: what is put into the page, under which policy, and how its script is made."""

from __future__ import annotations

import json
import re
from pathlib import Path, PurePosixPath

import pytest

from cassia_engine import report
from cassia_engine.report.assemble import bundle
from cassia_engine.report.page import csp_hash
from cassia_engine.server.page import served as served_module
from cassia_engine.server.page.served import PageContext, served_page
from tests import factories as make
from tests.conftest import ROOT
from tests.reading import Page
from tests.report.test_assemble import DECLARED, IMPORTED, PLACED

SCRIPTS = ROOT / "cassia_engine" / "server" / "page" / "scripts"
HOSTILE = "</script><!--<script>alert(1)</script>\u202e\ud800"
CONTEXT = PageContext(
    "job1", HOSTILE, {"vars_h5": True, "obs_duckdb": False}, {HOSTILE: "0", "__proto__": "1"}, root="../../"
)


@pytest.fixture(scope="module")
def plain() -> str:
    return report.render(make.DATASET, make.SELECTION, make.MODEL_RUN, [make.annotated("0")])


@pytest.fixture(scope="module")
def page(plain: str) -> Page:
    return Page(served_page(plain.encode(), CONTEXT).decode())


def policy_of(page: Page) -> dict[str, list[str]]:
    [meta] = [one for one in page.all("meta") if one.get("http-equiv") == "Content-Security-Policy"]
    parts = [part.split() for part in str(meta["content"]).split(";")]
    return {name: values for name, *values in parts}


def test_script_knows_of_the_job_and_nothing_ends_its_element(page: Page) -> None:
    told = json.loads(page.scripts["cassia-server"])
    assert told == {
        "jobId": "job1",
        "who": "</script><!--<script>alert(1)</script>[U+202E][U+D800]",
        "hasArtifacts": {"vars_h5": True, "obs_duckdb": False},
        "clusters": {HOSTILE: "0", "__proto__": "1"},
        "root": "../../",
    }


def test_policy_lets_through_what_stands_in_the_page_and_requests_to_the_server_alone(page: Page, plain: str) -> None:
    before, after = policy_of(Page(plain)), policy_of(page)
    assert after.pop("connect-src") == ["'self'"]
    assert after.keys() == before.keys()
    assert after["default-src"] == ["'none'"]
    own = served_module.script()
    assert page.scripts[""].startswith(own)
    assert after["script-src"] == [*before["script-src"], csp_hash(own)]
    assert csp_hash(page.scripts[""].removeprefix(own)) in before["script-src"]
    assert len(after["style-src"]) == len(before["style-src"]) + 1


def test_all_else_stays_as_it_was_made(page: Page, plain: str) -> None:
    before = Page(plain)
    assert page.text.split() == before.text.split()
    assert {name: text for name, text in page.scripts.items() if name not in ("", "cassia-server")} == {
        name: text for name, text in before.scripts.items() if name
    }


def test_other_pages_are_shown_as_they_are_and_that_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    other = b"<html><head></head><body><footer></footer></body></html>"
    assert served_page(other, CONTEXT) == other
    assert "the report of job job1 is not in the form" in caplog.text


# --- its script


def modules() -> set[str]:
    return {path.relative_to(SCRIPTS).as_posix() for path in SCRIPTS.rglob("*.js")}


def test_every_module_is_in_the_script_once() -> None:
    order = PLACED.findall(served_module.script())
    own = "server/page/scripts/"
    assert len(order) == len(set(order))
    assert {name.removeprefix(own) for name in order if name.startswith(own)} == modules()
    assert {name.partition("/")[0] for name in order} == {"report", "server"}


def test_what_is_imported_is_exported_and_groups_import_from_what_is_shared() -> None:
    for path in SCRIPTS.rglob("*.js"):
        group = str(PurePosixPath(path.relative_to(SCRIPTS)).parent)
        for names, target in IMPORTED.findall(path.read_text(encoding="utf-8")):
            other = (path.parent / target).resolve()
            found = {name.split(" as ")[0].strip() for name in names.split(",")}
            assert found <= set(DECLARED.findall(other.read_text(encoding="utf-8"))), (path, target)
            if other.is_relative_to(SCRIPTS) and group != ".":
                assert str(other.relative_to(SCRIPTS).parent) in (group, "shared"), (path, target)


def test_nothing_of_modules_is_left_in_the_script_and_nothing_ends_it() -> None:
    text = served_module.script()
    assert not re.search(r"^\s*(import|export)\b", text, re.MULTILINE)
    assert "</script" not in text.lower()
    assert "<!--" not in text


def test_scripts_of_a_page_have_one_store() -> None:
    store = Path("report/scripts/shared/store.js")
    text = bundle(str(store), lambda name: (ROOT / "cassia_engine" / name).read_text(encoding="utf-8"))
    assert "globalThis.cassiaReport ??= {" in text
