"""The same sweep on a Dask cluster of two processes: identical rows, killed workers, wrong addresses."""

from __future__ import annotations

import logging
import os
import signal
import sys
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from symgrad.errors import InputError
from symgrad.runs import sweeps
from symgrad.runs.sweeps import cluster as module
from symgrad.runs.sweeps.spec import Spec

distributed = pytest.importorskip("distributed")

SPEC = Spec.from_mapping(
    {
        "fixed": {"depth": 40, "width": 32, "batch": 8, "seeds": 8},
        "grid": {
            "activation": ["tanh", "sqrt(x)", "tanh(a*x)"],
            "sigma_w": [0.5, 1.0, 1.5],
            "seed": [0, 1, 2, 3],
        },
    }
)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, protocol="tcp", dashboard_address="127.0.0.1:0"
    ) as opened:
        yield opened.scheduler_address


def test_rows_are_the_same_and_a_killed_worker_is_replaced(address: str, tmp_path: Path) -> None:
    killed: list[int] = []

    def kill_one(status: sweeps.Status) -> None:
        if status.done and not killed:
            with distributed.Client(address, set_as_default=False) as client:
                killed.extend(client.run(os.getpid).values())
            os.kill(killed[0], signal.SIGKILL)

    status = sweeps.run(SPEC, tmp_path / "out", scheduler=address, progress=kill_one)
    assert (status.state, len(killed)) == ("finished", 2)
    assert sweeps.table(tmp_path / "out").equals(sweeps.measured(SPEC))
    assert status.failed == 12, "sqrt is defined on part of the line"


def test_cancelled_on_the_cluster_and_gone_on_here(address: str, tmp_path: Path) -> None:
    heard: list[sweeps.Status] = []
    stopped = sweeps.run(
        SPEC, tmp_path, scheduler=address, progress=heard.append, cancelled=lambda: any(s.done for s in heard)
    )
    assert stopped.state == "cancelled" and 0 < stopped.done < 24
    assert sweeps.run(SPEC, tmp_path, workers=1).state == "finished"
    assert sweeps.table(tmp_path).equals(sweeps.measured(SPEC))


@pytest.mark.parametrize("wrong", ["tcp://127.0.0.1:9", "nonsense://x", "127.0.0.1", ""])
def test_addresses_that_are_none(wrong: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CONNECTS_WITHIN", 0.5)
    with pytest.raises(InputError, match="no Dask scheduler answers there") as refused:
        sweeps.run(SPEC, tmp_path, scheduler=wrong)
    assert "\n" not in str(refused.value)
    assert sweeps.status(tmp_path).state == "failed"


def test_without_distributed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    missing: Any = None
    monkeypatch.setitem(sys.modules, "distributed", missing)
    with pytest.raises(InputError, match=r"pip install 'symgrad\[cluster\]'"):
        sweeps.run(SPEC, tmp_path, scheduler="tcp://127.0.0.1:8786")
    with pytest.raises(InputError, match="one of scheduler and workers"):
        sweeps.run(SPEC, tmp_path, scheduler="tcp://127.0.0.1:8786", workers=2)


def test_a_cluster_of_another_version(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "__version__", "99")
    with pytest.raises(InputError, match=r"has symgrad .*, not 99"):
        sweeps.run(SPEC, tmp_path, scheduler=address)


def test_a_client_that_found_nobody_is_gone_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Collected later, in a thread that the next client starts, it would wait for that one for ever."""
    monkeypatch.setattr(module, "CONNECTS_WITHIN", 0.5)
    found: list[weakref.ref[Any]] = []
    start = distributed.Client.__init__

    def noted(client: Any, *arguments: Any, **options: Any) -> None:
        found.append(weakref.ref(client))
        start(client, *arguments, **options)

    monkeypatch.setattr(distributed.Client, "__init__", noted)
    with pytest.raises(InputError, match="no Dask scheduler") as refused:
        sweeps.run(SPEC, tmp_path, scheduler="tcp://127.0.0.1:9")
    assert refused.value and found and not any(client() for client in found)
