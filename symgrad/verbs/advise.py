"""How to initialise layers of this activation, in a net of this depth and width."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from symgrad.errors import InputError
from symgrad.verbs.asked import Document, Settings, entry_of

if TYPE_CHECKING:
    from symgrad.theory.initialization.advice import Advice, Row

__all__ = ["advise"]


def advise(
    activation: str = "tanh",
    settings: Settings | None = None,
    depth: int = 50,
    width: int = 128,
    sigma_b2: float = 0.0,
    batch: int = 16,
    seeds: int = 16,
    seed: int = 0,
) -> Document:
    """log10 ‖∂E/∂W_1‖/‖∂E/∂W_L‖ for every standard initialisation, predicted with its 99 % band and measured;
    the one to take, why, and its code for each framework. `sigma_b2` is the variance of the biases at the
    edge of chaos.
    """
    from symgrad.numeric import Net
    from symgrad.present.plain import written
    from symgrad.theory.initialization import advice

    if not (isinstance(sigma_b2, int | float) and math.isfinite(sigma_b2) and sigma_b2 >= 0):
        raise InputError(f"sigma_b2 = {sigma_b2!r}: legal are finite variances from 0 on")
    entry = entry_of(activation, settings)
    try:
        net = Net(depth, width, batch, seeds, seed=seed)
    except ValueError as error:
        raise InputError(str(error)) from None
    if net.depth > advice.DEEPEST:
        raise InputError(f"depth = {depth}: legal are whole numbers from 1 to {advice.DEEPEST}")
    found = advice.advise(entry, net, float(sigma_b2))
    codes = {row.scheme.key: _codes(found, row) for row in found.rows}
    best = found.recommended
    return {
        "activation": entry.name,
        "slug": entry.slug,
        "expression": written(entry.phi),
        "parameters": {symbol.name: str(value) for symbol, value in entry.parameters.items()},
        "config": {
            **{name: getattr(net, name) for name in ("depth", "width", "batch", "seeds", "seed")},
            "sigma_b2": float(sigma_b2),
        },
        "schemes": [_row(row) for row in found.rows],
        "recommended": None if best is None else best.scheme.name,
        "carried": found.carried,
        "reason": found.reason(),
        "finding": found.finding(),
        "code": _codes(found, best),
        "codes": codes,
    }


def _row(row: Row) -> Document:
    """What is null does not exist; `why` says why."""
    scales, measured = row.scales, row.measured
    return {
        "key": row.scheme.key,
        "name": row.scheme.name,
        "rule": row.scheme.rule,
        "weights": row.scheme.weights,
        "sigma_w2": None if scales is None else scales.sigma_w2,
        "sigma_b2": None if scales is None else scales.sigma_b2,
        "predicted_log10_ratio": row.mean,
        "band": None if row.band is None else list(row.band),
        "measured_log10_ratio": _finite(row.median),
        "measured": [] if measured is None else [_finite(value) for value in measured],
        "inside": row.inside,
        "doubtful": row.doubtful,
        "log10_signal": row.signal,
        "holds": row.holds,
        "why": row.why or None,
    }


def _codes(found: Advice, row: Row | None) -> dict[str, str | None]:
    """The code of a scheme for each framework; null where it does not exist."""
    from symgrad.present.initialization import FRAMEWORKS, Recipe, code

    if row is None or row.scales is None:
        return dict.fromkeys(FRAMEWORKS)
    net = found.net
    expected = "no ratio is predicted"
    if row.mean is not None:
        expected = f"the first layer's gradient is predicted to be 10^{row.mean:.2f} times the last layer's"
    recipe = Recipe(
        title=f"{row.scheme.name} for {found.activation.name}",
        gain=repr(math.sqrt(row.scales.sigma_w2)),
        bias_std=repr(math.sqrt(row.scales.sigma_b2)),
        keeps=f"in {net.depth} layers of width {net.width} {expected}",
        weights=row.scheme.weights,
    )
    return {framework: code(recipe, framework) for framework in FRAMEWORKS}


def _finite(value: Any) -> float | None:
    """Null stands for the logarithm of a ratio with an exact 0 in it."""
    return None if value is None or not math.isfinite(value) else float(value)
