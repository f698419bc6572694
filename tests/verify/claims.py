"""Claims made by hand, true ones, to be judged and to be spoilt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import sympy as sp
from flint import arb

from symgrad.symbolic.balls import precision
from symgrad.symbolic.derivation import Claim
from symgrad.symbolic.letters import n, n_in, n_out
from symgrad.symbolic.notation import dphi
from symgrad.symbolic.ranges.extremum import Value
from symgrad.symbolic.zeros.roots import NamedRoot
from symgrad.theory.activations import CORE, gamma, slope_range
from symgrad.theory.finite_width.jacobian_law import log_moments
from symgrad.theory.finite_width.jacobian_moments import FOURTH
from symgrad.theory.initialization.selu import self_normalizing
from symgrad.theory.initialization.typical_gradient import DRIFT, N
from symgrad.theory.propagation import (
    arc_cosine_kernel,
    criticality_classes,
    edge_of_chaos,
    length_map_fixed_point,
)
from symgrad.theory.remedies import more_compute, residual_paths, residual_scaling
from symgrad.theory.spectra.linear_product_edge import EDGE, SCALE
from symgrad.theory.spectra.moments import relative_variance
from symgrad.theory.spectra.pairings import trace_moment
from symgrad.theory.through_time import (
    carousel,
    chrono,
    error_flow,
    error_flow_bound,
    forget_gate,
    gated_bounds,
    gated_unfolding,
    truncation,
)
from symgrad.theory.through_time import companion as chaotic
from symgrad.theory.through_time import spectral_radius as resting
from symgrad.theory.through_time.clipping_by_norm import TOLD
from symgrad.theory.through_time.clipping_by_value import clipping_by_value
from symgrad.theory.through_time.latching import latched, rests
from symgrad.theory.through_time.rests import critical_input

TANH: dict[str, Any] = {"activation": "tanh", "depth": 5, "width": 3, "sigma_w": 1.2, "sigma_b": 0.3}
RELU: dict[str, Any] = {"activation": "relu", "depth": 4, "width": 4, "sigma_w": 1.5, "sigma_b": 0.3}
BATCH: dict[str, Any] = {"activation": "silu", "depth": 3, "width": 2, "batch": 2, "seeds": 2, "sigma_w": 1.4}
LINEAR: dict[str, Any] = {"activation": "identity", "depth": 4, "width": 3, "weights": "orthogonal"}
"""A net that meets every norm bound with equality."""
PLAIN: dict[str, Any] = {"activation": "identity", "depth": 2, "width": 6}
WIDE: dict[str, Any] = {"activation": "tanh", "depth": 12, "width": 32, "sigma_w": 1.5, "sigma_b": 0.2}

GATED_NET: dict[str, Any] = {"cell": "lstm", "depth": 5, "width": 2, "forget_bias": 1.0, "sigma_w": 1.5}
KEPT: dict[str, Any] = {"activation": "relu", "depth": 2, "width": 128, "sigma_w": sp.sqrt(2)}
"""A net that keeps both mean squares, since half of its units are active."""

_u = sp.Symbol("u", positive=True)


def claim(measure: str, *nets: Mapping[str, Any], **expects: Any) -> Claim:
    """A claim for one measure."""
    return Claim(f"test/{measure}", ("a claim made for a test",), measure, expects, nets)


def range_claim(name: str, **changed: Any) -> Claim:
    """The range of φ′ of a registered activation, with fields of the range changed."""
    found = replace(slope_range(CORE[name]), **changed)
    return claim("derivative-range", activation=name, range=found)


def gammas(*names: str) -> dict[str, Value]:
    """γ of each activation."""
    return {name: gamma(CORE[name]) for name in names}


def hochreiter(factor: Any = 1, shift: Any = 0, place: Any = 1) -> Claim:
    """max net σ′(net) = (v² − 1/4)/(2v) at net* = 2v with v tanh v = 1/2, enclosed by Newton's method."""

    def ball(bits: int) -> arb:
        with precision(bits + 64):
            v, step = arb("0.7717023192086"), arb(2) ** -(bits + 16)
            for _ in range(12):
                v = (v - (v * v.tanh() - 0.5) / (v.tanh() + v / v.cosh() ** 2)).mid()
            low, high = v - step, v + step
            assert low * low.tanh() < 0.5 < high * high.tanh()
            return low.union(high)

    v = sp.Symbol("v", positive=True)
    root = NamedRoot(
        v, sp.Eq(v * sp.tanh(v), sp.Rational(1, 2)), sp.Rational(77, 100), sp.Rational(78, 100), ball
    )
    top = Value(factor * (v**2 - sp.Rational(1, 4)) / (2 * v) + shift, (), (root,))
    at = Value(2 * v * place, (), (root,))
    return claim("extreme-value", activation="sigmoid", form=_u * dphi(_u), variable=_u, max=top, at=at)


