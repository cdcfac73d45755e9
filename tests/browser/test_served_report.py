"""The report of a job in a real browser, from a server: any gene, any column, corrections, further answers, a chat."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from cassia_engine import report
from cassia_engine.records import ClusterResult, RunInfo
from cassia_engine.server.page.jobs_page import JobRow, jobs_page
from tests import factories as make
from tests import sampled_cells
from tests.browser.conftest import Open, Visit, watch
from tests.browser.test_accessibility import violations
from tests.browser.test_cells import four
from tests.browser.test_corrections import exported, fill
from tests.server.artifact_files import LABELS, artifacts
from tests.server.job_server import JOB, JobServer, running
from tests.server.running import running_app
from tests.server.test_artifact_calls import submitted
from tests.server.uploading import Client, until

pytestmark = pytest.mark.slow

HOSTILE = "\u202e</script><script>document.title='owned'</script><img src=x onerror='alert(1)'>"
SHOWN = HOSTILE.replace("\u202e", "[U+202E]")
OPEN_ALL = "document.querySelectorAll('details').forEach(part => { part.open = true; })"
CONSOLE = "console Failed to load resource"  # Chromium says so of every answer that is no success

Start = Callable[..., JobServer]
Served = Callable[..., Visit]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a server with a job of these clusters."""
    with ExitStack() as stack:

        def one(results: Sequence[ClusterResult] = (), run: RunInfo = make.MODEL_RUN, **changes: Any) -> JobServer:
            results = results or four()
            html = report.render(make.DATASET, make.SELECTION, run, results)
            cells = sampled_cells.sampled(results, 400, 1_000_000)
            values = {"columns": columns(results, cells.clusters), **changes}
            server = JobServer(
                tmp_path / f"data{len(list(tmp_path.iterdir()))}", html.encode(), results, cells, **values
            )
            return stack.enter_context(running(server))

        yield one


def columns(results: Sequence[ClusterResult], clusters: Sequence[int]) -> dict[str, list[Any]]:
    chance = random.Random(3)
    return {
        "leiden": [results[one].cluster.id if one >= 0 else None for one in clusters],
        "donor": [chance.choice(["D1", "D1", "D2"]) for _ in clusters],
        "batch": [f"batch {chance.randrange(14)}" for _ in clusters],
        "pct_mt": [None if chance.random() < 0.05 else chance.gammavariate(2.0, 2.5) for _ in clusters],
    }


@pytest.fixture
def served(browser: Any) -> Iterator[Served]:
    """Opens the page of a server."""
    contexts = []

    def open_page(url: str, fragment: str = "", width: int = 1280, **options: Any) -> Visit:
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        found = Visit(context.new_page())
        watch(found, url)
        found.page.goto(url + fragment)
        found.page.locator("html.drawn").wait_for()
        if fragment.startswith("#cluster="):
            found.open()
        return found

    yield open_page
    for context in contexts:
        context.close()


def trouble(found: Visit, server: JobServer) -> list[str]:
    """What the page did that it must not do; to ask its own server is what it is for."""
    own = f"request {server.url.removesuffix(f'report/{JOB}')}"
    return [one for one in found.trouble if not one.startswith(own)]


def bring(found: Visit, section: str) -> None:
    found.page.locator(f"#{section}").scroll_into_view_if_needed()


def show_gene(found: Visit, gene: str) -> None:
    found.page.fill("#any-gene", gene)
    found.page.press("#any-gene", "Enter")


def names(found: Visit, place: str) -> list[str]:
    return [" ".join(text.split()) for text in found.page.locator(f"{place} tbody th").all_inner_texts()]


# --- genes


