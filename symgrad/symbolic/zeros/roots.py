"""All real zeros of a function on an interval, with the proof that there are no others.

A function is brought to a product of factors; each factor is a power of an exponential (never zero), a
polynomial in x, a polynomial in t = e^{cx}, or a polynomial in both, whose zeros are isolated in ball
arithmetic (`exponential_polynomial`). What fits none of these raises `UnprovedError`: the caller may then
only estimate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce

import sympy as sp
from flint import arb

from symgrad.symbolic.balls import ball, precision, sign_of
from symgrad.symbolic.derivation import Prose
from symgrad.symbolic.letters import u, v
from symgrad.symbolic.named_root import NamedRoot
from symgrad.symbolic.zeros.exponential_polynomial import ExponentialPolynomial, IsolatedZero, as_arb

__all__ = ["NamedRoot", "Root", "UnprovedError", "Zeros", "zeros"]

Values = Mapping[sp.Symbol, sp.Expr]
Names = Iterator[sp.Symbol]


class UnprovedError(NotImplementedError):
    """The zeros of this function are not found with a proof by the methods here."""


@dataclass(frozen=True)
class Root:
    """A zero at x = point; `point` is exact, or an expression in the symbol of `named`."""

    point: sp.Expr
    named: NamedRoot | None = None
    rate: sp.Rational = sp.S.One
    rules: tuple[tuple[sp.Expr, sp.Expr], ...] = ()

    def evaluate(self, f: sp.Expr, x: sp.Symbol) -> sp.Expr:
        """f at this zero, in lowest terms; at a named root its equation has been used to remove the
        exponential.
        """
        if self.named is None:
            return sp.expand(f.subs(x, self.point))
        in_t, _ = _exponential_base(f, x, self.rate)
        return sp.factor(sp.cancel(sp.together(in_t).subs(self.rules)))


@dataclass(frozen=True)
class Zeros:
    """The zeros in the open interval, in order; `why` proves that they are all; `period` when they repeat."""

    roots: tuple[Root, ...]
    why: Prose
    period: sp.Expr | None = None


_T = sp.Symbol("t", positive=True)


def zeros(f: sp.Expr, x: sp.Symbol, lo: sp.Expr, hi: sp.Expr, values: Values | None = None) -> Zeros:
    """All zeros of the smooth function f in the open interval (lo, hi); f is not constant zero.

    Raises `UnprovedError` where no method here proves that the list is complete.
    """
    values = dict(values or {})
    if f.has(sp.sin, sp.cos):
        return _trigonometric(f, x, lo, hi)
    in_t, c = _exponential_base(f, x)
    numerator, denominator = sp.fraction(sp.together(in_t))
    constants, plain = _hide_constants(sp.expand(numerator), x)
    gaussians = {letter for letter, node in constants.items() if node.has(x)}
    constant, factors = sp.factor_list(plain)
    if constant == 0:
        raise UnprovedError("the function is zero everywhere")
    names = iter((u, v))
    found: list[Root] = []
    reasons: list[sp.Expr] = []
    for factor, _ in factors:
        if factor == _T or factor in gaussians:
            continue
        if factor.free_symbols & gaussians:
            raise UnprovedError(f"{factor.xreplace(constants)} mixes a Gaussian with other terms")
        generators = factor.free_symbols & {x, _T}
        factor = factor.xreplace(constants)
        roots: list[Root] = []
        if generators == {x, _T}:
            roots = _mixed(factor, x, c, names)
        elif generators == {x}:
            roots = [Root(root) for root in _polynomial(factor, x, values)]
        elif generators == {_T}:
            logarithms = [t for t in _polynomial(factor, _T, values) if sign_of(t, values) > 0]
            roots = [Root(sp.log(t) / c) for t in logarithms]
        elif sign_of(factor, values) == 0:
            raise UnprovedError("the function is zero everywhere")
        if roots:
            reasons.append(factor.xreplace({_T: sp.exp(c * x)}))
            found += roots
    inside = [root for root in found if _is_inside(root, lo, hi, values)]
    for root in inside if denominator.has(x, _T) else ():
        if _ball_at(root, denominator.xreplace({_T: sp.exp(c * x)}), x, values).contains(0):
            raise UnprovedError(f"numerator and denominator may both vanish at {root.point}")
    return Zeros(tuple(sorted(inside, key=lambda root: _approximate(root, values))), _why(reasons))


def _why(reasons: list[sp.Expr]) -> Prose:
    if not reasons:
        return ("no factor is ever zero",)
    listed: list[str | sp.Basic] = ["the other factors are never zero, and so only"]
    for i, reason in enumerate(reasons):
        listed += ([" and "] if i else [" "]) + [sp.Eq(reason, 0, evaluate=False)]
    return (*listed, " remains" if len(reasons) == 1 else " remain")


def _exponential_base(f: sp.Expr, x: sp.Symbol, c: sp.Rational | None = None) -> tuple[sp.Expr, sp.Rational]:
    """f with every e^{kcx} written t^k, and the rate c > 0 (the largest that makes every k an integer, unless
    given).

    A Gaussian e^{−x²…} stays as it is.
    """
    f = f.doit() if f.has(sp.Function) else f
    f = f.rewrite([sp.tanh, sp.sinh, sp.cosh], sp.exp)
    linear = {}
    for e in f.atoms(sp.exp):
        exponent = sp.expand(e.args[0])
        if exponent.is_polynomial(x) and sp.degree(exponent, x) == 1:
            linear[e] = (exponent.coeff(x, 1), exponent.coeff(x, 0))
    if not linear:
        return f, c or sp.Integer(1)
    if not all(rate.is_Rational for rate, _ in linear.values()):
        raise UnprovedError("rates of the exponentials are not rational")
    c = c or abs(reduce(sp.gcd, [rate for rate, _ in linear.values()]))
    return f.xreplace({e: _T ** (rate / c) * sp.exp(offset) for e, (rate, offset) in linear.items()}), c


def _hide_constants(expr: sp.Expr, x: sp.Symbol) -> tuple[dict[sp.Symbol, sp.Expr], sp.Expr]:
    """Irrational constants and Gaussian factors as letters, so that what is left is a polynomial over the
    rationals.
    """
    hidden: dict[sp.Expr, sp.Symbol] = {}

    def hide(node: sp.Expr) -> sp.Expr:
        if node in (x, _T) or node.is_Rational or isinstance(node, sp.Symbol):
            return node
        if isinstance(node, sp.Add | sp.Mul):
            return node.func(*map(hide, node.args))
        if isinstance(node, sp.Pow) and node.exp.is_Integer and node.exp > 0:
            return hide(node.base) ** node.exp
        gaussian = isinstance(node, sp.exp) and node.args[0].is_polynomial(x)
        if node.has(x, _T) and not gaussian:
            raise UnprovedError(f"{node} is neither polynomial nor exponential")
        return hidden.setdefault(node, sp.Dummy(positive=True))

    plain = hide(expr)
    return {symbol: node for node, symbol in hidden.items()}, plain


def _polynomial(factor: sp.Expr, x: sp.Symbol, values: Values) -> list[sp.Expr]:
    poly = sp.Poly(factor, x)
    if all(c.is_Rational for c in poly.all_coeffs()):
        return list(dict.fromkeys(sp.real_roots(poly)))
    if poly.degree() > 2 or sign_of(poly.LC(), values) == 0:
        raise UnprovedError(f"roots of {factor} with irrational coefficients")
    if poly.degree() == 2 and sign_of(poly.discriminant(), values) < 0:
        return []
    return list(sp.roots(poly))


def _next(names: Names, positive: bool) -> sp.Symbol:
    """The next letter for a zero without a closed form, declared positive where it is."""
    symbol = next(names, None)
    if symbol is None:
        raise UnprovedError("more than two zeros have no closed form")
    return symbol if positive else sp.Symbol(symbol.name, real=True)


def _mixed(factor: sp.Expr, x: sp.Symbol, c: sp.Expr, names: Names) -> list[Root]:
    try:
        poly = sp.Poly(factor, x, _T)
    except sp.PolynomialError:  # an exponential of an exponential
        raise UnprovedError(f"{factor} is not a polynomial in x and {_T}") from None
    if not all(coefficient.is_Rational for coefficient in poly.coeffs()):
        raise UnprovedError(f"{factor} has irrational coefficients")
    try:
        isolated = ExponentialPolynomial(dict(poly.terms()), c).isolate()
    except NotImplementedError as reason:
        raise UnprovedError(f"{factor.xreplace({_T: sp.exp(c * x)})}: {reason}") from None
    if poly.degree(_T) == 1:
        return _named_by_x(poly, x, c, isolated, names)
    if poly.degree(x) == 1:
        return _named_by_t(poly, x, c, isolated, names)
    roots = []
    for zero in isolated:
        symbol = _next(names, zero.lo >= 0)
        equation = _eq(factor.subs({x: symbol, _T: sp.exp(c * symbol)}), 0)
        roots.append(_named(symbol, equation, zero, _times(sp.Integer(1)), symbol, c, ((x, symbol),)))
    return roots


def _named(
    symbol: sp.Symbol,
    equation: sp.Eq,
    zero: IsolatedZero,
    change: Callable[[arb], arb],
    point: sp.Expr,
    rate: sp.Rational,
    rules: tuple[tuple[sp.Expr, sp.Expr], ...],
) -> Root:
    """The zero named by symbol = change(zero), change increasing, between the shortest decimals in its
    isolating interval.
    """

    def value(bits: int) -> arb:
        return change(zero.ball(bits))

    left, right = zero.edges()
    for digits in range(2, 20):
        step = sp.Rational(1, 10**digits)
        lo = int((value(128).mid() * 10**digits).floor().unique_fmpz()) * step
        if change(left) <= as_arb(lo) and as_arb(lo + step) <= change(right):
            return Root(point, NamedRoot(symbol, equation, lo, lo + step, value), rate, rules)
    raise UnprovedError(f"no short decimals separate the root of {equation}")


def _named_by_x(
    poly: sp.Poly, x: sp.Symbol, c: sp.Rational, isolated: tuple[IsolatedZero, ...], names: Names
) -> list[Root]:
    """t = R(x). Where tanh(cx/2) = (R − 1)/(R + 1) is the simpler equation the root is named u = cx/2.

    If that equation is unchanged under x ↦ −x, a negative root is minus its positive mirror image and shares
    its name.
    """
    slope, offset = sp.Poly(poly.as_expr(), _T).all_coeffs()
    ratio = sp.cancel(-offset / slope)
    mean = sp.cancel(((ratio - 1) / (ratio + 1)).subs(x, 2 * u / c))
    half = sp.count_ops(mean) < sp.count_ops(ratio)
    odd = half and sp.cancel(mean + mean.subs(u, -u)) == 0
    factor = c / 2 if half else sp.Integer(1)
    known: list[tuple[sp.Symbol, IsolatedZero]] = []
    roots = []
    for zero in sorted(isolated, key=lambda z: -z.lo):
        mirror = [(s, z) for s, z in known if odd and z.lo < -zero.lo and -zero.hi < z.hi]
        mirrored = len(mirror) == 1
        symbol, source = mirror[0] if mirrored else (_next(names, zero.lo >= 0), zero)
        known.append((symbol, zero))
        point = (-1 if mirrored else 1) * symbol / factor
        if half:
            numerator, denominator = sp.fraction(mean.subs(u, symbol))
            equation = _eq(denominator * sp.tanh(symbol), numerator)
        else:
            equation = _eq(sp.exp(c * symbol), ratio.subs(x, symbol))
        roots.append(_named(symbol, equation, source, _times(factor), point, c, ((_T, ratio), (x, point))))
    return roots


def _named_by_t(
    poly: sp.Poly, x: sp.Symbol, c: sp.Rational, isolated: tuple[IsolatedZero, ...], names: Names
) -> list[Root]:
    """x = R(t): the root is named by its exponential, u = e^{cx}."""
    slope, offset = sp.Poly(poly.as_expr(), x).all_coeffs()
    ratio = sp.cancel(-offset / slope)
    roots = []
    for zero in isolated:
        symbol = _next(names, positive=True)
        equation = _eq(sp.log(symbol), c * ratio.subs(_T, symbol))
        rules = ((x, ratio), (_T, symbol))
        roots.append(
            _named(symbol, equation, zero, lambda b: (b * as_arb(c)).exp(), sp.log(symbol) / c, c, rules)
        )
    return roots


def _times(factor: sp.Rational) -> Callable[[arb], arb]:
    return lambda ball: ball * as_arb(factor)


def _eq(lhs: sp.Expr, rhs: sp.Expr) -> sp.Eq:
    return sp.Eq(lhs, rhs, evaluate=False)


def _trigonometric(f: sp.Expr, x: sp.Symbol, lo: sp.Expr, hi: sp.Expr) -> Zeros:
    """One period of a periodic f, or all of a bounded interval."""
    if lo.is_finite and hi.is_finite:
        found = sp.solveset(f, x, sp.Interval.open(lo, hi))
        if not isinstance(found, sp.FiniteSet) and found is not sp.S.EmptySet:
            raise UnprovedError("the zeros of the interval are not a finite list")
        return Zeros(
            tuple(Root(p) for p in sorted(found, key=float)),
            ("the equation has exactly these solutions here",),
        )
    if lo.is_finite or hi.is_finite:
        raise UnprovedError("the zeros on half of the line are not a whole family")
    period = sp.periodicity(f, x)
    if period is None:
        raise UnprovedError("trigonometric but not periodic")
    found = sp.solveset(f, x, sp.Interval.Ropen(0, period))
    if not isinstance(found, sp.FiniteSet):
        raise UnprovedError("the zeros of one period are not a finite list")
    why: Prose = ("in one period of length ", period, " the equation has exactly these solutions")
    return Zeros(tuple(Root(p) for p in sorted(found, key=float)), why, period)


def _is_inside(root: Root, lo: sp.Expr, hi: sp.Expr, values: Values) -> bool:
    if lo is -sp.oo and hi is sp.oo:
        return True
    if root.named is not None:
        place = sp.Float(_approximate(root, values), 30)
        return bool(lo < place < hi)
    return sign_of(root.point - lo, values) > 0 and sign_of(hi - root.point, values) > 0


def _ball_at(root: Root, f: sp.Expr, x: sp.Symbol, values: Values) -> arb:
    """f at a zero, in balls of 128 bits."""
    with precision(128):
        symbols = {symbol: ball(value) for symbol, value in values.items()}
        if root.named is not None:
            symbols[root.named.symbol] = root.named.ball(128)
        return ball(f, {**symbols, x: ball(root.point, symbols)})


def _approximate(root: Root, values: Values) -> float:
    if root.named is not None:
        middle = sp.Float(root.named.ball(128).str(30, radius=False), 30)
        return float(root.point.subs(root.named.symbol, middle))
    return float(root.point.xreplace(dict(values)))
