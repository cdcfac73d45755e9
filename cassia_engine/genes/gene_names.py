"""Gene names as a table has them, and as they are without what tools put around them.

What most names of a table share is learned from all of them, and taken away only where that makes known genes of
unknown names: "GRCh38-MT-CO1" becomes "MT-CO1", and that stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from cassia_engine.errors import shown
from cassia_engine.genes.affixes import without_prefixes, without_suffixes
from cassia_engine.genes.antibody_names import without_abseq, without_channels
from cassia_engine.genes.ids import LONGEST_NAME, unversioned
from cassia_engine.genes.joined_names import without_alternatives, without_ids, without_other_fields
from cassia_engine.genes.signs import without_signs
from cassia_engine.genes.unique_names import ambiguous, without_numbers

# Names may have several layers of decoration: rna_GRCh38-ENSG00000167286|CD3D.
_MOST_LAYERS = 6
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Change:
    """What was taken from some names of a table.

    Attributes:
        what: the part that was taken away, for a message: "the prefix GRCh38-".
        names: each of these names as it was, and without it.
    """

    what: str
    names: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class GeneNames:
    """The symbol of each name of a table.

    Attributes:
        clean: a name as it stands in the table to what it is without decoration, where these differ.
        symbols: the gene map; {} without one.
        changes: what was taken away, in order.
        ambiguous: known genes that may be another gene with a number behind it, as R makes row names unique.
        foreign: names of the genes of another species, by their genome's prefix.
        n_names: how many names the table has.
    """

    clean: Mapping[str, str] = field(default_factory=dict)
    symbols: Mapping[str, str] = field(default_factory=dict)
    changes: tuple[Change, ...] = ()
    ambiguous: tuple[str, ...] = ()
    foreign: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    n_names: int = 0

    def symbol(self, name: str) -> str:
        """The symbol of a name; a name that nothing is known of stays as it is."""
        plain = self.clean.get(name, name)
        return self.symbols.get(unversioned(plain), plain) if self.symbols else plain

    def describe(self) -> Iterable[str]:
        """What was done, a line each."""
        for change in self.changes:
            raw, plain = next(iter(change.names.items()))
            yield (
                f"{len(change.names)} of {self.n_names} gene names are read without {change.what}: "
                f"{shown(raw)} as {shown(plain)}"
            )

    def warnings(self) -> Iterable[str]:
        """What a person should look at, a line each."""
        for prefix, names in self.foreign.items():
            what = f"genes are of another species by their prefix {prefix}, and stay as they are"
            yield f"{len(names)} {what}: {_some(names)}"
        if self.ambiguous:
            what = "known genes may also be another gene with the number that makes row names unique; they stay"
            yield f"{len(self.ambiguous)} {what}: {_some(self.ambiguous)}; write the genes into a column of their own"


def learn(names: Collection[str], species: str | None, repeated: bool, symbols: Mapping[str, str]) -> GeneNames:
    """What the names of a table are without the decoration that they share.

    Args:
        names: each name once.
        species: "human" or "mouse", or None for another one.
        repeated: whether a name stands in several rows; then no numbers were added to make row names unique.
        symbols: the gene map.
    """
    current = {name: name for name in names if len(name) <= LONGEST_NAME}
    changes: list[Change] = []
    foreign: dict[str, tuple[str, ...]] = {}
    steps: tuple[Callable[[Collection[str]], tuple[str, Mapping[str, str]]], ...] = (
        without_abseq,
        without_alternatives,
        without_channels,
        without_ids,
        without_other_fields,
        lambda some: without_prefixes(some, species, foreign),
        without_suffixes,
        without_signs,
    )
    for _ in range(_MOST_LAYERS):
        before = len(changes)
        for step in steps:
            _apply(step, current, changes)
        if len(changes) == before:
            break
    plain = dict.fromkeys(current.values()).keys()
    what, numbered = without_numbers(plain, species, repeated)
    _apply(lambda _: (what, numbered), current, changes)
    clean = {name: symbol for name, symbol in current.items() if symbol != name}
    return GeneNames(clean, symbols, tuple(changes), ambiguous(plain, numbered), foreign, len(names))


def _apply(
    step: Callable[[Collection[str]], tuple[str, Mapping[str, str]]], current: dict[str, str], changes: list[Change]
) -> None:
    what, found = step(dict.fromkeys(current.values()).keys() if changes else current.keys())
    if found:
        touched = {name: plain for name, plain in current.items() if plain in found}
        changes.append(Change(what, {plain: found[plain] for plain in touched.values()}))
        current.update({name: found[plain] for name, plain in touched.items()})


def _some(names: Sequence[str]) -> str:
    return ", ".join(map(shown, names[:_SHOWN])) + (", ..." if len(names) > _SHOWN else "")
