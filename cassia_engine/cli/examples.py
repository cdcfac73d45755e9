"""`cassia examples`: where the bundled marker tables are, for those who want to try something."""

from __future__ import annotations

from importlib.resources import as_file, files

import click


@click.command()
def examples() -> None:
    """Print the folder of the bundled example tables; its README.md says what they are."""
    with as_file(files("cassia_engine") / "data" / "examples") as folder:
        click.echo(folder)
