"""Files with a set of genes a line and no header: GMT files, and lists that people type (`T cells: CD3D, CD3E`)."""

from __future__ import annotations

import csv
import logging
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cassia_engine.errors import UsageError, quoted, shown
from cassia_engine.genes.recognised import is_recognised, share
from cassia_engine.markers.columns.positions import NAMELESS, are_ranks
from cassia_engine.markers.files.footers import is_note
from cassia_engine.markers.files.headers import CLUSTER_HEADERS, GENE_HEADERS, ID_HEADERS
from cassia_engine.markers.files.preamble import is_comment
from cassia_engine.markers.files.source import MISSING, Source, first_lines, open_source
from cassia_engine.markers.files.text_file import (
    LONGEST_LINE,
    READING_ERRORS,
    TooLongError,
    lines_in,
    open_text,
    too_long,
    unreadable,
)
from cassia_engine.markers.lists.gene_lists import is_list, parse_genes
from cassia_engine.markers.lists.not_tables import is_remark, refuse_notation
from cassia_engine.markers.lists.set_labels import LABELS, is_labelled, part_label, plain_label, start_with_names

log = logging.getLogger(__name__)

HEADER = ("cluster", "genes")
# What parts the name of a set from its genes, in the order in which it is looked for.
_FIELDS = ("\t", ";", ",")
_NOT_A_NAME = frozenset((*CLUSTER_HEADERS, *GENE_HEADERS, *ID_HEADERS, *NAMELESS, "rank"))
# Shares of known genes, of labels that are such, and of lines that have known genes.
_KNOWN, _LIKE_GENES, _NEARLY_ALL = 0.5, 0.5, 0.8
# So many genes a set on average; and in all, where the name of the first set is a single letter.
_LEAST_LENGTH, _LEAST_GENES = 2, 6
_SHOWN = 3
_MOST_NAMES = 4  # fields in front of the genes
_SIGNS = re.compile("[,;\t]")
_MARKS = re.compile(r"[,;|/]")
# What stands where GMT files have a description.
_DESCRIPTION = re.compile(
    r"(?:[-_.]|n/?a|nan|none|null|(?:https?|ftp)://\S+|.*\s.*\s.*|\S{41,})?", re.IGNORECASE | re.DOTALL
)

Split = Callable[[str], tuple[str, str] | None]


@dataclass(frozen=True, slots=True)
class GeneSets:
    """How a file has its sets.

    Attributes:
        sign: the delimiter of fields; "" where `split` parts the name from the genes.
        split: parts a line into name and genes; None for a line of something else.
        first: the position of the first field of genes.
        names: positions of the fields that name a set: an id, and what stands between it and the genes.
        skip: how many lines stand above the first set.
        has_header: the last of them is a header.
    """

    sign: str
    split: Split | None = None
    first: int = 1
    names: tuple[int, ...] = (0,)
    skip: int = 0
    has_header: bool = False

    def rows(self, lines: Iterator[str]) -> Iterator[tuple[int, str, str]]:
        """Each set with its line, its name and its list of genes; a line of something else has no genes."""
        if self.split:
            for number, line in enumerate(lines, 1):
                label, genes = self.split(line.strip()) or (line.strip(), "")
                yield number, plain_label(label), genes
            return
        reader = csv.reader(lines, delimiter=self.sign)
        end = 0
        for row in reader:
            start, end = end + 1, reader.line_num
            name = ": ".join(_filled(row[n] for n in self.names if n < len(row)))
            yield start, name, ";".join(_filled(row[self.first :]))


def open_sets(path: Path, place: str, copy: Path) -> Source:
    """The file as it is, or as a table in `copy` if it has a set of genes a line.

    Raises:
        UsageError: it cannot be read; says why.
    """
    lines, gzipped = first_lines(path)
    refuse_notation(lines, place)
    sets = find_gene_sets(lines, place)
    if not sets:
        return open_source(path, place)
    try:
        write_table(sets, path, gzipped, place, copy)
    except TooLongError as error:
        raise too_long(place, error.line) from error
    except READING_ERRORS as error:
        raise unreadable(path, place, gzipped, error) from error
    except csv.Error as error:
        raise UsageError(f"{error}; correct the quotes", path=place, code="quotes-broken") from error
    return replace(open_source(copy, place), added=1)


