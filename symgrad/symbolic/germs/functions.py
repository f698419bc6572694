"""Elementary functions of germs, each with the proof that its expansion holds for all X ≥ R.

Bounded arguments go through Taylor's series at their constant, with Lagrange's remainder in a ball;
unbounded ones through the identities that lead back to e^{−…}, 1/… and log.
"""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp
from flint import arb, fmpq

from symgrad.symbolic.germs.algebra import (
    Germ,
    exp,
    log,
    number,
    raised,
    taylor,
)
from symgrad.symbolic.germs.constants import ONE, ZERO, Constant, constant, interval, rational

__all__ = ["GERM_FUNCTIONS"]

_TWO, _HALF = rational(2), rational(fmpq(1, 2))
_BOTH_SIGNS = interval(arb(0, 1))


def _reciprocal(f: Germ) -> Germ:
    return raised(f, fmpq(-1))


def _sign_of_growth(f: Germ) -> int:
    """±1 where f → ±∞ (with the sign on all of X ≥ R), 0 where every term is bounded."""
    above, _, _ = f.split()
    return f.sign() if above.terms else 0


def _at_constant(f: Germ, coefficients: Callable[[Constant, int], list[Constant]]) -> Germ:
    """g(c + s) = Σ_{j<n} a_j(c) s^j + a_n(ξ) s^n, a_n over the ball of all arguments."""
    _, c, s = f.split()
    n = f.frame.order
    if not s.terms:
        return number(f.frame, coefficients(c, 1)[0])
    around = interval(c.ball + arb(0, 1) * s.bound())
    return taylor(coefficients(c, n), coefficients(around, n + 1)[n].ball, s)


def _circular(at: Constant, n: int, turn: int) -> list[Constant]:
    """Taylor coefficients of sin (turn 0) or cos (turn 1): sin⁽ʲ⁾ = sin(· + jπ/2)."""
    values = [at.apply(sp.sin, arb.sin), at.apply(sp.cos, arb.cos)]
    values += [-value for value in values]
    found, factorial = [], ONE
    for j in range(n):
        factorial = factorial * rational(fmpq(1, j)) if j else ONE
        found.append(values[(j + turn) % 4] * factorial)
    return found


def _sin(f: Germ) -> Germ:
    if f.split()[0].terms:
        return number(f.frame, _BOTH_SIGNS)
    return _at_constant(f, lambda c, n: _circular(c, n, 0))


def _cos(f: Germ) -> Germ:
    if f.split()[0].terms:
        return number(f.frame, _BOTH_SIGNS)
    return _at_constant(f, lambda c, n: _circular(c, n, 1))


def _tan(f: Germ) -> Germ:
    return _sin(f) * _reciprocal(_cos(f))


def _atan_coefficients(at: Constant, n: int) -> list[Constant]:
    """From atan′ = 1/(1 + c² + 2ct + t²): b_j (1 + c²) = −2c b_{j−1} − b_{j−2}."""
    inverse = (ONE + at.squared()).power(fmpq(-1))
    slopes = [inverse]
    for j in range(1, n):
        earlier = slopes[j - 2] if j > 1 else ZERO
        slopes.append(-(_TWO * at * slopes[j - 1] + earlier) * inverse)
    return [at.apply(sp.atan, arb.atan), *(b * rational(fmpq(1, j)) for j, b in enumerate(slopes, 1))][:n]


def _atan(f: Germ) -> Germ:
    sign = _sign_of_growth(f)
    if sign:
        right_angle = number(f.frame, constant(sign * sp.pi / 2))
        return right_angle - _atan(_reciprocal(f))
    return _at_constant(f, _atan_coefficients)


def _erf_coefficients(at: Constant, n: int) -> list[Constant]:
    """From erf′ = g = 2/√π e^{−(c+t)²}, g′ = −2(c + t) g: (j+1) g_{j+1} = −2c g_j − 2 g_{j−1}."""
    slopes = [constant(2 / sp.sqrt(sp.pi)) * (-at.squared()).exp()]
    for j in range(n - 1):
        earlier = slopes[j - 1] if j else ZERO
        slopes.append(-(_TWO * (at * slopes[j] + earlier)) * rational(fmpq(1, j + 1)))
    return [at.apply(sp.erf, arb.erf), *(b * rational(fmpq(1, j)) for j, b in enumerate(slopes, 1))][:n]


