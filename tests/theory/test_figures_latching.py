"""Figures of units that latch and of clips against mpmath, PyTorch and search; planted errors."""

from __future__ import annotations

import itertools
import math
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy as sp
from mpmath import mp, mpf

from symgrad.errors import InputError, RefutedError
from symgrad.numeric.training.clip import ByNorm, ByValue
from symgrad.theory.through_time import (
    clipping_by_norm,
    clipping_by_value,
    latch_gradient,
    latching,
    robust_latching,
)
from symgrad.theory.through_time.latch_orbits import basins, run
from symgrad.theory.through_time.rests import attracting, critical_input, repelling
from symgrad.verbs.clipping import clipping

CASES = [
    (w, mu)
    for w, several in {
        "101/100": "0 1/10000",
        "11/10": "0 1/50",
        "3/2": "0 1/5",
        "2": "0 1/4 133/250",
        "9": "6",
    }.items()
    for mu in several.split()
]


def number(value: sp.Expr) -> mpf:
    return mpf(str(sp.N(value, 45)))


def test_the_example() -> None:
    """w = 2: the state 0.957504024, the multiplier 0.166372088, the critical input 0.532839975."""
    rest = latching.latched(sp.Integer(2))
    assert rest.state.enclosure().decimal.startswith("0.957504024077268740676501530502")
    assert rest.multiplier.enclosure().decimal.startswith("0.16637208775167432747940829263")
    assert str(sp.N(critical_input(sp.Integer(2)), 12)) == "0.532839975354"
    with mp.workdps(40):
        state = mpmath.findroot(lambda y: mpmath.tanh(2 * y) - y, mpf("0.95"))
        assert abs(state - mpf(rest.state.enclosure().decimal)) < mpf(10) ** -29
        assert abs(2 * (1 - state**2) - mpf(rest.multiplier.enclosure().decimal)) < mpf(10) ** -29


@pytest.mark.parametrize(("w", "mu"), CASES)
def test_rests_against_mpmath(w: str, mu: str) -> None:
    """Both rests, with their brackets, by a solver that looks on its own side of the turning point."""
    weight, noise = sp.Rational(w), sp.Rational(mu)
    upper, lower = attracting(weight, noise), repelling(weight, noise)
    assert upper is not None
    assert lower is not None
    with mp.workdps(45):
        wide, small = number(weight), number(noise)
        turn = mpmath.acosh(mpmath.sqrt(wide))

        def held(x: mpf) -> mpf:
            return x - wide * mpmath.tanh(x) + small

        sides = {upper: (turn, wide + 1), lower: (mpf(0), turn)}
        for rest, side in sides.items():
            (root,) = rest.pre.named or (None,)
            if root is None:
                assert held(mpf(0)) == 0
                continue
            x = mpmath.findroot(held, side, solver="anderson", tol=mpf(10) ** -80)
            assert number(root.lo) < x < number(root.hi)
            assert abs(mpf(rest.pre.enclosure().decimal) - x) < mpf(10) ** -28
            assert abs(mpf(rest.state.enclosure().decimal) - mpmath.tanh(x)) < mpf(10) ** -28
            multiplier = wide / mpmath.cosh(x) ** 2
            assert abs(mpf(rest.multiplier.enclosure().decimal) - multiplier) < mpf(10) ** -28
            assert (multiplier < 1) == (rest is upper)


@pytest.mark.parametrize("w", ["101/100", "3/2", "2", "20"])
def test_the_critical_input_is_the_lowest_drive(w: str) -> None:
    """Minus the least of x − w tanh x, found by mpmath where its difference quotient is 0."""
    with mp.workdps(60):
        wide = number(sp.Rational(w))

        def drive(x: mpf) -> mpf:
            return x - wide * mpmath.tanh(x)

        step = mpf(10) ** -25
        least = mpmath.findroot(
            lambda x: drive(x + step) - drive(x - step),
            (mpf(0), wide),
            solver="bisect",
            maxsteps=250,
            verify=False,
        )
        assert abs(-drive(least) - number(critical_input(sp.Rational(w)))) < mpf(10) ** -40


