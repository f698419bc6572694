"""What one kind of net did, `net.seeds` times: the numbers of a document and of a row of a sweep."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from symgrad.numeric import LengthMap, slope, violations
from symgrad.numeric.drawn import Drawn

__all__ = ["LN10", "NetResult", "bands"]

LN10 = math.log(10)


@dataclass(frozen=True, kw_only=True)
class NetResult:
    """A net of L layers or time steps: what was measured, the worst case, and what is predicted.

    ln_gradient  (S, L), ln ‖∂E/∂h_l‖_F of each seed, −inf for an exact zero
    ln_bound     (S, L), each net's own worst case; None where no claim gives one
    predicted    the length map, or None and why there is none
    """

    net: Drawn
    ln_gradient: np.ndarray
    ln_bound: np.ndarray | None
    predicted: LengthMap | None
    why_unpredicted: str

    @property
    def bounded(self) -> bool:
        """Whether there is a worst case."""
        return self.ln_bound is not None

    @cached_property
    def log10_gradient(self) -> np.ndarray:
        """(S, L)."""
        return self.ln_gradient / LN10

    @cached_property
    def log10_bound(self) -> np.ndarray:
        """(S, L); infinite where there is no worst case."""
        return np.full_like(self.ln_gradient, np.inf) if self.ln_bound is None else self.ln_bound / LN10

    @cached_property
    def violations(self) -> int:
        """How many (seed, layer) pairs pass the bound."""
        return 0 if self.ln_bound is None else violations(self.net, self.ln_gradient, self.ln_bound)

    @cached_property
    def slope_measured(self) -> float:
        """Change of ln‖∂E/∂h_l‖ per layer towards the input, least squares, median over seeds."""
        return slope(self.ln_gradient)

    @property
    def slope_predicted(self) -> float | None:
        """The length map's, None where there is none."""
        return None if self.predicted is None else self.predicted.predicted_slope

    @cached_property
    def log10_predicted(self) -> np.ndarray | None:
        """(L,): the measured median at the output, continued to the front by the length map."""
        if self.predicted is None:
            return None
        steps = 0.5 * self.predicted.ln_factor[:0:-1] / LN10
        fall = np.concatenate([[0.0], np.cumsum(steps)])[::-1]
        return fall + np.median(self.log10_gradient[:, -1])

    @cached_property
    def front_factors(self) -> np.ndarray:
        """(S,): log10 of the gradient at layer 1 over that at layer L."""
        return self.log10_gradient[:, 0] - self.log10_gradient[:, -1]

    @property
    def front_factor(self) -> float:
        """The median of `front_factors` over seeds."""
        return float(np.median(self.front_factors))

    @cached_property
    def bound_factor(self) -> float:
        """log10 of the product the bound puts between layer L and layer 1, median over seeds."""
        return float(np.median(self.log10_bound[:, 0] - self.log10_bound[:, -1]))


def bands(logs: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The 5 % quantile, the median and the 95 % quantile over seeds, (S, L) → three times (L,)."""
    with np.errstate(invalid="ignore"):
        between = np.quantile(logs, (0.05, 0.5, 0.95), axis=0)
    # between an exact zero (−inf) and a number there is no interpolation: the nearest seed counts
    nearest = np.quantile(logs, (0.05, 0.5, 0.95), axis=0, method="nearest")
    low, middle, high = np.where(np.isnan(between), nearest, between)
    return low, middle, high
