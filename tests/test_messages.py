"""Every error has a code of its own, and tests/golden/messages.txt has the words of all messages."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from cassia_engine.errors import CassiaError, InputProblems, UsageError
from scripts.make_messages import DEFAULT_OUTPUT, errors, faults, rendered
from scripts.message_texts import Module, Package

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def package() -> Package:
    return Package.load(ROOT / "cassia_engine")


def of(source: str) -> Package:
    return Package({"a.py": Module("a.py", ast.parse(source))})


def test_list_of_messages_is_that_of_the_source(package: Package) -> None:
    assert rendered(package) == DEFAULT_OUTPUT.read_text(), "run scripts/make_messages.py"


def test_every_error_has_a_code_and_no_two_have_the_same(package: Package) -> None:
    assert faults(errors(package)) == []
    assert [error.code for error in errors(package) if not re.fullmatch("[a-z0-9]+(-[a-z0-9]+)+", error.code)] == []


@pytest.mark.parametrize(
    ("source", "wrong"),
    [
        ("raise UsageError('x')", ["a.py:1: this error has no code"]),
        ("raise source.error('x', 0)", ["a.py:1: this error has no code"]),
        ("problems.add('', 'x')", ["a.py:1: this error has no code"]),
        (
            "raise UsageError('x', code='a')\nraise UsageError('y', code='a')",
            ["a.py:2: the code a is that of another error, in a.py:1"],
        ),
        (
            "raise UsageError('x', code='a')\nraise TemporaryError('x', code='a')",
            ["a.py:1: the code a is that of another error, in a.py:2"],
        ),
        ("raise UsageError('x', code='a')\nraise UsageError('x', code='a')\nlog.error('x')", []),
        ("def error(what, code):\n    return UsageError(what, code=code)", []),
    ],
)
def test_errors_without_a_code_of_their_own_are_found(source: str, wrong: list[str]) -> None:
    assert faults(errors(of(source))) == wrong


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("raise UsageError(f'no {shown(x)}: {y.z}', code='a')", "no {x}: {y.z}"),
        ("W = 'words'\nraise UsageError(f'{W}, {option(\"name\", n)}', code='a')", "words, --name {n}"),
        (
            "def f(n):\n    what = 'one' if n else 'two'\n    if n > 3:\n        what += ' more'\n"
            "    raise UsageError(f'{what} of {n}', code='a')",
            "(one | two)[ more] of {n}",
        ),
        (
            "def f(n):\n    if n:\n        what = 'one'\n        raise UsageError(what, code='a')\n    what = 'two'",
            "one",
        ),
        ("def f(n) -> str:\n    return 'one'\n\n\nraise UsageError(f(2), code='a')", "one"),
    ],
)
def test_message_is_listed_by_the_words_that_the_source_has_for_it(source: str, text: str) -> None:
    assert [error.text for error in errors(of(source))] == [text]


def test_error_has_code_path_and_line() -> None:
    error = UsageError("nothing here", code="table-empty", path="a.csv", line=3)
    assert (error.code, error.path, error.line, str(error)) == (
        "table-empty",
        "a.csv",
        3,
        "a.csv, line 3: nothing here",
    )
    assert [one.code for one in InputProblems([error, error]).problems] == ["table-empty"] * 2
    assert InputProblems([error, error]).code == "several-problems"


def test_errors_whose_class_has_a_code_are_told_apart_by_it() -> None:
    codes = [kind.code for kind in _below(CassiaError) if kind.code]
    assert sorted(codes) == ["not-available", "provider-fault", "several-problems"]


def _below(kind: type[CassiaError]) -> list[type[CassiaError]]:
    found = [kind, *(each for other in kind.__subclasses__() for each in _below(other))]
    return [one for one in found if one.__module__.startswith("cassia_engine")]
