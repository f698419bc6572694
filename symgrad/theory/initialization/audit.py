"""The gain table that the frameworks share, held against what each of its entries preserves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import sympy as sp

from symgrad.errors import InputError, RefutedError
from symgrad.numeric import Kernel
from symgrad.numeric.mean_field.fixed_points import fixed_points
from symgrad.symbolic.gaussian.moments import VARIANCE, closed_second_moment
from symgrad.symbolic.letters import x
from symgrad.symbolic.number import Number
from symgrad.theory.activations import CORE, kernel
from symgrad.theory.initialization.gains import gains
from symgrad.theory.propagation.enclosed import enclosed
from symgrad.theory.simulation import simulate

__all__ = ["GAIN_TABLE", "Audited", "Curve", "Row", "Settled", "audited", "curves", "digits", "settled"]


@dataclass(frozen=True)
class Row:
    """A row of the common table: the name it has there, the activation meant, the gain, a name for
    formulas."""

    label: str
    activation: str
    gain: sp.Expr
    written: str


GAIN_TABLE: tuple[Row, ...] = (
    Row("linear, conv", "identity", sp.S.One, "id"),
    Row("sigmoid", "sigmoid", sp.S.One, "sigma"),
    Row("tanh", "tanh", sp.Rational(5, 3), "tanh"),
    Row("relu", "relu", sp.sqrt(2), "ReLU"),
    Row("leaky_relu, slope 1/100", "leaky_relu", sp.sqrt(2 / (1 + sp.Rational(1, 100) ** 2)), "LeakyReLU"),
    Row("selu", "selu", sp.Rational(3, 4), "SELU"),
)
"""torch.nn.init.calculate_gain, all of it; other frameworks copy it."""


@dataclass(frozen=True)
class Settled:
    """Where the variance of a deep net without biases settles that begins at 1, and χ₁ = g² E φ′(√q z)².

    `q` is None where every variance is kept: then χ₁ is the same at each.
    """

    q: Number | None
    chi1: Number

    @property
    def verdict(self) -> str:
        """What becomes of the gradient."""
        return _WAYS[_word(self.chi1)]


@dataclass(frozen=True)
class Audited:
    """What an entry does to mean squares at q = 1: `forward` g² E φ(z)², `backward` g² E φ′(z)²; and where a
    deep net `settled` at last."""

    row: Row
    forward: Number
    backward: Number
    settled: Settled

    @property
    def verdict(self) -> str:
        """One clause."""
        ways = [(_word(self.forward), "the variance"), (_word(self.backward), "the gradient")]
        if ways[0][0] == ways[1][0]:
            return f"{ways[0][0]} both"
        return ", ".join(f"{word} {what}" for word, what in ways)


_WAYS = {"keeps": "stays", "raises": "grows", "shrinks": "vanishes"}


def _word(factor: Number) -> str:
    return "keeps" if factor.exact == 1 else "raises" if factor.value > 1 else "shrinks"


def digits(number: Number) -> str:
    """Six significant digits."""
    return f"{float(number.value.mid()):.6g}"


def reached(kernel: Kernel, sigma_w2: float) -> float:
    """Where the length map without biases comes to rest, in floats; `RefutedError` if nowhere."""
    found = fixed_points(kernel, sigma_w2, 0.0)
    if found.settles is None:
        raise RefutedError(f"the variance settles nowhere: {found.why}")
    return found.settles.q


@cache
def audited() -> tuple[Audited, ...]:
    """Every entry of the table at q = 1, exact or enclosed to thirty digits, and at its fixed point, exact or
    enclosed to twenty and more."""
    return tuple(
        Audited(row, *gains(CORE[row.activation]).factors(row.gain**2), settled(row)) for row in GAIN_TABLE
    )


def settled(row: Row) -> Settled:
    """The fixed point of the length map of one entry that a net without biases reaches from variance 1."""
    entry = CORE[row.activation]
    moments = [closed_second_moment(entry.expression, k, x, sp.S.One, entry.parameters) for k in (0, 1)]
    if None not in moments:
        kept, factor = (sp.simplify((row.gain**2 * m).xreplace(dict(entry.parameters))) for m in moments)
        if kept == VARIANCE and not factor.has(VARIANCE):
            return Settled(None, Number.of(factor, "the closed form does not depend on q"))
    try:
        found = enclosed(entry, row.gain**2, sp.S.Zero, reached(kernel(entry), float(row.gain) ** 2))
    except NotImplementedError as reason:
        raise RefutedError(f"{row.label}: the variance settles nowhere ({reason})") from None
    if not found.attracts:
        raise RefutedError(f"{row.label}: the fixed point at {digits(found.q)} does not attract")
    return Settled(found.q, found.chi1)


@dataclass(frozen=True)
class Curve:
    """One net: what its gain is meant to keep, σ_w, σ_b, and by layer log10 of the mean squared
    pre-activation and of the mean squared gradient over that of the last layer, medians over seeds,
    (L,)."""

    name: str
    sigma_w: float
    sigma_b: float
    log10_variance: np.ndarray
    log10_gradient: np.ndarray


def curves(name: str, **options: Any) -> tuple[Curve, ...]:
    """Nets of one activation of the table: with the table's gain, and with the gains that keep the
    variance or the gradient (with the biases that hold q = 1, where there are any). Inputs have mean
    square 1. Raises `InputError` for an activation that is not in the table, or an option that `simulate`
    does not know.
    """
    chosen = next((row for row in GAIN_TABLE if row.activation == name), None)
    if chosen is None:
        legal = ", ".join(row.activation for row in GAIN_TABLE)
        raise InputError(f"activation {name!r} is not in the gain table (legal: {legal})")
    found = gains(CORE[name])
    bias = found.bias_variance
    held = 0.0 if bias is None else max(float(bias.value.mid()), 0.0) ** 0.5
    scales = {
        "table's gain": (float(chosen.gain), 0.0),
        "keeps the variance": (float(found.keeping.value.mid()), 0.0),
        "keeps the gradient": (float(found.backward.value.mid()), held),
    }
    return tuple(_curve(name, says, *pair, options) for says, pair in scales.items())


def _curve(name: str, says: str, sigma_w: float, sigma_b: float, options: Mapping[str, Any]) -> Curve:
    measured = simulate(CORE[name], {**options, "sigma_w": sigma_w, "sigma_b": sigma_b}).measured
    gradient = measured.ln_gradient - measured.ln_gradient[:, -1:]
    logs = (2 * np.median(part, axis=0) / np.log(10) for part in (measured.ln_preactivation_rms, gradient))
    return Curve(says, sigma_w, sigma_b, *logs)
