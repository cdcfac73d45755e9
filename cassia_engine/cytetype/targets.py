"""The files that a run writes, checked before anything is spent on it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cassia_engine.callers import argument
from cassia_engine.errors import UsageError
from cassia_engine.files import check_replaceable, check_writable
from cassia_engine.outputs.names import ENDS


def check_targets(targets: Mapping[str, Path], adata: Any) -> None:
    """Make sure that no file to write is another one, or the file that a backed AnnData lies in.

    Args:
        targets: paths by the arguments that name them.

    Raises:
        UsageError: one is.
    """
    backing = getattr(adata, "filename", None)
    seen: dict[Path, str] = {}
    for name, path in targets.items():
        place = _place(path)
        if backing is not None and place == Path(backing).resolve():
            what = f"the AnnData lies in this file; give another {argument(name)}"
            raise UsageError(what, path=path, code="cytetype-output-is-input")
        if place in seen:
            what = f"{argument(seen[place])} and {argument(name)} are one file; give two"
            raise UsageError(what, path=path, code="cytetype-same-output")
        seen[place] = name


def check_outputs_apart(targets: Mapping[str, Path], folder: Path, prefix: str, required: bool) -> None:
    """Make sure that what a run writes can be written, and that no target takes the name of an output or a job file.

    Args:
        targets: as in `check_targets`.
        folder, prefix: where the outputs go, and what their names start with.
        required: whether the targets must be writable; else it is enough that they replace nothing but files.

    Raises:
        UsageError: it cannot, or one does.
    """
    own = re.compile(re.escape(prefix) + rf"(?:{'|'.join(map(re.escape, ENDS))}|_[0-9a-f]{{8}}_job(?:_urls)?\.json)")
    for name, path in targets.items():
        place = _place(path)
        if place.parent == folder.resolve() and own.fullmatch(place.name):
            what = f"another file of this run has this name; give another {argument(name)}"
            raise UsageError(what, path=path, code="cytetype-output-of-run")
        check_replaceable(path)
    outputs = [folder / f"{prefix}{end}" for end in ENDS]
    check_writable(*outputs, *(targets.values() if required else ()))


def _place(path: Path) -> Path:
    """Where a path leads.

    Raises:
        UsageError: nowhere, as a link that leads to itself.
    """
    try:
        return path.resolve()
    except (OSError, RuntimeError):
        raise UsageError("a link leads to itself; give another path", path=path, code="cytetype-path-loop") from None
