"""A function, or its derivative, as an array function that keeps 8 ε (1 + κ), κ = |a f′/f|, for |a| ≤ 10⁴.

At compile time the forms that `stable` proposes are run at a few thousand points and compared with balls;
the first that fails nowhere is taken, or the one that fails least, mended by proved local polynomials
(`table`) where it does. Results below 1e-300 in a tail are flushed to 0; in float32 what lies below 1e-30 is
any number below it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Any

import numpy as np
import sympy as sp
from flint import arb
from numpy.typing import NDArray

from symgrad.symbolic.balls import precision
from symgrad.symbolic.germs.behaviour import End, behaviour
from symgrad.symbolic.kernels.compile import Program, compile_expression
from symgrad.symbolic.kernels.series import Expansion, UndecidedError
from symgrad.symbolic.kernels.stable import forms
from symgrad.symbolic.kernels.table import TINY, Cell, Table, cells, filled, origin, runs, table, zeros
from symgrad.symbolic.zeros.cuts import cuts

__all__ = ["AUDIT", "Accurate", "Truth", "accurate", "audit_points"]

REACH = 1e4
"""The bound holds for |a| up to this."""
ULPS = 8.0
"""Of ε(1 + κ): what a result may be wrong by."""
AUDIT = 3.5
"""What the audit lets pass: it sees some points, not all."""
FLUSHED = {np.dtype(np.float64): TINY, np.dtype(np.float32): 1e-30}
"""Below this a result may be any number below it; in double precision the tails are 0 there."""
FAR = 16.0
"""Failures beyond this are first looked at as a tail."""
_QUARTER = 50
"""Bits of a double's mantissa that do not say which quarter of its binade it lies in."""
VALLEYS, ZOOMS = 64, 3
"""How many valleys the audit looks into, and how often anew between the points around them."""
_BITS = (256, 1200, 2400, 32000)

Values = Mapping[sp.Symbol, sp.Expr]


@dataclass(frozen=True, eq=False)
class Accurate:
    """The program of the best form, and the tables that overwrite it where it loses digits."""

    form: sp.Expr
    program: Program
    tables: tuple[Table, ...]

    def __call__(self, a: np.ndarray, out: np.ndarray) -> None:
        """Writes the function at `a` into `out` (same shape and dtype, not the same memory)."""
        self.program(a, out)
        if self.tables and a.size:
            low, high = a.min(), a.max()
            for patch in self.tables:
                if low <= patch.high and high >= patch.low:
                    flat = out.reshape(-1)
                    patch.patch(a.reshape(-1), flat)
                    if not np.shares_memory(flat, out):
                        out[...] = flat.reshape(out.shape)

    def on(self, xp: Any, a: Any) -> Any:
        """The function at `a`, an array of the namespace `xp` (see `Program.on`). Where there are tables, two
        numbers come back from a device to the host."""
        value = self.program.on(xp, a)
        if self.tables and math.prod(a.shape):
            low, high = float(xp.min(a)), float(xp.max(a))
            for patch in self.tables:
                if low <= patch.high and high >= patch.low:
                    value = patch.on(xp, a, value)
        return value


@dataclass(frozen=True)
class Truth:
    """The function at points of the audit: value, and the size |f| + |a f′| that errors are measured by."""

    points: NDArray[np.float64]
    value: NDArray[np.float64]
    size: NDArray[np.float64]

    def errors(self, program: Callable[[Any, Any], None], dtype: type) -> NDArray[np.float64]:
        """|computed − true| in ε(|f| + |a f′|) of the dtype."""
        kind = np.finfo(dtype)
        tiny = FLUSHED[np.dtype(dtype)]
        out: NDArray[Any] = np.empty(self.points.shape, dtype)
        program(self.points.astype(dtype), out)
        found = out.astype(np.float64)
        with np.errstate(all="ignore"):
            error = np.abs(found - self.value) / (self.size * float(kind.eps))
            error[(np.abs(self.value) <= tiny) & (np.abs(found) <= tiny)] = 0
            error[(np.abs(self.value) >= float(kind.max)) & ~np.isnan(found)] = 0
        error[(found == self.value) | (self.points.astype(dtype) != self.points)] = 0
        return np.where(np.isnan(error), np.inf, error)


def accurate(f: sp.Expr, x: sp.Symbol, order: int = 0, values: Values | None = None) -> Accurate:
    """f^(order), its parameters at `values`; a jump of f has no derivative and adds nothing.

    Raises `NotImplementedError` for a function without an array operation or a series, `ValueError` for a
    symbol without a value.
    """
    number = f.xreplace(dict(values or {}))
    if number.free_symbols - {x}:
        raise ValueError(f"no value for {', '.join(map(str, number.free_symbols - {x}))}")
    derivative = number.diff(x, order) if order else number
    derivative = derivative.replace(sp.DiracDelta, lambda *args: sp.Integer(0))
    truth = audit_points(number, x, order)
    best: tuple[int, sp.Expr, Program, NDArray[np.float64]] | None = None
    for form, stepwise in _attempts(chain(_by_pieces(number, x, order), forms(derivative, x))):
        program = compile_expression(form, x, stepwise=stepwise)
        wrong = np.stack([truth.errors(program, dtype) for dtype in (np.float64, np.float32)])
        failures = int((wrong > AUDIT).sum())
        if best is None or failures < best[0]:
            best = (failures, form, program, wrong)
        if failures == 0:
            break
    assert best is not None  # there is a plain form
    _, form, program, wrong = best
    return Accurate(form, program, _mended(number, x, order, truth, wrong))