FLOOR: dict[str, Any] = {
    "factor": sp.Rational(1, 4),
    "format": "float32",
    "last_normal": 63,
    "first_zero": 75,
}
DOUBLING: dict[str, Any] = {"growth": sp.Integer(2), "weights": ((1, 1), (1, 1)), "input": (1, 1)}
"""A ReLU net whose gradient doubles in every layer."""

REPELLING: dict[str, Any] = {
    "weights": resting.WEIGHTS.tolist(),
    "bias": list(resting.bias(resting.WEIGHTS)),
    "input": list(resting.STATE),
    "power": n,
    "norm": resting.power_norm(),
}
"""The fixed point of a net with spectral radius 0 where the gradient doubles at every step."""
CHAOTIC: dict[str, Any] = {
    "weights": chaotic.WEIGHTS.tolist(),
    "bias": list(chaotic.BIAS),
    "exponent": chaotic.EXPONENT,
    "tolerance": chaotic.TOLERANCE,
}
POWERS: dict[str, Any] = {
    "weights": ((sp.Rational(1, 10), sp.Rational(4, 5)), (sp.Rational(4, 5), sp.Rational(1, 10))),
    "power": n,
    "lower": sp.Rational(9, 10) ** n,
    "upper": sp.Rational(9, 10) ** n,
    "peak": 1,
}
"""A symmetric matrix: the norms of its powers are the powers of its norm."""
TIED: dict[str, Any] = {"activation": "identity", "depth": 5, "width": 3, "weights": "orthogonal"}
"""A recurrent net that meets the norm bound with equality."""

TWO = sp.Integer(2)
HELD = latched(TWO, TWO / 8)
"""Where a unit of weight 2 on itself rests under the worst input up to 1/4."""
COUPLED: dict[str, Any] = {"activation": "tanh", "width": 2, "weight": 2.0, "coupling": 0.2}

STEP_ENTRIES = {f"{new}{old}": formula for (new, old), formula in gated_unfolding.lstm_entries().items()}
EQUAL: dict[str, Any] = {"activation": "sigmoid", "depth": 6, "width": 3, "norm": 2.0}
EQUAL_EXPECTS = dict(error_flow_bound.error_flow_bound().claims[-1].expects)
"""A net of equal weights that attains the bound on the error flow in every entry."""

UNEVEN: dict[str, Any] = {"activation": "identity", "widths": (64, 128, 96), "weights": "uniform"}
SELU = dict(self_normalizing().claims[0].expects)

