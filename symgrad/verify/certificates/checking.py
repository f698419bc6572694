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

READING = 2048
"""Bits in which recorded numbers are held: more than they have digits."""
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
        with precision(READING):
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
    """φ(x + T) − φ(x) is constant: SymPy turns sin(x + 2π) into sin(x) as it is made."""
    shifted = line.phi.xreplace({x: x + line.period})
    for change in (shifted - line.phi, (shifted - line.phi).expand(), shifted.expand() - line.phi.expand()):
        if not change.has(x):
            return
    raise RejectedError(f"φ′ is not proved to have the period {line.period}")
