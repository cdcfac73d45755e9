"""What a job is asked, as the body of its request."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from cassia_engine.cytetype.protocol import MOST_BYTES, Kind
from cassia_engine.errors import UsageError
from cassia_engine.fast_json import ascii_json
from cassia_engine.secret import Secret

_KEYS = ("apiKey", "awsAccessKeyId", "awsSecretAccessKey")
# They change nothing of what a job finds.
_OF_THE_CLIENT = ("clientInfo", "nParallelClusters")
# What tells one AnnData from another, whatever is asked of it.
_OF_THE_DATA = ("clusterLabels", "expressionData")
_CONTENTS: Mapping[Kind, str] = {
    "vars_h5": "expression and raw counts of all cells",
    "obs_duckdb": "all columns of obs",
}


@dataclass(frozen=True)
class Question:
    """What a job is asked. It has no repr of its values, for llm_configs hold keys.

    Attributes:
        input_data: what query.json holds.
        artifacts: files that go with it.
        llm_configs: models that the server is to ask, None for its own.
        visibility: who may see the report: private, org, public, or None for the server's default.
    """

    input_data: Mapping[str, Any]
    artifacts: Mapping[Kind, Path]
    llm_configs: Sequence[Mapping[str, Any]] | None = None
    visibility: str | None = None

    def __repr__(self) -> str:
        return "Question(...)"

    @property
    def secrets(self) -> list[Secret]:
        found = (config.get(name) for config in self.llm_configs or () for name in _KEYS)
        return [Secret(value) for value in found if isinstance(value, str) and value]

    def request(self, uploaded: Mapping[Kind, str]) -> dict[str, Any]:
        configs = None if self.llm_configs is None else [dict(config) for config in self.llm_configs]
        body: dict[str, Any] = {"input_data": dict(self.input_data), "llm_configs": configs}
        if uploaded:
            body["uploaded_files"] = dict(uploaded)
        if self.visibility is not None:
            body["visibility"] = self.visibility
        return body

    @cached_property
    def fingerprint(self) -> str:
        """Which job this is: sha256 of what it asks, without llm_configs, which hold keys.

        Raises:
            UsageError: it is no JSON.
        """
        asked = {name: self.input_data[name] for name in sorted(self.input_data) if name not in _OF_THE_CLIENT}
        return hashlib.sha256(request_body({"input_data": asked, "visibility": self.visibility})).hexdigest()

    @cached_property
    def data_fingerprint(self) -> str:
        """Whose clusters these are: sha256 of their labels and of what their cells express.

        Raises:
            UsageError: it is no JSON.
        """
        return hashlib.sha256(request_body({name: self.input_data.get(name) for name in _OF_THE_DATA})).hexdigest()


def contents_of(artifacts: Collection[Kind]) -> str:
    """What a server gets of an AnnData: the question, and files of these kinds; in words for who decides about it."""
    parts = ["marker genes, percent expressed, shares of metadata and sampled coordinates of clusters"]
    return ", ".join([*parts, *(_CONTENTS[kind] for kind in MOST_BYTES if kind in artifacts)])


def request_body(request: Mapping[str, Any]) -> bytes:
    """A request as JSON.

    Raises:
        UsageError: it cannot be one.
    """
    try:
        return ascii_json(request)
    except (TypeError, ValueError):
        what = "the question to the CyteType server has a value that JSON cannot hold (NaN, an infinity, or an object)"
        raise UsageError(f"{what}; correct the AnnData", code="question-not-json") from None
