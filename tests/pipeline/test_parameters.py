"""Whatever is wrong with parameters or samplesheet stops the launch: all of it, a line each that says what to do."""

from __future__ import annotations

import csv
from collections.abc import Sequence

import pytest

import cassia_engine
from cassia_engine.providers.table import load
from cassia_engine.records import OFFLINE
from tests.conftest import EXAMPLES
from tests.pipeline.launch import Launcher

pytestmark = pytest.mark.slow

PBMC = str(EXAMPLES / "pbmc68k_scanpy.csv")
TABLE = ("--input", PBMC, "--outdir", "out", "--tissue", "blood", "--species", "human")
HEADER = "sample,markers,tissue,species\n"
PROVIDERS = ", ".join((OFFLINE, *(row.provider for row in load())))


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
        ((), ["--input is missing: Marker table or AnnData (.h5ad), or samplesheet", "--outdir is missing: Folder"]),
        (
            ("--input", PBMC, "--outdir", "out", "--species", "human"),
            ["--tissue is missing: a marker table needs --tissue and --species"],
        ),
        (("--input", "none.csv", "--outdir", "out"), ["--input none.csv: no such file"]),
        (("--input", PBMC, "--outdir", "out", "--write_h5ad", *TABLE), ["--write_h5ad copies .h5ad files with the"]),
        (
            (
                *("--inptu", PBMC, "--chunk-size", "3", "--ranking", "Score", "--organism", "x", "--groupby", "y"),
                "--resume",
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
                "--organism: there is no such parameter; did you mean --species?",
                "--groupby: there is no such parameter; did you mean --group_key?",
                "--resume: there is no such parameter; Nextflow's own options have one dash: -resume",
                "--name a/b: expected a name for files and a folder: letters, digits",
                "--additional_info: a value is missing; expected string",
                "--marker_format sueprat: expected one of auto, seurat, scanpy, presto, seurat_conserved, ",
                "--n_genes 1.5: expected a whole number",
                "--max_p_val_adj small: expected a number",
                "--min_pct -1: expected at least 0",
                "--ranking_method score: expected one of avg_log2FC, p_val_adj, pct_diff, Score; did you mean Score?",
                "--ascending yes: expected nothing, true or false after it",
                "--cluster_column 0: Nextflow has read this as a number (007 becomes 7)",
                "--gene_map ..: this is a folder; expected a file",
                f"--provider ofline: expected one of {PROVIDERS}, or a URL without name and password (whose key goes "
                "into CUSTOM_API_KEY of the environment); did you mean offline?",
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


def test_options_that_nobody_would_look_at_are_refused_at_launch(pipeline: Launcher) -> None:
    knowledge = pipeline.folder / "mine.tsv"
    knowledge.write_text("species\ttissue\tcell_type\tcl_id\tgene\tsource\tweight\n")
    others = ("--max_rounds", "3", "--trust_env", "false")
    run = pipeline.run(*TABLE, "--model", "m", "--siblings", "3", "--controls", "2", *others)
    assert run.code != 0
    line = "--model, --siblings, --controls ask a language model, and the provider is offline, which asks none; "
    assert_said(run.said, [f"{line}name one with --provider, or leave them out"])
    run = pipeline.run(*TABLE, "--provider", "ollama", "--knowledge", knowledge)
    assert run.code != 0
    assert_said(
        run.said, ["--knowledge adds to what --provider offline knows, and ollama is asked; leave one of them out"]
    )
    sheet = pipeline.folder / "sheet.csv"
    sheet.write_text(f"{HEADER[:-1]},knowledge\na,{PBMC},blood,human,\nb,{PBMC},blood,human,mine.tsv\n")
    run = pipeline.run("--input", sheet, "--outdir", "out", "--provider", "ollama")
    assert run.code != 0
    assert_said(
        run.said, ["--knowledge (sample b) adds to what --provider offline knows, and ollama is asked; leave one"]
    )
    assert not list((pipeline.folder / "work").iterdir())


def test_the_air_gap_refuses_addresses_elsewhere(pipeline: Launcher) -> None:
    run = pipeline.run(*TABLE, "--provider", "openai", "--proxy", "http://proxy.example:3128", "--air_gap")
    assert run.code != 0
    why = "is not this machine, and --air_gap lets nothing leave it; ask a server at localhost or 127.0.0.1"
    assert_said(run.said, [f"--provider openai: api.openai.com {why}", f"--proxy: proxy.example {why}"])
    assert not list((pipeline.folder / "work").iterdir())


@pytest.mark.parametrize(
    ("arguments", "starts"),
    [
        (("--models", "a,b", "--model", "a"), ["--models names the models that are asked, and --model another one; "]),
        (
            ("--models", "a, b,a", "--escalate_to", "b"),
            [
                "--models a, b,a: a is named more than once; --votes 2 asks each model twice",
                "--escalate_to b: this model is asked about every cluster already; name a stronger one",
            ],
        ),
        (("--models", "a,,b"), ["--models a,,b: expected names of models with commas between, none of them empty"]),
        (
            ("--model", "a", "--escalate_to", "a", "--fallback_model", "a"),
            [
                "--escalate_to a: this model is asked about every cluster already",
                "--fallback_model a: this model is asked already; name another one",
            ],
        ),
    ],
)
def test_models_that_would_have_no_say_are_refused_at_launch(
    pipeline: Launcher, arguments: tuple[str, ...], starts: list[str]
) -> None:
    assert_said(pipeline.run(*TABLE, "--provider", "ollama", *arguments).said, starts)


@pytest.mark.parametrize(
    ("arguments", "starts"),
    [
        (
            ("--provider", "command", "--base_url", "https://h/v1"),
            [
                '--provider command: give the command line of the program with --command, such as "python3 /path',
                "--base_url: --provider command runs a program, and nothing is sent by cassia itself; leave it out",
            ],
        ),
        (
            ("--provider", "ollama", "--command", "ask"),
            ["--command is run for --provider command, and the provider is ollama; leave one of them out"],
        ),
    ],
)
def test_a_command_is_checked_at_launch(pipeline: Launcher, arguments: tuple[str, ...], starts: list[str]) -> None:
    assert_said(pipeline.run(*TABLE, *arguments).said, starts)


@pytest.mark.parametrize(
    ("arguments", "starts"),
    [
        (
            ("--batch",),
            ["--batch: ollama has no batch API that cassia knows; openai, anthropic, groq, mistral, google have one"],
        ),
        (("--batch_wait", "5m"), ["--batch_wait 5m is about batches, and none is made: add --batch, or leave it out"]),
    ],
)
def test_batches_that_nobody_makes_are_refused_at_launch(
    pipeline: Launcher, arguments: tuple[str, ...], starts: list[str]
) -> None:
    assert_said(pipeline.run(*TABLE, "--provider", "ollama", *arguments).said, starts)


@pytest.mark.parametrize(
    ("arguments", "starts"),
    [
        (
            ("--max_cost", "1.5"),
            ["--max_cost 1.5: the prices of ollama are not known; give --price_in and --price_out"],
        ),
        (("--price_in", "1.5"), ["--price_in and --price_out: give both, or neither"]),
    ],
)
def test_prices_are_checked_at_launch(pipeline: Launcher, arguments: tuple[str, ...], starts: list[str]) -> None:
    assert_said(pipeline.run(*TABLE, "--provider", "ollama", *arguments).said, starts)


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


def test_a_samplesheet_as_excel_writes_it(pipeline: Launcher) -> None:
    """With semicolons, a hint of them, a byte order mark, spaces, empty cells; test_samplesheet_readers has more."""
    text = (
        f"\ufeffsep=;\r\n\r\n Sample ;MARKER;Tissue ;SPECIES;batch;additional_info;;\r\n"
        f"\ta ;\u00a0{PBMC};blood;human;1;  hi;;\r\n;;;;;;;\r\n\r\nb;{PBMC} ;blood;human;2;;;\r\n"
    )
    (pipeline.folder / "sheet.csv").write_text(text, encoding="utf-8", newline="")
    run = pipeline.run("--input", "sheet.csv", "--outdir", "out", "-stub-run")
    assert run.code == 0, run.said
    scripts = [path.read_text() for path in pipeline.folder.glob("work/*/*/.command.sh")]
    assert sum("chunks/chunk_00000.json" in script for script in scripts) == 2
    assert sorted(path.name for path in pipeline.out.iterdir()) == [
        "a",
        "b",
        "index.html",
        "pipeline_info",
        "ro-crate-metadata.json",
    ]
    [warning] = [line for line in run.said.splitlines() if "WARN" in line]
    assert "sheet.csv: column batch is not read; known are sample, markers, tissue" in warning


@pytest.mark.parametrize("user", ["me:canary-pass@", "canary-pass@", "me:canary/pass@"])
def test_a_password_in_a_url_is_refused_and_not_shown(pipeline: Launcher, user: str) -> None:
    """It would be written down: in params.json, and in the report of the run."""
    urls = [f"{option} https://{user}host.example/v1" for option in ("--provider", "--base_url", "--proxy")]
    run = pipeline.run(*TABLE, *" ".join(urls).split())
    assert run.code != 0
    assert_said(
        run.said,
        [
            f"--provider https://...@host.example/v1: expected one of {PROVIDERS}, or a URL without name and password",
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


FROM_26_04 = {"NXF_DISABLE_PARAMS_TYPE_DETECTION": "1"}  # every value of the command line is a text, as there


@pytest.mark.parametrize("settings", [{}, FROM_26_04])
def test_values_that_do_not_fit_their_type(pipeline: Launcher, settings: dict[str, str]) -> None:
    pipeline.env |= settings
    (pipeline.folder / "more.yml").write_text("species: [human, mouse]\n")
    wrong = [
        *("--n_genes", "1e3", "--max_tasks", "x", "--max_p_val_adj", "0,05", "--min_pct", "-0.5", "--siblings", "1.0"),
        *("--fresh", "maybe", "--retry_failed", "1", "--chunk_size", "99999999999", "--ranking_method", "--model"),
        *("--max_workers", "--journal_dir", "null", "--tissue", "false", "-params-file", "more.yml"),
    ]
    run = pipeline.run("--input", PBMC, "--outdir", "out", *wrong)
    assert run.code != 0
    said = {line.split()[0].rstrip(":"): line for line in words_after_launch(run.said)}
    expected = {
        "--n_genes": "expected a whole number",
        "--max_tasks": "expected a whole number",
        "--max_p_val_adj": "expected a number",
        "--min_pct": "expected at least 0",
        "--siblings": "expected a whole number",
        "--fresh": "expected nothing, true or false after it",
        "--retry_failed": "expected nothing, true or false after it",
        "--chunk_size": "expected a whole number of at most nine digits",
        "--ranking_method": "a value is missing; expected string",
        "--model": "a value is missing; expected string",
        "--max_workers": "a value is missing; expected integer",
        "--journal_dir": "a value is missing; leave it out for its default, .cassia/journal",
        "--tissue": "a value is missing; expected string",
        "--species": "expected one value of type string, not a list or map",
    }
    assert {name: line.split(": ", 1)[1] for name, line in said.items()} == expected, run.said
    assert len(words_after_launch(run.said)) == len(expected)


NO_PATH = (
    "expected the path of a file, without spaces around it; one of the web must be downloaded first (letters beyond "
    "ASCII need LC_ALL=C.UTF-8)"
)


def test_a_file_of_the_web_is_refused_in_a_line(pipeline: Launcher) -> None:
    url = "http://127.0.0.1:9/t.csv"
    (pipeline.folder / "sheet.csv").write_text(f"{HEADER}a,{url},blood,human\nb,other://x.csv,blood,human\n")
    run = pipeline.run("--input", "sheet.csv", "--outdir", "out", "--gene_map", url)
    assert words_after_launch(run.said) == [
        f"--gene_map {url}: {NO_PATH}",
        f"sheet.csv, line 2, markers {url}: {NO_PATH}",
        f"sheet.csv, line 3, markers other://x.csv: {NO_PATH}",
    ]
    run = pipeline.run(*TABLE, "--knowledge", " x.tsv", "--corrections", "")
    assert words_after_launch(run.said) == [
        f"--knowledge  x.tsv: {NO_PATH}",
        "--corrections: a value is missing; expected string",
    ]


def test_file_names_that_a_shell_could_run(pipeline: Launcher) -> None:
    """Nextflow puts them into a task's script, and quotes not every character there."""
    folder = pipeline.folder
    names = {";": "a;b.csv", "`": "a`id`.csv", "(": "a(1).csv", '"': 'a"b.csv', "'": "a'b.csv", "[": "a[1].csv"}
    names |= {"{": "a{b,c}.csv", "|": "a|b.csv", "&": "a&b.csv", ":": "a:b.csv", "!": "a!b.csv", "*": "a*.csv"}
    names |= {
        "U+000A": "a\nb.csv",
        "U+0009": "a\tb.csv",
        "U+3000": "a\u3000b.csv",
        "U+200B": "a\u200bb.csv",
        "<": "a<b.csv",
    }
    for name in ("$(touch pwned).csv", " space.csv", *names.values()):
        (folder / name).write_text("id,symbol\n")
    (folder / "d[1]").mkdir()
    (folder / "d[1]" / "map.csv").write_text("id,symbol\n")
    rows = [[f"s{n}", PBMC, "blood", "human", name] for n, name in enumerate([*names.values(), "d[1]/map.csv"])]
    with (folder / "sheet.csv").open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows([[*HEADER.strip().split(","), "gene_map"], *rows])
    run = pipeline.run(
        "--input", "sheet.csv", "--outdir", "out", "--gene_map", " space.csv", "--knowledge", "$(touch pwned).csv"
    )
    assert run.code != 0
    lines = words_after_launch(run.said)
    assert lines[0] == "--gene_map  space.csv: " + NO_PATH
    assert lines[1].startswith(
        "--knowledge $(touch pwned).csv: Nextflow takes a $ in a path for a variable of the shell"
    )
    assert len(lines) == 2 + len(names) + 1
    for line, mark in zip(lines[2:-1], names, strict=True):
        assert f"the shell of a task could run a file name with {mark} in it; rename it to letters, digits, " in line
    assert "the shell of a task could run a path with [ in it; rename the folder to letters" in lines[-1]
    assert list(folder.rglob("pwned")) == []


def test_help_and_version(pipeline: Launcher) -> None:
    run = pipeline.run("--help")
    assert run.code == 0
    assert "  --max_failed_clusters integer" in run.said
    assert max(map(len, run.said.splitlines())) <= 100
    assert words_after_launch(pipeline.run("--version").said) == [f"cassia {cassia_engine.__version__}"]
    assert not (pipeline.folder / "null").exists()