def test_gene_is_completed_and_shown_over_clusters_and_in_cells(start: Start, served: Served) -> None:
    server = start()
    found = served(server.url)
    bring(found, "expression")
    found.page.locator("#expression canvas").wait_for()
    assert found.texts("#expression h2") == ["Expression", "Cells on the UMAP"]
    found.page.focus("#any-gene")
    found.page.keyboard.type("ms4")
    found.page.locator("#gene-options [role=option]").first.wait_for()
    assert found.texts("#gene-options [role=option]") == ["MS4A1"]
    found.page.keyboard.press("ArrowDown")
    found.page.keyboard.press("Enter")
    found.page.locator("#expression .ramp").wait_for()
    found.page.locator("#expression .spread").first.wait_for(state="attached")
    assert found.page.input_value("#any-gene") == "MS4A1"
    assert names(found, "#expression")[0] == "2 B cell"
    lines = found.texts("#expression tbody tr")
    assert lines[0].split()[-4].endswith("%")
    assert found.page.locator("#expression .spread").count() == 4
    found.page.click("#expression button:has-text('Order of the table')")
    assert names(found, "#expression") == ["0 T cell", "1 T cell", "2 B cell", "3 failed"]
    found.page.hover("#expression tbody tr:nth-child(3) a")
    assert found.page.locator("#table tr.lit").count() == 1
    found.page.click("#expression .choices button:has-text('Cell type')")
    found.page.locator("#expression .ramp").wait_for(state="detached")
    assert found.page.input_value("#any-gene") == ""
    show_gene(found, "MS4A1")
    found.page.locator("#expression .ramp").wait_for()
    assert [one for one in server.asked if "expression" in one] == [f"GET /jobs/{JOB}/expression?gene=MS4A1"]
    assert trouble(found, server) == []


def test_open_cluster_offers_its_genes_and_a_line_opens_its_cluster(start: Start, served: Served) -> None:
    found = served(start().url, "#cluster=2")
    bring(found, "expression")
    found.page.click("#expression .near-genes button:has-text('CD79A')")
    found.page.click("#expression tbody a[data-row='2']")
    found.open("B cell")


def test_gene_that_is_not_there_and_a_matrix_that_cannot_be_read_are_said(start: Start, served: Served) -> None:
    server = start()
    found = served(server.url)
    bring(found, "expression")
    show_gene(found, "NOSUCH")
    status = found.page.locator(".gene-search [role=status]")
    status.filter(has_text="NOSUCH is none of the 2,0").wait_for()
    path = f"/jobs/{JOB}/expression"
    server.fails(path, 400, '{"error_code": "INVALID_REQUEST", "message": "vars.h5: cannot be read as HDF5"}')
    show_gene(found, "CD3D")
    found.page.locator("#expression [role=alert]", has_text="Vars.h5: cannot be read as HDF5.").wait_for()
    server.works(path)
    found.page.click("#expression [role=alert] button")
    found.page.locator("#expression .spread").first.wait_for(state="attached")
    assert {one for one in trouble(found, server) if not one.startswith(CONSOLE)} == set()


def test_server_that_is_unwell_is_asked_again_by_a_button(start: Start, served: Served) -> None:
    server = start()
    for part in ("embedding", "columns", "genes"):
        server.fails(f"/jobs/{JOB}/{part}")
    found = served(server.url)
    bring(found, "expression")
    found.page.locator("#expression [role=alert]", has_text="Try again in a moment.").wait_for()
    bring(found, "composition")
    found.page.locator("#composition [role=alert]", has_text="The server could not answer").wait_for()
    server.faults.clear()
    found.page.click("#expression [role=alert] button")
    found.page.locator("#expression canvas").wait_for()
    found.page.click("#composition [role=alert] button")
    found.page.locator("#composition tbody tr").first.wait_for()


def test_job_without_files_says_which_is_missing(start: Start, served: Served) -> None:
    server = start(has_artifacts={"vars_h5": False, "obs_duckdb": False})
    found = served(server.url)
    bring(found, "expression")
    found.page.locator("#expression .notice", has_text="This job came without vars.h5").wait_for()
    bring(found, "composition")
    found.page.locator("#composition .notice", has_text="This job came without obs.duckdb").wait_for()
    assert [one for one in server.asked if one.split("/")[-1] in ("genes", "columns", "embedding")] == []
    assert trouble(found, server) == []


# --- composition


