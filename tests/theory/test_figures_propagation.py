"""Published figures of signal propagation, and withheld points, against mpmath; planted errors in the
derivations."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sympy as sp
from mpmath import mp, mpf, quad, sqrt

from symgrad.errors import RefutedError
from symgrad.numeric.mean_field import critical, mean_field
from symgrad.symbolic.letters import k
from symgrad.theory.activations import CORE, kernel
from symgrad.theory.entry import Entry
from symgrad.theory.propagation import arc_cosine_kernel as arc
from symgrad.theory.propagation import depth_scales as depth
from symgrad.theory.propagation import edge_of_chaos as edge
from symgrad.theory.propagation import erf_critical_line as line
from symgrad.theory.propagation import length_map_fixed_point as fixed
from symgrad.theory.propagation.hermite import C, Z


def mean(f: Callable[[mpf], mpf], q: mpf) -> mpf:
    """E f(√q z), with a panel end at 0."""
    return quad(lambda z: f(sqrt(q) * z) * mp.npdf(z), [-12, -4, 0, 4, 12])


PAIRS: dict[str, tuple[Callable[[mpf], mpf], Callable[[mpf], mpf]]] = {
    "tanh": (mp.tanh, lambda t: mp.sech(t) ** 2),
    "erf": (mp.erf, lambda t: 2 / mp.sqrt(mp.pi) * mp.exp(-(t**2))),
    "sin": (mp.sin, mp.cos),
    "sigmoid": (lambda t: 1 / (1 + mp.exp(-t)), lambda t: mp.sech(t / 2) ** 2 / 4),
    "relu": (lambda t: max(t, mpf(0)), lambda t: mpf(t > 0)),
}
"""φ and φ′ in mpmath."""


def test_published_edge_of_tanh() -> None:
    """σ_b² = 0.05: σ_w² = 1.76095464, and mpmath's χ₁ is 1 and q* kept there."""
    (point,) = critical.critical(kernel(CORE["tanh"]), 0.05).solutions
    assert f"{point.sigma_w2:.8f}" == "1.76095464"
    value, slope = PAIRS["tanh"]
    assert abs(point.sigma_w2 * mean(lambda t: slope(t) ** 2, point.q) - 1) < 1e-8
    assert abs(point.sigma_w2 * mean(lambda t: value(t) ** 2, point.q) + 0.05 - point.q) < 1e-8


def test_published_depth_scale_of_tanh() -> None:
    """σ_b² = 0.05, σ_w² = 1.5: ξ_c = 15.791, −1/ln χ₁ in the ordered phase."""
    found = mean_field.mean_field(kernel(CORE["tanh"]), 1.5, 0.05)
    assert found.xi_c is not None
    assert f"{found.xi_c:.3f}" == "15.791"


@pytest.mark.parametrize(
    ("name", "sigma_w2", "sigma_b2"),
    [("tanh", 1.3, 0.11), ("tanh", 2.9, 0.7), ("erf", 1.7, 0.2), ("sin", 1.1, 0.3), ("sigmoid", 4.0, 0.6),
     ("relu", 1.4, 0.37)],
)  # fmt: skip
def test_withheld_points(name: str, sigma_w2: float, sigma_b2: float) -> None:
    """q* keeps its length and χ₁ is σ_w² E φ′² there, by mpmath, to 1e-8."""
    found = mean_field.mean_field(kernel(CORE[name]), sigma_w2, sigma_b2)
    assert found.q is not None
    assert found.chi1 is not None
    value, slope = PAIRS[name]
    assert abs(sigma_w2 * mean(lambda t: value(t) ** 2, mpf(found.q)) + sigma_b2 - found.q) < 1e-8
    assert abs(sigma_w2 * mean(lambda t: slope(t) ** 2, mpf(found.q)) - found.chi1) < 1e-8