def find_gene_sets(lines: Sequence[str], name: str) -> GeneSets | None:
    """How a file has sets of genes, by its first lines and its name; None for a table with a header.

    Args:
        lines: whole lines.
        name: of the file; `.gmt` says that it has a set a line.
    """
    skip = next((n for n, line in enumerate(lines) if line.strip() and not is_comment(lines, n)), 0)
    body = [line for line in lines[skip:] if line.strip()]
    if not body:
        return None
    if _is_gmt(name) and all("\t" in line for line in body):
        return GeneSets("\t", first=_first_gene(_parsed(body, "\t"), named=True), skip=skip)
    ways = [_by_field(body, "\t"), *(_by_label(body, pattern) for pattern in LABELS), _by_split(body, part_label)]
    ways += [_by_field(body, sign) for sign in _FIELDS[1:]]
    found = next((way for way in ways if way), None)
    return replace(found, skip=skip + found.skip) if found else None


def write_table(sets: GeneSets, path: Path, gzipped: bool, place: str, copy: Path) -> None:
    """Write the sets as a table of clusters and lists, each a line below its line in the file; says how it is read."""
    examples: list[str] = []
    number = 0
    with open_text(path, gzipped) as text, open(copy, "w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(HEADER)
        written = 1
        for line, label, genes in sets.rows(lines_in(text)):
            if line <= sets.skip or not (label or genes):
                continue
            if sets.split and not genes and is_note(label):
                log.warning("%s, line %d: %s is no set of genes and is left out", place, line, quoted(label))
                continue
            if sets.split and is_remark(genes):
                raise UsageError(
                    f"no gene in {quoted(genes)}; write genes, or remove the line",
                    path=place,
                    line=line,
                    code="set-without-genes",
                )
            out.write("\n" * (line - written))
            writer.writerow((label, genes))
            written = line + 1 + (label + genes).count("\n")
            number += 1
            examples += [shown(label)] if len(examples) < _SHOWN else []
    _say(sets, place, number, examples)


def _say(sets: GeneSets, place: str, number: int, examples: Sequence[str]) -> None:
    """Say how the file is read: a warning, unless its name says it."""
    more = ", ..." if number > len(examples) else ""
    header = "genes in fields of their own" if sets.has_header else "no header, and a set of genes in each line"
    behind = "id and the name" if len(sets.names) > 1 else "description" if sets.first > 1 else "name"
    log.log(
        logging.INFO if _is_gmt(place) else logging.WARNING,
        "%s: %s: %d cluster%s (%s%s), with the genes behind the %s",
        *(place, header, number, "s" if number != 1 else "", ", ".join(examples), more, behind),
    )


def _is_gmt(name: str) -> bool:
    return ".gmt" in (suffix.lower() for suffix in Path(name).suffixes[-2:])


def _parsed(lines: Sequence[str], sign: str) -> list[list[str]]:
    csv.field_size_limit(LONGEST_LINE)
    try:
        return [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=sign, strict=True)]
    except csv.Error:
        return []


def _filled(cells: Iterable[str]) -> list[str]:
    return [text for cell in cells if (text := cell.strip()) not in MISSING]


def _by_field(body: Sequence[str], sign: str) -> GeneSets | None:
    """Fields between a sign: the name, in GMT files a description, and the genes or a list of them."""
    parsed = _parsed(body, sign)
    if sign == "," and sum(is_labelled(row[0]) for row in parsed if row) * 2 >= len(parsed):
        return None  # the label and the first gene of a list
    skip = int(sign == "\t" and _is_short_header(parsed))
    parsed = parsed[skip:]
    if not parsed or any(len(row) < 2 for row in parsed):
        return None
    names = () if skip else _name_fields(parsed)
    first = names[-1] + 1 if names else _first_gene(parsed)
    fields = [_filled(row[first:]) for row in parsed]
    in_cells = all(len(cells) == 1 and bool(_MARKS.search(cells[0])) for cells in fields)
    are_sets = _are_sets([row[0] for row in parsed], list(map(";".join, fields)), in_cells)
    if not all(re.search(r"\d$", row[0]) for row in parsed):
        names = ()  # what stands behind a name rather than an id is a tissue or the like
    numbers = [n for n in names if n and all(row[n].isdecimal() for row in parsed)]
    named = (0, *(n for n in names[1:] if n not in numbers))
    return GeneSets(sign, None, first, named, skip, bool(skip)) if are_sets else None


