"""From options to a server at work: its folders, database and provider."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from cassia_engine.callers import option
from cassia_engine.errors import UsageError
from cassia_engine.records import OFFLINE, Dataset
from cassia_engine.server.database import Database
from cassia_engine.server.network import on_network, with_waits
from cassia_engine.server.options import ExecutorName, ServerOptions
from cassia_engine.server.questions import NAME
from cassia_engine.server.state import DATABASE, LOCK, ServerState
from cassia_engine.settings import AnnotateSettings


def open_state(options: ServerOptions) -> ServerState:
    """The state of a server; its folder is for nobody else, as all data of its users are in it.

    Raises:
        UsageError: the folder cannot be used, or models cannot be asked.
    """
    check_network(options)
    check_annotator(on_network(options.annotate, options.network), options.executor)
    _make(options.data)
    for folder in (options.data / "uploads", options.data / "jobs"):
        _make(folder)
        _close(folder)
    data = options.data.resolve()
    database = Database(data / DATABASE)
    return ServerState(replace(options, data=data), database)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        what = f"cannot be made: {error.strerror}"
        raise UsageError(what, path=Path(error.filename or folder), code="server-data-folder") from None


def _close(folder: Path) -> None:
    """Keep others out of a folder that a copy of the data has, or a restored backup."""
    if folder.stat().st_mode & 0o077:
        folder.chmod(0o700)


@contextmanager
def alone_with(data: Path) -> Iterator[None]:
    """Hold the data folder as long as this process is a server of it.

    Raises:
        UsageError: another one is, or it cannot be made.
    """
    _make(data)
    with open(data / LOCK, "a+b") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            what = f"a server works with this folder (process {lock.read().decode()}); end it, or give another folder"
            raise UsageError(f"{what} ({option('data')})", path=data, code="server-data-in-use") from None
        lock.truncate(0)
        lock.write(str(os.getpid()).encode())
        lock.flush()
        yield


def check_network(options: ServerOptions) -> None:
    """Make sure that models can be reached so, before there is a job.

    Raises:
        UsageError: an address cannot be used, or is refused by the air gap, or a duration is none.
    """
    from cassia_engine.providers.network import proxy_for

    network = options.network
    # Any provider whose settings are checked.
    with_waits(AnnotateSettings("custom"), network)
    proxy = proxy_for("https://models.example", network.proxy, network.trust_env, network.air_gap)
    if options.executor == "nextflow" and network.proxy and "@" in urlsplit(proxy or "").netloc:
        _refuse_password()
    _check_base_urls(options.base_urls, network.allow_http)


def _refuse_password() -> None:
    from cassia_engine.providers.faults import with_proxy_password

    what = f"{option('proxy')} has a name or a password, and Nextflow writes its parameters into files"
    raise UsageError(f"{what}; {with_proxy_password()}", code="server-proxy-password")


def _check_base_urls(urls: Iterable[str], allow_http: bool) -> None:
    from cassia_engine.providers.address import check_base_url

    for url in urls:
        check_base_url(url, allow_http, option("allow_base_url"))


def check_annotator(settings: AnnotateSettings, executor: ExecutorName) -> None:
    """Make sure that the server's own annotator can work, rather than have every job fail.

    Raises:
        UsageError, AccountError: it cannot.
    """
    if settings.provider == OFFLINE and not (settings.knowledge or settings.calibration):
        return
    from cassia_engine.llm.accounts import Accounts
    from cassia_engine.stages.annotate import check_air_gap, open_annotator

    check_air_gap(settings)
    if settings.provider != OFFLINE:
        Accounts.opened(settings, None)
    if executor == "local":  # tasks of the pipeline may have other programs and files
        open_annotator(settings, Dataset(NAME, tissue="none", species="human"))


def asked_line(settings: AnnotateSettings) -> str:
    """Who is asked where a client names no model, for the log."""
    if settings.provider == OFFLINE:
        return "a client that names no model gets marker scoring"
    model = settings.models or settings.model or "its default model"
    provider = urlsplit(settings.provider).hostname or settings.provider  # a URL may hold a password
    return f"a client that names no model gets answers of {provider} ({model})"


def with_found_provider(settings: AnnotateSettings, environ: Mapping[str, str] = os.environ) -> AnnotateSettings:
    """The settings with the provider whose key is set, where none is named; offline where no key is.

    Raises:
        UsageError: there are keys of several.
    """
    from cassia_engine.providers.keys import secrets_of
    from cassia_engine.providers.table import load

    found = [row.provider for row in load() if row.key == "needed" and row.model and secrets_of(row, environ)]
    if len(found) > 1:
        said = f"keys of {', '.join(found)} are set; say who annotates with {option('provider', found[0])}"
        raise UsageError(f"{said}, or with {option('provider', OFFLINE)}", code="server-several-keys")
    return replace(settings, provider=found[0]) if found else settings


def check_installed() -> None:
    """Make sure that what only a server needs is installed.

    Raises:
        UsageError: it is not.
    """
    lacking = [name for name in ("lz4", "prometheus_client") if find_spec(name) is None]
    if lacking:
        what = f"a server needs {' and '.join(lacking)}: pip install 'cassia-engine[server]'"
        raise UsageError(what, code="server-not-installed")
