"""A unit that latches a bit: where it rests, what input it stands, and the gradient that it pays with."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from symgrad.errors import InputError
from symgrad.verbs.asked import Document, fraction
from symgrad.verbs.gains import number_document

if TYPE_CHECKING:
    from sympy import Rational

    from symgrad.symbolic.ranges.extremum import Value
    from symgrad.theory.through_time.rests import Rest

__all__ = ["latching"]

LARGEST = 20
MOST_STEPS, MOST_SAMPLES = 1000, 50
ROUNDING = 1e-9
"""Decades by which a measured gradient may pass the bound by rounding alone."""
MAP_POINTS, GRID = 201, 41
STAIRS = 24


def latching(w: str = "2", noise: str = "1/10", steps: int = 60, samples: int = 8, seed: int = 0) -> Document:
    """The unit h_t = tanh(w h_{t−1} + d_t), |d_t| ≤ noise: its rests with their multipliers, the critical
    input, basins, and |∂h_t/∂h_0| measured on orbits beside the worst-case bound λ^t.
    """
    from sympy import Rational

    from symgrad.present.plain import plain
    from symgrad.symbolic.letters import h, t
    from symgrad.symbolic.number import Number
    from symgrad.theory.through_time.rests import attracting, critical_input, repelling

    weight, bound = (Rational(*fraction(f"--{name}", text)) for name, text in (("w", w), ("noise", noise)))
    _check("--w", w, 0 < weight <= LARGEST, f"numbers above 0 up to {LARGEST}")
    _check("--noise", noise, 0 <= bound <= LARGEST, f"numbers from 0 to {LARGEST}")
    _check("--steps", steps, 1 <= steps <= MOST_STEPS, f"1 to {MOST_STEPS}")
    _check("--samples", samples, 0 <= samples <= MOST_SAMPLES, f"0 to {MOST_SAMPLES}")
    _check("--seed", seed, seed >= 0, "0 and above")
    critical = Number.of(critical_input(weight), "where two rests meet, with the multiplier 1")
    still, held, border = attracting(weight), attracting(weight, bound), repelling(weight, bound)
    orbits = _orbits(weight, bound, held, steps, samples, seed)
    rate = None if held is None else math.log10(float(held.multiplier.enclosure().decimal))
    limits = None if rate is None else [rate * step for step in range(steps + 1)]
    values = [
        (value, limit)
        for orbit in orbits
        if orbit["bounded"] and limits is not None
        for value, limit in zip(orbit["log10_gradient"], limits, strict=True)
        if value is not None
    ]
    violations = sum(value > limit + ROUNDING for value, limit in values)
    found: Document = {
        "config": {"w": str(weight), "noise": str(bound), "steps": steps, "samples": samples, "seed": seed},
        "w": float(weight),
        "noise": float(bound),
        "equation": f"{plain(h[t])} = tanh({weight}*{plain(h[t - 1])} + d)",
        "latches": bool(weight > 1),
        "robust": held is not None,
        "fixed_points": _fixed_points(weight, still),
        "critical_input": number_document(critical),
        "worst": None
        if held is None or border is None
        else {
            "attracting": _float(held.state),
            "repelling": _float(border.state),
            "rate": _value(held.multiplier),
        },
        **_pictures(float(weight), float(bound), _critical(float(weight))),
        "orbits": orbits,
        "t": list(range(steps + 1)),
        "log10_bound": limits,
        "verdict": None if limits is None else "FAIL" if violations else "PASS",
        "violations": violations,
        "measured_values": len(values),
        "tradeoff": _tradeoff(float(weight)),
    }
    found["finding"] = _finding(found)
    return found


def _check(option: str, given: object, legal: bool, span: str) -> None:
    if not legal:
        raise InputError(f"{option} {given}: legal are {span}")


def _float(value: Value) -> float:
    return float(value.enclosure().decimal)


def _value(value: Value) -> Document:
    """N of the command line for a number known by a named root."""
    from symgrad.present.latex import latex

    enclosure = value.enclosure()
    return {
        "exact": value.text(),
        "latex": latex(value.number),
        "decimal": enclosure.decimal,
        "lower": enclosure.lower,
        "upper": enclosure.upper,
        "proof": "exact",
        "why": "the only root of its equation in the bracket" if value.named else "given",
    }


def _fixed_points(weight: Rational, rest: Rest | None) -> list[Document]:
    """Ascending: −h*, 0, h* for w > 1, else 0 alone."""
    from sympy import S

    from symgrad.symbolic.ranges.extremum import Value

    kind = "attracts" if weight < 1 else "neutral" if weight == 1 else "repels"
    rows = [("0", Value(S.Zero), Value(weight), kind)]
    if rest is not None:
        above = ("h*", rest.state, rest.multiplier, "attracts")
        rows = [("−h*", rest.state.negated(), rest.multiplier, "attracts"), *rows, above]
    return [
        {"name": name, "at": _value(at), "multiplier": _value(multiplier), "kind": kind}
        for name, at, multiplier, kind in rows
    ]


def _orbits(
    weight: Rational, bound: Rational, held: Rest | None, steps: int, samples: int, seed: int
) -> list[Document]:
    """Samples, the worst input from the rest that attracts under it, and the border between the two bits."""
    import numpy as np

    from symgrad.theory.through_time.latch_orbits import run, sampled

    lowest = None if held is None else _float(held.state)
    start, drive = sampled(samples, steps, float(bound), lowest, seed)
    names = [f"sample {number}" for number in range(1, samples + 1)]
    top = 1.0 if lowest is None else lowest
    start = np.concatenate([start, [top, 0.0]])
    drive = np.concatenate([drive, np.full((1, steps), -float(bound)), np.zeros((1, steps))])
    found = run(float(weight), start, drive)
    return [
        {
            "name": name,
            "start": float(first),
            "state": [float(state) for state in states],
            "log10_gradient": [float(value) if math.isfinite(value) else None for value in gradient],
            "bounded": lowest is not None and abs(float(first)) >= lowest,
        }
        for name, first, states, gradient in zip(
            [*names, "worst input", "border"], start, found.states, found.log10_gradient, strict=True
        )
    ]


def _pictures(weight: float, bound: float, critical: float) -> Document:
    """The map under the lowest, no and the highest input; staircases; which bit each start ends at."""
    import numpy as np

    from symgrad.theory.through_time.latch_orbits import basins, staircase

    x, start = np.linspace(-1.2, 1.2, MAP_POINTS), np.linspace(-1, 1, GRID)
    span = max(0.5, 1.6 * critical, 1.1 * bound)
    drive = np.linspace(-span, span, GRID)
    given = {"lowest": -bound, "still": 0.0, "highest": bound}
    stairs = [(first, *staircase(weight, first, STAIRS)) for first in (-1.0, 0.05, 1.0)]
    return {
        "map": {"x": x.tolist()} | {name: np.tanh(weight * x + d).tolist() for name, d in given.items()},
        "cobwebs": [{"name": f"from {first}", "start": first, "x": xs, "y": ys} for first, xs, ys in stairs],
        "basin": {
            "start": start.tolist(),
            "input": drive.tolist(),
            "end": basins(weight, start, drive).tolist(),
        },
    }


def _critical(weight: float) -> float:
    """√(w(w − 1)) − artanh √(1 − 1/w), 0 where nothing latches."""
    if weight <= 1:
        return 0.0
    return math.sqrt(weight * (weight - 1)) - math.atanh(math.sqrt(1 - 1 / weight))


def _tradeoff(weight: float) -> dict[str, Any]:
    """Weight, multiplier and critical input along the pre-activation x of the rest without input:
    w = x/tanh x and λ = 2x/sinh 2x."""
    last = max(6.0, 1.2 * weight)
    places = [last * number / 80 for number in range(1, 81)]
    weights = [place / math.tanh(place) for place in places]
    return {
        "w": weights,
        "log10_multiplier": [math.log10(2 * place / math.sinh(2 * place)) for place in places],
        "critical_input": [_critical(value) for value in weights],
    }


def _finding(found: Document) -> str:
    """Sentences made from the numbers."""
    w, bound = found["config"]["w"], found["config"]["noise"]
    if not found["latches"]:
        return (
            f"With the weight {w} on itself the unit rests at 0 alone: it keeps no bit. A bit is kept from "
            "weights above 1 on."
        )
    critical = float(found["critical_input"]["decimal"])
    opening = f"With the weight {w} on itself the unit keeps a bit against inputs below {critical:.4g}. "
    if not found["robust"]:
        return (
            f"{opening}Inputs up to {bound} are too large: the constant worst one turns the bit, and no "
            "rate below 1 bounds the gradient."
        )
    rate, steps = float(found["worst"]["rate"]["decimal"]), found["config"]["steps"]
    largest = max(
        orbit["log10_gradient"][-1]
        for orbit in found["orbits"]
        if orbit["bounded"] and orbit["log10_gradient"][-1] is not None
    )
    return (
        f"{opening}For inputs up to {bound} the gradient through t steps is at most {rate:.4g}^t, worst case "
        f"over all of them. Measured after {steps} steps: at most 10^{largest:.2f}, the bound being "
        f"10^{found['log10_bound'][-1]:.2f}; {found['violations']} of {found['measured_values']} values are "
        "above the bound."
    )
