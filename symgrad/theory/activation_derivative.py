"""The derivation every activation gets: φ′ step by step, φ′ as a function of φ, the range of φ′ with its
argument.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import sympy as sp

from symgrad.errors import RefutedError
from symgrad.symbolic.balls import sign_of
from symgrad.symbolic.budget import cpu_limit
from symgrad.symbolic.calculus.autonomous import Autonomous, NotAutonomous, Undetermined, autonomous
from symgrad.symbolic.calculus.differentiate import Differentiation, differentiate
from symgrad.symbolic.calculus.equality import UndecidedError
from symgrad.symbolic.calculus.pieces import switches
from symgrad.symbolic.derivation import Claim, Grade, Prose, Step, prove
from symgrad.symbolic.letters import x, y
from symgrad.symbolic.notation import Image, SlopeImage, dphi, phi
from symgrad.symbolic.ranges.extrema import function_range
from symgrad.symbolic.ranges.extremum import Extremum, Value, agree
from symgrad.symbolic.ranges.range import Range
from symgrad.theory.activations import Activation, slope_range
from symgrad.theory.entry import Body, Entry

__all__ = [
    "OwnSlope",
    "activation_entry",
    "activation_key",
    "as_written",
    "differentiation",
    "own_slope",
    "reader_sentence",
    "slope_as_shown",
]

PATIENCE = 3.0
"""Seconds of computing for the lines of a derivative where only the last of them is asked for."""
LONG = 20
"""Operations above which a reader is given decimals instead of a formula."""


@dataclass(frozen=True)
class OwnSlope:
    """φ′ as a function of φ: g with φ′ = g(φ), or None; one sentence; checked steps."""

    g: sp.Expr | None
    sentence: Prose
    steps: tuple[Step, ...]


def activation_key(name: str) -> str:
    """The key of an activation's derivation."""
    return f"activation-{name.replace('_', '-')}"


def activation_entry(entry: Activation) -> Entry:
    """The registry's row for one activation."""
    title = f"{entry.name}: its derivative and the range of it"
    return Entry(activation_key(entry.name), title, "activations", lambda: _body(entry))


@cache
def _differentiation(expression: sp.Expr) -> Differentiation:
    return differentiate(expression, x)


def differentiation(entry: Activation) -> Differentiation:
    """φ′ by named rules, parameters as `as_written`."""
    return _differentiation(as_written(entry))


def slope_as_shown(entry: Activation) -> sp.Expr:
    """φ′ as its lines end; where they are not proved, or not soon, as SymPy differentiates outright. No range
    rests on this form.
    """
    try:
        with cpu_limit(PATIENCE):
            return differentiation(entry).derivative
    except (NotImplementedError, UndecidedError, TimeoutError):
        return sp.diff(as_written(entry), x)


def as_written(entry: Activation) -> sp.Expr:
    """φ with its parameters as letters; at their values where a switch hangs on one, for the order of the
    pieces and the branches that hold depend on it.
    """
    hang = any(switch.free_symbols - {x} for switch in switches(entry.expression))
    return entry.phi if hang else entry.expression


@cache
def _autonomous(expression: sp.Expr) -> Autonomous | NotAutonomous | Undetermined:
    try:
        return autonomous(expression, x)
    except NotImplementedError as reason:
        return Undetermined((str(reason),))


def own_slope(entry: Activation) -> OwnSlope:
    """g with φ′ = g(φ) where there is one, and the range of φ′ once more, by algebra on the range of φ."""
    found = _autonomous(as_written(entry))
    if isinstance(found, Undetermined):
        return OwnSlope(None, found.why, ())
    if isinstance(found, NotAutonomous):
        return OwnSlope(None, ("φ′ is not a function of φ: ", *found.why), found.steps)
    return OwnSlope(found.g, found.summary, (*found.steps, *_by_algebra(entry, found)))


def _by_algebra(entry: Activation, own: Autonomous) -> tuple[Step, ...]:
    """sup and inf of g over the range of φ, which must be those of φ′; nothing where g is beyond the methods
    here, which see intervals of y and not the single value that φ stays at on a constant piece.
    """
    if not (isinstance(own.domain, sp.Interval) and own.domain.is_open) or own.g.atoms(sp.Equality):
        return ()
    values = dict(entry.parameters)
    try:
        found = function_range(own.g, y, own.domain.start, own.domain.end, values=values)
    except NotImplementedError:
        return ()
    if "estimated" in (found.inf.proof, found.sup.proof):
        return ()
    direct = slope_range(entry)
    statement = sp.Eq(Image(sp.Symbol("g"), own.domain), found.image, evaluate=False)

    def agrees() -> str:
        for mine, other in ((found.inf, direct.inf), (found.sup, direct.sup)):
            if not agree(mine.value, other.value):
                raise RefutedError(f"g over {own.domain} and φ′ over the line have different ranges")
        return "critical points of g and its limits at the ends; inf and sup equal those found over the line"

    because: Prose = (
        "the range of ",
        own.g,
        " for ",
        y,
        " in the range of ",
        phi(x),
        ": algebra instead of analysis",
    )
    return (prove(statement, because, agrees, rule="range by algebra"),)


