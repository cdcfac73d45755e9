"""Tables of other shapes, written anew as a long one: the one reader of long tables reads them too."""

from __future__ import annotations

import csv
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from cassia_engine.callers import argument
from cassia_engine.errors import shown
from cassia_engine.genes.list_gene import absent_gene
from cassia_engine.markers.columns.formats import Format
from cassia_engine.markers.columns.gene_columns import filled, is_number
from cassia_engine.markers.columns.key_column import with_key
from cassia_engine.markers.columns.one_cluster import with_cluster
from cassia_engine.markers.columns.row_names import with_row_names
from cassia_engine.markers.columns.wide_labels import GENE, RAW_P
from cassia_engine.markers.files.source import MISSING, Problems, Source
from cassia_engine.markers.wide.marker_matrix import read_matrix
from cassia_engine.markers.wide.per_gene import find_per_gene, rows_of
from cassia_engine.markers.wide.recognition import Lists, read_lists
from cassia_engine.markers.wide.turning_point import before_turn
from cassia_engine.settings import SplitSettings

log = logging.getLogger(__name__)

# Statistics without which a table keeps its own order, and that of each ranking method otherwise.
_FULL = ("log2fc", "p_val_adj")
_METHODS = {"Score": ("score",), "p_val_adj": ("p_val_adj",), "pct_diff": ("pct_in", "pct_out")}