def _attempts(proposed: Iterator[sp.Expr]) -> Iterator[tuple[sp.Expr, bool]]:
    """Each form as it stands, then each once more with powers divided out one factor at a time."""
    tried = []
    for form in proposed:
        tried.append(form)
        yield form, False
    yield from ((form, True) for form in tried)


def _by_pieces(number: sp.Expr, x: sp.Symbol, order: int) -> Iterator[sp.Expr]:
    """Where max or min choose a branch: piece by piece between their proved cuts, since next to a cut the
    computed values do not tell which is larger. At a cut the value is the left one's."""
    if not number.has(sp.Max, sp.Min):
        return
    try:
        found = cuts(number, x)
    except NotImplementedError:
        return
    if found.period is not None:
        return
    ends = [sp.Rational(float(cut.ball(80).mid())) for cut in found.points]
    parts = [piece.diff(x, order) if order else piece for *_, piece in found.pieces]
    if len(parts) == len(ends) + 1:
        branches = [(part, x <= end) for part, end in zip(parts, ends, strict=False)]
        yield from forms(sp.Piecewise(*branches, (parts[-1], True)), x)


def _points() -> NDArray[np.float64]:
    """Points in every quarter of every binade from 2⁻⁴⁰ to 10⁴, sparser down to 1e-300; singles all of them
    where single precision reaches, and known trouble: where exp overflows and underflows."""
    generator = np.random.default_rng(6)
    binades = 2.0 ** np.arange(-40, 14)[:, None]
    inside = np.sort(binades * (1 + (np.arange(12) + generator.random((54, 12))) / 12))
    middle = 2.0 ** np.arange(-2, 5)[:, None] * (1 + np.sort(generator.random((7, 36))))
    small = 2.0 ** np.arange(-996, -40, 12) * (1 + generator.random(80))
    known = [*range(1, 6), 17, 18.5, 36, 38, 40, 87, 88.5, 89, 100, 104, 350, 708, 710, 745, 1e3, REACH]
    sizes = np.concatenate([inside.ravel(), middle.ravel(), small, known])
    sizes = np.unique(np.where(sizes > 1e-37, sizes.astype(np.float32), sizes)[sizes <= REACH])
    return np.concatenate([-sizes[::-1], sizes])


def audit_points(number: sp.Expr, x: sp.Symbol, order: int) -> Truth:
    """f^(order) at the points of the audit, but for those where it has no value."""
    points, series = _sampled(number, x)
    with np.errstate(over="ignore"):
        value = math.factorial(order) * series[:, order]
        change = math.factorial(order + 1) * series[:, order + 1] * points
        size = np.abs(value) + np.abs(change)
    kept = np.isfinite(size)
    return Truth(points[kept], value[kept], size[kept])


@lru_cache(maxsize=32)
def _sampled(number: sp.Expr, x: sp.Symbol) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """f, f′ and f″/2 at the points, each a ball narrow enough to be a double; NaN where f is not smooth."""
    f, points = Expansion(number, x), _points()
    series = np.array([_series(f, float(point)) for point in points])
    for _ in range(ZOOMS):
        more = np.setdiff1d(np.concatenate([_small(points, series, order) for order in (0, 1)]), points)
        points = np.concatenate([points, more])
        series = np.concatenate([series, np.reshape([_series(f, float(p)) for p in more], (-1, 3))])
        ranks = np.argsort(points)
        points, series = points[ranks], series[ranks]
    return points, series


def _small(points: NDArray[np.float64], series: NDArray[np.float64], order: int) -> NDArray[np.float64]:
    """Points next to 0 around the valleys of |f| + |a f′| and the extrema of f, and where f begins to be 0 or
    underflows: there formulas cancel that are sums of larger terms, and κ is no excuse."""
    with np.errstate(all="ignore"):
        size = np.abs(series[:, order]) + (order + 1) * np.abs(series[:, order + 1] * points)
        inner = size[1:-1]
        depth = inner / np.minimum(size[:-2], size[2:])
        flat = ~np.isfinite(depth) | (depth < 0.5)
    vanished = np.abs(series[:, order]) < TINY
    flat |= vanished[:-2] != vanished[2:]
    flat |= np.sign(series[:-2, order + 1]) != np.sign(series[2:, order + 1])
    valleys = 1 + np.flatnonzero((inner > 0) & flat & (np.abs(points[1:-1]) > 2.0**-10))
    deepest = valleys[np.argsort(np.abs(points[valleys]))][:VALLEYS]
    near = np.array([-0.5, -0.25, -0.1, 0.1, 0.25, 0.5])
    gaps = np.minimum(points[deepest + 1] - points[deepest], points[deepest] - points[deepest - 1])
    found = points[deepest, None] + gaps[:, None] * near
    return np.asarray(found.astype(np.float32), np.float64).ravel()


