"""Whether weights and biases can keep both lengths and gradients of a wide net, and at which lengths."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from itertools import count
from typing import Literal

import sympy as sp

from symgrad.errors import RefutedError
from symgrad.symbolic.balls import precision, sign_of
from symgrad.symbolic.budget import cpu_limit
from symgrad.symbolic.derivation import Grade
from symgrad.symbolic.gaussian.moments import VARIANCE, closed_second_moment, second_moment
from symgrad.symbolic.gaussian.quadrature import InfiniteError, Integrand, square_mean
from symgrad.symbolic.germs.behaviour import End
from symgrad.symbolic.letters import x
from symgrad.symbolic.named_root import NamedRoot
from symgrad.symbolic.number import BITS, Number
from symgrad.symbolic.zeros.cuts import Cuts, cuts
from symgrad.symbolic.zeros.isolation import Point, isolate
from symgrad.theory.activations import Activation, kernel
from symgrad.theory.initialization.edge import equal_factors
from symgrad.theory.propagation.drift import Drift, drift
from symgrad.theory.propagation.enclosed import DoublyCritical, enclosed_doubly_critical
from symgrad.theory.propagation.folded import Folded, folded

__all__ = ["Criticality", "Kind", "criticality"]

Kind = Literal["scale-invariant", "K* = 0", "half-stable", "none", "undecided"]
SECONDS = 4.0
"""Processor time for the signs of φφ″, and for closed forms."""
SIMPLER = 1.5
"""Processor time for a simpler one."""
MOST = 8
"""Variances found by a search that are looked at."""
FOLDED = "φ(x)φ″(x) + φ(−x)φ″(−x)"
EQUAL = "dE φ²/dq = E φ′²"


@dataclass(frozen=True)
class Criticality:
    """Where χ_∥ = χ₁ = 1 at a fixed point q of the length map, with σ_w² and σ_b² there.

    "scale-invariant": at every q (None). "K* = 0": in the limit of short lengths, with no biases; `drift`
    says whether lengths come there. "half-stable": at a q > 0 that lengths return to from one side only.
    "none": at no q. A φ that allows several is called by the first of these that lengths are led to; `points`
    are all q > 0 that were found, and `complete` says whether it is proved that there are no others. `proof`
    is how sure the class is: "estimated" where it rests on a search.
    """

    kind: Kind
    proof: Grade
    why: str
    q: Number | None = None
    sigma_w2: Number | None = None
    sigma_b2: Number | None = None
    drift: Drift | None = None
    points: tuple[DoublyCritical, ...] = ()
    complete: bool = True


@dataclass(frozen=True)
class _Search:
    """The q > 0 with dE φ²/dq = E φ′², whether these are all, and how that is known."""

    points: tuple[DoublyCritical, ...]
    complete: bool
    how: str

    @property
    def proper(self) -> tuple[DoublyCritical, ...]:
        """Those that biases may give: σ_b² is not proved to be below 0."""
        return tuple(point for point in self.points if _sign(point.sigma_b2) != -1)

    @property
    def half_stable(self) -> tuple[DoublyCritical, ...]:
        """Those that are proved to be fixed points which lengths return to from one side."""
        return tuple(point for point in self.proper if _sign(point.sigma_b2) is not None and point.bends)

    def __str__(self) -> str:
        at = ", ".join(
            _decimal(point.q) + ("" if point in self.proper else " (where σ_b² would have to be below 0)")
            for point in self.points
        )
        return f"Above 0, {self.how}" + (f" at q = {at} alone." if at else " at no q.")


def criticality(entry: Activation) -> Criticality:
    """The class of an activation. Never raises for what it cannot decide: that is the class "undecided"."""
    try:
        found = cuts(entry.phi, x)
        if all(sp.diff(piece, x) == 0 for _, _, piece in found.pieces):
            return Criticality("none", "exact", "φ′ is 0 almost everywhere: no gradient passes at any scale.")
        if any(cut.joins in ("cusp", "pole") for cut in found.points):
            square_mean(Integrand(entry.phi, x, 1, sp.S.One, found))  # its poles are there at every q
        return _of(entry, found, drift(entry.phi, found))
    except InfiniteError:
        return Criticality("none", "certified", "E φ′² is infinite, and so is χ₁ at any scale.")
    except (NotImplementedError, TimeoutError) as reason:
        return Criticality("undecided", "estimated", f"Not decided: {reason}.", complete=False)


def _of(entry: Activation, found: Cuts, short: Drift | None) -> Criticality:
    """The class of a φ with a gradient; `short` is what short lengths do."""
    if short is not None and short.side == 0:
        why = (
            "φ is two lines that meet at 0: with these weights and no biases every length stays, and both "
            "factors are 1 at each."
        )
        return _at_zero("scale-invariant", "exact", why, short, ())
    search = _search(entry, found)
    decided = search.complete and search.half_stable == search.proper
    grade: Grade = "certified" if decided else "estimated"
    if short is not None and (short.side == -1 or not search.half_stable):
        why = f"{_short(short)} {search}"
        grade = "exact" if short.side == -1 else grade
        return replace(_at_zero("K* = 0", grade, why, short, search.half_stable), complete=search.complete)
    if search.half_stable:
        first = search.half_stable[0]
        near, far = ("above", "below") if first.bends < 0 else ("below", "above")
        start = f"Both factors are 1 at this length; lengths {near} it return, those {far} it leave."
        why = " ".join((start, str(search), *([_short(short)] if short is not None else ())))
        of = first.q, first.sigma_w2, first.sigma_b2
        points = search.half_stable
        return Criticality("half-stable", "certified", why, *of, short, points, search.complete)
    if search.proper:
        why = f"{search} What lengths beside do is not decided."
        return Criticality("undecided", "estimated", why, complete=False)
    return Criticality("none", grade, f"{_no_short(entry.phi)} {search}", complete=search.complete)


def _at_zero(
    kind: Kind, proof: Grade, why: str, short: Drift, points: tuple[DoublyCritical, ...]
) -> Criticality:
    scale = Number.of(short.scale, "2/(φ′(0−)² + φ′(0+)²)")
    q = None if kind == "scale-invariant" else Number.of(sp.S.Zero, "the limit of short lengths")
    return Criticality(kind, proof, why, q, scale, Number.of(sp.S.Zero, "no biases"), short, points)


# --- in words


def _short(short: Drift) -> str:
    """What lengths close to 0 do, as a sentence."""
    start = (
        "Weights of variance 2/(φ′(0−)² + φ′(0+)²) and no biases make both factors 1 in the limit of short "
        "lengths"
    )
    if short.side is None:
        return f"{start}; whether lengths shrink to it is not decided."
    ends = ", to which lengths shrink" if short.side < 0 else ", but lengths grow from there"
    if short.coefficient is None or short.power is None:
        return f"{start}{ends}: lines touch φ at 0, and beyond them |φ| is another."
    size, sign = abs(float(short.coefficient)), "+" if short.side > 0 else "−"
    power = {"2": "²", "3": "³"}.get(str(short.power), f"^({short.power})")
    return f"{start}{ends}: K ↦ K {sign} {f'{size:.6g} ' if size != 1 else ''}K{power} + …"


def _no_short(phi: sp.Expr) -> str:
    start = phi.subs(x, 0)
    if start.is_finite and sign_of(start) != 0:
        return "φ(0) is not 0, so that lengths never shrink to 0."
    return "φ has no finite slope other than 0 at 0, so that χ₁ does not tend to 1 there."


def _decimal(number: Number) -> str:
    return f"{float(number.enclosure().decimal):.6g}"


def _sign(number: Number) -> int | None:
    """Its proved sign; None where it is not decided."""
    if number.exact is not None:
        return sign_of(number.exact)
    return 1 if number.value > 0 else -1 if number.value < 0 else None


# --- lengths above 0


def _search(entry: Activation, found: Cuts) -> _Search:
    """By the signs of φφ″ alone, in closed form, or on a grid with a proof of each q that is found."""
    signs: Folded | None = None
    with contextlib.suppress(NotImplementedError, TimeoutError), cpu_limit(SECONDS):
        signs = folded(entry.phi, found)
    if signs is not None and signs.most == 0:
        word, order = ("above", "below") if signs.signs == (-1,) else ("below", "above")
        return _Search((), True, f"{FOLDED} is nowhere {word} 0, so that dE φ²/dq is {order} E φ′², equal")
    if signs is not None and signs.most == 1 and signs.total == signs.signs[0]:
        return _Search((), True, f"{FOLDED} changes sign once, its integral has the first sign, and {EQUAL}")
    points = _closed(entry, found)
    if points is not None:
        return _Search(points, True, f"by closed forms, {EQUAL}")
    try:
        near = [q for _, sigma_b2, q in equal_factors(kernel(entry)) if signs or sigma_b2 > 0]
    except ValueError as reason:
        raise NotImplementedError(f"the search for lengths above 0 fails: {reason}") from None
    points = _enclosed(entry, near[-(signs.most if signs else MOST) :])  # rounding crosses at small q
    if signs is None or not _all(len(points), signs):
        return _Search(points, False, f"on a grid, which is no proof that there are no others, {EQUAL}")
    times = {1: "once", 2: "twice"}.get(signs.most, f"{signs.most} times")
    return _Search(points, True, f"{FOLDED} changes sign {times}, and {EQUAL}")


def _enclosed(entry: Activation, near: list[float]) -> tuple[DoublyCritical, ...]:
    """Those that are proved, each once."""
    found: list[DoublyCritical] = []
    for q in near:
        with contextlib.suppress(NotImplementedError):
            point = enclosed_doubly_critical(entry, q)
            if not any(point.q.value.overlaps(other.q.value) for other in found):
                found.append(point)
    return tuple(found)


def _all(number: int, signs: Folded) -> bool:
    """Whether so many sign changes of E φφ″ are all its zeros: their number has the parity that its signs at
    small and large variances ask for, each zero counted as often as it is one."""
    if number == signs.most:
        return True
    return number == signs.most - 1 and signs.total == (-1) ** number * signs.signs[0]


def _closed(entry: Activation, found: Cuts) -> tuple[DoublyCritical, ...] | None:
    """All points from closed forms of E φ² and E φ′², each inside its enclosure; None without such forms."""
    try:
        with cpu_limit(SECONDS):
            moments = []
            for order in (0, 1):
                moment = closed_second_moment(entry.phi, order, x, sp.S.One, {})
                if moment is None:
                    return None
                second_moment(entry.phi, order, x, sp.S.One, {}, found)  # refuses what is not in the ball
                moments.append(moment)
        square, slopes = moments
        zeros = _zeros(sp.diff(square, VARIANCE) - slopes)
    except (NotImplementedError, TimeoutError):
        return None
    return tuple(_exact(entry, zero, square, slopes) for zero in zeros)


def _zeros(difference: sp.Expr) -> tuple[Point, ...]:
    """Of a function of q > 0; exact where its factors show it."""
    ends = End(sp.S.Zero, 1), End(sp.oo)

    def zeros(f: sp.Expr) -> tuple[Point, ...]:
        return isolate(f, VARIANCE, *ends, (sp.Symbol(f"c_{k}", positive=True) for k in count(1)))

    with cpu_limit(SECONDS):
        found = zeros(difference)
    if any(isinstance(zero, NamedRoot) for zero in found):
        with contextlib.suppress(NotImplementedError, TimeoutError), cpu_limit(SIMPLER):
            found = zeros(sp.factor(sp.simplify(difference)))
    return found


def _exact(entry: Activation, zero: Point, square: sp.Expr, slopes: sp.Expr) -> DoublyCritical:
    if isinstance(zero, NamedRoot):
        return enclosed_doubly_critical(entry, float(zero.ball(64).mid()))
    enclosed = enclosed_doubly_critical(entry, float(zero))
    at = {VARIANCE: zero}
    scale = 1 / slopes.subs(at)
    why = "closed forms, inside their enclosures"
    exact = [Number.of(sp.simplify(number), why) for number in (zero, scale, zero - scale * square.subs(at))]
    certified = (enclosed.q, enclosed.sigma_w2, enclosed.sigma_b2)
    with precision(BITS):
        if not all(p.value.overlaps(q.value) for p, q in zip(exact, certified, strict=True)):
            raise RefutedError(f"the closed form of E φ² at q = {zero} is not the integral")
    return replace(enclosed, q=exact[0], sigma_w2=exact[1], sigma_b2=exact[2])
