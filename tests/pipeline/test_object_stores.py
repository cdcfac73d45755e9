"""A work directory in an object store has no folder that tasks share: no journal is made there, and its limit is said.

No plugin for one can be had offline, so the functions of the launch are called with such addresses.
"""

from __future__ import annotations

import pytest

from tests.conftest import ROOT
from tests.pipeline.launch import Launcher
from tests.pipeline.test_parameters import TABLE, words_after_launch

pytestmark = pytest.mark.slow

STORES = ["s3://b/w", "s3:///b/w", "gs://b/w", "az://b/w"]
FOLDERS = ["file:///s3/w", "/gs:/w", ".cassia/journal", "s3", "https://a/b"]
SCRIPT = """\
include {{ checkJournal ; inObjectStore ; startJournal }} from '{here}/subworkflows/local/utils_cassia/journal'

workflow {{
    {addresses}.each {{ address -> println("${{address}} ${{inObjectStore(address)}}") }}
    options = [provider: 'openai', journal_dir: 'a/journal', chunk_size: 7, fresh: true]
    println(startJournal(options, ['x'], 's3://bucket/work'))
    println(startJournal(options + [provider: 'offline'], ['x'], 's3://bucket/work'))
    println(startJournal(options, ['x'], '/work'))
    problems = []
    given = options + [max_cost: 1.5, batch: true]
    ['s3://bucket/work', '/work'].each {{ work -> checkJournal(given, work, problems) }}
    problems.each {{ problem -> println(problem) }}
}}
"""

# What conf/modules.config tells an annotate task of a run whose work directory is at an address.
RULES = """\
workflow {
    ['s3://b/w', 'gs://b/w', 'az://b/w', '/w'].each { address ->
        rules = nextflow.Global.session.config.process['withName:ANNOTATE|COLLECT|ESTIMATE|SUBMIT']
        work = new Expando([toUriString: { address }])
        names = [workflow: [workDir: work, containerEngine: 'docker'], launchDir: '/launch', params: params]
        journal = told(rules.ext.journal_dir, names)
        word = told(rules.ext.journal_word, names + [task: [ext: [journal_dir: journal]]])
        bound = told(rules.containerOptions, names + [task: [ext: [journal_dir: journal, journal_word: word]]])
        println("told ${address} ${journal} ${bound}")
    }
}

def told(rule, names) {
    def closure = rule.clone()
    closure.delegate = names
    closure.resolveStrategy = Closure.DELEGATE_FIRST
    return closure.call()
}
"""


def test_addresses_and_the_journal(pipeline: Launcher) -> None:
    script = pipeline.folder / "stores.nf"
    script.write_text(SCRIPT.format(here=ROOT, addresses=[*STORES, *FOLDERS]))
    run = pipeline.run(pipeline=script)
    assert run.code == 0, run.said
    said = words_after_launch(run.said)
    assert said[:9] == [f"{address} {str(address in STORES).lower()}" for address in (*STORES, *FOLDERS)]
    assert said[9:13] == [
        "WARN: the work directory is in an object store, so the journal of a task lives and dies with it: "
        "when a task is lost, at most one chunk (7 clusters) is paid again",
        "null",
        "null",
        str(pipeline.folder / "a" / "journal"),
    ]
    cap, batch = said[13:15]
    assert cap.startswith("--max_cost 1.5: with the work directory in an object store the tasks share no folder")
    assert batch.startswith("--batch: with the work directory in an object store the journal of a task is gone with it")
    assert not any("object store" in line for line in said[15:])
    assert [path.name for path in (pipeline.folder / "a").iterdir()] == ["journal"]


def test_tasks_keep_their_journals_where_no_folder_is_shared(pipeline: Launcher) -> None:
    script = pipeline.folder / "rules.nf"
    script.write_text(RULES)
    run = pipeline.run("-c", ROOT / "nextflow.config", "--provider", "openai", pipeline=script)
    assert run.code == 0, run.said
    assert [line.split()[1:] for line in run.said.splitlines() if line.startswith("told ")] == [
        ["s3://b/w", ".cassia/journal"],
        ["gs://b/w", ".cassia/journal"],
        ["az://b/w", ".cassia/journal"],
        ["/w", "/launch/.cassia/journal", "-v", "'/launch/.cassia/journal':'/launch/.cassia/journal'"],
    ]


@pytest.mark.parametrize("scheme", ["s3", "gs", "az"])
def test_a_journal_in_an_object_store_is_refused(pipeline: Launcher, scheme: str) -> None:
    run = pipeline.run(*TABLE, "--journal_dir", f"{scheme}://bucket/journal")
    assert run.code != 0
    assert words_after_launch(run.said) == [
        f"--journal_dir {scheme}://bucket/journal: the journal is appended to, which an object store cannot do; "
        "give a folder that all tasks share, or leave it out"
    ]
