"""The phase diagram: ours, and the loop of quadratures that notebooks publish."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.workload import Case, Prepared, Results
from symgrad.numeric.mean_field.moments import moments
from symgrad.numeric.mean_field.phase_grid import PhaseGrid, phase_grid
from symgrad.theory.activations import kernel
from symgrad.theory.activations.setting import entry_of

STEPS = 500
CLOSE = 1e-8


def plane(case: Case) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """σ_w² and σ_b², where tanh settles in the ordered as in the chaotic phase."""
    return np.linspace(0.5, 4.0, case.width), np.linspace(0.01, 0.5, case.depth)


def chosen(case: Case) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The points that are compared: five of either axis."""
    columns = np.linspace(0, case.width - 1, 5).astype(np.intp)
    rows = np.linspace(0, case.depth - 1, 5).astype(np.intp)
    return rows, columns


def ours(case: Case, anew: bool = False, activation: str = "") -> Prepared:
    """All points; ``anew`` with the table of moments made again in every run."""
    functions, (sigma_w2, sigma_b2) = kernel(entry_of(activation or case.activation, None)), plane(case)
    rows, columns = chosen(case)

    def run() -> PhaseGrid:
        if anew:
            moments.cache_clear()
        return phase_grid(functions, sigma_w2, sigma_b2, correlations=False)

    def read(found: PhaseGrid) -> Results:
        there = np.ix_(rows, columns)
        with np.errstate(divide="ignore"):
            return {"ln_q": np.log(found.q[there]), "ln_chi1": np.log(found.chi1[there])}

    return Prepared(run, (lambda _: {}) if activation else read)


def quadratures(case: Case) -> Prepared:
    """The fixed point by iterating the length map, each mean by `scipy.integrate.quad`, for the points that
    are compared: with NumPy's functions, as notebooks have it, whose φ takes arrays as well."""
    from scipy.integrate import quad

    sigma_w2, sigma_b2 = plane(case)
    rows, columns = chosen(case)

    def mean(f: Any, q: float) -> float:
        found, _ = quad(lambda z: f(np.sqrt(q) * z) * np.exp(-z * z / 2) / np.sqrt(2 * np.pi), -10, 10)
        return float(found)

    def point(weight: float, bias: float) -> tuple[float, float]:
        q = 1.0
        for _ in range(STEPS):
            before, q = q, weight * mean(lambda x: np.tanh(x) ** 2, q) + bias
            if abs(q - before) < CLOSE:
                break
        return q, weight * mean(lambda x: (1 - np.tanh(x) ** 2) ** 2, q)

    def run() -> NDArray[np.float64]:
        return np.array([[point(float(sigma_w2[k]), float(sigma_b2[row])) for k in columns] for row in rows])

    return Prepared(run, lambda found: {"ln_q": np.log(found[..., 0]), "ln_chi1": np.log(found[..., 1])})