def test_columns_are_bars_or_boxes_with_their_numbers(start: Start, served: Served) -> None:
    server = start()
    found = served(server.url)
    bring(found, "composition")
    found.page.locator("#composition .bars").first.wait_for()
    assert found.texts("#any-column option") == [
        "leiden (the clusters)", "donor (2 values)", "batch (14 values)", "pct_mt (numbers)",
    ]  # fmt: skip
    assert found.page.input_value("#any-column") == "donor (2 values)"
    assert names(found, "#composition") == ["0 T cell", "1 T cell", "2 B cell", "3 failed"]
    assert found.texts("#composition .most")[1].startswith("D1 ")
    found.page.click("#composition .values summary")
    found.page.locator("#composition .values table").wait_for()
    counted = found.texts("#composition .values tbody tr")[0].split()
    members = [value for value, one in zip(server.columns["donor"], server.cells.clusters, strict=True) if one == 0]
    assert {int(counted[-1]), int(counted[-2])} == {members.count("D1"), members.count("D2")}
    found.page.select_option("#any-column", index=2)
    found.page.locator("#composition .other-part").first.wait_for()
    assert found.texts("#composition .parts li")[-1].startswith("7 other values")
    found.page.select_option("#any-column", index=3)
    found.page.locator("#composition .whisker").first.wait_for(state="attached")
    assert "cells have no value" in found.texts("#composition .note")[-1]
    assert trouble(found, server) == []


# --- corrections


def save(found: Visit, says: str = "Saved on the server.") -> None:
    found.page.click("form.correct button[type=submit]")
    found.page.locator("form.correct > [role=status]", has_text=says).wait_for()


def test_correction_is_saved_with_who_and_when_and_is_there_in_another_browser(
    start: Start, served: Served, tmp_path: Path
) -> None:
    server = start()
    found = served(server.url, "#cluster=3")
    fill(found.page, label="platelet", comment="PPBP")
    assert found.page.input_value("#correct-decided_by") == "Ada"
    save(found)
    assert server.said() == [("3", "platelet", "", "PPBP", "Ada")]
    assert found.page.evaluate("localStorage.length") == 0
    server.who = "Bob"
    other = served(server.url, "#cluster=3")
    other.page.locator("#correction-note", has_text="Label by Ada").wait_for()
    assert "platelet your label" in next(row for row in other.texts("#table tbody tr") if "Cluster 3" in row)
    [line] = other.texts("#corrections tbody tr")
    assert line.startswith("3 platelet PPBP Ada on the server since ")
    fill(other.page, label="megakaryocyte", comment="")
    save(other)
    other.page.click(".earlier summary")
    [before] = other.texts(".earlier li")
    assert before.startswith("platelet: PPBP Ada, ")
    assert exported(other.page, tmp_path).read_text() == (
        "cluster,label,cl_id,comment,decided_by\n3,megakaryocyte,,,Bob\n"
    )
    other.page.click("#corrections button:has-text('Remove')")
    other.page.locator("#corrections .prose", has_text="None yet.").wait_for()
    assert server.said()[-1] == ("3", "", "", "", "Bob")
    assert trouble(found, server) + trouble(other, server) == []


def test_save_that_fails_is_said_and_nothing_is_lost(start: Start, served: Served) -> None:
    server = start()
    found = served(server.url, "#cluster=0")
    found.page.locator("#correct-decided_by[readonly]").wait_for(state="attached")
    path = f"/jobs/{JOB}/corrections"
    server.fails(path)
    fill(found.page, label="B cell", comment="")
    save(found, "Not saved on the server: The server could not answer")
    assert found.texts("#corrections .trouble")[0].startswith("not on the server: The server could not answer")
    server.works(path)
    found.page.reload()
    found.page.locator("html.drawn").wait_for()
    found.page.locator("#corrections", has_text="It was said while the server was not reached.").wait_for()
    assert server.said() == []
    found.page.click("#corrections button:has-text('Send again')")
    found.page.locator("#corrections td", has_text="on the server since").wait_for()
    assert server.said() == [("0", "B cell", "", "", "Ada")]
    server.fails(path, 400, '{"error_code": "INVALID_REQUEST", "message": "no"}')
    fill(found.page, label="T cell", comment="")
    save(found, "Not saved on the server: No. It is kept in this browser; save again to send it.")


def test_corrections_that_cannot_be_read_are_said_and_read_again(start: Start, served: Served) -> None:
    server = start()
    server.fails(f"/jobs/{JOB}/corrections")
    found = served(server.url)
    found.page.locator("[role=alert]", has_text="The corrections on the server cannot be shown.").wait_for()
    server.faults.clear()
    found.page.click("[role=alert] button")
    found.page.locator("[role=alert]").filter(visible=True).wait_for(state="detached")


# --- asking again


