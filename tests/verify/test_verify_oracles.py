"""The oracles against closed forms that they do not use."""

import mpmath
import numpy as np
import pytest
import sympy as sp
from flint import arb
from hypothesis import given
from hypothesis import strategies as st

from symgrad.symbolic.balls import ball, precision
from symgrad.symbolic.calculus.pieces import pieces
from symgrad.symbolic.letters import x
from symgrad.theory.activations import CORE, kernel
from symgrad.verify.exact_net import ExactNet, ball_norm
from symgrad.verify.nets import joints, phi_kernel
from symgrad.verify.oracles import derivative, difference_kernel, number_ball, quotients, spectral_norm

TANH, RELU = (CORE[name].phi for name in ("tanh", "relu"))


def true_slope(name: str, point: arb) -> arb:
    """φ′ by SymPy's derivative of the piece that the point lies in."""
    at = float(point.mid())
    (part,) = [p for p in pieces(CORE[name].phi, x) if float(p.lo) < at < float(p.hi)]
    return ball(sp.diff(part.expr, x), {x: point})


@pytest.mark.parametrize("name", CORE)
def test_quotients_are_the_derivative_to_fifty_digits(name):
    points = [arb(p) for p in (-37.25, -3.01, -1.0, -1e-9, 1e-9, 0.3, 1.7, 2.99, 50.5)]
    with precision(600):
        for point, found in zip(points, quotients(CORE[name].phi, x, points), strict=True):
            assert abs(found - true_slope(name, point)) < 1e-50
            assert derivative(CORE[name].phi, x, point).overlaps(true_slope(name, point))


@pytest.mark.parametrize(("name", "at", "left", "right"), [("relu", 0, 0, 1), ("hard_swish", 3, 1.5, 1)])
def test_one_sided_derivatives_at_a_kink(name, at, left, right):
    phi = CORE[name].phi
    for side, expected in ((-1, left), (1, right)):
        assert abs(float(derivative(phi, x, at, side=side).mid()) - expected) < 1e-45
    middle = float(quotients(phi, x, [at])[0].mid())
    assert middle == pytest.approx((left + right) / 2)


def test_the_widened_ball_shrinks_with_the_digits():
    radii = [float(derivative(TANH, x, 0.7, digits).rad()) for digits in (10, 20, 50)]
    assert radii[0] < 1e-18
    assert radii[1] < 1e-38
    assert radii[2] < 1e-60


def test_numbers_of_every_kind():
    with precision(300):
        for number in (0.1, sp.Float("0.1"), arb(0.1)):
            assert number_ball(number, 300).overlaps(arb(0.1))
        assert number_ball(sp.sqrt(2), 300).overlaps(arb(2).sqrt())


@pytest.mark.parametrize("name", CORE)
def test_difference_kernel(name):
    entry = CORE[name]
    cuts = np.array(joints(entry))
    near = [cut + sign * step for cut in cuts for step in (1e-12, 1e-4, 1e-3, 3e-3) for sign in (-1, 1)]
    points = np.array([*np.linspace(-30, 30, 301) + 1e-3, *near, 1e3, -1e3])
    got = phi_kernel(entry).slope(points)
    for point, slope in zip(points, got, strict=True):
        with precision(400):
            true = float(quotients(entry.phi, x, [arb(float(point))])[0].mid())
        assert abs(slope - true) < 1e-10 * max(1, abs(point))


def test_difference_kernel_never_calls_the_compiled_derivative():
    def refuse(a, h, out):
        raise AssertionError("the compiled φ′ was used")

    import dataclasses

    spoilt = dataclasses.replace(kernel(CORE["tanh"]), dphi=refuse)
    assert difference_kernel(spoilt).slope(np.array([0.0]))[0] == pytest.approx(1)


def exact(weights, biases, inputs, covector, phi=TANH):
    return ExactNet(phi, x, weights, biases, inputs, covector)


