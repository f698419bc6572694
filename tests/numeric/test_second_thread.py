"""What steps do not wait for goes on in a second thread: the same bits, and faults that are said."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from symgrad.numeric import limit_threads
from symgrad.numeric.recurrent import Weights, gradients, through_time
from symgrad.numeric.recurrent.cells import GRU, LSTM, RNN
from symgrad.numeric.threads import second_thread, thread_map
from tests.numeric.kernels import KERNELS

CELLS: dict[str, Any] = {
    "tanh": RNN(KERNELS["tanh"]),
    "relu": RNN(KERNELS["relu"]),
    "lstm": LSTM(),
    "gru": GRU(),
}
PARTS = ("recurrent", "input", "bias", "recurrent_bias", "initial")
STEPS, BATCH, WIDTH = 140, 5, 6  # five blocks of steps, the last a short one


@pytest.fixture(autouse=True)
def two_threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A second thread for small nets too, whatever the machine has."""
    monkeypatch.setattr(gradients, "WORTH", 0)
    limit_threads(2)
    yield
    limit_threads(None)


def given(cell: Any, scale: float, lead: tuple[int, ...] = ()) -> tuple[Any, ...]:
    draw = np.random.default_rng(5).normal
    rows = cell.gates * WIDTH
    weights = Weights(
        scale * draw(size=(*lead, rows, WIDTH)),
        draw(size=(*lead, rows, WIDTH)),
        draw(size=(*lead, rows)),
        None,
    )
    state = (*lead, BATCH, cell.parts * WIDTH)
    return cell, weights, draw(size=(*lead, STEPS, BATCH, WIDTH)), draw(size=state), 0.3 * draw(size=state)


@pytest.mark.parametrize("lead", [(), (2,)], ids=str)
@pytest.mark.parametrize("scale", [0.3, 1e-30, 1e30])
@pytest.mark.parametrize("name", CELLS)
def test_no_bit_depends_on_threads(name: str, scale: float, lead: tuple[int, ...]) -> None:
    """Gradients from 10^±4200 too, where blocks are run again step by step."""
    found = []
    for threads in (1, 2):
        limit_threads(threads)
        found.append(through_time(*given(CELLS[name], scale, lead)))
    for part in PARTS:
        np.testing.assert_array_equal(*(getattr(one, part).values for one in found))
        np.testing.assert_array_equal(*(getattr(one, part).exponent for one in found))
    np.testing.assert_array_equal(found[0].ln_state, found[1].ln_state)


def test_coefficients_are_worked_out_in_the_second_thread() -> None:
    """Else the test above would compare a thing with itself."""
    seen = []

    class Noted(RNN):
        def factors(self, *arguments: Any) -> Any:
            seen.append(threading.current_thread() is threading.main_thread())
            return super().factors(*arguments)

    through_time(*given(Noted(KERNELS["tanh"]), 0.3))
    assert seen == [False] * 5


def test_a_fault_in_either_thread_is_said() -> None:
    cell, weights, inputs, covector, initial = given(CELLS["lstm"], 0.3)
    inputs[7, 3, 0] = np.nan
    with pytest.raises(ValueError, match="step 8"):
        through_time(cell, weights, inputs, covector, initial)

    class Faulty(RNN):
        def factors(self, *arguments: Any) -> Any:
            raise ArithmeticError("planted")

    with pytest.raises(ArithmeticError, match="planted"):
        through_time(*given(Faulty(KERNELS["tanh"]), 0.3))
    with pytest.raises(ZeroDivisionError), second_thread(True) as start:
        start(lambda: 1 / 0)  # nobody waits for it


def test_passes_side_by_side_take_no_second_threads() -> None:
    """Two passes at once would else run on four threads."""

    def begun(_: int) -> bool:
        with second_thread(True) as start:
            mine = threading.current_thread()
            return bool(start(threading.current_thread)() is mine)

    assert thread_map(begun, range(4), 2) == [True] * 4
    assert thread_map(begun, range(1), 2) == [False]


def test_the_error_state_goes_along() -> None:
    with np.errstate(all="raise"), pytest.raises(FloatingPointError), second_thread(True) as start:
        start(lambda: np.float64(1) / np.float64(0))
