"""Where a sample is annotated: here, or at a server of the CyteType protocol."""

from __future__ import annotations

from dataclasses import dataclass

from cassia_engine.settings.declaration import check, parameter

HERE = "cassia"
CYTETYPE = "cytetype"
BACKENDS = (HERE, CYTETYPE)


@dataclass(frozen=True, slots=True)
class BackendSettings:
    """Which backend annotates; `api_url` and `allow_upload` are those of `cassia submit` too."""

    backend: str = parameter(
        HERE,
        "What annotates: cassia itself, as provider says, or a server of the CyteType protocol.",
        details="With cytetype the expression of all cells and all columns of obs are sent to api_url. The token is "
        "CYTETYPE_AUTH_TOKEN of the environment, or the secret of this name.",
        choices=BACKENDS,
    )
    api_url: str | None = parameter(None, "The CyteType server; https, or http on this machine.")
    allow_upload: bool = parameter(False, "Let the data leave this machine, to the CyteType server.")

    def __post_init__(self) -> None:
        check(self)
