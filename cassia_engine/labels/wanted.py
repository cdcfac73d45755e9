"""What a person asks for when labels are brought to cells."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from cassia_engine.callers import option
from cassia_engine.errors import UsageError
from cassia_engine.settings import check_label_na

PREFIX = "cassia_"
_KEY = "cassia"  # of the provenance in uns


class Standard(StrEnum):
    """Whose columns are written: besides cassia's own, those of scdownstream in their place."""

    CAP = "cap"
    CELLXGENE = "cellxgene"
    SCDOWNSTREAM = "scdownstream"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person asks for.

    Attributes:
        group_key: the column of obs with the clusters; None where it is to be found.
        rank_key: the key of uns with the ranked genes, which say by which column they were ranked; None for Scanpy's.
        prefix: of the names of cassia's columns.
        standard: whose columns are written; None for cassia's own alone.
        label_na: what cells without a cluster are called; None for nothing.
    """

    group_key: str | None = None
    prefix: str = PREFIX
    standard: Standard | None = None
    label_na: str | None = None
    rank_key: str | None = None

    def __post_init__(self) -> None:
        for name, value in (("group_key", self.group_key), ("rank_key", self.rank_key), ("prefix", self.prefix)):
            if (not isinstance(value, str) or not value) and not (name != "prefix" and value is None):
                raise UsageError(f"{option(name, value)}: expected text", code="labels-option-not-text")
        check_label_na("label_na", self.label_na)
        if self.standard not in (None, *Standard):
            names = ", ".join(Standard)
            raise UsageError(
                f"{option('standard', self.standard)}: expected one of {names}", code="labels-standard-unknown"
            )

    @property
    def name(self) -> str:
        """The prefix as a name by itself: that of CAP's annotation set."""
        return self.prefix.rstrip("_:") or self.prefix

    @property
    def key(self) -> str:
        """Where in uns the provenance stands: `cassia`, or `cassia_NAME` behind another prefix."""
        return _KEY if self.prefix == PREFIX else f"{_KEY}_{self.name}"