@pytest.mark.parametrize(
    ("module", "name", "wrong", "entry"),
    [
        (edge, "FACTOR", edge.FACTOR / 2, edge.edge_of_chaos),
        (edge, "FACTOR", sp.sqrt(edge.FACTOR), edge.edge_of_chaos),
        (edge, "BELOW", k * edge.BELOW, edge.edge_of_chaos),
        (edge, "pair_mean", lambda expr: expr.subs(Z[1], Z[0]), edge.edge_of_chaos),
        (line, "SLOPE", line.SLOPE * 2, line.erf_critical_line),
        (line, "LENGTH", line.LENGTH / 2, line.erf_critical_line),
        (line, "LENGTH", line.LENGTH + 1, line.erf_critical_line),
        (line, "WEIGHTS", 1 / line.WEIGHTS, line.erf_critical_line),
        (line, "BIASES", line.BIASES + 1, line.erf_critical_line),
        (line, "CURVATURE", 2 * line.CURVATURE, line.erf_critical_line),
        (fixed, "RELU", 2 * fixed.RELU, fixed.length_map_fixed_point),
        (fixed, "ROOM", fixed.ROOM + 1, fixed.length_map_fixed_point),
        (fixed, "RISE", 1 / line.RISE, fixed.length_map_fixed_point),
        (depth, "SCALE", 2 * depth.SCALE, depth.depth_scales),
        (depth, "SCALE", -depth.SCALE, depth.depth_scales),
        (depth, "DENSITY", line.DENSITY**2, depth.depth_scales),
        (arc, "FIRST", 2 * arc.FIRST, arc.arc_cosine_kernel),
        (arc, "ZEROTH", 1 - arc.ZEROTH, arc.arc_cosine_kernel),
        (arc, "MAP", arc.MAP**2, arc.arc_cosine_kernel),
        (arc, "KAPPA", 2 * arc.KAPPA, arc.arc_cosine_kernel),
        (arc, "RATE", arc.RATE / 2, arc.arc_cosine_kernel),
    ],
)
def test_a_wrong_formula_breaks_the_derivation(
    monkeypatch: pytest.MonkeyPatch, module: object, name: str, wrong: object, entry: Entry
) -> None:
    monkeypatch.setattr(module, name, wrong)
    with pytest.raises(RefutedError):
        entry.body()


@pytest.mark.parametrize("q", [0.01, 0.7, 12.0])
def test_the_line_of_erf_against_integrals(q: float) -> None:
    value, slope = PAIRS["erf"]
    at = {line.Q: sp.Float(q, 30)}
    with mp.workdps(25):
        assert abs(mean(lambda t: value(t) ** 2, mpf(q)) - mpf(line.LENGTH.subs(at).evalf(20))) < mpf("1e-12")
        assert abs(mean(lambda t: slope(t) ** 2, mpf(q)) * mpf(line.WEIGHTS.subs(at).evalf(20)) - 1) < mpf(
            "1e-12"
        )


@pytest.mark.parametrize("c", [-0.9, 0.0, 0.4, 0.99])
def test_the_kernels_of_relu_against_integrals(c: float) -> None:
    """Given z_1, E max(z_2, 0) is closed in the normal law, and one integral is left."""
    s, at = sqrt(1 - mpf(c) ** 2), {C: sp.Float(c, 30), arc.Q: 1}

    def ramp(u: mpf) -> mpf:
        return c * u * mp.ncdf(c * u / s) + s * mp.npdf(c * u / s)

    first = quad(lambda u: u * ramp(u) * mp.npdf(u), [0, 1, 4, 12])
    zeroth = quad(lambda u: mp.ncdf(c * u / s) * mp.npdf(u), [0, 1, 4, 12])
    assert abs(first - mpf(arc.FIRST.subs(at).evalf(20))) < 1e-12
    assert abs(zeroth - mpf(arc.ZEROTH.subs(at).evalf(20))) < 1e-12


def test_the_power_law_of_relu() -> None:
    """l² (1 − c_l) after 20,000 layers, from c = 0, in multiple precision: 9π²/2 to 0.5 %."""
    with mp.workdps(30):
        c = mpf(0)
        for _ in range(20_000):
            c = (mp.sqrt(1 - c * c) + (mp.pi - mp.acos(c)) * c) / mp.pi
        assert abs(20_000**2 * (1 - c) / mpf(arc.RATE.evalf(20)) - 1) < 5e-3
