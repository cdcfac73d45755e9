"""CASSIA's batch annotation as a process of its own: TABLE OUTPUT URL WORKERS; run by the Python that has CASSIA."""

import sys

import CASSIA

table, output, url, workers = sys.argv[1:]
CASSIA.runCASSIA_batch(
    marker=table,
    output_name=output,
    model="mock",
    temperature=0,
    tissue="large intestine",
    species="human",
    max_workers=int(workers),
    provider=url,
)
