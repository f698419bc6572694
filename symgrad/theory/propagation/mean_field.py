"""What mean field theory says of an activation at (σ_w², σ_b²), each number with its proof grade."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import sympy as sp
from flint import arb

from symgrad.errors import InputError
from symgrad.numeric import Kernel
from symgrad.numeric.mean_field import critical as critical_scales
from symgrad.numeric.mean_field import mean_field as numbers
from symgrad.symbolic.calculus.shape import parity
from symgrad.symbolic.letters import x
from symgrad.symbolic.number import Number, combined
from symgrad.theory.activations import Activation, kernel
from symgrad.theory.activations.kernels import slopes_at_zero
from symgrad.theory.propagation.enclosed import enclosed, enclosed_critical
from symgrad.theory.simulation import check_domain

__all__ = ["CriticalScales", "Settled", "critical", "mean_field"]

CHI = sp.Symbol("chi", positive=True)


@dataclass(frozen=True)
class Settled:
    """Where nets with inputs of mean square 1 settle: the numbers of `numeric.mean_field.MeanField`, None
    where there are none, and `why`."""

    activation: Activation
    q: Number | None
    chi1: Number | None
    chi_parallel: Number | None
    correlation: Number | None
    xi_q: Number | None
    xi_c: Number | None
    xi_grad: Number | None
    phase: str
    why: str

    def finding(self) -> str:
        """One sentence made from the numbers."""
        if self.q is None or self.chi1 is None:
            return f"{self.activation.name}: no fixed point, since {self.why}."
        q, chi1 = _short(self.q), _short(self.chi1)
        opening = (
            f"{self.activation.name} settles at q = {q}, where the mean squared gradient changes by {chi1}"
        )
        if self.phase == "critical":
            return f"{opening} a layer: the edge of chaos, no exponential decay and no growth."
        way = "shrinks" if self.phase == "ordered" else "grows"
        pace = "" if self.xi_grad is None else f" by e in {_short(self.xi_grad, True)} layers"
        last = "two inputs become one" if self.phase == "ordered" else "two close inputs part"
        return f"{opening} a layer ({self.phase}): backwards it {way}{pace}, and {last}."


@dataclass(frozen=True)
class CriticalScales:
    """Every (σ_w², q, whether nets settle there) with χ₁ = 1 at the fixed point q, for one σ_b²; `why` there
    is none. In a limit, where χ_∥ = 1 as well, it is None."""

    solutions: tuple[tuple[Number, Number, bool | None], ...]
    why: str


def mean_field(entry: Activation, sigma_w2: sp.Rational, sigma_b2: sp.Rational) -> Settled:
    """q* and χ₁ proved in ball arithmetic where φ has enclosures, exactly in the limits; χ_∥ and what is made
    of two inputs below c* = 1 is estimated, relative error about 1e-12.

    Raises `InputError` where a variance is negative, or φ is not on the whole line or has no moments.
    """
    functions = _kernel(entry)
    try:
        found = numbers.mean_field(functions, float(sigma_w2), float(sigma_b2))
    except ValueError as error:
        raise InputError(f"{entry.name}: {error}") from None
    if found.q is None or found.chi1 is None:
        return Settled(entry, *(None,) * 7, found.phase, found.why)
    why = found.why
    q, chi1 = _estimated(found.q), _estimated(found.chi1)
    if sigma_w2 == 0:
        q, chi1 = Number.of(sigma_b2, "σ_w = 0"), Number.of(sp.S.Zero, "σ_w = 0")
    elif found.q == 0 or found.why.startswith("every"):
        q, chi1 = _in_the_limit(entry, sigma_w2, sigma_b2, found.q, chi1)
    else:
        try:
            proved = enclosed(entry, sigma_w2, sigma_b2, found.q)
            q, chi1 = proved.q, proved.chi1
        except NotImplementedError as reason:
            q, chi1 = (replace(one, why=f"{one.why}; {reason}") for one in (q, chi1))
    phase = _phase(chi1, found.phase)
    xi_grad = _scale(chi1, phase)
    if phase != "chaotic":
        c, xi_c = Number.of(sp.S.One, "c = 1 attracts where χ₁ ≤ 1"), xi_grad
    elif sigma_b2 == 0 and parity(entry.phi, x) == "odd":
        c = Number.of(sp.S.Zero, "φ is odd and there are no biases")
        xi_c = _estimated(found.xi_c)
    else:
        c, xi_c = _estimated(found.correlation), _estimated(found.xi_c)
    return Settled(
        entry, q, chi1, _estimated(found.chi_parallel), c, _estimated(found.xi_q), xi_c, xi_grad, phase, why
    )


def critical(entry: Activation, sigma_b2: sp.Rational) -> CriticalScales:
    """Every σ_w² with χ₁ = 1, proved where φ has enclosures. Raises `InputError` as `mean_field` does."""
    functions = _kernel(entry)
    try:
        found = critical_scales.critical(functions, float(sigma_b2))
    except ValueError as error:
        raise InputError(f"{entry.name}: {error}") from None
    pairs = []
    for point in found.solutions:
        q, pair = point.q, (_estimated(point.sigma_w2), _estimated(point.q))
        slopes = slopes_at_zero(entry.phi) if q == 0 or found.every else None
        if slopes is not None:
            scale = Number.of(2 / (slopes[0] ** 2 + slopes[1] ** 2), "φ is its slopes at 0")
            pair = scale, Number.of(sp.Integer(round(q)), "every length, 1 among them" if q else "the limit")
        elif q:
            try:
                pair = enclosed_critical(entry, sigma_b2, q)
            except NotImplementedError as reason:
                pair = pair[0], replace(pair[1], why=f"{pair[1].why}; {reason}")
        pairs.append((*pair, None if slopes is not None else abs(point.chi_parallel) < 1))
    return CriticalScales(tuple(pairs), found.why)


def _kernel(entry: Activation) -> Kernel:
    check_domain(entry)
    try:
        return kernel(entry)
    except (ValueError, NotImplementedError) as error:
        raise InputError(f"{entry.name}: {error}") from None


def _in_the_limit(
    entry: Activation, sigma_w2: sp.Rational, sigma_b2: sp.Rational, q: float, chi1: Number
) -> tuple[Number, Number]:
    """q = 0, or a φ with which every length is kept: φ is its two slopes at 0."""
    at = (
        Number.of(sigma_w2 + sigma_b2, "every length stays what it is")
        if q
        else Number.of(sp.S.Zero, "the limit")
    )
    slopes = slopes_at_zero(entry.phi)
    if slopes is None:
        return at, chi1
    return at, Number.of(sigma_w2 * (slopes[0] ** 2 + slopes[1] ** 2) / 2, "φ is its slopes at 0")


def _phase(chi1: Number, found: str) -> str:
    """Decided by an exact or certified χ₁ where it can be."""
    if chi1.exact is not None:
        return "critical" if chi1.exact == 1 else "ordered" if chi1.exact < 1 else "chaotic"
    if chi1.proof == "certified":
        return "ordered" if chi1.value < 1 else "chaotic" if chi1.value > 1 else "critical"
    return found


def _scale(chi1: Number, phase: str) -> Number:
    """−1/ln χ₁, oo at criticality."""
    if phase == "critical":
        why = "χ₁ = 1" if chi1.exact == 1 else "χ₁ is not told from 1"
        return Number(sp.oo, arb("inf"), chi1.proof if chi1.exact == 1 else "estimated", why)
    if chi1.exact == 0:
        return Number.of(sp.S.Zero, "χ₁ = 0")
    return combined(-1 / sp.log(CHI), {CHI: chi1}, "−1/ln χ₁")


def _estimated(value: float | None) -> Number:
    """A float's worth, without a proof."""
    assert value is not None
    why = "quadrature in double precision, relative error about 1e-12, no proof"
    if math.isinf(value):
        return Number(sp.oo, arb("inf"), "estimated", why)
    return Number(None, arb(value), "estimated", why)


def _short(number: Number, absolute: bool = False) -> str:
    if number.infinite:
        return "oo"
    value = float(number.value.mid())
    return f"{abs(value) if absolute else value:.6g}"
