"""Samples in shards: the same gradients, whatever the scales, and the same bits on any number of threads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from symgrad.numeric import limit_threads
from symgrad.numeric.recurrent import Weights, gradients, through_time
from symgrad.numeric.recurrent.cells import GRU, LSTM, RNN
from tests.numeric.kernels import KERNELS

CELLS: dict[str, Any] = {
    "tanh": RNN(KERNELS["tanh"]),
    "relu": RNN(KERNELS["relu"]),
    "lstm": LSTM(),
    "gru": GRU(),
}
PARTS = ("recurrent", "input", "bias", "recurrent_bias", "initial")
STEPS, BATCH, WIDTH = 40, 37, 6


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
def test_shards_add_up(
    name: str, scale: float, lead: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Gradients from 10^±1200 too; a shard whose gradient is exactly 0 does not count."""
    cell, weights, inputs, covector, initial = given(CELLS[name], scale, lead)
    covector[..., :15, :] = 0
    apart = through_time(cell, weights, inputs, covector, initial)
    monkeypatch.setattr(gradients, "SHARD", BATCH)
    together = through_time(cell, weights, inputs, covector, initial)
    np.testing.assert_allclose(apart.ln_state, together.ln_state, rtol=1e-13, atol=1e-12)
    for part in PARTS:
        ours, theirs = getattr(apart, part), getattr(together, part)
        np.testing.assert_allclose(ours.ln_norm, theirs.ln_norm, rtol=1e-13, atol=1e-11)
        shift = np.ldexp(1.0, np.clip(ours.exponent - theirs.exponent, -1000, 1000))
        largest = np.abs(theirs.values).max()
        np.testing.assert_allclose(ours.values * shift, theirs.values, atol=1e-12 * largest)


@pytest.mark.parametrize("name", CELLS)
def test_no_bit_depends_on_threads(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gradients, "WORTH", 0)
    found = []
    for threads in (1, 2):
        limit_threads(threads)
        found.append(through_time(*given(CELLS[name], 0.3)))
    limit_threads(None)
    for part in PARTS:
        np.testing.assert_array_equal(*(getattr(one, part).values for one in found))
    np.testing.assert_array_equal(found[0].ln_state, found[1].ln_state)


def test_a_fault_of_one_shard_is_said() -> None:
    cell, weights, inputs, covector, initial = given(CELLS["lstm"], 0.3)
    inputs[7, 30, 0] = np.nan
    with pytest.raises(ValueError, match="step 8"):
        through_time(cell, weights, inputs, covector, initial)
