"""The singular values of concrete nets beside what is predicted of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from symgrad.numeric import Kernel, Net
from symgrad.numeric.jacobian.spectrum import Spectrum, jacobian_spectrum
from symgrad.numeric.mean_field.fixed_points import fixed_points
from symgrad.numeric.mean_field.moments import moments
from symgrad.symbolic.letters import n
from symgrad.theory.activations import Activation, kernel
from symgrad.theory.initialization.edge import edge_of_chaos
from symgrad.theory.spectra.linear_product_edge import EDGE, SCALE
from symgrad.theory.spectra.moments import SquaredSpectrum, critical_scales, squared_spectrum
from symgrad.theory.spectra.pairings import N

__all__ = [
    "Estimate",
    "MeasuredSpectrum",
    "Scales",
    "fuss_catalan_quantiles",
    "measured_spectrum",
    "scales",
]

Float: TypeAlias = NDArray[np.float64]

CONFIDENCE = 0.99
TRACY_WIDOM = -1.2065335745820
"""Mean of the Tracy–Widom law of real matrices (Bornemann, arXiv:0904.1581)."""
SCATTERED = 0.1
"""Depth over width from which on a few nets carry a mean, so that a sample seldom holds them."""


@dataclass(frozen=True)
class Scales:
    """σ_w and σ_b; the standard deviation of an input's entries; the fixed point q* that it starts from, or
    None, and χ_∥ there, above 1 where lengths leave it."""

    sigma_w: float
    sigma_b: float
    input_scale: float
    q: float | None = None
    chi_parallel: float | None = None


@dataclass(frozen=True)
class Estimate:
    """A number from a sample of nets, and half the width of its 99 % interval, ∞ where there is none."""

    value: float
    half: float


def scales(
    functions: Kernel, sigma_w: float | None, sigma_b: float, q: float | None, input_scale: float | None
) -> Scales:
    """The scales of a net: ``sigma_w`` and ``sigma_b`` as given; without ``sigma_w`` those of the critical
    net whose length map settles at ``q``, or of the critical net with ``sigma_b``. Without ``input_scale``
    inputs start where lengths settle, if that is above 0.

    Raises ValueError where no critical net is one, in words.
    """
    settled = q
    if sigma_w is not None:
        found = fixed_points(functions, sigma_w**2, sigma_b**2)
        settled = None if found.settles is None else found.settles.q
    elif q is not None:
        sigma_w, sigma_b = critical_scales(functions, q)
    else:
        sigma_w2, settled = edge_of_chaos(functions, sigma_b**2)
        sigma_w = math.sqrt(sigma_w2)
    if not settled or not sigma_w:
        return Scales(sigma_w, sigma_b, 1.0 if input_scale is None else input_scale)
    if input_scale is not None:
        return Scales(sigma_w, sigma_b, input_scale)
    start = math.sqrt(max(settled - sigma_b**2, 0.0)) / sigma_w
    ln_q = np.array([math.log(settled)])
    second, rise = moments(functions).second(ln_q)
    parallel = sigma_w**2 * float((rise * np.exp(second - ln_q))[0])
    return Scales(sigma_w, sigma_b, start, settled, parallel)


@dataclass(frozen=True)
class MeasuredSpectrum:
    """Singular values of a stack of nets, and the law of their squares, or ``why`` there is none."""

    entry: Activation
    spectrum: Spectrum
    scales: Scales
    law: SquaredSpectrum | None
    why: str

    @cached_property
    def traces(self) -> tuple[float, Float, Float]:
        """A logarithm c, and e^−c tr JJᵀ/N and e^−2c tr(JJᵀ)²/N of every net, (S,)."""
        squares = 2 * self.spectrum.ln_values
        top = float(squares.max())
        if top == -math.inf:
            return top, np.zeros(len(squares)), np.zeros(len(squares))
        scaled = np.exp(squares - top)
        return top, scaled.mean(axis=1), (scaled**2).mean(axis=1)

    @property
    def mean(self) -> Estimate:
        """Mean of the squared singular values, over nets, relative to e^c of `traces`."""
        _, first, _ = self.traces
        return Estimate(
            float(first.mean()), _quantile(first.size) * float(first.std(ddof=1)) / first.size**0.5
        )

    @property
    def relative(self) -> Estimate | None:
        """E X²/(E X)² − 1, the ratio of two means over nets with its jackknife error; None where all singular
        values are 0."""
        _, first, second = self.traces
        squares, count = first**2, first.size
        if not squares.all():
            return None
        value = second.sum() / squares.sum() - 1
        rest = squares.sum() - squares
        if not rest.all():  # one net outweighs all others
            return Estimate(float(value), math.inf)
        left_out = (second.sum() - second) / rest - 1
        error = math.sqrt((count - 1) / count * float(((left_out - left_out.mean()) ** 2).sum()))
        return Estimate(float(value), _quantile(count) * error)

    @property
    def edge(self) -> tuple[float, float] | None:
        """Of a linear Gaussian net ln of the largest squared singular value: at infinite width, and its mean
        at this one by the Tracy–Widom law; None for others, or where the width is too small for it."""
        net = self.spectrum.net
        if self.entry.name != "identity" or net.weights != "gaussian" or not net.sigma_w:
            return None
        shift = 2 * net.depth * math.log(net.sigma_w)
        ln_edge = (net.depth + 1) * math.log1p(net.depth) - net.depth * math.log(net.depth)
        ratio = float((SCALE / EDGE).subs({n: net.depth, N: net.width}).evalf())
        if 1 + TRACY_WIDOM * ratio <= 0:
            return None
        return ln_edge + shift, ln_edge + shift + math.log1p(TRACY_WIDOM * ratio)

    @property
    def quantiles(self) -> Float | None:
        """ln of the singular values of a linear Gaussian net at infinite width: for the k-th of N largest
        that above which a share of (k − ½)/N lies; None for other nets."""
        net = self.spectrum.net
        if self.edge is None:
            return None
        shares = (np.arange(1, net.width + 1) - 0.5) / net.width
        return np.asarray(fuss_catalan_quantiles(net.depth, shares) / 2 + net.depth * math.log(net.sigma_w))

    @property
    def scattered(self) -> bool:
        """Whether means over nets are carried by a few of them."""
        return self.spectrum.net.depth / self.spectrum.net.width > SCATTERED


def _quantile(count: int) -> float:
    """Standard errors that hold 99 %, by Student's law."""
    return float(stdtrit(count - 1, (1 + CONFIDENCE) / 2))


