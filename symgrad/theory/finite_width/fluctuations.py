"""How the factor of the squared gradient fluctuates at every layer of a net of finite width, in numbers, to
first order in 1/N: what slopes and bands are put together from. The formulas are derived in `layered_slope`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from symgrad.numeric import Kernel, length_map
from symgrad.theory.finite_width.layer_moments import LayerMoments, layer_moments
from symgrad.theory.finite_width.units import LARGE

__all__ = ["Fluctuations", "fluctuations"]

Float: TypeAlias = NDArray[np.float64]

RESOLVED = 0.02
"""Relative error of E φ′² up to which the grid of moments is taken to see all units that matter."""
SCATTER, BENT, TURNED = 0.25, 0.1, 0.1
"""What first order may leave out: variance of one layer's factor; shift of the whole logarithm by curvature
in q; share of a squared gradient that points along the signal."""


@dataclass(frozen=True)
class Fluctuations:
    """Layers l = 1…L of a net of width N at the variances q_l of the length map; fields are (L,), or (2, L)
    where a value stands for one sample of a batch and for two. u = δq/q, μ = E φ′², μ̂ its weighted mean over
    the units of one net:

    ln_q, ln_factor  the length map: ln q and ln σ_w² μ
    share         the part of q that weights bring, σ_w² ‖h_{l−1}‖²/N over q_l
    mean, spread  E u, and variance of u and its covariance between samples (2, L)
    steer, bend   q d ln μ/dq and q² d² ln μ/dq²
    above         the share of l + 1: change of u_{l+1} with the mean of φ²/s; 0 at the last layer
    reaction      d ln q_{l+1}/d ln q_l; 0 at the last layer
    weights       (co)variance of ln ‖Wᵀδ‖²/‖δ‖², (2, L)
    slopes, states, mixed  (co)variances of μ̂/μ, of the mean of φ²/s, and between them, (2, L)
    shift         what the mean of ln ‖Wᵀδ‖²/(σ_w²‖δ‖²) and of ln μ̂/μ is at q itself, (2, L)
    along         share of ‖∂E/∂h_{l−1}‖² that points along h_{l−1}; 1/N where directions are independent
    """

    ln_q: Float
    ln_factor: Float
    share: Float
    mean: Float
    spread: Float
    steer: Float
    bend: Float
    above: Float
    reaction: Float
    weights: Float
    slopes: Float
    states: Float
    mixed: Float
    shift: Float
    along: Float

    def effects(self, slopes: Float, states: Float) -> Float:
        """Change of Σ_l slopes_l ln μ̂_l + states_l ln ‖h_{l−1}‖² with each u_l, those of later layers
        included, (L,)."""
        own = slopes * self.steer + states / self.share
        found, behind = np.empty_like(own), 0.0
        for l in reversed(range(own.size)):
            behind = own[l] + self.reaction[l] * behind
            found[l] = behind
        return found

    def noise(self, weights: Float, slopes: Float, effects: Float) -> Float:
        """What each layer adds to the variance of Σ weights_l ln ‖W_lᵀδ‖² + slopes_l ln μ̂_l + states_l
        ln ‖h_{l−1}‖² and to its covariance between two samples, (2, L)."""
        on = self.above * np.append(effects[1:], 0.0)
        parts = weights**2 * self.weights + slopes**2 * self.slopes
        return np.asarray(parts + on**2 * self.states + 2 * slopes * on * self.mixed)

    @property
    def slope_mean(self) -> Float:
        """Mean of ln σ_w² μ̂_l, (L,)."""
        by_q = self.steer * self.mean + self.bend * self.spread[0] / 2
        return np.asarray(self.ln_factor + by_q + self.shift[1])

    @property
    def state_mean(self) -> Float:
        """Mean of ln σ_w² ‖h_{l−1}‖²/N, (L,)."""
        relative = self.mean / self.share - self.spread[0] / (2 * self.share**2)
        return np.asarray(self.ln_q + np.log(self.share) + relative)

    @property
    def doubts(self) -> tuple[str, ...]:
        """Why fluctuations are not small here, so that first order in 1/N may miss; empty where they are."""
        scatter = float((self.weights[0] + self.slopes[0]).max())
        bent = float((np.abs(self.bend) * self.spread[0]).sum()) / 4
        turned = float(self.along.max())
        found = []
        if not scatter <= SCATTER:
            found.append(
                f"the factor of a single layer scatters by {_shown(math.sqrt(scatter))} of itself: the width "
                "is too small for the few units that carry the gradient"
            )
        if not bent <= BENT:
            found.append(
                f"fluctuations of q reach {_shown(math.sqrt(self.spread[0].max()))} of it and act on the "
                "gradient beyond first order (a layer multiplies them by "
                f"{_shown(self.reaction.max())} at most)"
            )
        if not turned <= TURNED:
            found.append(
                "gradients turn into the direction of the signal, so that weights used backwards are not "
                "independent of those used forwards"
            )
        return tuple(found)


def _shown(number: float) -> str:
    return f"{number:.2g}" if number < 1000 else "more than 1,000"


def fluctuations(
    kernel: Kernel,
    sigma_w: float,
    sigma_b: float,
    depth: int,
    width: int,
    weights: str = "gaussian",
    pairs: bool = True,
) -> Fluctuations:
    """Those of a layered net with fresh weights at every layer; without ``pairs`` covariances between samples
    are 0, and not worked out. Raises ValueError where σ_w = 0, where a
    moment does not exist, or for another law of weights than gaussian and orthogonal."""
    if not (math.isfinite(sigma_w) and sigma_w > 0 and math.isfinite(sigma_b) and sigma_b >= 0):
        scales = f"sigma_w = {sigma_w}, sigma_b = {sigma_b}"
        raise ValueError(f"{scales}: a slope needs a finite sigma_w above 0 and a finite sigma_b from 0 on")
    if weights not in ("gaussian", "orthogonal"):
        raise ValueError(f"weights {weights!r}: the width's effect is known for gaussian and orthogonal ones")
    found = length_map(kernel, sigma_w, sigma_b, depth)
    if not (np.isfinite(found.ln_factor).all() and (np.abs(found.ln_q) < LARGE).all()):
        raise ValueError("E φ² or E φ′² is 0, infinite or beyond what is formed: no slope is predicted")
    q, orthogonal = np.exp(found.ln_q), weights == "orthogonal"
    share = 1 - sigma_b**2 / q
    above = np.append(share[1:], 0.0)
    with np.errstate(all="ignore"):
        at = layer_moments(kernel, q, share, width, orthogonal, pairs)
    if not all(np.isfinite(getattr(at, part.name)).all() for part in fields(at)):
        raise ValueError("E φ⁴ or E φ′⁴ is beyond what is formed: the width's effect is not known")
    if not np.allclose(at.ln_slope, found.ln_factor - 2 * math.log(sigma_w), rtol=0, atol=RESOLVED):
        raise ValueError("hardly any unit has a slope (a dead zone): the width's effect is not known")
    mean, spread = _lengths(at, share, above, width)
    back, along, overlap = _backwards(at, width, orthogonal)
    own = np.full(depth, 0.0 if orthogonal else 2 / width)
    shift = back + np.stack([-own / 2, at.radius[1] / width - at.slopes[0] / (2 * width)])
    return Fluctuations(
        ln_q=found.ln_q,
        ln_factor=found.ln_factor,
        share=share,
        mean=mean,
        spread=spread,
        steer=at.steer,
        bend=at.bend,
        above=above,
        reaction=at.lift * above,
        weights=np.stack([own, own * overlap]),
        slopes=at.slopes / width,
        states=at.states / width,
        mixed=at.mixed / width,
        shift=shift,
        along=along,
    )


def _lengths(at: LayerMoments, share: Float, above: Float, width: int) -> tuple[Float, Float]:
    """Mean of u_l and its (co)variance, from the first layer on: inputs are N(0, 1) an entry."""
    mean, spread = np.zeros(share.size), np.zeros((2, share.size))
    spread[0, 0] = 2 * share[0] ** 2 / width
    for l in range(share.size - 1):
        drift = at.lift[l] * mean[l] + at.curve[l] * spread[0, l] / 2 + at.radius[0, l] / width
        mean[l + 1] = above[l] * drift
        spread[:, l + 1] = above[l] ** 2 * (at.lift[l] ** 2 * spread[:, l] + at.states[:, l] / width)
    return mean, spread


def _backwards(at: LayerMoments, width: int, orthogonal: bool) -> tuple[Float, Float, Float]:
    """From the output on: what the weights' being those of the forward pass adds to ln ‖Wᵀδ‖² and to ln μ̂,
    (2, L), the share of ‖∂E/∂h_{l−1}‖² that points along h_{l−1}, (L,), and the squared cosine between the
    δ_l of two samples, (L,)."""
    depth = at.lift.size
    along, cosine = 1 / width, 1 / width
    shift, shares, overlap = np.zeros((2, depth)), np.empty(depth), np.empty(depth)
    for l in reversed(range(depth)):
        more = along - 1 / width
        slopes = 1 + more * at.beside[l]
        forwards = max((1 + at.lean[l]) / width + more * at.carried[l], 0.0)
        whole = slopes if orthogonal else slopes * (1 - 1 / width) + forwards
        shift[:, l] = math.log(whole / slopes), math.log(slopes)
        shares[l] = along = min(forwards / whole, 1.0)
        scattered = at.slopes[1, l] + 1 - at.agreement[l]
        overlap[l] = min(at.agreement[l] * cosine + max(scattered, 0.0) / width, 1.0)
        cosine = overlap[l] + (0.0 if orthogonal else 1 / width)
    return shift, shares, overlap
