"""Folders of results: plain names under one root, and nothing outside it."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from symgrad.errors import InputError
from symgrad.runs import detached
from symgrad.runs.results_root import PLAIN, folder_of, folders, name_of, new_folder, results_root


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The results root of this test; it is made when the first folder is."""
    monkeypatch.setenv("SYMGRAD_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"


def test_the_root_is_beside_the_app_unless_it_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SYMGRAD_RUNS", raising=False)
    assert (results_root().parent / "app.py").is_file()
    assert "/runs/" in (results_root().parent / ".gitignore").read_text("utf-8").splitlines()


@given(st.text(max_size=200))
def test_any_text_gives_a_plain_name(text: str) -> None:
    name = name_of(text)
    assert PLAIN.fullmatch(name)
    assert Path(name).name == name
    assert name_of(name) == name


def test_a_folder_is_made_under_the_root_and_never_twice(root: Path) -> None:
    made = [new_folder("../../Étude 1") for _ in range(3)]
    assert [folder.name for folder in made] == ["etude-1", "etude-1-2", "etude-1-3"]
    assert {folder.parent for folder in made} == {root}
    long = [new_folder("x" * 100) for _ in range(2)]
    assert len({folder.name for folder in long}) == 2
    assert all(folder_of(folder.name) == folder for folder in (*made, *long))


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../outside", "a/b", "/etc", ".hidden", "nothing-here", "a\0b"]
)
def test_what_is_no_folder_under_the_root_is_refused(root: Path, name: str) -> None:
    (root / ".hidden").mkdir(parents=True)
    (root.parent / "outside").mkdir()
    with pytest.raises(InputError, match=r"\Afolder .* is not there"):
        folder_of(name)


def test_a_link_that_leads_out_is_not_followed(root: Path) -> None:
    outside = root.parent / "outside"
    outside.mkdir()
    (outside / "sweep.toml").write_text("")
    root.mkdir()
    (root / "link").symlink_to(outside, target_is_directory=True)
    with pytest.raises(InputError, match="leads out"):
        folder_of("link")
    assert folders("sweep.toml") == []


def test_the_newest_folder_stands_first_and_others_are_left_out(root: Path) -> None:
    assert folders("sweep.toml") == []
    for name in ("old", "new"):
        (new_folder(name) / "sweep.toml").write_text("")
        time.sleep(0.02)
    new_folder("empty")
    assert [folder.name for folder in folders("sweep.toml")] == ["new", "old"]


def test_a_root_that_cannot_be_written_is_one_line(root: Path) -> None:
    root.write_text("a file is in the way")
    with pytest.raises(InputError, match=r"cannot be written") as refused:
        new_folder("x")
    assert "\n" not in str(refused.value)


def test_a_process_of_its_own_keeps_what_it_says_and_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    detached.start(["sweep", "no-such-file.toml", "--out", str(tmp_path / "out")], tmp_path, niceness=3)
    assert detached.runs(tmp_path)
    detached.RUNNING[tmp_path].wait(30)
    assert not detached.runs(tmp_path)
    assert "no-such-file.toml" in detached.last_words(tmp_path)
    sleeper = subprocess.Popen(["sleep", "60"])
    detached.end(sleeper.pid)
    assert sleeper.wait(10) == -signal.SIGTERM
    detached.end(sleeper.pid)
    assert detached.last_words(tmp_path / "none") == ""