def fuss_catalan_quantiles(depth: int, shares: Float) -> Float:
    """ln of the squared singular values X of n wide Gaussian matrices above which the ``shares`` lie.

    x(t) = sin((n + 1)t)^(n+1)/(sin t sin(nt)ⁿ), 0 < t < π/(n + 1), falls from the edge to 0, with the density
    sin²t sin(nt)^(n−1)/(π sin((n + 1)t)ⁿ) there (Penson and Życzkowski 2011; the moments are tested).
    """
    layers = float(depth)
    t = np.pi / (layers + 1) * _grid()
    sines = [np.log(np.sin(factor * t)) for factor in (1.0, layers, layers + 1)]
    ln_x = (layers + 1) * sines[2] - sines[0] - layers * sines[1]
    ln_density = 2 * sines[0] + (layers - 1) * sines[1] - layers * sines[2] - math.log(math.pi)
    mass = np.exp(ln_density + ln_x)  # density dx = density x d ln x
    above = np.concatenate([[0.0], np.cumsum((mass[1:] + mass[:-1]) / 2 * -np.diff(ln_x))])
    return np.interp(shares, above / above[-1], ln_x)


def _grid() -> Float:
    """Shares of the range of t, dense at both ends."""
    u = np.linspace(-1, 1, 8001)
    return np.asarray((1 + np.tanh(8 * u) / np.tanh(8.0)) / 2)[1:-1]


def measured_spectrum(
    entry: Activation,
    depth: int,
    width: int,
    seeds: int,
    weights: str,
    given: Scales,
    seed: int,
) -> MeasuredSpectrum:
    """Draw the nets, take all singular values of each, and predict. Raises ValueError as `Net` does."""
    functions = kernel(entry)
    net = Net(depth, width, 1, seeds, given.sigma_w, given.sigma_b, seed=seed, weights=weights)
    law, why = None, ""
    try:
        law = squared_spectrum(
            functions, given.sigma_w, given.sigma_b, depth, width, weights, given.input_scale
        )
    except ValueError as error:
        why = str(error)
    return MeasuredSpectrum(entry, jacobian_spectrum(net, functions, given.input_scale), given, law, why)
