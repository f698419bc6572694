"""The range of φ′ by the best method that succeeds: closed forms, then balls over the whole domain, then a
labelled estimate.
"""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp

from symgrad.errors import RefutedError
from symgrad.symbolic.budget import cpu_limit
from symgrad.symbolic.ranges.certified import domain_text
from symgrad.symbolic.ranges.certified_range import certified_range
from symgrad.symbolic.ranges.estimate import estimated_range
from symgrad.symbolic.ranges.extrema import exact_range
from symgrad.symbolic.ranges.extremum import Values, agree
from symgrad.symbolic.ranges.range import LINE, Range
from symgrad.symbolic.zeros.cuts import cuts

__all__ = ["PATIENCE", "derivative_range"]

Name = Callable[[sp.Basic], sp.Expr]
PATIENCE = 1.5
"""Seconds of processor time for closed forms of a typed expression."""
_NO_PROOF = (NotImplementedError, TimeoutError, ValueError, TypeError, ArithmeticError, RecursionError)
"""What the methods, and SymPy under them, raise where they come to no end."""
CERTIFIED = 5.0
"""Seconds for the certified range."""


def derivative_range(
    phi: sp.Expr,
    x: sp.Symbol,
    values: Values | None = None,
    name: Name | None = None,
    patience: float = PATIENCE,
) -> Range:
    """The range of φ′ over the domain of φ; `values` of the parameters decide between letters, `name` stands
    for φ′ in the steps, `patience` is the processor time for closed forms.

    Never raises for want of a proof: then the extremes are graded "estimated", with the reason. Raises
    `RefutedError` when two proofs contradict each other.
    """
    values, name = values or {}, name or sp.Function("f")
    certified = None
    try:
        with cpu_limit(CERTIFIED):
            certified = certified_range(phi, x, values, name)
        everywhere = certified.domain == LINE and all(word == "kink" for _, word in certified.joins)
    except _NO_PROOF as reason:
        everywhere, why = _is_everywhere(phi.xreplace(dict(values)), x), f"no proof was found: {reason}"
    exact = _exactly(phi, x, values, name, patience) if everywhere else None
    if exact is not None and certified is not None:
        _compare(exact, certified)
    return exact or certified or estimated_range(phi, x, values, why)


def _is_everywhere(phi: sp.Expr, x: sp.Symbol) -> bool:
    """Whether φ is proved to be defined on the line, continuous, with one-sided derivatives at its cuts."""
    try:
        with cpu_limit(1.0):
            found = cuts(phi, x)
    except _NO_PROOF:
        return False
    return domain_text(found) == LINE and all(cut.joins in ("smooth", "kink") for cut in found.points)


def _exactly(phi: sp.Expr, x: sp.Symbol, values: Values, name: Name, patience: float) -> Range | None:
    """The range in closed form, None where that is not found in time."""
    try:
        with cpu_limit(patience):
            found = exact_range(phi, x, values, name)
    except Exception:  # SymPy's polynomials, sets and limits each fail in their own way: no closed form
        return None
    return None if "estimated" in (found.inf.proof, found.sup.proof) else found


def _compare(exact: Range, certified: Range) -> None:
    for mine, other in ((exact.inf, certified.inf), (exact.sup, certified.sup)):
        flags = {mine.attained, other.attained}
        if not agree(mine.value, other.value) or flags == {True, False}:
            raise RefutedError(f"{mine.value.text()} in closed form, {other.value.text()} in balls")
