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
from symgrad.theory.propagation import edge_of_chaos as edge
from symgrad.theory.propagation.hermite import Z


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
    ],
    ids=["half", "root", "another order", "one Gaussian"],
)
def test_a_wrong_formula_breaks_the_derivation(
    monkeypatch: pytest.MonkeyPatch, module: object, name: str, wrong: object, entry: Entry
) -> None:
    monkeypatch.setattr(module, name, wrong)
    with pytest.raises(RefutedError):
        entry.body()
