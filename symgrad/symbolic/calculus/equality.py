"""Proof that two expressions are equal wherever both are defined, or a witness that they differ."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import sympy as sp
from sympy.core.function import AppliedUndef
from sympy.core.relational import Relational

from symgrad.errors import RefutedError
from symgrad.symbolic.balls import sign_of
from symgrad.symbolic.calculus.elementary import BRANCHING
from symgrad.symbolic.calculus.normal_form import NormalForms, Undecided
from symgrad.symbolic.calculus.pieces import Piece, breakpoints
from symgrad.symbolic.calculus.textbook import unfold

__all__ = ["UndecidedError", "prove_equal"]

DIGITS = 50
T = sp.Dummy("t")
NESTED = 60
"""Operations of a nested root whose minimal polynomial is still asked for."""
UNEVALUATED = (sp.Derivative, sp.Integral, sp.Limit, sp.Subs)
SAMPLES = tuple(
    sp.Rational(p, q) for p, q in ((1, 3), (-2, 3), (5, 2), (-7, 2), (29, 3), (-40, 3), (101, 1), (0, 1))
)


class UndecidedError(RefutedError):
    """Equality was neither proved nor refuted."""


def prove_equal(lhs: sp.Basic | sp.MatrixBase, rhs: sp.Basic | sp.MatrixBase) -> str:
    """Prove lhs = rhs for all real values of the symbols where both are defined; says how, as a short clause.

    Matrices entry by entry; expressions with Piecewise, |·|, sign, max, min branch by branch, joints
    included; then the difference is reduced to 0 as a rational function of generators (`NormalForms`).
    Applied functions without a definition, indexed symbols and products over a symbolic range are generators
    too. "Defined" means that every root and logarithm in the sides is real. Raises `RefutedError` with a
    point where the sides differ (compared to 50 digits), or `UndecidedError` with the reason.
    """
    if isinstance(lhs, sp.MatrixBase) and isinstance(rhs, sp.MatrixBase):
        if lhs.shape != rhs.shape:
            raise RefutedError(f"a matrix of shape {lhs.shape} is not one of shape {rhs.shape}")
        ways = dict.fromkeys(prove_equal(p, q) for p, q in zip(lhs.flat(), rhs.flat(), strict=True))
        return f"entry by entry: {'; '.join(ways)}"
    if lhs == rhs:
        return "both sides are the same expression"
    if not isinstance(lhs, sp.Expr) or not isinstance(rhs, sp.Expr):
        raise UndecidedError(f"not decided: {lhs} = {rhs} is not an equation between numbers")
    if not (lhs.is_commutative and rhs.is_commutative):
        difference = sp.expand((lhs - rhs).doit())
        if difference == 0 or difference.is_zero:
            return "multiplied out with the order of the factors kept"
        raise UndecidedError(f"not decided: {lhs} = {rhs} (the factors do not commute)")
    start = _Branch(_unfolded(lhs), _unfolded(rhs))
    tried: list[dict[sp.Symbol, sp.Expr]] = []
    try:
        return _prove(start, tried)
    except Undecided as why:
        witness = _witness(start.lhs, start.rhs, tried)
        if witness:
            raise RefutedError(f"{lhs} = {rhs} is false: {witness}") from None
        raise UndecidedError(f"not decided: {lhs} = {rhs} ({why})") from None


def _unfolded(side: sp.Expr) -> sp.Expr:
    """Derivatives carried out, named functions replaced by their definitions, |uv| = |u||v|."""
    side = unfold(side)
    side = side.doit() if side.has(*UNEVALUATED) else side
    for f in side.atoms(sp.Abs, sp.sign):
        if f.args[0].is_Mul:
            side = side.xreplace({f: sp.Mul(*map(f.func, f.args[0].args))})
    return side


@dataclass(frozen=True)
class _Branch:
    """Both sides as they stand on one place: an interval for each symbol split so far, and relations."""

    lhs: sp.Expr
    rhs: sp.Expr
    within: Mapping[sp.Symbol, tuple[sp.Expr, sp.Expr]] = field(default_factory=dict)
    where: tuple[str, ...] = ()
    thin: bool = False
    """Whether the place has no interior."""

    def interval(self, x: sp.Symbol) -> tuple[sp.Expr, sp.Expr]:
        return self.within.get(x, (sp.S.Zero if x.is_positive else -sp.oo, sp.oo))

    def decided(self, switch: sp.Expr, sign: int) -> _Branch:
        """What hangs on the sign of `switch` replaced by what it is for that sign."""
        return replace(self, lhs=_decided(self.lhs, switch, sign), rhs=_decided(self.rhs, switch, sign))

    def put(self, old: sp.Expr, new: sp.Expr) -> _Branch:
        """`new` for `old` in both sides."""
        return replace(self, lhs=self.lhs.subs(old, new), rhs=self.rhs.subs(old, new))


def _prove(start: _Branch, tried: list[dict[sp.Symbol, sp.Expr]]) -> str:
    if not start.lhs.has(*BRANCHING) and not start.rhs.has(*BRANCHING):
        return _smooth(start.lhs, start.rhs)
    proved, places = [], []
    for branch in _branches(start, tried):
        place = ", ".join((*branch.where, *(f"{s} in ({lo}, {hi})" for s, (lo, hi) in branch.within.items())))
        undefined = [side.has(sp.nan, sp.zoo) for side in (branch.lhs, branch.rhs)]
        if all(undefined) or (any(undefined) and branch.thin):
            continue
        if any(undefined):
            raise Undecided(f"one side is not defined for {place}")
        proved.append(_smooth(branch.lhs, branch.rhs))
        places.append(place)
    if not proved:
        raise Undecided("the sides are nowhere both defined")
    return f"branch by branch, {'; '.join(places)}: {', '.join(dict.fromkeys(proved))}"


def _smooth(lhs: sp.Expr, rhs: sp.Expr) -> str:
    if lhs == rhs:
        return "both sides are the same expression"
    if lhs.has(sp.Float) or rhs.has(sp.Float):
        raise Undecided("a floating-point number is not exact")
    difference = lhs - rhs
    if NormalForms().is_zero(difference):
        return "normal forms agree"
    if (
        difference.is_number
        and difference.is_algebraic
        and sp.count_ops(difference) < NESTED
        and sp.minimal_polynomial(difference, T) == T
    ):
        return "the minimal polynomial of the difference is t"
    raise Undecided("the difference does not reduce to 0")


def _branches(branch: _Branch, tried: list[dict[sp.Symbol, sp.Expr]]) -> Iterator[_Branch]:
    """The places on which every switch is decided; points that stand for them are added to `tried`."""
    switch = _switch(sp.Tuple(branch.lhs, branch.rhs))
    if switch is None:
        yield branch
        return
    known = _sign(switch)
    if known is not None:
        yield from _branches(branch.decided(switch, known), tried)
        return
    if _undefined(switch):
        return
    x = min(switch.free_symbols, key=str)
    found = _roots(switch, x) if switch.free_symbols == {x} and x.is_extended_real else None
    if found is None:
        yield from _by_sign(branch, switch, tried)
        return
    lo, hi = branch.interval(x)
    zeros = sorted({root for root in found if lo < root < hi})
    for zero in zeros:
        tried.append({x: zero})
        here = replace(branch, where=(*branch.where, f"{x} = {zero}"), thin=True)
        yield from _branches(here.put(x, zero), tried)
    for start, end in itertools.pairwise((lo, *zeros, hi)):
        at = Piece(start, end, switch).inside()
        if _undefined(switch.xreplace({x: at})):
            continue
        tried.append({x: at})
        inside = replace(branch, within={**branch.within, x: (start, end)})
        yield from _branches(inside.decided(switch, sign_of(switch, {x: at})), tried)


def _undefined(switch: sp.Expr) -> bool:
    """Whether a switch without a letter has no sign: the sides are not defined there."""
    return switch.has(sp.zoo, sp.nan) or switch.is_extended_real is False


def _roots(switch: sp.Expr, x: sp.Symbol) -> Sequence[sp.Expr] | None:
    """The points where it may change its sign; None where they are not found exactly."""
    if not switch.is_polynomial(x):
        try:
            return breakpoints(sp.sign(switch), x)
        except NotImplementedError:
            return None
    poly = sp.Poly(switch, x, extension=True)
    if poly.degree() == 1:
        slope, offset = poly.all_coeffs()
        return [-offset / slope]
    return sp.real_roots(poly)


def _by_sign(branch: _Branch, switch: sp.Expr, tried: list[dict[sp.Symbol, sp.Expr]]) -> Iterator[_Branch]:
    """The three signs of a switch whose zeros are not known: more may be asked than can happen."""
    for sign, relation in ((-1, "<"), (1, ">"), (0, "=")):
        where = (*branch.where, f"{switch} {relation} 0")
        now = replace(branch, where=where, thin=branch.thin or sign == 0).decided(switch, sign)
        if sign == 0:
            linear = [s for s in switch.free_symbols if switch.is_polynomial(s) and switch.diff(s).is_number]
            root = sp.expand(linear[0] - switch / switch.diff(linear[0])) if linear else sp.S.Zero
            now = now.put(linear[0] if linear else switch, root)
        yield from _branches(now, tried)


def _switch(sides: sp.Tuple) -> sp.Expr | None:
    """An expression whose sign decides a branch and that has no branches itself."""
    for node in sp.preorder_traversal(sides):
        if isinstance(node, sp.Abs | sp.sign | sp.Heaviside | sp.DiracDelta):
            switch = node.args[0]
        elif isinstance(node, sp.Max | sp.Min):
            switch = node.args[0] - node.args[1]
        elif isinstance(node, Relational):
            switch = node.lhs - node.rhs
        else:
            continue
        if not switch.has(*BRANCHING):
            return switch
    return None


def _decided(side: sp.Expr, switch: sp.Expr, sign: int) -> sp.Expr:
    """The side with each function or condition that hangs on `switch`, or on what is its negative, replaced
    by what it is for that sign."""
    return _settled(_settled(side, switch, sign), -switch, -sign)


def _settled(side: sp.Expr, switch: sp.Expr, sign: int) -> sp.Expr:
    found = {}
    for node in sp.preorder_traversal(side):
        if isinstance(node, sp.Abs) and node.args[0] == switch:
            found[node] = sign * switch
        elif isinstance(node, sp.sign) and node.args[0] == switch:
            found[node] = sp.Integer(sign)
        elif isinstance(node, sp.Heaviside) and node.args[0] == switch:
            found[node] = sp.Rational(1 + sign, 2)
        elif isinstance(node, sp.DiracDelta) and node.args[0] == switch:
            found[node] = sp.S.Zero if sign else sp.nan
        elif isinstance(node, sp.Max | sp.Min) and node.args[0] - node.args[1] == switch:
            larger = (sign >= 0) == isinstance(node, sp.Max)
            found[node] = node.func(node.args[0 if larger else 1], *node.args[2:])
        elif isinstance(node, Relational) and node.lhs - node.rhs == switch:
            found[node] = sp.sympify(node.func(sp.Integer(sign), 0), strict=True)
    return _settled(side.xreplace(found), switch, sign) if found else side


def _sign(value: sp.Expr) -> int | None:
    """The sign, where SymPy's assumptions prove it."""
    if value.is_zero:
        return 0
    return 1 if value.is_positive else -1 if value.is_negative else None


