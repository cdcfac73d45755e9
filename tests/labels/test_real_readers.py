"""The labelled file in anndata and cellxgene-schema, and what is left where a process is killed while it writes."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import h5py
import pytest

from cassia_engine.files import ASIDE_END
from cassia_engine.labels.h5ad_file import label_file
from cassia_engine.labels.wanted import Standard, Wanted
from tests.conftest import EXAMPLES, need_env
from tests.labels.h5ad_files import column, contents

PBMC = EXAMPLES / "pbmc68k.h5ad"
HEADER = "Cluster ID,Predicted General Cell Type,Predicted Detailed Cell Type,Status,CL ID,CL Label,Confidence"

pytestmark = pytest.mark.slow

READ = """
import sys, warnings
warnings.simplefilter("error")
import anndata, pandas as pd
before, after = (anndata.read_h5ad(path) for path in sys.argv[1:])
new = [name for name in after.obs if name not in before.obs]
categories = [name for name in new if isinstance(after.obs[name].dtype, pd.CategoricalDtype)]
assert all(name in categories or after.obs[name].dtype in (bool, float) for name in new), new
assert not any(after.obs[name].cat.ordered for name in categories)
pd.testing.assert_frame_equal(after.obs[before.obs.columns], before.obs)
assert list(after.uns["cassia"]["columns"]) == new
assert (before.X != after.X).nnz == 0
after.write_h5ad("again.h5ad")
print(*new)
"""


@pytest.mark.parametrize("standard", [None, *Standard])
def test_anndata_opens_it_and_writes_it_again(pbmc: Path, standard: Standard | None) -> None:
    label_file(PBMC, pbmc, Wanted("louvain", standard=standard), Path("out.h5ad"), None)
    command = [str(need_env("scanpy")), "-c", READ, str(PBMC), "out.h5ad"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    names = ["cassia_annotation", "cassia_general_type", "cassia_cl_id"]
    if standard is Standard.SCDOWNSTREAM:
        names = ["cassia_cell_type", "cassia_ontology_term", "cassia_ontology_term_id"]
    assert done.stdout.split()[:3] == names
    assert column(Path("again.h5ad"), names[0]) == column(Path("out.h5ad"), names[0])


def test_cellxgene_schema_takes_it() -> None:
    python, script = need_env("cellxgene"), Path(__file__).with_name("make_cellxgene.py")
    subprocess.run([python, script, "in.h5ad"], check=True, capture_output=True)
    rows = "T,T cell,T cell,annotated,CL:0000084,T cell,\nodd,cell,odd,annotated,CL:0000255,,\nfailed,,,failed,,,\n"
    Path("s.csv").write_text(f"{HEADER}\n{rows}")
    wanted = Wanted("leiden", standard=Standard.CELLXGENE)
    label_file(Path("in.h5ad"), Path("s.csv"), wanted, Path("good.h5ad"), None)
    bad = Path("bad.h5ad")
    bad.write_bytes(Path("good.h5ad").read_bytes())
    with h5py.File(bad, "r+") as file:
        file["obs/cell_type_ontology_term_id/categories"][0] = "CL:0000255"
    done = subprocess.run([python, script, "validate", "good.h5ad", bad], capture_output=True, text=True)
    good, refused = [json.loads(line) for line in done.stdout.splitlines()]
    assert good == ["good.h5ad", True, []]
    assert refused[1] is False  # so the column is looked at
    assert "'CL:0000255' in 'cell_type_ontology_term_id' is not allowed" in refused[2][0]


# Kills its own process before or after the nth call of a function.
KILLED = """
import os, signal, sys
from pathlib import Path
import h5py
from cassia_engine import files
owner, name, number, after = sys.argv[1:5]
files._AT_ONCE = 100_000
owner = {"os": os, "Group": h5py.Group, "Path": Path}[owner]
original, calls = getattr(owner, name), 0
def call(*arguments, **named):
    global calls
    calls += 1
    if calls == int(number) and not int(after):
        os.kill(os.getpid(), signal.SIGKILL)
    result = original(*arguments, **named)
    if calls == int(number):
        os.kill(os.getpid(), signal.SIGKILL)
    return result
setattr(owner, name, call)
sys.argv[1:] = sys.argv[5:]
from cassia_engine.cli import main
main()
"""


@pytest.mark.parametrize(
    ("owner", "name", "number", "after"),
    [
        ("os", "copy_file_range", 2, 1),
        ("Group", "create_dataset", 1, 0),
        ("Group", "create_dataset", 20, 1),
        ("os", "fsync", 1, 0),
        ("Path", "replace", 1, 0),
        ("Path", "replace", 1, 1),
    ],
)
def test_a_kill_leaves_no_new_file_or_a_whole_one(pbmc: Path, owner: str, name: str, number: int, after: int) -> None:
    out = Path("out.h5ad")
    out.write_text("old")
    arguments = ["labels", PBMC, pbmc, "--group_key", "louvain", "--output", out]
    command = [sys.executable, "-c", KILLED, owner, name, str(number), str(after), *map(str, arguments)]
    assert subprocess.run(command, capture_output=True).returncode == -signal.SIGKILL
    left = [path for path in Path.cwd().iterdir() if path.name != out.name]
    if name == "replace" and after:
        assert left == []
        label_file(PBMC, pbmc, Wanted("louvain"), Path("whole.h5ad"), None)
        assert contents(out) == contents(Path("whole.h5ad"))
    else:
        assert out.read_text() == "old"
        assert [path.name.startswith(".out.h5ad.") and path.name.endswith(ASIDE_END) for path in left] == [True]
