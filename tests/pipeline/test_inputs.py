"""What a person gives the pipeline and gets from it, with real Nextflow over the bundled examples."""

from __future__ import annotations

import csv
import json
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import duckdb
import h5py
import pytest

import cassia_engine
from cassia_engine.calibration import Calibration
from cassia_engine.records import to_json
from tests.conftest import EXAMPLES, ROOT, need
from tests.mock_provider.running import running_mock
from tests.pipeline.launch import TIMEOUT_S, Launcher, Run

pytestmark = pytest.mark.slow

PBMC = EXAMPLES / "pbmc68k_scanpy.csv"
INTESTINE = EXAMPLES / "large_intestine_seurat.csv.gz"
H5AD = Path(__file__).parent.parent / "data" / "anndata" / "scanpy.h5ad"
TEXT = '  Müller\'s "glia" $(touch pwned) `id` $HOME \\n \\\\ 100%\n    second line,\tafter a tab; ü €  '
KINDS = ("conversations.json", "full.csv", "mqc.json", "outcomes_mqc.json", "report.html", "summary.csv")
FULL_SHEET = ROOT / "assets" / "samplesheet_full.csv"
KNOWLEDGE_HEADER = "species\ttissue\tcell_type\tcl_id\tgene\tsource\tweight\n"
INFO = ("dag.mmd", "main.nf", "params.json", "report.html", "timeline.html", "trace.txt", "versions.yml")


