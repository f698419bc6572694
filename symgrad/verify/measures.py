"""The table of measurements: what a claim may name, what it must then hold, and in which unit its margin
is.

The contract of each is the docstring of its function.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from numpy.random import Generator

from symgrad.symbolic.derivation import Claim
from symgrad.verify.measures_activation import derivative_range, extreme_value
from symgrad.verify.measures_arithmetic import float_floor
from symgrad.verify.measures_blocks import block_growth, first_step
from symgrad.verify.measures_clipping import clip_norm, clip_value
from symgrad.verify.measures_counterexample import counterexample, lyapunov
from symgrad.verify.measures_criticality import both_factors
from symgrad.verify.measures_depth import decay_rate, gradient_bound, holds, typical_slope
from symgrad.verify.measures_error_flow import error_flow, error_flow_attained, error_flow_bound
from symgrad.verify.measures_finite_width import jacobian_logarithm, jacobian_moments, layered_slope
from symgrad.verify.measures_gate_bounds import gate_bound, gated_gradient
from symgrad.verify.measures_gates import carousel, chrono, forgetting, truncation
from symgrad.verify.measures_initialization import isometry, normalized_rows, typical_drift, uneven_layers
from symgrad.verify.measures_kernel import kernel_accuracy
from symgrad.verify.measures_latching import contraction, latch, latch_bound, latch_margin
from symgrad.verify.measures_mean_field import correlation, separation, settling
from symgrad.verify.measures_moments import layer_moments
from symgrad.verify.measures_net import chain_product, explodes, scalar_chain, update_rule, weight_gradient
from symgrad.verify.measures_pair import pair_spread
from symgrad.verify.measures_recurrent import recurrent_bound, recurrent_slope
from symgrad.verify.measures_remedies import path_sum, steps_needed
from symgrad.verify.measures_spectra import jacobian_edge, jacobian_spectrum, trace_moments
from symgrad.verify.measures_time_norms import matrix_powers, time_bound
from symgrad.verify.measures_time_unfolding import gated_step, shared_weights, time_product
from symgrad.verify.verdict import Evidence

__all__ = ["MEASURES", "Measure"]

Run: TypeAlias = Callable[[Claim, Mapping[str, Any] | None, Generator, bool], Evidence]
"""(claim, one of its nets or None, random generator, thorough) -> evidence."""

SHARE = "share of the tolerance left"
DECADES = "decades below the bound"


@dataclass(frozen=True)
class Measure:
    """A measurement: how it runs, the keys a claim's `expects` must have, whether it runs over nets, the
    unit of its margin, whether it confirms a counterexample (to a claim whose status is "refuted")."""

    run: Run
    expects: tuple[str, ...] = ()
    nets: bool = True
    unit: str = SHARE
    refutes: bool = False


MEASURES: dict[str, Measure] = {
    "derivative-range": Measure(derivative_range, ("activation", "range"), nets=False),
    "kernel": Measure(kernel_accuracy, ("activation",), nets=False),
    "extreme-value": Measure(extreme_value, ("activation", "form", "max", "at"), nets=False),
    "float-floor": Measure(float_floor, ("factor", "format", "last_normal", "first_zero"), nets=False),
    "chain-product": Measure(chain_product),
    "weight-gradient": Measure(weight_gradient, ("gamma",)),
    "scalar-chain": Measure(scalar_chain),
    "update-rule": Measure(update_rule),
    "explodes": Measure(explodes, ("growth", "weights", "input")),
    "gradient-bound": Measure(gradient_bound, ("gamma",), unit=DECADES),
    "decay-rate": Measure(decay_rate, ("gamma", "norm"), unit=DECADES),
    "holds": Measure(holds, ("gamma",), unit=DECADES),
    "slope": Measure(typical_slope),
    "recurrent-slope": Measure(recurrent_slope),
    "layered-slope": Measure(layered_slope),
    "separation": Measure(separation, ("factor",)),
    "both-factors": Measure(both_factors, ("lengths", "along", "across")),
    "correlation": Measure(correlation, ("map",)),
    "settling": Measure(settling, ("length",)),
    "pair-spread": Measure(pair_spread, ("start",)),
    "jacobian-moments": Measure(jacobian_moments, ("fourth",)),
    "jacobian-logarithm": Measure(jacobian_logarithm, ("moments",)),
    "block-growth": Measure(block_growth, ("growth",)),
    "first-step": Measure(first_step, ("scale",)),
    "steps-needed": Measure(steps_needed, ("factor", "weight", "output"), nets=False),
    "path-sum": Measure(path_sum, ("count", "chance")),
    "trace-moments": Measure(trace_moments, ("moment",)),
    "jacobian-spectrum": Measure(jacobian_spectrum, ("q", "relative")),
    "jacobian-edge": Measure(jacobian_edge, ("edge", "scale")),
    "recurrent-bound": Measure(recurrent_bound, ("bound",), nets=False, unit=DECADES),
    "latch": Measure(latch, ("rests",), nets=False),
    "latch-margin": Measure(latch_margin, ("critical",), nets=False),
    "latch-bound": Measure(latch_bound, ("cases",), nets=False, unit=DECADES),
    "contraction": Measure(contraction, unit=DECADES),
    "clip-norm": Measure(clip_norm, ("limit",)),
    "clip-value": Measure(clip_value, ("limit", "example")),
    "layer-moments": Measure(layer_moments, ("q", "forward", "backward")),
    "uneven-layers": Measure(uneven_layers, ("variance", "forward", "backward")),
    "normalized-rows": Measure(normalized_rows, ("letter", "mean", "second")),
    "isometry": Measure(isometry, ("value",)),
    "typical-drift": Measure(typical_drift, ("drift",)),
    "time-bound": Measure(time_bound, ("gamma",), unit=DECADES),
    "counterexample": Measure(
        counterexample, ("gamma", "weights", "bias", "input", "norm", "power"), refutes=True
    ),
    "lyapunov": Measure(lyapunov, ("gamma", "weights", "bias", "exponent", "tolerance")),
    "matrix-powers": Measure(matrix_powers, ("weights", "lower", "upper", "power")),
    "carousel": Measure(carousel, ("along",)),
    "forgetting": Measure(forgetting, ("half_life", "biases"), nets=False),
    "chrono": Measure(chrono, ("steps", "mean", "chance"), nets=False),
    "truncation": Measure(truncation, ("along", "entry")),
    "gate-bound": Measure(gate_bound, ("cell", "step"), nets=False, unit=DECADES),
    "gated-gradient": Measure(gated_gradient, ("gradient",), unit=DECADES),
    "time-product": Measure(time_product),
    "shared-weights": Measure(shared_weights),
    "gated-step": Measure(gated_step, ("entries",)),
    "error-flow": Measure(error_flow, ("factor",)),
    "error-flow-bound": Measure(error_flow_bound, ("gamma", "bound"), unit=DECADES),
    "error-flow-attained": Measure(error_flow_attained, ("entry", "bias", "published", "looseness")),
}