@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.integers(1, 3))
def test_gradients_of_a_tanh_net_against_the_chain_rule(seed, depth, width):
    """The chain rule written out in mpmath with tanh′ = 1 − tanh²."""
    rng = np.random.default_rng(seed)
    weights, biases = rng.normal(size=(depth, width, width)), rng.normal(size=(depth, width))
    start, g = rng.normal(size=width), rng.normal(size=width)
    net = exact(weights.tolist(), biases.tolist(), start.tolist(), g.tolist())
    with mpmath.workdps(80):
        states = [mpmath.matrix(start.tolist())]
        for w, b in zip(weights, biases, strict=True):
            pre = mpmath.matrix(w.tolist()) * states[-1] + mpmath.matrix(b.tolist())
            states.append(pre.apply(mpmath.tanh))
        back = mpmath.matrix(g.tolist()).T
        for layer in range(depth, 0, -1):
            close(net.hidden_gradient(layer), list(back))
            delta = [back[i] * (1 - states[layer][i] ** 2) for i in range(width)]
            outer = [d * below for d in delta for below in states[layer - 1]]
            close([entry for row in net.weight_gradient(layer) for entry in row], outer)
            back = mpmath.matrix([delta]) * mpmath.matrix(weights[layer - 1].tolist())
        close(net.hidden_gradient(0), list(back))


def close(found, expected):
    with precision(300):
        true = [arb(mpmath.nstr(value, 75)) for value in expected]
        error = ball_norm([a - b for a, b in zip(found, true, strict=True)])
        assert error < 1e-50 * ball_norm(true)


def test_widths_may_change_from_layer_to_layer():
    net = exact([[[1, 2, 3]], [[0.5], [0.25]]], None, [0.1, 0.2, 0.3], [1, 1], phi=x)
    assert [float(entry.mid()) for entry in net.hidden_gradient(0)] == pytest.approx([0.75, 1.5, 2.25])
    assert len(net.weight_gradient(2)) == 2
    assert net.error().overlaps(arb(0.75) * (arb(0.1) + 2 * arb(0.2) + 3 * arb(0.3)))


def test_a_dead_net_has_a_gradient_of_zero():
    net = exact([[[1.0, 0.5], [0.25, 1.0]]] * 3, [[-9.0, -9.0]] * 3, [0.1, 0.2], [1.0, 1.0], phi=RELU)
    assert float(ball_norm(net.hidden_gradient(0)).upper()) < 1e-100


def test_a_gradient_far_below_its_error_keeps_its_digits():
    """sigmoid, 40 layers of weight 1/50: the gradient is about 1e-92 of E."""
    net = exact([[[0.02]]] * 40, None, [0.3], [1.0], phi=CORE["sigmoid"].phi)
    (found,) = net.hidden_gradient(0)
    assert found < 1e-80
    assert found.rel_accuracy_bits() > 166


@pytest.mark.parametrize(
    ("matrix", "norm"),
    [
        ([[8.0, 8.0], [-8.0, -8.0]], 16.0),
        ([[3.0, 0.0], [0.0, -5.0]], 5.0),
        ([[0.0, 0.0], [0.0, 0.0]], 0.0),
        ([[1e-200, 0.0], [0.0, 0.0]], 1e-200),
        ([[1.0, 1.0, 1.0]], 3**0.5),
    ],
)
def test_spectral_norm_of_known_matrices(matrix, norm):
    lower, upper = spectral_norm(np.array(matrix))
    assert lower <= norm * (1 + 1e-15)
    assert norm * (1 - 1e-15) <= upper
    assert upper - lower <= 1e-12 * norm


@given(st.integers(0, 2**32 - 1), st.integers(1, 6))
def test_spectral_norm_encloses(seed, width):
    w = np.random.default_rng(seed).normal(size=(2, width, width))
    lower, upper = spectral_norm(w)
    with mpmath.workdps(40):
        for i in range(2):
            norm = max(mpmath.svd_r(mpmath.matrix(w[i].tolist()), compute_uv=False))
            assert mpmath.mpf(lower[i]) <= norm <= mpmath.mpf(upper[i])
    assert (upper - lower <= 1e-12 * upper).all()


def test_spectral_norm_of_a_wide_stack_is_tight():
    lower, upper = spectral_norm(np.random.default_rng(0).normal(size=(3, 128, 128)))
    assert (upper / lower - 1 < 1e-9).all()
