"""Whatever is wrong with parameters or samplesheet stops the launch: all of it, a line each that says what to do."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

import cassia_engine
from tests.conftest import EXAMPLES
from tests.pipeline.launch import Launcher

pytestmark = pytest.mark.slow

PBMC = str(EXAMPLES / "pbmc68k_scanpy.csv")
TABLE = ("--input", PBMC, "--outdir", "out", "--tissue", "blood", "--species", "human")
HEADER = "sample,markers,tissue,species\n"


def words_after_launch(said: str) -> list[str]:
    """What was said after Nextflow's two lines of greeting."""
    return [line for line in said.splitlines()[2:] if line]


def assert_said(said: str, starts: Sequence[str]) -> None:
    """Whether each line starts as it should, and there are no others."""
    lines = words_after_launch(said)
    assert [line[: len(start)] for line, start in zip(lines, starts, strict=False)] == list(starts), said
    assert len(lines) == len(starts), said


@pytest.mark.parametrize(
    ("arguments", "starts"),
    [
        ((), ["--input is missing: Marker table, or samplesheet of many.", "--outdir is missing: Folder"]),
        (
            ("--input", PBMC, "--outdir", "out", "--species", "human"),
            ["--tissue is missing: a marker table needs --tissue and --species"],
        ),
        (("--input", "none.csv", "--outdir", "out"), ["--input none.csv: no such file"]),
        (
            (
                *("--inptu", PBMC, "--chunk-size", "3", "--ranking", "Score"),
                *("--additional_info", "--n_genes", "1.5", "--max_p_val_adj", "small", "--min_pct", "-1"),
                *("--name", "a/b", "--marker_format", "sueprat", "--ranking_method", "score", "--ascending", "yes"),
                *(
                    "--cluster_column",
                    "0",
                    "--gene_map",
                    "..",
                    "--knowledge",
                    "none.tsv",
                    "--provider",
                    "ofline",
                    *TABLE,
                ),
            ),
            [
                "--inptu: there is no such parameter; did you mean --input?",
                "--chunkSize: there is no such parameter; did you mean --chunk_size?",
                "--ranking: there is no such parameter; did you mean --ranking_method?",
                "--name a/b: expected a name for files and a folder: letters, digits",
                "--additional_info: a value is missing; expected string",
                "--marker_format sueprat: expected one of auto, seurat, scanpy, presto, long, simplified; "
                "did you mean seurat?",
                "--n_genes 1.5: expected a whole number",
                "--max_p_val_adj small: expected a number",
                "--min_pct -1: expected at least 0",
                "--ranking_method score: expected one of avg_log2FC, p_val_adj, pct_diff, Score; did you mean Score?",
                "--ascending yes: expected nothing, true or false after it",
                "--cluster_column 0: Nextflow has read this as a number (007 becomes 7)",
                "--gene_map ..: this is a folder; expected a file",
                "--provider ofline: expected one of offline, openrouter, openai",
                "--knowledge none.tsv: no such file",
            ],
        ),
    ],
)
def test_wrong_parameters(pipeline: Launcher, arguments: tuple[str, ...], starts: list[str]) -> None:
    run = pipeline.run(*arguments)
    assert run.code != 0
    assert_said(run.said, starts)
    assert not (pipeline.folder / "work").exists() or not list((pipeline.folder / "work").iterdir())


BAD_HEADER = f"""\
sample;marker;tissue;species;n_gens;tissue;
a;{PBMC};blood;human;;;
"""
BAD_ROWS = f"""\
{HEADER[:-1]},n_genes,min_pct,max_p_val_adj,ranking_method,ascending,gene_map,cluster_context
a,{PBMC},,human,many,-1,x,score,maybe,none.csv,.
a,none.csv,blood,human,0,.5,1e-3,Score,TRUE,,
,,,,,,,,,,
../b,{PBMC},blood,human,1.5,,,,,,
pipeline_info,{PBMC},"two
lines",human,,,,,,,
c,{PBMC},blood
fine,{PBMC},blood,human,,,,,,,
"""


