"""How models are reached that requests name: as whoever runs the server says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cassia_engine.callers import Caller, called_from
from cassia_engine.errors import CassiaError
from cassia_engine.providers.retry_policy import RetryPolicy
from cassia_engine.server.answers import Refused
from cassia_engine.server.network import Network, on_network
from cassia_engine.server.options import ServerOptions
from cassia_engine.server.questions import chat_settings, settings_of_run
from cassia_engine.server.specs import Nextflow, Outcome, Told, read_spec
from cassia_engine.server.worker.launch import prepare
from cassia_engine.server.worker.local import run_here
from cassia_engine.server.worker.results import ended_by
from cassia_engine.settings import AnnotateSettings
from tests.command import cassia
from tests.conftest import ROOT
from tests.mock_provider.answers import PONG
from tests.mock_provider.running import running_mock
from tests.server.forward_proxy import forward_proxy
from tests.server.pipelines import holding, run_folder, stub
from tests.server.processes import serving
from tests.server.running import RunningApp, running_app
from tests.server.test_chat import ask, submitted, update
from tests.server.test_revisions import again, waited

KEY, PASSWORD = "sk-canary-4e2b8d0f6a1c9357", "canary-hunter2-91c"
# A name that no resolver knows: only the proxy leads there.
ELSEWHERE = "http://models.example/v1"
HERE = "http://127.0.0.1:11434/v1"
OPEN = Network(proxy="http://proxy.example:3128", trust_env=True, allow_http=True)


def model(**fields: Any) -> dict[str, Any]:
    return {"provider": "openai", "name": "mock", "apiKey": KEY, "baseUrl": ELSEWHERE} | fields


def read(*configs: dict[str, Any], trusted: bool = True, **options: Any) -> AnnotateSettings:
    return chat_settings(list(configs), 4, ServerOptions(Path("data"), **options), trusted)


def outcome_of(server: RunningApp, job: str) -> Outcome:
    """How the first run of a job ends, done in this process as its own would do it."""
    state, folder = server.state, server.state.jobs / job / "run"
    told = Told(str(folder.parent / "journal"), key=tuple(state.keys.get(job, ())), network=state.options.network)
    spec = read_spec(folder)
    with called_from(Caller.CYTETYPE):
        try:
            return run_here(folder, spec, settings_of_run(spec, told, folder))
        except CassiaError as error:
            return ended_by(error)


@pytest.mark.parametrize("provider", ["openai", "command"])
def test_fractions_are_hidden_from_models_that_requests_name(provider: str) -> None:
    asked = AnnotateSettings(provider, command="cat" if provider == "command" else None)
    assert not on_network(asked, Network()).hide_fractions
    hidden = on_network(asked, Network(hide_fractions=True))
    assert hidden.hide_fractions and on_network(hidden, Network()).hide_fractions
    assert on_network(AnnotateSettings(), Network(hide_fractions=True)) == AnnotateSettings()


@pytest.mark.slow
def test_a_requests_model_is_asked_through_the_servers_proxy(tmp_path: Path) -> None:
    """Also where the server has no model of its own; in the job, for a cluster once more, and in the chat."""
    data = tmp_path / "data"
    with running_mock(tmp_path, require_key=KEY) as mock, forward_proxy(mock.url) as proxy:
        options = ("--proxy", proxy.with_password(PASSWORD), "--allow_http")
        with serving(data, *options) as server:
            job = server.submit(configs=[model()])
            ended = server.wait(job)
            assert ended["jobStatus"] == "completed", ended
            of_job = len(proxy.asked)
            assert again(server, job, cluster_id="0", feedback="Look at IL7R.")[0] == 200
            [revision] = waited(server, job, 1)
            assert revision["state"] == "completed"
            of_revision = len(proxy.asked)
            body = {"job_id": job, "cluster_id": "0", "messages": [{"role": "user", "content": "Why?"}]}
            said = server.call("POST", "/cluster_chat", body)[1]
            assert json.dumps(PONG) in said
            assert 0 < of_job < of_revision < len(proxy.asked) == mock.stats()["calls"]
    assert set(proxy.asked) == {f"{ELSEWHERE}/chat/completions"}
    assert all(said.startswith("Basic ") for said in proxy.credentials)
    assert holding(PASSWORD, data) == holding(KEY, data) == []
    assert PASSWORD not in server.log.read_text()


def test_a_proxy_that_is_gone_is_named_in_jobs_and_in_the_chat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RetryPolicy, "jittered", lambda policy, seconds: 0.0)
    with running_mock(tmp_path) as mock, forward_proxy(mock.url) as proxy:
        network = Network(proxy=proxy.with_password(PASSWORD), allow_http=True)
        with running_app(tmp_path / "data", jobs=0, network=network) as server:
            job = submitted(server, model())
            assert outcome_of(server, job).state == "completed"
            update(server, "UPDATE runs SET state = 'completed', ended = 1 WHERE job_id = ?", job)
            assert ask(server, job, "Why?")[0] == ("message", {"text": PONG})
            proxy.close()
            [(name, data), _] = ask(server, job, "And now?")
            ended = outcome_of(server, submitted(server, model()))
    assert name == "error" and (ended.state, ended.retry) == ("stopped", True)
    for said in (data["message"], ended.reason):
        assert said.startswith("openai: its proxy 127.0.0.1 cannot be reached (Connection refused)")
        assert "\n" not in said and PASSWORD not in said and KEY not in said
    assert holding(PASSWORD, tmp_path / "data") == []


def test_http_goes_to_other_machines_only_where_the_server_allows_it() -> None:
    assert read(model(), network=OPEN).base_url == ELSEWHERE
    with pytest.raises(Refused, match="use https"):
        read(model())


def test_what_the_server_allows_opens_no_url_to_who_has_a_token() -> None:
    with pytest.raises(Refused, match="sends nothing to this baseUrl"):
        read(model(), trusted=False, network=OPEN)
    with pytest.raises(Refused, match="use https"):
        read(model(), trusted=False, base_urls=(ELSEWHERE,))
    assert read(model(), trusted=False, base_urls=(ELSEWHERE,), network=OPEN).base_url == ELSEWHERE


@pytest.mark.parametrize("host", ["169.254.169.254", "metadata.google.internal", "[fd00:ec2::254]", "2852039166"])
def test_no_proxy_leads_to_addresses_of_metadata(host: str) -> None:
    with pytest.raises(Refused, match="metadata"):
        read(model(baseUrl=f"http://{host}/v1"), network=OPEN)


def test_the_air_gap_holds_for_models_of_requests() -> None:
    closed = Network(air_gap=True, allow_http=True)
    with pytest.raises(Refused, match="is not this machine"):
        read(model(), network=closed)
    assert read(model(baseUrl=HERE), network=closed).base_url == HERE


def test_how_a_model_is_reached_is_kept_with_no_job() -> None:
    found = read(model(), network=OPEN)
    assert (found.proxy, found.trust_env, found.allow_http, found.air_gap) == (None, False, False, False)
    reached = on_network(found, OPEN)
    assert (reached.proxy, reached.trust_env, reached.allow_http) == (OPEN.proxy, True, True)
    # What an earlier server was told holds no more.
    assert on_network(reached, Network(air_gap=True)) == on_network(found, Network(air_gap=True))


@pytest.mark.parametrize(
    "settings",
    [
        AnnotateSettings("openai", base_url=HERE),
        AnnotateSettings(HERE),
        AnnotateSettings("ollama"),
        AnnotateSettings("custom", base_url="http://LOCALHOST:8000/v1"),
        AnnotateSettings("custom", base_url="http://[::1]:8000/v1"),
    ],
    ids=lambda settings: settings.base_url or settings.provider,
)
def test_a_model_server_of_this_machine_is_asked_without_the_proxy(
    settings: AnnotateSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proxy would ask its own machine instead."""
    monkeypatch.delenv("OLLAMA_HOST", raising=False)
    found = on_network(settings, OPEN)
    assert (found.proxy, found.trust_env) == (None, False)


