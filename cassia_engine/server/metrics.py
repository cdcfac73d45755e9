"""Metrics of a server in Prometheus's form. No label has an id, a key or a name of a person."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from aiohttp import web
from prometheus_client import CollectorRegistry, Gauge, Histogram, ProcessCollector, generate_latest

from cassia_engine._version import __version__
from cassia_engine.cytetype.protocol import COMPLETED, FAILED, MOST_BYTES, PENDING, PROCESSING
from cassia_engine.server.job_runs import NEEDS_KEYS

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"  # newer ones have names that older Prometheus refuses
NO_ROUTE = "none"  # of a request that no handler answers
WAITING_FOR_KEYS = "waiting_for_keys"
_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


@dataclass(frozen=True, slots=True)
class Counts:
    """What the database has, in numbers.

    Attributes:
        runs: by state.
        uploads: number and bytes, by kind and whether they are complete.
        cost_usd: of all runs that it has.
    """

    runs: dict[str, int]
    uploads: dict[tuple[str, bool], tuple[int, int]]
    cost_usd: float


def counts(database: sqlite3.Connection) -> Counts:
    """Count runs and uploads; of an upload that is not complete, the bytes that are there."""
    state = "CASE WHEN state = ? AND reason = ? THEN ? ELSE state END"
    runs = database.execute(
        f"SELECT {state} AS what, count(*) FROM runs GROUP BY what", (PENDING, NEEDS_KEYS, WAITING_FOR_KEYS)
    )
    there = "SELECT coalesce(sum(chunks.size), 0) FROM chunks WHERE upload_id = uploads.id"
    uploads = database.execute(
        "SELECT kind, completed IS NOT NULL AS whole, count(*),"
        f" sum(CASE WHEN completed IS NULL THEN ({there}) ELSE size END) FROM uploads GROUP BY kind, whole"
    )
    [cost] = database.execute("SELECT coalesce(sum(cost_usd), 0) FROM runs").fetchone()
    found = {(kind, bool(whole)): (number, size) for kind, whole, number, size in uploads}
    return Counts(dict(map(tuple, runs)), found, cost)


class Metrics:
    """The metrics of one application."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self._requests = Histogram(
            "cassia_http_request_duration_seconds",
            "Requests that were answered, and seconds from their head to the end of the answer.",
            ("method", "route", "status"),
            buckets=_SECONDS,
            registry=registry,
        )
        self._runs = Gauge("cassia_runs", "Runs of jobs, by state.", ("state",), registry=registry)
        self._at_work = Gauge("cassia_runs_at_work", "Processes of runs that this server watches.", registry=registry)
        self._readers = Gauge("cassia_readers", "Processes that read the files of jobs.", registry=registry)
        labels = ("kind", "complete")
        self._uploads = Gauge("cassia_uploads", "Uploads.", labels, registry=registry)
        self._bytes = Gauge("cassia_upload_bytes", "Bytes of uploads that are there.", labels, registry=registry)
        self._cost = Gauge("cassia_cost_usd", "US dollars that the runs have cost.", registry=registry)
        self._free = Gauge("cassia_data_free_bytes", "Free bytes of the data folder's disk.", registry=registry)
        build = Gauge("cassia_build_info", "The version of cassia.", ("version",), registry=registry)
        build.labels(__version__).set(1)
        ProcessCollector(registry=registry)

    def observe(self, request: web.Request, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        route = route_of(request)
        # Where no route says which methods there are, a client could name any.
        method = "" if route == NO_ROUTE else request.method
        self._requests.labels(method, route, status).observe(seconds)

    def text(self, found: Counts, n_at_work: int, n_readers: int, free: int) -> bytes:
        """All metrics as a scrape gets them."""
        for state in (PENDING, WAITING_FOR_KEYS, PROCESSING, COMPLETED, FAILED):
            self._runs.labels(state).set(found.runs.get(state, 0))
        for kind in MOST_BYTES:
            for complete in (False, True):
                number, size = found.uploads.get((kind, complete), (0, 0))
                labels = kind, str(complete).lower()
                self._uploads.labels(*labels).set(number)
                self._bytes.labels(*labels).set(size)
        self._at_work.set(n_at_work)
        self._readers.set(n_readers)
        self._cost.set(found.cost_usd)
        self._free.set(free)
        return generate_latest(self._registry)


METRICS = web.AppKey("metrics", Metrics)


def route_of(request: web.Request) -> str:
    """The path of a request's route as it is declared, such as /status/{job_id}."""
    resource = request.match_info.route.resource
    return NO_ROUTE if resource is None else resource.canonical
