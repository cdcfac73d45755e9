"""Why the markers of a table may not be of the species that was given."""

from __future__ import annotations

from cassia_engine.errors import shown
from cassia_engine.records.record import Record


class SpeciesMismatch(Record, frozen=True):
    """Few genes of a table are known of the species, or they are written as in the other one.

    Attributes:
        species: human or mouse, as which the given species was read.
        n_genes: different marker genes of the table.
        n_known: how many of them are known genes of the species, in any spelling.
        other: the other of the two species where the genes fit it better, else "".
        n_other: how many are known genes of `other`, or with `by_spelling` are written like its symbols only.
        by_spelling: whether the genes are known, and only their spelling is of the other species (CD3D, not Cd3d).
        examples: the first of the genes that do not fit.
    """

    species: str
    n_genes: int
    n_known: int
    other: str = ""
    n_other: int = 0
    by_spelling: bool = False
    examples: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """In a sentence without a full stop: what does not fit, and what to check."""
        if self.by_spelling:
            return (
                f"{self.n_other} of {self.n_genes} genes are written like {self.other} symbols "
                f"({self._some(self.n_other)}), but the species is {self.species}; if that is wrong, results are too"
            )
        better = f" ({self.n_other} are known {self.other} genes)" if self.other else ""
        return (
            f"{self.n_known} of {self.n_genes} genes are known {self.species} genes "
            f"(not {self._some(self.n_genes - self.n_known)}); check the species{better} and that genes are given as "
            "symbols"
        )

    def _some(self, n_all: int) -> str:
        return ", ".join(map(shown, self.examples)) + (", ..." if n_all > len(self.examples) else "")