@pytest.mark.parametrize(
    ("sheet", "starts"),
    [
        (HEADER, ["sheet.csv: the samplesheet has a header and no samples"]),
        (f'{HEADER}a,"{PBMC},blood,human\n', ["sheet.csv, line 2: a cell with double quotes is not closed"]),
        (
            "sample,markers,tissue,species\na,b,M\udcfcller,c\n",
            ["sheet.csv: the samplesheet is not UTF-8; save it as CSV UTF-8"],
        ),
        (
            BAD_HEADER,
            [
                "sheet.csv: unknown column marker; did you mean markers? Known are sample, markers, tissue, ",
                "sheet.csv: column tissue is there twice; keep one",
                "sheet.csv: unknown column n_gens; did you mean n_genes? Known are ",
                "sheet.csv: column 7 has no name; name it or remove it",
                "sheet.csv: column markers is missing; expected a marker table: CSV or TSV, also .gz, or Parquet",
                # By the last of the two.
                "sheet.csv, line 2, tissue: the cell is empty; expected the tissue, in your words",
            ],
        ),
        (
            BAD_ROWS,
            [
                "sheet.csv, line 2, tissue: the cell is empty; expected the tissue, in your words",
                "sheet.csv, line 2, cluster_context .: this is a folder; expected a file",
                "sheet.csv, line 2, n_genes many: expected a whole number",
                "sheet.csv, line 2, max_p_val_adj x: expected a number",
                "sheet.csv, line 2, min_pct -1: expected at least 0",
                "sheet.csv, line 2, ranking_method score: expected one of avg_log2FC, p_val_adj, pct_diff, Score; ",
                "sheet.csv, line 2, ascending maybe: expected true or false",
                "sheet.csv, line 2, gene_map none.csv: no such file, neither beside the samplesheet nor in ",
                "sheet.csv, line 3, markers none.csv: no such file, neither beside the samplesheet nor in ",
                "sheet.csv, line 3, n_genes 0: expected at least 1",
                "sheet.csv, line 3, sample: a is already in line 2; expected a name of its own for each row",
                "sheet.csv, line 5, sample ../b: expected a name for files and a folder: letters, digits and . _ + -",
                "sheet.csv, line 5, n_genes 1.5: expected a whole number",
                "sheet.csv, line 6, sample pipeline_info: expected a name for files and a folder",
                "sheet.csv, line 8, all columns: 3 cells where the header has 11; expected double quotes around text",
            ],
        ),
    ],
)
def test_wrong_samplesheets(pipeline: Launcher, sheet: str, starts: list[str]) -> None:
    (pipeline.folder / "sheet.csv").write_bytes(sheet.encode("utf-8", "surrogateescape"))
    run = pipeline.run("--input", "sheet.csv", "--outdir", "out")
    assert run.code != 0
    assert_said(run.said, starts)


def test_parameters_and_samplesheet_are_checked_together(pipeline: Launcher) -> None:
    (pipeline.folder / "sheet.csv").write_text(HEADER + "".join(f"s{i},none.csv,blood,human\n" for i in range(60)))
    (pipeline.folder / "a$b.csv").write_text("id,symbol\n")
    run = pipeline.run("--input", "sheet.csv", "--n_genes", "0", "--gene_map", "a$b.csv")
    starts = [
        "--n_genes 0: ",
        "--gene_map a$b.csv: Nextflow takes a $ in a path for a variable",
        "--outdir is missing: ",
    ]
    assert_said(run.said, [*starts, *(f"sheet.csv, line {i}, markers " for i in range(2, 49)), "... and 13 more"])


def test_a_samplesheet_says_itself_what_options_say_of_a_table(pipeline: Launcher) -> None:
    """Clusters of several tables have the same ids, so a table about clusters is one sample's."""
    for name in ("context", "said"):
        (pipeline.folder / f"{name}.csv").write_text("cluster,label\n0,T cell\n")
    about_clusters = ("--cluster_context", "context.csv", "--corrections", "said.csv")
    run = pipeline.run("-profile", "test", "--outdir", "out", "--name", "x", "--tissue", "blood", *about_clusters)
    columns = {"name": "sample", "tissue": "tissue", "cluster_context": "cluster_context", "corrections": "corrections"}
    assert words_after_launch(run.said) == [
        f"--{name}: --input samplesheet.csv is a samplesheet, which says this of each sample in its column {column}; "
        f"leave --{name} out"
        for name, column in columns.items()
    ]


@pytest.mark.parametrize("user", ["me:canary-pass@", "canary-pass@", "me:canary/pass@"])
def test_a_password_in_a_url_is_refused_and_not_shown(pipeline: Launcher, user: str) -> None:
    """It would be written down: in params.json, and in the report of the run."""
    urls = [f"{option} https://{user}host.example/v1" for option in ("--provider", "--base_url", "--proxy")]
    run = pipeline.run(*TABLE, *" ".join(urls).split())
    assert run.code != 0
    assert_said(
        run.said,
        [
            "--provider https://...@host.example/v1: expected one of offline, openrouter, openai, anthropic, groq, "
            "mistral, ollama, custom, or a URL without name and password",
            "--base_url https://...@host.example/v1: expected a URL with https://, or http:// for this machine, "
            "without name and password; ",
            "--proxy https://...@host.example/v1: expected the URL of a proxy without name and password; one that has "
            "them goes into HTTPS_PROXY of the environment, with --trust_env",
        ],
    )
    assert "canary" not in run.said
    written = [path for path in (pipeline.folder / "out").rglob("*") if path.is_file()]
    assert [path.name for path in written] == ["trace.txt"]
    assert b"canary" not in written[0].read_bytes()


def test_text_that_came_in_another_encoding(pipeline: Launcher) -> None:
    pipeline.env |= {"LC_ALL": "C"}
    run = pipeline.run("--input", PBMC, "--outdir", "out", "--species", "human", "--tissue", "Müller")
    assert run.code != 0
    assert "set LC_ALL=C.UTF-8" in words_after_launch(run.said)[0]


def test_help_and_version(pipeline: Launcher) -> None:
    run = pipeline.run("--help")
    assert run.code == 0
    assert "  --max_failed_clusters integer" in run.said
    assert max(map(len, run.said.splitlines())) <= 100
    assert words_after_launch(pipeline.run("--version").said) == [f"cassia {cassia_engine.__version__}"]
    assert not (pipeline.folder / "null").exists()