def _name_fields(parsed: Sequence[Sequence[str]]) -> tuple[int, ...]:
    """Positions of the fields in front of the genes, where words that are no genes stand between these and the ids."""
    first = 1
    while first < _MOST_NAMES and all(len(row) > first + 1 for row in parsed):
        is_count = all(row[first].isdecimal() for row in parsed)
        if not is_count and not start_with_names([",".join(row[first:]) for row in parsed]):
            break
        first += 1
    has_words = any(not row[n].isdecimal() for row in parsed for n in range(1, first) if n < len(row))
    return tuple(range(first)) if has_words else ()


def _is_short_header(parsed: Sequence[Sequence[str]]) -> bool:
    """Whether a header of two columns, clusters and genes, stands above rows with a field a gene."""
    if len(parsed) < 2 or len(_filled(parsed[0])) != 2 or all(len(row) <= 2 for row in parsed):
        return False
    cluster, genes = (name.lower() for name in _filled(parsed[0]))
    return cluster in CLUSTER_HEADERS and genes in GENE_HEADERS


def _by_label(body: Sequence[str], pattern: re.Pattern[str]) -> GeneSets | None:
    """A name with a colon or the like before a list."""

    def split(line: str) -> tuple[str, str] | None:
        return (found["label"], found["genes"]) if (found := pattern.fullmatch(line)) else None

    found = [pattern.fullmatch(line.strip()) for line in body]
    if share([match.groupdict().get("more") or "" for match in found if match]) >= _LIKE_GENES:
        return None  # "T cells: CD3D: 3.2, CD3E: 2.1"
    return _by_split(body, split)


def _by_split(body: Sequence[str], split: Split) -> GeneSets | None:
    """Lines that a function parts into a name and a list."""
    found = [split(line.strip()) for line in body]
    labels, lists = [one[0] for one in found if one], [one[1] for one in found if one]
    if start_with_names(lists):
        return None  # "0: T cells,CD3D,CD3E": the label goes on to the first comma
    others = [line for one, line in zip(found, body, strict=True) if not one]
    if others and (not found[0] and _SIGNS.search(body[0])):
        return None  # a table with a header, and not a title
    if len(others) > len(labels):
        return None  # a sign in some cell of a table is no set
    if not labels or not all(map(is_note, others)) or not _are_sets(labels, lists, all(map(_MARKS.search, lists))):
        return None
    return GeneSets("", split)


def _first_gene(parsed: Sequence[Sequence[str]], named: bool = False) -> int:
    """The position of the first gene: behind a description, if the second fields are such; `named`: as in GMT files."""
    long = [row for row in parsed if len(row) > 2]
    cells = [row[1] for row in long]
    if not long or len(long) * 2 < len(parsed):
        return 1
    is_text = [bool(_DESCRIPTION.fullmatch(row[1])) or row[1].casefold() == row[0].casefold() for row in long]
    if named:
        return 1 if share(cells) > _KNOWN and not all(is_text) else 2
    return 2 if sum(is_text) >= _NEARLY_ALL * len(long) and not any(map(is_list, cells)) else 1


def _are_sets(labels: Sequence[str], lists: Sequence[str], in_cells: bool) -> bool:
    """Whether these are names of clusters and their genes, in the first line too, where else a header would be.

    Args:
        in_cells: each list is in a cell, so that names of clusters like those of genes (CD4, DC) are no genes.
    """
    plain = [label.strip() for label in labels]
    if not all(plain) or len(set(plain)) < len(plain) or plain[0].lower() in _NOT_A_NAME or are_ranks(plain):
        return False
    if not plain[0].isdecimal() and len(plain) > 1 and all(map(str.isdecimal, plain[1:])):
        return False  # the name of a column of numbers
    if share(plain) >= _LIKE_GENES and not in_cells:
        return False
    sets = [parse_genes(genes).genes for genes in lists]
    number = sum(map(len, sets))
    if number < _LEAST_LENGTH * len(sets) or (len(plain[0]) < 2 and number < _LEAST_GENES):
        return False
    known = [share(genes) >= _KNOWN for genes, text in zip(sets, lists, strict=True) if not is_remark(text)]
    return (
        share(sets[0]) >= _KNOWN
        and len(sets[0]) > 1
        and sum(known) >= _NEARLY_ALL * len(known)
        and not is_recognised(lists[0])
    )
