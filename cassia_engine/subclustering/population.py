"""The population whose subclusters are annotated: its type, and how a model is told of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from msgspec.structs import replace

from cassia_engine.callers import argument, option
from cassia_engine.errors import UsageError
from cassia_engine.ontology import Ontology
from cassia_engine.records import Dataset


@dataclass(frozen=True, slots=True)
class Population:
    """A cell type in a person's words, with its term."""

    label: str
    cl_id: str
    cl_label: str

    @classmethod
    def of(cls, label: str) -> Self:
        """Look the type up.

        Raises:
            UsageError: the Cell Ontology has no place for it, so that no answer could be compared with it.
        """
        found = Ontology.load().resolve(label.strip())
        if not found.cl_id:
            what = f"{option('major_cluster', label)}: the Cell Ontology has no place for it ({found.why})"
            remedy = f"give a cell type, such as T cell; what else you know goes into {argument('additional_info')}"
            raise UsageError(f"{what}; {remedy}", code="subcluster-type-unknown")
        return cls(label.strip(), found.cl_id, found.cl_label)

    def told(self, dataset: Dataset) -> Dataset:
        """The data set with what is known of all its clusters."""
        said = (
            f"All clusters are subclusters of one population, which was annotated as: {self.label}. Name for each the "
            "subtype that sets it apart from the others; it is another type only where its genes contradict that one."
        )
        return replace(dataset, additional_info=" ".join(filter(None, (said, dataset.additional_info))))
