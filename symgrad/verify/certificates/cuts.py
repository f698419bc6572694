"""The cuts of a certificate: that each is where it says, and how φ and φ′ join there."""

from __future__ import annotations

import re
from collections.abc import Sequence

import sympy as sp
from flint import arb

from symgrad.symbolic.balls import ball
from symgrad.symbolic.letters import x
from symgrad.verify.certificates.evidence import Evidence, Limits, RejectedError
from symgrad.verify.certificates.jets import UndecidedError, jet
from symgrad.verify.certificates.line import BRANCHING, End, Line, Point
from symgrad.verify.certificates.numbers import exact_zero, magnitude
from symgrad.verify.certificates.places import is_end
from symgrad.verify.certificates.values import value

__all__ = ["domain", "joined", "located"]

WIDTH = arb("1e-30")
_INTERVAL = re.compile(r"\((.+), (.+)\)")
STEPPED = (sp.Piecewise, sp.sign, sp.Heaviside)
"""What may jump; |·|, max and min cannot."""


def located(line: Line) -> None:
    """Every cut is a zero of its switch, in a short enclosure: an exact point where the switch vanishes (or
    has no value), else the only zero in the enclosure, between two signs.
    """
    for cut in line.cuts:
        lo, hi = arb(cut.lo), arb(cut.hi)
        _require(bool(hi - lo <= WIDTH * magnitude(hi)), cut, "the enclosure is too wide")
        if cut.exact is not None:
            at = ball(cut.exact)
            _require(
                bool(lo.upper() <= at.lower() and at.upper() <= hi.lower()) or at == lo == hi,
                cut,
                "is not in its enclosure",
            )
            try:
                value = jet(cut.switch, x, at, 0)[0]
            except UndecidedError:
                continue
            _require(value.contains(arb(0)), cut, "is no zero of its switch")
            continue
        ends = [jet(cut.switch, x, end, 0)[0] for end in (lo, hi)]
        opposite = (ends[0] < 0 and ends[1] > 0) or (ends[0] > 0 and ends[1] < 0)
        _require(bool(opposite), cut, "its switch does not change its sign in the enclosure")
        slope = jet(cut.switch, x, lo.union(hi), 1)[1]
        _require(not slope.contains(arb(0)), cut, "its switch may have more than one zero in the enclosure")


def joined(line: Line, evidence: Sequence[Evidence]) -> None:
    """Every cut joins its neighbours as recorded; raises `RejectedError`."""
    for cut in line.cuts:
        before = [
            part for part in evidence if part.right.cut is not None and part.right.cut.index == cut.index
        ]
        after = [part for part in evidence if part.left.cut is not None and part.left.cut.index == cut.index]
        _require(len(before) == 1 and len(after) == 1, cut, "does not stand between two intervals")
        found = _join(line, cut, before[0], after[0])
        _require(cut.joins == found, cut, f"joins {cut.joins}, where {found} is proved")


def _join(line: Line, cut: Point, before: Evidence, after: Evidence) -> str:
    if "outside" in (before.kind, after.kind):
        return "edge"
    left, right = before.limits[1], after.limits[0]
    if left is None or right is None or any(v.is_nan() for s in (left, right) for v in (s.phi, s.slope)):
        raise RejectedError(f"cut {cut.index}: φ or φ′ has no known limit there")
    if not (left.phi.is_finite() and right.phi.is_finite()):
        return "pole"
    if not left.phi.overlaps(right.phi):
        return "jump"
    exact = [_exact(line, cut, part, side) for part, side in ((before, left), (after, right))]
    steady = not line.phi.has(*STEPPED) and not _undefined(line, cut)
    continuous = steady or _same(exact[0][0], exact[1][0])
    _require(continuous, cut, "φ is not proved to be continuous there")
    if not (left.slope.is_finite() and right.slope.is_finite()):
        return "cusp"
    if not left.slope.overlaps(right.slope):
        return "kink"
    _require(_same(exact[0][1], exact[1][1]), cut, "φ′ is not proved to be continuous there")
    return "removable" if _undefined(line, cut) else "smooth"


def _undefined(line: Line, cut: Point) -> bool:
    """Whether φ has no value at the cut itself."""
    if cut.exact is None:
        return False
    at = line.phi.subs(x, cut.exact)
    return bool(at.has(sp.nan, sp.zoo, sp.oo, -sp.oo))


def _exact(line: Line, cut: Point, part: Evidence, side: Limits) -> tuple[sp.Expr | None, sp.Expr | None]:
    """φ and φ′ as the cut is approached, in closed form where they have one."""
    if side.germ is not None:
        return side.germ
    if cut.exact is None:
        return None, None
    branch = line.branch(part.inside)
    if branch.has(*BRANCHING):
        return None, None
    return branch.xreplace({x: cut.exact}), sp.diff(branch, x).xreplace({x: cut.exact})


def _same(p: sp.Expr | None, q: sp.Expr | None) -> bool:
    return p is not None and q is not None and exact_zero(p - q)


def _require(holds: bool, cut: Point, what: str) -> None:
    if not holds:
        raise RejectedError(f"cut {cut.index}: {what}")


def domain(text: str, line: Line, evidence: Sequence[Evidence]) -> None:
    """The recorded domain is what edges and poles leave: "(a, b) U (c, d)"."""
    parts: list[list[End]] = []
    for part in evidence:
        if part.kind == "outside":
            continue
        cut = part.left.cut
        if (
            parts
            and parts[-1][1].text == part.left.text
            and (cut is None or cut.joins not in ("pole", "edge"))
        ):
            parts[-1][1] = part.right
        else:
            parts.append([part.left, part.right])
    if line.period is not None and len(parts) == 1:
        parts = [[line.end("-oo"), line.end("oo")]]
    written = [_INTERVAL.fullmatch(piece) for piece in text.split(" U ")]
    same = len(written) == len(parts) and all(
        match is not None and _named(match[1], left) and _named(match[2], right)
        for match, (left, right) in zip(written, parts, strict=True)
    )
    if not same:
        raise RejectedError("the domain is not where φ is proved to be defined")


def _parted(line: Line, cut: Point | None) -> bool:
    """Whether the point of a cut is not in the domain; a removable one is filled."""
    if cut is None or cut.joins == "removable":
        return False
    return cut.joins in ("pole", "edge") or _undefined(line, cut)


def _named(text: str, end: End) -> bool:
    if end.infinite or text in ("oo", "-oo"):
        return text == end.text
    return is_end(value(text), end)
