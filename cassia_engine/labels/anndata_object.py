"""Labels for the cells of an AnnData object in memory; anndata itself is not needed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cassia_engine.arguments import complete
from cassia_engine.callers import argument
from cassia_engine.errors import UsageError
from cassia_engine.h5ad import is_anndata
from cassia_engine.h5ad.labels import Labelled
from cassia_engine.h5ad.lazy import is_lazy
from cassia_engine.h5ad.object_data import ObjectData
from cassia_engine.labels.cap_sets import ALGORITHM, PLACE
from cassia_engine.labels.columns import for_pandas
from cassia_engine.labels.labelling import labelled
from cassia_engine.labels.other_files import refuse_swapped
from cassia_engine.labels.summary import read_summary
from cassia_engine.labels.wanted import PREFIX, Standard, Wanted
from cassia_engine.progress import messages

if TYPE_CHECKING:
    import pandas as pd


@complete(())
def label(
    adata: Any,
    summary: pd.DataFrame | Path | str,
    *,
    group_key: str | None = None,
    rank_key: str | None = None,
    prefix: str = PREFIX,
    standard: str | None = None,
    label_na: str | None = None,
    copy: bool = False,
) -> Any:
    """Give each cell of an AnnData object the label of its cluster, in obs.

    Columns `cassia_annotation`, `cassia_general_type`, `cassia_cl_id`, `cassia_cl_label`, `cassia_confidence`,
    `cassia_outcome`, `cassia_corrected` and `cassia_review` (why the cluster needs review; missing where it needs none)
    are unordered categories, `cassia_score` and `cassia_probability` are numbers. What the summary does not say is
    missing. Columns of an earlier call are replaced. `uns["cassia"]` says where the labels are from.

    Args:
        adata: an AnnData object, changed in place.
        summary: what `annotate` returns, or a summary's file.
        group_key: the column of obs with the clusters, which are joined by their names as text; None for the one by
            which genes were ranked, or the only one that has all of them.
        rank_key: the key of uns with the ranked genes that were annotated; None for rank_genes_groups.
        prefix: what the names of the columns start with.
        standard: "cap" adds the columns of the Cell Annotation Platform, "cellxgene" cell_type_ontology_term_id;
            "scdownstream" writes its four columns instead.
        label_na: what cells without a cluster are called: a cluster of this name in the summary, else only this in
            `cassia_annotation`; None for no label.
        copy: whether to label a copy, and return it.

    Returns:
        None, or the copy.

    Raises:
        UsageError: something given cannot be used; says what, where and what to do. Nothing is changed.
    """
    with messages(shown=False):
        refuse_swapped(adata, summary)
        _check(adata)
        if copy and getattr(adata, "isbacked", False):
            what = "a backed AnnData is not copied in memory; `cassia labels` writes a labelled copy of its file"
            raise UsageError(f"{argument('copy')}: {what}", code="anndata-backed")
        wanted = Wanted(group_key, prefix, standard, label_na, rank_key)  # type: ignore[arg-type]
        label_set = read_summary(summary)
        data = ObjectData("the AnnData", adata)
        own, sets = _own(adata.uns, wanted), _cap_sets(adata.uns, wanted)
        found = labelled(data, label_set, wanted, data.obs_columns(), own, sets)
        changed = adata.copy() if copy else adata
        _write(changed, found)
        return changed if copy else None


def _check(adata: Any) -> None:
    if isinstance(adata, str | Path):
        what = "expected an AnnData object; for a file there is `cassia labels`"
        raise UsageError(f"{argument('adata')}: {what}", code="anndata-is-path")
    if not is_anndata(adata):
        what = f"expected an AnnData object, found {type(adata).__name__}"
        raise UsageError(f"{argument('adata')}: {what}", code="anndata-not-given")
    if is_lazy(adata):
        what = "a lazy AnnData takes no labels; load it by adata.to_memory(), or label its file by `cassia labels`"
        raise UsageError(f"{argument('adata')}: {what}", code="anndata-lazy")


def _own(uns: Mapping[str, Any], wanted: Wanted) -> list[str]:
    """The columns that an earlier labelling has written.

    Raises:
        UsageError: something else stands in its place.
    """
    said = uns.get(wanted.key, {})
    if not isinstance(said, Mapping):
        what = f"uns has {wanted.key} already, which is no dict, and provenance goes there; rename it"
        raise UsageError(f"{what}, or give another {argument('prefix')}", code="labels-uns-taken")
    return [str(name) for name in said.get("columns", ())]


def _cap_sets(uns: Mapping[str, Any], wanted: Wanted) -> dict[str, str]:
    """The annotation sets that uns describes, and the algorithm of each, "" where it is not said.

    Raises:
        UsageError: something else stands in their place, and one is to be described there.
    """
    place: Any = uns
    for key in PLACE:
        place = place.get(key, {})
        if not isinstance(place, Mapping):
            if wanted.standard != Standard.CAP:
                return {}
            what = f"uns['cap_metadata'] is no dict, or has a {key} that is none; rename it"
            raise UsageError(what, path="the AnnData", code="labels-cap-metadata-no-dict")
    sets = ((str(name), said) for name, said in place.items() if isinstance(said, Mapping))
    return {name: str(said.get(ALGORITHM) or "") for name, said in sets}


def _remove_note(place: Any, path: str) -> None:
    first, _, rest = path.partition("/")
    if rest:
        _remove_note(place[first], rest)
    if not rest or not place[first]:
        del place[first]


def _write(adata: Any, found: Labelled) -> None:
    for name in found.removed:
        del adata.obs[name]
    for column in found.columns:
        adata.obs[column.name] = for_pandas(column)
    for path in found.old_notes:
        _remove_note(adata.uns, path)
    for path, note in found.notes.items():
        place = adata.uns
        *parents, name = path.split("/")
        for parent in parents:
            if not isinstance(place.get(parent), dict):
                place[parent] = {}
            place = place[parent]
        place[name] = note if isinstance(note, str) else list(note)
