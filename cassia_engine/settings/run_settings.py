"""What a whole run allows."""

from __future__ import annotations

from dataclasses import dataclass

from cassia_engine.settings.declaration import check, parameter


@dataclass(frozen=True, slots=True)
class RunSettings:
    """What a whole run allows."""

    max_failed_clusters: int = parameter(
        0,
        "Clusters of the run that may fail.",
        pipeline_help="Clusters of the run that may end without an annotation before the run fails; results are "
        "written either way.",
        details="Failed means refused, truncated, unparsed, failed or not_reached; never no_markers.",
        minimum=0,
    )

    def __post_init__(self) -> None:
        check(self)
