"""Taylor coefficients of the elementary functions in ball arithmetic.

Each rule follows the recurrence of the function's differential equation (Griewank & Walther 2008, ch. 13),
started from values that stay tight on wide and on far balls: tanh′ = sech², never 1 − tanh².
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import sympy as sp
from flint import arb

__all__ = [
    "RULES",
    "Rule",
    "Series",
    "convolve",
    "exponential",
    "logistic",
    "rational_power",
    "softplus",
    "whole_power",
]

Series = list[arb]
"""Taylor coefficients f^(j)/j!, that of order 0 first."""
Rule = Callable[[arb, int], Series]
"""(c, n) -> the first n Taylor coefficients of an elementary function at every point of the ball c."""


def convolve(p: Series, q: Series, k: int) -> arb:
    """Coefficient k of the product."""
    total = p[0] * q[k]
    for i in range(1, k + 1):
        total += p[i] * q[k - i]
    return total


# --- values that stay tight on wide balls -----------------------------------------------------------------


def _monotone(f: Callable[[arb], arb]) -> Callable[[arb], arb]:
    """f over a ball from its values at both ends, f monotone."""

    def over(c: arb) -> arb:
        return f(c) if c.rel_accuracy_bits() > 40 else f(c.lower()).union(f(c.upper()))

    return over


def _not_negative(c: arb) -> arb:
    """What of the ball is ≥ 0; a radius is rounded up, so the middle is moved until the lower end is 0."""
    if c >= 0 or not c.is_finite():
        return c
    half = arb(0, 1) * (c.upper() / 2)
    return half + half.rad()


def _exp(c: arb) -> arb:
    return _not_negative(_EXP(c))


_EXP = _monotone(arb.exp)
_LOGISTIC = _monotone(lambda c: 1 / (1 + (-c).exp()))
_SOFTPLUS = _monotone(lambda c: c.exp().log1p())
_LOG, _SQRT, _ERF, _ERFC = (_monotone(f) for f in (arb.log, arb.sqrt, arb.erf, arb.erfc))
_SINH, _TANH, _ATAN, _ASINH = (_monotone(f) for f in (arb.sinh, arb.tanh, arb.atan, arb.asinh))


def _square(c: arb) -> arb:
    if c.rel_accuracy_bits() > 40:
        return c * c
    low, high = c.abs_lower(), c.abs_upper()
    return _not_negative((low * low).union(high * high))


def _inverse(c: arb) -> arb:
    if c.contains(0):
        return arb.nan()
    return 1 / c if c.rel_accuracy_bits() > 40 else (1 / c.lower()).union(1 / c.upper())


def _power(c: arb, p: int) -> arb:
    """c^p for a whole number p."""
    if p == 0:
        return arb(1)
    if p < 0 and c.contains(0):
        return arb.nan()
    if p == 1:
        return c
    if c.rel_accuracy_bits() > 40:
        return c**p
    if p > 0 and p % 2 == 0:
        low, high = c.abs_lower(), c.abs_upper()
        return _not_negative(_product(low, p).union(_product(high, p)))
    ends = _product(c.lower(), abs(p)), _product(c.upper(), abs(p))
    if p < 0:
        return (1 / ends[0]).union(1 / ends[1])
    return _not_negative(ends[0].union(ends[1])) if c >= 0 else ends[0].union(ends[1])


def _product(c: arb, p: int) -> arb:
    """c^p, also for c = 0, which Arb's own power leaves undefined."""
    return c**p if c != 0 else arb(0)


def _even(f: Callable[[arb], arb], c: arb) -> arb:
    """f over a ball, f even and monotone on each half of the line."""
    return f(c) if c.rel_accuracy_bits() > 40 else f(c.abs_lower()).union(f(c.abs_upper()))


# --- the elementary functions -----------------------------------------------------------------------------


def exponential(c: arb, n: int) -> Series:
    """The n first Taylor coefficients of eᵘ at c: e^c/j!."""
    out = [_exp(c)]
    for j in range(1, n):
        out.append(out[-1] / j)
    return out


def _log_rule(c: arb, n: int) -> Series:
    if not c > 0:
        return [arb.nan()] * n
    reciprocal, out, power = _inverse(c), [_LOG(c)], arb(1)
    for j in range(1, n):
        power *= reciprocal
        out.append(power / j if j % 2 else -power / j)
    return out


def rational_power(p: sp.Rational) -> Rule:
    """u^p, p not a whole number, for u > 0."""

    def at(c: arb) -> arb:
        root = _SQRT(c) if p.q == 2 else _exp(_LOG(c) / int(p.q))
        return _power(root, int(p.p))

    def rule(c: arb, n: int) -> Series:
        if not c > 0:
            return [arb.nan()] * n
        reciprocal, out = _inverse(c), [at(c)]
        for j in range(1, n):
            out.append(out[-1] * (int(p.p) - (j - 1) * int(p.q)) / (j * int(p.q)) * reciprocal)
        return out

    return rule


