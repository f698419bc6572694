"""What width does: mean, typical value and worst case of one gradient, and how nets scatter between them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

from symgrad.errors import InputError
from symgrad.verbs.asked import Document

if TYPE_CHECKING:
    from symgrad.theory.finite_width.scattered import Scattered

__all__ = ["finite_width"]

MOST_DEPTH, MOST_WIDTH, MOST_SEEDS = 200, 500, 2000
MOST_ENTRIES = 300_000_000
"""Entries of weights that are drawn at most."""
BINS, TAIL = 24, 0.002
"""Of a histogram: bars, and the share of the law that may lie beyond either end."""
LN10 = math.log(10)
ERROR = 0.1
"""Relative error that the number of nets is given for."""


def finite_width(
    activation: str = "relu", depth: int = 50, width: int = 50, seeds: int = 200, seed: int = 0
) -> Document:
    """Nets of ReLU with σ_w² = 2, or linear ones with σ_w = 1: log10 of the squared gradient, k = 1…depth
    layers back from the output and relative to it: measured median, quantiles and mean, the law's, the worst
    case of the weights drawn; and a histogram of its logarithm at the last layer beside the law.
    """
    from symgrad.theory.finite_width.jacobian_law import alive, factor_moment, nets_needed, quantiles
    from symgrad.theory.finite_width.scattered import scattered

    for option, given, low, most in (
        ("--depth", depth, 1, MOST_DEPTH),
        ("--width", width, 2, MOST_WIDTH),
        ("--seeds", seeds, 2, MOST_SEEDS),
        ("--seed", seed, 0, 2**63),
    ):
        if not low <= given <= most:
            raise InputError(f"{option} {given}: legal are whole numbers from {low} to {most}")
    if seeds * depth * width**2 > MOST_ENTRIES:
        raise InputError(
            f"--seeds {seeds}: {seeds} nets of {depth} layers of width {width} are more than "
            f"{MOST_ENTRIES:,} weights; take fewer"
        )
    fourth = factor_moment(activation, width, 2) ** depth
    found = scattered(activation, depth, width, seeds, seed)
    low, middle, high = quantiles(activation, width, depth, (0.05, 0.5, 0.95)) / LN10
    document: Document = {
        "config": {"activation": activation, "depth": depth, "width": width, "seeds": seeds, "seed": seed},
        "layers": list(range(1, depth + 1)),
        "log10_law": {"median": _numbers(middle), "q05": _numbers(low), "q95": _numbers(high)},
        "log10_measured": _quantiles(found),
        "log10_measured_mean": _numbers(found.log_mean / LN10),
        "log10_worst": _numbers(_median(found.worst) / LN10),
        "mean": depth * found.mean,
        "variance": depth * found.variance,
        "first_order": {
            "mean": -depth / width * (2.5 if activation == "relu" else 1.0),
            "variance": depth / width * (5.0 if activation == "relu" else 2.0),
        },
        "fourth_moment": fourth,
        "alive": alive(activation, width, depth),
        "nets_needed": {"error": ERROR, "count": nets_needed(activation, width, depth, ERROR)},
        "above": {"measured": found.above, "law": _above(activation, width, depth)},
        "histogram": _histogram(found, activation, width, depth),
    }
    return {**document, "finding": _finding(document)}


def _numbers(values: Iterable[Any]) -> list[float | None]:
    """Null stands for the logarithm of an exact 0."""
    return [float(value) if math.isfinite(value) else None for value in values]


def _median(rows: Any) -> Any:
    import numpy as np

    return np.median(rows, axis=0)


def _quantiles(found: Scattered) -> Document:
    from symgrad.theory.net_result import bands

    low, middle, high = bands(found.logs)
    return {
        "median": _numbers(middle / LN10),
        "q05": _numbers(low / LN10),
        "q95": _numbers(high / LN10),
    }


def _above(activation: str, width: int, depth: int) -> float:
    from symgrad.theory.finite_width.jacobian_law import drawn

    return float((drawn(activation, width, depth)[-1] > 0).mean())


def _histogram(found: Scattered, activation: str, width: int, depth: int) -> Document:
    """Shares of nets, of the law and of the normal law with its moments, in bins of ln ‖∂E/∂h_0‖²; null where
    nothing scatters."""
    import numpy as np

    from symgrad.theory.finite_width.jacobian_law import drawn

    last = found.logs[:, -1]
    last = last[np.isfinite(last)]
    middle, spread = depth * found.mean, math.sqrt(depth * found.variance)
    law = drawn(activation, width, depth)[-1]
    law = law[np.isfinite(law)]
    ends = np.quantile(law, (TAIL, 1 - TAIL))
    low, high = last.min(initial=ends[0]), last.max(initial=ends[1])
    edges = np.linspace(low, high, BINS + 1)
    normal = NormalDist(middle, spread)
    below = np.array([normal.cdf(edge) for edge in edges])
    return {
        "edges": _numbers(edges),
        "measured": _numbers(np.histogram(last, edges)[0] / len(found.logs)),
        "law": _numbers(np.histogram(law, edges)[0] / law.size),
        "normal": _numbers(np.diff(below)),
    }


def _finding(document: Document) -> str:
    """Sentences made from the numbers."""
    config, median = document["config"], document["log10_measured"]["median"][-1]
    units = "ReLU" if config["activation"] == "relu" else "linear"
    net = f"{config['depth']} {units} layers of width {config['width']}"
    size = "exactly zero" if median is None else f"10^{median:.2f}"
    share = round(100 * document["above"]["measured"])
    worst, law = document["log10_worst"][-1], document["log10_law"]["median"][-1]
    return (
        f"Through {net} the mean squared gradient stays 1, but that of the typical net is {size}"
        f"{'' if law is None else f' (predicted 10^{law:.2f})'}, and the worst case of the same weights is "
        f"10^{worst:.1f}. {'Only ' if share < 50 else ''}{share} % of these {config['seeds']} nets lie above "
        "the mean: every layer multiplies by a random factor of mean 1, the logarithms add up and drift "
        "down, and a few large nets hold the mean up. The mean of its square is "
        f"{document['fourth_moment']:.5g}; to see that to 10 % takes "
        f"{_count(document['nets_needed']['count'])} nets."
    )


def _count(number: float) -> str:
    return f"{math.ceil(number):,}" if number < 1e6 else f"10^{math.log10(number):.1f}"
