"""What a run can be told: each setting is declared once, here; command line, pipeline and Python take theirs from it.

split_settings     how a marker table or an AnnData is read, and how its markers are chosen
annotate_settings  who annotates, and how
run_settings       what a whole run allows
backend_settings   whether a server of the CyteType protocol annotates instead
declaration        how a setting is declared
voters             which models may be named together
of_batch           options that go together with batches
of_command         options that go together with a program in place of a server
durations          durations as a person writes them

CONTRIBUTING.md says how to add one.
"""

from cassia_engine.settings.annotate_settings import (
    DEPTHS,
    INVOLVEMENTS,
    OF_MODELS,
    REASONING,
    STRICT,
    AnnotateSettings,
    check_offline,
)
from cassia_engine.settings.backend_settings import BackendSettings
from cassia_engine.settings.run_settings import RunSettings
from cassia_engine.settings.split_settings import (
    GENE_FILTERS,
    MARKER_FORMATS,
    RANKING_METHODS,
    SplitSettings,
    check_label_na,
)
from cassia_engine.settings.voters import escalates_to_itself, falls_back_on_itself

__all__ = [
    "DEPTHS",
    "GENE_FILTERS",
    "INVOLVEMENTS",
    "MARKER_FORMATS",
    "OF_MODELS",
    "RANKING_METHODS",
    "REASONING",
    "STRICT",
    "AnnotateSettings",
    "BackendSettings",
    "RunSettings",
    "SplitSettings",
    "check_label_na",
    "check_offline",
    "escalates_to_itself",
    "falls_back_on_itself",
]