TRUE: tuple[Claim, ...] = (
    range_claim("tanh"),
    claim("kernel", activation="gelu"),
    hochreiter(),
    claim("float-floor", **FLOOR),
    claim("chain-product", TANH, RELU, BATCH),
    claim("weight-gradient", TANH, RELU, LINEAR, gamma=gammas("tanh", "relu", "identity")),
    claim("scalar-chain", *({"activation": "silu", "depth": depth} for depth in (1, 2, 3, 4, 5, 6, 30))),
    claim("update-rule", TANH, RELU),
    claim("explodes", {"activation": "relu", "depth": 40}, **DOUBLING),
    claim("gradient-bound", TANH, BATCH, LINEAR, WIDE, gamma=gammas("tanh", "silu", "identity")),
    claim("decay-rate", TANH, LINEAR, WIDE, gamma=gammas("tanh", "identity"), norm=sp.Rational(9, 10)),
    claim("holds", {**TANH, "sigma_w": 3.0, "bias": 9.0}, gamma=gammas("tanh")),
    claim("slope", {**WIDE, "width": 64, "depth": 20}),
    claim("recurrent-slope", {"activation": "tanh", "sigma_w": 1.5}),
    claim("layered-slope", {"activation": "tanh", "sigma_w": 1.5, "width": 64, "depth": 12}),
    claim(
        "pair-spread",
        {"activation": "tanh", "sigma_w": 1.5, "width": 64, "depth": 8},
        start=sp.Rational(1, 2),
    ),
    claim("jacobian-moments", {**KEPT, "width": 16}, fourth={"relu": FOURTH}),
    claim("jacobian-logarithm", {**LINEAR, "width": 16, "weights": "gaussian"}, moments=log_moments),
    claim("trace-moments", PLAIN, moment=trace_moment),
    claim("jacobian-edge", {**PLAIN, "depth": 2, "width": 200}, edge=EDGE, scale=SCALE),
    claim("jacobian-spectrum", {**KEPT, "width": 96}, q={"relu": 1}, relative=relative_variance),
    claim(
        "separation",
        {"activation": "tanh", "depth": 4, "width": 256, "sigma_w": 1.5, "sigma_b": 0.3},
        factor=edge_of_chaos.FACTOR,
    ),
    claim(
        "correlation",
        {"activation": "relu", "depth": 3, "width": 256, "sigma_w": 2**0.5},
        map=arc_cosine_kernel.MAP,
    ),
    claim(
        "settling",
        {"activation": "relu", "depth": 10, "width": 256, "sigma_w": 0.7, "sigma_b": 0.5},
        length=length_map_fixed_point.RELU,
    ),
    claim(
        "path-sum",
        {"activation": "tanh", "depth": 4, "width": 2},
        count=residual_paths.COUNT,
        chance=(54, 19, 35, residual_paths.CHANCE),
    ),
    claim("block-growth", residual_scaling.NETS[0], growth=residual_scaling.GROWTH),
    claim("steps-needed", **more_compute.more_compute().claims[0].expects),
    claim("first-step", residual_scaling.STEPPED[0], scale=residual_scaling.FIXUP),
    claim("both-factors", criticality_classes.NETS[1], **criticality_classes.FACTORS),
    claim("recurrent-bound", bound="lstm-step"),
    claim("layer-moments", KEPT, q=1, forward={"relu": 1}, backward={"relu": 1}),
    claim("uneven-layers", UNEVEN, variance=1 / n_in, forward=1, backward=n_out / n_in),
    claim(
        "normalized-rows",
        {"activation": "selu", "depth": 1, "width": 128, "mean": 0.0, "variance": 2.0},
        **SELU,
    ),
    claim("isometry", LINEAR, value=1),
    claim("typical-drift", {**LINEAR, "weights": "gaussian"}, drift={"identity": {3: DRIFT.subs(N, 3)}}),
    claim("latch", rests={TWO: rests(TWO)}),
    claim("latch-margin", critical={TWO: critical_input(TWO)}),
    claim("latch-bound", cases=((TWO, TWO / 8, HELD.state, HELD.multiplier),)),
    claim("contraction", COUPLED),
    claim("clip-norm", *TOLD[:2], limit=5),
    claim("clip-value", *TOLD[:2], **clipping_by_value().claims[0].expects),
    claim("carousel", GATED_NET, along=carousel.KEPT),
    claim("truncation", GATED_NET, along=carousel.KEPT, entry=truncation.ENTRY, output=truncation.OUTPUT),
    claim("forgetting", half_life=forget_gate.HALF_LIFE, biases=(sp.Integer(1),)),
    claim("chrono", steps=(20,), mean=chrono.MEAN_TIME, chance=chrono.CHANCE),
    claim("gate-bound", cell="gru", step=gated_bounds.gru_step),
    claim("gated-gradient", GATED_NET, gradient=gated_bounds.lstm_gradient),
    claim("time-bound", TANH, TIED, {**TIED, "width": 12}, gamma=gammas("tanh", "identity")),
    replace(
        claim("counterexample", {"activation": "tanh", "depth": 20}, gamma=gammas("tanh"), **REPELLING),
        status="refuted",
    ),
    claim("lyapunov", {"activation": "tanh", "depth": 4000}, gamma=gammas("tanh"), **CHAOTIC),
    claim("time-product", TANH, {**TIED, "batch": 2}),
    claim("shared-weights", TANH),
    claim("gated-step", GATED_NET, entries=STEP_ENTRIES),
    claim("error-flow", TANH, factor=error_flow.FACTOR),
    claim("error-flow-bound", TANH, gamma=gammas("tanh"), bound=error_flow_bound.BOUND),
    claim("error-flow-attained", EQUAL, **EQUAL_EXPECTS),
    claim("matrix-powers", {"activation": "identity", "depth": 30}, **POWERS),
)
"""One true claim for every measure."""
