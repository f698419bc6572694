"""A concrete net beside its theory: measured gradients, the worst-case bound of its own weights, the length
map's slope.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
import sympy as sp

from symgrad.errors import InputError, RefutedError
from symgrad.numeric import LengthMap, Measurement, Net, length_map, ln_bound, measure, slope, violations
from symgrad.symbolic.derivation import Step, prove
from symgrad.symbolic.letters import E, W, gamma, h, k
from symgrad.symbolic.notation import Juxtaposed, Norm, Partial, dphi
from symgrad.symbolic.ranges.extremum import Value
from symgrad.symbolic.ranges.range import LINE
from symgrad.theory.activations import Activation, kernel
from symgrad.theory.activations import gamma as gamma_of
from symgrad.theory.activations.kernels import domain

__all__ = ["Simulation", "simulate"]

LONG_NAME = 30
"""Letters up to which a typed activation is named by its text in a sentence."""
LN10 = math.log(10)


@dataclass(frozen=True)
class Simulation:
    """One kind of net, `net.seeds` times: what was measured, what theory says; logarithms to base 10, −inf
    for an exact zero.
    """

    activation: Activation
    net: Net
    measured: Measurement
    gamma: Value
    predicted: LengthMap | None
    why_unpredicted: str

    @cached_property
    def gamma_above(self) -> float:
        """A float not below γ (infinite when φ′ is unbounded)."""
        if self.gamma.number.is_infinite:
            return math.inf
        return float(np.nextafter(float(self.gamma.enclosure().upper), math.inf))

    @cached_property
    def log10_gradient(self) -> np.ndarray:
        """(S, L)."""
        return self.measured.ln_gradient / LN10

    @cached_property
    def log10_bound(self) -> np.ndarray:
        """(S, L): each net's own bound ‖g‖ ∏_{k>l} ‖W_k‖₂ γ."""
        return ln_bound(self.measured, self.gamma_above) / LN10

    @cached_property
    def violations(self) -> int:
        """How many (seed, layer) pairs pass the bound."""
        return violations(self.measured, self.gamma_above)

    @cached_property
    def slope_measured(self) -> float:
        """Change of ln‖∂E/∂h_l‖ per layer towards the input, least squares, median over seeds."""
        return slope(self.measured.ln_gradient)

    @cached_property
    def log10_predicted(self) -> np.ndarray | None:
        """(L,): the measured median at the output, continued to the front by the length map."""
        if self.predicted is None:
            return None
        steps = 0.5 * self.predicted.ln_factor[:0:-1] / LN10
        fall = np.concatenate([[0.0], np.cumsum(steps)])[::-1]
        return fall + np.median(self.log10_gradient[:, -1])

    @cached_property
    def front_factor(self) -> float:
        """log10 of the gradient at layer 1 over that at layer L, median over seeds."""
        return float(np.median(self.log10_gradient[:, 0] - self.log10_gradient[:, -1]))

    @cached_property
    def bound_factor(self) -> float:
        """log10 of the product the bound puts between layer L and layer 1, median over seeds."""
        return float(np.median(self.log10_bound[:, 0] - self.log10_bound[:, -1]))

    def steps(self) -> tuple[Step, ...]:
        """The norm bound with the numbers of this net put in, each line checked against the arrays."""
        depth = self.net.depth
        jacobian = Norm(Partial(h[depth], h[1]))
        with np.errstate(over="ignore"):
            norms = np.exp(self.measured.ln_spectral_norm[:, 1:])
        middle = float(np.median(norms)) if depth > 1 else 1.0
        product = sp.Product(gamma * Norm(W[k]), (k, 2, depth))
        front, back = (Norm(Partial(E, h[layer])) for layer in (1, depth))
        value = self.gamma
        where: tuple[Any, ...] = tuple(part for root in value.named for part in (", where ", root.equation))
        measured = prove(
            sp.Eq(front, Juxtaposed(_power(self.front_factor), back), evaluate=False),
            ("what these nets really do",),
            self._counted,
            rule="measured",
        )
        if math.isinf(self.gamma_above):
            why = ("φ′ is unbounded, so no product of constants bounds the gradient",)
            return prove(
                sp.Eq(gamma, sp.oo, evaluate=False), why, self._slopes_below, rule="no bound"
            ), measured
        return (
            prove(
                sp.Eq(gamma, value.number, evaluate=False)
                if not value.expr.has(sp.erfc)
                else sp.Eq(gamma, _rounded(self.gamma_above)),
                ("the proved supremum of ", sp.Abs(dphi(sp.Symbol("x"))), *where),
                self._slopes_below,
                rule="range of the derivative",
            ),
            prove(
                sp.Eq(sp.Function("median")(Norm(W[k])), _rounded(middle), evaluate=False),
                (f"measured, {self._over_seeds()}, layers 2 to ", sp.Integer(depth)),
                lambda: "largest singular values in double precision",
                rule="measured",
            ),
            prove(
                sp.Le(jacobian, product, evaluate=False),
                ("the norm bound from the output back to layer 1",),
                lambda: "the norm bound's own page",
                rule="norm bound",
            ),
            prove(
                sp.Eq(product, _power(self.bound_factor), evaluate=False),
                ("the numbers put in, median over seeds",),
                self._product_agrees,
                rule="numbers put in",
            ),
            measured,
        )

    def _counted(self) -> str:
        if math.isinf(self.gamma_above):
            return "measured; there is no bound to hold it against"
        return f"measured; {self.violations} of {self.log10_gradient.size} values above the bound"

    def _slopes_below(self) -> str:
        if math.isinf(self.gamma_above):
            return "proved on the activation's page"
        points = np.linspace(-8.0, 8.0, 257)
        slopes = np.abs(kernel(self.activation).slope(points))
        if slopes.max() > self.gamma_above * (1 + 1e-12):
            raise RefutedError("the compiled derivative exceeds γ")
        return f"proved on the activation's page; the compiled derivative keeps it at {points.size} points"

    def _product_agrees(self) -> str:
        with np.errstate(divide="ignore"):
            direct = (self.measured.ln_spectral_norm[:, 1:] + math.log(self.gamma_above)).sum(axis=1) / LN10
        if not np.allclose(np.median(direct), self.bound_factor, rtol=1e-9, atol=1e-9, equal_nan=True):
            raise RefutedError("the product of the norms is not the bound")
        return "the sum of the logarithms, added up again"

    def finding(self) -> str:
        """One sentence made from the numbers."""
        name, depth = self.activation.name, self.net.depth
        name = name if len(name) <= LONG_NAME else self.activation.spoken
        if depth == 1:
            return "One layer: there is no product yet, and nothing to shrink or grow."
        change = self.front_factor
        if math.isinf(change):
            return f"In this {depth}-layer {name} net the gradient at layer 1 is exactly zero."
        word = "vanishes" if change < -1 else "explodes" if change > 1 else "holds"
        size = f"about {_plain(abs(change))}" if abs(change) < 5 else f"10^{abs(change):.1f}"
        how = "smaller" if change < 0 else "larger"
        first = f"In this {depth}-layer {name} net the gradient {word}: at layer 1 it is {size} times {how}"
        return f"{first} than at layer {depth} ({self._over_seeds()}), {self._against_bound()}."

    def _over_seeds(self) -> str:
        return "one seed" if self.net.seeds == 1 else f"median over {self.net.seeds} seeds"

    def _against_bound(self) -> str:
        if math.isinf(self.gamma_above):
            return "and no worst-case bound exists, since φ′ is unbounded"
        side = "shrinks" if self.bound_factor < 0 else "grows"
        if self.violations:
            return f"and {self.violations} measured values lie above the worst-case bound: a contradiction"
        return f"always under the worst-case bound, which {side} by 10^{abs(self.bound_factor):.1f}"