def test_marker_scoring_and_programs_need_no_proxy() -> None:
    for settings in (AnnotateSettings(), AnnotateSettings("command", command="cat")):
        assert on_network(settings, OPEN) == settings


def test_a_request_may_say_for_itself_how_long_its_model_is_waited_for() -> None:
    slow = Network(timeout=20.0, max_wait="30m")
    found = read(model(baseUrl=HERE), network=slow)
    assert (found.timeout, found.max_wait) == (20.0, "30m")
    assert read(model(baseUrl=HERE, modelSettings={"timeout": 300}), network=slow).timeout == 300
    own = read(network=slow, annotate=AnnotateSettings("custom", base_url=HERE))
    assert (own.timeout, own.max_wait) == (20.0, "30m")
    assert read(network=slow) == AnnotateSettings()


def test_the_pipeline_is_told_how_models_are_reached(tmp_path: Path) -> None:
    spec = read_spec(folder := run_folder(tmp_path, AnnotateSettings("custom", "mock", ELSEWHERE)))
    told = Told(str(tmp_path / "journal"), "nextflow", network=Network(proxy=OPEN.proxy, allow_http=True))
    launch = prepare(folder, spec, settings_of_run(spec, told, folder), Nextflow("nextflow", str(ROOT)))
    parameters = json.loads((launch.folder / "params.json").read_bytes())
    assert (parameters["proxy"], parameters["allow_http"]) == (OPEN.proxy, True)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--timeout", "0.5"), "--timeout 0.5: expected a number of at least 1"),
        (("--max_wait", "soon"), "--max_wait soon: "),
        (("--proxy", "socks5://me:hunter2@proxy.example:1080"), "proxy socks5://proxy.example:1080: socks5:// is not"),
        (("--proxy", "http://proxy.example:1", "--air_gap"), "--proxy: proxy.example is not this machine"),
        (("--allow_base_url", ELSEWHERE), f"--allow_base_url {ELSEWHERE}: http would show the key and the data"),
        (("--allow_base_url", "gpu-server"), "--allow_base_url gpu-server: not a URL"),
    ],
)
def test_what_cannot_be_used_is_said_when_the_server_starts(
    options: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    done = cassia("serve", "--data", tmp_path / "data", "--port", "0", *options)
    assert done.returncode == 2
    assert done.stderr.startswith(f"cassia: error: {said}") and done.stderr.count("\n") == 1


def test_nextflow_gets_no_password_of_a_proxy(tmp_path: Path) -> None:
    options = stub(tmp_path / "nextflow").options("--proxy", "http://me:hunter2@proxy.example:3128")
    done = cassia("serve", "--data", tmp_path / "data", "--port", "0", *options)
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert "HTTPS_PROXY" in done.stderr and "--trust_env" in done.stderr and "hunter2" not in done.stderr
