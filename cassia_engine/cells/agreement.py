"""Whether the witnesses of a cluster agree with its label."""

from __future__ import annotations

from typing import NamedTuple

from cassia_engine.ontology import Ontology, Relation, compare
from cassia_engine.records import ClusterResult
from cassia_engine.records.cells import Witness

# A witness has an opinion of a cluster where this fraction of its labelled cells has labels of one lineage, and this
# fraction of its cells any label.
PURE = 0.7
LABELLED = 0.5


class ComparedWitness(NamedTuple):
    """What a witness says of a cluster, compared with the cluster's label.

    Attributes:
        relation: what the witness's type is, compared with ours.
        is_pure: most cells of the cluster have a label, and nearly all of these one of the same lineage.
    """

    witness: Witness
    relation: Relation
    is_pure: bool

    @property
    def contradicts(self) -> bool:
        """Whether it speaks for another lineage, and is pure."""
        return self.is_pure and self.relation is Relation.DIFFERENT

    @property
    def text(self) -> str:
        """As the summary has it: "majority_voting: CD4 T cell 0.93 (broader)"."""
        if self.witness.label is None:
            return f"{self.witness.column}: no labels"
        return f"{self.witness.column}: {self.witness.label} {self.witness.purity:.2f} ({self.relation})"


def compared_witnesses(result: ClusterResult) -> tuple[ComparedWitness, ...]:
    """What each witness of a cluster says, compared with the label that stands; () where there are no witnesses."""
    cells = result.cluster.cells
    if not cells or not cells.witnesses:
        return ()
    ontology, ours = Ontology.load(), _cl_id(result)
    return tuple(
        ComparedWitness(one, compare(ontology, ours, one.cl_id), is_pure(one, cells.n_cells)) for one in cells.witnesses
    )


def is_pure(witness: Witness, n_cells: int) -> bool:
    """Whether LABELLED of a cluster's cells have a label, and PURE of these one of the same lineage."""
    return witness.label is not None and witness.lineage_purity >= PURE and witness.n_cells >= LABELLED * n_cells


def _cl_id(result: ClusterResult) -> str:
    """The term of the label that stands, a person's where one gave it; "" where there is none."""
    if result.named_by_person:
        return result.named_by_person.cl_id
    return result.standing.cl_id if result.standing else ""
