r"""The form a textbook would print: σ(u) and softplus(u) folded back, common factors taken out.

Nothing here is trusted: whoever prints a textbook form proves it equal to what it came from (`prove_equal`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sympy as sp

__all__ = ["Named", "Sigma", "Softplus", "textbook", "unfold"]


class Named(sp.Function):
    """A function that only abbreviates: `definition` is what it stands for, `doit` and `unfold` put that in
    its place."""

    nargs = 1
    is_real = True
    is_positive = True
    word = ""
    shown = ("", "")
    """How it is written in LaTeX and in Typst."""

    @classmethod
    def definition(cls, u: sp.Expr) -> sp.Expr:
        raise NotImplementedError

    def doit(self, deep: bool = True, **hints: Any) -> sp.Expr:
        u = self.args[0]
        return self.definition(u.doit(deep=deep, **hints) if deep else u)

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """The derivative of the definition, folded again."""
        u = sp.Dummy("u", real=True)
        return textbook(self.definition(u).diff(u)).xreplace({u: self.args[0]})

    def _eval_evalf(self, prec: int) -> sp.Expr:
        return self.doit(deep=False)._eval_evalf(prec)

    def _eval_rewrite(self, rule: Any, args: tuple[sp.Expr, ...], **hints: Any) -> sp.Expr:
        return self.definition(args[0]).rewrite(rule, **hints)

    def _sympystr(self, printer: Any) -> str:
        return f"{self.word}({printer._print(self.args[0])})"

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        power = f"^{{{exp}}}" if exp else ""
        return rf"{self.shown[0]}\left({printer._print(self.args[0])}\right){power}"

    def _typst(self, printer: Any) -> str:
        return f"{self.shown[1]}({printer._print(self.args[0])})"


class Sigma(Named):
    """σ(u) = 1/(1 + e^{−u}), the logistic sigmoid."""

    word = "sigmoid"
    shown = (r"\sigma", "sigma")

    @classmethod
    def definition(cls, u: sp.Expr) -> sp.Expr:
        return 1 / (1 + sp.exp(-u))


class Softplus(Named):
    """softplus(u) = log(1 + eᵘ), whose derivative is σ(u)."""

    word = "softplus"
    shown = (r"\operatorname{softplus}", 'op("softplus")')

    @classmethod
    def definition(cls, u: sp.Expr) -> sp.Expr:
        return sp.log(1 + sp.exp(u))


def unfold(expr: sp.Basic) -> sp.Basic:
    """Every named function replaced by its definition."""
    return (
        expr.replace(lambda e: isinstance(e, Named), lambda e: e.definition(e.args[0]))
        if expr.has(Named)
        else expr
    )


def textbook(expr: sp.Expr) -> sp.Expr:
    """An equal expression as a textbook would print it: the shortest of a few, each made by elementary
    algebra.

    Piecewise expressions branch by branch. Equality is for the caller to prove.
    """
    if isinstance(expr, sp.Piecewise):
        return sp.Piecewise(*((textbook(branch), condition) for branch, condition in expr.args))
    if expr.is_number and not expr.has(sp.exp, sp.log):
        return expr
    expr = _unsigned(expr)
    kept = {part: sp.Dummy("p", real=True, positive=part.is_positive) for part in _kept(expr)}
    return min(_forms(expr.xreplace(kept)), key=_length).xreplace({p: part for part, p in kept.items()})


def _kept(expr: sp.Expr) -> set[sp.Expr]:
    """Parts that stay as they are: moduli, and long constants."""
    if isinstance(expr, sp.Abs | sp.sign) or (expr.is_number and sp.count_ops(expr) > 6):
        return {expr}
    return set().union(*map(_kept, expr.args)) if isinstance(expr, sp.Expr) else set()


def _length(expr: sp.Expr) -> tuple[int, int, bool, int]:
    """Operations, terms of the longest sum, sums after products, characters: what an eye has to read."""
    longest = max((len(a.args) for a in expr.atoms(sp.Add)), default=0)
    return sp.count_ops(expr), longest, expr.is_Add, len(str(expr))


def _forms(expr: sp.Expr) -> Iterator[sp.Expr]:
    yield expr
    folded = _fold(expr)
    yield from (folded, _common(folded))
    expanded = _pythagoras(sp.expand(folded))
    yield from (expanded, _common(expanded))
    if not 2 < sp.count_ops(expanded) < 200:
        return
    above, below = sp.fraction(sp.together(folded))
    above = _pythagoras(sp.expand(above))
    yield _common(above) / below
    yield sp.factor(above) / sp.factor(_pythagoras(below))


def _common(expr: sp.Expr) -> sp.Expr:
    """Common factors of the terms taken out; a common number is not, for that would put fractions into a
    fraction."""
    taken = sp.factor_terms(expr)
    number, rest = taken.as_coeff_Mul()
    return expr if rest.is_Add and not number.is_Integer else taken


def _unsigned(expr: sp.Expr) -> sp.Expr:
    """u sign(u) = |u|."""
    for sign in expr.atoms(sp.sign):
        (u,) = sign.args
        expr = expr.subs(u * sign, sp.Abs(u))
    return expr


def _fold(expr: sp.Expr) -> sp.Expr:
    """log(1 + eᵘ) → softplus(u); a rational function of eᵘ over 1 + e^{±u} → one of s = σ(u) and t = 1 − s.

    eᵘ = s/t, 1 + eᵘ = 1/t, 1 + e^{−u} = 1/s: products collapse by themselves, sums are multiplied out where
    that makes them shorter.
    """
    expr = expr.replace(lambda e: isinstance(e, sp.log) and _exponent(e.args[0]) is not None, _softplus)
    exponents = {u for u in map(_exponent, expr.atoms(sp.Add)) if u is not None}
    for u in sorted(exponents, key=sp.default_sort_key):
        u = -u if u.could_extract_minus_sign() else u
        s, t = sp.Dummy("s", positive=True), sp.Dummy("t", positive=True)
        up, down = sp.exp(u), sp.exp(-u)
        inside = expr.xreplace({1 + up: 1 / t, 1 + down: 1 / s}).xreplace({up: s / t, down: t / s})
        shortest = min(inside, _common(sp.expand(inside)), key=sp.count_ops)
        expr = shortest.xreplace({s: Sigma(u), t: 1 - Sigma(u)})
    return expr


def _softplus(log: sp.Expr) -> sp.Expr:
    return Softplus(_exponent(log.args[0]))


def _exponent(expr: sp.Expr) -> sp.Expr | None:
    """u if expr = 1 + eᵘ."""
    rest = expr - 1 if expr.is_Add else None
    return rest.exp if isinstance(rest, sp.exp) else None


def _pythagoras(expr: sp.Expr) -> sp.Expr:
    """The shorter of the expression with sin² + cos² = 1, cosh² − sinh² = 1, tan = sin/cos, tanh = sinh/cosh
    used, and without."""
    changed = expr
    for f in expr.atoms(sp.sin):
        (u,) = f.args
        changed = sp.expand(changed.xreplace({f**2: 1 - sp.cos(u) ** 2})).subs(f / sp.cos(u), sp.tan(u))
    for f in expr.atoms(sp.tan):
        changed = changed.xreplace({1 + f**2: sp.cos(f.args[0]) ** -2})
    for f in expr.atoms(sp.sinh):
        changed = changed.xreplace({1 + f**2: sp.cosh(f.args[0]) ** 2}).subs(
            f / sp.cosh(f.args[0]), sp.tanh(f.args[0])
        )
    return min(changed, expr, key=_length)