def reader_sentence(entry: Activation, found: Range) -> Prose:
    """As a reader says it: "tanh′ takes values in (0, 1]"; decimals beside what is irrational, alone where it
    is long.
    """
    sentence: Prose = (f"{entry.spoken}′ takes values in ", found.image)
    ends = (found.inf, found.sup)
    if all(end.value.number.is_Rational or end.value.number.is_infinite for end in ends):
        return sentence
    inf, sup = (_short(end.value.enclosure().decimal) for end in ends)
    certified = any(end.proof != "exact" for end in ends)
    if certified or sp.count_ops(found.image) > LONG:
        return (f"{entry.spoken}′ takes values from {inf} to {sup}, {_included(ends)}",)
    for root in dict.fromkeys(root for end in ends for root in end.value.named):
        sentence += (
            ", where ",
            root.equation,
            " with ",
            root.symbol,
            " in ",
            root.bracket,
        )
    return (*sentence, f" (from {inf} to {sup})")


def _included(ends: tuple[Extremum, Extremum]) -> str:
    both = [end.attained for end in ends]
    if None in both:
        return "the ends perhaps included" if both == [None, None] else "one end perhaps included"
    if both[0] == both[1]:
        return "both included" if both[0] else "neither included"
    return f"only the {'smallest' if both[0] else 'largest'} included"


def _short(decimal: str) -> str:
    """Ten digits of a decimal, ∞ as a sign."""
    return (decimal.replace("oo", "∞") if "oo" in decimal else f"{float(decimal):.10g}").replace("-", "−")


def _sampled_inside(entry: Activation, found: Range) -> str:
    """φ′ of each piece in balls at points spread over it: none may certainly lie outside [inf, sup]."""
    values = dict(entry.parameters)
    finite = [end.value if end.value.number.is_finite else None for end in (found.inf, found.sup)]
    inf, sup = (None if value is None else value.ball(256) for value in finite)
    count = 0
    for piece in found.pieces:
        for numerator in range(-40, 41):
            point = sp.Rational(2 * numerator + 1, 8)
            if sign_of(point - piece.lo, values) > 0 and sign_of(piece.hi - point, values) > 0:
                slope = Value(piece.expr.xreplace({x: point}), tuple(values.items())).ball(256)
                if (sup is not None and slope > sup) or (inf is not None and slope < inf):
                    raise RefutedError(f"φ′({point}) lies outside the range")
                count += 1
    return f"inf: {found.inf.why}; sup: {found.sup.why}; φ′ at {count} points, in balls, lies inside"


def _body(entry: Activation) -> Body:
    found, lines, own = slope_range(entry), differentiation(entry), own_slope(entry)
    parameters: list[Prose] = [
        (symbol, " stands for its value ", value) for symbol, value in entry.parameters.items()
    ]
    conclusion = prove(
        sp.Eq(SlopeImage(sp.S.Reals), found.image, evaluate=False),
        reader_sentence(entry, found),
        lambda: _sampled_inside(entry, found),
        rule="range",
    )
    grades = (found.inf.proof, found.sup.proof)
    proof: Grade = max(grades, key=("exact", "certified", "estimated").index)
    return Body(
        summary=reader_sentence(entry, found),
        assumptions=((sp.Eq(phi(x), entry.expression, evaluate=False), " for every real ", x), *parameters),
        steps=(*(line.as_step() for line in lines.steps), *own.steps, *found.steps),
        conclusion=conclusion,
        sources=() if entry.source is None else (entry.source,),
        picture={"verb": "curve", "activation": entry.name},
        claims=(
            Claim(
                f"{entry.name}/range",
                ("no slope of ", phi(x), " leaves the range, and its ends are reached"),
                "derivative-range",
                expects={"activation": entry.name, "range": found},
            ),
            Claim(
                f"{entry.name}/kernel",
                ("the compiled ", phi(x), " and ", dphi(x), " are the ones derived"),
                "kernel",
                expects={"activation": entry.name},
            ),
        ),
        proof=proof,
    )
