"""`cassia ontology`: where a label stands in the Cell Ontology, and how that was found."""

from __future__ import annotations

import sys

import click

from cassia_engine.ontology import Ontology, Resolution

COLUMNS = ("label", "cl_id", "cl_label", "how", "set_aside", "why", "lineage", "nearest")


@click.command()
@click.argument("labels", nargs=-1)
def ontology(labels: tuple[str, ...]) -> None:
    """Show which Cell Ontology term a cell type's label means, and how that was found.

    LABELS are read from standard input, one a line, if none is given. On a terminal each is explained; elsewhere the
    output is a table, tab-separated. A label without a place is a miss, with the nearest terms to choose from.

    \b
    cassia ontology "CD4+ Tcm" "T/NK cells"
    cut -f 2 clusters.tsv | cassia ontology > terms.tsv
    """
    if not labels and sys.stdin.isatty():
        raise click.UsageError("Give labels, or lines on standard input.")
    given = labels or sys.stdin.buffer.read().decode("utf-8", "replace").splitlines()
    known = Ontology.load()
    if sys.stdout.isatty():
        click.echo("\n\n".join("\n".join(_lines(known.resolve(label), known)) for label in given))
        return
    click.echo("\t".join(COLUMNS))
    for label in given:
        click.echo("\t".join(" ".join(cell.split()) for cell in _cells(known.resolve(label), known)))


def _cells(found: Resolution, known: Ontology) -> tuple[str, ...]:
    return (
        found.label,
        found.cl_id,
        found.cl_label,
        found.how,
        "; ".join(found.set_aside),
        found.why,
        " > ".join(known.lineage_path(found.cl_id)),
        "; ".join(_named(found.candidates, known)),
    )


def _lines(found: Resolution, known: Ontology) -> list[str]:
    term = f"{found.cl_id} {found.cl_label}" if found.found else "no term was taken"
    lines = [f"{found.label!r}: {term}", f"  how      {found.how}: {found.why}"]
    if found.set_aside:
        lines.append(f"  aside    {', '.join(found.set_aside)}")
    lines.append(f"  tried    {'; '.join(found.steps) or 'nothing'}")
    if found.found:
        lines.append(f"  lineage  {' > '.join(known.lineage_path(found.cl_id))}")
    if found.candidates:
        lines.append(f"  nearest  {', '.join(_named(found.candidates, known))}")
    return lines


def _named(ids: tuple[str, ...], known: Ontology) -> list[str]:
    return [f"{cl_id} {known.label(cl_id)}" for cl_id in ids]
