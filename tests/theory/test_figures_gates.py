"""Figures of gated nets: half-lives, chrono times, bounds and their constant, each by an independent way."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
import sympy as sp
from mpmath import mp, mpf

from symgrad.errors import InputError
from symgrad.symbolic.letters import T, b_forget
from symgrad.theory.through_time import chrono, forget_gate, gated_bounds
from symgrad.theory.through_time.gates_measured import chrono_biases, chrono_product, gated

FIGURES = {1: "2.2127", 5: "103.218", 0: "1"}
"""Forget bias → half-life in steps, as published."""


@pytest.mark.parametrize("bias", FIGURES)
def test_half_lives(bias: int) -> None:
    """ln ½/ln σ(b): the figure, and n with σ(b)ⁿ = ½ found by mpmath without that formula."""
    found = forget_gate.half_life(sp.Integer(bias))
    figure = FIGURES[bias]
    with mp.workdps(40):
        gate = 1 / (1 + mpmath.exp(-bias))
        root = mpmath.findroot(lambda n: gate**n - mpf(1) / 2, mpf(figure))
        decimal = mpf(found.enclosure().decimal)
        assert abs(decimal - root) < mpf(10) ** -25
        assert abs(decimal - mpf(figure)) <= mpf(10) ** -len(figure.partition(".")[2]) / 2
    assert found.proof == "exact"


@pytest.mark.parametrize("bias", [sp.Integer(-50), sp.Rational(-7, 3), sp.Integer(0), sp.Integer(12)])
def test_half_life_lies_between_its_bounds_and_is_below_the_characteristic_time(bias: sp.Rational) -> None:
    with mp.workdps(60):
        life, time = (
            mpf(value(bias).enclosure().decimal)
            for value in (forget_gate.half_life, forget_gate.characteristic_time)
        )
        power = mpmath.exp(mpf(bias.p) / bias.q)
        assert power * mpmath.log(2) < life < (power + mpf(1) / 2) * mpmath.log(2) * (1 + mpf(10) ** -28)
        assert life < time


@pytest.mark.parametrize("steps", [1, 10, sp.Rational(1, 3), 10**6])
def test_the_bias_for_a_half_life_has_it(steps: object) -> None:
    wanted = sp.Rational(steps)
    with mp.workdps(40):
        bias = mpf(forget_gate.bias_for(wanted).enclosure().decimal)
        left = (1 / (1 + mpmath.exp(-bias))) ** (mpf(wanted.p) / wanted.q)
        assert abs(left - mpf(1) / 2) < mpf(10) ** -20


@pytest.mark.parametrize("bias", [10**9, sp.Rational(101, 2), -51])
def test_a_bias_out_of_range_is_refused(bias: object) -> None:
    with pytest.raises(InputError, match=r"forget bias .*: legal are numbers from -50 to 50"):
        forget_gate.half_life(sp.Rational(bias))


@pytest.mark.parametrize("steps", [0, -1, sp.Rational(1, 1000), 10**30])
def test_a_half_life_without_a_legal_bias_is_refused(steps: object) -> None:
    with pytest.raises(InputError, match=r"half-life .*: legal are numbers of steps from 0\.0138"):
        forget_gate.bias_for(sp.Rational(steps))


def test_chrono_times_reach_from_2_to_the_length_of_the_task() -> None:
    """b_f = log(T − 1) has the characteristic time T, b_f = 0 has 2; the mean is T/2 + 1."""
    for steps in (3, 50, 1000):
        last = forget_gate.TIME.subs(b_forget, sp.log(steps - 1))
        assert sp.simplify(last - steps) == 0
        assert chrono.CHANCE.subs({T: steps, chrono.PLACE: steps}) == 1
        drawn = 1 + np.exp(chrono_biases(np.random.default_rng(0), steps, (200_000,)))
        assert drawn.min() >= 2
        assert drawn.max() <= steps * (1 + 1e-12)
        assert abs(drawn.mean() - float(chrono.MEAN_TIME.subs(T, steps))) < 0.003 * steps


def test_the_law_of_chrono_half_lives() -> None:
    steps = 100
    lives = math.log(2) / np.log1p(np.exp(-chrono_biases(np.random.default_rng(1), steps, (200_000,))))
    for place in (1.5, 10.0, 40.0, 68.0):
        claimed = float(chrono.HALF_LIFE_CHANCE.subs({T: steps, chrono.PLACE: place}))
        assert abs((lives <= place).mean() - claimed) < 0.005


@pytest.mark.parametrize("steps", [3, 10, 300])
def test_chrono_product_against_quadrature_by_mpmath(steps: int) -> None:
    found = chrono_product(steps)
    assert found.shape == (steps,)
    cuts = sorted({1, *(u for u in (2, 5, 20, 80) if u < steps - 1), steps - 1})
    for t in (1, steps // 2, steps):
        mean = mpmath.quad(lambda u, n=steps - t: (u / (1 + u)) ** (2 * n), cuts) / (steps - 2)
        assert abs(found[t - 1] - float(mpmath.log10(mpmath.sqrt(mean)))) < 1e-12


def test_the_saturation_constant() -> None:
    """μ = max (1 + d)/cosh² d at (1 + d) tanh d = ½: 1.1984519, and f|c| sech²(f c + i g) ≤ μ."""
    with mp.workdps(30):
        place = mpmath.findroot(lambda d: (1 + d) * mpmath.tanh(d) - mpf(1) / 2, mpf("0.4"))
        exact = (1 + place) / mpmath.cosh(place) ** 2
    assert 0 <= gated_bounds._MU - float(exact) < 1e-14
    rng = np.random.default_rng(0)
    f, c, ig = rng.random(100_000), 10 ** rng.uniform(-2, 3, 100_000), rng.uniform(-1, 1, 100_000)
    reached = (f * c / np.cosh(np.minimum(np.abs(f * c + ig), 300)) ** 2).max()
    assert 0.99 * gated_bounds._MU < reached <= gated_bounds._MU


@pytest.mark.parametrize(
    "norms", [(0.0, 0.0, 0.0, 0.0), (1.5, 2.0, 0.3, 1.0), (1e8, 1e-9, 1e9, 3.0), (2.0, 0.5, 1.0)]
)
@pytest.mark.parametrize("size", [0.0, 3.0, 40.0])
def test_the_bound_of_a_step_is_the_norm_of_its_matrix(norms: tuple[float, ...], size: float) -> None:
    i, *forget, g, o = norms
    f = forget[0] if forget else 0.0
    alpha, beta = size / 4 * f + i / 4 + g, min(size / 4, gated_bounds._MU) * f + i / 4 + g
    norm = np.linalg.norm([[1, alpha], [1, beta + o / 4]], 2)
    assert abs(gated_bounds.lstm_step(norms, size) - math.log(norm)) < 1e-13


def test_the_bound_over_steps_is_a_product_of_matrices() -> None:
    """(‖∂E/∂c_t‖, ‖∂E/∂h_t‖) ≤ (x + y, y) with (x, y) = Nᵀ_{t+1} ⋯ Nᵀ_T (0, 1); below √2 times ∏ B."""
    norms, steps = np.array([1.5, 2.0, 0.7, 1.0]), 12
    cell, hidden = gated_bounds.lstm_gradient(norms, steps, initial=0.5)
    i, f, g, o = norms
    pair = np.array([0.0, 1.0])
    worst = 0.0
    for t in reversed(range(1, steps + 1)):
        assert abs(cell[t - 1] - math.log(pair.sum())) < 1e-12
        assert abs(hidden[t - 1] - math.log(pair[1])) < 1e-12
        assert cell[t - 1] <= worst + math.log(2) / 2 + 1e-12
        size = t - 1 + 0.5
        alpha, beta = size / 4 * f + i / 4 + g, min(size / 4, gated_bounds._MU) * f + i / 4 + g
        pair = np.array([[1, alpha], [1, beta + o / 4]]).T @ pair
        worst += float(gated_bounds.lstm_step(norms, size))


def test_bounds_stay_in_range_and_take_stacks() -> None:
    cell, hidden = gated_bounds.lstm_gradient(np.full((2, 3, 4), 50.0), 10_000)
    assert cell.shape == hidden.shape == (2, 3, 10_000)
    assert np.isfinite(cell).all()
    assert cell[0, 0, 0] > 20_000
    assert (np.diff(cell, axis=-1) < 0).all()
    zero, none = gated_bounds.lstm_gradient(np.zeros(4), 3)
    assert (zero == 0).all()
    assert none.tolist() == [-np.inf, -np.inf, 0.0]
    assert gated_bounds.gru_gradient(np.ones((2, 3)), 4.0, 7).shape == (2, 7)
    assert np.isfinite(gated_bounds.gru_step((1e200, 1e200, 1e200), 1e100))


@pytest.mark.parametrize("wrong", [(1.0, 2.0), (1.0,) * 5, (1.0, -1.0, 1.0, 1.0), (1.0, math.nan, 1.0, 1.0)])
def test_wrong_norms_are_refused(wrong: tuple[float, ...]) -> None:
    for refused in (
        lambda: gated_bounds.lstm_step(wrong, 0.0),
        lambda: gated_bounds.lstm_gradient(wrong, 3),
        lambda: gated_bounds.gru_step(wrong[:2], 0.0),
    ):
        with pytest.raises(InputError) as refusal:
            refused()
        assert "\n" not in str(refusal.value)
    with pytest.raises(InputError, match="0 steps"):
        gated_bounds.lstm_gradient((1.0,) * 4, 0)


def test_measured_nets_agree_with_torch() -> None:
    """The whole and the truncated ∂E/∂c_t of an LSTM with PyTorch, gates detached for the truncated one."""
    torch = pytest.importorskip("torch")
    from symgrad.numeric.recurrent.net import sample_recurrent

    found = gated(1.5, steps=7, width=3, batch=2, seeds=1, sigma_w=1.3, seed=4)
    drawn = sample_recurrent(found.net, range(1))
    weights = found.net.weights_of(drawn)
    assert weights.bias is not None
    W, U, b = (torch.tensor(array[0]) for array in (weights.recurrent, weights.input, weights.bias))
    inputs, g = torch.tensor(drawn.inputs[0]), torch.tensor(drawn.covector[0, :, :3])
    for truncated, mine in ((False, found.full), (True, found.truncated)):
        h, c = torch.zeros(2, 3, dtype=torch.float64), torch.zeros(2, 3, dtype=torch.float64)
        cells = []
        for x in inputs:
            held = h.detach() if truncated else h
            i, f, new, o = (held @ W.T + x @ U.T + b).chunk(4, dim=-1)
            c = (torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(new)).requires_grad_()
            cells.append(c)
            h = torch.sigmoid(o) * torch.tanh(c)
        gradients = torch.autograd.grad((g * h).sum(), cells)
        expected = [math.log10(float(gradient.norm())) for gradient in gradients]
        np.testing.assert_allclose(mine[0], expected, rtol=1e-10, atol=1e-12)


def test_the_page_of_the_forget_gate_quotes_its_figures() -> None:
    told = "".join(map(str, forget_gate.forget_gate().conclusion.because))
    assert "2.21268" in told
    assert "103.218" in told