def write_sheet(path: Path, rows: list[dict[str, str]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def chunks(pipeline: Launcher) -> dict[str, dict[str, Any]]:
    """What arrived at the engine of each sample: its (only) chunk file, the newest."""
    files = sorted(pipeline.folder.glob("work/*/*/chunks/*.json"), key=lambda path: path.stat().st_mtime_ns)
    found = [json.loads(path.read_text("utf-8")) for path in files]
    return {chunk["dataset"]["name"]: chunk for chunk in found}


def datasets(pipeline: Launcher) -> dict[str, dict[str, str]]:
    """What arrived at the engine of each sample's context."""
    return {name: chunk["dataset"] for name, chunk in chunks(pipeline).items()}


def test_a_scanpy_table(pipeline: Launcher) -> None:
    options = ("--input", PBMC, "--tissue", "blood", "--species", "human", "--outdir", pipeline.out)
    run = pipeline.run(*options)
    assert run.code == 0, run.said
    assert names(pipeline.out) == ["index.html", "pbmc68k_scanpy", "pipeline_info", "ro-crate-metadata.json"]
    assert names(pipeline.out / "pbmc68k_scanpy") == [f"pbmc68k_scanpy_{kind}" for kind in KINDS]
    assert names(pipeline.out / "pipeline_info") == list(INFO)
    assert f"{pipeline.out}/pbmc68k_scanpy/pbmc68k_scanpy_report.html" in run.said
    assert f"One page that leads to them: {pipeline.out}/index.html" in run.said
    assert "offline marker scoring, no language model was asked" in run.said

    # The pipeline gives what one process gives.
    alone = pipeline.folder / "alone"
    from_one_process = pipeline.folder / "alone" / "pbmc68k_scanpy_summary.csv"
    os.spawnvpe(
        os.P_WAIT,
        str(ROOT / "bin" / "cassia"),
        ["cassia", "run", str(PBMC), "--outdir", str(alone), "--tissue", "blood", "--species", "human"],
        pipeline.env,
    )
    assert (pipeline.out / "pbmc68k_scanpy" / from_one_process.name).read_bytes() == from_one_process.read_bytes()


def with_two_columns(path: Path) -> None:
    """The file, in which only the key of the ranked genes tells by which of two columns they are; cell 0 has no
    cluster."""
    shutil.copy(H5AD, path)
    with h5py.File(path, "r+") as file:
        file["obs"][file["uns/t_test/params/groupby"][()].decode()]["codes"][0] = -1
        file["obs"].copy(file["uns/t_test/params/groupby"][()].decode(), "copied")
        file["obs"].attrs["column-order"] = [*file["obs"].attrs["column-order"], "copied"]


def test_an_h5ad_file(pipeline: Launcher) -> None:
    options = ("--rank_key", "t_test", "--tissue", "blood", "--species", "human", "--allow_unknown_genes")
    given = pipeline.folder / "cells.h5ad"
    with_two_columns(given)
    outputs = ("--write_h5ad", "--label_na", "unclustered", "--outdir", pipeline.out)
    run = pipeline.run("--input", given, "--name", "scanpy", *options, *outputs)
    assert run.code == 0, run.said
    kinds = sorted([*KINDS, "labelled.h5ad", "labels.parquet"])
    assert names(pipeline.out / "scanpy") == [f"scanpy_{kind}" for kind in kinds]
    clusters = chunks(pipeline)["scanpy"]["clusters"]
    assert [(cluster["id"], cluster["cells"]["n_cells"]) for cluster in clusters] == [
        ("0", 24),
        ("1", 20),
        ("2", 20),
        ("3", 15),
    ]
    [command] = [
        task for task in (pipeline.folder / "work").rglob(".command.sh") if "engine collect" in task.read_text()
    ]
    assert "cells/cells.jsonl" in command.read_text()
    assert (command.parent / "cells" / "cells.jsonl").read_text().startswith('{"kind":"cassia-cells"')
    labels = duckdb.read_parquet(str(pipeline.out / "scanpy" / "scanpy_labels.parquet")).df().set_index("cell")
    with h5py.File(pipeline.out / "scanpy" / "scanpy_labelled.h5ad") as file:
        assert file["uns/cassia/group_key"].asstr()[()] == "cell_type"
        assert file["uns/cassia/summary"].asstr()[()] == "scanpy"
        assert list(labels.index) == list(file["obs/cell/values"].asstr())
        categories = file["obs/cassia_annotation/categories"].asstr()[()]
        assert list(labels["cassia_annotation"]) == list(categories[file["obs/cassia_annotation/codes"][()]])
    assert list(labels.index[labels["cassia_annotation"] == "unclustered"]) == [labels.index[0]]
    said = {row["Cluster ID"]: row["Predicted General Cell Type"] for row in pipeline.summary("scanpy")}
    assert set(labels["cassia_general_type"].dropna()) == {text for text in said.values() if text}


def test_zarr_stores_as_folders_and_a_modality(pipeline: Launcher) -> None:
    need("zarr")
    shutil.unpack_archive(H5AD.parent / "anndata_0.13.4_zarr3.zarr.zip", pipeline.folder / "alone.zarr")
    shutil.unpack_archive(H5AD.parent / "mudata_0.4.1.zarr.zip", pipeline.folder / "both.zarr")
    (pipeline.folder / "plain").mkdir()
    loose = ("--allow_unknown_genes", "--min_log2fc", "0", "--max_p_val_adj", "0.9")
    about = ("--tissue", "blood", "--species", "human", *loose, "--outdir", pipeline.out)
    assert (run := pipeline.run("--input", "alone.zarr", *about)).code == 0, run.said
    alone = chunks(pipeline)["alone"]["clusters"]

    sheet = pipeline.folder / "samples.csv"
    header = "sample,markers,tissue,species,modality\n"
    sheet.write_text(f"{header}a,alone.zarr,blood,human,\nb,both.zarr,blood,human,rna\n")
    assert (run := pipeline.run("--input", sheet, *loose, "--outdir", pipeline.out)).code == 0, run.said
    found = chunks(pipeline)
    assert found["a"]["clusters"] == found["b"]["clusters"] == alone

    sheet.write_text(f"{header}a,plain,blood,human,\n")
    for given in (sheet, "plain"):
        assert "this is a folder; expected a file or a Zarr store" in pipeline.run("--input", given, *about).said


def test_a_seurat_table_with_a_name_own_knowledge_and_an_own_calibration(pipeline: Launcher) -> None:
    knowledge = pipeline.folder / "my own markers.tsv"
    knowledge.write_text(f"{KNOWLEDGE_HEADER}human\tlarge intestine\tenterocyte\tCL:0000584\tFABP1\tmine\t1\n")
    options = ("--tissue", "large intestine", "--species", "human", "--knowledge", knowledge, "--outdir", pipeline.out)
    weights = {"intercept": 1.0}
    mine = Calibration("clusters of mine", 50, 2, weights, weights, provider="offline", model="marker scoring")
    calibration = pipeline.folder / "my calibration.json"
    calibration.write_text(json.dumps(to_json(mine)))
    run = pipeline.run("--input", INTESTINE, "--name", "gut-1", *options, "--calibration", calibration)
    assert run.code == 0, run.said
    assert {row["Probability Near"] for row in pipeline.summary("gut-1")} == {"0.731"}
    assert "50 answers of clusters of mine" in (pipeline.out / "gut-1" / "gut-1_report.html").read_text("utf-8")
    assert names(pipeline.out) == ["gut-1", "index.html", "pipeline_info", "ro-crate-metadata.json"]
    assert names(pipeline.out / "gut-1") == [f"gut-1_{kind}" for kind in KINDS]
    assert len({row["Cluster ID"] for row in pipeline.summary("gut-1")}) == len(pipeline.summary("gut-1")) > 1


def test_a_launch_folder_with_an_apostrophe(pipeline: Launcher, tmp_path_factory: pytest.TempPathFactory) -> None:
    pipeline.folder = pipeline.folder / "it's here"
    pipeline.folder.mkdir()
    about = ("--tissue", "blood", "--species", "human")
    with running_mock(tmp_path_factory.mktemp("mock")) as mock:
        asked = ("--provider", "custom", "--base_url", f"{mock.url}/v1", "--model", "mock")
        for outdir, provider in (("offline", ()), ("asked", asked)):
            run = pipeline.run("--input", PBMC, *about, *provider, "--outdir", outdir)
            assert run.code == 0, run.said
            assert names(pipeline.folder / outdir) == [
                "index.html",
                "pbmc68k_scanpy",
                "pipeline_info",
                "ro-crate-metadata.json",
            ]
        assert mock.stats()["calls"] > 0
    assert list(pipeline.folder.glob(".cassia/journal/pbmc68k_scanpy/*.jsonl"))


def test_a_samplesheet_of_both_from_the_parent_of_a_clone(pipeline: Launcher) -> None:
    (pipeline.folder / "cassia").symlink_to(ROOT)
    options = ("-profile", "test", "--outdir", pipeline.out)
    run = pipeline.run(*options, pipeline="cassia")
    assert run.code == 0, run.said
    assert names(pipeline.out) == [
        "index.html",
        "large_intestine",
        "pbmc68k",
        "pipeline_info",
        "ro-crate-metadata.json",
    ]
    tissues = {}
    for sample in ("large_intestine", "pbmc68k"):
        assert names(pipeline.out / sample) == [f"{sample}_{kind}" for kind in KINDS]
        tissues[sample] = {row["Tissue"] for row in pipeline.summary(sample)}
    assert tissues == {"large_intestine": {"large intestine"}, "pbmc68k": {"peripheral blood"}}
    ids = [{row["Cluster ID"] for row in pipeline.summary(sample)} for sample in ("large_intestine", "pbmc68k")]
    assert ids[0].isdisjoint(ids[1])

    versions = (pipeline.out / "pipeline_info" / "versions.yml").read_text().splitlines()
    stages = [f"CASSIA:{stage}:" for stage in ("ANNOTATE", "CHECK", "COLLECT", "INDEX", "SPLIT")]
    assert versions[::2] == stages
    assert set(versions[1::2]) == {f"    cassia: {cassia_engine.__version__}"}
    assert json.loads((pipeline.out / "pipeline_info" / "params.json").read_text())["chunk_size"] == 50

    assert pipeline.run(*options, "-resume", pipeline="cassia").code == 0
    assert set(pipeline.tasks().values()) == {"CACHED"}


def test_samples_with_settings_of_their_own(pipeline: Launcher) -> None:
    options = ("--n_genes", "40", "--outdir", pipeline.out)
    run = pipeline.run("--input", FULL_SHEET, *options)
    assert run.code == 0, run.said
    arrived = chunks(pipeline)
    kept = ("marker_format", "ranked_by", "gene_filter", "n_genes", "max_p_val_adj", "min_log2fc", "min_pct")
    assert {name: tuple(chunk["selection"][key] for key in kept) for name, chunk in arrived.items()} == {
        "pbmc68k": ("scanpy", "scores", "technical", 30, 0.05, 0.25, 0.1),
        "subclusters": ("seurat", "pct_diff", "none", 40, 0.01, 0.5, 0.2),
        "large_intestine": ("simplified", "given order", "technical", 40, None, None, None),
    }
    assert [cluster["id"] for cluster in arrived["pbmc68k"]["clusters"] if cluster["context"]] == ["0", "3"]
    scores = [marker["score"] for marker in arrived["pbmc68k"]["clusters"][0]["markers"]]
    assert scores == sorted(scores, reverse=True)
    assert "WARN: siblings of pbmc68k: no effect, as they are shown to a language model" in run.said
    siblings = {name: [len(genes) for genes in chunk["siblings"]] for name, chunk in arrived.items()}
    assert siblings == {"pbmc68k": [5] * 11, "subclusters": [], "large_intestine": []}

    # A row is changed, and one is new; what the others have is not done again.
    with FULL_SHEET.open(encoding="utf-8", newline="") as sheet:
        rows = [{**row, "markers": str(FULL_SHEET.parent / row["markers"])} for row in csv.DictReader(sheet)]
    rows[0]["cluster_context"] = str(FULL_SHEET.parent / rows[0]["cluster_context"])
    rows[1]["ascending"] = "TRUE"
    (pipeline.folder / "ids.csv").write_text("cluster,genes\nx,ENSG00000105374;ENSG00000115523.17\n")
    (pipeline.folder / "id map.csv").write_text("id,symbol\nENSG00000105374,NKG7\nENSG00000115523,GNLY\n")
    knowledge = pipeline.folder / "my own.tsv"
    knowledge.write_text(f"{KNOWLEDGE_HEADER}human\tblood\tmy cell\t\tNKG7\tmine\t3\n")
    own = {"sample": "ids", "markers": "ids.csv", "tissue": "blood", "species": "human"}
    rows.append(dict.fromkeys(rows[0], "") | own | {"gene_map": "id map.csv", "knowledge": str(knowledge)})
    cells = {"sample": "cells", "markers": str(H5AD), "tissue": "blood", "species": "human"}
    of_cells = {
        "rank_key": "subset",
        "group_key": "cell_type",
        "allow_unknown_genes": "true",
        "witness": "batch, batch",
    }
    rows.append(dict.fromkeys(rows[0], "") | cells | of_cells)
    rows = [dict.fromkeys(of_cells, "") | row for row in rows]
    run = pipeline.run("--input", write_sheet(pipeline.folder / "sheet.csv", rows), *options, "-resume")
    assert run.code == 0, run.said
    again = {name for name, status in pipeline.tasks().items() if status != "CACHED"}
    stages = ("SPLIT ({})", "ANNOTATE ({} chunk_00000)", "COLLECT ({})")
    assert again == {
        "INDEX",
        "CHECK",
        "LABELS (cells)",
        *(stage.format(sample) for sample in ("cells", "ids", "subclusters") for stage in stages),
    }
    assert chunks(pipeline)["subclusters"]["selection"]["ranked_by"] == "pct_diff, smallest first"
    assert [marker["gene"] for marker in chunks(pipeline)["ids"]["clusters"][0]["markers"]] == ["NKG7", "GNLY"]
    of_sample = chunks(pipeline)["cells"]["clusters"]
    assert [cluster["id"] for cluster in of_sample] == ["0", "1"]
    assert [[said["column"] for said in cluster["cells"]["witnesses"]] for cluster in of_sample] == [["batch"]] * 2
    heads = [path.read_text("utf-8").splitlines()[0] for path in pipeline.folder.glob("work/*/*/chunk_*.jsonl")]
    with_knowledge = {
        head["dataset"]["name"] for head in map(json.loads, heads) if "my own.tsv" in head["run"]["knowledge"]
    }
    assert with_knowledge == {"ids"}


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_text_of_a_samplesheet_arrives_byte_for_byte(pipeline: Launcher, locale: str) -> None:
    pipeline.env |= {"LC_ALL": locale}
    # The shell runs no part of a name that is taken; test_parameters.py has those that are refused.
    # Java finds files of other names than ASCII in a locale only that has their letters.
    letters = "Müller 数据" if locale == "C.UTF-8" else "Miller"
    table = pipeline.folder / 'it\'s "data" (1) & <more>' / f"{letters}, +1 @=~#%-_.csv"
    table.parent.mkdir()
    shutil.copy(PBMC, table)
    # A name of a column that is text of a person too, and a second file of an awkward name.
    column = "the $(touch pwned) ü's group"
    other = table.with_name("other.csv")
    other.write_text(PBMC.read_text().replace("group", column, 1), encoding="utf-8")
    context = table.with_name("#what I know, of clusters.csv")
    context.write_text("cluster,text\n3,quiet\n")
    said = {
        "007": {"tissue": "Müller's retina", "species": "human", "additional_info": TEXT},
        "0.50": {"tissue": "$tissue", "species": "human", "additional_info": ""},
    }
    given = {
        "007": {"markers": table.name, "cluster_column": "", "cluster_context": ""},
        "0.50": {"markers": str(other), "cluster_column": column, "cluster_context": context.name},
    }
    rows = [{"sample": name, **given[name], **texts} for name, texts in said.items()]
    # Paths are relative to the samplesheet's folder; a byte order mark, as Excel writes it, is not part of the header.
    sheet = write_sheet(table.with_name("sheet.csv"), rows)
    sheet.write_bytes(b"\xef\xbb\xbf" + sheet.read_bytes())
    run = pipeline.run("--input", sheet, "--outdir", pipeline.out)
    assert run.code == 0, run.said
    assert datasets(pipeline) == {name: {"name": name, **texts} for name, texts in said.items()}
    assert [cluster["context"] for cluster in chunks(pipeline)["0.50"]["clusters"][2:5]] == ["", "quiet", ""]
    assert names(pipeline.out) == ["0.50", "007", "index.html", "pipeline_info", "ro-crate-metadata.json"]
    assert list(pipeline.folder.rglob("pwned")) == []


def test_text_of_the_command_line_arrives_byte_for_byte(pipeline: Launcher) -> None:
    pipeline.env |= {"LC_ALL": "C.UTF-8"}
    text = TEXT.rstrip()  # Nextflow itself drops spaces at the end
    options = ("--tissue", "Müller's retina", "--species", "human", "--additional_info", text, "--outdir", pipeline.out)
    run = pipeline.run("--input", PBMC, "--name", "x", *options)
    assert run.code == 0, run.said
    expected = {"name": "x", "tissue": "Müller's retina", "species": "human", "additional_info": text}
    assert datasets(pipeline) == {"x": expected}


def test_a_bad_table_ends_with_the_line_of_the_engine_before_anything_is_annotated(pipeline: Launcher) -> None:
    (pipeline.folder / "bad.csv").write_text("a,b,c,d\n1,2,3,4\n")
    sheet = pipeline.folder / "sheet.csv"
    sheet.write_text(f"sample,markers,tissue,species\ngood,{PBMC},blood,human\nbad,bad.csv,blood,human\n")
    run = pipeline.run("--input", sheet, "--outdir", pipeline.out)
    assert run.code != 0
    assert "One page that leads" not in run.said
    lines = [line for line in run.said.splitlines() if "cassia: error:" in line]
    assert len(lines) == 1
    assert "cassia: error: sample bad, bad.csv" in lines[0]
    assert "markers/1/" not in lines[0]
    assert_reason_is_last(run, lines[0])
    assert "Submitted process > CASSIA:SPLIT (good)" in run.said
    assert "CASSIA:ANNOTATE" not in run.said


def test_what_only_the_engine_knows_to_be_wrong_ends_the_run_before_anything_is_annotated(pipeline: Launcher) -> None:
    sheet = pipeline.folder / "sheet.csv"
    rows = f"good,{PBMC},blood,human\nother,{PBMC},blood,humn\n"
    sheet.write_text(f"sample,markers,tissue,species\n{rows}")
    run = pipeline.run("--input", sheet, "--outdir", pipeline.out)
    assert run.code != 0
    assert run.said.splitlines()[-1].startswith("sample other: --species humn: the offline annotator knows human")
    assert "CASSIA:ANNOTATE" not in run.said


def test_a_tissue_that_is_not_known_is_said_at_the_end(pipeline: Launcher) -> None:
    options = ("--input", PBMC, "--name", "one", "--tissue", "larg bowwel", "--species", "human")
    run = pipeline.run(*options, "--outdir", pipeline.out)
    assert run.code == 0, run.said
    assert "Warning: one: the tissue 'larg bowwel' is not in the tissue table (did you mean bowel?)" in run.said


def test_a_journal_folder_that_cannot_be_is_refused_at_launch(pipeline: Launcher) -> None:
    (pipeline.folder / "file").touch()
    options = ("--input", PBMC, "--tissue", "blood", "--species", "human", "--outdir", pipeline.out)
    run = pipeline.run(*options, "--provider", "ollama", "--model", "x", "--journal_dir", "file/journal")
    assert run.code != 0
    assert run.said.splitlines()[-1].startswith("--journal_dir file/journal: no folder can be made")


def assert_reason_is_last(run: Run, line: str) -> None:
    """The engine's line stands last, and nothing that is no message of a person's stands anywhere."""
    assert run.said.splitlines()[-1] == line.split("cassia: error: ")[1]
    assert "Exception" not in run.said
    assert "\tat " not in run.said


def test_bad_corrections_end_with_the_line_of_the_engine_too(pipeline: Launcher) -> None:
    (pipeline.folder / "said.csv").write_text("cluster,label\n99,T cell\n")
    options = ("--input", PBMC, "--tissue", "blood", "--species", "human", "--outdir", pipeline.out)
    run = pipeline.run(*options, "--corrections", "said.csv")
    assert run.code != 0
    [line] = [line for line in run.said.splitlines() if "cassia: error:" in line]
    assert "said.csv, line 2: column cluster: 99 is not in the marker table" in line
    assert_reason_is_last(run, line)


@pytest.mark.parametrize("table", ["good", "bad"])
def test_on_a_terminal_the_reason_is_last_too(pipeline: Launcher, table: str) -> None:
    """There Nextflow repeats its errors after a last table of tasks; what refuses a launch stands alone."""
    script = shutil.which("script")
    if script is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("script (util-linux) is not here")
    (pipeline.folder / "bad.csv").write_text("a,b,c,d\n1,2,3,4\n")
    given = f"--input {shlex.quote(str(PBMC) if table == 'good' else 'bad.csv')} --species human --outdir out"
    told = f"{given} --tissue blood" if table == "bad" else given
    command = [script, "-qec", f"{shlex.quote(pipeline.nextflow)} run {shlex.quote(str(ROOT))} {told}", "/dev/null"]
    env = {**pipeline.env, "NXF_ANSI_LOG": "true", "TERM": "xterm"}
    done = subprocess.run(command, cwd=pipeline.folder, env=env, capture_output=True, text=True, timeout=TIMEOUT_S)
    assert done.returncode != 0
    plain = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", done.stdout.replace("\r", ""))
    lines = [line for line in plain.splitlines() if line.strip()]
    expected = "sample bad, bad.csv, line 1: not a " if table == "bad" else "--tissue is missing: a marker table"
    assert lines[-1].startswith(expected), plain
    assert "Exception" not in plain


def test_several_files_of_one_sample(pipeline: Launcher) -> None:
    """Rows of one sample are files of it, also two of one name; they go to one task, in their order."""
    for folder, cluster in {"first": "b", "second": "a"}.items():
        (pipeline.folder / folder).mkdir()
        (pipeline.folder / folder / "markers.csv").write_text(f"cluster,genes\n{cluster},CD3D;CD3E;CD2;TRAC\n")
    sheet = pipeline.folder / "sheet.csv"
    rows = "".join(f"one,{folder}/markers.csv,blood,human\n" for folder in ("second", "first"))
    sheet.write_text(f"sample,markers,tissue,species\n{rows}two,{PBMC},blood,human\n")
    run = pipeline.run("--input", sheet, "--outdir", pipeline.out)
    assert run.code == 0, run.said
    assert [row["Cluster ID"] for row in pipeline.summary("one")] == ["a", "b"]
    scripts = (path.read_text().splitlines() for path in pipeline.folder.glob("work/*/*/.command.sh"))
    splits = {line.removesuffix(" \\") for lines in scripts for line in lines if line.startswith("cassia-engine split")}
    assert splits == {
        "cassia-engine split markers/1/markers.csv markers/2/markers.csv",
        "cassia-engine split markers/1/pbmc68k_scanpy.csv",
    }
    [first] = pipeline.folder.glob("work/*/*/markers/1/markers.csv")
    assert first.resolve() == pipeline.folder / "second" / "markers.csv"


def test_resume_after_a_launch_that_was_refused(pipeline: Launcher) -> None:
    """As docs/usage.md says: -resume takes up the last launch, also a refused one; `nextflow log` has the others."""
    options = ("--input", PBMC, "--tissue", "blood", "--species", "human", "--outdir", pipeline.out)
    assert pipeline.run(*options).code == 0
    assert pipeline.run(*options, "--n_genes", "many").code != 0
    log = subprocess.run(
        [pipeline.nextflow, "log"], cwd=pipeline.folder, env=pipeline.env, capture_output=True, text=True
    )
    rows = [[cell.strip() for cell in line.split("\t")] for line in log.stdout.splitlines()[1:]]
    assert [row[3] for row in rows] == ["OK", "-"]
    # A refused launch with -resume stays in the session that it resumes.
    assert pipeline.run(*options, "-resume", rows[0][5], "--n_genes", "many").code != 0
    run = pipeline.run(*options, "-resume")
    assert run.code == 0, run.said
    assert set(pipeline.tasks().values()) == {"CACHED"}


def test_the_end_says_what_needs_review(pipeline: Launcher) -> None:
    (pipeline.folder / "few.csv").write_text("cluster,genes\n=T,CD3D;CD3E;CD2;TRAC;IL7R\nodd,AAA1;BBB2\n")
    options = ("--tissue", "blood", "--species", "mouse", "--outdir", pipeline.out)
    run = pipeline.run("--input", "few.csv", *options)
    assert run.code == 0, run.said
    told = json.loads(next(pipeline.folder.glob("work/*/*/few_status.json")).read_text("utf-8"))
    assert dict(told["review"])["odd"] == "unresolved"
    assert told["summary"].startswith("1 of 2 clusters has a cell type. ")
    assert "odd (unresolved)" in told["summary"]
    assert f"       {told['summary']}" in run.said.splitlines()
    # Genes that do not fit the species: before anything is annotated, and at the end.
    early = "WARN: few: 4 of 7 genes are written like human symbols (CD3D, CD3E, CD2, ...), and the species is mouse"
    assert early in run.said
    assert told["warnings"][0].startswith("4 of 7 genes are written like human symbols (CD3D, CD3E, CD2, IL7R), ")
    assert f"       Warning: {told['warnings'][0]}" in run.said.splitlines()


def test_stubs(pipeline: Launcher) -> None:
    run = pipeline.run("-profile", "test", "-stub-run", "--outdir", pipeline.out)
    assert run.code == 0, run.said
    assert names(pipeline.out / "pbmc68k") == [f"pbmc68k_{kind}" for kind in KINDS]
    assert names(pipeline.out / "pipeline_info") == list(INFO)


def test_lint() -> None:
    need("nextflow")
    done = subprocess.run([ROOT / "scripts" / "lint-nextflow"], capture_output=True, text=True)
    assert (done.returncode, "had no errors" in done.stdout) == (0, True), done.stdout + done.stderr
