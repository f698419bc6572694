"""The singular values of ∂h_L/∂h_0: against PyTorch, ball arithmetic, and what is known of ReLU."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from symgrad.numeric import Net
from symgrad.numeric.draws.draw import sample
from symgrad.numeric.feedforward.passes import forward
from symgrad.numeric.jacobian.spectrum import jacobian_spectrum, layer_factor
from symgrad.numeric.threads import limit_threads
from tests.numeric.exact_products import exact_ln_values
from tests.numeric.kernels import KERNELS, TORCH


def net_factors(net: Net, name: str, seed: int) -> list[np.ndarray]:
    """D_l W_l of one seed as float64 matrices, written the plain way."""
    draw = sample(replace(net, batch=1), range(seed, seed + 1), norms=False)
    sigma_w, factors = net.real.type(net.sigma_w), []
    for layer in forward(draw.inputs, draw.weights, draw.biases, KERNELS[name], net.sigma_w, net.sigma_b):
        assert layer.slope is not None
        weight = np.asarray(layer.weight[0], np.float64)
        factors.append(float(sigma_w) * np.asarray(layer.slope[0, 0], np.float64)[:, None] * weight)
    return factors


CASES = {
    "tanh": ("tanh", Net(200, 10, seeds=2, sigma_w=1.0, seed=1)),
    "tanh, small sigma_w": ("tanh", Net(100, 10, seeds=1, sigma_w=0.3, seed=2)),
    "tanh, saturated": ("tanh", Net(60, 12, seeds=1, sigma_w=3.0, seed=3)),
    "tanh with biases": ("tanh", Net(60, 12, seeds=1, sigma_w=1.5, sigma_b=0.5, seed=3)),
    "orthogonal": ("tanh", Net(500, 8, seeds=1, sigma_w=1.0, weights="orthogonal", seed=4)),
    "identity": ("identity", Net(50, 16, seeds=1, sigma_w=2.0, seed=5)),
    "sigmoid": ("sigmoid", Net(50, 10, seeds=1, sigma_w=1.0, seed=6)),
    "GELU, slopes of both signs": ("gelu", Net(60, 12, seeds=1, sigma_w=2.0, seed=7)),
    "ReLU": ("relu", Net(10, 24, seeds=2, sigma_w=1.4, seed=8)),
    "float32": ("tanh", Net(60, 12, seeds=1, sigma_w=1.0, dtype="float32", seed=9)),
}


@pytest.mark.parametrize("case", CASES)
def test_against_ball_arithmetic(case: str) -> None:
    name, net = CASES[case]
    found = jacobian_spectrum(net, KERNELS[name])
    for seed in range(net.seeds):
        alive = net.width - int(found.zeros[seed])
        values = found.ln_values[seed]
        truth = exact_ln_values(net_factors(net, name, seed), values[0] - values[alive - 1] + 40)
        wrong = np.abs(values[:alive] - truth[:alive])
        # the plain factors were rounded where sigma_w was multiplied in
        slack = 1e-12 * net.depth if net.sigma_w not in (1.0, 2.0) else 0.0
        assert (wrong <= found.error[seed, :alive] + slack).all()
        assert (wrong[found.trusted[seed, :alive]] <= 1e-8).all()
    assert found.trusted.mean() > 0.5


def test_the_large_ones_against_pytorch() -> None:
    torch: Any = pytest.importorskip("torch")
    for name in ("tanh", "relu", "gelu"):
        net = Net(12, 40, seeds=2, sigma_w=1.5, sigma_b=0.3, seed=3)
        found = jacobian_spectrum(net, KERNELS[name])
        for seed in range(net.seeds):
            draw = sample(replace(net, batch=1), range(seed, seed + 1), norms=False)
            assert draw.biases is not None
            weights = [torch.tensor(net.sigma_w * w[0]) for w in draw.weights]
            biases = [torch.tensor(net.sigma_b * b[0]) for b in draw.biases]

            def run(h: Any, name: str = name, weights: Any = weights, biases: Any = biases) -> Any:
                for w, b in zip(weights, biases, strict=True):
                    h = TORCH[name](w @ h + b)
                return h

            jacobian = torch.func.jacrev(run)(torch.tensor(draw.inputs[0, 0]))
            expected = torch.linalg.svdvals(jacobian).log().numpy()
            large = expected > expected[0] - np.log(1e3)
            np.testing.assert_allclose(found.ln_values[seed, large], expected[large], atol=1e-10)


def test_relu_units_that_are_off_are_exact_zeros() -> None:
    net = Net(6, 30, seeds=3, sigma_w=1.4, seed=11)
    found = jacobian_spectrum(net, KERNELS["relu"])
    for seed in range(net.seeds):
        on = [np.count_nonzero(factor.any(axis=1)) for factor in net_factors(net, "relu", seed)]
        assert found.zeros[seed] == net.width - min(on)
        assert np.isneginf(found.ln_values[seed]).sum() == found.zeros[seed]
        plain = np.linalg.multi_dot(net_factors(net, "relu", seed)[::-1])
        assert np.linalg.matrix_rank(plain) == min(on)


def test_a_dead_net_and_no_weights_at_all() -> None:
    dead = jacobian_spectrum(Net(40, 3, seeds=4, sigma_w=1.0, seed=0), KERNELS["relu"])
    assert (dead.zeros == 3).any()
    still = jacobian_spectrum(Net(3, 4, seeds=1, sigma_w=0.0), KERNELS["tanh"])
    assert still.zeros.tolist() == [4]
    assert np.isneginf(still.ln_values).all()


def test_no_depth_is_out_of_range() -> None:
    found = jacobian_spectrum(Net(500, 6, seeds=1, sigma_w=1e-100), KERNELS["tanh"])
    assert found.ln_values.max() < -100_000
    again = jacobian_spectrum(Net(500, 6, seeds=1, sigma_w=1e-50), KERNELS["tanh"])
    np.testing.assert_allclose(found.ln_values + 500 * 50 * np.log(10), again.ln_values, atol=1e-6)


def test_slopes_next_to_the_least_float_keep_their_digits() -> None:
    rng = np.random.default_rng(0)
    slope = np.array([1.0, 3 * 5e-324, 2.0**-1022])
    weight = rng.standard_normal((3, 3))
    factor, exponent = layer_factor(slope, weight)
    exact = np.ldexp(slope, 600)[:, None] * weight
    assert exponent == -600
    np.testing.assert_array_equal(factor, exact)


def test_seeds_do_not_depend_on_threads() -> None:
    net = Net(20, 16, seeds=4, sigma_w=1.2, seed=2)
    many = jacobian_spectrum(net, KERNELS["tanh"])
    limit_threads(1)
    try:
        one = jacobian_spectrum(net, KERNELS["tanh"])
    finally:
        limit_threads(None)
    np.testing.assert_array_equal(many.ln_values, one.ln_values)
    np.testing.assert_array_equal(many.error, one.error)
    alone = jacobian_spectrum(replace(net, seeds=1), KERNELS["tanh"])
    np.testing.assert_array_equal(many.ln_values[:1], alone.ln_values)


def test_a_net_too_large_is_refused() -> None:
    with pytest.raises(ValueError, match="GiB"):
        jacobian_spectrum(Net(1000, 1024, batch=1, seeds=1), KERNELS["tanh"])


def test_inputs_of_another_length() -> None:
    """Inputs of length 0 see φ′(0) = 1 alone: the product of the weights; linear nets never see them."""
    net = Net(depth=5, width=8, seeds=2, sigma_w=1.3, seed=4)
    still = jacobian_spectrum(net, KERNELS["tanh"], 0.0).ln_values
    linear = jacobian_spectrum(net, KERNELS["identity"]).ln_values
    assert np.abs(still - linear).max() < 1e-12
    assert np.abs(jacobian_spectrum(net, KERNELS["identity"], 3.0).ln_values - linear).max() < 1e-12
    assert (jacobian_spectrum(net, KERNELS["tanh"], 3.0).ln_values[:, 0] < still[:, 0]).all()
    for wrong in (-1.0, float("inf")):
        with pytest.raises(ValueError, match="input_scale"):
            jacobian_spectrum(net, KERNELS["tanh"], wrong)
