"""Make containers/requirements.txt: each package of the image, its version and the hashes of its wheels; and
containers/requirements-server.txt: what the server's image has besides.

pip resolves the dependencies of pyproject.toml, with those of its extra `zarr`, once for each platform and its own
report is read, so nothing is installed or guessed; then those of its extra `server`. Run it with the image's Python,
3.11 (environment markers are read as that of the Python that runs): .venv/bin/python scripts/make_requirements.py
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "containers" / "requirements.txt"
OF_SERVER = ROOT / "containers" / "requirements-server.txt"
IMAGE_PYTHON = (3, 11)
# The machine's name in wheels, by the platform's in images.
MACHINES = {"linux/amd64": "x86_64", "linux/arm64": "aarch64"}
# Wheels are tagged by the oldest glibc that they run with; Debian 12 has 2.36.
GLIBC_MINOR = range(17, 37)

HEAD = """\
# {which} for {platforms}, Python {python}; made by scripts/make_requirements.py.
"""


def wheel_options(platform: str) -> list[str]:
    """pip's options to take wheels for the image's Python on a platform such as linux/amd64, whatever runs pip."""
    machine = MACHINES[platform]
    tags = [f"manylinux_2_{minor}_{machine}" for minor in reversed(GLIBC_MINOR)] + [f"manylinux2014_{machine}"]
    python = ".".join(map(str, IMAGE_PYTHON))
    return [
        *("--only-binary=:all:", "--implementation=cp", f"--python-version={python}"),
        *(f"--platform={tag}" for tag in tags),
    ]


def resolve(platform: str, dependencies: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Version and sha256 of each package that the dependencies come to, by its name."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"]
        options = [f"--report={report}", f"--target={folder}", *wheel_options(platform)]
        subprocess.run([*command, *options, *dependencies], check=True)
        installs: list[dict[str, Any]] = json.loads(report.read_text(encoding="utf-8"))["install"]
    return {
        item["metadata"]["name"].lower().replace("_", "-").replace(".", "-"): (
            item["metadata"]["version"],
            item["download_info"]["archive_info"]["hashes"]["sha256"],
        )
        for item in installs
    }


def lines(found: Mapping[str, Mapping[str, tuple[str, str]]]) -> Iterable[str]:
    """The file's lines of what was found for each platform; stops where the platforms' versions differ."""
    for name in sorted(set().union(*found.values())):
        pins = [packages[name] for packages in found.values() if name in packages]
        versions = {version for version, _ in pins}
        if len(versions) > 1:
            sys.exit(f"{name} has other versions on other platforms, {' and '.join(sorted(versions))}: pin it")
        yield f"{name}=={versions.pop()} \\"
        yield " \\\n".join(f"    --hash=sha256:{digest}" for digest in sorted({digest for _, digest in pins}))


def main() -> None:
    if sys.version_info[:2] != IMAGE_PYTHON:
        sys.exit(f"the image has Python {IMAGE_PYTHON[0]}.{IMAGE_PYTHON[1]}: run this with that")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    # The image reads Zarr stores too: nobody can install something into it.
    found = {platform: resolve(platform, [*project["dependencies"], *extras["zarr"]]) for platform in MACHINES}
    write(REQUIREMENTS, "The packages of the image", found)
    more = {platform: resolve(platform, extras["server"]) for platform in MACHINES}
    besides = {
        platform: {name: pin for name, pin in packages.items() if name not in found[platform]}
        for platform, packages in more.items()
    }
    write(OF_SERVER, "What the server's image has besides", besides)


def write(path: Path, which: str, found: Mapping[str, Mapping[str, tuple[str, str]]]) -> None:
    head = HEAD.format(which=which, platforms=" and ".join(MACHINES), python=".".join(map(str, IMAGE_PYTHON)))
    path.write_text(head + "\n".join(lines(found)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
