"""A concrete recurrent net beside its theory: the gradient at every step, and its weights' worst case."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import sympy as sp

from symgrad.errors import InputError, RefutedError
from symgrad.numeric import RecurrentMeasurement, RecurrentNet, measure_recurrent
from symgrad.numeric.architectures import drawn, options_of
from symgrad.numeric.recurrent.net import sample_recurrent
from symgrad.symbolic.derivation import Step, prove
from symgrad.symbolic.letters import E, W_shared, c, gamma, h
from symgrad.symbolic.notation import Juxtaposed, Norm, Partial
from symgrad.symbolic.ranges.extremum import Value
from symgrad.theory.activations import Activation, kernel
from symgrad.theory.activations import gamma as gamma_of
from symgrad.theory.finite_width.units import median_band
from symgrad.theory.net_result import LN10, NetResult
from symgrad.theory.simulated import Simulated, power, rounded
from symgrad.theory.simulation import above, check_domain, predicted_map, short_name, slope_step
from symgrad.theory.through_time.gated_bounds import (
    gru_candidate,
    gru_gradient,
    gru_step,
    lstm_gradient,
    lstm_step,
)
from symgrad.theory.through_time.slope_statistics import predicted_slope

__all__ = ["RecurrentSimulation", "result", "simulate"]

GATES = {"rnn": ("",), "lstm": ("i", "f", "g", "o"), "gru": ("r", "z", "n")}
"""Index of each block of recurrent weights, in the order in which the weights hold them."""
OWN = "tanh"
"""The activation that gated cells have anyhow; they take no other."""


@dataclass(frozen=True, kw_only=True)
class RecurrentSimulation(Simulated):
    """One kind of recurrent net: what was measured, and what theory says of it in steps and in a sentence.

    The gradient is that with respect to h_t, for the LSTM to c_t.
    """

    net: RecurrentNet
    activation: Activation
    gamma: Value | None
    measured: RecurrentMeasurement
    place = "step"

    @property
    def architecture(self) -> str:
        """The cell."""
        return self.net.cell

    @property
    def options(self) -> dict[str, Any]:
        """Those that its cell has."""
        return {name: getattr(self.net, name) for name in options_of(self.net.cell)}

    @property
    def called(self) -> str:
        """As in "recurrent tanh net unfolded over 30 steps"."""
        if self.net.cell == "rnn":
            return f"recurrent {short_name(self.activation)} net unfolded over {self.net.depth} steps"
        without = "" if self.net.forget_gate else " without forget gate"
        return f"{self.net.cell.upper()}{without} unfolded over {self.net.depth} steps"

    def steps(self) -> tuple[Step, ...]:
        """The bound with the numbers of this net put in, each line checked against the arrays."""
        state = c if self.net.cell == "lstm" else h
        front, back = (Norm(Partial(E, state[step])) for step in (1, self.net.depth))
        measured = self.measured_step(front, back)
        if self.gamma is not None:
            slope = slope_step(self.activation, self.gamma)
            return (slope, self._norms(), self._product(), measured) if self.bounded else (slope, measured)
        page = "lstm-jacobian" if self.net.cell == "lstm" else "gru-leak"
        worst = prove(
            sp.Le(front, Juxtaposed(power(self._worst), Norm(Partial(E, h[self.net.depth]))), evaluate=False),
            (f"the worst case of a step, carried from the last to the first (derivation {page})",),
            self._again,
            rule="numbers put in",
        )
        return self._norms(), worst, measured

    @cached_property
    def slope_band(self) -> tuple[float, float] | None:
        """Where the median of these seeds' slopes lies with a probability of 99 %, at this width; None where
        no claim says so.
        """
        net = self.net
        if net.cell != "rnn" or net.weights != "gaussian":
            return None
        try:
            typical, spread = predicted_slope(
                kernel(self.activation), net.sigma_w, net.sigma_b, net.depth, net.width, net.batch
            )
        except ValueError:
            return None
        return median_band(typical, spread, net.seeds)

    @property
    def _worst(self) -> float:
        """log10 of the bound at step 1 over ‖g‖, median over seeds."""
        return float(np.median(self.log10_bound[:, 0] - self.measured.ln_state[:, -1] / LN10))

    def _norms(self) -> Step:
        """The median spectral norm of every block of recurrent weights."""
        with np.errstate(over="ignore"):
            norms = np.median(np.exp(self._ln_norms), axis=0)
        gates = GATES[self.net.cell] if self.net.forget_gate else ("i", "g", "o")
        equations = [
            sp.Eq(Norm(sp.Symbol(f"W_{gate}") if gate else W_shared), rounded(float(norm)), evaluate=False)
            for gate, norm in zip(gates, norms, strict=True)
        ]
        return prove(
            sp.And(*equations, evaluate=False) if len(equations) > 1 else equations[0],
            (f"the weights drawn ({self.over_seeds()}), the same at every step",),
            lambda: "largest singular values in double precision",
            rule="measured",
        )

    @property
    def _ln_norms(self) -> np.ndarray:
        norms = self.measured.ln_spectral_norm
        if norms is None:
            raise RefutedError("the spectral norms were not measured")
        return norms

    def _product(self) -> Step:
        """The plain net's norm bound over all steps."""
        factor = (gamma * Norm(W_shared)) ** (self.net.depth - 1)
        jacobian = Norm(Partial(h[self.net.depth], h[1]))
        return prove(
            sp.And(
                sp.Le(jacobian, factor, evaluate=False),
                sp.Eq(factor, power(self.bound_factor), evaluate=False),
                evaluate=False,
            ),
            ("the norm bound from the last step back to the first, and its median with the numbers put in",),
            self._again,
            rule="norm bound",
        )

    def _again(self) -> str:
        """The bound at step 1 by another way: a power of γ‖W‖₂, or the product of every step's own bound,
        which is never below what is carried back as a pair of numbers.
        """
        steps, norms = self.net.depth - 1, self._ln_norms
        if self.ln_bound is None:
            raise RefutedError("there is no bound")
        found = self.ln_bound[:, 0] - self.ln_bound[:, -1]
        if self.gamma is not None:
            with np.errstate(divide="ignore", invalid="ignore"):
                direct = steps * (norms[:, 0] + math.log(above(self.gamma))) if steps else 0.0
            if not np.allclose(direct, found, rtol=1e-9, atol=1e-9):
                raise RefutedError("the power of γ‖W‖₂ is not the bound")
            return "the power of γ‖W‖₂, formed again from the norms"
        with np.errstate(over="ignore"):
            sizes = np.exp(norms)
        if self.net.cell == "lstm":
            cells = np.arange(1.0, steps + 1)  # |c_{t−1}| ≤ t − 1 at t = 2…T
            each = lstm_step(sizes[:, None, :], cells).sum(axis=-1) + 0.5 * math.log(2)
        else:
            each = steps * gru_step(sizes, _candidate(self.net))
        if (found > each + 1e-9 * (1 + np.abs(each))).any():
            raise RefutedError("the bound is above the product of its steps")
        return "not above the product of every step's own bound"


