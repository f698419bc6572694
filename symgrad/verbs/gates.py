"""Questions about gates: how long a cell remembers at a forget bias, and what nets of gated cells do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from symgrad.errors import InputError
from symgrad.verbs.asked import Document, fraction
from symgrad.verbs.gains import number_document

if TYPE_CHECKING:
    from sympy import Rational

    from symgrad.theory.through_time.gates_measured import Gated

__all__ = ["gates"]

CURVE = (-2.0, 8.0, 0.25)
"""Forget biases of the curve: first, last, step."""


def gates(
    forget_bias: str = "1",
    steps: int = 100,
    width: int = 32,
    batch: int = 4,
    seeds: int = 4,
    sigma_w: float = 1.0,
    seed: int = 0,
) -> Document:
    """The half-life at a forget bias, exact, and LSTM, GRU and RNN nets measured on the same inputs: their
    gradients along time, the part that stays in the LSTM's cell, and its worst-case bound.
    """
    import numpy as np
    from sympy import Integer

    from symgrad.theory.through_time.forget_gate import bias_for, characteristic_time, half_life
    from symgrad.theory.through_time.gates_measured import chrono_product, gated

    bias = _bias(forget_bias)
    life, time = half_life(bias), characteristic_time(bias)
    found = gated(float(bias), steps, width, batch, seeds, sigma_w, seed)
    net, at = found.net, np.arange(CURVE[0], CURVE[1] + CURVE[2] / 2, CURVE[2])
    left = np.arange(steps - 1, -1, -1)
    return {
        "config": {
            "forget_bias": float(bias),
            "steps": steps,
            **{name: getattr(net, name) for name in ("width", "batch", "seeds", "sigma_w", "seed")},
        },
        "half_life": number_document(life),
        "characteristic_time": number_document(time),
        "bias_for_steps": number_document(bias_for(Integer(steps))),
        "sweep": {
            "forget_bias": at.tolist(),
            "half_life": (np.log(2) / np.log1p(np.exp(-at))).tolist(),
            "characteristic_time": (1 + np.exp(at)).tolist(),
        },
        "t": list(range(1, steps + 1)),
        "log10_product_of_f": {
            "constant": _numbers(-left * np.logaddexp(0.0, -float(bias)) / np.log(10)),
            "measured": _numbers(found.product),
            "chrono": _numbers(chrono_product(steps)),
        },
        "series": [
            {"name": name, "of": of, "log10_gradient": _bands(logs)}
            for name, (of, logs) in found.series.items()
        ],
        "full": _bands(found.full),
        "truncated": _bands(found.truncated),
        "truncation": {
            "t": 0,
            "relative_difference": float(np.median(found.difference)),
            "cosine": float(np.median(found.cosine)),
        },
        "log10_bound": _numbers(np.median(found.bound, axis=0)),
        "violations": found.violations,
        "measured_values": found.full.size,
        "verdict": "FAIL" if found.violations else "PASS",
        "finding": _finding(forget_bias, life.enclosure().decimal, found),
    }


def _bias(text: str) -> Rational:
    """The number that a text is. Raises `InputError`."""
    from sympy import Rational

    from symgrad.theory.through_time.forget_gate import legal_bias

    sign = -1 if text.startswith("-") else 1
    try:
        size = Rational(*fraction("forget bias", text.removeprefix("-")))
    except InputError:
        raise InputError(legal_bias(text)) from None
    return sign * size


def _finding(bias: str, half_life: str, found: Gated) -> str:
    """Sentences made from the numbers."""
    import numpy as np

    def across(logs: Any) -> str:
        return f"10^{float(np.median(logs[:, 0] - logs[:, -1])):.1f}"

    steps, seeds = found.net.depth, found.net.seeds
    over = "one net" if seeds == 1 else f"medians over {seeds} nets"
    ends = ", ".join(f"{across(logs)} ({name})" for name, (_, logs) in found.series.items())
    kept = float(np.median(found.truncated[:, 0] - found.full[:, 0]))
    worst = "no value passes" if not found.violations else f"{found.violations} values pass"
    return (
        f"With a forget bias of {bias} a cell whose gate stands at its bias halves what it holds in "
        f"{float(half_life):.5g} steps. From step {steps} back to step 1 the gradient changes by the factors "
        f"{ends}, along the LSTM's cell alone by {across(found.truncated)}. At step 1 that truncated "
        f"gradient is 10^{kept:.1f} times the whole one, and before it their cosine is "
        f"{float(np.median(found.cosine)):.2f} ({over}); {worst} the worst-case bound."
    )


def _bands(logs: Any) -> Document:
    """Median and the 5 % and 95 % quantiles over seeds, (S, T) → three lists."""
    from symgrad.theory.net_result import bands

    low, middle, high = bands(logs)
    return {"median": _numbers(middle), "q05": _numbers(low), "q95": _numbers(high)}


def _numbers(values: Any) -> list[float | None]:
    """Null stands for the logarithm of an exact 0."""
    import math

    return [float(value) if math.isfinite(value) else None for value in values]
