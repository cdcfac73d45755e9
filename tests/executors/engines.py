"""Real executors for tests, brought up by the scripts of this folder, and the pipeline's image in podman and docker.

`bring_up("podman")` gives what a process needs in its environment to use it, `build_image` makes `cassia:<version>`
there, and `write_config` writes what a Nextflow run in containers needs besides `-profile podman`. The fixtures of
conftest.py do all that once a session.
"""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import ROOT

HERE = Path(__file__).resolve().parent
ENGINES = ("podman", "docker")
BASE = "localhost/cassia-test-base:bookworm"
# As strict as a careful site runs containers, and a user whom the image does not know.
HARDENED = ("--read-only", "--tmpfs=/tmp", "--cap-drop=all", "--security-opt=no-new-privileges")
UNLISTED = ("--user=12345:12345",)
# Set wherever a key could be written down: while the image is built, and in runs.
CANARY = "canary-7d1e-key"
# Installing, and the packages of the base image; a build of the image.
UP_S, BUILD_S, COMMAND_S = 400, 300, 120


@dataclass(frozen=True, slots=True)
class Up:
    """An executor that is up.

    Attributes:
        env: variables by which its commands find it; nothing for one that is found anyway.
        was_up: whether it was there before, and is to be left there.
    """

    name: str
    env: Mapping[str, str]
    was_up: bool


@dataclass(frozen=True, slots=True)
class Engine:
    """A container engine, podman or docker.

    Attributes:
        env: variables by which its command finds it.
        image: the pipeline's image in it, "" before `build_image`.
    """

    name: str
    env: Mapping[str, str]
    image: str = ""

    def run(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run the engine's command, such as `run("image", "ls")`.

        Raises:
            AssertionError: it failed, with what it said; not where `check` is False.
        """
        done = _run([self.name, *words], COMMAND_S, self.env)
        assert done.returncode == 0 or not check, done.stdout + done.stderr
        return done

    def inside(self, *words: str, options: tuple[str, ...] = ()) -> str:
        """What a command says in a container of the image, which is gone afterwards."""
        return self.run("run", "--rm", *options, self.image, *words).stdout


def bring_up(name: str) -> Up:
    """Run `<name>-up` where that was asked for; else skip, on CI fail, and say why.

    Raises:
        AssertionError: it could not be installed or started.
    """
    invited = _run([str(HERE / "invited")], COMMAND_S)
    if invited.returncode:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"{name}: {invited.stderr.strip()}")
    done = _run([str(HERE / f"{name}-up")], UP_S)
    assert done.returncode == 0, f"{name}-up: {done.stdout}{done.stderr}"
    lines = done.stdout.splitlines()
    exported = (word for line in lines if line.startswith("export ") for word in shlex.split(line)[1:])
    return Up(name, {key: value for key, _, value in (word.partition("=") for word in exported)}, "# was up" in lines)


def take_down(name: str) -> None:
    """Run `<name>-down`.

    Raises:
        AssertionError: something of it is still there.
    """
    done = _run([str(HERE / f"{name}-down")], COMMAND_S)
    assert done.returncode == 0, f"{name}-down: {done.stdout}{done.stderr}"


def build_image(up: Up, target: str = "tasks") -> Engine:
    """`make image` in an engine, on the base image made of Debian's packages, with a key in the environment."""
    env = {**up.env, "ENGINE": up.name, "BASE": BASE, "CUSTOM_API_KEY": CANARY, "TARGET": target}
    done = _run(["make", "-s", "image"], BUILD_S, env)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    tag = done.stdout.splitlines()[-1].split()[0]
    return Engine(up.name, up.env, tag)


def write_config(engine: Engine, path: Path, *options: str) -> Path:
    """Write what `nextflow run -profile <engine> -c` takes: hardened containers that see this machine's network.

    A task's own shell sets the engine's variables too, so that it finds the engine where a scheduler started it.

    Args:
        options: further ones of the engine's `run`.
    """
    # $(id -u) is the shell's, on the machine where the task runs.
    words = ["-u $(id -u):$(id -g)", "--network=host", *HARDENED, *options]
    exports = " ".join(f"{key}={shlex.quote(value)}" for key, value in engine.env.items())
    path.write_text(
        f"{engine.name}.runOptions = '{' '.join(words)}'\n"
        f"process.beforeScript = '''export {exports}'''\n",
        encoding="utf-8",
    )  # fmt: skip
    return path


def _run(command: list[str], seconds: float, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=seconds,
    )
