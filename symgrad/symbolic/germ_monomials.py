"""Monomials of a Hardy field: m(X) = X^p (log X)^s exp(Q(X)) for X → ∞, and their order of growth.

Q is a finite sum of coefficient · monomial whose monomials are unbounded, so e^{−X²/2}, X^X = e^{X log X} and
e^{−e^X} are all monomials. Any two are comparable: one outweighs the other, or they are the same.
"""

from __future__ import annotations

from functools import cmp_to_key, lru_cache
from typing import NamedTuple

from flint import arb, fmpq

from symgrad.symbolic.germ_constants import Constant, Exact, known, rational

__all__ = [
    "BY_GROWTH",
    "LOG",
    "UNIT",
    "X",
    "Monomial",
    "RadiusError",
    "UndecidedError",
    "exponential",
    "growth",
    "is_monotone",
    "power",
    "product",
    "ratio",
    "sup",
    "value",
]


class UndecidedError(NotImplementedError):
    """A comparison that the germ at hand does not settle; the caller tries a larger radius or order."""


class RadiusError(UndecidedError):
    """True far enough out, but not proved from this radius on."""


class Monomial(NamedTuple):
    """X^p (log X)^s exp(Σ c·m over the pairs (m, c) of q), the pairs in falling order of growth."""

    p: fmpq
    s: fmpq
    q: tuple[tuple[Monomial, Exact], ...] = ()


UNIT = Monomial(fmpq(0), fmpq(0))
X = Monomial(fmpq(1), fmpq(0))
LOG = Monomial(fmpq(0), fmpq(1))


@lru_cache(maxsize=1 << 16)
def product(m: Monomial, n: Monomial) -> Monomial:
    """m·n."""
    if not m.q and not n.q:
        return Monomial(m.p + n.p, m.s + n.s)
    return exponential([(a, known(c)) for a, c in m.q + n.q], m.p + n.p, m.s + n.s)


def exponential(exponent: list[tuple[Monomial, Constant]], p: fmpq = UNIT.p, s: fmpq = UNIT.s) -> Monomial:
    """X^p (log X)^s exp(Σ c·m); a rational multiple of log X becomes a power of X."""
    total: dict[Monomial, Constant] = {}
    for m, c in exponent:
        total[m] = total[m] + c if m in total else c
    logarithm = total.get(LOG)
    if logarithm is not None and isinstance(logarithm.exact, fmpq):
        p += logarithm.exact
        del total[LOG]
    kept = [(m, c.exact) for m, c in total.items() if c.exact is not None and c.sign != 0]
    assert all(c.exact is not None for c in total.values()), "exponents are exact"
    if len(kept) > 1:
        kept.sort(key=lambda pair: BY_GROWTH(pair[0]))
    return Monomial(p, s, tuple(kept))


@lru_cache(maxsize=1 << 16)
def power(m: Monomial, a: fmpq) -> Monomial:
    """m^a for a rational a."""
    return exponential([(n, known(c) * rational(a)) for n, c in m.q], m.p * a, m.s * a)


@lru_cache(maxsize=1 << 16)
def ratio(m: Monomial, n: Monomial) -> Monomial:
    """m/n."""
    return product(m, power(n, fmpq(-1)))


@lru_cache(maxsize=1 << 16)
def growth(m: Monomial) -> int:
    """1 when m → ∞, −1 when m → 0, 0 when m = 1."""
    leading = rational(m.p)
    if m.q:
        first, c = m.q[0]
        against_log = growth(ratio(first, LOG))
        if against_log > 0:
            return _sign(known(c))
        if against_log == 0:
            leading += known(c)
        elif m.p == 0:
            return _sign(known(c))
    return _sign(leading) or _sign(rational(m.s))


def _sign(c: Constant) -> int:
    if c.sign is None:
        raise UndecidedError(f"the sign of the rate {c.exact} is not decided")
    return c.sign


def _falling(m: Monomial, n: Monomial) -> int:
    return 0 if m == n else growth(ratio(n, m))


BY_GROWTH = cmp_to_key(_falling)
"""Sorting key: fastest growth first."""


@lru_cache(maxsize=1 << 16)
def value(m: Monomial, radius: fmpq) -> arb:
    """m(R) in balls of the working precision."""
    at = arb(radius)
    result = at ** arb(m.p) if m.p.q != 1 else at ** int(m.p.p)
    if m.s != 0:
        result *= at.log() ** arb(m.s) if m.s.q != 1 else at.log() ** int(m.s.p)
    if m.q:
        result *= sum((known(c).ball * value(n, radius) for n, c in m.q), arb(0)).exp()
    return result


def _slope(m: Monomial) -> dict[Monomial, Constant]:
    """(log m)′ = p/X + s/(X log X) + Q′ as a sum of monomials, each once."""
    total: dict[Monomial, Constant] = {}

    def add(n: Monomial, c: Constant) -> None:
        total[n] = total[n] + c if n in total else c

    add(Monomial(fmpq(-1), fmpq(0)), rational(m.p))
    add(Monomial(fmpq(-1), fmpq(-1)), rational(m.s))
    for n, c in m.q:
        for k, d in _slope(n).items():
            add(product(n, k), known(c) * d)
    return {n: c for n, c in total.items() if c.sign != 0}


@lru_cache(maxsize=1 << 16)
def is_monotone(m: Monomial, radius: fmpq) -> bool:
    """Whether m moves in the sense of its growth on all of [R, ∞), with proof: the leading term of (log m)′
    outweighs there the sum of all others.
    """
    terms = sorted(_slope(m).items(), key=lambda pair: BY_GROWTH(pair[0]))
    if not terms:
        return True
    (lead, c), *rest = terms
    if c.sign != growth(m):  # cannot differ far out; a coefficient that is not decided
        return False
    others = arb(0)
    for n, d in rest:
        if d.sign == c.sign:
            continue
        smaller = ratio(n, lead)
        if not is_monotone(smaller, radius):
            return False
        others += abs(d.ball) * value(smaller, radius)
    return bool(others <= abs(c.ball))


def sup(m: Monomial, radius: fmpq) -> arb:
    """A ball that contains the supremum m(R) of a bounded m over X ≥ R.

    Raises `RadiusError` where m is not proved to fall from R on.
    """
    if m == UNIT:
        return arb(1)
    if growth(m) >= 0 or not is_monotone(m, radius):
        raise RadiusError(f"not proved to fall from {radius} on")
    return value(m, radius)
