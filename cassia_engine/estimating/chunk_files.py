"""The chunk files of one sample or of several, as cassia split wrote them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from cassia_engine.errors import UsageError, shown
from cassia_engine.llm.genes import GeneReader
from cassia_engine.records import Chunk
from cassia_engine.stagefiles import GenesHead, read_part
from cassia_engine.stages.annotate import gene_reader


@dataclass(frozen=True, slots=True)
class SampleChunk:
    """All clusters of a sample.

    Attributes:
        genes: reads its genes file; None where it has none.
    """

    chunk: Chunk
    genes: GeneReader | None


def read_samples(paths: Sequence[Path]) -> list[SampleChunk]:
    """The samples whose chunk files, and genes files if they have any, these are, in any order; by their names.

    Raises:
        UsageError: a file is something else, or chunks of a sample are missing or given twice.
    """
    chunks: dict[str, list[tuple[Path, Chunk]]] = {}
    genes: dict[str, Path] = {}
    for path in paths:
        part = read_part(path)
        if isinstance(part, Chunk):
            chunks.setdefault(part.dataset.name, []).append((path, part))
        elif isinstance(part, GenesHead):
            genes[part.dataset.name] = path
        else:
            what = "expected chunk files made by cassia split, and their genes files"
            raise UsageError(what, path=path, code="estimate-other-file")
    if not chunks:
        what = "this is a genes file alone; give the chunk files that cassia split wrote beside it"
        raise UsageError(what, path=paths[0], code="estimate-genes-alone")
    return [_sample(found, genes.get(name)) for name, found in sorted(chunks.items())]


def _sample(found: Sequence[tuple[Path, Chunk]], genes: Path | None) -> SampleChunk:
    ordered = sorted(found, key=lambda one: one[1].index)
    path, first = ordered[0]
    whole = [chunk.index for _, chunk in ordered] == list(range(first.count))
    if not whole or any((chunk.dataset, chunk.count) != (first.dataset, first.count) for _, chunk in ordered):
        what = f"of sample {shown(first.dataset.name)} each of {first.count} chunk files must be given once"
        raise UsageError(what, path=path, code="estimate-chunks")
    clusters = tuple(cluster for _, chunk in ordered for cluster in chunk.clusters)
    return SampleChunk(replace(first, count=1, clusters=clusters), gene_reader(genes, first))
