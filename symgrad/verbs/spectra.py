"""All singular values of concrete input–output Jacobians, beside what is predicted of their squares."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from symgrad.errors import InputError
from symgrad.verbs.asked import Document, Settings, entry_of

if TYPE_CHECKING:
    from symgrad.theory.spectra.measured import MeasuredSpectrum

__all__ = ["MOST_DEPTH", "MOST_SEEDS", "MOST_WIDTH", "spectrum"]

MOST_DEPTH, MOST_WIDTH, MOST_SEEDS = 500, 512, 200
MOST_WORK = 4e10
"""Seeds × layers × width³ that are worked through at most, some ten seconds."""
LN10 = math.log(10)
NOTED = 0.1
"""log10 of a mean of the squares from which on it is said, as not being 1."""
REPELS = 1.001
"""χ_∥ from which on a fixed point is said to repel."""
ROUNDING = 1e-12
"""A relative variance below this is none: all singular values are equal, to rounding."""
NEAR = 2.0
"""Singular values between 1/2 and 2 count as near 1."""


def spectrum(
    activation: str = "tanh",
    settings: Settings | None = None,
    depth: int = 10,
    width: int = 128,
    weights: str = "gaussian",
    sigma_w: float | None = None,
    sigma_b: float = 0.0,
    q: float | None = None,
    input_scale: float | None = None,
    seeds: int = 8,
    seed: int = 0,
) -> Document:
    """log10 of every singular value of ∂h_L/∂h_0, net by net (null an exact 0); mean and relative variance of
    their squares with 99 % intervals, beside those predicted; the edge where nets are linear and Gaussian.

    Without `sigma_w` nets are critical, χ₁ = 1: with the fixed point `q`, or for this `sigma_b`. Without
    `input_scale` inputs have the length that puts the first pre-activations where lengths settle.
    """
    from symgrad.present.plain import written
    from symgrad.theory.activations import kernel
    from symgrad.theory.simulation import check_domain
    from symgrad.theory.spectra.measured import measured_spectrum, scales

    _check(depth, width, seeds, {"sigma_w": sigma_w, "sigma_b": sigma_b, "input_scale": input_scale})
    if q is not None and not (math.isfinite(q) and 1e-9 <= q <= 1e6):
        raise InputError(f"--q {q}: legal are lengths from 1e-9 to 1e6")
    if q is not None and sigma_w is not None:
        raise InputError("--q chooses sigma_w and sigma_b itself; give one or the other")
    entry = entry_of(activation, settings)
    check_domain(entry)
    try:
        given = scales(kernel(entry), sigma_w, sigma_b, q, input_scale)
    except (ValueError, NotImplementedError) as error:
        more = "; give --sigma-w" if q is None else ""
        raise InputError(f"{entry.name}: no critical net here, {error}{more}") from None
    try:
        found = measured_spectrum(entry, depth, width, seeds, weights, given, seed)
    except ValueError as error:
        raise InputError(f"{entry.name}: {error}") from None
    document: Document = {
        "activation": entry.name,
        "slug": entry.slug,
        "expression": written(entry.phi),
        "parameters": {symbol.name: str(value) for symbol, value in entry.parameters.items()},
        "config": {
            "depth": depth,
            "width": width,
            "weights": weights,
            "sigma_w": given.sigma_w,
            "sigma_b": given.sigma_b,
            "q": given.q,
            "chi_parallel": given.chi_parallel,
            "input_scale": given.input_scale,
            "seeds": seeds,
            "seed": seed,
        },
        "log10_values": [[_finite(value / LN10) for value in row] for row in found.spectrum.ln_values],
        "log10_sorted": _sorted(found.spectrum.ln_values / LN10),
        "log10_law": None if found.quantiles is None else (found.quantiles / LN10).tolist(),
        "untrusted": int((~found.spectrum.trusted).sum()),
        **_shares(found),
        "log10_mean": _mean(found),
        "relative_variance": _relative(found),
        "edge": _edge(found),
        "why": found.why,
    }
    return {**document, "finding": _finding(document, found)}


def _check(depth: int, width: int, seeds: int, numbers: dict[str, float | None]) -> None:
    for option, given, low, most in (
        ("--depth", depth, 1, MOST_DEPTH),
        ("--width", width, 2, MOST_WIDTH),
        ("--seeds", seeds, 2, MOST_SEEDS),
    ):
        if not (isinstance(given, int) and low <= given <= most):
            raise InputError(f"{option} {given}: legal are whole numbers from {low} to {most}")
    if seeds * depth * width**3 > MOST_WORK:
        raise InputError(
            f"--seeds {seeds}: all singular values of {seeds} nets of {depth} layers of width {width} are "
            "too much work; take fewer nets, or a smaller width"
        )
    for name, value in numbers.items():
        if value is not None and not (math.isfinite(value) and 0 <= value <= 1e6):
            option = f"--{name.replace('_', '-')}"
            raise InputError(f"{option} {value}: legal are numbers from 0 to 1,000,000")


def _sorted(values: Any) -> Document:
    """By rank, over nets: the median and the 5 and 95 % quantiles, each a value of one net."""
    import numpy as np

    names, at = ("q05", "median", "q95"), (0.05, 0.5, 0.95)
    rows = np.quantile(values, at, axis=0, method="nearest")
    return {name: [_finite(value) for value in row] for name, row in zip(names, rows, strict=True)}


def _finite(value: Any) -> float | None:
    number = float(value)
    return number if math.isfinite(number) else None


def _shares(found: MeasuredSpectrum) -> Document:
    """Of all values: how many are exactly zero, and how many lie between 1/2 and 2."""
    values = found.spectrum.ln_values
    near = abs(values) <= math.log(NEAR)
    return {"zero_share": float((values == -math.inf).mean()), "near_share": float(near.mean())}


def _mean(found: MeasuredSpectrum) -> Document:
    """log10 of the mean of the squares: measured with its interval, and predicted."""
    top, mean = found.traces[0], found.mean

    def log10(share: float) -> float | None:
        return (top + math.log(share)) / LN10 if share > 0 else None

    return {
        "measured": log10(mean.value),
        "low": log10(mean.value - mean.half),
        "high": log10(mean.value + mean.half),
        "predicted": None if found.law is None else round(found.law.ln_mean / LN10, 12),
    }


def _relative(found: MeasuredSpectrum) -> Document:
    """Variance of the squares over their squared mean."""
    estimate, law = found.relative, found.law
    if estimate is not None and estimate.value < ROUNDING:
        estimate = replace(estimate, value=0.0)
    return {
        "measured": None if estimate is None else estimate.value,
        "low": None if estimate is None else max(estimate.value - estimate.half, 0.0),
        "high": None if estimate is None else _finite(estimate.value + estimate.half),
        "predicted": None if law is None else round(law.relative, 12),
        "at_width": None if law is None else round(law.at_width, 12),
    }


def _edge(found: MeasuredSpectrum) -> Document | None:
    """log10 of the largest squared singular value: its mean over nets, the edge, and what the width takes
    off it; null where no edge is derived."""
    import numpy as np

    if found.edge is None:
        return None
    edge, at_width = found.edge
    largest = 2 * found.spectrum.ln_values[:, 0]
    measured = float(np.log(np.mean(np.exp(largest - edge)))) + edge
    return {"measured": measured / LN10, "predicted": edge / LN10, "at_width": at_width / LN10}


def _finding(document: Document, found: MeasuredSpectrum) -> str:
    """Sentences made from the numbers."""
    config, relative = document["config"], document["relative_variance"]
    units = "linear" if document["activation"] == "identity" else document["activation"]
    law = "Gaussian" if config["weights"] == "gaussian" else "orthogonal"
    net = f"{config['depth']} {units} layers of width {config['width']} with {law} weights"
    near, zero = document["near_share"], document["zero_share"]
    text = f"In {net} {_count(near, 'lies', 'lie')} between 1/2 and 2"
    text += f", and {_count(zero, 'is', 'are')} exactly 0. " if zero else ". "
    if relative["measured"] is None:
        return f"{text}Nothing passes through these nets at all."
    text += f"The variance of the squares is {relative['measured']:.3g} times their squared mean"
    if relative["predicted"] is None:
        return f"{text}; nothing is predicted: {document['why']}."
    text += (
        f"; predicted are {relative['predicted']:.3g} at infinite width and {relative['at_width']:.3g} at "
        "this one"
    )
    inside = relative["high"] is None or relative["low"] <= relative["at_width"] <= relative["high"]
    text += ". " if inside else f", outside of the measured interval{_why_outside(found)}. "
    mean = document["log10_mean"]
    if abs(mean["measured"]) > NOTED or abs(mean["predicted"]) > NOTED:
        text += f"Their mean is 10^{mean['measured']:.2f}, predicted 10^{mean['predicted']:.2f}. "
    if document["edge"] is not None:
        edge, measured = (10 ** document["edge"][name] for name in ("predicted", "measured"))
        text += f"The largest squared value is {measured:.4g} on average, and the edge at {edge:.4g}. "
    return text + _meaning(relative["predicted"])


def _why_outside(found: MeasuredSpectrum) -> str:
    parallel = found.scales.chi_parallel
    if parallel is not None and parallel > REPELS:
        return (
            f": the fixed point q = {found.scales.q:.4g} repels (χ_∥ = {parallel:.3f}), so that lengths of "
            "nets of finite width leave it"
        )
    if found.scattered:
        return ": so deep for their width, nets differ so much that a few of them carry the mean"
    return (
        ": at this width lengths of pre-activations fluctuate, which the prediction leaves out, and slopes "
        "are not quite independent of the weights"
    )


def _meaning(variance: float) -> str:
    if variance < 0.5:
        return "Nearly every direction passes alike: that is dynamical isometry."
    return "Against the mean most directions shrink while a few grow."


def _count(share: float, one: str, many: str) -> str:
    if share == 1:
        return f"all singular values {many}"
    return f"{100 * share:.3g} % of the singular values {many}" if share else f"no singular value {one}"
