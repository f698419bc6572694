"""Gaussian integrals in closed form, by rules.

A term c·xⁿ·exp(αx² + βx)·∏ erf(aᵢx + bᵢ) is integrated against the density of N(0, q) over an interval. The
square is completed, so that the exponential only moves the Gaussian to mean m and variance s; Stein's
identity ∫ x g N = m ∫ g N + s ∫ g′ N − s [g N] lowers n and turns every erf into an exponential of the
same kind. What is left are the integrals of `_last`. Sines and cosines are exponentials with imaginary β.
A term that does not end there raises `NotImplementedError`: nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import sympy as sp

from symgrad.symbolic.balls import sign_of
from symgrad.symbolic.calculus.pieces import Piece

__all__ = ["closed_mean"]

Values = Mapping[sp.Symbol, sp.Expr]
HALF = sp.Rational(1, 2)
LARGEST = 200
"""Terms of one piece beyond which no closed form is looked for: nobody would read it."""
_EXPONENTIAL = (sp.sinh, sp.cosh, sp.sin, sp.cos)


@dataclass(frozen=True)
class Term:
    """c·xⁿ·exp(square·x² + linear·x)·∏ erf(a·x + b), `erfs` the pairs (a, b)."""

    c: sp.Expr
    n: sp.Expr = sp.S.Zero
    square: sp.Expr = sp.S.Zero
    linear: sp.Expr = sp.S.Zero
    erfs: tuple[tuple[sp.Expr, sp.Expr], ...] = ()


@dataclass(frozen=True)
class Span:
    """The interval (lo, hi), the variance q of the weight, and values of the letters where a sign
    decides."""

    lo: sp.Expr
    hi: sp.Expr
    q: sp.Expr
    values: Values

    @property
    def line(self) -> bool:
        """Whether it is the whole line."""
        return self.lo is -sp.oo and self.hi is sp.oo

    @property
    def half(self) -> bool:
        """Whether it is (0, ∞)."""
        return bool(self.lo == 0) and self.hi is sp.oo

    @property
    def symmetric(self) -> bool:
        """Whether it is its own mirror image."""
        return self.line or bool(sp.expand(self.lo + self.hi) == 0)


def closed_mean(parts: Iterable[Piece], x: sp.Symbol, q: sp.Expr, values: Values) -> sp.Expr:
    """E f(x) for x ~ N(0, q), f given by its smooth pieces; letters stay, `values` (q's too if it is one)
    decide signs.

    Raises `NotImplementedError` where the rules do not reach.
    """
    total: list[sp.Expr] = []
    for part in parts:
        lo, hi, expr = part.lo, part.hi, part.expr
        if expr == 0:
            continue
        if hi is not sp.oo and sign_of(hi, values) <= 0:
            lo, hi, expr = -hi, -lo, expr.subs(x, -x)
        if sign_of(lo, values) >= 0:  # powers of a positive number simplify
            positive = sp.Symbol("t", positive=True)
            expr = expr.subs(x, positive)
        else:
            positive = x
        span = Span(lo, hi, q, values)
        if expr.is_rational_function(positive) and not expr.is_polynomial(positive):
            total.append(_rational(expr, positive, span))
        else:
            total += [_integral(term, span) for term in _terms(expr, positive)]
    return _written(sp.Add(*total))


def _rational(expr: sp.Expr, x: sp.Symbol, span: Span) -> sp.Expr:
    """E of a rational function over the line, or of an even one over x > 0, by partial fractions: what is
    not a polynomial must be c/(a x² + b)ᵏ with a, b > 0, or that times x, which is odd.
    """
    even = bool(sp.cancel(expr - expr.subs(x, -x)) == 0)
    if not (span.line or (span.half and even)):
        raise NotImplementedError("no closed Gaussian integral of a rational function on a part of the line")
    share = HALF if span.half else sp.S.One
    polynomial, total = sp.S.Zero, sp.S.Zero
    for term in sp.Add.make_args(sp.apart(expr, x)):
        numerator, denominator = sp.fraction(term)
        if not denominator.has(x):
            polynomial += term
            continue
        base, power = denominator.as_independent(x, as_Add=False)[1].as_base_exp()
        scale = numerator * base**power / denominator
        square, linear, constant = (_polynomial(base, x, 2).coeff_monomial(x**k) for k in (2, 1, 0))
        if square == 0 or linear != 0 or sign_of(constant / square, span.values) <= 0:
            raise NotImplementedError(f"no closed Gaussian integral of {term}")
        even_part = sp.Poly(sp.cancel(scale), x).coeff_monomial(1)
        total += even_part * _inverse_power(constant / square, int(power), span.q) / square**power
    if polynomial != 0:
        total += sp.Add(*(_integral(term, replace(span, lo=-sp.oo)) for term in _terms(polynomial, x)))
    return share * total


def _inverse_power(c: sp.Expr, k: int, q: sp.Expr) -> sp.Expr:
    """E (x² + c)^(−k): for k = 1 known, and each derivative by c raises k."""
    level = sp.Symbol("c", positive=True)
    first = sp.sqrt(sp.pi / (2 * q * level)) * sp.exp(level / (2 * q)) * sp.erfc(sp.sqrt(level / (2 * q)))
    return (sp.diff(first, level, k - 1) * (-1) ** (k - 1) / sp.factorial(k - 1)).subs(level, c)


def _written(total: sp.Expr) -> sp.Expr:
    """The shortest of a few equal forms, real where imaginary exponentials met."""
    if total.has(sp.I):
        total = sp.expand(sp.expand(total, complex=True))
        if total.has(sp.I):
            raise NotImplementedError("an imaginary part is left")
    forms = [total, sp.expand(total), sp.factor_terms(sp.expand(total)), sp.collect(sp.expand(total), sp.pi)]
    if total.count_ops() < LARGEST:
        forms.append(sp.factor_terms(sp.radsimp(sp.expand(total))))
    return min(forms, key=sp.count_ops)


def _terms(expr: sp.Expr, x: sp.Symbol) -> Iterator[Term]:
    expr = expr.replace(sp.erfc, lambda arg: 1 - sp.erf(arg))
    if expr.has(*_EXPONENTIAL):
        expr = expr.rewrite(_EXPONENTIAL, sp.exp)
    terms = sp.Add.make_args(sp.expand(expr))
    if len(terms) > LARGEST:
        raise NotImplementedError("too many terms for a closed form")
    for term in terms:
        c, rest = term.as_independent(x, as_Add=False)
        found = Term(c)
        for factor in sp.Mul.make_args(rest) if rest != 1 else ():
            found = _times(found, factor, x)
        yield found


def _times(term: Term, factor: sp.Expr, x: sp.Symbol) -> Term:
    base, power = factor.as_base_exp()
    if isinstance(factor, sp.exp):
        poly = _polynomial(factor.args[0], x, 2)
        square, linear, constant = (poly.coeff_monomial(x**k) for k in (2, 1, 0))
        return replace(
            term, c=term.c * sp.exp(constant), square=term.square + square, linear=term.linear + linear
        )
    if base == x and power.is_Rational:
        return replace(term, n=term.n + power)
    if isinstance(base, sp.erf) and power.is_Integer and power > 0:
        poly = _polynomial(base.args[0], x, 1)
        pair = (poly.coeff_monomial(x), poly.coeff_monomial(1))
        return replace(term, erfs=term.erfs + (pair,) * int(power))
    raise NotImplementedError(f"no closed Gaussian integral of {factor}")


def _polynomial(expr: sp.Expr, x: sp.Symbol, degree: int) -> sp.Poly:
    poly = sp.Poly(expr, x) if expr.is_polynomial(x) else None
    if poly is None or poly.degree() > degree:
        raise NotImplementedError(f"no closed Gaussian integral with {expr} inside")
    return poly


def _integral(term: Term, span: Span) -> sp.Expr:
    """∫ term · N(x; 0, q) dx over the span."""
    narrowing = 1 - 2 * term.square * span.q
    if sign_of(narrowing, span.values) <= 0:
        raise NotImplementedError("the exponential outgrows the Gaussian")
    s = sp.cancel(span.q / narrowing)
    m = sp.expand(term.linear * s)
    scale = term.c * sp.exp(sp.expand(term.linear * m / 2)) / sp.sqrt(sp.cancel(narrowing))
    centred = m == 0 and all(b == 0 for _, b in term.erfs)
    if centred and span.symmetric and term.n.is_Integer and (term.n + len(term.erfs)) % 2:
        return sp.S.Zero
    if not (term.n.is_Integer and term.n >= 0):
        return scale * _fractional(term, span, m, s)
    if term.n == 0:
        return scale * _last(term.erfs, span, m, s)
    lower = replace(term, n=term.n - 1)
    result = m * _integral(lower, span) - scale * s * _boundary(replace(lower, c=sp.S.One), span, m, s)
    if term.n > 1:
        result += s * (term.n - 1) * _integral(replace(term, n=term.n - 2), span)
    for i, (a, b) in enumerate(term.erfs):
        others = term.erfs[:i] + term.erfs[i + 1 :]
        slope = 2 * a * sp.exp(-(b**2)) / sp.sqrt(sp.pi)
        result += s * _integral(
            Term(term.c * slope, lower.n, term.square - a**2, term.linear - 2 * a * b, others), span
        )
    return result


def _boundary(g: Term, span: Span, m: sp.Expr, s: sp.Expr) -> sp.Expr:
    """[g(x) N(x; m, s)] between the ends of the span, for the xⁿ and erf factors of g."""
    total = sp.S.Zero
    for end, sign in ((span.hi, 1), (span.lo, -1)):
        if end.is_finite:
            value = end**g.n * sp.Mul(*(sp.erf(a * end + b) for a, b in g.erfs))
            density = sp.exp(-sp.expand((end - m) ** 2) / (2 * s)) / sp.sqrt(2 * sp.pi * s)
            total += sign * value * density
    return total


def _last(erfs: tuple[tuple[sp.Expr, sp.Expr], ...], span: Span, m: sp.Expr, s: sp.Expr) -> sp.Expr:
    """E of a product of error functions on the span, x ~ N(m, s): nothing, one or two of them."""
    if not erfs:
        return _share(span, m, s)
    centred = m == 0 and all(b == 0 for _, b in erfs)
    share = sp.S.One if span.line else HALF
    if len(erfs) == 1 and span.line:
        ((a, b),) = erfs
        return sp.erf((a * m + b) / sp.sqrt(1 + 2 * a**2 * s))
    if len(erfs) == 1 and span.half and centred:
        return sp.atan(erfs[0][0] * sp.sqrt(2 * s)) / sp.pi
    if len(erfs) == 2 and centred and (span.line or span.half):  # Williams 1997; asin v = atan(v/√(1 − v²))
        (a, _), (c, _) = erfs
        return share * 2 / sp.pi * sp.atan(2 * a * c * s / sp.sqrt(sp.cancel(1 + 2 * (a**2 + c**2) * s)))
    raise NotImplementedError("no closed Gaussian integral of these error functions")


def _share(span: Span, m: sp.Expr, s: sp.Expr) -> sp.Expr:
    """P(lo < x < hi) for x ~ N(m, s)."""
    if span.line:
        return sp.S.One
    if m.has(sp.I):
        raise NotImplementedError("no closed integral of a wave over a part of the line")
    lo, hi = ((end - m) / sp.sqrt(2 * s) if end.is_finite else end for end in (span.lo, span.hi))
    if hi is sp.oo:
        return sp.erfc(lo) / 2
    if lo is -sp.oo:
        return sp.erfc(-hi) / 2
    return (sp.erf(hi) - sp.erf(lo)) / 2


def _fractional(term: Term, span: Span, m: sp.Expr, s: sp.Expr) -> sp.Expr:
    """E xⁿ over x > 0 for a rational n > −1."""
    if not (span.half and m == 0 and not term.erfs and term.n > -1):
        raise NotImplementedError("no closed integral of this power")
    return (2 * s) ** (term.n / 2) * sp.gamma((term.n + 1) / 2) / (2 * sp.sqrt(sp.pi))
