"""What a run can be told: each setting is declared once, in `parameters`; `declaration` is how."""

from cassia_engine.settings.parameters import (
    GENE_FILTERS,
    INVOLVEMENTS,
    MARKER_FORMATS,
    OF_MODELS,
    RANKING_METHODS,
    REASONING,
    AnnotateSettings,
    RunSettings,
    SplitSettings,
    check_offline,
)

__all__ = [
    "GENE_FILTERS",
    "INVOLVEMENTS",
    "MARKER_FORMATS",
    "OF_MODELS",
    "RANKING_METHODS",
    "REASONING",
    "AnnotateSettings",
    "RunSettings",
    "SplitSettings",
    "check_offline",
]
