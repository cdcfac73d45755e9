"""What people give in the place of a summary: its folder, another output of the run, or the AnnData itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cassia_engine.callers import argument
from cassia_engine.errors import UsageError
from cassia_engine.h5ad import is_anndata
from cassia_engine.h5ad.names import listed

_END = "_summary.csv"
# Other outputs, by the ends of their names, and what the first character of a text says.
_OTHERS = ("_conversations.json", "_outcomes_mqc.json", "_mqc.json", "_report.html", "_labels.parquet")
_KINDS = {b"{": "JSON", b"[": "JSON", b"<": "a web page"}


def refuse_other(path: Path) -> None:
    """Refuse what is no table at all, with where the summary is, as far as that can be seen.

    Raises:
        UsageError: it is a folder, an AnnData, JSON or a web page.
    """
    from cassia_engine.markers.files.input_kinds import holds_anndata

    if holds_anndata(path):
        given = "the AnnData comes first and the summary second"
        raise UsageError(f"this is an AnnData, and no summary of a run; {given}", path=path, code="summary-is-anndata")
    if path.is_dir():
        found = sorted(path.glob(f"*{_END}")) or sorted(path.glob(f"*/*{_END}"))
        what = "this is a folder; give the summary of a sample"
        names = [str(one.relative_to(path)) for one in found]
        raise UsageError(f"{what}{_such_as(names)}", path=path, code="summary-is-folder")
    if path.is_file() and (kind := _kind_of(path)):
        beside = [path.name.removesuffix(end) + _END for end in _OTHERS if path.name.endswith(end)]
        there = _such_as([name for name in beside if path.with_name(name).is_file()][:1])
        what = f"this is {kind}, and no summary of a run; give its NAME{_END}{there}"
        raise UsageError(what, path=path, code="summary-is-other-output")


def _kind_of(path: Path) -> str:
    with open(path, "rb") as file:
        return _KINDS.get(file.read(1000).lstrip(b"\xef\xbb\xbf \t\r\n")[:1], "")


def _such_as(names: list[str]) -> str:
    return f", such as {listed(names)}" if names else ""


def refuse_swapped(adata: Any, summary: Any) -> None:
    """Refuse the two arguments of `label` in the other order.

    Raises:
        UsageError: the second is the AnnData, and the first is none.
    """
    if is_anndata(summary) and not is_anndata(adata):
        names = f"{argument('adata')} and {argument('summary')}"
        raise UsageError(
            f"{names} are exchanged: the AnnData comes first and the summary second", code="labels-arguments-swapped"
        )
