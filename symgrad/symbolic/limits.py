"""One-sided limits and limits at the ends of the line, never guessed."""

import sympy as sp

__all__ = ["limit"]


def limit(f: sp.Expr, x: sp.Symbol, end: sp.Expr, side: int = 1) -> sp.Expr:
    """lim f as x → end from the left (side −1) or the right (side 1); the side of ±oo is its own.

    Raises `NotImplementedError` when there is no limit or SymPy does not find it.
    """
    if end.is_infinite:
        value = sp.limit(f, x, end)
    else:
        value = f.subs(x, end)
        if not value.is_finite or value.has(sp.nan, sp.zoo):
            value = sp.limit(f, x, end, "+" if side > 0 else "-")
    if value.has(sp.Limit, sp.AccumBounds, sp.nan, sp.zoo) or not value.is_extended_real:
        raise NotImplementedError(f"no limit of {f} at {end}")
    return value