Row = tuple[int, str, str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Shaped:
    """A table as the readers take it, with its columns in `settings`; with its format, if it was written anew."""

    source: Source
    settings: SplitSettings
    format: Format | None = None


@contextmanager
def shaped(source: Source, settings: SplitSettings) -> Iterator[Shaped]:
    """The table itself if it has one row per gene, or one per cluster with a list of genes; else a long table.

    Raises:
        UsageError: it is wide, and cannot be read; says why and what to do.
    """
    with TemporaryDirectory(prefix="cassia-") as folder:
        named = settings.cluster_column is not None or settings.gene_column is not None
        wide = None if settings.marker_format != "auto" or named else _wide(source, settings, Path(folder) / "long.csv")
        if wide:
            yield wide
            return
        source, settings = with_row_names(*with_key(source, settings))
        yield Shaped(*with_cluster(source, settings, Path(folder) / "whole.csv"))


def _wide(source: Source, settings: SplitSettings, copy: Path) -> Shaped | None:
    """A wide table as a long one; None for any other."""
    problems = Problems(source)
    found: Iterable[Row]
    if table := find_per_gene(source):
        statistics = [name for name in table.statistics if name]
        format_ = _format("per_gene", "wide (statistics of each cluster beside a gene)", statistics, settings)
        found = rows_of(source, table, problems)
        adjusted = table.adjusted
    elif lists := read_matrix(source) or read_lists(source):
        _refuse_unknown_numbers(source, lists)
        _warn_of_numbered(source, lists)
        statistics = list(dict.fromkeys(label.key for label in lists.labels if label.key not in (GENE, "")))
        lists = _without_absent(source, lists)
        format_ = replace(_format("wide", f"wide ({lists.what})", statistics, settings), ranked=True)
        found = _rows(source, before_turn(source, lists, settings.max_p_val_adj), problems)
        adjusted = False
    else:
        return None
    if RAW_P in statistics and "p_val_adj" not in statistics and not adjusted:
        log.warning(
            "%s: its p values are not said to be adjusted; %s is applied to them",
            source.place,
            argument("max_p_val_adj"),
        )
    return Shaped(_written(source, copy, found, statistics, problems), settings, format_)


def _without_absent(source: Source, lists: Lists) -> Lists:
    """The lists without genes that are written as absent or low (low_CD3D, as SCINA has it), with a warning."""
    of_genes = [label.key == GENE for label in lists.labels]
    absent = {cell for cells, are in zip(lists.lists, of_genes, strict=True) if are for cell in set(cells)}
    absent = {cell for cell in absent if absent_gene(cell.strip())}
    if not absent:
        return lists
    found = [cell for cells, are in zip(lists.lists, of_genes, strict=True) if are for cell in cells if cell in absent]
    what = f"{len(found)} genes are said to be absent or low; they are no markers and are left out"
    log.warning("%s: %s; the first is %s", source.place, what, shown(found[0].strip()))
    kept = [
        [("" if cell in absent else cell) for cell in cells] if are else cells
        for cells, are in zip(lists.lists, of_genes, strict=True)
    ]
    return replace(lists, lists=kept)


def _warn_of_numbered(source: Source, lists: Lists) -> None:
    """Say that X0, X1 may be what R made of 0, 1: the ids stay, as they may be the clusters' own."""
    ids = lists.clusters
    if all(id_[:1] == "X" and id_[1:].isdecimal() for id_ in ids):
        what = f"clusters {shown(ids[0])}, {shown(ids[1])}, ... are probably {ids[0][1:]}, {ids[1][1:]}, ..."
        log.warning("%s: %s: R puts an X before numbers (check.names = FALSE keeps them)", source.place, what)


def _refuse_unknown_numbers(source: Source, lists: Lists) -> None:
    """Refuse numbers beside the names that are of no known statistic and go below 0, as of genes that are down.

    Raises:
        UsageError: there are such numbers.
    """
    known = {label.cluster for label in lists.labels if label.key not in (GENE, "")}
    for label, cells in zip(lists.labels, lists.lists, strict=True):
        texts = [text for cell in filled(cells) if (text := cell.strip().replace(",", "."))]
        numbers = bool(texts) and all(map(is_number, texts))
        if label.key == "" and label.cluster not in known and numbers and any(float(text) < 0 for text in texts):
            raise source.error(
                f"numbers beside the genes of cluster {shown(label.cluster)} go below 0, as of genes that are down, "
                "and their column has no known name; call it log2fc, score or p_val_adj, or remove it",
                0,
                code="wide-numbers-below-zero",
            )


def _format(name: str, title: str, statistics: Sequence[str], settings: SplitSettings) -> Format:
    """The format of the long table; what it is ranked by is required, and without that it keeps its order."""
    has = [_adjusted(statistic, statistics) for statistic in statistics]
    wanted = _METHODS.get(settings.ranking_method, _FULL)
    ranked = has if set(wanted) <= set(has) else ()
    columns = {statistic: (statistic,) for statistic in dict.fromkeys(has)}
    required = {name: column for name, column in columns.items() if ranked and name in (*wanted, "p_val_adj")}
    optional = {name: column for name, column in columns.items() if name not in required}
    return Format(name, title, "cluster", "gene", required, optional)


def _adjusted(statistic: str, statistics: Sequence[str]) -> str:
    """P values that are not said to be adjusted stand in where there are no others."""
    return "p_val_adj" if statistic == RAW_P and "p_val_adj" not in statistics else statistic


def _rows(source: Source, lists: Lists, problems: Problems) -> Iterator[Row]:
    """Each cluster's genes with their statistics, in their order."""
    of: dict[str, dict[str, Sequence[str]]] = {}
    for label, cells in zip(lists.labels, lists.lists, strict=True):
        of.setdefault(label.cluster, {})[label.key] = cells
    for cluster, columns in of.items():
        genes = columns.pop(GENE)
        if not filled(genes):
            problems.add(
                "", f"cluster {shown(cluster)} has no genes; give them or remove it", code="wide-cluster-without-genes"
            )
        for rank, gene in enumerate(genes):
            if filled([gene]):
                line = lists.places[rank] if lists.places else 0
                yield line, cluster, gene, {name: cells[rank] for name, cells in columns.items() if name}


def _written(source: Source, path: Path, found: Iterable[Row], statistics: Sequence[str], problems: Problems) -> Source:
    """The rows as a file.

    Raises:
        UsageError: a text stands for a number, or what `problems` has.
    """
    names = [_adjusted(statistic, statistics) for statistic in statistics]
    header = ["cluster", "gene", *dict.fromkeys(names)]
    with open(path, "w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, header, lineterminator="\n", quoting=csv.QUOTE_ALL, extrasaction="ignore")
        writer.writeheader()
        for line, cluster, gene, cells in found:
            values = {_adjusted(name, statistics): _number(cell, line, problems) for name, cell in cells.items()}
            writer.writerow({"cluster": cluster, "gene": gene, **values})
    problems.raise_all()
    return replace(
        source, path=path, gzipped=False, delimiter=",", header=tuple(header), sample=(), lines=False, skip=0
    )


def _number(cell: str, line: int, problems: Problems) -> str:
    text = cell.strip()
    if text in (*MISSING, "nan", "None"):
        return ""
    if not is_number(text):
        problems.add(
            "with text for a number",
            f"{shown(text)} is not a number; correct it or leave it empty",
            line,
            code="wide-number-malformed",
        )
    return text.replace(",", ".")
