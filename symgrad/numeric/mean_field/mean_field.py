"""What mean field theory says of a net: where lengths and correlations settle, how fast, and its phase."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from symgrad.numeric.kernel import Kernel
from symgrad.numeric.mean_field.correlation import CorrelationMap
from symgrad.numeric.mean_field.fixed_points import fixed_points
from symgrad.numeric.mean_field.moments import moments

_CRITICAL = 1e-9
"""|ln χ₁| up to which a net counts as critical."""


@dataclass(frozen=True)
class MeanField:
    """At the fixed point q at which a net with inputs of mean square 1 settles:

    chi1           χ₁ = σ_w² E φ′(√q z)², the mean factor of the squared gradient a layer, backwards
    chi_parallel   χ_∥ = dq_{l+1}/dq_l
    correlation    c* that two different inputs come to, and ``slope`` χ(c*) of the correlation map there
    xi_q, xi_c, xi_grad   −1/ln|χ_∥|, −1/ln χ(c*), −1/ln χ₁: layers in which a difference of lengths, one of
                   correlations, the squared gradient falls by e; ∞ at 1, xi_grad negative where it grows
    phase          "ordered", "critical", "chaotic", or "no fixed point", where the rest is None

    ``why`` says what is missing, or what a number stands for.
    """

    q: float | None
    chi1: float | None
    chi_parallel: float | None
    correlation: float | None
    slope: float | None
    phase: str
    why: str

    @property
    def xi_q(self) -> float | None:
        """Layers in which a difference of lengths falls by e."""
        return scale_of(None if self.chi_parallel is None else abs(self.chi_parallel))

    @property
    def xi_c(self) -> float | None:
        """Layers in which a difference of correlations falls by e."""
        return scale_of(self.slope)

    @property
    def xi_grad(self) -> float | None:
        """Layers in which the mean squared gradient falls by e; negative where it grows."""
        return scale_of(self.chi1)


def scale_of(factor: float | None) -> float | None:
    """−1/ln factor; ∞ for 1, 0 for 0."""
    if factor is None:
        return None
    if factor in (0.0, math.inf):
        return 0.0
    ln = math.log(factor)
    return math.inf if abs(ln) <= _CRITICAL else -1 / ln


def mean_field(kernel: Kernel, sigma_w2: float, sigma_b2: float) -> MeanField:
    """The numbers, relative error about 1e-12 (of q 1e-12/|1 − χ_∥|, of c* likewise). Raises ValueError where
    a variance is negative or not finite, or φ has no moments."""
    found = fixed_points(kernel, sigma_w2, sigma_b2)
    point = found.settles
    if point is None:
        return MeanField(None, None, None, None, None, "no fixed point", found.why)
    if sigma_w2 == 0:
        return MeanField(point.q, 0.0, 0.0, 1.0, 0.0, "ordered", "")
    if point.q == 0:
        chi1 = point.chi_parallel
        why = "lengths shrink to 0; correlations are those of the limit σ_b → 0"
        if not math.isfinite(chi1):
            return MeanField(0.0, None, None, None, None, "no fixed point", "φ′ is infinite at 0")
        return MeanField(0.0, chi1, chi1, 1.0, chi1, phase_of(chi1), why)
    chi1 = sigma_w2 * math.exp(float(moments(kernel).slope(np.array([math.log(point.q)]))[0][0]))
    phase = phase_of(chi1)
    if phase != "chaotic":
        return MeanField(point.q, chi1, point.chi_parallel, 1.0, chi1, phase, found.why)
    on = CorrelationMap(kernel, sigma_w2, sigma_b2, point.q)
    c = on.fixed_point()
    return MeanField(point.q, chi1, point.chi_parallel, c, on.slope(c), phase, found.why)


def phase_of(chi1: float) -> str:
    """ "ordered", "critical" or "chaotic"."""
    if chi1 <= 0 or math.log(chi1) < -_CRITICAL:
        return "ordered"
    return "critical" if math.log(chi1) <= _CRITICAL else "chaotic"
