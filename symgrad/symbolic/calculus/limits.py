"""One-sided limits and limits at the ends of the line, never guessed."""

import sympy as sp

from symgrad.symbolic.germs.behaviour import End, settle

__all__ = ["limit"]


def limit(f: sp.Expr, x: sp.Symbol, end: sp.Expr, side: int = 1) -> sp.Expr:
    """lim f as x → end from the left (side −1) or the right (side 1); the side of ±oo is its own.

    Read off the germ of f; where letters other than x stand in it, or there is no expansion, asked of SymPy.
    Raises `NotImplementedError` when there is no limit or it is not found.
    """
    value = sp.nan if end.is_infinite else f.subs(x, end)
    if not value.is_finite:
        value = _of_germ(f, x, End(end, side)) if f.free_symbols | end.free_symbols <= {x} else None
        if value is None:
            value = sp.limit(f, x, end, "+" if side > 0 else "-")
    if value.has(sp.Limit, sp.AccumBounds, sp.nan, sp.zoo) or not value.is_extended_real:
        raise NotImplementedError(f"no limit of {f} at {end}")
    return value


def _of_germ(f: sp.Expr, x: sp.Symbol, end: End) -> sp.Expr | None:
    try:
        return settle(x, end, lambda expand: expand(f)[0].limit(), derivatives=0)
    except NotImplementedError:
        return None
