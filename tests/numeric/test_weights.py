"""The keys of the draws, their order, and what is remembered of them."""

from __future__ import annotations

import random

import numpy as np
import pytest
from numpy.random import SFC64, Generator, SeedSequence

from symgrad.numeric.draws import weights
from symgrad.numeric.draws.weights import LayerDraw, layer_draw, normals

DOUBLE, SINGLE = np.dtype(np.float64), np.dtype(np.float32)


@pytest.mark.parametrize("seed", [0, 7, 2**32 - 1, 2**32, 2**63 + 5, 2**127, 2**128 + 3, 2**200 + 9])
def test_a_stream_is_keyed_by_role_replica_and_layer(seed: int) -> None:
    found = normals(seed, 2, range(3, 5), 70_000, (4,))
    for row, replica in zip(found, (3, 4), strict=True):
        key = SeedSequence(seed, spawn_key=(2, replica, 70_000))
        assert np.array_equal(row, Generator(SFC64(key)).standard_normal(4))


@pytest.mark.parametrize("dtype", [DOUBLE, SINGLE], ids=str)
@pytest.mark.parametrize("law", list(weights.SAMPLERS))
def test_layers_are_drawn_again_in_any_order(law: str, dtype: np.dtype) -> None:
    def draw(layer: int, norms: bool) -> LayerDraw:
        return layer_draw(law, 5, range(1, 3), layer, 9, dtype, remember=False, norms=norms)

    forward = {layer: draw(layer, True) for layer in range(1, 12)}
    order = list(forward) * 2
    random.Random(0).shuffle(order)
    for layer in order:
        again = draw(layer, False)
        assert again.ln_norm is None
        assert np.array_equal(again.weight, forward[layer].weight)
        assert not again.weight.flags.writeable


@pytest.mark.parametrize("dtype", [DOUBLE, SINGLE], ids=str)
def test_a_remembered_draw_gets_its_norms_when_they_are_asked_for(
    monkeypatch: pytest.MonkeyPatch, dtype: np.dtype
) -> None:
    monkeypatch.setattr(weights, "_memo", weights._Memo(2**20))
    without = layer_draw("gaussian", 3, range(2), 1, 20, dtype, remember=True, norms=False)
    with_norms = layer_draw("gaussian", 3, range(2), 1, 20, dtype, remember=True)
    assert without.ln_norm is None
    assert with_norms.weight is without.weight
    fresh = layer_draw("gaussian", 3, range(2), 1, 20, dtype, remember=False)
    assert with_norms.ln_norm is not None and np.array_equal(with_norms.ln_norm, fresh.ln_norm)  # type: ignore[arg-type]
    assert layer_draw("gaussian", 3, range(2), 1, 20, dtype, remember=True, norms=False) is with_norms
    assert weights._memo._bytes == with_norms.nbytes


def test_the_memo_keeps_to_its_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    size = 2 * 16 * 16 * 8
    memo = weights._Memo(3 * (size + 16))
    monkeypatch.setattr(weights, "_memo", memo)
    first = layer_draw("gaussian", 0, range(2), 1, 16, DOUBLE, remember=True)
    for layer in (2, 3, 1, 4):
        layer_draw("gaussian", 0, range(2), layer, 16, DOUBLE, remember=True)
        assert memo._bytes == sum(draw.nbytes for draw in memo._held.values()) <= memo.budget
    assert (
        layer_draw("gaussian", 0, range(2), 1, 16, DOUBLE, remember=True) is first
    )  # asked for last but one
    assert [key[3] for key in memo._held] == [3, 4, 1]
    layer_draw("gaussian", 0, range(2), 5, 64, DOUBLE, remember=True)
    assert memo._bytes <= memo.budget