def test_cluster_is_annotated_again_and_its_answer_stands_beside_the_first(start: Start, served: Served) -> None:
    server = start()
    report_url = f"/report/{JOB}?revision=1"
    server.later = [{"state": "completed", "label": "NK cell", "report_url": report_url}]
    found = served(server.url, "#cluster=0")
    found.page.click(".annotate-again > summary")
    found.page.click(".again button")
    found.page.locator(".again [role=status]", has_text="Say what the model is to reconsider.").wait_for()
    server.fails("/reannotate", 402, '{"error_code": "QUOTA_EXCEEDED", "message": "the token has spent its money"}')
    found.page.fill("#again-feedback", "NK? & more")
    found.page.click(".again button")
    found.page.locator(".again [role=status]", has_text="The token has spent its money.").wait_for()
    assert found.page.input_value("#again-feedback") == "NK? & more"
    server.works("/reannotate")
    found.page.click(".again button")
    found.page.locator(".revisions", has_text="waits for its turn").wait_for()
    assert f"POST /reannotate?job_id={JOB}&cluster_id=n0&feedback=NK%3F+%26+more" in server.asked
    found.page.locator(".revisions b", has_text="NK cell").wait_for()
    assert found.page.locator(".revisions a").get_attribute("href").endswith(report_url)
    found.page.click("#cluster-view button:has-text('Next')")
    found.page.locator(".cluster-head", has_text="Cluster 1").wait_for()
    assert found.page.locator(".revisions li").count() == 0


def test_chat_streams_its_answer_and_says_what_goes_wrong(start: Start, served: Served) -> None:
    server = start()
    server.says = [("message", {"text": "CD3D "}), ("message", {"text": f"marks T cells. {HOSTILE}"}), ("done", {})]
    found = served(server.url, "#cluster=0")
    found.page.click(".ask-model > summary")
    found.page.fill("#chat-text", "Why?")
    found.page.click(".chat button[type=submit]")
    found.page.locator(".chat-log .message", has_text=f"CD3D marks T cells. {SHOWN}").wait_for()
    server.says = [("message", {"text": "Bec"}), ("error", {"message": "the provider answered 503"})]
    found.page.fill("#chat-text", "And?")
    found.page.click(".chat button[type=submit]")
    found.page.locator(".chat [role=status].trouble", has_text="the provider answered 503").wait_for()
    assert found.texts(".chat-log .who") == ["You", "Model", "You", "Model"]
    server.fails("/cluster_chat")
    found.page.fill("#chat-text", "Once more?")
    found.page.click(".chat button[type=submit]")
    found.page.locator(".chat [role=status].trouble", has_text="Try again in a moment.").wait_for()
    server.works("/cluster_chat")
    server.says = [("message", {"text": "Yes."}), ("done", {})]
    found.page.click(".chat button:has-text('Ask again')")
    found.page.locator(".chat-log .message", has_text="Yes.").wait_for()
    body, origin = server.posted[-1]
    assert (body["job_id"], body["cluster_id"]) == (JOB, "n0")
    assert [one["role"] for one in body["messages"]] == ["user", "assistant", "user", "assistant", "user"]
    assert origin == server.url.removesuffix(f"/report/{JOB}")
    assert {one for one in trouble(found, server) if not one.startswith(CONSOLE)} == set()


def test_offline_job_has_nobody_to_ask(start: Start, served: Served) -> None:
    found = served(start(run=make.OFFLINE_RUN).url, "#cluster=0")
    assert found.texts(".model-needed")[0].startswith("This job was annotated by marker scoring")
    assert found.page.locator(".annotate-again, .ask-model").count() == 0


# --- all of it


def test_page_of_a_job_that_a_server_was_sent(served: Served, tmp_path: Path) -> None:
    files = artifacts(tmp_path)
    with running_app(tmp_path / "data") as server:
        client = Client(server.url)  # without a token, as the browser
        job = submitted(client, files.vars_h5, files.obs_duckdb)
        until(lambda: client.send("GET", f"/status/{job}").data["jobStatus"] == "completed")
        found = served(f"{server.url}/report/{job}")
        bring(found, "expression")
        show_gene(found, "CD3D")
        found.page.locator("#expression .ramp").wait_for()
        found.page.click("#expression button:has-text('Order of the table')")
        assert names(found, "#expression")[0].startswith("T cells")
        bring(found, "composition")
        found.page.locator("#composition .bars").first.wait_for()
        assert found.page.locator("#composition tbody a").count() == 3  # the clusters are those of the report
        found.page.evaluate("location.hash = document.querySelectorAll('#types a')[1].hash")
        found.open()
        fill(found.page, label="B cell", comment="")
        save(found)
        said = client.send("GET", f"/jobs/{job}/corrections").data
        assert [(one["cluster"], one["label"], one["who"]) for one in said] == [(LABELS["1"], "B cell", "local")]
        found.page.goto(server.url)
        found.page.click(f"a[href='report/{job}']")
        found.page.locator("#corrections td", has_text="on the server since").wait_for()
        own = f"request {server.url}/"
        assert [one for one in found.trouble if not one.startswith(own)] == []


