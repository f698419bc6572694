"""What the width of the nets of a sweep makes of its predicted lines: their 99 % bands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from symgrad.present.thinning import FEW

__all__ = ["banded"]

NOTHING: dict[str, float | None] = {"band_low": None, "band": None, "band_high": None}


PREDICTED = ("mlp", "rnn")
"""Architectures whose gradient is predicted."""


def banded(picture: dict[str, Any], fixed: Mapping[str, Any]) -> None:
    """Puts into each point of a picture of kind "lines" what is typical of log10 ‖∂E/∂h_1‖/‖∂E/∂h_L‖ at the
    width of its nets, `band`, and between which ends their median lies with a probability of 99 %,
    `band_low` and `band_high`: pages `layered-slope` and `recurrent-slope`. None for nets whose
    fluctuations are not small or not known, and where there are too many series for predictions to be drawn.
    """
    few = picture["kind"] == "lines" and len(picture["series"]) <= FEW
    for one in picture["series"]:
        for point in one["points"]:
            at = {picture["x"]["key"]: point["x"]} if "x" in picture else {}
            point |= _band({**fixed, **picture["held"], **one["options"], **at}, point) if few else NOTHING


def _band(options: Mapping[str, Any], point: Mapping[str, Any]) -> dict[str, float | None]:
    from symgrad.runs.sweeps.spec import settings
    from symgrad.theory.activations import kernel
    from symgrad.theory.activations.setting import entry_of
    from symgrad.theory.finite_width.slope_statistics import doubts, predicted_ratio
    from symgrad.theory.finite_width.units import median_band, median_spread
    from symgrad.theory.net_result import LN10
    from symgrad.theory.through_time import slope_statistics as through_time

    if options["architecture"] not in PREDICTED or point["predicted"] is None or options["depth"] < 2:
        return NOTHING
    functions = kernel(entry_of(options["activation"], settings(options["set"])))
    net = {key: options[key] for key in ("sigma_w", "sigma_b", "depth", "width")}
    try:
        if options["architecture"] == "rnn":
            if options["weights"] != "gaussian":
                return NOTHING
            typical, spread = through_time.predicted_ratio(functions, batch=options["batch"], **net)
        elif doubts(functions, weights=options["weights"], **net):
            return NOTHING
        else:
            typical, spread = predicted_ratio(
                functions, batch=options["batch"], weights=options["weights"], **net
            )
    except ValueError:
        return NOTHING
    # rows that differ in their seed alone are pooled: a median of medians
    if point["rows"] > 1:
        low, high = median_band(typical, spread * median_spread(options["seeds"]), point["rows"])
    else:
        low, high = median_band(typical, spread, options["seeds"])
    return {"band_low": low / LN10, "band": typical / LN10, "band_high": high / LN10}
