"""Marker knowledge: which genes mark which cell type in which tissue.

Two tables of the same knowledge, both tab-separated with a header line:

    data/markers.tsv (bundled)   cl_id cell_type tissue species genes source: one row per cell type
    --knowledge FILE             species tissue cell_type cl_id gene source weight, in any order: one row per gene

Both are read into one `Profile` per cell type, with its genes in the spelling of the data's species.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from cassia_engine import package_data
from cassia_engine.errors import UsageError
from cassia_engine.knowledge import genes
from cassia_engine.knowledge.proteins import target_genes
from cassia_engine.knowledge.tissues import ANY, TissueTable
from cassia_engine.ontology import CL_ID, Ontology

VERSION = "1.1"  # of the shipped table: changes whenever a row does
OWN_COLUMNS = ("species", "tissue", "cell_type", "cl_id", "gene", "source", "weight")
SHIPPED_WEIGHT = 3.0  # a shipped gene counts as much as a row of weight 3 in a person's table


class Row(NamedTuple):
    """A gene that marks a cell type, as a table says it."""

    species: str  # "human" or "mouse": how the gene is spelled, not where it holds
    tissues: tuple[str, ...]
    cell_type: str
    cl_id: str  # "" where the table gives none and no term has this name
    gene: str
    weight: float


@dataclass(slots=True)
class Profile:
    """A cell type with its marker genes.

    Attributes:
        tissues: where it is found; "any" stands for everywhere.
        weights: gene symbol in upper case -> summed weight of its rows, above 0.
    """

    cl_id: str
    label: str
    tissues: set[str] = field(default_factory=set)
    weights: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Knowledge:
    """The profiles of all cell types, for one species.

    Attributes:
        species: "human" or "mouse".
        description: which tables were used, for the outputs; names no folder.
    """

    species: str
    description: str
    profiles: tuple[Profile, ...]
    version: str = VERSION

    @classmethod
    def load(cls, extra: Path | None, species: str) -> Knowledge:
        """The shipped table, with a person's own `extra` added.

        Args:
            extra: a tab-separated table with the columns of OWN_COLUMNS.
            species: any usual name of human or mouse.

        Raises:
            UsageError: a species that is not known, or a table that cannot be read.
        """
        target = genes.species_of(species)
        shipped, own = read_shipped(target), list(read_own(extra)) if extra else []
        description = f"shipped marker table {VERSION}"
        if extra is not None:
            description += f" and {extra.name} ({len(own)} row{'s' if len(own) != 1 else ''})"
        return cls(target, description, _profiles(shipped, own, target))

    @staticmethod
    def species_known() -> tuple[str, ...]:
        return tuple(genes.SPECIES)

    @property
    def tissues(self) -> frozenset[str]:
        """Names of all tissues that have a profile."""
        return frozenset().union(*(p.tissues for p in self.profiles)) - {ANY}

    def symbols(self, gene: str) -> Iterator[str]:
        """Spellings to look a data set's gene up by, likeliest first; then as a symbol of the other species,
        at last as the target of an antibody (CD45RA)."""
        own = genes.spellings(gene)
        yield from own
        other = next(s for s in genes.SPECIES if s != self.species)
        for spelling in own:
            yield from genes.translate(spelling, other, self.species)
        for symbol in target_genes(gene):
            yield from genes.translate(symbol, genes.HUMAN, self.species)


def read_shipped(target: str) -> Iterator[Row]:
    """The rows of the shipped table that are for species `target`, a gene at a time.

    A row for "both" has human symbols; one for "mouse" has mouse symbols, of genes that serve only there.
    """
    for cl_id, cell_type, tissues, species, symbols, _ in package_data.rows("markers.tsv"):
        if species in ("both", target):
            spelled = genes.HUMAN if species == "both" else species
            for gene in symbols.split():
                yield Row(spelled, tuple(tissues.split(", ")), cell_type, cl_id, gene, SHIPPED_WEIGHT)


def read_own(path: Path) -> Iterator[Row]:
    """The rows of a person's table.

    Raises:
        UsageError: it cannot be read, a column is missing, or a field makes no sense; says where.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise UsageError(
            f"the knowledge table cannot be read ({error.strerror})", path=path, code="knowledge-unreadable"
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError(
            "the knowledge table is not UTF-8 text; save it as tab-separated text", path=path, code="knowledge-not-utf8"
        ) from error
    header = lines[0].split("\t") if lines else []
    places = _places([name.strip() for name in header], path)
    found = False
    for number, line in enumerate(lines[1:], start=2):
        if line.strip() and not line.startswith("#"):
            yield _own_row(line.split("\t"), places, len(header), path, number)
            found = True
    if not found:
        raise UsageError("the knowledge table has a header but no rows", path=path, line=1, code="knowledge-empty")


def _places(header: Sequence[str], path: Path) -> tuple[int, ...]:
    for name, separator in (("commas", ","), ("semicolons", ";")):
        if len(header) == 1 and separator in header[0]:
            raise UsageError(
                f"the fields are separated by {name}; save the knowledge table as tab-separated text",
                path=path,
                line=1,
                code="knowledge-not-tabs",
            )
    missing = [name for name in OWN_COLUMNS if name not in header]
    if missing:
        raise UsageError(
            f"column{'s' if len(missing) > 1 else ''} {', '.join(missing)} missing from the knowledge table; "
            f"found {', '.join(h for h in header if h) or 'nothing'}; "
            f"expected, separated by tabs, {', '.join(OWN_COLUMNS)}",
            path=path,
            line=1,
            code="knowledge-column-missing",
        )
    return tuple(header.index(name) for name in OWN_COLUMNS)


def _own_row(fields: list[str], places: tuple[int, ...], width: int, path: Path, number: int) -> Row:
    def error(what: str, code: str) -> UsageError:
        return UsageError(what, path=path, line=number, code=code)

    if len(fields) != width:
        what = f"{len(fields)} fields, but the header has {width}; put a single tab between fields"
        raise error(what, code="knowledge-field-count")
    species, tissue, cell_type, cl_id, gene, _, weight = (fields[place].strip() for place in places)
    if species.casefold() not in genes.SPECIES:
        what = f"column species: {species!r}; expected one of {', '.join(genes.SPECIES)}"
        raise error(what, code="knowledge-species")
    if not cell_type or not gene:
        what = f"column {'gene' if cell_type else 'cell_type'} is empty; every row needs a cell type and a gene"
        raise error(what, code="knowledge-field-empty")
    if cl_id and not CL_ID.fullmatch(cl_id):
        what = f"column cl_id: {cl_id!r} is not like CL:0000084; leave it empty if there is no term"
        raise error(what, code="knowledge-cl-id")
    if not _is_weight(weight):
        what = f"column weight: {weight!r} is not a number from 0.001 to 1000; a shipped gene has 3"
        raise error(what, code="knowledge-weight")
    term = cl_id or Ontology.load().find(cell_type)
    return Row(species.casefold(), (tissue,), cell_type, term, gene, float(weight))


def _is_weight(text: str) -> bool:
    try:
        return 0.001 <= float(text) <= 1000
    except ValueError:
        return False


def _profiles(shipped: Iterable[Row], own: Iterable[Row], target: str) -> tuple[Profile, ...]:
    """One profile a cell type, in order of appearance. A shipped gene counts once, a person's rows add up."""
    table = TissueTable.load()
    found: dict[str, Profile] = {}

    def profile_of(row: Row) -> Profile:
        profile = found.setdefault(row.cl_id or row.cell_type.casefold(), Profile(row.cl_id, row.cell_type))
        profile.tissues.update(map(table.name, row.tissues))
        return profile

    for row in shipped:
        weights = profile_of(row).weights
        weights.update(dict.fromkeys(genes.translate(row.gene, row.species, target), row.weight))
    for row in own:
        weights = profile_of(row).weights
        for symbol in genes.translate(row.gene, row.species, target):
            weights[symbol] = weights.get(symbol, 0.0) + row.weight
    return tuple(found.values())
