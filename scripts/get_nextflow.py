"""Give the checkout a Nextflow, .tools/nextflow: the one on PATH if it will do, else one from Maven Central.

Everything goes into .tools/ of the checkout, nothing outside it. What is already there is not done again.
With --check it only says in one line what the machine lacks, if it lacks something.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

OLDEST_JAVA = 17
OLDEST_NEXTFLOW = (25, 4)
JGO = "jgo==3.2.0"
# Maven Central has 25.04.4 whole only with this nf-lang; lib-trace is not there, and not needed.
COORDINATES = ("io.nextflow:nextflow:25.04.4", "io.nextflow:nf-lang:25.04.0")
EXCLUSIONS = ("io.seqera:lib-trace",)
# Nextflow's own launcher opens these packages of java.base.
OPENED = (
    "java.lang",
    "java.io",
    "java.nio",
    "java.net",
    "java.util",
    "java.util.concurrent.locks",
    "java.util.concurrent.atomic",
    "java.util.regex",
    "sun.nio.ch",
    "sun.nio.fs",
    "jdk.internal.misc",
)

TOOLS = Path(__file__).resolve().parent.parent / ".tools"
LAUNCHER = TOOLS / "nextflow"
FETCHED = TOOLS / "nextflow-25.04.4"

OWN_LAUNCHER = """\
#!/bin/sh
# Nextflow 25.04.4 from Maven Central, made by scripts/get_nextflow.py. Its files stay in this folder.
here=$(cd "$(dirname "$0")" && pwd -P) || exit 1
export NXF_HOME="${{NXF_HOME:-$here/nextflow-home}}" NXF_OFFLINE=true
command -v ps >/dev/null || PATH=$PATH:$here/bin
java=${{NXF_JAVA_HOME:-${{JAVA_HOME:-}}}}
exec "${{java:+$java/bin/}}java" -XX:+TieredCompilation -XX:TieredStopAtLevel=1 -Dfile.encoding=UTF-8 \\
    {opens} \\
    -cp "$here/{lib}/jars/*:$here/{lib}/modules/*" nextflow.cli.Launcher "$@"
"""

PERSONS_LAUNCHER = """\
#!/bin/sh
# The Nextflow on this machine's PATH, found by scripts/get_nextflow.py.
here=$(cd "$(dirname "$0")" && pwd -P) || exit 1
command -v ps >/dev/null || PATH=$PATH:$here/bin
exec {nextflow} "$@"
"""

PS = """\
#!/bin/sh
# Stands in for `ps -e -o pid= -o ppid=`, all that Nextflow asks of it, on a machine that has no ps.
cd /proc || exit 1
for process in [0-9]*; do
    # A name in parentheses, with anything in it, comes before the state and the parent.
    { read -r stat <"$process/stat"; } 2>/dev/null || continue
    set -- ${stat##*) }
    echo "$process $2"
done
"""


def main() -> None:
    check_java()
    if sys.argv[1:] == ["--check"]:
        return
    on_path = nextflow_on_path()
    if on_path:
        write_launcher(PERSONS_LAUNCHER.format(nextflow=shlex.quote(on_path)))
    else:
        if not (FETCHED / "complete").exists():
            fetch()
        opens = " ".join(f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in OPENED)
        write_launcher(OWN_LAUNCHER.format(opens=opens, lib=FETCHED.name))


def check_java() -> None:
    """Stop with one line unless there is a Java that runs Nextflow."""
    home = os.environ.get("NXF_JAVA_HOME") or os.environ.get("JAVA_HOME")
    java = f"{home}/bin/java" if home else "java"
    try:
        said = subprocess.run([java, "-version"], capture_output=True, text=True, check=True).stderr
    except (OSError, subprocess.CalledProcessError):
        stop(f"{java} does not run: install Java {OLDEST_JAVA} or newer (Debian, Ubuntu: openjdk-17-jre-headless)")
    found = re.search(r'version "(?:1\.)?(\d+)', said)
    if found is None or int(found[1]) < OLDEST_JAVA:
        version = found[1] if found else "of an unknown version"
        stop(f"{java} is {version}: install Java {OLDEST_JAVA} or newer (Debian, Ubuntu: openjdk-17-jre-headless)")


def nextflow_on_path() -> str | None:
    """The person's own Nextflow, if it runs and is new enough."""
    found = shutil.which("nextflow")
    if found is None or Path(found).resolve() == LAUNCHER:
        return None
    said = subprocess.run([found, "-v"], capture_output=True, text=True).stdout
    version = re.search(r"version (\d+)\.(\d+)", said)
    if version and (int(version[1]), int(version[2])) >= OLDEST_NEXTFLOW:
        return found
    print(f"cassia: {found} is not Nextflow 25.04 or newer; another one is put into {TOOLS.name}/", file=sys.stderr)
    return None


def fetch() -> None:
    """Put the files of Nextflow into .tools/; stop with one line if they cannot be had."""
    print("cassia: getting Nextflow 25.04.4 from Maven Central (once, 35 MB)", file=sys.stderr)
    try:
        jars = download()
    except Exception as error:  # pip's, jgo's, the network's: all have the same remedy
        stop(f"no Nextflow from Maven Central ({error}): check the connection and start again, or install Nextflow")
    shutil.rmtree(FETCHED, ignore_errors=True)
    for folder in ("jars", "modules"):
        shutil.copytree(jars / folder, FETCHED / folder)
    # Only what runs stays.
    for folder in ("maven", "jgo-cache", "jgo"):
        shutil.rmtree(TOOLS / folder)
    (FETCHED / "complete").touch()


def download() -> Path:
    """The folder of Nextflow's jars, by jgo, a resolver of Maven repositories, which is put beside them for it."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-cache-dir"]
    subprocess.run([*pip, "install", "-q", "--upgrade", "--target", TOOLS / "jgo", JGO], check=True)
    sys.path.insert(0, str(TOOLS / "jgo"))
    from jgo.env import EnvironmentBuilder, EnvironmentSpec
    from jgo.maven import MavenContext

    spec = EnvironmentSpec(
        name="nextflow",
        coordinates=list(COORDINATES),
        exclusions=list(EXCLUSIONS),
        entrypoints={"nextflow": "nextflow.cli.Launcher"},
        default_entrypoint="nextflow",
    )
    maven = MavenContext(repo_cache=TOOLS / "maven", timeout=60)
    return Path(EnvironmentBuilder(maven, cache_dir=TOOLS / "jgo-cache").from_spec(spec).path)


def write_launcher(text: str) -> None:
    write_script(LAUNCHER, text)
    # On no PATH but the launcher's, and there only where the machine has no ps.
    write_script(TOOLS / "bin" / "ps", PS)


def write_script(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)


def stop(line: str) -> NoReturn:
    sys.exit(f"cassia: {line}")


if __name__ == "__main__":
    main()
