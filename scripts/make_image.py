"""Build the image of the pipeline's tasks, cassia:<version>, with podman or docker, whichever is there.

The wheels of containers/requirements.txt, checked by their hashes, and the engine's own are put into build/image/, the
only folder that the build sees. $ENGINE chooses the program, $PLATFORM (linux/arm64) another platform than this
machine's, $BASE another base image, and TARGET=server makes the server's image, cassia-server:<version>. What else is
said on the command line goes to the engine's `build`:
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
from pathlib import Path
from typing import NoReturn

from scripts.make_requirements import MACHINES, OF_SERVER, REQUIREMENTS, ROOT, wheel_options

CONTEXT = ROOT / "build" / "image"
CONTAINERFILE = ROOT / "containers" / "Containerfile"
ENGINES = ("podman", "docker")
# Name of the image, by the target of the Containerfile.
IMAGES = {"tasks": "cassia", "server": "cassia-server"}
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
    """What to build: a key of `IMAGES`."""
    wanted = os.environ.get("TARGET") or "tasks"
    if wanted not in IMAGES:
        stop(f"there is no image {wanted}: TARGET may be {' or '.join(IMAGES)}")
    return wanted


def platform_to_build() -> str:
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


def requirements(image: str) -> dict[Path, Path]:
    """The files of pinned packages of an image, with the folder for their wheels."""
    return {REQUIREMENTS: CONTEXT / "wheels"} | ({OF_SERVER: CONTEXT / "wheels-server"} if image == "server" else {})


def announce(name: str, wanted: str, image: str) -> None:
    """Say what comes over the network, before it does."""
    files = requirements(image)
    packages = sum(len(re.findall(r"^[\w.-]+==", path.read_text(encoding="utf-8"), re.M)) for path in files)
    wheels = " and ".join(str(folder.relative_to(ROOT)) for folder in files.values())
    print(
        f"cassia: {name} builds the image of the {image} for {wanted}. It pulls the base image {base()} unless that is "
        f"here (BASE=IMAGE takes another) and Debian's packages bash and procps, and pip gets {packages} wheels of "
        f"{' and '.join(str(path.relative_to(ROOT)) for path in files)} unless they are in {wheels}.",
        flush=True,
    )


def gather(wanted: str, image: str) -> None:
    """Fill the build's folder with all that goes into the image."""
    own, files = CONTEXT / "engine", requirements(image)
    shutil.rmtree(own, ignore_errors=True)
    commands = [download(*one, wanted) for one in files.items()]
    commands.append([*PIP, "wheel", "-q", "--no-deps", f"--wheel-dir={own}", str(ROOT)])
    CONTEXT.mkdir(parents=True, exist_ok=True)
    for command in commands:
        if subprocess.run(command).returncode:
            stop("pip could not gather the image's packages, see above")
    for path in files:
        shutil.copy(path, CONTEXT)


def download(pinned: Path, wheels: Path, wanted: str) -> list[str]:
    """The command that gets wheels. Those of other versions do no harm; those that are there are not fetched again."""
    options = [f"--requirement={pinned}", f"--dest={wheels}", f"--find-links={wheels}", *wheel_options(wanted)]
    return [*PIP, "download", "-q", "--no-deps", "--require-hashes", *options]


def build(name: str, wanted: str, image: str, more: list[str]) -> str:
    """Build the image and return its tag."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    asked = subprocess.run(["git", "-C", str(ROOT), "rev-parse", "HEAD"], capture_output=True, text=True)
    arguments = {"VERSION": version, "REVISION": asked.stdout.strip(), "BASE": os.environ.get("BASE")}
    options = [f"--build-arg={key}={value}" for key, value in arguments.items() if value]
    # Only where it was asked for: an older docker without buildx does not know the option.
    options += [f"--platform={wanted}"] if os.environ.get("PLATFORM") else []
    tag = f"{IMAGES[image]}:{version}"
    named = ["-f", str(CONTAINERFILE), "-t", tag, f"--target={image}"]
    command = [name, "build", *named, *options, *more, str(CONTEXT)]
    if subprocess.run(command).returncode:
        stop(f"{name} could not build the image, see above")
    return tag


def main() -> None:
    name, wanted, image = engine(), platform_to_build(), target()
    announce(name, wanted, image)
    gather(wanted, image)
    tag = build(name, wanted, image, sys.argv[1:])
    use = {"tasks": f"nextflow run . -profile test,{name} --outdir results", "server": "see docs/server.md"}
    print(f"{tag} is built for {wanted}: {use[image]}")


if __name__ == "__main__":
    main()