def _witness(lhs: sp.Expr, rhs: sp.Expr, tried: list[dict[sp.Symbol, sp.Expr]]) -> str | None:
    """A point where both sides are real numbers that differ, by evaluation to 50 digits."""
    sides = sp.Tuple(lhs, rhs)
    labels = {base.label for base in sides.atoms(sp.IndexedBase)}
    symbols = sorted((s for s in sides.free_symbols - labels if s.is_Symbol), key=str)
    for k, sample in enumerate(SAMPLES):
        for point in ({}, *tried) if k < 3 else ({},):
            values = {s: point.get(s, _admissible(s, sample, k + i)) for i, s in enumerate(symbols)}
            left, right = (side.subs(values).doit() for side in (lhs, rhs))
            unknown = sorted(filter(_nameless, (left + right).atoms(sp.Function, sp.Indexed)), key=str)
            chosen = {f: sp.Rational(2 * i + 3, 3 * i + 7) for i, f in enumerate(unknown)}
            p, q = (side.xreplace(chosen).evalf(DIGITS + 10) for side in (left, right))
            exact = all(number.is_Float or number.is_Rational for number in (p, q))
            if exact and abs(p - q) > sp.Float(10, 20) ** (5 - DIGITS) * max(1, abs(p)):
                at = ", ".join(f"{s} = {v}" for s, v in {**values, **chosen}.items())
                return f"at {at} the sides are {p.n(20)} and {q.n(20)}, they differ by {(p - q).n(5)}"
    return None


def _admissible(symbol: sp.Symbol, sample: sp.Rational, k: int) -> sp.Expr:
    if symbol.is_integer:
        return sp.Integer(k + 2)
    return abs(sample) + sp.Rational(k, 7) if symbol.is_nonnegative else sample + sp.Rational(k, 7)


def _nameless(node: sp.Expr) -> bool:
    """An applied function or indexed symbol that has no value of its own."""
    return isinstance(node, AppliedUndef | sp.Indexed) or not type(node).__module__.startswith("sympy.")
