"""Rigorous numbers: SymPy expressions evaluated in ball arithmetic (Arb), and decimals that enclose them.

A ball is a midpoint with a radius; every operation returns a ball that contains every possible result. What
is read off a ball (a sign, a decimal enclosure) is therefore proved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import flint
import sympy as sp
from flint import arb

__all__ = ["Enclosure", "ball", "decimals", "enclose", "precision", "sign_of"]

DIGITS = 30
"""Significant digits of a printed decimal."""
_MAX_BITS = 1 << 14

_FUNCTIONS: dict[type, Callable[..., arb]] = {
    sp.exp: arb.exp,
    sp.log: arb.log,
    sp.sin: arb.sin,
    sp.cos: arb.cos,
    sp.tan: arb.tan,
    sp.asin: arb.asin,
    sp.acos: arb.acos,
    sp.atan: arb.atan,
    sp.sinh: arb.sinh,
    sp.cosh: arb.cosh,
    sp.tanh: arb.tanh,
    sp.asinh: arb.asinh,
    sp.acosh: arb.acosh,
    sp.atanh: arb.atanh,
    sp.erf: arb.erf,
    sp.erfc: arb.erfc,
    sp.erfinv: arb.erfinv,
    sp.Abs: abs,
    sp.sign: arb.sgn,
    sp.Heaviside: lambda u, at_zero=None: (1 + u.sgn()) / 2,
    sp.LambertW: arb.lambertw,
    sp.digamma: arb.digamma,
    sp.gamma: arb.gamma,
    sp.Max: lambda *args: _fold(arb.max, args),
    sp.Min: lambda *args: _fold(arb.min, args),
    sp.Add: lambda *args: sum(args, arb(0)),
    sp.Mul: lambda *args: _fold(lambda p, q: p * q, args),
}
_CONSTANTS: dict[sp.Expr, Callable[[], arb]] = {
    sp.pi: arb.pi,
    sp.E: arb.const_e,
    sp.EulerGamma: arb.const_euler,
}


@contextmanager
def precision(bits: int) -> Iterator[None]:
    """Ball arithmetic at `bits` of precision inside the block."""
    before = flint.ctx.prec
    flint.ctx.prec = bits
    try:
        yield
    finally:
        flint.ctx.prec = before


def ball(expr: sp.Basic, values: Mapping[sp.Basic, arb] | None = None) -> arb:
    """A ball that contains the value of `expr` with the symbols inside the balls `values`, at the current
    precision.

    Raises `NotImplementedError` for a construct without a rule (never a guess); an undefined value is an
    indeterminate ball.
    """
    return _ball(sp.sympify(expr, strict=True), dict(values or {}))


def _ball(expr: sp.Basic, memo: dict[sp.Basic, arb]) -> arb:
    known = memo.get(expr)
    if known is not None:
        return known
    result = _evaluate(expr, memo)
    memo[expr] = result
    return result


def _evaluate(expr: sp.Basic, memo: dict[sp.Basic, arb]) -> arb:
    if isinstance(expr, sp.Rational):
        return arb(flint.fmpq(int(expr.p), int(expr.q)))
    if isinstance(expr, sp.Float):
        return _ball(sp.Rational(expr), memo)  # the binary number that it is
    if expr in _CONSTANTS:
        return _CONSTANTS[expr]()
    if isinstance(expr, sp.Pow):
        return _power(expr, memo)
    if isinstance(expr, sp.Piecewise):
        return _piecewise(expr, memo)
    if isinstance(expr, sp.CRootOf) and expr.is_real:
        radius = sp.Rational(1, 1 << flint.ctx.prec)
        return _ball(expr.eval_rational(radius), memo) + arb(0, 1) * _ball(radius, memo)
    rule = _FUNCTIONS.get(expr.func)
    if rule is not None:
        return rule(*(_ball(arg, memo) for arg in expr.args))
    unfolded = expr.doit() if isinstance(expr, sp.Function) else expr
    if unfolded != expr:
        return _ball(unfolded, memo)
    raise NotImplementedError(f"no ball arithmetic for {expr.func.__name__}")


def _power(expr: sp.Pow, memo: dict[sp.Basic, arb]) -> arb:
    base, exponent = expr.as_base_exp() if expr.is_Rational else expr.args
    if base is sp.E:
        return _ball(exponent, memo).exp()
    value = _ball(base, memo)
    if isinstance(exponent, sp.Integer):
        return _integer_power(value, int(exponent))
    if isinstance(exponent, sp.Rational) and exponent.q == 2:
        return value.sqrt() ** int(exponent.p)
    return value ** _ball(exponent, memo)


def _integer_power(value: arb, n: int) -> arb:
    """Arb's own power is undefined for a ball centred at 0."""
    if n > 0 and value.mid() == 0:
        return arb(0, 1) * abs(value).upper() ** n
    return value**n


def _piecewise(expr: sp.Piecewise, memo: dict[sp.Basic, arb]) -> arb:
    """The branch that holds on the whole ball; where that is not certain, the union of all that may."""
    possible: list[arb] = []
    for branch, condition in expr.args:
        holds = _condition(condition, memo)
        if holds is not False:
            possible.append(_ball(branch, memo))
        if holds is True:
            break
    return _fold(arb.union, possible)


