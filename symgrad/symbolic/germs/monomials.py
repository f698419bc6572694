"""Monomials of a Hardy field: m(X) = X^p (log X)^s (log log X)^r exp(Q(X)), X → ∞, and their order of growth.

Q is a finite sum of coefficient · monomial whose monomials are unbounded, so e^{−X²/2}, X^X = e^{X log X} and
e^{−e^X} are all monomials. Any two are comparable: one outweighs the other, or they are the same.
"""

from __future__ import annotations

from functools import cmp_to_key, lru_cache
from weakref import WeakValueDictionary

from flint import arb, fmpq

from symgrad.symbolic.germs.constants import Constant, Exact, known, rational

__all__ = [
    "BY_GROWTH",
    "LOG",
    "LOG_LOG",
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


_0, _1 = fmpq(0), fmpq(1)
_BOXES = 40
"""Intervals [R, 2R], [2R, 4R], … on which a monomial may still rise."""


class Monomial:
    """X^p (log X)^s (log log X)^r exp(Σ c·m over the pairs (m, c) of q), the pairs in falling order.

    Equal monomials are one object while they are in use, so that comparing and hashing them costs nothing.
    """

    __slots__ = ("__weakref__", "p", "q", "r", "s")
    p: fmpq
    s: fmpq
    r: fmpq
    q: Exponent

    def __new__(cls, p: fmpq, s: fmpq = _0, r: fmpq = _0, q: Exponent = ()) -> Monomial:
        """The one object of these exponents."""
        powers = tuple(int(part) for number in (p, s, r) for part in (number.p, number.q))
        key = powers, tuple((m, (int(c.p), int(c.q)) if isinstance(c, fmpq) else c) for m, c in q)
        known = _IN_USE.get(key)
        if known is None:
            known = _IN_USE[key] = super().__new__(cls)
            known.p, known.s, known.r, known.q = p, s, r, q
        return known

    def __repr__(self) -> str:
        return f"X^{self.p} log^{self.s} loglog^{self.r} exp{self.q}"


Exponent = tuple[tuple[Monomial, Exact], ...]
_IN_USE: WeakValueDictionary[object, Monomial] = WeakValueDictionary()


UNIT = Monomial(_0)
X = Monomial(_1)
LOG = Monomial(_0, _1)
LOG_LOG = Monomial(_0, _0, _1)


@lru_cache(maxsize=1 << 16)
def product(m: Monomial, n: Monomial) -> Monomial:
    """m·n."""
    if not m.q and not n.q:
        return Monomial(m.p + n.p, m.s + n.s, m.r + n.r)
    algebraic = Monomial(m.p + n.p, m.s + n.s, m.r + n.r)
    return exponential([(a, known(c)) for a, c in m.q + n.q], algebraic)


def exponential(exponent: list[tuple[Monomial, Constant]], factor: Monomial = UNIT) -> Monomial:
    """factor·exp(Σ c·m), the factor without an exponential; rational multiples of log X and log log X become
    powers.
    """
    p, s, r = factor.p, factor.s, factor.r
    total: dict[Monomial, Constant] = {}
    for m, c in exponent:
        total[m] = total[m] + c if m in total else c
    for m, c in list(total.items()):
        if m in (LOG, LOG_LOG) and isinstance(c.exact, fmpq):
            p, s = (p + c.exact, s) if m == LOG else (p, s + c.exact)
            del total[m]
    kept = [(m, c.exact) for m, c in total.items() if c.exact is not None and c.sign != 0]
    assert all(c.exact is not None for c in total.values()), "exponents are exact"
    if len(kept) > 1:
        kept.sort(key=lambda pair: BY_GROWTH(pair[0]))
    return Monomial(p, s, r, tuple(kept))


@lru_cache(maxsize=1 << 16)
def power(m: Monomial, a: fmpq) -> Monomial:
    """m^a for a rational a."""
    return exponential([(n, known(c) * rational(a)) for n, c in m.q], Monomial(m.p * a, m.s * a, m.r * a))


@lru_cache(maxsize=1 << 16)
def ratio(m: Monomial, n: Monomial) -> Monomial:
    """m/n."""
    return product(m, power(n, fmpq(-1)))


@lru_cache(maxsize=1 << 16)
def growth(m: Monomial) -> int:
    """1 when m → ∞, −1 when m → 0, 0 when m = 1."""
    logarithm = [(LOG, rational(m.p)), (LOG_LOG, rational(m.s)), *((n, known(c)) for n, c in m.q)]
    total: dict[Monomial, Constant] = {}
    for n, c in logarithm:
        total[n] = total[n] + c if n in total else c
    terms = [(n, c) for n, c in total.items() if c.sign != 0]
    if not terms:
        return _sign(rational(m.r))
    lead = terms[0]
    for term in terms[1:]:
        lead = term if growth(ratio(term[0], lead[0])) > 0 else lead
    return _sign(lead[1])


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
    return _over(m, arb(radius))


def _over(m: Monomial, at: arb) -> arb:
    result = at ** arb(m.p) if m.p.q != 1 else at ** int(m.p.p)
    if m.s != 0:
        result *= at.log() ** arb(m.s) if m.s.q != 1 else at.log() ** int(m.s.p)
    if m.r != 0:
        result *= at.log().log() ** arb(m.r)
    if m.q:
        result *= sum((known(c).ball * _over(n, at) for n, c in m.q), arb(0)).exp()
    return result


def _slope(m: Monomial) -> dict[Monomial, Constant]:
    """(log m)′ = p/X + s/(X log X) + r/(X log X log log X) + Q′ as a sum of monomials, each once."""
    total: dict[Monomial, Constant] = {}

    def add(n: Monomial, c: Constant) -> None:
        total[n] = total[n] + c if n in total else c

    add(Monomial(-_1), rational(m.p))
    add(Monomial(-_1, -_1), rational(m.s))
    add(Monomial(-_1, -_1, -_1), rational(m.r))
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


@lru_cache(maxsize=1 << 16)
def sup(m: Monomial, radius: fmpq) -> arb:
    """An upper bound of a bounded m over X ≥ R: m(R) where m falls from R on, else the
    largest of its values on a few boxes [R, 2R], [2R, 4R], … up to where it falls.

    Raises `RadiusError` where m is not proved to fall soon.
    """
    if m == UNIT:
        return arb(1)
    if growth(m) >= 0:
        raise RadiusError("a term is not bounded")
    largest = arb(0)
    for _ in range(_BOXES):
        if is_monotone(m, radius):
            return largest.max(value(m, radius)).upper()
        largest = largest.max(_over(m, arb(radius).union(arb(2 * radius))))
        radius *= 2
    raise RadiusError(f"not proved to fall from {radius} on")
