"""Induction over time: a closed form with ∏ and Σ up to a symbolic step t, proved against its recurrence."""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp

from symgrad.symbolic.calculus.equality import prove_equal

__all__ = ["by_induction", "split_last"]


def split_last(expr: sp.Expr, step: sp.Symbol) -> sp.Expr:
    """The expression with the last factor or term split off every ∏ and Σ that ends at `step`.

    ∏_{s=a}^{t} F_s = F_t ∏_{s=a}^{t−1} F_s and Σ_{s=a}^{t} F_s = F_t + Σ_{s=a}^{t−1} F_s, which define both
    signs; what does not depend on the index is taken out of a sum. From a = t + 1 on they are 1 and 0.
    """
    if not expr.has(step):
        return expr
    if not isinstance(expr, sp.Sum | sp.Product):
        return expr.func(*(split_last(arg, step) for arg in expr.args)) if expr.args else expr
    ((index, low, high),) = expr.limits
    whole = isinstance(expr, sp.Product)
    if high != step:
        return expr
    if low == step + 1:
        return sp.S.One if whole else sp.S.Zero
    last = split_last(expr.function.subs(index, step), step)
    if whole:
        return last * sp.Product(expr.function, (index, low, step - 1))
    apart, within = split_last(expr.function, step).as_independent(index, as_Add=False)
    return last + apart * sp.Sum(within, (index, low, step - 1))


def by_induction(
    closed: sp.Expr,
    step: sp.Symbol,
    start: sp.Expr,
    initial: sp.Expr,
    onward: Callable[[sp.Expr], sp.Expr],
) -> str:
    """Proves x_t = closed for every t ≥ start, where x_start = initial and x_t = onward(x_{t−1}).

    Raises `RefutedError` when the closed form does not begin so or does not go on so.
    """
    prove_equal(closed.subs(step, start).doit(), initial)
    how = prove_equal(split_last(closed, step), onward(closed.subs(step, step - 1)))
    return f"induction over {step}, for every {step}: it begins at {step} = {start}; the step by {how}"
