"""A concrete net beside its theory: measured gradients, the worst-case bound of its own weights, the length
map's slope.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import sympy as sp

from symgrad.errors import InputError, RefutedError
from symgrad.numeric import Kernel, LengthMap, Measurement, Net, length_map, ln_bound, measure_together
from symgrad.numeric.architectures import drawn
from symgrad.numeric.drawn import Drawn
from symgrad.symbolic.derivation import Step, prove
from symgrad.symbolic.letters import E, W, gamma, h, k
from symgrad.symbolic.notation import Norm, Partial, dphi
from symgrad.symbolic.ranges.extremum import Value
from symgrad.symbolic.ranges.range import LINE
from symgrad.theory.activations import Activation, kernel
from symgrad.theory.activations import gamma as gamma_of
from symgrad.theory.activations.kernels import domain
from symgrad.theory.finite_width.slope_statistics import doubts, predicted_layers, predicted_slope
from symgrad.theory.finite_width.units import median_band
from symgrad.theory.net_result import LN10, NetResult
from symgrad.theory.simulated import Simulated, power, rounded

__all__ = [
    "Simulation",
    "above",
    "check_domain",
    "predicted_map",
    "short_name",
    "simulate",
    "simulate_together",
    "slope_above",
    "slope_step",
]

Band: TypeAlias = tuple[tuple[np.ndarray, np.ndarray], tuple[float, float]]
"""Mean and standard deviation of the logarithm at every layer, and of the slope."""
DEEPEST = 2000
"""Layers down to which the effect of the width is worked out."""
LONG_NAME = 30
"""Letters up to which a typed activation is named by its text in a sentence."""


@dataclass(frozen=True, kw_only=True)
class Simulation(Simulated):
    """One kind of net: what was measured, and what theory says of it in steps and in a sentence."""

    activation: Activation
    gamma: Value
    measured: Measurement

    @property
    def architecture(self) -> str:
        """Layer by layer, fully connected."""
        return "mlp"

    @property
    def called(self) -> str:
        """As in "30-layer tanh net"."""
        return f"{self.net.depth}-layer {short_name(self.activation)} net"

    @property
    def gamma_above(self) -> float:
        """A float not below γ."""
        return above(self.gamma)

    @cached_property
    def _at_this_width(self) -> Band | str:
        """What is typical of nets of this width, or why that is not known."""
        net = self.net
        scales = net.sigma_w, net.sigma_b, net.depth, net.width
        if net.depth > DEEPEST:
            return f"the effect of the width is worked out down to {DEEPEST:,} layers"
        functions = kernel(self.activation)
        try:
            found = doubts(functions, *scales, net.weights)
            if found:
                return found[0]
            layers = predicted_layers(functions, *scales, net.batch, net.weights)
            return layers, predicted_slope(functions, *scales, net.batch, net.weights)
        except ValueError as error:
            return str(error)

    @property
    def slope_band(self) -> tuple[float, float] | None:
        """Where the median of these seeds' slopes lies with a probability of 99 %, at this width: about the
        typical slope of such nets, not that of infinitely wide ones. None where fluctuations are not small.
        """
        found = self._at_this_width
        return None if isinstance(found, str) else median_band(*found[1], self.net.seeds)

    @property
    def gradient_band(self) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
        """The same of the gradient at every layer, drawn from the measured median at the output."""
        found = self._at_this_width
        if isinstance(found, str):
            return None
        typical, spread = found[0]
        low, high = median_band(typical, spread, self.net.seeds)
        low, middle, high = (
            part / LN10 + np.median(self.log10_gradient[:, -1]) for part in (low, typical, high)
        )
        return low, middle, high

    @property
    def why_no_band(self) -> str:
        """Why the width's effect is not known here."""
        found = self._at_this_width
        return found if isinstance(found, str) else ""

    def steps(self) -> tuple[Step, ...]:
        """The norm bound with the numbers of this net put in, each line checked against the arrays."""
        depth = self.net.depth
        jacobian = Norm(Partial(h[depth], h[1]))
        with np.errstate(over="ignore"):
            norms = np.exp(self.measured.ln_norms[:, 1:])
        middle = float(np.median(norms)) if depth > 1 else 1.0
        product = sp.Product(gamma * Norm(W[k]), (k, 2, depth))
        front, back = (Norm(Partial(E, h[layer])) for layer in (1, depth))
        measured = self.measured_step(front, back)
        slope = slope_step(self.activation, self.gamma)
        if not self.bounded:
            return slope, measured
        return (
            slope,
            prove(
                sp.Eq(sp.Function("median")(Norm(W[k])), rounded(middle), evaluate=False),
                (f"measured, {self.over_seeds()}, layers 2 to ", sp.Integer(depth)),
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
                sp.Eq(product, power(self.bound_factor), evaluate=False),
                ("the numbers put in, median over seeds",),
                self._product_agrees,
                rule="numbers put in",
            ),
            measured,
        )

    def _product_agrees(self) -> str:
        with np.errstate(divide="ignore"):
            direct = (self.measured.ln_norms[:, 1:] + math.log(self.gamma_above)).sum(axis=1) / LN10
        if not np.allclose(np.median(direct), self.bound_factor, rtol=1e-9, atol=1e-9, equal_nan=True):
            raise RefutedError("the product of the norms is not the bound")
        return "the sum of the logarithms, added up again"


