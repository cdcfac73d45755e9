"""Words that are not to come back: private names for things that the field has names for, and archaic turns."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "cassia_engine"
# Each with the name to use.
NAMES = {
    "Chats": "ChatModel",
    "Talk": "ClusterConversation",
    "Stand": "RatedClaim",
    "Loss": "FailedReply",
    "Places": "TermMapper",
    "heat": "temperature_for",
    "Class": "FaultAction",
    "Trouble": "ApiError",
    "Sieve": "MarkerSelector",
    "Concern": "ReviewFlag",
    "Waiting": "RetryPolicy",
    "Gate": "CallLimiter",
    "Face": "Caller",
    "Stop": "Cancellation",
}
MODULES = {"wild", "look", "said", "talk", "plain", "hygiene", "faces", "absent", "stopping", "troubles"}
PHRASES = ("aloud", "mend", "mends", "mended", "to its word", "a wish to", "the wish", "hold the table", "held against")
TEXTS = ("*.md", "*.py", "*.nf", "*.config", "*.yml", "*.toml", "*.R", "*.j2", "*.js")
# Not in the report's scripts, styles and templates, also as a part of a name, with what to use.
REPORT_WORDS = {"concern": "review flag", "talk": "conversation", "stranger": "text from outside"}
REPORT = PACKAGE / "report"
FOLDERS = ("assets", "bin", "cassia_engine", "conf", "containers", "docs", "modules", "R", "scripts", "subworkflows")


def defined(path: Path) -> Iterator[str]:
    """Names of the classes, functions and methods of a file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name


def singular(name: str) -> str:
    """A name as in NAMES: `_Talks` is Talk."""
    bare = name.lstrip("_")
    return bare.removesuffix("s") if bare not in NAMES else bare


def texts() -> list[Path]:
    found = [path for folder in FOLDERS for kind in TEXTS for path in (ROOT / folder).rglob(kind)]
    return sorted({*found, ROOT / "main.nf", *ROOT.glob("*.md")} - {ROOT / "CHANGELOG.md"})


def test_no_class_or_function_has_a_private_name() -> None:
    found = {
        name: path.name for path in PACKAGE.rglob("*.py") for one in defined(path) if (name := singular(one)) in NAMES
    }
    assert not found, {name: f"{path}: use {NAMES[name]}" for name, path in found.items()}


def test_no_module_has_a_private_name() -> None:
    assert not {path.stem for kind in ("*.py", "*.js", "*.css") for path in PACKAGE.rglob(kind)} & MODULES


@pytest.mark.parametrize("word", REPORT_WORDS)
def test_no_part_of_the_page_has_a_private_name(word: str) -> None:
    paths = [path for folder in ("scripts", "styles", "templates") for path in (REPORT / folder).rglob("*.*")]
    found = [path.name for path in paths if word in path.read_text(encoding="utf-8").lower()]
    assert len(paths) > 50 and not found, f"use {REPORT_WORDS[word]}"


@pytest.mark.parametrize("phrase", PHRASES)
def test_no_text_has_an_archaic_turn(phrase: str) -> None:
    pattern = re.compile(rf"\b{phrase}\b", re.IGNORECASE)
    found = [str(path.relative_to(ROOT)) for path in texts() if pattern.search(path.read_text(encoding="utf-8"))]
    assert not found
