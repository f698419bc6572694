"""φ′ from a stored output, where φ′ = g(φ): cheaper than φ′(a), and good where no unit is saturated.

Each unit takes g(h) unless it is saturated, else φ′(a): what becomes of one does not depend on the others.

The output h carries a rounding error, which g multiplies by its condition |h g′(h)/g(h)|: 1 − tanh² of a
stored output is wrong by 1e-8 at a = 10. So g(h) keeps 8 ε (1 + κ(a)) only between two outputs, which the
audit finds; outside it is not used. Its absolute error is at most 4 ε sup|φ′| everywhere.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from symgrad.symbolic.calculus.autonomous import Autonomous, autonomous
from symgrad.symbolic.kernels.accurate import AUDIT, Accurate, Truth, audit_points
from symgrad.symbolic.kernels.compile import compile_expression
from symgrad.symbolic.kernels.program import Program, assign, select
from symgrad.symbolic.kernels.stable import stable
from symgrad.symbolic.letters import y

__all__ = ["FromOutput", "Slope", "slope"]

ABSOLUTE = 4.0
"""ε sup|φ′|: largest error of g(h)."""
_FEW = 0.2
"""Share of saturated units up to which φ′(a) is taken for those alone (tanh, by timing)."""
_CHEAP = {np.add, np.subtract, np.multiply, np.square, np.divide, np.abs, np.less, np.greater, np.less_equal,
          np.greater_equal, np.maximum, np.minimum, assign, select}  # fmt: skip
"""Operations of some tenths of a nanosecond an element; exp, tanh and erf take 0.6 to 12 (benchmarks)."""


@dataclass(frozen=True, eq=False)
class FromOutput:
    """g as a program on h = φ(a), and the outputs between which it keeps 8 ε (1 + κ(a))."""

    g: sp.Expr
    program: Program
    low: float
    high: float

    def holds(self, h: np.ndarray) -> bool:
        """Whether no output is saturated."""
        # argmin stops at a NaN, and takes half the time of a reduction that has so few entries
        return h.size > 0 and bool(self.low <= h.item(h.argmin()) and h.item(h.argmax()) <= self.high)

    def saturated(self, h: Any) -> Any:
        """Which outputs are."""
        return (h < self.low) | (h > self.high)


@dataclass(frozen=True, eq=False)
class Slope:
    """φ′ as the engine calls it, with a and h = φ(a): from the output where that is not saturated, else
    from the input.
    """

    from_input: Accurate
    from_output: FromOutput | None

    def __call__(self, a: np.ndarray, h: np.ndarray, out: np.ndarray) -> None:
        g = self.from_output
        if g is None or not h.size:
            self.from_input(a, out)
            return
        g.program(h, out)
        if g.holds(h):
            return
        saturated = g.saturated(h)
        if np.count_nonzero(saturated) > _FEW * h.size:
            found = np.empty_like(out)
            self.from_input(a, found)
            np.copyto(out, found, where=saturated)
            return
        part = a[saturated]
        found = np.empty_like(part)
        self.from_input(part, found)
        out[saturated] = found

    def on(self, xp: Any, a: Any, h: Any) -> Any:
        """φ′ for arrays of the namespace `xp` (see `Program.on`), by the same choice; on a device its outcome
        comes back to the host once."""
        g = self.from_output
        if g is None or not math.prod(h.shape):
            return self.from_input.on(xp, a)
        saturated, found = g.saturated(h), g.program.on(xp, h)
        return xp.where(saturated, self.from_input.on(xp, a), found) if bool(xp.any(saturated)) else found


def slope(phi: sp.Expr, x: sp.Symbol, value: Accurate, from_input: Accurate) -> Slope:
    """φ′ with both kernels; the one from the output only where it is arithmetic and φ′(a) is not."""
    if _cheap(from_input.program):
        return Slope(from_input, None)
    try:
        found = autonomous(phi, x)
    except NotImplementedError:
        found = None
    if not isinstance(found, Autonomous):
        return Slope(from_input, None)
    g = stable(_covering(found.g))
    try:
        program = compile_expression(g, y)
    except NotImplementedError:
        return Slope(from_input, None)
    ends = _unsaturated(audit_points(phi, x, 1), value, program) if _cheap(program) else None
    return Slope(from_input, FromOutput(g, program, *ends) if ends else None)


def _cheap(program: Program) -> bool:
    return all(operation.run in _CHEAP for operation in program.operations)


def _covering(g: sp.Expr) -> sp.Expr:
    """The last branch also where φ′ has no value."""
    if not isinstance(g, sp.Piecewise):
        return g
    *branches, (last, _) = g.args
    return sp.Piecewise(*branches, (last, True))


def _unsaturated(truth: Truth, value: Accurate, g: Program) -> tuple[float, float] | None:
    """The outputs around φ(0) between which g(fl φ(a)) passes the audit in both precisions; None where there
    are none or the absolute bound fails."""
    ends = (-math.inf, math.inf)
    for dtype in (np.float64, np.float32):
        points: NDArray[Any] = truth.points.astype(dtype)
        outputs: NDArray[Any] = np.empty_like(points)
        value(points, outputs)

        def program(_: np.ndarray, out: np.ndarray, outputs: np.ndarray = outputs) -> None:
            g(outputs, out)

        wrong = truth.errors(program, dtype)
        usual = truth.size > 0
        if (wrong[usual] * truth.size[usual]).max() > ABSOLUTE * np.abs(truth.value).max():
            return None
        failed = wrong > AUDIT
        left = np.flatnonzero(failed & (truth.points < 0))
        right = np.flatnonzero(failed & (truth.points > 0))
        span = [-math.inf, math.inf]
        for side, first in (
            (-1, left.max() + 1 if left.size else None),
            (1, right.min() - 1 if right.size else None),
        ):
            if first is not None:
                end = float(outputs[first])
                rising = end * side >= float(outputs[len(points) // 2]) * side
                span[(side > 0) == rising] = end
        ends = (max(ends[0], span[0]), min(ends[1], span[1]))
    return ends if ends[0] < ends[1] else None
