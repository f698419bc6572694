"""Documents on disk: found again, never stale, never in the way."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from symgrad import verbs
from symgrad.runs import cache


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SYMGRAD_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def counted() -> tuple[list[int], Callable[[], dict[str, Any]]]:
    calls: list[int] = []

    def compute() -> dict[str, Any]:
        calls.append(1)
        return {"answer": len(calls)}

    return calls, compute


def test_the_second_time_nothing_is_computed(folder: Path) -> None:
    calls, compute = counted()
    assert [cache.remember(["q"], compute)["answer"] for _ in range(3)] == [1, 1, 1]
    assert len(calls) == 1
    assert cache.remember(["another"], compute)["answer"] == 2


@pytest.mark.parametrize("damage", [b"", b"{", b"{}", b"[1]", b"[" * 200_000, b"\xff\xfe"])
def test_a_damaged_file_is_a_miss(folder: Path, damage: bytes) -> None:
    _, compute = counted()
    cache.remember(["q"], compute)
    (file,) = folder.iterdir()
    file.write_bytes(damage)
    assert cache.remember(["q"], compute) == {"answer": 2}
    assert cache.remember(["q"], compute) == {"answer": 2}


def test_another_source_is_a_miss(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, compute = counted()
    cache.remember(["q"], compute)
    monkeypatch.setattr(cache, "fingerprint", lambda: "another version")
    assert cache.remember(["q"], compute) == {"answer": 2}


def test_a_folder_that_cannot_be_made_costs_only_speed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    monkeypatch.setenv("SYMGRAD_CACHE", str(blocked / "cache"))
    _, compute = counted()
    assert cache.remember(["q"], compute) == {"answer": 1}
    assert cache.remember(["q"], compute) == {"answer": 2}


def test_nothing_is_left_aside(folder: Path) -> None:
    def write(k: int) -> None:
        cache.remember(["same"], lambda: {"by": k})

    threads = [Thread(target=write, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [path.suffix for path in folder.iterdir()] == [".json"]
    assert cache.remember(["same"], dict)["by"] in range(8)


def test_the_same_question_is_answered_once(folder: Path) -> None:
    plain = verbs.call("bound", {"activation": "leaky_relu"})
    assert verbs.call("bound", {"activation": "leaky_relu", "settings": {}}) == plain
    assert cache.recall(verbs.key("bound", {"activation": "leaky_relu", "settings": None})) == plain
    assert len(list(folder.iterdir())) == 1
    verbs.call("bound", {"activation": "leaky_relu", "settings": {"a": "1/5"}})
    assert len(list(folder.iterdir())) == 2


def test_without_the_cache_nothing_is_read_or_written(folder: Path) -> None:
    verbs.call("bound", {"activation": "relu"}, use_cache=False)
    assert not folder.exists()


def test_the_folder_is_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SYMGRAD_CACHE", raising=False)
    assert cache.cache_folder().name == "symgrad"
    assert os.path.isabs(cache.cache_folder())