def test_no_rest_above_the_critical_input_and_none_beside_it() -> None:
    assert attracting(sp.Integer(2), sp.Rational("0.5329")) is None
    assert attracting(sp.Integer(2), sp.Rational("0.5328")) is not None
    assert attracting(sp.Integer(1)) is repelling(sp.Rational(1, 2)) is None
    near = sp.Rational(str(sp.N(critical_input(sp.Integer(2)), 60)))
    with pytest.raises(InputError, match="too close to the critical input"):
        attracting(sp.Integer(2), near)


def test_the_multiplier_falls_and_the_margin_grows_with_the_weight() -> None:
    weights = [sp.Rational(k, 10) for k in range(11, 80, 4)]
    multipliers = [latching.latched(weight).multiplier.ball(64) for weight in weights]
    margins = [number(critical_input(weight)) for weight in weights]
    assert all(after < before for before, after in itertools.pairwise(multipliers))
    assert all(after > before for before, after in itertools.pairwise(margins))


def test_gradients_of_orbits_against_differences_of_the_map() -> None:
    """∂y_t/∂y_0 by mpmath's differences of the composed map in 60 digits, at every t."""
    rng = np.random.default_rng(0)
    start, drive = rng.uniform(-1, 1, 4), rng.uniform(-0.3, 0.3, (4, 12))
    found = run(2.0, start, drive)
    step = mpf(10) ** -20
    with mp.workdps(60):
        for row, first in enumerate(start):
            sides = [mpf(float(first)) + step, mpf(float(first)) - step]
            for t, given in enumerate(drive[row], 1):
                sides = [mpmath.tanh(2 * side + mpf(float(given))) for side in sides]
                slope = (sides[0] - sides[1]) / (2 * step)
                assert found.log10_gradient[row, t] == pytest.approx(float(mpmath.log10(slope)), abs=1e-12)
                assert found.states[row, t] == pytest.approx(float(sides[0]), abs=1e-13)
    assert not found.log10_gradient[:, 0].any()


def test_gradients_that_leave_the_range_of_numbers_keep_their_logarithm() -> None:
    rest = latching.latched(sp.Integer(5))
    orbit = run(5.0, np.array([float(rest.state.enclosure().decimal)]), np.zeros((1, 400)))
    rate = math.log10(float(rest.multiplier.enclosure().decimal))
    assert orbit.log10_gradient[0, -1] == pytest.approx(400 * rate, rel=1e-12)
    assert orbit.log10_gradient[0, -1] < -1200


def test_basins_turn_at_the_critical_input() -> None:
    critical = float(critical_input(sp.Integer(2)))
    ended = basins(
        2.0, np.array([-1.0, 0.0, 1e-3, 1.0]), critical * np.array([-1.01, -0.99, 0.0, 0.99, 1.01])
    )
    assert ended.tolist() == [[-1] * 4, [-1, -1, -1, 1], [-1, 0, 1, 1], [-1, 1, 1, 1], [1] * 4]


def test_the_angle_of_the_example() -> None:
    gradient, threshold, clipped = clipping_by_value.example()
    (claim, *_) = clipping_by_value.clipping_by_value().claims
    left, right = (np.array(vector, float).ravel() for vector in (gradient, clipped))
    angle = math.degrees(math.acos(left @ right / np.linalg.norm(left) / np.linalg.norm(right)))
    assert angle == pytest.approx(28.7397952916880, abs=1e-10)
    assert float(claim.expects["example"][3]) == pytest.approx(math.cos(math.radians(angle)), abs=1e-14)
    assert np.array_equal(right, np.clip(left, -float(threshold), float(threshold)))


@pytest.mark.parametrize("entries", [1, 2, 3, 6, 40])
def test_a_gradient_turns_by_no_more_than_the_bound(entries: int) -> None:
    """Random gradients over many scales, and one that comes close: one huge entry among ones at the limit."""
    rng = np.random.default_rng(entries)
    scales = 10.0 ** rng.uniform(-3, 3, (4000, entries))
    gradients = np.concatenate([scales * rng.standard_normal((4000, entries)), np.ones((1, entries))])
    gradients[-1, 0] = 1e9
    clipped = gradients.copy()
    for row in clipped:
        ByValue(1.0)(row, 0.0)
    norms = np.linalg.norm(gradients, axis=1) * np.linalg.norm(clipped, axis=1)
    cosines = np.vecdot(gradients, clipped) / norms
    least = 1 / math.sqrt(entries)
    assert cosines.min() >= least * (1 - 1e-12)
    assert cosines[-1] == pytest.approx(least, rel=1e-6)


