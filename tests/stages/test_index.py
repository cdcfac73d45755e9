"""The index of a run: a row a sample, from the status files that collect writes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import unquote

import pytest
from click.testing import CliRunner

from cassia_engine.cli.app import cassia
from cassia_engine.outputs.publish import status
from cassia_engine.records import Merged, RunInfo, Status
from cassia_engine.report import render, render_index
from cassia_engine.stagefiles import read_status, write_status
from cassia_engine.stages.corrections import read_corrections, with_corrections
from tests import factories as make
from tests.reading import Page, outcome_bars
from tests.report.test_report import HOSTILE, structure


def merged(name: str = "pbmc", run: RunInfo = make.MODEL_RUN) -> Merged:
    results = tuple(make.mixed_bag())
    return Merged(make.DATASET, make.SELECTION, results, (run,) * len(results)).renamed(name)


def text_of(html: str) -> str:
    return " ".join(Page(html).text.split())


def test_status_says_what_the_report_says_first(tmp_path: Path) -> None:
    found = status(merged())
    assert (found.total, found.typed, found.look, found.by_person) == (10, 6, 8, 0)
    assert found.parts == {"clear": 2, "warned": 4, "no_markers": 1, "not_reached": 1, "refused": 1, "failed": 1}
    assert (found.calls, found.provider, found.model) == (12, "openrouter", "some/model-1")
    assert found.cost_usd == pytest.approx(0.066)
    write_status(tmp_path / "s.json", found)
    assert read_status(tmp_path / "s.json") == found


def test_status_file_that_lacks_a_field_is_refused(tmp_path: Path) -> None:
    write_status(tmp_path / "s.json", status(merged()))
    data = json.loads((tmp_path / "s.json").read_text())
    del data["parts"]
    (tmp_path / "s.json").write_text(json.dumps(data))
    done = CliRunner().invoke(cassia, ["index", str(tmp_path / "s.json")])
    assert "the file is damaged" in str(done.exception)


@pytest.mark.parametrize("run", [make.MODEL_RUN, make.OFFLINE_RUN], ids=lambda run: run.provider)
@pytest.mark.parametrize("named", [(), ("0",), ("1", "2", "7_0", "9"), tuple(r.cluster.id for r in make.mixed_bag())])
def test_index_says_of_a_sample_what_its_report_says(run: RunInfo, named: tuple[str, ...]) -> None:
    """Persons named clear clusters, doubtful ones, one without markers and one that failed."""
    sample = merged(run=run)
    if named:
        sample = with_corrections(sample, read_corrections([{"cluster": id, "label": "platelet"} for id in named]))
    report = render(sample.dataset, sample.selection, run, sample.results)
    found = render_index([status(sample)])
    assert Page(found).text_of["headline"] == Page(report).text_of["headline"]
    [bar] = outcome_bars(report)
    assert outcome_bars(found) == [bar, bar]
    assert f"<b>{len(named)}</b> named by a person" in bar or not named


def test_index_adds_up_what_persons_named() -> None:
    named = read_corrections([{"cluster": "9", "label": "platelet"}, {"cluster": "2", "label": "B cell"}])
    text = text_of(render_index([status(with_corrections(merged("a"), named)), status(merged("b"))]))
    assert "14 of 20 clusters have a cell type, 2 of them by a person. 14 need review." in text
    parts = "4 clear 2 named by a person 8 in doubt 1 no markers 1 failed 2 refused 2 not reached"
    assert parts in text


def test_index_leads_to_the_report_of_each_sample(tmp_path: Path) -> None:
    names = ("b 2", "a:b", "#100%")
    for number, name in enumerate(names):
        write_status(tmp_path / f"{number}.json", status(merged(name)))
    page = tmp_path / "out" / "index.html"
    given = [str(tmp_path / f"{number}.json") for number in range(3)]
    done = CliRunner().invoke(cassia, ["index", *given, "--output", str(page)], catch_exceptions=False)
    assert (done.exit_code, done.output) == (0, f"{page}\n")
    html = page.read_text(encoding="utf-8")
    links = [(link["href"] or "").partition("#cluster=") for link in Page(html).all("a")]
    reports = dict.fromkeys(link for link, _, _ in links)
    assert [unquote(link) for link in reports] == [f"./{name}/{name}_report.html" for name in sorted(names)]
    assert not any(set("#?:") & set(link + cluster) for link, _, cluster in links)
    text = text_of(html)
    assert "18 of 30 clusters have a cell type. 24 need review." in text
    assert text.count("6 of 10 clusters have a cell type.") == 3
    assert text.count("3 without an annotation") == 3
    assert "Calls36" in Page(html).text
    assert "Cost$0.20" in Page(html).text


@pytest.mark.parametrize(("count", "words"), [(1, "1 sample"), (2, "2 samples"), (1200, "1,200 samples")])
def test_title_counts_the_samples(count: int, words: str) -> None:
    html = render_index([Status(str(n), {}, ()) for n in range(count)])
    assert f"<title>Cell types of {words}</title>" in html


def test_offline_index_says_first_that_no_model_was_asked() -> None:
    offline = status(merged(run=make.OFFLINE_RUN))
    assert "cassia 1 sample No language model was asked." in text_of(render_index([offline]))
    assert "No language model was asked." not in text_of(render_index([offline, status(merged("other"))]))


def test_unknown_cost_of_a_sample_is_not_zero() -> None:
    known, unknown = (
        Status("a", {"annotated": 1}, (), calls=2, cost_usd=0.5),
        Status("b", {}, (), calls=2, cost_usd=None),
    )
    assert "Costat least $0.50 (unknown for 1 sample)" in Page(render_index([known, unknown])).text


def test_same_sample_twice_is_refused(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_status(tmp_path / name, status(merged()))
    done = CliRunner().invoke(cassia, ["index", str(tmp_path / "one"), str(tmp_path / "two")])
    assert str(done.exception) == f"{tmp_path / 'two'}: the same sample as {tmp_path / 'one'}; give each once"


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_make_no_element_and_reach_nothing(text: str) -> None:
    def page(name: str) -> str:
        return render_index([Status(name, {"failed": 1}, ((name, "failed", name),), provider=name, model=name)])

    assert structure(page(text)) == structure(page("plain"))
    found = Page(page(text))
    assert not re.search("[\x00\u202e\u200b]", found.text)
    assert all((link["href"] or "").startswith("./") for link in found.all("a"))
    policy = next(m["content"] or "" for m in found.all("meta") if m.get("http-equiv") == "Content-Security-Policy")
    assert "script-src 'none'" in policy
    assert found.all("script") == []
