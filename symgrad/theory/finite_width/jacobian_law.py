"""The law of ‖Ju‖², the squared size of a direction after a random net, in numbers: a product of independent
factors, one a layer. The formulas are derived in `jacobian_moments` and `jacobian_logarithm`.

ReLU with σ_w² = 2: the factor of a layer is (2/N) χ²_K with K ~ Binomial(N, ½); linear units with σ_w = 1:
χ²_N/N. Every factor has mean 1.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, polygamma

from symgrad.errors import InputError

__all__ = ["KINDS", "Float", "alive", "drawn", "factor_moment", "log_moments", "nets_needed", "quantiles"]

Float: TypeAlias = NDArray[np.float64]

KINDS = {"relu": math.sqrt(2), "identity": 1.0}
"""Activations whose law is known, and the σ_w that keeps the mean at 1."""
DRAWS = 20_000
"""Samples of the law that its quantiles are taken from."""


def factor_moment(activation: str, width: int, power: int) -> float:
    """E Fᵖ of one layer's factor F, any real p ≥ 1: E_K (2/N)ᵖ 2ᵖ Γ(K/2 + p)/Γ(K/2), the sum over K ≥ 1 in
    logarithms. Raises `InputError` for another activation."""
    units, weight = _units(activation, width)
    rising = gammaln(units / 2 + power) - gammaln(units / 2)
    return float(np.sum(np.exp(weight + rising + power * math.log(2 * _gain(activation) / width))))


def log_moments(activation: str, width: int) -> tuple[float, float]:
    """Mean and variance of ln F, given that the layer is not dead (K ≥ 1): ln F = ln(2σ_w²/N · χ²_K/2) has
    mean ψ(K/2) + ln(2σ_w²/N) and variance ψ′(K/2) given K."""
    units, weight = _units(activation, width)
    chance = np.exp(weight)
    chance /= chance.sum()
    mean = polygamma(0, units / 2) + math.log(2 * _gain(activation) / width)
    middle = float(chance @ mean)
    return middle, float(chance @ (polygamma(1, units / 2) + (mean - middle) ** 2))


def alive(activation: str, width: int, depth: int) -> float:
    """The probability that no layer is dead: (1 − 2⁻ᴺ)ᴸ for ReLU, 1 for linear units."""
    _gain(activation)
    return math.exp(depth * math.log1p(-(2.0**-width))) if activation == "relu" else 1.0


def nets_needed(activation: str, width: int, depth: int, error: float) -> float:
    """How many nets must be drawn for the mean of ‖Ju‖⁴ to have this relative standard error: the relative
    variance (E F⁴/(E F²)²)ᴸ − 1 of one, over error²."""
    ratio = math.log(factor_moment(activation, width, 4)) - 2 * math.log(factor_moment(activation, width, 2))
    return math.expm1(depth * ratio) / error**2


@lru_cache(maxsize=64)
def _drawn(activation: str, width: int, depth: int, count: int) -> Float:
    generator = np.random.default_rng(0)
    shape = (depth, count)
    units = generator.binomial(width, 0.5, shape) if activation == "relu" else np.full(shape, width)
    squares = 2 * generator.standard_gamma(np.maximum(units, 1) / 2)
    with np.errstate(divide="ignore"):
        logs = np.log(np.where(units > 0, squares * _gain(activation) / width, 0.0))
    return np.asarray(np.cumsum(logs, axis=0))


def drawn(activation: str, width: int, depth: int, count: int = DRAWS) -> Float:
    """ln ‖J_l u‖² of that many draws of the law at every layer, (L, count), −∞ behind a dead layer; the same
    ones every time."""
    _gain(activation)
    return _drawn(activation, width, depth, count)


def quantiles(activation: str, width: int, depth: int, levels: tuple[float, ...]) -> Float:
    """Quantiles of ln ‖J_l u‖², l = 1…L, (levels, L), from `drawn`: right to about 0.02 standard
    deviations."""
    return np.asarray(np.quantile(drawn(activation, width, depth), levels, axis=1, method="nearest"))


def _gain(activation: str) -> float:
    """σ_w² of the activation."""
    if activation not in KINDS:
        raise InputError(f"activation {activation!r}: the law is known for {', '.join(KINDS)}")
    return KINDS[activation] ** 2


def _units(activation: str, width: int) -> tuple[Float, Float]:
    """The numbers of active units from 1 on, and the logarithms of their probabilities."""
    _gain(activation)
    if activation == "identity":
        return np.array([float(width)]), np.zeros(1)
    k = np.arange(1.0, width + 1)
    choose = gammaln(width + 1) - gammaln(k + 1) - gammaln(width - k + 1)
    return k, choose - width * math.log(2)
