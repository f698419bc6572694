"""Two inputs at finite width: real nets inside their bands, and numbers against the map by differences."""

from __future__ import annotations

import math

import numpy as np
import pytest

from symgrad.numeric import Net
from symgrad.numeric.feedforward.correlation import correlations
from symgrad.numeric.mean_field.correlation import pair_expectation
from symgrad.numeric.mean_field.length_map import length_map
from symgrad.theory.activations import ACTIVATIONS, kernel
from symgrad.theory.finite_width.pair_statistics import _step, predicted_fisher
from symgrad.theory.finite_width.units import median_band
from symgrad.theory.propagation.pair import predicted_correlations

NAMES = (
    *("tanh", "relu", "erf", "gelu", "sigmoid", "identity", "sin", "silu"),
    *("selu", "softplus", "elu", "leaky_relu", "softsign", "arctan", "mish", "hard_swish"),
)
SEEDS = 16


def _inside(count: int, seed: int, shift: float = 0.0) -> tuple[int, int]:
    """How many of so many random settings have the median at the last layer inside its band, and how many
    have a band that is not."""
    rng = np.random.default_rng(seed)
    found = {True: 0, False: 0}
    while sum(found.values()) < count:
        functions = kernel(ACTIVATIONS[NAMES[rng.integers(len(NAMES))]])
        sigma_w, sigma_b = float(rng.uniform(0.7, 2.5)), float(rng.uniform(0, 0.6) * rng.integers(2))
        depth, width = int(rng.integers(2, 31)), int(rng.integers(48, 257))
        start = float(rng.uniform(-0.5, 0.95))
        net = Net(depth, width, 1, SEEDS, sigma_w, sigma_b, seed=int(rng.integers(10**6)))
        try:
            predicted = predicted_correlations(functions, sigma_w, sigma_b, depth, start)
            q = np.exp(length_map(functions, sigma_w, sigma_b, depth).ln_q)
            mean, deviation = predicted_fisher(functions, sigma_w, sigma_b, width, q, predicted)
        except ValueError:
            continue
        last = int(np.flatnonzero(np.isfinite(mean))[-1])
        low, high = median_band(mean[last], deviation[last], SEEDS)
        moved = shift * (high - low) / 2
        median = math.atanh(np.median(correlations(net, functions, start)[:, last]))
        assert high - low <= 6 * deviation[last] * 1.26 / math.sqrt(SEEDS)
        found[bool(low <= median + moved <= high)] += 1
    return found[True], found[False]


def test_real_nets_lie_in_their_bands_and_shifted_ones_do_not() -> None:
    inside, _ = _inside(24, seed=5)
    assert inside >= 22
    assert _inside(10, seed=6, shift=3.0)[0] <= 1


@pytest.mark.slow
def test_two_hundred_random_settings_lie_in_their_bands() -> None:
    inside, outside = _inside(200, seed=7)
    assert inside >= 0.95 * (inside + outside)


@pytest.mark.parametrize("name", ["tanh", "relu", "gelu", "softplus"])
@pytest.mark.parametrize(("q", "c"), [(0.4, -0.3), (1.7, 0.6), (1.0, 0.999)])
def test_slopes_and_noise_against_the_map_by_differences(name: str, q: float, c: float) -> None:
    functions, weight, bias = kernel(ACTIVATIONS[name]), 1.3, 0.2
    f = functions.value

    def ahead(ln_q: float, fisher: float) -> np.ndarray:
        at, turned = math.exp(ln_q), math.tanh(fisher)
        square = pair_expectation(f, f, at, 1.0, functions.kinks)
        product = pair_expectation(f, f, at, turned, functions.kinks)
        after = weight**2 * square + bias**2
        return np.array([math.log(after), math.atanh((weight**2 * product + bias**2) / after)])

    here, step = (math.log(q), math.atanh(c)), 1e-4
    found = _step(functions, weight, bias, q, c)
    slopes = [
        (
            ahead(here[0] + step * by, here[1] + step * turn)
            - ahead(here[0] - step * by, here[1] - step * turn)
        )
        / (2 * step)
        for by, turn in ((1, 0), (0, 1))
    ]
    assert found.slope == pytest.approx(np.array(slopes).T, rel=5e-3, abs=5e-3)
    wide = 1e-2
    for column, (by, turn) in ((0, (1, 0)), (2, (0, 1))):
        second = (
            ahead(here[0] + wide * by, here[1] + wide * turn)
            + ahead(here[0] - wide * by, here[1] - wide * turn)
            - 2 * ahead(*here)
        ) / wide**2
        # the grid's mean of r and t, whose second derivatives miss those of the logarithms
        _, tau = found.slope[:, column // 2]
        rho = found.slope[0, column // 2]
        turned = math.tanh(found.after)
        missing = np.array([-(rho**2) / 2, -rho * tau + turned * tau**2]) * 2
        assert found.bend[:, column] + missing == pytest.approx(second, rel=2e-2, abs=2e-2)


def test_inputs_that_part_from_opposite_ones_are_refused_and_equal_ones_stay() -> None:
    functions = kernel(ACTIVATIONS["tanh"])
    q = np.ones(3)
    mean, deviation = predicted_fisher(functions, 1.0, 0.0, 64, q, np.ones(3))
    assert (mean == math.inf).all() and (deviation == 0).all()
    with pytest.raises(ValueError, match="fast"):
        predicted_fisher(functions, 1.0, 0.0, 64, q, np.array([0.5, 0.9, 0.1]))
