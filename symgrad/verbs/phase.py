"""The phase diagram of an activation, and two inputs through the nets of one of its points."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from symgrad.errors import InputError
from symgrad.verbs.asked import Document, Settings, entry_of

__all__ = ["pair", "phase"]

CELLS = 44
"""Points of the plane along each side."""
REACHES = (10, 30, 100)
"""Depths whose lines 6 ξ_c = L are drawn."""
TRAINABLE = 6
"""Depth scales ξ_c of depth up to which nets have been found to train (Schoenholz et al. 2017)."""
LARGEST = 100.0


def phase(
    activation: str = "tanh",
    settings: Settings | None = None,
    most_sigma_w2: float = 4.0,
    most_sigma_b2: float = 0.5,
) -> Document:
    """ln χ₁, q* and ξ_c on a grid of (σ_w², σ_b²) with the critical line and the lines of equal trainable
    depth; null where nothing is, with the reason by its number."""
    import numpy as np

    from symgrad.numeric.mean_field.critical import critical_line
    from symgrad.numeric.mean_field.phase_grid import REASONS, phase_grid
    from symgrad.present.plain import written
    from symgrad.theory.activations import kernel
    from symgrad.theory.simulation import check_domain

    for name, most in (("most_sigma_w2", most_sigma_w2), ("most_sigma_b2", most_sigma_b2)):
        if not (isinstance(most, int | float) and 0 < most <= LARGEST):
            raise InputError(f"{name} = {most!r}: legal are numbers above 0 up to {LARGEST:g}")
    entry = entry_of(activation, settings)
    check_domain(entry)
    try:
        functions = kernel(entry)
        across = most_sigma_w2 * np.arange(1, CELLS + 1) / CELLS
        up = most_sigma_b2 * np.arange(CELLS) / (CELLS - 1)
        grid = phase_grid(functions, across, up)
        line = critical_line(functions, most_sigma_b2)
    except (ValueError, NotImplementedError) as error:
        raise InputError(f"{entry.name}: {error}") from None
    there = (grid.reason == 0) & (grid.chi1 > 0)
    ln_chi1 = np.log(np.where(there, grid.chi1, 1.0))
    rate = np.where(there & (grid.slope > 0), -np.log(np.where(grid.slope > 0, grid.slope, 1.0)), np.nan)
    inside = line[1] <= most_sigma_w2
    document: Document = {
        "activation": entry.name,
        "slug": entry.slug,
        "expression": written(entry.phi),
        "sigma_w2": [round(float(value), 12) for value in across],
        "sigma_b2": [round(float(value), 12) for value in up],
        "ln_chi1": _rows(np.where(there, ln_chi1, np.nan)),
        "q": _rows(np.where(there, grid.q, np.nan)),
        "xi_c": _rows(np.where(rate > 1e-12, 1 / np.where(rate > 1e-12, rate, 1.0), np.nan)),
        "reason": grid.reason.tolist(),
        "reasons": list(REASONS),
        "line": dict(zip(("q", "sigma_w2", "sigma_b2"), _thinned(line, inside), strict=True)),
        "reach": [_level(across, up, rate, grid.chi1, depth) for depth in REACHES],
        "trainable": TRAINABLE,
    }
    document["finding"] = _finding(document, there, ln_chi1)
    return document


def pair(
    activation: str = "tanh",
    settings: Settings | None = None,
    sigma_w: float = 1.0,
    sigma_b: float = 0.0,
    depth: int = 30,
    width: int = 128,
    seeds: int = 16,
    seed: int = 0,
    start: float = 0.5,
) -> Document:
    """The correlation of two inputs by layer, measured in concrete nets and as the correlation map has it."""
    import numpy as np

    from symgrad.numeric import Net
    from symgrad.theory.propagation import pair as theory

    entry = entry_of(activation, settings)
    try:
        net = Net(depth, width, 1, seeds, sigma_w, sigma_b, seed=seed)
    except ValueError as error:
        raise InputError(str(error)) from None
    found = theory.pair(entry, net, start)
    kept = np.where(np.isfinite(found.measured), found.measured, 0.0)
    low, median, high = np.quantile(kept, (0.05, 0.5, 0.95), axis=0)
    predicted = None if found.predicted is None else found.predicted.tolist()
    last = float(median[-1])
    said = f"Two inputs whose correlation is {start:g} have {last:.3f} after {depth} layers"
    if predicted is None:
        text = f"{said}; nothing is predicted: {found.why}."
    else:
        text = f"{said} (median over {seeds} nets); {_expected(found.band, predicted[-1], last, width)}."
    return {
        "depth": list(range(1, depth + 1)),
        "correlation": {"median": median.tolist(), "q05": low.tolist(), "q95": high.tolist()},
        "predicted": predicted,
        "why_unpredicted": found.why,
        "band": _banded(found.band),
        "why_no_band": found.why_no_band or None,
        "start": start,
        "width": width,
        "text": text,
    }


def _expected(band: Any, map_says: float, last: float, width: int) -> str:
    """What the last layer was to be, and whether it is."""
    text = f"the correlation map, for infinite width, has {map_says:.3f}"
    if band is None:
        return f"{text}; how far nets of width {width} stray from it is not known here"
    low, high = (float(band[k][-1]) for k in (0, 2))
    inside = "inside" if low <= last <= high else "outside"
    return f"{text}, and 99 % of such medians lie in {low:.3f} … {high:.3f} at width {width}: it is {inside}"


def _banded(band: Any) -> Document | None:
    if band is None:
        return None
    return {name: row.tolist() for name, row in zip(("low", "middle", "high"), band, strict=True)}


def _thinned(line: Sequence[Any], inside: Any) -> list[list[float]]:
    """Some two hundred points of the line, in order of q."""
    step = max(1, int(inside.sum()) // 200)
    return [one[inside][::step].tolist() for one in line]


def _rows(values: Any) -> list[list[float | None]]:
    """Null for what is no number."""
    return [[float(f"{value:.6g}") if math.isfinite(value) else None for value in row] for row in values]


def _level(across: Any, up: Any, rate: Any, chi1: Any, depth: int) -> Document:
    """Where 6 ξ_c = depth, row by row on both sides of the edge of chaos, between neighbours of the grid."""
    level, sides = TRAINABLE / depth, {"ordered": chi1 <= 1, "chaotic": chi1 > 1}
    found: Document = {"depth": depth}
    for side, here in sides.items():
        points = []
        for row, sigma_b2 in enumerate(up):
            for k in range(len(across) - 1):
                one, two = rate[row, k], rate[row, k + 1]
                if here[row, k] and here[row, k + 1] and (one - level) * (two - level) < 0:
                    part = (level - one) / (two - one)
                    points.append([float(across[k] + part * (across[k + 1] - across[k])), float(sigma_b2)])
        found[side] = points
    return found


def _finding(document: Document, there: Any, ln_chi1: Any) -> str:
    """One sentence made from the picture."""
    name, line = document["activation"], document["line"]
    chaotic = bool((ln_chi1[there] > 1e-9).any())
    ordered = bool((ln_chi1[there] < -1e-9).any())
    if not there.any():
        return f"{name}: nowhere in this part of the plane does a net settle."
    if line["sigma_w2"] and max(line["sigma_b2"]) > 0:
        scales = sorted(line["sigma_w2"])
        above = "they explode" if chaotic else "no net settles"
        return (
            f"{name}: below the edge of chaos, here from σ_w² = {scales[0]:.4g} to {scales[-1]:.4g}, "
            f"gradients vanish with depth; above it {above}."
        )
    if ordered and not chaotic:
        return (
            f"{name}: wherever nets settle here, gradients vanish with depth; no edge of chaos is in sight."
        )
    if chaotic and not ordered:
        return f"{name}: wherever nets settle here, gradients explode with depth."
    return f"{name}: there is no critical line with biases; without them a single scale divides the plane."