@pytest.mark.parametrize("limit", [1e-3, 1.0, 1e3])
def test_clips_are_those_of_pytorch(limit: float) -> None:
    """Its clip by norm divides by ‖g‖ + 1e-6, the same to that."""
    torch = pytest.importorskip("torch")
    gradient = np.random.default_rng(5).standard_normal(50)
    for ours, theirs, error in (
        (ByNorm(limit), torch.nn.utils.clip_grad_norm_, 1e-6),
        (ByValue(limit), torch.nn.utils.clip_grad_value_, 0.0),
    ):
        parameter = torch.nn.Parameter(torch.zeros(50, dtype=torch.float64))
        parameter.grad = torch.tensor(gradient)
        theirs([parameter], limit)
        clipped = gradient.copy()
        ours(clipped, float(np.linalg.norm(gradient)))
        np.testing.assert_allclose(clipped, parameter.grad.numpy(), rtol=error)


# --- planted errors ---------------------------------------------------------------------------------------

x = sp.Symbol("x", real=True)
PLANTED: dict[str, tuple[Any, str, Any, Any]] = {
    "multiplier": (latching, "MULTIPLIER", 2 * x / sp.sinh(x), latching.latching),
    "weight": (latching, "WEIGHT", x * sp.tanh(x), latching.latching),
    "example that does not latch": (latching, "EXAMPLE", sp.S.One, latching.latching),
    "held drive": (latch_gradient, "HELD", x - sp.tanh(x), latch_gradient.latch_gradient),
    "critical input": (
        latch_gradient,
        "critical_input",
        lambda w: sp.sqrt(w * (w - 1)) - sp.acosh(w),
        latch_gradient.latch_gradient,
    ),
    "turning point": (latch_gradient, "turning_point", lambda w: 1 - 1 / w, latch_gradient.latch_gradient),
    "noise": (latch_gradient, "NOISE", {sp.Integer(2): (sp.Integer(1),)}, latch_gradient.latch_gradient),
    "first Jacobian": (
        robust_latching,
        "FIRST",
        sp.ImmutableMatrix([[0, 3], [0, 0]]),
        robust_latching.robust_latching,
    ),
    "second Jacobian": (
        robust_latching,
        "SECOND",
        sp.ImmutableMatrix([[1, 0], [2, 0]]),
        robust_latching.robust_latching,
    ),
    "adapted norm": (
        robust_latching,
        "HYPERBOLIC",
        (sp.Matrix([[1, 8], [0, 1]]), sp.Rational(3, 4)),
        robust_latching.robust_latching,
    ),
    "factor of the norm": (
        clipping_by_norm,
        "by_norm",
        lambda size, threshold: threshold / size,
        clipping_by_norm.clipping_by_norm,
    ),
    "factor without the norm": (
        clipping_by_norm,
        "by_norm",
        lambda size, threshold: sp.Min(1, threshold),
        clipping_by_norm.clipping_by_norm,
    ),
    "one side alone": (
        clipping_by_value,
        "by_value",
        sp.Min,
        clipping_by_value.clipping_by_value,
    ),
    "angle": (clipping_by_value, "ANGLE", sp.pi / 4, clipping_by_value.clipping_by_value),
    "gradient of the example": (
        clipping_by_value,
        "EXAMPLE",
        (sp.ImmutableMatrix([24, 6]), sp.Integer(7)),
        clipping_by_value.clipping_by_value,
    ),
}


@pytest.mark.parametrize("kind", PLANTED)
def test_a_planted_error_breaks_its_page(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    module, name, wrong, page = PLANTED[kind]
    monkeypatch.setattr(module, name, wrong)
    with pytest.raises(RefutedError):
        page.body()


def test_the_headline_on_clipping_is_what_the_nets_show() -> None:
    """Nets that both vanish, or a limit that nothing reaches, show no cure."""
    said = "At T = 30 clipping bounds the gradient that explodes and leaves the vanishing one as it is. "
    assert clipping(steps=30)["finding"].startswith(said)
    assert clipping(steps=30, exploding=0.7)["finding"].startswith("At weight scale 0.8 ")
    assert clipping(steps=30, limit=1e9, value=1e9)["finding"].startswith("At weight scale 0.8 ")