def _condition(condition: sp.Basic, memo: dict[sp.Basic, arb]) -> bool | None:
    """True or False where certain on the whole ball, else None."""
    if condition in (sp.true, sp.false):
        return condition is sp.true
    if isinstance(condition, sp.And | sp.Or):
        parts = [_condition(arg, memo) for arg in condition.args]
        decisive = isinstance(condition, sp.Or)
        if decisive in parts:
            return decisive
        return None if None in parts else not decisive
    if isinstance(condition, sp.Not):
        part = _condition(condition.args[0], memo)
        return None if part is None else not part
    lhs, rhs = _ball(condition.lhs, memo), _ball(condition.rhs, memo)
    certain: dict[type, tuple[bool, bool]] = {
        sp.StrictLessThan: (lhs < rhs, lhs >= rhs),
        sp.LessThan: (lhs <= rhs, lhs > rhs),
        sp.StrictGreaterThan: (lhs > rhs, lhs <= rhs),
        sp.GreaterThan: (lhs >= rhs, lhs < rhs),
        sp.Equality: (lhs == rhs, not lhs.overlaps(rhs)),
        sp.Unequality: (not lhs.overlaps(rhs), lhs == rhs),
    }
    true, false = certain[condition.func]
    return True if true else False if false else None


def _fold(operation: Callable[[arb, arb], arb], args: Iterable[arb]) -> arb:
    first, *rest = args
    for arg in rest:
        first = operation(first, arg)
    return first


def sign_of(expr: sp.Expr, values: Mapping[sp.Symbol, sp.Expr] | None = None) -> int:
    """The proved sign −1, 0 or 1 of a number, given exact `values` of its symbols.

    Zero is proved by SymPy's exact arithmetic, the other signs by a ball. Raises `NotImplementedError` when a
    number that is zero to thousands of digits is not proved to be zero.
    """
    number = sp.sympify(expr, strict=True).xreplace(dict(values or {}))
    if number.is_Rational or number.is_infinite:
        return int(sp.sign(number))
    bits = 64
    while bits <= _MAX_BITS:
        with precision(bits):
            value = ball(number)
            if value > 0 or value < 0:
                return 1 if value > 0 else -1
        if bits == 256 and (number.is_zero or sp.simplify(number).is_zero):
            return 0
        bits *= 2
    raise NotImplementedError(f"the sign of {number} is not decided")


@dataclass(frozen=True)
class Enclosure:
    """lower ≤ v ≤ upper, decimal texts at most 10⁻³⁰·max(1, |v|) apart, and v rounded to 30 significant
    digits.
    """

    lower: str
    upper: str
    decimal: str


def enclose(number: sp.Expr, values: Mapping[sp.Basic, Callable[[int], arb]] | None = None) -> Enclosure:
    """Decimals that enclose an exactly given real number.

    `values` maps a named root to a function bits -> ball that contains it. Raises `NotImplementedError` when
    the number cannot be evaluated in balls.
    """
    number = sp.sympify(number, strict=True)
    if number in (sp.oo, -sp.oo):
        text = "oo" if number is sp.oo else "-oo"
        return Enclosure(text, text, text)
    bits = 192
    while bits <= _MAX_BITS:
        with precision(bits):
            value = ball(number, {symbol: at(bits) for symbol, at in (values or {}).items()})
            zero = bits > _MAX_BITS // 8 and abs(value) < arb("1e-40")
            if value.is_finite() and (value.rad() == 0 or value.rel_accuracy_bits() > 130 or zero):
                return decimals(value, number)
        bits *= 2
    raise NotImplementedError(f"no enclosure of {number}")


def decimals(value: arb, number: sp.Expr | None = None) -> Enclosure:
    """Decimals that enclose the ball; `number` is the exact number inside it, if there is one."""
    number = sp.nan if number is None else number
    if number.is_Rational and number == 0:
        return Enclosure("0", "0", "0")
    middle, radius, exponent = (int(part) for part in value.mid_rad_10exp(DIGITS + 6))
    if number.is_Rational and (number.q == 1 or set(sp.factorint(number.q)) <= {2, 5}):
        exact = _text(int(number * 10**DIGITS), -DIGITS) if (number * 10**DIGITS).is_Integer else None
        if exact is not None:
            return Enclosure(exact, exact, _rounded(middle, exponent))
    return Enclosure(
        _text(middle - radius, exponent), _text(middle + radius, exponent), _rounded(middle, exponent)
    )


def _rounded(middle: int, exponent: int) -> str:
    sign, digits = ("-" if middle < 0 else ""), str(abs(middle))
    drop = len(digits) - DIGITS
    if drop > 0:
        quotient, remainder = divmod(int(digits), 10**drop)
        quotient += 2 * remainder >= 10**drop
        carried = quotient == 10**DIGITS  # 99…9 rounded up
        digits, exponent = str(quotient)[:DIGITS], exponent + drop + carried
    else:
        digits, exponent = digits + "0" * -drop, exponent + drop
    return sign + _plain(digits, exponent)


def _text(mantissa: int, exponent: int) -> str:
    """mantissa·10^exponent in full, trailing zeros of a fraction dropped."""
    sign = "-" if mantissa < 0 else ""
    body = _plain(str(abs(mantissa)), exponent)
    if "." in body and "e" not in body:
        body = body.rstrip("0").rstrip(".")
    return sign + body


def _plain(digits: str, exponent: int) -> str:
    point = len(digits) + exponent
    if not -20 < point <= 60:
        return f"{digits[0]}.{digits[1:] or '0'}e{point - 1}"
    if exponent >= 0:
        return digits + "0" * exponent
    digits = digits.rjust(1 - exponent, "0")
    return f"{digits[:exponent]}.{digits[exponent:]}"
