"""`cassia token`, also while a server runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from cassia_engine.server.options import DEFAULT_DATA
from cassia_engine.server.state import DATABASE
from tests.command import cassia
from tests.server.probes import probes
from tests.server.running import running_app


def rows(folder: Path) -> list[dict[str, str]]:
    head, *lines = (line.split("\t") for line in cassia("token", "list", "--data", folder).stdout.splitlines())
    return [dict(zip(head, cells, strict=True)) for cells in lines]


def test_a_token_is_shown_once_and_kept_nowhere(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "data"
    limits = ("--max_jobs", "4", "--rpm", "60", "--max_cost", "2.5")
    done = cassia("token", "add", "Ada Lovelace", "--data", folder, *limits)
    assert done.returncode == 0
    token = done.stdout.strip()
    assert token.startswith("cassia_") and len(token) >= len("cassia_") + 43  # 256 bits in base64
    assert token not in done.stderr
    assert f"{folder}: the token of Ada Lovelace" in done.stderr
    assert f"{folder}: a new folder, which no server has" in done.stderr
    [row] = rows(folder)
    assert (row["name"], row["max_jobs"], row["rpm"], row["max_cost"]) == ("Ada Lovelace", "4", "60.0", "2.5")
    assert row["revoked"] == ""
    assert token not in str(rows(folder))
    assert [path.name for path in folder.iterdir() if token.encode() in path.read_bytes()] == []
    assert folder.stat().st_mode & 0o777 == 0o700
    again = cassia("token", "add", "bob", "--data", folder)
    assert again.stdout.strip() != token and "new folder" not in again.stderr


def test_tokens_open_and_close_a_server_that_runs(tmp_path: Path) -> None:
    with running_app(tmp_path, probes()) as server:
        assert server.request("GET", "/probe").json() == ""
        token = cassia("token", "add", "ada", "--data", tmp_path).stdout.strip()
        assert server.request("GET", "/probe").status == 401
        assert server.request("GET", "/probe", token=token).json() == "ada"
        assert cassia("token", "revoke", "ada", "--data", tmp_path).returncode == 0
        assert server.request("GET", "/probe", token=token).code == "INVALID_TOKEN"
    assert rows(tmp_path)[0]["revoked"].endswith("Z")


@pytest.mark.parametrize("name", ["", " ", "a\nb", "a\tb", "x" * 101, "\u202eadmin"])
def test_names_that_cannot_be_shown_are_refused(name: str, tmp_path: Path) -> None:
    done = cassia("token", "add", name, "--data", tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "1 to 100 printable characters" in done.stderr
    assert rows(tmp_path) == []


@pytest.mark.parametrize("limit", [("max_cost", "nan"), ("max_cost", "inf"), ("rpm", "nan"), ("max_jobs", "9" * 30)])
def test_limits_that_are_no_numbers_are_refused(limit: tuple[str, str], tmp_path: Path) -> None:
    done = cassia("token", "add", "ada", "--data", tmp_path, f"--{limit[0]}", limit[1])
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert f"--{limit[0]}" in done.stderr
    assert rows(tmp_path) == []


def test_a_name_is_taken_once(tmp_path: Path) -> None:
    cassia("token", "add", "ada", "--data", tmp_path)
    cassia("token", "revoke", "ada", "--data", tmp_path)
    done = cassia("token", "add", "ada", "--data", tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "choose another name" in done.stderr


def test_wrong_calls_end_with_one_line(tmp_path: Path) -> None:
    cassia("token", "add", "ada", "--data", tmp_path)
    other, broken = tmp_path / "other", tmp_path / "broken"
    broken.mkdir()
    (broken / DATABASE).write_text("no database, and longer than the head of one" * 10)
    calls: dict[tuple[str | Path, ...], str] = {
        ("revoke", "adda", "--data", tmp_path): "there is no token adda (did you mean ada?)",
        ("list", "--data", other): "there is no such folder",
        ("revoke", "ada", "--data", other): "there is no such folder",
        ("list", "--data", broken): "cannot be read as a database",
        ("add", "bob", "--max_jobs", "0", "--data", tmp_path): "--max_jobs",
        ("add", "bob", "--max_cost", "-1", "--data", tmp_path): "--max_cost",
    }
    for call, named in calls.items():
        done = cassia("token", *call)
        assert done.returncode == 2
        assert named in done.stderr and done.stderr.count("\n") == 1
    assert not other.exists()


def test_the_default_folder_is_that_of_the_server(tmp_path: Path) -> None:
    assert cassia("token", "add", "ada", cwd=tmp_path).returncode == 0
    assert (tmp_path / DEFAULT_DATA / DATABASE).is_file()
    assert DEFAULT_DATA.name in cassia("token", "add", "--help").stdout
