"""The lowest versions of what cassia and its server need at run time, as requirements for pip: `click>=8.2` becomes
`click==8.2`.

    python -m scripts.floors > floors.txt

`tests/test_floors.py` installs them and runs cassia on them, so that no floor promises what does not work.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

PYPROJECT = Path(__file__).resolve().parent.parent / "pyproject.toml"


def floors(pyproject: Path = PYPROJECT) -> dict[str, str]:
    """The lowest version of each requirement, by its name.

    Raises:
        ValueError: a requirement has no lowest version.
    """
    project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
    server = project.get("optional-dependencies", {}).get("server", [])
    return dict(map(_floor, [*project["dependencies"], *server]))


def _floor(requirement: str) -> tuple[str, str]:
    found = re.fullmatch(r"([A-Za-z0-9._-]+)\s*(?:>=|==)\s*([0-9][0-9a-z.]*)", requirement)
    if found is None:
        raise ValueError(f"{requirement}: expected NAME>=VERSION or NAME==VERSION")
    return found[1], found[2]


if __name__ == "__main__":
    for name, version in floors().items():
        print(f"{name}=={version}")
