"""What was measured of a stack of nets, and what it says: bounds, violations, slopes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from symgrad.numeric.arrays.primitives import Float
from symgrad.numeric.feedforward.net import Net


@dataclass(frozen=True)
class Measurement:
    """Per seed and layer, (S, L), column l − 1 for layer l; a logarithm is −inf for an exact 0, never NaN.

    ln_gradient           ln ‖∂E/∂h_l‖_F over units and batch
    ln_weight_gradient    ln ‖∂E/∂W_l‖_F, W_l as it stands in the net, sigma_w included
    ln_spectral_norm      ln ‖W_l‖₂, of the float64 draw; None where it was not asked for
    preactivation_mean    mean of a_l over units and batch; ±inf or 0 where it leaves float64
    ln_preactivation_rms  ln of the root mean square of a_l
    """

    net: Net
    ln_gradient: Float
    ln_weight_gradient: Float
    ln_spectral_norm: Float | None
    preactivation_mean: Float
    ln_preactivation_rms: Float

    @property
    def ln_covector(self) -> Float:
        """ln ‖g‖_F, (S,): E = ⟨g, h_L⟩, so g is the gradient of the last layer."""
        return self.ln_gradient[:, -1]

    @property
    def ln_norms(self) -> Float:
        """ln ‖W_l‖₂, (S, L). Raises ValueError where the net was measured without."""
        if self.ln_spectral_norm is None:
            raise ValueError("the spectral norms were not measured: ask for them with norms=True")
        return self.ln_spectral_norm


def ln_bound(measurement: Measurement, gamma: float) -> Float:
    """ln(‖g‖ ∏_{k>l} ‖W_k‖₂ γ), (S, L): the worst case over all nets with these norms when |φ′| ≤ gamma.

    Raises ValueError unless gamma is finite and ≥ 0 and the norms were measured. Source: the chain-rule
    product, Hochreiter 1991.
    """
    if not (np.isfinite(gamma) and gamma >= 0):
        raise ValueError(f"gamma = {gamma}: legal are finite numbers from 0 on")
    with np.errstate(divide="ignore"):
        steps = measurement.ln_norms[:, :0:-1] + np.log(gamma)
    above = np.zeros_like(measurement.ln_norms)
    above[:, :-1] = np.cumsum(steps, axis=1)[:, ::-1]
    return above + measurement.ln_covector[:, None]
