"""How much smaller the first update of the front layer is than that of the last, in numbers: what gradient
descent makes of the ratio of weight gradients.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

from symgrad.numeric import Kernel
from symgrad.theory.finite_width.slope_statistics import doubts, predicted_weight_ratio
from symgrad.theory.net_result import LN10

__all__ = ["FirstUpdate", "first_update"]

CERTAIN = 0.995
"""A band of 99 % lies between this quantile and its counterpart."""


UNEVEN = "rotations scatter less than what the samples of a batch share adds, which is not worked out"


@dataclass(frozen=True)
class FirstUpdate:
    """log10 ‖ΔW_1‖/‖ΔW_L‖ of the hidden layers 1 and L at the first step: typical value and the band that 99
    nets of 100 lie in; None, with `why`, where it is not known."""

    log10_ratio: float | None
    band: tuple[float, float] | None
    why: str = ""


def first_update(kernel: Kernel, sigma_w: float, depth: int, width: int, weights: str) -> FirstUpdate:
    """Of a plain net without biases at the start, trained by steps that are a multiple of the gradient:
    ‖ΔW_1‖/‖ΔW_L‖ = ‖∂E/∂W_1‖/‖∂E/∂W_L‖, whose typical value and spread are those of `layered_slope`.

    The band is that of one sample with entries N(0, 1) and a co-vector N(0, 1) at h_L: real samples are no
    Gaussian noise, a read-out stands above h_L, and the samples of a batch are alike, for which nothing is
    added. One layer has the ratio 1.
    """
    if depth == 1:
        return FirstUpdate(0.0, (0.0, 0.0))
    try:
        found = doubts(kernel, sigma_w, 0.0, depth, width, weights)
        mean, deviation = predicted_weight_ratio(kernel, sigma_w, 0.0, depth, width, 1, weights)
    except ValueError as error:
        return FirstUpdate(None, None, str(error))
    if not math.isfinite(mean):
        return FirstUpdate(None, None, "the ratio leaves the range of numbers")
    half = NormalDist().inv_cdf(CERTAIN) * deviation
    why = found[0] if found else UNEVEN if weights != "gaussian" else ""
    return FirstUpdate(mean / LN10, None if why else ((mean - half) / LN10, (mean + half) / LN10), why)