def slope_step(activation: Activation, supremum: Value) -> Step:
    """γ = sup|φ′| as proved on the activation's page, held against the compiled derivative; γ = ∞ where
    there is none.
    """

    def below() -> str:
        if supremum.number.is_infinite:
            return "proved on the activation's page"
        points = np.linspace(-8.0, 8.0, 257)
        slopes = np.abs(kernel(activation).slope(points))
        if slopes.max() > above(supremum) * (1 + 1e-12):
            raise RefutedError("the compiled derivative exceeds γ")
        return f"proved on the activation's page; the compiled derivative keeps it at {points.size} points"

    if supremum.number.is_infinite:
        why = ("φ′ is unbounded, so no product of constants bounds the gradient",)
        return prove(sp.Eq(gamma, sp.oo, evaluate=False), why, below, rule="no bound")
    number = rounded(above(supremum)) if supremum.expr.has(sp.erfc) else supremum.number
    where: tuple[Any, ...] = tuple(part for root in supremum.named for part in (", where ", root.equation))
    because = ("the proved supremum of ", sp.Abs(dphi(sp.Symbol("x"))), *where)
    return prove(sp.Eq(gamma, number, evaluate=False), because, below, rule="range of the derivative")


def simulate(activation: Activation, options: Mapping[str, Any]) -> Simulation:
    """Measures the net that the options describe. Raises `InputError` naming the offending option and its
    legal range.
    """
    supremum = gamma_of(activation)
    net, functions = _prepared(activation, options)
    (measured,) = _measured([net], [functions])
    result = _result(net, functions, measured, above(supremum))
    return Simulation(**vars(result), activation=activation, gamma=supremum, measured=measured)


def simulate_together(cases: Sequence[tuple[Activation, Mapping[str, Any], float]]) -> list[NetResult]:
    """Results of several (activation, options, `slope_above`) that share their draws: they differ in
    activation, depth, sigma_w and sigma_b only. Each is what `simulate` gives alone, bit for bit.

    Raises `InputError` where any one of them would.
    """
    prepared = [_prepared(activation, options) for activation, options, _ in cases]
    nets, kernels = [net for net, _ in prepared], [functions for _, functions in prepared]
    results = zip(nets, kernels, _measured(nets, kernels), cases, strict=True)
    return [_result(net, functions, measured, most) for net, functions, measured, (*_, most) in results]


def _result(net: Net, functions: Kernel, measured: Measurement, most: float) -> NetResult:
    """With the bound that ``most``, a float not below γ, gives; none where it is infinite."""
    predicted, why = predicted_map(functions, net)
    return NetResult(
        net=net,
        ln_gradient=measured.ln_gradient,
        ln_bound=ln_bound(measured, most) if math.isfinite(most) else None,
        predicted=predicted,
        why_unpredicted=why,
    )


def slope_above(activation: Activation) -> float:
    """A float not below γ = sup|φ′|, as `simulate` uses it; raises `InputError` where φ is not defined on the
    whole line.
    """
    check_domain(activation)
    return above(gamma_of(activation))


def above(supremum: Value) -> float:
    """A float not below γ (infinite when φ′ is unbounded)."""
    if supremum.number.is_infinite:
        return math.inf
    return float(np.nextafter(float(supremum.enclosure().upper), math.inf))


def _prepared(activation: Activation, options: Mapping[str, Any]) -> tuple[Net, Kernel]:
    check_domain(activation)
    try:
        net = drawn("mlp", options)
        assert isinstance(net, Net)
        return net, kernel(activation)
    except ValueError as error:
        raise InputError(str(error)) from None


def check_domain(activation: Activation) -> None:
    """Raises `InputError` where φ is not defined on the whole line."""
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


def predicted_map(functions: Kernel, net: Drawn, drive: float | None = None) -> tuple[LengthMap | None, str]:
    """The length map, or why there is none."""
    try:
        return length_map(functions, net.sigma_w, net.sigma_b, net.depth, drive), ""
    except ValueError as error:
        return None, str(error)


def short_name(activation: Activation) -> str:
    """As a sentence names it."""
    return activation.name if len(activation.name) <= LONG_NAME else activation.spoken
