"""Figures of the remedies against oracles of their own; planted errors in their derivations."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sympy as sp
from scipy import integrate, special, stats

from symgrad.errors import RefutedError
from symgrad.symbolic.letters import n
from symgrad.theory.entry import Entry
from symgrad.theory.remedies import batch_norm_growth as batch
from symgrad.theory.remedies import residual_paths as paths
from symgrad.theory.remedies import residual_scaling as scaling


@pytest.mark.parametrize(
    ("module", "name", "wrong", "entry"),
    [
        (paths, "BLOCK", paths.IDENTITY - paths.BLOCK, paths.residual_paths),
        (paths, "BLOCK", 2 * paths.BLOCK, paths.residual_paths),
        (paths, "COUNT", sp.binomial(n + 1, paths.LENGTH), paths.residual_paths),
        (paths, "COUNT", n**paths.LENGTH, paths.residual_paths),
        (paths, "CHANCE", sp.Rational(98, 100), paths.residual_paths),
        (paths, "SHORTEST", 18, paths.residual_paths),
        (batch, "CORRELATION", 1 / batch.BATCH, batch.batch_norm_growth),
        (batch, "FACTOR", batch.SLOPES / batch.SQUARES, batch.batch_norm_growth),
        (batch, "RELU", sp.pi / (sp.pi - 2), batch.batch_norm_growth),
        (scaling, "FACTOR", 1 + scaling.ALPHA, scaling.residual_scaling),
        (scaling, "GROWTH", scaling.GROWTH**2, scaling.residual_scaling),
        (scaling, "FIXUP", 1 / n, scaling.residual_scaling),
        (scaling, "FIXUP", scaling.FIXUP**2, scaling.residual_scaling),
        (scaling, "SCALES", {**scaling.SCALES, "1/sqrt(n)": 1 / n}, scaling.residual_scaling),
    ],
)
def test_a_wrong_formula_breaks_the_derivation(
    monkeypatch: pytest.MonkeyPatch, module: object, name: str, wrong: object, entry: Entry
) -> None:
    monkeypatch.setattr(module, name, wrong)
    with pytest.raises(RefutedError):
        entry.body()


def test_published_share_of_paths() -> None:
    """54 blocks: P(19 ≤ K ≤ 35) = .98017 (SciPy's binomial law)."""
    law = stats.binom(54, 0.5)
    assert f"{float(paths.CHANCE):.5f}" == "0.98017"
    assert abs(law.cdf(35) - law.cdf(18) - float(paths.CHANCE)) < 1e-12


def test_published_growth_of_fifty_blocks() -> None:
    """L = 50: 1.1·10¹⁵ without a scale, 2.69 with 1/√L; a recursion in floating point."""
    for name, figure in (("1", "1.1e+15"), ("1/sqrt(n)", "2.7e+00")):
        scale = float(scaling.SCALES[name].subs(n, 50))
        found = 1.0
        for _ in range(50):
            found += scale**2 * found
        exact = scaling.GROWTH.subs({scaling.ALPHA: scaling.SCALES[name]}).subs(n, 50)
        assert found == pytest.approx(float(exact), rel=1e-12)
        assert f"{found:.1e}" == figure
    assert f"{found:.2f}" == "2.69"


@pytest.mark.parametrize(
    ("value", "slope", "figure"),
    [
        (lambda t: max(t, 0.0), lambda t: float(t > 0), "1.466942"),
        (special.expit, lambda t: special.expit(t) * special.expit(-t), "1.034"),
    ],
    ids=["relu", "sigmoid"],
)
def test_published_growth_under_batch_norm(
    value: Callable[[float], float], slope: Callable[[float], float], figure: str
) -> None:
    """E φ′²/Var φ by SciPy's quadrature: π/(π − 1) = 1.466942 for ReLU."""

    def mean(f: Callable[[float], float]) -> float:
        return float(integrate.quad(lambda t: f(t) * stats.norm.pdf(t), -12, 12, points=[0], epsabs=1e-12)[0])

    found = mean(lambda t: slope(t) ** 2) / (mean(lambda t: value(t) ** 2) - mean(value) ** 2)
    assert f"{found:.{len(figure) - 2}f}" == figure
    if figure == "1.466942":
        assert found == pytest.approx(float(batch.RELU), rel=1e-9)
