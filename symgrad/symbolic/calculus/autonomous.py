r"""φ′ as a function of φ: find g with φ′ = g(φ), or prove that there is none.

Where φ is injective on each smooth piece and the pieces have disjoint images, y = φ(x) is solved for x and
put into φ′. If φ′ takes both signs inside a smooth piece there is no g: between the two points φ turns, near
the turning point it takes the same values falling and rising, so g would be both ≤ 0 and ≥ 0 there, hence φ
would be constant.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import sympy as sp

from symgrad.errors import RefutedError
from symgrad.symbolic.balls import sign_of
from symgrad.symbolic.calculus.differentiate import Differentiation, differentiate, one_sided
from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.symbolic.calculus.pieces import Piece, pieces
from symgrad.symbolic.calculus.rules import tree
from symgrad.symbolic.calculus.textbook import textbook, unfold
from symgrad.symbolic.derivation import Prose, Step
from symgrad.symbolic.letters import y
from symgrad.symbolic.notation import dphi as slope_name
from symgrad.symbolic.notation import phi as general

__all__ = ["Autonomous", "NotAutonomous", "Undetermined", "autonomous"]

INJECTIVE = {
    sp.exp: sp.log,
    sp.log: sp.exp,
    sp.tanh: sp.atanh,
    sp.atanh: sp.tanh,
    sp.sinh: sp.asinh,
    sp.asinh: sp.sinh,
    sp.atan: sp.tan,
    sp.asin: sp.sin,
    sp.erf: sp.erfinv,
}
"""f ↦ f⁻¹ for functions that are injective where they are real."""

EVERYWHERE = (sp.exp, sp.sin, sp.cos, sp.sinh, sp.cosh, sp.tanh, sp.atan, sp.asinh, sp.erf, sp.erfc)
"""Functions that are smooth on the whole line."""
POINTS = (
    *(sp.Integer(k) for k in (0, 1, -1, 2, -2, 3, -3, 4, -4, 5, -5)),
    sp.pi,
    -sp.pi,
    sp.Rational(1, 2),
    -sp.Rational(1, 2),
)


@dataclass(frozen=True)
class Autonomous:
    """φ′ = g(φ): `g` in the letter y, `domain` the range of φ (g has no value where φ′ has none), checked
    steps, one line of prose."""

    g: sp.Expr
    domain: sp.Set
    steps: tuple[Step, ...]
    summary: Prose


@dataclass(frozen=True)
class NotAutonomous:
    """φ′ is not a function of φ: two points that show it, the checked steps, and why in one line."""

    points: tuple[sp.Expr, sp.Expr]
    steps: tuple[Step, ...]
    why: Prose


@dataclass(frozen=True)
class Undetermined:
    """No g in closed form was found, and no proof that there is none."""

    why: Prose


@dataclass(frozen=True)
class _Solved:
    """On one piece: φ′ = g(φ), and the ends of the image in the order of the piece."""

    piece: Piece
    slope: sp.Expr
    g: sp.Expr
    start: sp.Expr
    end: sp.Expr
    steps: tuple[Step, ...]

    @property
    def is_constant(self) -> bool:
        return self.start == self.end


def autonomous(phi: sp.Expr, x: sp.Symbol) -> Autonomous | NotAutonomous | Undetermined:
    """g with φ′ = g(φ) wherever φ′ exists, proved; or a proof that there is none; or neither, said plainly.

    Raises `NotImplementedError` for a function without a rule of differentiation.
    """
    phi = unfold(phi)
    parts = pieces(phi, x)
    if not all(_regular(part, x) for part in parts):
        return _equal_values(phi, x, parts) or Undetermined(
            ("the function is not seen to be smooth on each of its pieces",)
        )
    solved = [part for part in (_solve(part, x) for part in parts) if part]
    if len(solved) == len(parts):
        whole = differentiate(phi, x)
        if all(joint.kind != "jump" for joint in whole.joints) and _one_direction(solved):
            return _joined(phi, solved, whole)
    unsolved: Prose = (sp.Eq(y, phi, evaluate=False), " was not solved for x in closed form")
    return _equal_values(phi, x, parts) or _both_signs(x, parts) or Undetermined(unsolved)


def _solve(piece: Piece, x: sp.Symbol) -> _Solved | None:
    """The piece solved for x, and put into φ′; None if no inverse is found or a check fails."""
    slope = tree(piece.expr, x).derivative
    where: Prose = (
        () if piece.lo is -sp.oo and piece.hi is sp.oo else (" for ", sp.And(x > piece.lo, x < piece.hi))
    )
    if not slope.has(x):
        straight = sp.Derivative(piece.expr, x)
        step = Step(
            sp.Eq(straight, slope, evaluate=False),
            ("the same slope", *where),
            prove_equal(straight, slope),
            "straight",
        )
        return _Solved(piece, slope, slope, *_ends(piece, x), (step,))
    inverse = inverted(piece.expr, x, y)
    if inverse is None:
        return None
    g = textbook(unfold(slope).xreplace({x: inverse}))
    try:
        found = prove_equal(inverse.xreplace({y: piece.expr}), x)
        check = prove_equal(g.xreplace({y: piece.expr}), slope)
    except RefutedError:
        return None
    steps = (
        Step(
            sp.Eq(x, inverse, evaluate=False),
            ("solve ", sp.Eq(y, piece.expr, evaluate=False), *where),
            found,
            "inverse",
        ),
        Step(
            sp.Eq(textbook(slope), g, evaluate=False),
            ("put into the derivative", *where),
            check,
            "substitution",
        ),
    )
    return _Solved(piece, slope, g, *_ends(piece, x), steps)


def _ends(piece: Piece, x: sp.Symbol) -> tuple[sp.Expr, sp.Expr]:
    """The limits of the function at the ends of its piece."""
    return tuple(
        sp.limit(piece.expr, x, at) if at.is_infinite else one_sided(piece.expr, x, at, side)
        for at, side in ((piece.lo, "+"), (piece.hi, "-"))
    )


def _regular(piece: Piece, x: sp.Symbol) -> bool:
    """Whether the function is seen to be real and smooth on the whole open piece."""
    t = sp.Dummy("t", positive=True)
    if piece.lo.is_finite:
        inside = piece.expr.xreplace({x: piece.lo + t})
    elif piece.hi.is_finite:
        inside = piece.expr.xreplace({x: piece.hi - t})
    else:
        inside = piece.expr
    letters = inside.free_symbols & {x, t}
    for part in inside.atoms(sp.Pow, sp.Function):
        if not part.free_symbols & letters or part.func in EVERYWHERE:
            continue
        argument = part.args[0]
        whole = part.is_Pow and part.exp.is_integer
        if part.is_Pow and not part.exp.has(*letters) and whole and part.exp.is_nonnegative:
            continue
        if not (argument.is_positive or (whole and argument.is_negative)) or not (
            part.is_Pow or part.func is sp.log
        ):
            return False
    return True


def inverted(expr: sp.Expr, x: sp.Symbol, value: sp.Expr) -> sp.Expr | None:
    """x with expr(x) = value, by undoing one operation after the other; None where that does not lead to x
    alone."""
    if expr == x:
        return value
    if expr.is_Add or expr.is_Mul:
        constant, rest = expr.as_independent(x, as_Add=bool(expr.is_Add))
        if constant != (0 if expr.is_Add else 1):
            return inverted(rest, x, value - constant if expr.is_Add else value / constant)
    if expr.is_Pow and expr.exp in (-1, sp.Rational(1, 2)):
        return inverted(expr.base, x, value ** (1 / expr.exp))
    if expr.func in INJECTIVE:
        return inverted(expr.args[0], x, INJECTIVE[expr.func](value))
    for part in (x, *sorted(expr.atoms(sp.Function) - {expr}, key=sp.default_sort_key)):
        t = sp.Dummy("t")
        numerator, denominator = sp.fraction(sp.together(expr.xreplace({part: t})))
        equation = numerator - value * denominator
        if (
            t in equation.free_symbols
            and not equation.has(x)
            and equation.is_polynomial(t)
            and sp.degree(equation, t) == 1
        ):
            slope, offset = sp.Poly(equation, t).all_coeffs()
            return inverted(part, x, -offset / slope)
    return None


def _direction(part: _Solved) -> int:
    """1 where φ increases, −1 where it decreases, 0 where it is constant; 2 if that is not known."""
    rise = part.end - part.start
    return 0 if rise == 0 else 1 if rise.is_extended_positive else -1 if rise.is_extended_negative else 2


def _one_direction(solved: Sequence[_Solved]) -> bool:
    """Whether all pieces rise, or all fall: then their images have no value in common."""
    return {_direction(part) for part in solved} - {0} in ({1}, {-1}, set())


def _joined(phi: sp.Expr, solved: list[_Solved], whole: Differentiation) -> Autonomous:
    """One g on the range of φ, from those of the pieces."""
    rising = -1 not in map(_direction, solved)
    ordered = (
        solved if rising else [replace(part, start=part.end, end=part.start) for part in reversed(solved)]
    )
    steps = tuple(step for part in solved for step in part.steps)
    g = ordered[-1].g
    if any(part.g != g for part in ordered):
        modulus = _in_modulus(phi, g, whole.derivative)
        if modulus is None:
            smooth = {joint.at for joint in whole.joints if joint.kind == "smooth"}
            g = sp.Piecewise(*((part.g, _values(part, ordered, smooth, rising)) for part in ordered))
        else:
            g, step = modulus
            steps = (*steps, step)
    first, last = ordered[0], ordered[-1]
    domain = sp.Interval(first.start, last.end, not first.is_constant, not last.is_constant)
    return Autonomous(g, domain, steps, ("the derivative is ", g, " with ", sp.Eq(y, phi, evaluate=False)))


def _values(part: _Solved, ordered: list[_Solved], smooth: set[sp.Expr], rising: bool) -> sp.Basic:
    """The values that φ takes on the piece, as a condition on y; a smooth joint belongs to the values above
    it."""
    if part.is_constant:
        return sp.Eq(y, part.start)
    lower = part.piece.lo if rising else part.piece.hi
    above = sp.true if part is ordered[0] else y >= part.start if lower in smooth else y > part.start
    below = sp.true if part is ordered[-1] else y < part.end
    return sp.And(above, below)


def _in_modulus(phi: sp.Expr, g: sp.Expr, slope: sp.Expr) -> tuple[sp.Expr, Step] | None:
    """g(|y|) and its proof, for a φ that is odd; None where that is not φ′."""
    signed = g.replace(
        lambda e: e.is_Pow and e.exp.is_even and (-e.base).could_extract_minus_sign(),
        lambda e: (-e.base) ** e.exp,
    )
    g = signed.xreplace({y: sp.Abs(y)})
    try:
        check = prove_equal(g.xreplace({y: phi}), slope)
    except RefutedError:
        return None
    return g, Step(sp.Eq(slope, g, evaluate=False), ("the branches in one formula",), check, "modulus")


def _equal_values(phi: sp.Expr, x: sp.Symbol, parts: Sequence[Piece]) -> NotAutonomous | None:
    """Two points with the same φ and different φ′, both exact."""
    seen: dict[sp.Expr, tuple[sp.Expr, sp.Expr]] = {}
    for point in POINTS:
        inside = [part for part in parts if _holds(part, point)]
        if not inside:
            continue
        value = inside[0].expr.subs(x, point)
        slope = tree(inside[0].expr, x).derivative.subs(x, point)
        other, steeper = seen.setdefault(value, (point, slope))
        difference = steeper - slope
        if not (value.is_real and difference.is_real):
            continue
        if difference.is_nonzero or (difference.is_number and sign_of(difference)):
            same = sp.Eq(general(other), general(point), evaluate=False)
            unlike = sp.Ne(slope_name(other), slope_name(point), evaluate=False)
            steps = (
                Step(
                    same,
                    ("both are ", value),
                    prove_equal(phi.subs(x, other), phi.subs(x, point)),
                    "equal values",
                ),
                Step(
                    unlike,
                    ("they are ", steeper, " and ", slope),
                    f"their difference {difference} is not 0",
                    "slopes",
                ),
            )
            why = (
                "the same value ",
                value,
                " is taken at ",
                other,
                " and at ",
                point,
                " with slopes ",
                steeper,
                " and ",
                slope,
            )
            return NotAutonomous((other, point), steps, why)
    return None


def _holds(piece: Piece, point: sp.Expr) -> bool:
    """Whether the point is known to lie inside the piece."""
    return (piece.lo < point) is sp.true and (point < piece.hi) is sp.true


def _both_signs(x: sp.Symbol, parts: Sequence[Piece]) -> NotAutonomous | None:
    """Two points inside one smooth piece where φ′ has opposite signs, proved in ball arithmetic."""
    for part in parts:
        slope = tree(part.expr, x).derivative
        if slope.free_symbols - {x}:
            continue
        found: dict[int, tuple[sp.Expr, sp.Expr]] = {}
        for point in POINTS:
            if _holds(part, point):
                value = slope.subs(x, point)
                found.setdefault(sign_of(value), (point, value))
        if 1 in found and -1 in found:
            (fall, down), (rise, up) = found[-1], found[1]
            proved = "sign proved in ball arithmetic"
            steps = (
                Step(sp.StrictLessThan(slope_name(fall), 0), ("its value is ", down), proved, "sign"),
                Step(sp.StrictGreaterThan(slope_name(rise), 0), ("its value is ", up), proved, "sign"),
            )
            turning = (
                ": around the turning point between them it takes the same values falling and rising; "
                "there g would be at most 0 and at least 0, so the function would be constant"
            )
            why = ("the function falls at ", fall, " and rises at ", rise, turning)
            return NotAutonomous((fall, rise), steps, why)
    return None
