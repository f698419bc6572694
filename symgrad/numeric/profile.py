"""What gradients over depth, or over time, say: values above a bound, and slopes."""

from __future__ import annotations

import numpy as np

from symgrad.numeric.arrays.primitives import Float
from symgrad.numeric.drawn import Drawn


def excess(ln_measured: Float, ln_bound: Float) -> Float:
    """ln measured − ln bound, (S, L): above 0 the bound is passed; −inf where the gradient is exactly 0."""
    dead = np.isneginf(ln_measured)
    return np.where(dead, -np.inf, np.where(dead, 0, ln_measured) - ln_bound)


def violations(net: Drawn, ln_measured: Float, ln_bound: Float) -> int:
    """How many (seed, layer) pairs have measured > bound · (1 + 64 ε L N), ε of the net's dtype."""
    allowed = np.log1p(64 * float(np.finfo(net.real).eps) * net.depth * net.width)
    return int(np.count_nonzero(excess(ln_measured, ln_bound) > allowed))


def slope(ln_gradient: Float) -> float:
    """Change of ln ‖∂E/∂h_l‖ per layer from the output to the input: negative vanishes, positive explodes.

    ln_gradient (S, L). Least squares over l = 1…L of each seed, then the median over seeds. A seed whose
    gradient becomes exactly 0 counts with slope −inf: the answer is −inf when half of the seeds or more have
    died. NaN at depth 1, where there is no change to speak of.
    """
    seeds, depth = ln_gradient.shape
    if depth == 1:
        return float("nan")
    position = (depth - 1) / 2 - np.arange(depth)
    alive = np.isfinite(ln_gradient).all(axis=1)
    slopes = np.full(seeds, -np.inf)
    slopes[alive] = ln_gradient[alive] @ position / (position @ position)
    return float(np.median(slopes))
