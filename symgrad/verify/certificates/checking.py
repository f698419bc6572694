"""The checker of certificates: accepts one only when every claim follows from what it proves anew.

A certificate says how the range of φ′ was found: intervals that cover the line, on each a statement about φ′.
The checker shares arithmetic with the prover (balls, germs, the parser) and no search: it forms φ′ by its own
jets of φ, proves each statement on the recorded interval, sees that the intervals leave no gap, and that the
claims follow. What it cannot decide, it rejects.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import sympy as sp

from symgrad.symbolic.balls import ball, precision
from symgrad.symbolic.letters import x
from symgrad.verify.certificates.claims import follow
from symgrad.verify.certificates.cuts import domain, joined, located
from symgrad.verify.certificates.evidence import RejectedError
from symgrad.verify.certificates.intervals import proved
from symgrad.verify.certificates.line import LAST, Line, Point
from symgrad.verify.certificates.reading import Cut, MalformedError, Written, read
from symgrad.verify.certificates.values import expression, value

__all__ = ["Verdict", "check"]

GUARD = 64
"""Bits that the checker works with beyond the prover's."""


@dataclass(frozen=True)
class Verdict:
    """Whether a certificate was accepted, and in one line why."""

    accepted: bool
    why: str


def check(certificate: Any) -> Verdict:
    """The verdict on a certificate, the JSON document as Python objects. Whatever is wrong with it, and
    whatever cannot be decided, is a rejection, never an exception.
    """
    try:
        written = read(certificate)
        with precision(written.precision + GUARD):
            return Verdict(True, _proof(written))
    except MalformedError as error:
        return Verdict(False, f"not a certificate: {error}")
    except RejectedError as error:
        return Verdict(False, str(error))
    except (ArithmeticError, NotImplementedError, ValueError, TypeError, RecursionError) as error:
        return Verdict(False, f"not decided: {' '.join(str(error).split())[:200]}")


def _proof(written: Written) -> str:
    line = _line(written)
    _chain(line, written)
    located(line)
    if line.period is not None:
        _periodic(line)
    evidence = [proved(line, record) for record in written.intervals]
    joined(line, evidence)
    domain(written.domain, line, evidence)
    follow(line, written.claims, evidence)
    return (
        f"{len(evidence)} intervals cover {'one period' if line.period else 'the line'} and prove the claims"
    )


def _line(written: Written) -> Line:
    period = None if written.period is None else value(written.period).exact
    if written.period is not None and (period is None or not ball(period) > 0):
        raise MalformedError("period: is not an exact positive number")
    if not written.intervals:
        raise RejectedError("there are no intervals")
    cuts = tuple(_point(cut, i) for i, cut in enumerate(written.cuts))
    for p, q in pairwise(cuts):
        if not p.hi < q.lo:
            raise RejectedError(f"cuts {p.index} and {q.index} are not in order")
    return Line(expression(written.phi), cuts, period, written.intervals[0].x[0])


def _point(cut: Cut, index: int) -> Point:
    exact = None if cut.at is None else value(cut.at).exact
    if cut.at is not None and exact is None:
        raise MalformedError(f"cut {index}: at is not an exact number")
    return Point(index, exact, *cut.enclosure, expression(cut.switch), cut.joins)


def _chain(line: Line, written: Written) -> None:
    """The intervals run from −oo to oo, or over one period, without gap or overlap, and stop at every cut."""
    records = written.intervals
    for p, q in pairwise(records):
        if p.x[1] != q.x[0]:
            raise RejectedError(f"between {p.x[1]} and {q.x[0]} there is a gap or an overlap")
    first, last = records[0].x[0], records[-1].x[1]
    if line.period is None and (first, last) != ("-oo", "oo"):
        raise RejectedError("the intervals do not run from -oo to oo")
    if line.period is not None and last != first + LAST:
        raise RejectedError("the intervals do not cover one period")
    used = [record.x[0] for record in records if record.x[0].startswith("cut ")]
    if used != [f"cut {i}" for i in range(len(line.cuts))]:
        raise RejectedError("the cuts are not the ends of intervals, each once and in order")


def _periodic(line: Line) -> None:
    """φ(x + T) − φ(x) is constant: x stands alone in a linear term, or inside sin, cos, tan whose argument
    grows by whole turns over T.
    """
    terms = sp.Add.make_args(line.phi.expand())
    for term in terms:
        if sp.diff(term, x, 2) != 0 and not _repeats(term, line.period):
            raise RejectedError(f"φ′ is not proved to have the period {line.period}")


def _repeats(node: sp.Expr, period: sp.Expr) -> bool:
    if not node.has(x):
        return True
    if isinstance(node, sp.sin | sp.cos | sp.tan):
        argument = node.args[0]
        turn = sp.pi if isinstance(node, sp.tan) else 2 * sp.pi
        rate = sp.diff(argument, x)
        if not rate.has(x) and sp.simplify(rate * period / turn).is_integer:
            return True
    return node != x and all(_repeats(arg, period) for arg in node.args)
