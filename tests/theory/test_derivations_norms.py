"""Errors planted in the derivations of norms and spectral radii: none of them builds."""

from __future__ import annotations

from typing import Any

import pytest
import sympy as sp

from symgrad.errors import RefutedError
from symgrad.symbolic.letters import T, gamma, n, omega, t
from symgrad.symbolic.ranges.extremum import Value
from symgrad.theory.entry import Entry
from symgrad.theory.norm_bound import NORM_BOUND
from symgrad.theory.through_time import (
    companion,
    linear,
    norms,
    orthogonal,
    scaling,
    spectral_radius,
    transient,
)

RHO, DELTA = transient.RADIUS, transient.DEPARTURE


def refused(entry: Entry, patch: pytest.MonkeyPatch, module: Any, **changed: Any) -> None:
    """The body builds as it is, and not with these names of the module changed."""
    entry()
    for name, value in changed.items():
        patch.setattr(module, name, value)
    with pytest.raises(RefutedError):
        entry.body()


@pytest.mark.parametrize(
    "changed",
    [
        {"WEIGHTS": sp.Matrix([[8, 8], [-8, -7]])},
        {"WEIGHTS": sp.Matrix([[8, 9], [-8, -8]])},
        {"STATE": sp.Matrix([0, sp.Rational(1, 3)])},
        {"JACOBIAN": sp.Matrix([[8, 8], [-6, -5]])},
        {"PASCANU": sp.Matrix([[8, 8], [-6, -6]])},
        {"slopes": lambda: sp.diag(1, sp.Rational(1, 2))},
        {"bias": lambda weights: sp.Matrix([-4, 4])},
        {"power_norm": lambda steps=n: 2**steps * 10 * sp.sqrt(2)},
        {"suprema": lambda *names: {"tanh": Value(sp.oo)}},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_a_wrong_number_breaks_the_counterexample(
    monkeypatch: pytest.MonkeyPatch, changed: dict[str, Any]
) -> None:
    refused(spectral_radius.spectral_radius, monkeypatch, spectral_radius, **changed)


@pytest.mark.parametrize(
    ("module", "name", "value", "entry"),
    [
        (norms, "BOUND", (gamma * norms.NORM) ** (T - t - 1), norms.time_norm_bound),
        (norms, "NORM_BOUND", NORM_BOUND * gamma, norms.time_norm_bound),
        (norms, "suprema", lambda name: {name: Value(sp.Rational(1, 2))}, norms.time_norm_bound),
        (norms, "omega", 2 * omega, norms.time_norm_bound),
        (orthogonal, "ROTATION", sp.Matrix([[3, -4], [4, 4]]) / 5, orthogonal.orthogonal_recurrence),
        (orthogonal, "steepest", lambda name: (sp.S.One, Value(sp.S.One)), orthogonal.orthogonal_recurrence),
        (orthogonal, "BOUND", gamma ** (T - t + 1), orthogonal.orthogonal_recurrence),
        (transient, "power_norm", lambda *a, **k: RHO, transient.transient_growth),
        (transient, "hump", lambda *a: sp.sqrt(1 / sp.log(RHO) ** 2 - RHO**2 / DELTA**2),
         transient.transient_growth),
        (transient, "SKEW", sp.Matrix([[1, 1], [-1, 1]]) / 2, transient.transient_growth),
        (scaling, "threshold", lambda radius=RHO: 8 * (1 - radius), scaling.diagonal_scaling),
        (linear, "corner", lambda size, radius=RHO: radius**n, linear.linear_recurrence),
        (linear, "row_sum", lambda size, radius=RHO: size * radius**n, linear.linear_recurrence),
        (companion, "slope", sp.tanh, companion.chaotic_companion),
        (companion, "EXPONENT", sp.Rational(45, 100), companion.chaotic_companion),
        (companion, "exponent", lambda: companion.Exponent(0.481, 0.3, 4, 10), companion.chaotic_companion),
        (companion, "WEIGHTS", sp.Matrix([[4, 4], [-4, -3]]), companion.chaotic_companion),
    ],
    ids=lambda part: part if isinstance(part, str) else "",
)  # fmt: skip
def test_a_wrong_piece_breaks_its_page(
    monkeypatch: pytest.MonkeyPatch, module: Any, name: str, value: Any, entry: Entry
) -> None:
    refused(entry, monkeypatch, module, **{name: value})
