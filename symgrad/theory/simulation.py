"""A concrete net beside its theory: measured gradients, the worst-case bound of its own weights, the length
map's slope.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import sympy as sp

from symgrad.errors import InputError, RefutedError
from symgrad.numeric import Kernel, LengthMap, Measurement, Net, length_map, measure_together
from symgrad.symbolic.derivation import Step, prove
from symgrad.symbolic.letters import E, W, gamma, h, k
from symgrad.symbolic.notation import Juxtaposed, Norm, Partial, dphi
from symgrad.symbolic.ranges.extremum import Value
from symgrad.symbolic.ranges.range import LINE
from symgrad.theory.activations import Activation, kernel
from symgrad.theory.activations import gamma as gamma_of
from symgrad.theory.activations.kernels import domain
from symgrad.theory.net_result import LN10, NetResult

__all__ = ["Simulation", "simulate", "simulate_together", "slope_above"]

LONG_NAME = 30
"""Letters up to which a typed activation is named by its text in a sentence."""


@dataclass(frozen=True, kw_only=True)
class Simulation(NetResult):
    """One kind of net: what was measured, and what theory says of it in steps and in a sentence."""

    activation: Activation
    gamma: Value

    def steps(self) -> tuple[Step, ...]:
        """The norm bound with the numbers of this net put in, each line checked against the arrays."""
        depth = self.net.depth
        jacobian = Norm(Partial(h[depth], h[1]))
        with np.errstate(over="ignore"):
            norms = np.exp(self.measured.ln_norms[:, 1:])
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
        if not self.bounded:
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
        if not self.bounded:
            return "measured; there is no bound to hold it against"
        return f"measured; {self.violations} of {self.log10_gradient.size} values above the bound"

    def _slopes_below(self) -> str:
        if not self.bounded:
            return "proved on the activation's page"
        points = np.linspace(-8.0, 8.0, 257)
        slopes = np.abs(kernel(self.activation).slope(points))
        if slopes.max() > self.gamma_above * (1 + 1e-12):
            raise RefutedError("the compiled derivative exceeds γ")
        return f"proved on the activation's page; the compiled derivative keeps it at {points.size} points"

    def _product_agrees(self) -> str:
        with np.errstate(divide="ignore"):
            direct = (self.measured.ln_norms[:, 1:] + math.log(self.gamma_above)).sum(axis=1) / LN10
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
        if not self.bounded:
            return "and no worst-case bound exists, since φ′ is unbounded"
        side = "shrinks" if self.bound_factor < 0 else "grows"
        if self.violations:
            return f"and {self.violations} measured values lie above the worst-case bound: a contradiction"
        return f"always under the worst-case bound, which {side} by 10^{abs(self.bound_factor):.1f}"


def simulate(activation: Activation, options: Mapping[str, Any]) -> Simulation:
    """Measures the net that the options describe. Raises `InputError` naming the offending option and its
    legal range.
    """
    net, functions = _prepared(activation, options)
    (measured,) = _measured([net], [functions])
    predicted, why = _predicted(net, functions)
    gamma = gamma_of(activation)
    return Simulation(
        activation=activation,
        net=net,
        measured=measured,
        gamma=gamma,
        gamma_above=_above(gamma),
        predicted=predicted,
        why_unpredicted=why,
    )


def simulate_together(cases: Sequence[tuple[Activation, Mapping[str, Any], float]]) -> list[NetResult]:
    """Results of several (activation, options, `slope_above`) that share their draws: they differ in
    activation, depth, sigma_w and sigma_b only. Each is what `simulate` gives alone, bit for bit.

    Raises `InputError` where any one of them would.
    """
    prepared = [_prepared(activation, options) for activation, options, _ in cases]
    nets, kernels = [net for net, _ in prepared], [functions for _, functions in prepared]
    results = []
    measurements = _measured(nets, kernels)
    for net, functions, measured, (_, _, above) in zip(nets, kernels, measurements, cases, strict=True):
        predicted, why = _predicted(net, functions)
        results.append(
            NetResult(net=net, measured=measured, gamma_above=above, predicted=predicted, why_unpredicted=why)
        )
    return results


def slope_above(activation: Activation) -> float:
    """A float not below γ = sup|φ′|, as `simulate` uses it; raises `InputError` where φ is not defined on the
    whole line.
    """
    _check_domain(activation)
    return _above(gamma_of(activation))


def _above(gamma: Value) -> float:
    """A float not below γ (infinite when φ′ is unbounded)."""
    if gamma.number.is_infinite:
        return math.inf
    return float(np.nextafter(float(gamma.enclosure().upper), math.inf))


def _prepared(activation: Activation, options: Mapping[str, Any]) -> tuple[Net, Kernel]:
    legal = [option.name for option in fields(Net)]
    unknown = set(options) - set(legal)
    if unknown:
        raise InputError(f"option {min(unknown)!r} is not known (legal: {', '.join(legal)})")
    _check_domain(activation)
    try:
        return Net(**options), kernel(activation)
    except ValueError as error:
        raise InputError(str(error)) from None


def _check_domain(activation: Activation) -> None:
    where = domain(activation)
    if where not in (None, LINE):
        raise InputError(f"{activation.name} is defined on {where} only: a net needs it on the whole line")


def _measured(nets: Sequence[Net], kernels: Sequence[Kernel]) -> list[Measurement]:
    try:
        return measure_together(nets, kernels)
    except ValueError as error:
        raise InputError(str(error)) from None
    except MemoryError:
        raise InputError(f"width {nets[0].width}: not enough memory on this machine") from None


def _predicted(net: Net, functions: Kernel) -> tuple[LengthMap | None, str]:
    """The length map, or why there is none."""
    try:
        return length_map(functions, net.sigma_w, net.sigma_b, net.depth), ""
    except ValueError as error:
        return None, str(error)


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
