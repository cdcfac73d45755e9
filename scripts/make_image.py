"""Build the image of the pipeline's tasks, cassia:<version>, with podman or docker, whichever is there.

The wheels of containers/requirements.txt, checked by their hashes, and the engine's own are put into build/image/, the
only folder that the build sees. $ENGINE chooses the program, $PLATFORM (linux/arm64) another platform than this
machine's, $BASE another base image. What else is said on the command line goes to the engine's `build`:
.venv/bin/python -m scripts.make_image --no-cache
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
import tomllib
from typing import NoReturn

from scripts.make_requirements import MACHINES, REQUIREMENTS, ROOT, wheel_options

CONTEXT = ROOT / "build" / "image"
CONTAINERFILE = ROOT / "containers" / "Containerfile"
ENGINES = ("podman", "docker")
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check")


def stop(line: str) -> NoReturn:
    sys.exit(f"cassia: error: {line}")


def engine() -> str:
    """The container engine to build with: the first that answers."""
    wanted = [name for name in (os.environ.get("ENGINE"),) if name] or list(ENGINES)
    there = [name for name in wanted if shutil.which(name)]
    if not there:
        stop(f"no {' or '.join(wanted)} is on PATH: install podman (Debian, Ubuntu: podman) or docker")
    answers = [name for name in there if subprocess.run([name, "info"], capture_output=True).returncode == 0]
    if not answers:
        stop(f"`{there[0]} info` fails: start its service, or let this account use it")
    return answers[0]


def target() -> str:
    """The platform to build for, as images name it."""
    machines = {machine: name for name, machine in MACHINES.items()} | {"arm64": "linux/arm64", "AMD64": "linux/amd64"}
    wanted = os.environ.get("PLATFORM") or machines.get(platform.machine(), platform.machine())
    if wanted not in MACHINES:
        stop(f"there is no image for {wanted}: PLATFORM may be {' or '.join(MACHINES)}")
    return wanted


def base() -> str:
    """The base image: $BASE, or the Containerfile's own."""
    found = re.search(r"^ARG BASE=(\S+)$", CONTAINERFILE.read_text(encoding="utf-8"), re.M)
    assert found, "the Containerfile names no base"
    return os.environ.get("BASE") or found[1]


def announce(name: str, wanted: str) -> None:
    """Say what comes over the network, before it does."""
    packages = len(re.findall(r"^[\w.-]+==", REQUIREMENTS.read_text(encoding="utf-8"), re.M))
    wheels = (CONTEXT / "wheels").relative_to(ROOT)
    print(
        f"cassia: {name} builds the image for {wanted}. It pulls the base image {base()} unless that is here "
        f"(BASE=IMAGE takes another) and Debian's packages bash and procps, and pip gets {packages} wheels of "
        f"{REQUIREMENTS.relative_to(ROOT)} unless they are in {wheels}.",
        flush=True,
    )


def gather(wanted: str) -> None:
    """Fill the build's folder with all that goes into the image."""
    wheels, own = CONTEXT / "wheels", CONTEXT / "engine"
    shutil.rmtree(own, ignore_errors=True)
    # Wheels of other versions do no harm: the versions are pinned. Those that are there are not fetched again.
    download = [
        *PIP,
        "download",
        "-q",
        "--no-deps",
        "--require-hashes",
        f"--requirement={REQUIREMENTS}",
        f"--dest={wheels}",
    ]
    commands = (
        [*download, f"--find-links={wheels}", *wheel_options(wanted)],
        [*PIP, "wheel", "-q", "--no-deps", f"--wheel-dir={own}", str(ROOT)],
    )
    CONTEXT.mkdir(parents=True, exist_ok=True)
    for command in commands:
        if subprocess.run(command).returncode:
            stop("pip could not gather the image's packages, see above")
    shutil.copy(REQUIREMENTS, CONTEXT)


def build(name: str, wanted: str, more: list[str]) -> str:
    """Build the image and return its tag."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    asked = subprocess.run(["git", "-C", str(ROOT), "rev-parse", "HEAD"], capture_output=True, text=True)
    arguments = {"VERSION": version, "REVISION": asked.stdout.strip(), "BASE": os.environ.get("BASE")}
    options = [f"--build-arg={key}={value}" for key, value in arguments.items() if value]
    # Only where it was asked for: an older docker without buildx does not know the option.
    options += [f"--platform={wanted}"] if os.environ.get("PLATFORM") else []
    tag = f"cassia:{version}"
    command = [
        name,
        "build",
        "-f",
        str(CONTAINERFILE),
        "-t",
        tag,
        *options,
        *more,
        str(CONTEXT),
    ]
    if subprocess.run(command).returncode:
        stop(f"{name} could not build the image, see above")
    return tag


def main() -> None:
    name, wanted = engine(), target()
    announce(name, wanted)
    gather(wanted)
    tag = build(name, wanted, sys.argv[1:])
    print(f"{tag} is built for {wanted}: nextflow run . -profile test,{name} --outdir results")


if __name__ == "__main__":
    main()
