"""What a measurement says: PASS, FAIL or UNDECIDED, how far from failing, and why.

A comparison is decided on balls: it passes when every number in the ball would pass, fails when none would,
and is undecided otherwise. Undecided is never counted as passed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from flint import arb

__all__ = ["Evidence", "Outcome", "Verdict", "combine", "not_above", "undecided", "within"]

Outcome = Literal["PASS", "FAIL", "UNDECIDED"]
_LARGEST = 1e300
_ORDER: tuple[Outcome, ...] = ("FAIL", "UNDECIDED", "PASS")


@dataclass(frozen=True)
class Evidence:
    """One comparison: its outcome, its margin in the unit of the measure, and one clause with the numbers
    compared.

    The margin is negative exactly when the comparison failed, None when it is undecided.
    """

    outcome: Outcome
    margin: float | None
    text: str

    def __post_init__(self) -> None:
        if (self.margin is None) != (self.outcome == "UNDECIDED"):
            raise ValueError(f"{self.outcome} with margin {self.margin}")
        if self.margin is not None and (
            math.isnan(self.margin) or (self.margin < 0) != (self.outcome == "FAIL")
        ):
            raise ValueError(f"{self.outcome} with margin {self.margin}")


@dataclass(frozen=True)
class Verdict:
    """The judge's answer to one claim; `seed` repeats it."""

    key: str
    verdict: Outcome
    margin: float | None
    evidence: str
    seed: int

    @property
    def passed(self) -> bool:
        """Whether the claim stands: PASS, not merely the absence of FAIL."""
        return self.verdict == "PASS"


def within(error: arb | float, tolerance: float, text: str) -> Evidence:
    """error ≤ tolerance. Margin: 1 − error/tolerance, the share of the tolerance left; −1 is twice the
    tolerance.

    An error that is not a finite number is no error measured: undecided.
    """
    share = arb(error) / arb(tolerance)
    if not share.is_finite():
        return undecided(text)
    low, high = (min(float(end), _LARGEST) for end in (share.lower(), share.upper()))
    if high <= 1:
        return Evidence("PASS", max(1 - high, 0.0), text)
    if low > 1:
        return Evidence("FAIL", min(1 - low, -math.ulp(1.0)), text)
    return undecided(text)


def not_above(
    log10_measured: arb | float, log10_bound: arb | float, text: str, slack: float = 0.0
) -> Evidence:
    """measured ≤ bound·10^slack. Margin: log10(bound/measured) + slack, in decades.

    A measured 0 (log10 = −inf) is below every bound; its margin is given as 308 decades, the range of
    float64.
    """
    if isinstance(log10_measured, float) and log10_measured == -math.inf:
        return Evidence("PASS", 308.0, f"{text}: exactly 0")
    measured, bound = arb(log10_measured), arb(log10_bound)
    text = f"{text}: log10 {float(measured.mid()):.4f}, at most {float(bound.mid()):.4f}"
    room = bound - measured + arb(slack)
    if not room.is_finite():
        return undecided(text)
    low, high = float(room.lower()), float(room.upper())
    if low >= 0:
        return Evidence("PASS", low, text)
    if high < 0:
        return Evidence("FAIL", high, text)
    return undecided(text)


def undecided(text: str) -> Evidence:
    """The measurement could not tell."""
    return Evidence("UNDECIDED", None, text)


def combine(parts: Iterable[Evidence]) -> Evidence:
    """All of several comparisons: one FAIL fails, one UNDECIDED without a FAIL is undecided; text and margin
    of the tightest.

    Nothing measured at all is undecided.
    """
    listed = list(parts)
    if not listed:
        return undecided("nothing was measured")
    for outcome in _ORDER:
        same = [part for part in listed if part.outcome == outcome]
        if same:
            return min(same, key=lambda part: 0.0 if part.margin is None else part.margin)
    raise AssertionError("unreachable: every outcome is in _ORDER")
