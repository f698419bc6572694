"""Where a long statement is broken into lines: at its relation, then at the terms of sums, then between
factors.

Breaking is done on the expression, once for all targets: a line is a row of parts, each an operator of
`OPERATORS` or an expression
with its role (which decides about brackets); a printer writes them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import sympy as sp

from symgrad.present.latex_math import LatexPrinter, latex
from symgrad.present.width import width

__all__ = ["LINE", "Line", "Lines", "Part", "lines"]

LINE = 36.0
"""The widest line, in em: the text width of the documents less the number of the equation."""
LEAD = 9.0
"""A left side up to this width has the lines of the right side aligned beside it."""

Role = Literal["whole", "term", "factor"]
CONNECTIVES: dict[type[sp.Basic], str] = {sp.Implies: "=>", sp.And: "and", sp.Or: "or", sp.Equivalent: "<=>"}


@dataclass(frozen=True)
class Part:
    """An expression that stays on one line."""

    expr: sp.Basic
    role: Role


Line = tuple[str | Part, ...]


@dataclass(frozen=True)
class Lines:
    """A left side that all lines are aligned beside (perhaps empty), and the lines."""

    lead: Line
    rows: tuple[Line, ...]

    @property
    def width(self) -> float:
        """The widest line in em."""
        return _width(self.lead) + max(map(_width, self.rows)) + (len(self.rows) > 1)


def lines(statement: sp.Basic, limit: float = LINE) -> Lines:
    """The statement on one line if it fits into `limit` em, else broken; what cannot be broken stays too
    wide.
    """
    if width(latex(statement)) <= limit:
        return Lines((), ((Part(statement, "whole"),),))
    if isinstance(statement, sp.core.relational.Relational):
        left, right = Part(statement.lhs, "whole"), list(_pieces(statement.rhs, limit))
        relation: Line = (statement.rel_op,)
        if _width((left,)) <= LEAD:
            room = limit - _width((left,))
            return Lines((left,), _filled([(*relation, *right[0]), *right[1:]], room))
        # the relation starts a new line, whatever room is left before it
        return Lines(
            (),
            (
                *_filled(list(_pieces(statement.lhs, limit)), limit),
                *_filled([(*relation, *right[0]), *right[1:]], limit),
            ),
        )
    return Lines((), _filled(list(_pieces(statement, limit)), limit))


def _filled(pieces: list[Line], limit: float) -> tuple[Line, ...]:
    """As many pieces a line as fit."""
    rows: list[Line] = [pieces[0]]
    for piece in pieces[1:]:
        joined = rows[-1] + piece
        if _width(joined) <= limit - 1:
            rows[-1] = joined
        else:
            rows.append(piece)
    return tuple(rows)


def _pieces(expr: sp.Basic, limit: float, role: Role = "whole") -> Iterator[Line]:
    """What a line may end after."""
    part: Line = (Part(expr, role),)
    if _width(part) <= limit - 2:
        yield part
    elif isinstance(expr, sp.core.relational.Relational):
        yield from _pieces(expr.lhs, limit)
        yield from _led((expr.rel_op,), _pieces(expr.rhs, limit))
    elif type(expr) in CONNECTIVES:
        for number, arg in enumerate(expr.args):
            operator: Line = (CONNECTIVES[type(expr)],) if number else ()
            yield from _led(operator, _pieces(arg, limit))
    elif isinstance(expr, sp.Add) and role == "factor":
        yield from _bracketed(expr, limit)
    elif isinstance(expr, sp.Add):
        yield from _terms(expr, limit)
    elif isinstance(expr, sp.Mul):
        yield from _factors(expr, limit)
    else:
        yield part


def _terms(expr: sp.Add, limit: float) -> Iterator[Line]:
    for number, term in enumerate(LatexPrinter()._as_ordered_terms(expr)):
        negative = term.could_extract_minus_sign()
        sign: Line = ("-",) if negative else ("+",) if number else ()
        yield from _led(sign, _pieces(-term if negative else term, limit, "term"))


def _factors(expr: sp.Mul, limit: float) -> Iterator[Line]:
    above, below = sp.fraction(expr, exact=True)
    if below == 1:
        sign: Line = ()
        if expr.could_extract_minus_sign():
            expr, sign = -expr, ("-",)
        if not isinstance(expr, sp.Mul):
            yield from _led(sign, _pieces(expr, limit, "factor"))
            return
        for number, factor in enumerate(expr.as_ordered_factors()):
            yield from _led(sign if number == 0 else (), _pieces(factor, limit, "factor"))
    elif _width((Part(below, "factor"),)) < limit / 2:
        yield (Part(1 / below, "factor"),)
        yield from _pieces(above, limit, "factor")
    else:
        yield (Part(expr, "factor"),)


def _bracketed(expr: sp.Add, limit: float) -> Iterator[Line]:
    inside = list(_terms(expr, limit))
    yield ("(", *inside[0])
    yield from inside[1:-1]
    yield (*inside[-1], ")")


def _led(lead: Line, pieces: Iterator[Line]) -> Iterator[Line]:
    yield (*lead, *next(pieces))
    yield from pieces


def _width(line: Line) -> float:
    return sum(
        1.3 if isinstance(part, str) else width(LatexPrinter().part(part.expr, part.role)) for part in line
    )