def _erf(f: Germ) -> Germ:
    sign = _sign_of_growth(f)
    if sign:
        return number(f.frame, rational(sign)) + _erfc_far(f if sign > 0 else -f).scaled(rational(-sign))
    return _at_constant(f, _erf_coefficients)


def _erfc(f: Germ) -> Germ:
    if _sign_of_growth(f) > 0:
        return _erfc_far(f)
    return number(f.frame, ONE) - _erf(f)


def _erfc_far(f: Germ) -> Germ:
    """erfc(u) = e^{−u²}/(u√π) (Σ_{k<n} (−1)^k (2k−1)!!/(2u²)^k + θ·(the next term)), 0 ≤ θ ≤ 1, for u > 0
    (DLMF 7.12.1: the error is smaller than the first term left out and has its sign).
    """
    t = raised(f * f, fmpq(-1)).scaled(_HALF)
    a, n = [ONE], f.frame.order
    for k in range(1, n + 1):
        a.append(a[-1] * rational(-(2 * k - 1)))
    series = taylor(a[:n], a[n].ball * arb(0).union(arb(1)), t)
    return exp(-(f * f)) * _reciprocal(f).scaled(constant(1 / sp.sqrt(sp.pi))) * series


def _tanh_coefficients(at: Constant, n: int) -> list[Constant]:
    """From tanh′ = 1 − tanh²."""
    found = [at.apply(sp.tanh, arb.tanh)]
    for j in range(n - 1):
        square = sum((found[i] * found[j - i] for i in range(j + 1)), ZERO)
        found.append(((ZERO if j else ONE) + -square) * rational(fmpq(1, j + 1)))
    return found


def _tanh(f: Germ) -> Germ:
    """(1 − w)/(1 + w) with w = e^{−2u} where u → ∞."""
    sign = _sign_of_growth(f)
    if not sign:
        return _at_constant(f, _tanh_coefficients)
    if sign < 0:
        return -_tanh(-f)
    one, w = number(f.frame, ONE), exp(f.scaled(rational(-2)))
    return (one - w) * _reciprocal(one + w)


def _sinh(f: Germ) -> Germ:
    return (exp(f) - exp(-f)).scaled(_HALF)


def _cosh(f: Germ) -> Germ:
    return (exp(f) + exp(-f)).scaled(_HALF)


def _sech(f: Germ) -> Germ:
    return _reciprocal(_cosh(f))


def _asinh(f: Germ) -> Germ:
    if _sign_of_growth(f) < 0:
        return -_asinh(-f)
    return log(f + raised(raised(f, fmpq(2)) + number(f.frame, ONE), fmpq(1, 2)))


def _acosh(f: Germ) -> Germ:
    return log(f + raised(f * f - number(f.frame, ONE), fmpq(1, 2)))


def _atanh(f: Germ) -> Germ:
    one = number(f.frame, ONE)
    return (log(one + f) - log(one - f)).scaled(_HALF)


def _asin(f: Germ) -> Germ:
    """atan(u/√(1 − u²)), also towards u = ±1, where the argument is unbounded."""
    return _atan(f * raised(number(f.frame, ONE) - raised(f, fmpq(2)), fmpq(-1, 2)))


def _acos(f: Germ) -> Germ:
    return number(f.frame, constant(sp.pi / 2)) - _asin(f)


GERM_FUNCTIONS: dict[type, Callable[[Germ], Germ]] = {
    sp.exp: exp,
    sp.log: log,
    sp.sin: _sin,
    sp.cos: _cos,
    sp.tan: _tan,
    sp.sinh: _sinh,
    sp.cosh: _cosh,
    sp.tanh: _tanh,
    sp.sech: _sech,
    sp.asinh: _asinh,
    sp.acosh: _acosh,
    sp.atanh: _atanh,
    sp.asin: _asin,
    sp.acos: _acos,
    sp.atan: _atan,
    sp.erf: _erf,
    sp.erfc: _erfc,
}
"""The germ of f(u) from the germ of u; raises `UndecidedError`, `DomainError` or `NotImplementedError`."""