def test_hostile_texts_stay_texts(start: Start, served: Served) -> None:
    results = [*four()[:2], make.annotated(HOSTILE, 2, cluster=make.cluster(HOSTILE, ("MS4A1", HOSTILE), 2))]
    server = start(results, who=HOSTILE, columns={HOSTILE: [HOSTILE, "b"] * 200, "n": [1.0] * 400})
    server.revisions = [
        {"revision": 1, "cluster": "n2", "feedback": HOSTILE, "state": "completed", "label": HOSTILE,
         "report_url": "javascript:alert(1)"},
    ]  # fmt: skip
    found = served(server.url)
    found.page.evaluate("location.hash = document.querySelectorAll('#types a')[2].hash")
    found.open()
    fill(found.page, label=HOSTILE, comment=HOSTILE)
    save(found)
    save(found, "Saved on the server.")
    fill(found.page, label="another")
    save(found)
    found.page.click(".earlier summary")
    assert found.texts(".earlier li")[0].startswith(f"{SHOWN}: {SHOWN} {SHOWN}, ")
    assert server.said()[0] == (HOSTILE, HOSTILE, "", HOSTILE, HOSTILE)
    assert found.page.locator(".revisions a").get_attribute("href") == "#"
    assert found.texts(".revisions b") == [SHOWN]
    bring(found, "expression")
    show_gene(found, HOSTILE)
    found.page.locator("#expression tbody tr").first.wait_for()
    assert SHOWN in found.texts("#expression h3")[0]
    bring(found, "composition")
    found.page.locator("#composition .parts li", has_text=SHOWN).wait_for()
    found.page.click("#composition .values summary")
    found.page.select_option("#any-column", index=1)
    found.page.locator("#composition .median").first.wait_for(state="attached")
    assert found.page.title() != "owned"
    assert trouble(found, server) == []


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_axe_finds_nothing_serious(start: Start, served: Served, scheme: str, width: int) -> None:
    server = start()
    server.says = [("message", {"text": "Because."}), ("done", {})]
    server.revisions = [
        {"revision": 1, "cluster": "n0", "feedback": "x", "state": "failed", "label": "", "report_url": ""}
    ]
    found = served(server.url, "#cluster=0", width=width, color_scheme=scheme)
    fill(found.page, label="B cell", comment="")
    save(found)
    found.page.evaluate(OPEN_ALL)
    found.page.fill("#chat-text", "Why?")
    found.page.click(".chat button[type=submit]")
    found.page.locator(".chat-log .message", has_text="Because.").wait_for()
    bring(found, "expression")
    show_gene(found, "CD3D")
    found.page.locator("#expression .ramp").wait_for()
    bring(found, "composition")
    found.page.locator("#composition .bars").first.wait_for()
    found.page.evaluate(OPEN_ALL)
    found.page.locator("#composition .values table").wait_for()
    found.page.fill("#any-gene", "OTHER1")
    found.page.locator("#gene-options [role=option]").first.wait_for()
    assert violations(found, "header", "#cluster-view", "#expression", "#composition", "#corrections") == []
    assert found.sideways() <= 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_the_list_of_jobs(visit: Open, scheme: str) -> None:
    rows = [
        JobRow(
            "a" * 32, 1_796_064_000.0, "completed", 8, link="report/a", study="Human blood", started=1_796_064_009.0
        ),
        JobRow("c" * 32, 1_796_064_000.0, "pending", 8, study="a_name_without_a_place_to_break_" * 9),
        JobRow("b" * 32, 1_796_064_000.0, "failed", 8, reason="the provider answered 401"),
    ]
    found = visit(jobs_page(rows, "Ada"), width=390, ready=False, color_scheme=scheme)
    assert violations(found) == []
    assert found.sideways() <= 0
    assert found.trouble == []