def simulate(cell: str, activation: Activation, options: Mapping[str, Any]) -> RecurrentSimulation:
    """Measures the recurrent net that the options describe. Raises `InputError` naming the offending option
    and its legal range.
    """
    supremum = gamma_of(activation) if cell == "rnn" else None
    measured, found = _measured(cell, activation, options, math.inf if supremum is None else above(supremum))
    return RecurrentSimulation(**vars(found), activation=activation, gamma=supremum, measured=measured)


def result(cell: str, activation: Activation, options: Mapping[str, Any], most: float) -> NetResult:
    """The numbers alone of what `simulate` finds; ``most`` is a float not below γ, infinite where φ′ is
    unbounded.
    """
    return _measured(cell, activation, options, most)[1]


def _measured(
    cell: str, activation: Activation, options: Mapping[str, Any], most: float
) -> tuple[RecurrentMeasurement, NetResult]:
    if cell != "rnn" and activation.name != OWN:
        raise InputError(
            f"activation {activation.name}: the gates of {cell} are sigmoids and its candidate is tanh; "
            "legal is tanh, or another architecture: mlp, rnn"
        )
    check_domain(activation)
    functions = kernel(activation)
    try:
        net = drawn(cell, options)
        assert isinstance(net, RecurrentNet)
        measured = measure_recurrent(net, functions)
    except ValueError as error:
        raise InputError(str(error)) from None
    except MemoryError:
        raise InputError(f"width {options.get('width')}: not enough memory on this machine") from None
    predicted, why = None, f"no claim predicts the typical gradient of the {cell.upper()}"
    if cell == "rnn":
        predicted, why = predicted_map(functions, net, drive=1.0)
        if net.weights == "identity":
            predicted, why = None, "the length map is for random weights, and these are the identity's"
    return measured, NetResult(
        net=net,
        ln_gradient=measured.ln_gradient,
        ln_bound=bound(net, measured, most),
        predicted=predicted,
        why_unpredicted=why,
    )


def bound(net: RecurrentNet, measured: RecurrentMeasurement, most: float) -> np.ndarray | None:
    """ln of each net's own worst case at every step, (S, T): ‖g‖ (γ‖W‖₂)^{T−t} for the plain net, ``most`` a
    float not below γ, None where it is infinite; for gated nets the bounds of `gated_bounds`.
    """
    norms = measured.ln_spectral_norm
    if norms is None:
        raise ValueError("the spectral norms were not measured: ask for them with norms=True")
    covector = measured.ln_state[:, -1:]
    left = np.arange(net.depth)[::-1]
    if net.cell == "rnn":
        if math.isinf(most):
            return None
        with np.errstate(divide="ignore", invalid="ignore"):
            step = norms[:, :1] + np.log(most)
            return covector + np.where(left == 0, 0.0, left * step)
    with np.errstate(over="ignore"):
        sizes = np.exp(norms)
    if net.cell == "lstm":
        return covector + lstm_gradient(sizes, net.depth)[0]
    return covector + gru_gradient(sizes, _candidate(net), net.depth)


def _candidate(net: RecurrentNet) -> np.ndarray:
    """What bounds the recurrent part of a GRU's candidate, of every seed: the weights drawn again, alone."""
    short = replace(net, depth=1, batch=1)
    return gru_candidate(short.weights_of(sample_recurrent(short, range(net.seeds))).recurrent)