def whole_power(p: int) -> Rule:
    """The rule of uᵖ for a whole p."""

    def rule(c: arb, n: int) -> Series:
        out, binomial = [], 1
        for j in range(n):
            power = _power(c, p - j) if binomial else arb(0)
            out.append(power * binomial if j else power)
            binomial = binomial * (p - j) // (j + 1)
        return out

    return rule


def _sin_rule(c: arb, n: int) -> Series:
    sine, cosine = c.sin_cos()
    return _cycle((sine, cosine, -sine, -cosine), n)


def _cos_rule(c: arb, n: int) -> Series:
    sine, cosine = c.sin_cos()
    return _cycle((cosine, -sine, -cosine, sine), n)


def _sinh_rule(c: arb, n: int) -> Series:
    return _cycle((_SINH(c), _even(arb.cosh, c)), n)


def _cosh_rule(c: arb, n: int) -> Series:
    return _cycle((_even(arb.cosh, c), _SINH(c)), n)


def _cycle(derivatives: Sequence[arb], n: int) -> Series:
    out, factorial = [], 1
    for j in range(n):
        factorial *= j or 1
        out.append(derivatives[j % len(derivatives)] / factorial)
    return out


def _tan_rule(c: arb, n: int) -> Series:
    """T′ = 1 + T²."""
    out = [c.tan()]
    for j in range(n - 1):
        out.append((convolve(out, out, j) if j else 1 + _square(out[0])) / (j + 1))
    return out


def _tanh_rule(c: arb, n: int) -> Series:
    """T′ = S and S′ = −2TS with S = sech²."""
    tanh, sech2 = [_TANH(c)], [_even(lambda v: _power(v.sech(), 2), c)]
    for j in range(n - 1):
        tanh.append(sech2[j] / (j + 1))
        sech2.append(-2 * convolve(tanh, sech2, j) / (j + 1))
    return tanh


def logistic(c: arb, n: int) -> Series:
    """1/(1 + e^{−u}): s′ = S and S′ = S(1 − 2s) with S = sech²(u/2)/4."""
    value = [_LOGISTIC(c)]
    slope = [_even(lambda v: _power((v / 2).sech(), 2) / 4, c)]
    for j in range(n - 1):
        value.append(slope[j] / (j + 1))
        slope.append((slope[j] - 2 * convolve(value, slope, j)) / (j + 1))
    return value[:n]


def softplus(c: arb, n: int) -> Series:
    """log(1 + e^u), whose derivative is 1/(1 + e^{−u})."""
    return [_SOFTPLUS(c), *(term / (j + 1) for j, term in enumerate(logistic(c, n - 1) if n > 1 else []))]


def _erf_rule(c: arb, n: int) -> Series:
    """erf′ = 2/√π g with g = e^{−u²}, g′ = −2ug."""
    out, g = [_ERF(c)], [_exp(-_square(c)) * 2 / arb.pi().sqrt()]
    for j in range(n - 1):
        out.append(g[j] / (j + 1))
        g.append(-2 * (c * g[j] + (g[j - 1] if j else 0)) / (j + 1))
    return out


def _erfc_rule(c: arb, n: int) -> Series:
    return [_ERFC(c), *(-term for term in _erf_rule(c, n)[1:])]


def _quadratic_slope(value: Callable[[arb], arb], a: int, b: int, p: sp.Rational, sign: int = 1) -> Rule:
    """A function with the derivative ±q^p, q = a + bu²: y = q^p solves q y′ = 2pbu y."""
    slope = rational_power(p) if p.q > 1 else whole_power(int(p))
    twice = int(2 * p)

    def rule(c: arb, n: int) -> Series:
        q = a + _square(c) if b > 0 else a - _square(c)
        inverse = _inverse(q)
        y = slope(q, 1)
        for j in range(n - 2):
            before = y[j - 1] if j else arb(0)
            y.append(((twice - 2 * j) * c * y[j] + (twice - j + 1) * before) * b * inverse / (j + 1))
        return [value(c), *(sign * y[j] / (j + 1) for j in range(n - 1))]

    return rule


_HALF = sp.Rational(-1, 2)
RULES: dict[type, Rule] = {
    sp.exp: exponential,
    sp.log: _log_rule,
    sp.sin: _sin_rule,
    sp.cos: _cos_rule,
    sp.tan: _tan_rule,
    sp.sinh: _sinh_rule,
    sp.cosh: _cosh_rule,
    sp.tanh: _tanh_rule,
    sp.erf: _erf_rule,
    sp.erfc: _erfc_rule,
    sp.atan: _quadratic_slope(_ATAN, 1, 1, sp.Integer(-1)),
    sp.asinh: _quadratic_slope(_ASINH, 1, 1, _HALF),
    sp.asin: _quadratic_slope(arb.asin, 1, -1, _HALF),
    sp.acos: _quadratic_slope(arb.acos, 1, -1, _HALF, -1),
    sp.acosh: _quadratic_slope(arb.acosh, -1, 1, _HALF),
    sp.atanh: _quadratic_slope(arb.atanh, 1, -1, sp.Integer(-1)),
}
