"""`cassia` with some third-party packages, and what they need, and no others: python only.py PACKAGE,... ARGUMENTS."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from importlib.metadata import packages_distributions, requires

from packaging.requirements import Requirement


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def with_what_they_need(names: Iterable[str]) -> set[str]:
    """Names of distributions, and of all that these depend on."""
    found: set[str] = set()
    left = [normal(name) for name in names]
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            needed = [Requirement(text) for text in requires(name) or ()]
            left += [normal(item.name) for item in needed if not item.marker or item.marker.evaluate({"extra": ""})]
    return found


class Hidden:
    """Makes installed packages look as if they were not there, but for the allowed distributions' own."""

    def __init__(self, allowed: set[str]):
        owners = packages_distributions().items()
        self.hidden = {package for package, names in owners if allowed.isdisjoint(map(normal, names))}

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        top = name.partition(".")[0]
        if top in self.hidden:
            raise ModuleNotFoundError(f"No module named '{name}'", name=top)


if __name__ == "__main__":
    stage_needs = with_what_they_need(sys.argv.pop(1).split(","))
    sys.meta_path.insert(0, Hidden(stage_needs | {"cassia-engine"}))
    from cassia_engine.cli import main

    main()
