"""What `cassia serve` is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from cassia_engine.server.logs import LogFormat
from cassia_engine.server.network import Network
from cassia_engine.server.specs import Nextflow
from cassia_engine.settings import AnnotateSettings

DEFAULT_DATA = Path("cassia-server")  # of each command that is given no folder
MOST_DAYS, MOST_COUNT = 36_500, 1_000_000  # of options
ExecutorName = Literal["local", "nextflow"]


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """What a server is told.

    Attributes:
        data: folder of all that the server keeps.
        executor: where runs are annotated: on this machine, or by runs of the pipeline.
        jobs: runs at work at once.
        annotate: who annotates where a request names no model; without key files and journal.
        network: how models are reached, also those that requests name.
        tls_cert, tls_key: of TLS; None for plain http.
        behind_proxy: a proxy in front of the server does TLS.
        public_url: the address that people use, "" for that of the socket.
        base_urls: where requests with a token may send a model's calls, besides the providers' own addresses.
        upload_days: how long a file that no job uses is kept.
        job_days: how long a job and its files are kept after its end; None for always.
        request_timeout: seconds for the headers of a request, and between two pieces of its body.
        max_upload_bytes: of one file, None for the protocol's own limits.
        min_free_bytes: of the disk of `data`; uploads and jobs that would leave less are refused.
        nextflow: how runs of the pipeline are started, for the executor nextflow.
        log_format: text, or a JSON object for each line.
    """

    data: Path
    host: str = "127.0.0.1"
    port: int = 8000
    executor: ExecutorName = "local"
    jobs: int = 2
    annotate: AnnotateSettings = field(default_factory=AnnotateSettings)
    network: Network = field(default_factory=Network, repr=False)  # a proxy's URL may hold a password
    tls_cert: Path | None = None
    tls_key: Path | None = None
    behind_proxy: bool = False
    public_url: str = ""
    base_urls: tuple[str, ...] = ()
    upload_days: float = 7.0
    job_days: float | None = None
    request_timeout: float = 30.0
    max_upload_bytes: int | None = None
    min_free_bytes: int = 2**30
    nextflow: Nextflow | None = None
    log_format: LogFormat = "text"
