"""Names of genes written in short behind another one: S100A8/A9, CD3D/E."""

from __future__ import annotations

import re
from collections.abc import Iterator

_RUNS = re.compile(r"\d+|[^\W\d_]+")


def continued(base: str, part: str) -> Iterator[str]:
    """What a short form may stand for behind a gene: S100A9 for "A9" behind S100A8, CD3E for "E" behind CD3D.

    The longest common beginning first. What is replaced is written alike: whole numbers by numbers, letters by as many.
    """
    new = _RUNS.findall(part)
    for end in range(len(base) - 1, 1, -1):
        old = _RUNS.findall(base[end:])
        alike = len(old) <= len(new) and all(a[0].isdigit() == b[0].isdigit() for a, b in zip(old, new, strict=False))
        whole = not base[end - 1].isdigit() if old[:1] and old[0].isdigit() else True
        if old and alike and whole and (old[0].isdigit() or len(old[0]) <= len(new[0])):
            yield base[:end] + part
