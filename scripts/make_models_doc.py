#!/usr/bin/env python3
"""Make docs/models.md from the table of models, cassia_engine/data/models.tsv.

    python scripts/make_models_doc.py

A test holds the page to what this makes.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from cassia_engine.models import Model, load, providers, select

DEFAULT_OUTPUT = Path(__file__).parent.parent / "docs" / "models.md"

INTRODUCTION = """\
# Language models

*Made from `cassia_engine/data/models.tsv` by `scripts/make_models_doc.py`: change the table, not this page.*

`cassia models` prints this list; `cassia providers` says which providers cassia speaks with today, with the
variables of their keys and their default models. What a model is good for is its maker's account: **none of them
was measured on cell types here**. Models come and go: each row says on which day it was compared with which source
(a client package's list of models, litellm's table, or a stored copy of a page), by `scripts/update_models.py`; no
provider was called.

**When a default ends**: from the day on which its maker no longer serves a provider's default model, its successor is
asked in its place, which is said in one line; the same holds for aliases. A model that is named with `--model` is asked
under its name, whatever its end, with a warning. Ends of models that are not listed here (`o4-mini`, `gpt-4o`,
`claude-opus-4-5` and others) are known too, from `cassia_engine/data/model_ends.tsv`.

**Aliases** stand for a model of a provider:

| alias | stands for |
|---|---|
| `best` | the model of the highest tier listed for the provider |
| `fast` | the model that is listed for quick answers |
| `cheap` | a model of the lowest tier that costs money (`ollama`: the smaller one) |
| `local` | a model that runs on your own machine |

**Tiers** are places among the models listed for a provider, by their makers' accounts and prices: `high`,
`middle`, `low`; `free` costs nothing and is limited; `local` runs on your own machine. **Ends** is the day
from which the maker no longer serves a model; a provider that resells it may stop on another day. What to
**use today** is what the maker named, where the source says so, else the current model of the same line.

Models that are not listed can be used too: a name that is no alias is passed on as it is.
"""


def render() -> str:
    """The whole page."""
    recommended = [row for row in load() if row.documented]
    lines = [INTRODUCTION, "## What the documentation of CASSIA recommends, and its successors", ""]
    lines += _table(("provider", "model", "ends", "use today", "checked"), map(_recommendation, recommended))
    for provider in providers():
        lines += ["", f"## {provider}", ""]
        header = ("model", "tier", "aliases", "good for", "checked", "source")
        lines += _table(header, map(_row, select(provider)))
    return "\n".join(lines) + "\n"


def _recommendation(row: Model) -> Sequence[str]:
    successor = _code(row.successor) if row.successor else "none verified"
    return row.provider, _code(row.model), row.ends or "not announced", successor, row.checked


def _row(row: Model) -> Sequence[str]:
    aliases = ", ".join(map(_code, row.aliases))
    return _code(row.model), row.tier, aliases, row.good_for, row.checked, row.source


def _code(name: str) -> str:
    return f"`{name}`"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(header)} |"
    yield "|" + "---|" * len(header)
    for row in rows:
        yield f"| {' | '.join(row)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--output", type=Path, default=DEFAULT_OUTPUT)
    args = parser.parse_args()
    args.output.write_text(render(), encoding="utf-8")


if __name__ == "__main__":
    main()
