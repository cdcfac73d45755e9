"""The profiles: each is read by Nextflow itself, and the containers' settings agree with the engine's tables."""

from __future__ import annotations

import base64
import csv
import json
import re
import subprocess
import sys
import textwrap
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

import cassia_engine
from cassia_engine.cytetype.credentials import TOKEN_VARIABLE
from cassia_engine.providers.keys import OF_REQUEST
from tests.conftest import ROOT, need
from tests.pipeline.launch import Launcher

H5AD = ROOT / "tests" / "data" / "anndata" / "scanpy.h5ad"
ENGINES = ("docker", "podman", "singularity", "apptainer")
PROXIES = ["HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "https_proxy", "http_proxy", "no_proxy"]
# What a profile sets, by its names in the configuration. Together with another one where the two are used together.
PROFILES: dict[str, dict[str, object]] = {
    "test,docker,slurm": {"docker.enabled": True, "process.executor": "slurm", "params.provider": "offline"},
    "podman,arm64": {"podman.enabled": True, "process.arch": "linux/arm64"},
    "singularity,slurm": {"singularity.enabled": True, "singularity.autoMounts": True, "process.executor": "slurm"},
    "apptainer": {"apptainer.enabled": True, "apptainer.autoMounts": True},
    "conda": {"conda.enabled": True, "env.CASSIA_PYTHON": "python3"},
    "wave": {"wave.enabled": True, "docker.enabled": True, "env.CASSIA_PYTHON": "python3"},
    "awsbatch": {"process.executor": "awsbatch", "docker.enabled": True, "docker.runOptions": ""},
    "googlebatch": {"process.executor": "google-batch", "docker.enabled": True, "docker.runOptions": ""},
}


def configured(profile: str, folder: Path, site: Path | None = None) -> dict[str, Any]:
    """The configuration that Nextflow makes of the pipeline's with a profile and, if given, a file of the site's."""
    own = ["-c", str(site)] if site else []
    command = [need("nextflow"), *own, "config", "-profile", profile, "-o", "json", str(ROOT)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    assert (done.returncode, "WARN" in done.stdout) == (0, False), done.stdout + done.stderr
    return dict(json.loads(done.stdout))


@pytest.mark.slow
@pytest.mark.parametrize(("profile", "expected"), PROFILES.items())
def test_a_profile_sets_what_it_is_for(profile: str, expected: dict[str, object], tmp_path: Path) -> None:
    config = configured(profile, tmp_path)
    for name, value in expected.items():
        scope, key = name.split(".")
        assert config[scope][key] == value, name
    on = {scope for scope in (*ENGINES, "conda", "wave") if config.get(scope, {}).get("enabled")}
    assert on == {name.partition(".")[0] for name in expected if name.endswith(".enabled")}
    # Only where a folder is shared with the machine that launches is the journal's bound.
    asking = config["process"]["withName:ANNOTATE|COLLECT|ESTIMATE|SUBMIT"]
    cloud = "batch" in profile
    assert (asking["containerOptions"] == "", asking["ext"]["journal_dir"] == ".cassia/journal") == (cloud, cloud)


def written_down(name: str) -> list[str]:
    """The blocks of a configuration file in docs/cloud.md, which begin with its name."""
    text = (ROOT / "docs" / "cloud.md").read_text(encoding="utf-8")
    blocks = re.findall(r"(?m)(?:^    .*\n|^\n(?=    ))+", text)
    return [textwrap.dedent(block) for block in blocks if block.strip().startswith(f"// {name}")]


CLOUDS: dict[str, dict[str, object]] = {
    "awsbatch": {
        "process.queue": "a-queue",
        "docker.registry": "123456789012.dkr.ecr.eu-central-1.amazonaws.com",
        "aws.region": "eu-central-1",
        "aws.batch.maxSpotAttempts": 5,
        "aws.batch.cliPath": "/opt/aws-cli/bin/aws",
        "process.withLabel:cassia_network.queue": "on-demand-queue",
        "process.withName:ANNOTATE.container": "job-definition://cassia-annotate",
        "process.withName:ANNOTATE.ext.key_variable": None,
    },
    "googlebatch": {
        "docker.registry": "europe-west4-docker.pkg.dev/a-project/a-repository",
        "google.project": "a-project",
        "google.location": "europe-west4",
        "google.batch.maxSpotAttempts": 5,
        "process.withName:ANNOTATE.ext.key_variable": None,
    },
}


@pytest.mark.slow
@pytest.mark.parametrize(("profile", "expected"), CLOUDS.items())
def test_what_docs_tell_to_write_is_what_nextflow_reads(
    profile: str, expected: dict[str, object], tmp_path: Path
) -> None:
    name = f"{profile.removesuffix('batch')}.config"
    site = tmp_path / name
    site.write_text("\n".join(written_down(name)), encoding="utf-8")
    config = configured(profile, tmp_path, site)
    for path, value in expected.items():
        found: Any = config
        for key in re.split(r"\.(?=\w)", path):
            found = found[key]
        assert found == value, path
    fetched = config["process"]["withName:ANNOTATE"]["beforeScript"]
    assert "export OPENROUTER_API_KEY=$(" in fetched
    assert subprocess.run(["bash", "-n"], input=fetched, text=True).returncode == 0


def test_the_key_is_fetched_from_googles_secret_manager_as_docs_tell(tmp_path: Path) -> None:
    """The program in beforeScript, with the two services played by a file each."""
    [block] = [block for block in written_down("google.config") if "beforeScript" in block]
    program = textwrap.dedent(block.split("'''", 2)[1])
    data = base64.b64encode(b"canary-key").decode()
    (tmp_path / "token").write_text('{"access_token": "t"}')
    (tmp_path / "secret").write_text(json.dumps({"payload": {"data": data}}))
    for url, name in (("http://metadata[^']+", "token"), ("https://secretmanager[^']+", "secret")):
        program = re.sub(url, (tmp_path / name).as_uri(), program)
    (tmp_path / "python").symlink_to(sys.executable)
    done = subprocess.run(
        ["bash", "-euc", f"{program}\necho got $OPENROUTER_API_KEY"],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.stdout == "got canary-key\n", done.stderr


def test_every_profile_is_looked_at() -> None:
    block = (ROOT / "nextflow.config").read_text(encoding="utf-8").split("profiles {", 1)[1].split("\n}", 1)[0]
    named = re.findall(r"^    (\w+) +\{", block, re.M)
    assert sorted(named) == sorted(set(",".join(PROFILES).split(",")))


@pytest.mark.parametrize("engine", ENGINES)
def test_containers_get_the_keys_of_every_provider_and_the_token(engine: str) -> None:
    with (ROOT / "cassia_engine" / "data" / "providers.tsv").open(encoding="utf-8") as text:
        rows = list(csv.DictReader(text, delimiter="\t"))
    columns = ("key_variable", "other_keys", "url_variable", "region_variables", "profile_variables")
    variables = [name for row in rows for column in columns for name in re.findall(r"\w+", row[column])]
    text_of = (ROOT / "conf" / "containers.config").read_text(encoding="utf-8")
    block = text_of.split(f"\n{engine} {{", 1)[1].split("\n}", 1)[0]
    assert re.findall(r"'(\w+)'", block.split("envWhitelist", 1)[1]) == [
        *variables,
        OF_REQUEST,
        TOKEN_VARIABLE,
        *PROXIES,
    ]


def test_the_image_has_what_the_engine_needs() -> None:
    lines = (ROOT / "containers" / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pinned = dict(line.removesuffix(" \\").split("==") for line in lines if "==" in line)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for needed in map(Requirement, [*project["dependencies"], *project["optional-dependencies"]["zarr"]]):
        assert pinned[needed.name] in needed.specifier, needed
    version = r"[0-9.]+(\.post[0-9]+)?"
    for line in lines:
        assert re.fullmatch(rf"#.*|[a-z0-9-]+=={version} \\|    --hash=sha256:[0-9a-f]{{64}}( \\)?", line), line


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["podman", "docker"])
@pytest.mark.parametrize("there", [True, False])
def test_without_the_image_a_launch_says_how_to_make_it(
    pipeline: Launcher, tmp_path: Path, engine: str, there: bool
) -> None:
    """With a stand-in for the engine, that has no image, or is not there."""
    bin_dir = pipeline.folder / "bin"
    bin_dir.mkdir()
    if there:
        (bin_dir / engine).write_text("#!/bin/sh\necho 'Error: no such image' >&2; exit 125\n")
        (bin_dir / engine).chmod(0o755)
    rest = [_without(engine, Path(folder), tmp_path) for folder in pipeline.env["PATH"].split(":")]
    pipeline.env["PATH"] = ":".join(map(str, [bin_dir, *rest]))
    run = pipeline.run("-profile", f"test,{engine}", "--outdir", "out")
    assert run.code != 0
    why = f"{engine} says: Error: no such image" if there else f"{engine} is not on PATH"
    assert run.said.splitlines()[2:] == [
        f"no image cassia:{cassia_engine.__version__} ({why}): run make image in the folder of the pipeline first, or "
        "name one of a registry (docs/containers.md)"
    ]


# A conda that makes environments of this Python, and says which commands it got.
CONDA = f"""#!/bin/sh
echo "$1" >> "$CONDA_LOG"
if [ "$1" = info ]; then echo '"conda_prefix": "'"$(cd "$(dirname "$0")/.." && pwd)"'",'; exit; fi
while [ "$1" != --prefix ]; do shift; done
mkdir -p "$2/bin"
printf '#!/bin/sh\\nexec "%s" "$@"\\n' {sys.executable} > "$2/bin/python3" && chmod +x "$2/bin/python3"
"""


@pytest.mark.slow
def test_environments_of_conda_are_kept_for_runs_without_a_network(pipeline: Launcher) -> None:
    bin_dir, log = pipeline.folder / "conda" / "bin", pipeline.folder / "conda.log"
    bin_dir.mkdir(parents=True)
    for name, text in {"conda": CONDA, "activate": 'export PATH="$1/bin:$PATH"\n'}.items():
        (bin_dir / name).write_text(text)
        (bin_dir / name).chmod(0o755)
    del pipeline.env["CASSIA_PYTHON"]
    pipeline.env |= {"PATH": f"{bin_dir}:{pipeline.env['PATH']}", "CONDA_LOG": str(log)}
    config = pipeline.folder / "site.config"
    config.write_text(f"conda.cacheDir = '{pipeline.folder}/kept'\n")
    cells = ("--input", H5AD, "--name", "cells", "--rank_key", "t_test", "--allow_unknown_genes", "--write_h5ad")
    made = []
    for work in ("first", "second"):
        log.write_text("")
        about = ("--tissue", "blood", "--species", "human", "-w", work, "--outdir", pipeline.out)
        run = pipeline.run("-profile", "conda", "-c", config, *cells, *about)
        assert run.code == 0, run.said
        made.append(log.read_text().splitlines().count("env"))
    # Of VERSION and SPLIT, ANNOTATE, COLLECT, LABELS, INDEX and CHECK; then none.
    assert made == [6, 0]
    assert {path.name for path in (pipeline.out / "cells").iterdir()} >= {"cells_labels.parquet", "cells_labelled.h5ad"}


def _without(program: str, folder: Path, tmp_path: Path) -> Path:
    """A folder of programs; one that holds this program as links to all the others."""
    if not (folder / program).exists():
        return folder
    links = tmp_path / folder.as_posix().strip("/").replace("/", "_")
    if not links.exists():
        links.mkdir()
        for other in folder.iterdir():
            if other.name != program:
                (links / other.name).symlink_to(other)
    return links