def _series(f: Expansion, point: float) -> list[float]:
    for bits in _BITS:
        with precision(bits):
            try:
                series = f(arb(point), 3)
            except UndecidedError:
                continue
            if all(c == 0 or c.rel_accuracy_bits() > 60 or abs(c) < TINY * 1e-20 for c in series):
                return [float(c.mid()) for c in series]
    return [math.nan] * 3


def _mended(
    number: sp.Expr, x: sp.Symbol, order: int, truth: Truth, wrong: NDArray[np.float64]
) -> tuple[Table, ...]:
    """Tables over the quarters of binades in which a point of the audit fails, and their neighbours; around 0
    where points fail next to it; zeros where the function has underflowed."""
    sides = {side: Expansion(_continued(number, x, side), x) for side in (-1, 1)}
    keys = truth.points.view(np.int64) >> _QUARTER
    away = np.abs(truth.points) >= 2.0**-40
    double, single = ({*keys[(row > AUDIT) & away].tolist()} for row in wrong)
    double, single = ({key + step for key in part for step in (-1, 0, 1)} for part in (double, single))
    failed, urgent = sorted(double | single), set(map(_span, double))  # attempts are counted: doubles first
    flushed = set(keys[(truth.value != 0) & (np.abs(truth.value) < TINY) & away].tolist()) - set(failed)
    found = list(_filled(number, x, order))
    for side, f in sides.items():
        spans = [_span(key) for key in failed if (key >= 0) == (side > 0)]
        beside = (wrong > AUDIT).any(axis=0) & (np.abs(truth.points) < 2.0**-20) & (truth.points * side > 0)
        wide = [origin(f, order, side) if beside.any() else None]
        if any(max(map(abs, span)) > FAR for span in spans):
            tails = filter(None, (_tail(number, x, order, side), _vanished(truth, side)))
            wide.append(min(tails, key=lambda cell: abs(cell.centre), default=None))
        found += filter(None, wide)
        for cell in found:
            spans = [(low, high) for low, high in spans if low >= cell.high or high <= cell.low]
        doubles = [span for span in spans if span in urgent]
        found += cells(f, order, doubles) + cells(f, order, [span for span in spans if span not in urgent])
        found += zeros(f, order, [_span(key) for key in sorted(flushed) if (key >= 0) == (side > 0)])
    return tuple(table(run) for run in runs(found))


def _tail(number: sp.Expr, x: sp.Symbol, order: int, side: int) -> Cell | None:
    """A constant from some power of 2 to the end of the line, where a germ proves it to rounding."""
    best: Cell | None = None
    for k in range(14, 2, -1):
        start = 2.0**k
        try:
            found = behaviour(number, x, End(side * sp.oo), int(start))
        except NotImplementedError:
            break
        values = found.slope.range if order else found.phi.range
        small = abs(values) < TINY
        if int(start) < found.R or not (small or abs(values).lower() * 2.0**-53 > values.rad()):
            break
        ends = (start, math.inf) if side > 0 else (-math.inf, -start)
        best = Cell(*ends, side * start, (0.0 if small else float(values.mid()),))
    return best


def _vanished(truth: Truth, side: int) -> Cell | None:
    """0 beyond the point from which on the function is below 1e-300 at every point of the audit: what is left
    where no germ proves it."""
    living = side * truth.points[np.abs(truth.value) >= TINY]
    start = float(living.max()) if living.size else 0.0
    beyond = side * truth.points[side * truth.points > max(start, FAR)]
    if beyond.size < 8:
        return None
    first = float(beyond.min())
    return Cell(*((first, math.inf) if side > 0 else (-math.inf, -first)), side * first, (0.0,))


def _filled(number: sp.Expr, x: sp.Symbol, order: int) -> Iterator[Cell]:
    """Around removable points other than 0."""
    if not any(node.exp.is_negative and node.has(x) for node in number.atoms(sp.Pow)):
        return
    try:
        points = cuts(number, x).points
    except NotImplementedError:
        return
    for cut in points:
        if cut.joins == "removable" and cut.point != 0 and isinstance(cut.point, sp.Expr):
            f = Expansion(number.subs(x, cut.point + x), x)
            cell = filled(f, order, float(cut.ball(80).mid()))
            if cell is not None:
                yield cell


def _continued(number: sp.Expr, x: sp.Symbol, side: int) -> sp.Expr:
    """The function as it is on one side of 0, next to it: |x| is x on the right and −x on the left."""
    size = sp.Dummy("t", positive=True)
    return number.subs(x, side * size).xreplace({size: side * x})


def _span(key: int) -> tuple[float, float]:
    """The ends of a quarter of a binade."""
    ends = np.array([key << _QUARTER, (key + 1) << _QUARTER], np.int64).view(np.float64)
    return float(ends.min()), float(ends.max())
