"""Which initialisation for this activation, depth and width: every standard scheme predicted, with the band
of finite width, and measured beside it.

The ratio of a net is ‖∂E/∂W_1‖_F/‖∂E/∂W_L‖_F, the net that of `simulate`: a batch of B inputs N(0, 1), and
E = ⟨g, h_L⟩ with g ~ N(0, 1) an entry, so that the gradients of different inputs are independent at the
output. Then the terms δ_i·δ_j h_i·h_j of two inputs have mean 0 in ‖Σ δ_b h_bᵀ‖², and in a very wide net the
ratio is that of one input: its logarithm is ½ (Σ_{l<L} ln χ_l − ln E φ(√q_{L−1} z)²), since
‖δ_l‖² = E φ′(√q_l z)² ‖∂E/∂h_l‖² and inputs have mean square 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from symgrad.numeric import Kernel, Measurement, Net, length_map, ln_moments, measure_together
from symgrad.theory.activations import Activation
from symgrad.theory.finite_width.slope_statistics import doubts, predicted_weight_ratio
from symgrad.theory.initialization.schemes import Layers, Scales, Scheme, schemes
from symgrad.theory.net_result import LN10
from symgrad.theory.simulation import check_domain, short_name

__all__ = ["DEEPEST", "Advice", "Row", "advise", "wide_ratio"]

NINETY_NINE = 2.5758293035489004
"""Standard deviations on either side that hold 99 % of a Gaussian."""
DEEPEST = 2_000
HELD = 1.0
"""A net holds its signal where that changes by at most 10^HELD · √L from the first layer to the last: at the
edge of chaos it may decay like l^(−1/2)."""
CARRIED = 2.0
"""Powers of ten by which the gradient of a net that carries it changes at most."""
LOST = 10.0
"""Half-widths by which finite width may move a doubted prediction before it is worth nothing."""
RUNS_AWAY = 1e5
"""Powers of ten beyond which a signal is said to run away."""
WORK = {"gaussian": 6e8, "orthogonal": 2e10}
"""Numbers drawn, or operations of making them orthogonal, for as many nets as are measured."""


@dataclass(frozen=True)
class Row:
    """A scheme beside what theory says of it and what nets do; logarithms to base 10 of the ratio.

    scales    None where the scheme does not exist for φ; `why` says so, as it says why there is no
              prediction, no band or no measurement
    signal    root mean square of a pre-activation at layer L over that at layer 1, of a very wide net
    mean, sd  of the ratio over nets of this width; sd None where there is no band
    doubtful  whether fluctuations are so large here that the band may miss; `why` says which
    measured  one value a net, (S,); −inf or +inf where one of the two gradients is exactly 0
    """

    scheme: Scheme
    scales: Scales | None
    depth: int
    why: str = ""
    signal: float | None = None
    mean: float | None = None
    sd: float | None = None
    doubtful: bool = False
    measured: np.ndarray | None = None

    @property
    def band(self) -> tuple[float, float] | None:
        """Where 99 of 100 nets are expected."""
        if self.mean is None or self.sd is None:
            return None
        return self.mean - NINETY_NINE * self.sd, self.mean + NINETY_NINE * self.sd

    @property
    def median(self) -> float | None:
        """Of what was measured."""
        return None if self.measured is None else float(np.median(self.measured))

    @property
    def inside(self) -> bool | None:
        """Whether the median lies in the band; None where one of them is missing."""
        if self.band is None or self.median is None:
            return None
        return self.band[0] <= self.median <= self.band[1]

    @property
    def worst(self) -> float:
        """The end of the band that is farther from 10⁰, or the prediction where there is no band."""
        if self.mean is None:
            return math.inf
        return max(map(abs, self.band or (self.mean,)))

    @property
    def holds(self) -> bool:
        """Whether the signal keeps its size from the first layer to the last, to a factor of 10 √L."""
        return self.signal is not None and abs(self.signal) <= HELD + math.log10(self.depth) / 2


@dataclass(frozen=True)
class Advice:
    """The rows for one activation, one kind of net, and the variance of biases at the edge of chaos."""

    activation: Activation
    net: Net
    sigma_b2: float
    rows: tuple[Row, ...]

    @cached_property
    def recommended(self) -> Row | None:
        """Of the rows whose signal holds: the one whose band stays closest to 10⁰, the first where two do
        equally. Without bands, of those whose signal holds, then of all predicted, the ratio closest to 1.
        """
        for asked in (lambda row: row.holds and row.band, lambda row: row.holds, lambda row: True):
            chosen = [row for row in self.rows if row.mean is not None and asked(row)]
            if chosen:
                return min(chosen, key=lambda row: round(row.worst, 9))
        return None

    @property
    def carried(self) -> bool:
        """Whether the recommended scheme holds the signal and changes the gradient by 100 times at most."""
        best = self.recommended
        return best is not None and best.holds and best.mean is not None and abs(best.mean) <= CARRIED

    @property
    def has_edge(self) -> bool:
        """Whether weights with χ₁ = 1 exist, beside the biases asked for or beside any."""
        critical = ("critical", "double")
        return any(row.scales is not None for row in self.rows if row.scheme.key in critical)

    def reason(self) -> str:
        """One sentence: why this one, or why none."""
        best = self.recommended
        if best is None or best.scales is None:
            return "No scheme has a prediction for this activation."
        chosen = (
            f"“{best.scheme.name}” (σ_w² = {best.scales.sigma_w2:.6g}, σ_b² = {best.scales.sigma_b2:.6g})"
        )
        nowhere = "" if self.has_edge else f" {self._edgeless()}"
        if not self.carried:
            return (
                f"No standard scheme carries both a signal and its gradient through {self.net.depth} layers "
                f"of this activation; {chosen} comes closest.{nowhere}"
            )
        holding = "Of the schemes whose signal stays within a factor of 10 √L,"
        if best.band is None:
            return f"{holding} {chosen} has the predicted ratio closest to 1.{nowhere}"
        doubt = "; nets scatter so much here that the band may miss" if best.doubtful else ""
        return f"{holding} {chosen} has the 99 % band that stays closest to a ratio of 1{doubt}.{nowhere}"

    def _edgeless(self) -> str:
        return (
            f"Beside biases of variance {self.sigma_b2:g} no scale of the weights is at the edge of chaos: "
            "every one lets gradients fade or grow."
        )

    def finding(self) -> str:
        """What the recommended scheme does, and what the farthest of the others would do, in sentences."""
        net, best = self.net, self.recommended
        called = f"a {net.depth}-layer {short_name(self.activation)} net of width {net.width}"
        if best is None or best.mean is None:
            return f"No standard initialisation has a prediction for {called}: {self.rows[0].why}."
        others = [row for row in self.rows if row.mean is not None and row is not best]
        far = max(others, key=lambda row: abs(row.mean or 0.0), default=None)
        said = (
            f"With “{best.scheme.name}” weights the first layer of {called} gets a gradient "
            f"{_factor(best.mean)} times the last layer's"
        )
        if best.band is not None:
            low, high = map(_factor, best.band)
            said += f" (99 of 100 nets: between {low} and {high} times)"
        if far is not None and far.mean is not None and abs(far.mean) > abs(best.mean) + 0.05:
            said += f"; with “{far.scheme.name}” it would be {_factor(far.mean)} times"
        return f"{said}. {self.reason()}"


def wide_ratio(kernel: Kernel, scales: Scales, depth: int) -> tuple[float, float]:
    """log10 of the ratio and of the signal (root mean square of a pre-activation, layer L over layer 1) of a
    very wide net. Raises ValueError where the length map does."""
    found = length_map(kernel, math.sqrt(scales.sigma_w2), math.sqrt(scales.sigma_b2), depth)
    signal = float(found.ln_q[-1] - found.ln_q[0]) / 2 / LN10
    if depth == 1:
        return 0.0, 0.0
    entering, _ = ln_moments(kernel, float(found.ln_q[-2]))
    ratio = (float(found.ln_factor[:-1].sum()) - entering) / 2 / LN10
    if not (math.isfinite(ratio) and math.isfinite(signal)):
        raise ValueError("a gradient or a signal is exactly 0, or infinite")
    if abs(signal) > RUNS_AWAY:
        raise ValueError("the signal runs away, out of every range of numbers")
    return ratio, signal


def advise(entry: Activation, net: Net, sigma_b2: float = 0.0) -> Advice:
    """Every scheme for the nets given, whose own σ_w, σ_b and weights do not count. As many of the
    `net.seeds` nets are measured as a few seconds allow; where that is none, `why` says so.

    Raises `InputError` where φ is not defined on the whole line or cannot be run.
    """
    check_domain(entry)
    layers = Layers(entry, net.width, sigma_b2)
    found = schemes(layers)
    distinct: dict[tuple[str, str], Row] = {}
    for scheme, scales, why in found:
        if _kind(scheme, scales) not in distinct:
            distinct[_kind(scheme, scales)] = _predicted(layers, net, scheme, scales, why)
    rows = list(distinct.values())
    for law in WORK:
        _measure(layers.kernel, rows, law, net)
    known = dict(zip(distinct, rows, strict=True))
    each = (replace(known[_kind(scheme, scales)], scheme=scheme) for scheme, scales, _ in found)
    return Advice(entry, net, sigma_b2, tuple(each))


def _kind(scheme: Scheme, scales: Scales | None) -> tuple[str, str]:
    """The same for schemes that come to the same nets, but for rounding; one without scales is alone."""
    if scales is None:
        return scheme.key, ""
    return scheme.weights, f"{scales.sigma_w2:.12g} {scales.sigma_b2:.12g}"


def _predicted(layers: Layers, net: Net, scheme: Scheme, scales: Scales | None, why: str) -> Row:
    if scales is None:
        return Row(scheme, None, net.depth, why)
    try:
        wide, signal = wide_ratio(layers.kernel, scales, net.depth)
    except ValueError as reason:
        return Row(scheme, scales, net.depth, f"no prediction: along the length map {reason}")
    row = Row(scheme, scales, net.depth, signal=signal, mean=wide)
    if net.depth == 1:
        return replace(row, sd=0.0)
    roots = math.sqrt(scales.sigma_w2), math.sqrt(scales.sigma_b2)
    sizes, law = (net.depth, net.width), scheme.weights
    try:
        with np.errstate(all="ignore"):  # a power of φ may pass the range of numbers
            mean, sd = predicted_weight_ratio(layers.kernel, *roots, *sizes, net.batch, law)
            doubt = doubts(layers.kernel, *roots, *sizes, law)
    except ValueError as reason:
        return replace(row, why=f"no band: {reason}")
    if not (math.isfinite(mean) and math.isfinite(sd)):
        return replace(row, why="no band: a moment of φ or φ′ passes the range of numbers")
    if doubt and abs(mean / LN10 - wide) > LOST * NINETY_NINE * sd / LN10:
        return replace(row, why=f"no band: {'; '.join(doubt)}")
    why = f"the band may miss: {'; '.join(doubt)}" if doubt else ""
    return replace(row, why=why, mean=mean / LN10, sd=sd / LN10, doubtful=bool(doubt))


def _measure(kernel: Kernel, rows: list[Row], law: str, net: Net) -> None:
    """Puts what nets of that law do into the rows: together where they share their draws."""
    places = [k for k, row in enumerate(rows) if row.scales is not None and row.scheme.weights == law]
    each = net.depth * net.width ** (3 if law == "orthogonal" else 2) * max(1.0, net.batch / 16)
    seeds = min(net.seeds, int(WORK[law] / each))
    if seeds < 1:
        for k in places:
            rows[k] = replace(
                rows[k], why=_joined(rows[k].why, "not measured: nets of this size take minutes")
            )
        return
    nets = [_drawn(net, rows[k], seeds) for k in places]
    for k, found in zip(places, _measured(nets, kernel), strict=True):
        if isinstance(found, str):
            rows[k] = replace(rows[k], why=_joined(rows[k].why, f"not measured: {found}"))
            continue
        logs = found.ln_weight_gradient
        with np.errstate(invalid="ignore"):
            ratios = (logs[:, 0] - logs[:, -1]) / LN10
        # where both gradients are 0 there is no ratio
        alive = ratios[~np.isnan(ratios)]
        if alive.size:
            rows[k] = replace(rows[k], measured=alive)
        else:
            rows[k] = replace(rows[k], why=_joined(rows[k].why, "not measured: every gradient is exactly 0"))


def _drawn(net: Net, row: Row, seeds: int) -> Net:
    assert row.scales is not None
    return replace(
        net,
        seeds=seeds,
        weights=row.scheme.weights,
        sigma_w=math.sqrt(row.scales.sigma_w2),
        sigma_b=math.sqrt(row.scales.sigma_b2),
    )


def _measured(nets: list[Net], kernel: Kernel) -> list[Measurement | str]:
    """Of each net, or why not; together, one by one where one of them cannot be measured."""
    try:
        return list(measure_together(nets, [kernel] * len(nets), norms=False)) if nets else []
    except ValueError as error:
        if len(nets) == 1:
            return [str(error)]
    return [found for net in nets for found in _measured([net], kernel)]


def _joined(*reasons: str) -> str:
    return "; ".join(filter(None, reasons))


def _factor(log10: float) -> str:
    """A factor in a sentence: 10^-4.2, or three digits where it is near 1."""
    return f"{10**log10:.3g}" if abs(log10) < 2 else f"10^{log10:.1f}"
