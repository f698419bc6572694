"""The shape of a function of x: its symmetry, how smooth it is, whether it rises or falls; each proved."""

from __future__ import annotations

from typing import Literal

import sympy as sp

from symgrad.errors import RefutedError
from symgrad.symbolic.balls import ball, precision, sign_of
from symgrad.symbolic.calculus.equality import UndecidedError, prove_equal
from symgrad.symbolic.germs.behaviour import Approach, End, behaviour
from symgrad.symbolic.zeros.cuts import Cut, Cuts

__all__ = ["Direction", "Parity", "direction", "parity", "smoothness"]

Parity = Literal["even", "odd", "f(x) - f(-x) = x", "none", "not decided"]
Direction = Literal["constant", "increasing", "decreasing", "neither"]

_POINTS = tuple(sp.Rational(p, q) for p, q in ((1, 3), (5, 2), (29, 3), (1, 50)))
_ORDERS = 8
"""Derivatives compared at a cut before it is only said to be at least that smooth."""


def parity(f: sp.Expr, x: sp.Symbol) -> Parity:
    """Whether f(−x) is f(x), −f(x), or f(x) − x (as for a gate with gate(x) + gate(−x) = 1), wherever both
    are defined; "none" where each of the three is refuted at a point.
    """
    mirrored, undecided = f.xreplace({x: -x}), False
    images: tuple[tuple[Parity, sp.Expr], ...] = (("even", f), ("odd", -f), ("f(x) - f(-x) = x", f - x))
    for name, image in images:
        if _differ(mirrored - image, x):
            continue
        try:
            prove_equal(mirrored, image)
        except UndecidedError:
            undecided = True
        except RefutedError:
            continue
        else:
            return name
    return "not decided" if undecided else "none"


def _differ(difference: sp.Expr, x: sp.Symbol) -> bool:
    """Whether it is certainly not 0 at one of a few points: cheaper than a refutation by normal forms."""
    try:
        with precision(256):
            values = [ball(difference, {x: ball(point)}) for point in _POINTS]
    except NotImplementedError:
        return False
    return any(value.is_finite() and not value.contains(0) for value in values)


def direction(slopes_from: int, slopes_to: int, found: Cuts) -> Direction:
    """Whether f rises or falls on its whole domain, in the wide sense, from the signs of inf f′ and sup f′
    and from its jumps.
    """
    jumps = {_jump(cut) for cut in found.points if cut.joins in ("jump", "pole")}
    rises, falls = slopes_from >= 0 and -1 not in jumps, slopes_to <= 0 and 1 not in jumps
    if rises and falls:
        return "constant"
    return "increasing" if rises else "decreasing" if falls else "neither"


def _jump(cut: Cut) -> int:
    assert cut.left is not None and cut.right is not None
    before, after = cut.left.phi_limit, cut.right.phi_limit
    assert before is not None and after is not None
    return sign_of(after - before)


def smoothness(found: Cuts, x: sp.Symbol) -> str:
    """Says "analytic", "C^k" for exactly k continuous derivatives, "continuous, 2 kinks", "1 jump" and the
    like; "at least C^8" where so many derivatives agree. Where the function repeats, of one period.

    At each cut the one-sided limits of the derivatives are compared, from their germs, up to the first that
    differ. Raises `NotImplementedError` where that is not decided.
    """
    joins = [cut.joins for cut in found.points]
    for worst in ("edge", "pole", "jump", "cusp", "kink"):
        count = joins.count(worst)
        if count:
            continuous = "continuous, " if worst in ("cusp", "kink") else ""
            every = " a period" if found.period is not None else ""
            return f"{continuous}{count} {worst}{'s' if count > 1 else ''}{every}"
    orders = [_order(cut, found, x) for cut in found.points]
    least = min((order for order in orders if order is not None), default=None)
    if least is None:
        return "analytic"
    return f"C^{least}" if least < _ORDERS else f"at least C^{_ORDERS}"


def _order(cut: Cut, found: Cuts, x: sp.Symbol) -> int | None:
    """The number of continuous derivatives at a cut where φ and φ′ are continuous; None where φ is analytic:
    a quotient of analytic functions that stays bounded (Riemann's theorem on removable singularities).
    """
    before = next(f for _, hi, f in found.pieces if hi.point is cut.point)
    after = next(f for lo, _, f in found.pieces if lo.point is cut.point)
    if before == after and not _branched(before, x):
        return None
    for order in range(2, _ORDERS + 1):
        sides = ((before, End(cut.point, -1)), (after, End(cut.point, 1)))
        left, right = (_limit(f, x, end, order) for f, end in sides)
        if not _same(left, right):
            return order - 1
    return _ORDERS


def _branched(f: sp.Expr, x: sp.Symbol) -> bool:
    """Whether f has a logarithm or a root of something that varies."""
    roots = (node for node in f.atoms(sp.Pow) if node.base.has(x) and not node.exp.is_Integer)
    return f.has(sp.log) or any(True for _ in roots)


def _limit(f: sp.Expr, x: sp.Symbol, end: End, order: int) -> Approach:
    """How the derivative of that order goes towards the end."""
    return behaviour(sp.diff(f, x, order - 1), x, end).slope


def _same(left: Approach, right: Approach) -> bool:
    """Whether two limits are one real number."""
    if left.ball is None or right.ball is None or not left.ball.overlaps(right.ball):
        return False
    if left.limit is None or right.limit is None:
        raise NotImplementedError("whether two one-sided derivatives agree is not decided")
    return sign_of(left.limit - right.limit) == 0
