"""Measurements of floating-point arithmetic itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import sympy as sp
from numpy.random import Generator

from symgrad.errors import InputError
from symgrad.symbolic.derivation import Claim
from symgrad.verify.verdict import Evidence, combine, within

__all__ = ["float_floor"]

FORMATS: dict[str, Any] = {"float16": np.float16, "float32": np.float32, "float64": np.float64}
_MOST = 1_000_000


def float_floor(claim: Claim, net: Mapping[str, Any] | None, rng: Generator, thorough: bool) -> Evidence:
    """Multiplying 1 by `factor` again and again in a format: the last count that gives a normal number, the
    first that gives 0.

    expects: factor (exact in the format, in (0, 1)), format (float16, float32, float64), last_normal,
    first_zero. The counts must agree exactly. Margin: 1 when they do, else 1 − 2 per multiplication of
    difference.
    """
    name, factor = claim.expects["format"], claim.expects["factor"]
    if name not in FORMATS:
        raise InputError(f"claim {claim.key}: format {name!r} is not known (legal: {', '.join(FORMATS)})")
    number = FORMATS[name]
    step = number(float(factor))
    if not 0 < float(step) < 1 or sp.Rational(float(step)) != sp.Rational(factor):
        raise InputError(f"claim {claim.key}: factor {factor} is not a {name} number in (0, 1)")
    value, count, last_normal = number(1), 0, 0
    with np.errstate(under="ignore"):
        while value != 0 and count < _MOST:
            value, count = number(value * step), count + 1
            last_normal = count if value >= np.finfo(number).tiny else last_normal
            if value == number(value * step):
                break
    found = {"last_normal": last_normal, "first_zero": count if value == 0 else None}
    parts = []
    for key, measured in found.items():
        claimed = int(claim.expects[key])
        difference = float("inf") if measured is None else abs(measured - claimed)
        text = f"{name}: {key.replace('_', ' ')} after {measured} multiplications, claimed {claimed}"
        parts.append(within(min(difference, _MOST), 0.5, text))
    return combine(parts)
