"""R/cassia.R in a real R: what an R user gets, and the blocks of docs/seurat.md as they stand there."""

from __future__ import annotations

import csv
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from cassia_engine.outputs.summary_tables import COLUMNS
from tests.conftest import EXAMPLES, ROOT, need

pytestmark = pytest.mark.slow

INTESTINE = EXAMPLES / "large_intestine_seurat.csv.gz"
ENDS = ("_conversations.json", "_full.csv", "_mqc.json", "_outcomes_mqc.json", "_report.html", "_summary.csv")
NEEDS_SEURAT = "# Needs Seurat"

Run = Callable[..., subprocess.CompletedProcess[str]]


def write_command(path: Path, *lines: str) -> Path:
    """A `cassia` for a test, as a shell script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(["#!/bin/sh", *lines]) + "\n")
    path.chmod(0o755)
    return path


def real_cassia(path: Path) -> Path:
    return write_command(
        path,
        f'exec {shlex.quote(sys.executable)} -m cassia_engine "$@"',
    )


@pytest.fixture
def r(tmp_path: Path) -> Run:
    """Run R code after cassia.R is sourced, in `tmp_path`, with the real command."""
    rscript = need("Rscript")
    command = real_cassia(tmp_path / "bin" / "cassia")

    def run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
        script = tmp_path / "script.R"
        script.write_text(f'source("{ROOT}/R/cassia.R")\n{code}', encoding="utf-8")
        env = os.environ | {"CASSIA_COMMAND": str(command)} | environment
        return subprocess.run(
            [rscript, "--vanilla", str(script)],
            capture_output=True,
            encoding="utf-8",
            cwd=tmp_path,
            env=env,
            timeout=120,
        )

    return run


def passed(done: subprocess.CompletedProcess[str]) -> subprocess.CompletedProcess[str]:
    assert done.returncode == 0, done.stderr
    return done


def failed(done: subprocess.CompletedProcess[str]) -> str:
    """The error that stopped a script, on one line."""
    assert done.returncode == 1, done.stdout
    text = f"\n{done.stderr}".partition("\nError: ")[2].removesuffix("Execution halted\n")
    return " ".join(text.split())


def recorder(folder: Path) -> Path:
    """A `cassia` that keeps its arguments, one a line, and writes the smallest summary."""
    return write_command(
        folder / "recorder",
        f'printf "%s\\n" "$@" > {folder}/arguments',
        f'printf "Cluster ID\\n0\\n" > {folder}/run_summary.csv',
    )


def test_summary_is_that_of_the_command_line(r: Run, tmp_path: Path) -> None:
    code = f"""
    markers <- read.csv("{INTESTINE}", row.names = 1, check.names = FALSE, stringsAsFactors = TRUE)
    runCASSIA_batch(markers, "out/run.v2", tissue = "large intestine", provider = "offline")
    """
    passed(r(code))
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [f"run.v2{end}" for end in ENDS]
    context = ["--tissue", "large intestine", "--species", "human", "--name", "run.v2", f"--outdir={tmp_path}/cli"]
    context += ["--gene_filter", "none"]
    subprocess.run([sys.executable, "-m", "cassia_engine", "run", INTESTINE, *context], check=True)
    for end in ("_summary.csv", "_full.csv"):
        assert (tmp_path / "out" / f"run.v2{end}").read_bytes() == (tmp_path / "cli" / f"run.v2{end}").read_bytes()


def test_a_path_is_taken_as_it_is(r: Run, tmp_path: Path) -> None:
    passed(r(f'runCASSIA_batch("{INTESTINE}", "run", tissue = "large intestine", provider = "offline")'))
    assert sorted(path.name for path in tmp_path.glob("run_*")) == [f"run{end}" for end in ENDS]


@pytest.mark.parametrize("locale", ["C.UTF-8", "C"])
def test_ids_survive_both_ways(r: Run, tmp_path: Path, locale: str) -> None:
    code = r"""
    ids <- c("7_0", "007", "1e5", "-1", "'-1", "=1+1", "a \"b\", c", " padded ", "caf\u00e9", "None", "a;=1", "\uff1d1",
      "'\u200b=1", "x;'@y")
    markers <- data.frame(cluster = factor(ids, levels = rev(ids)), markers = "CD3D,CD3E,IL7R")
    annotation <- runCASSIA_batch(markers, "caf\u00e9/run", tissue = "it's n\u00e9o $HOME", provider = "offline")
    stopifnot(
      identical(annotation[["Cluster ID"]], ids), identical(unique(annotation$Tissue), "it's n\u00e9o $HOME"),
      is.numeric(annotation$Score), identical(annotation[["Marker Number"]], rep(3, 14)), all(is.na(annotation$Reason))
    )
    """
    passed(r(code, LC_ALL=locale))
    with open(tmp_path / "café" / "run_summary.csv", encoding="utf-8", newline="") as table:
        ids = [row["Cluster ID"] for row in csv.DictReader(table)]
    assert ids[3:6] == ["'-1", "''-1", "'=1+1"]


def test_numbers_keep_their_digits_and_ids_their_look(r: Run, tmp_path: Path) -> None:
    code = """
    markers <- data.frame(cluster = c(0, 0.1, 10, 1e5), gene = "CD3D", avg_log2FC = c(1 / 3, Inf, -Inf, NaN),
      p_val_adj = c(0, 1e-300, 0.1 + 0.2, NA), row.names = c("w", "x", "y", "z"))
    .cassia_write(markers, "markers.csv")
    """
    passed(r(code))
    assert (tmp_path / "markers.csv").read_text().splitlines() == [
        '"cluster","gene","avg_log2FC","p_val_adj"',
        '0,"CD3D",0.33333333333333331,0',
        '0.1,"CD3D",Inf,1e-300',
        '10,"CD3D",-Inf,0.30000000000000004',
        '100000,"CD3D",NaN,NA',
    ]


def test_arguments_become_options_only_when_given(r: Run, tmp_path: Path) -> None:
    command = str(recorder(tmp_path))
    passed(r('runCASSIA_batch("markers.csv", "run", provider = "offline")', CASSIA_COMMAND=command))
    plain = "run --name=run --outdir=. --tissue=lung --species=human --provider=offline --n_genes=50"
    plain += " --gene_filter=none -- markers.csv"
    assert (tmp_path / "arguments").read_text().split() == plain.split()
    code = """runCASSIA_batch("markers.csv", "run", tissue = "none", provider = "offline", n_genes = 100000,
      additional_info = "two\\nlines", ranking_method = "pct_diff", ascending = FALSE, celltype_column = "my cluster",
      gene_column_name = "symbol", min_pct = 0.2)"""
    passed(r(code, CASSIA_COMMAND=command))
    options = (tmp_path / "arguments").read_text()
    for option in (
        "--tissue=none\n",
        "--n_genes=100000\n",
        "--additional_info=two\nlines\n",
        "--ranking_method=pct_diff\n--descending\n",
        "--cluster_column=my cluster\n--gene_column=symbol\n",
        "--min_pct=0.2\n",
    ):
        assert option in options


def test_arguments_without_effect_are_named_once(r: Run, tmp_path: Path) -> None:
    command = str(recorder(tmp_path))
    code = """runCASSIA_batch("markers.csv", "run", "some/model", 0.3, provider = "offline", max_workers = 8,
      reasoning = "high", use_reference = TRUE, auto_convert_ids = FALSE, tissue = "blood")"""
    said = passed(r(code, CASSIA_COMMAND=command)).stderr.splitlines()
    assert said == [
        'cassia: provider = "offline" asks no language model; no effect: model, temperature, max_workers, reasoning',
        "cassia: references are not part of cassia; no effect: use_reference",
        "cassia: no effect: auto_convert_ids",
    ]


def test_the_gene_filter_is_that_of_cassia_unless_given(r: Run, tmp_path: Path) -> None:
    command = str(recorder(tmp_path))
    code = 'runCASSIA_batch("markers.csv", "run", provider = "offline", tissue = "blood"{})'
    for given, option in (("", "none"), (', gene_filter = "technical"', "technical"), (", gene_filter = NULL", "")):
        passed(r(code.format(given), CASSIA_COMMAND=command))
        assert (f"--gene_filter={option}\n" in (tmp_path / "arguments").read_text()) == bool(option), given
    twice = r(code.format(', celltype_column = "a", cluster_column = "b"'), CASSIA_COMMAND=command)
    assert "cluster_column is given twice" in twice.stderr


def test_the_default_tissue_is_warned_of(r: Run, tmp_path: Path) -> None:
    code = 'runCASSIA_batch("markers.csv", "run", provider = "offline", verbose = FALSE)'
    assert passed(r(code, CASSIA_COMMAND=str(recorder(tmp_path)))).stderr.splitlines() == [
        'cassia: warning: no tissue was given: tissue = "lung" is taken, the default of CASSIA; name yours, or give '
        'tissue = "none"'
    ]
    misspelt = r(code.replace("verbose = FALSE", 'tisue = "colon"'), CASSIA_COMMAND=str(recorder(tmp_path)))
    assert "no tissue was given" not in misspelt.stderr


def test_functions_of_cassia_that_are_not_here_name_the_nearest(r: Run) -> None:
    code = """
    stopifnot(length(.cassia_nearest) > 30, !anyDuplicated(names(.cassia_nearest)))
    for (name in names(.cassia_nearest)) cat(tryCatch(get(name)("x", y = 1), error = conditionMessage), "\n", sep = "")
    subclusters <- loadExampleMarkers_subcluster()
    stopifnot(c("cluster", "gene", "avg_log2FC") %in% names(subclusters))
    set_log_level <- function(level) "mine"
    source(cassia_file)
    stopifnot(set_log_level(1) == "mine")
    """.replace("cassia_file", f'"{ROOT}/R/cassia.R"')
    lines = passed(r(code)).stdout.splitlines()
    assert all(re.fullmatch(r"\w+ is in CASSIA and not in cassia; nearest here: .{10,}", line) for line in lines)
    assert "runCASSIA_annotationboost is in CASSIA and not in cassia; nearest here: `cassia-engine boost " in lines[6]


def test_messages_are_r_messages_and_can_be_kept_back(r: Run) -> None:
    code = f"""
    heard <- character()
    withCallingHandlers(
      runCASSIA_batch("{INTESTINE}", "run", tissue = "large intestine", provider = "offline"),
      message = function(m) {{ heard <<- c(heard, conditionMessage(m)); invokeRestart("muffleMessage") }}
    )
    stopifnot("cassia: offline marker scoring, no language model was asked\\n" %in% heard)
    runCASSIA_batch("{INTESTINE}", "run", tissue = "large intestine", provider = "offline", verbose = FALSE)
    """
    done = passed(r(code))
    assert done.stdout + done.stderr == ""
    nowhere = f'runCASSIA_batch("{INTESTINE}", "run", tissue = "nowhere", provider = "offline", verbose = FALSE)'
    [said] = passed(r(nowhere)).stderr.splitlines()
    assert said.startswith("cassia: warning: the tissue 'nowhere'")
    frame = 'runCASSIA_batch(loadExampleMarkers(), "run", tissue = "large intestine", provider = "offline")'
    title = passed(r(frame)).stderr.splitlines()[0]
    assert title.startswith("cassia: marker, written as CSV: Seurat FindAllMarkers table, 6 clusters")
    table = 'data.frame(cluster = "B", genes = "Cd79a,Ms4a1,Cd19,Cd79b,Bank1,Cd22")'
    done = passed(r(f'runCASSIA_batch({table}, "run", tissue = "blood", provider = "offline", verbose = FALSE)'))
    assert "cassia: warning: marker, written as CSV: 6 of 6 genes are written like mouse symbols" in done.stderr
    assert tempfile.gettempdir() + "/Rtmp" not in done.stderr


def test_an_interrupt_of_r_stops_the_command(r: Run, tmp_path: Path) -> None:
    """Only R hears it, as in a desktop or a notebook; what the command says as it ends is shown."""
    command = write_command(
        tmp_path / "waiting",
        'trap \'echo "cassia: 2 annotated"; echo "cassia: error: stopped; run the same again" >&2; exit 75\' INT',
        "kill -INT $R_PROCESS",
        'while :; do echo "cassia: 1 of 9 clusters done"; sleep 0.1; done',
    )
    call = f'runCASSIA_batch("{INTESTINE}", "run", tissue = "x", provider = "offline")'
    done = r(f"Sys.setenv(R_PROCESS = Sys.getpid())\n{call}", CASSIA_COMMAND=str(command))
    assert "cassia: warning: interrupted: waiting for the command to end\n" in done.stderr
    assert "cassia: 2 annotated\n" in done.stderr
    assert failed(done) == "cassia: stopped; run the same again"


def test_libraries_of_r_are_kept_from_the_command(r: Run, tmp_path: Path) -> None:
    """R puts folders in front of LD_LIBRARY_PATH in which another Python may find libraries that are not its own."""
    lines = (
        f'printf "%s\\n" "${{LD_LIBRARY_PATH-none}}" > {tmp_path}/path',
        f'printf "Cluster ID\\n0\\n" > {tmp_path}/run_summary.csv',
    )
    command = str(write_command(tmp_path / "teller", *lines))
    code = 'runCASSIA_batch("markers.csv", "run", provider = "offline")'
    for before, after in (("", "none"), ("/my own/lib:/b", "/my own/lib:/b")):
        passed(r(code, CASSIA_COMMAND=command, LD_LIBRARY_PATH=before))
        assert (tmp_path / "path").read_text().strip() == after


def test_default_provider_is_not_offline_in_silence(r: Run, tmp_path: Path) -> None:
    error = failed(r(f'runCASSIA_batch("{INTESTINE}", "run")'))
    assert "OPENROUTER_API_KEY" in error and "offline" in error and "\n" not in error
    assert not list(tmp_path.glob("run_*"))


OFFLINE = ', provider = "offline")'
TABLE = 'data.frame(cluster = c("a", NA), markers = "CD3D,CD3E")'


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (
            f"runCASSIA_batch({TABLE}{OFFLINE}",
            "cassia: marker, written as CSV, line 3: this row has no cluster id; give it one",
        ),
        (f'runCASSIA_batch("none.csv"{OFFLINE}', "cassia: none.csv: no such file; check the path"),
        (f"runCASSIA_batch(4{OFFLINE}", "marker: expected a data frame or the path of a table, not numeric"),
        (f'runCASSIA_batch("m.csv", tissue = c("a", "b"){OFFLINE}', "tissue: expected one value, found 2"),
        (f'runCASSIA_batch("m.csv", species = NA{OFFLINE}', "species: expected one value, found none"),
        (f'runCASSIA_batch("m.csv", ascending = "yes"{OFFLINE}', "ascending: expected TRUE, FALSE or NULL"),
        (
            f'runCASSIA_batch("m.csv", outdir = "x"{OFFLINE}',
            "outdir is given twice: another argument of this call stands for it",
        ),
        (
            f'runCASSIA_batch("m.csv", tisue = "lung"{OFFLINE}',
            "cassia: there is no argument tisue; is tissue meant?",
        ),
        (
            f'runCASSIA_batch(data.frame(cluster = 0:1, genes = "CD3D"), model = "m", min_pct = "much"{OFFLINE}',
            "cassia: min_pct: 'much' is not a valid float.",
        ),
        (
            f'runCASSIA_batch(data.frame(cluster = 0:1, genes = "ENSG00000167286"){OFFLINE}',
            "cassia: marker, written as CSV: genes are Ensembl ids (ENSG00000167286), annotation needs symbols; give a "
            "table of id and symbol with gene_map = ...",
        ),
        (
            f'runCASSIA_batch(data.frame(grp = 0:1, sym = "CD3D", avg_log2FC = 1, p_val_adj = 0){OFFLINE}',
            "cassia: marker, written as CSV, line 1: no column cluster, gene, which a Seurat FindAllMarkers table has "
            "(cluster, gene, avg_log2FC, p_val_adj). Found: grp, sym, avg_log2FC, p_val_adj; rename the columns, or "
            "name them with celltype_column = ... and gene_column_name = ..., and statistics with log2fc_column, "
            "p_val_adj_column, score_column, pct_in_column or pct_out_column",
        ),
        (
            f'runCASSIA_batch("m.csv", base_url = "http://127.0.0.1:1"{OFFLINE}',
            "cassia: base_url asks a language model, and the provider is offline, which asks none; name one with "
            "provider = ..., or leave it out",
        ),
        (
            f"runCASSIA_batch(data.frame(cluster = 0, genes = I(list(c('A', 'B')))){OFFLINE}",
            "marker: column genes is a list; paste its genes with commas",
        ),
        (
            f'runCASSIA_batch(data.frame(cluster = c("a", rawToChar(as.raw(c(77, 252)))), genes = "A"){OFFLINE}',
            "marker: column cluster, row 2: neither UTF-8 nor the session's encoding; "
            'read text with its encoding, such as read.csv(file, fileEncoding = "latin1")',
        ),
    ],
)
def test_bad_calls_end_with_one_line(r: Run, call: str, error: str) -> None:
    assert failed(r(call, LC_ALL="C.UTF-8")) == error


def test_missing_command_says_how_to_get_it(r: Run) -> None:
    # Where nothing says what it is called, it is looked for by the name that no other package has.
    error = failed(r("loadExampleMarkers()", CASSIA_COMMAND="", PATH="/usr/bin:/bin"))
    assert error.startswith("the command 'cassia-engine' was not found. ")
    for code, name in (("", "/nowhere/cassia"), ('options(cassia.command = "no-cassia")\n', "no-cassia")):
        error = failed(r(code + "loadExampleMarkers()", CASSIA_COMMAND="/nowhere/cassia"))
        assert error.startswith(f"the command '{name}' was not found. Install cassia: `make demo`")
        assert "options(cassia.command =" in error


def test_failed_clusters_are_a_warning_and_the_table_is_there(r: Run, tmp_path: Path) -> None:
    line = "1 of 2 clusters failed; allowed: 0"
    command = write_command(
        tmp_path / "partly",
        f"printf 'Cluster ID,Status,Score\\n0,annotated,80\\n1,failed,\\n' > {tmp_path}/run_summary.csv",
        f"echo 'cassia: error: {line}' >&2",
        "exit 1",
    )
    code = """
    heard <- character()
    annotation <- withCallingHandlers(
      runCASSIA_batch("markers.csv", "run", provider = "offline"),
      warning = function(w) { heard <<- c(heard, conditionMessage(w)); invokeRestart("muffleWarning") }
    )
    stopifnot(identical(annotation$Status, c("annotated", "failed")), identical(annotation$Score, c(80, NA)))
    cat(heard, "\\n")
    """
    assert passed(r(code, CASSIA_COMMAND=str(command))).stdout == f"cassia: {line} \n"


@pytest.mark.parametrize(
    ("lines", "error"),
    [
        (["echo 'Traceback' >&2", "echo 'KeyError: 1' >&2", "exit 1"], "cassia: ended with exit status 1: KeyError: 1"),
        (["echo going", "kill -9 $$"], "cassia: ended with exit status 137: .+"),
        (["echo 'cassia: error: no credit' >&2", "exit 77"], "cassia: no credit"),
        (['for i in 1 2; do echo "cassia: error: line $i" >&2; done', "exit 2"], "cassia: line 1 line 2"),
    ],
)
def test_a_crash_is_an_error_even_beside_an_old_summary(r: Run, tmp_path: Path, lines: list[str], error: str) -> None:
    (tmp_path / "run_summary.csv").write_text("Cluster ID\nold\n")
    command = write_command(tmp_path / "crash", *lines)
    found = failed(r('runCASSIA_batch("m.csv", "run", provider = "offline")', CASSIA_COMMAND=str(command)))
    assert re.fullmatch(error, found)


def test_what_needs_review_is_said(r: Run) -> None:
    code = """
    markers <- data.frame(cluster = c("B", "mixed"), markers = c("CD79A,MS4A1,CD19,CD79B,BANK1", "no gene here"))
    runCASSIA_batch(markers, "run", provider = "offline")
    """
    said = passed(r(code)).stderr.splitlines()
    assert "cassia: 1 of 2 clusters has a cell type. 1 needs review: mixed (no markers)." in said


def test_nothing_is_left_in_the_temporary_folder(r: Run) -> None:
    code = """
    try(runCASSIA_batch(data.frame(cluster = 0:1, markers = "CD3D,CD3E"), "run", provider = "offline"))
    try(runCASSIA_batch(data.frame(x = 0:1), "run", provider = "offline"), silent = TRUE)
    stopifnot(length(list.files(tempdir())) == 0)
    """
    assert passed(r(code)).stdout == ""


def blocks(document: Path) -> list[str]:
    return re.findall(r"^```r\n(.*?)^```$", document.read_text(encoding="utf-8"), re.M | re.S)


def test_blocks_of_the_seurat_page_run(r: Run, tmp_path: Path) -> None:
    """All but those that say that they need Seurat; cells of a factor stand in for its identities."""
    clone = tmp_path / "cassia"
    real_cassia(clone / ".venv" / "bin" / "cassia-engine")
    (clone / "R").symlink_to(ROOT / "R")
    runnable = [block for block in blocks(ROOT / "docs" / "seurat.md") if not block.startswith(NEEDS_SEURAT)]
    assert len(runnable) == 4
    check = """
    identities <- factor(c("plasma cell", "intestinal crypt stem cell", "plasma cell", "another"))
    stopifnot(
      identical(label_cells(identities, "CL ID"), c("CL:0000786", "CL:0002250", "CL:0000786", NA)),
      identical(names(markers), c("p_val", "avg_log2FC", "pct.1", "pct.2", "p_val_adj", "cluster", "gene")),
      nrow(markers) == 31313
    )
    """
    done = passed(r("\n".join([*runnable, check]), CASSIA_COMMAND="/nowhere/cassia"))
    assert "plasma cell" in done.stdout
    assert len(list((tmp_path / "results").iterdir())) == len(ENDS)


def test_columns_and_functions_that_the_seurat_blocks_use_exist(r: Run) -> None:
    using = [block for block in blocks(ROOT / "docs" / "seurat.md") if block.startswith(NEEDS_SEURAT)]
    code = "\n".join(f"parse(text = {block!r})" for block in using)
    passed(r(code))
    named = re.findall(r'label_cells\(.*?, "(.*?)"\)', "\n".join(using))
    assert named
    assert set(named) <= set(COLUMNS)


def test_processed_example_is_the_simplified_form(r: Run, tmp_path: Path) -> None:
    folder = tmp_path / "examples"
    folder.mkdir()
    table = '"","Broad.cell.type","Top.Markers"\n"1","glia","PLP1,CDH19"\n'
    (folder / "large_intestine_processed.csv").write_text(table)
    command = str(write_command(tmp_path / "examples-only", f"echo {folder}"))
    code = """
    markers <- loadExampleMarkers(processed = TRUE)
    stopifnot(identical(as.list(markers), list(Broad.cell.type = "glia", Top.Markers = "PLP1,CDH19")))
    loadExampleMarkers()
    """
    error = failed(r(code, CASSIA_COMMAND=command))
    assert error == "cassia: this version has no example table large_intestine_seurat.csv.gz"
