"""Outputs appear whole or not at all, and no cell of them runs as a formula."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassia_engine.csv_injection import guard, unguard
from cassia_engine.files import atomic_copy, atomic_write
from tests.raising import raises


def test_file_appears_whole_in_a_new_folder(tmp_path: Path) -> None:
    path = tmp_path / "new" / "out.txt"
    with atomic_write(path) as out:
        out.write("a\r\nβ\n")
        assert not path.exists()
    assert path.read_bytes() == "a\r\nβ\n".encode()
    assert list(path.parent.iterdir()) == [path]


def test_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt), atomic_write(path) as out:
        out.write("half of the new")
        raise KeyboardInterrupt
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_file_can_be_read_by_whom_the_umask_lets(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        with atomic_write(tmp_path / "out.txt") as out:
            out.write("x")
    finally:
        os.umask(before)
    assert (tmp_path / "out.txt").stat().st_mode & 0o777 == 0o640


def test_only_a_file_is_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("pipe")
    for name, code in {"pipe": "output-is-device", "link": "output-is-device", "folder": "output-is-folder"}.items():
        with raises(code, path=name), atomic_write(tmp_path / name) as out:
            out.write("x")
    assert (tmp_path / "pipe").is_fifo()
    assert {path.name for path in tmp_path.iterdir()} == {"pipe", "link", "folder"}


def test_a_link_to_a_file_gives_way_to_the_output(tmp_path: Path) -> None:
    (tmp_path / "old").write_text("old")
    (tmp_path / "link").symlink_to("old")
    with atomic_write(tmp_path / "link") as out:
        out.write("new")
    assert ((tmp_path / "link").read_text(), (tmp_path / "old").read_text()) == ("new", "old")


@pytest.mark.parametrize("kernel_copies", [0, 1000])
def test_a_copy_goes_on_where_the_kernel_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kernel_copies: int
) -> None:
    source, target = tmp_path / "in", tmp_path / "out"
    source.write_bytes(os.urandom(10_000))

    def some(read: int, write: int, count: int) -> int:
        if not (block := os.read(read, kernel_copies)) or os.lseek(read, 0, os.SEEK_CUR) > kernel_copies:
            raise OSError(errno.EXDEV, "other file systems")
        return os.write(write, block)

    monkeypatch.setattr(os, "copy_file_range", some, raising=False)
    with atomic_copy(source, target) as copy:
        assert copy().read_bytes() == source.read_bytes()
        assert not target.exists()
    assert target.read_bytes() == source.read_bytes()


def test_an_error_ends_a_copy_and_leaves_nothing(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.write_bytes(bytes(10))
    with pytest.raises(KeyboardInterrupt), atomic_copy(source, tmp_path / "out"):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == [source]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "'=1", "''=1"])
def test_formula_gets_a_leading_apostrophe(text: str) -> None:
    assert guard(text) == "'" + text


@pytest.mark.parametrize("text", ["", "CD3D", "T cell", "7_0", "5'-nucleotidase", "'quoted'"])
def test_other_text_is_let_be(text: str) -> None:
    assert guard(text) == text


@given(st.text())
def test_guard_is_undone_by_unguard(text: str) -> None:
    assert unguard(guard(text)) == text


@given(st.text(alphabet="'=+-@\t\rA1", max_size=6))
def test_guard_is_undone_by_unguard_near_formulas(text: str) -> None:
    assert unguard(guard(text)) == text
    assert not guard(text).startswith(("=", "+", "-", "@", "\t", "\r"))