def simulate(activation: Activation, options: Mapping[str, Any]) -> Simulation:
    """Measures the net that the options describe. Raises `InputError` naming the offending option and its
    legal range.
    """
    legal = [option.name for option in fields(Net)]
    unknown = set(options) - set(legal)
    if unknown:
        raise InputError(f"option {min(unknown)!r} is not known (legal: {', '.join(legal)})")
    where = domain(activation)
    if where not in (None, LINE):
        raise InputError(f"{activation.name} is defined on {where} only: a net needs it on the whole line")
    try:
        net = Net(**options)
        functions = kernel(activation)
        measured = measure(net, functions)
    except ValueError as error:
        raise InputError(str(error)) from None
    except MemoryError:
        raise InputError(f"width {options.get('width')}: not enough memory on this machine") from None
    predicted, why = None, ""
    try:
        predicted = length_map(functions, net.sigma_w, net.sigma_b, net.depth)
    except ValueError as error:
        why = str(error)
    return Simulation(activation, net, measured, gamma_of(activation), predicted, why)


def _power(log10: float) -> sp.Expr:
    """A power of ten that stays one."""
    exponent = _rounded(log10)
    return sp.Pow(10, exponent, evaluate=False) if exponent.is_finite else sp.exp(exponent)


def _rounded(number: float) -> sp.Expr:
    if not math.isfinite(number):
        return sp.oo if number > 0 else -sp.oo if number < 0 else sp.nan
    return sp.Float(f"{number:.4g}", 4)


def _plain(power: float) -> str:
    """Three significant digits of a factor, without an exponent."""
    return f"{float(f'{10**power:.3g}'):,.10g}"
