r"""Notation that SymPy lacks: an activation left general, partial derivatives of nets, norms, ordered
products.

Each is an ordinary SymPy function, so it can stand inside an equation, and says how it is written in LaTeX,
Typst and plain text: a format whose {0}, {1}, … are its printed arguments.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy as sp

__all__ = [
    "Chain",
    "Image",
    "Increment",
    "Juxtaposed",
    "ManySums",
    "Mean",
    "Norm",
    "NormAny",
    "NormF",
    "Notation",
    "OneSided",
    "Partial",
    "Probability",
    "SlopeImage",
    "Transposed",
    "Variance",
    "ZeroSet",
    "dphi",
    "phi",
]


BRACKETED = r"\left({0}\right)^{{{1}}}"


class Notation(sp.Function):
    """A name with its own typesetting; `power` is how an exponent is put on the LaTeX."""

    in_latex = in_typst = in_text = ""
    power = "{0}^{{{1}}}"

    def shown(self, printer: Any) -> Sequence[str]:
        """The printed arguments that the formats refer to."""
        return [printer._print(arg) for arg in self.args]

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        body = self.in_latex.format(*self.shown(printer))
        return self.power.format(body, exp) if exp else body

    def _typst(self, printer: Any) -> str:
        return self.in_typst.format(*self.shown(printer))

    def _eval_evalf(self, prec: int) -> None:
        """A name has no number (SymPy would look its own up: mpmath's phi is the golden ratio)."""

    def _sympystr(self, printer: Any) -> str:
        return self.in_text.format(*self.shown(printer))


class dphi(Notation):
    """φ′, the derivative of the activation left general."""

    nargs = 1
    is_real = True
    in_latex, in_typst, in_text = r"\varphi'\left({0}\right)", "phi'({0})", "phi'({0})"


class phi(Notation):
    """φ, the activation left general: `phi(x).diff(x)` is `dphi(x)`."""

    nargs = 1
    is_real = True
    in_latex, in_typst, in_text = r"\varphi\left({0}\right)", "phi({0})", "phi({0})"

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """φ′ at the same argument."""
        return dphi(self.args[0])


class Partial(Notation):
    """∂f/∂v as a name: a quantity of a net, not an expression to be differentiated."""

    nargs = 2
    power = BRACKETED
    in_latex = r"\frac{{\partial {0}}}{{\partial {1}}}"
    in_typst = "(partial {0})/(partial {1})"
    in_text = "d({0})/d({1})"


class Norm(Notation):
    """‖A‖₂: the Euclidean norm of a vector, the largest singular value of a matrix."""

    nargs = 1
    is_real = True
    is_nonnegative = True
    in_latex, in_typst, in_text = r"\left\lVert {0} \right\rVert_{{2}}", "norm({0})_2", "||{0}||_2"


class NormF(Norm):
    """‖A‖_F: the root of the sum of the squared entries."""

    in_latex, in_typst, in_text = r"\left\lVert {0} \right\rVert_{{F}}", "norm({0})_F", "||{0}||_F"


class NormAny(Norm):
    """‖A‖_*: one norm left general, the same wherever it stands; of a matrix the operator norm it induces."""

    in_latex, in_typst, in_text = r"\left\lVert {0} \right\rVert_{{*}}", "norm({0})_*", "||{0}||_*"


class Transposed(Notation):
    """Aᵀ as a name."""

    nargs = 1
    power = BRACKETED
    in_latex, in_typst, in_text = r"{0}^{{\top}}", "{0}^top", "{0}^T"


class Increment(Notation):
    """Δw: the change of a weight in one update."""

    nargs = 1
    is_real = True
    in_latex, in_typst, in_text = r"\Delta {0}", "Delta {0}", "Delta {0}"


class Mean(Notation):
    """The expectation of a random expression."""

    nargs = 1
    is_real = True
    in_latex, in_typst, in_text = r"\mathbb{{E}}\left[ {0} \right]", "bb(E) [{0}]", "E[{0}]"


class Variance(Notation):
    """The variance of a random expression."""

    nargs = 1
    is_real = True
    is_nonnegative = True
    in_latex = r"\operatorname{{Var}}\left[ {0} \right]"
    in_typst, in_text = 'op("Var") [{0}]', "Var[{0}]"


class Probability(Notation):
    """P[X ≤ x]: the distribution function of a random number. Arguments: X and x."""

    nargs = 2
    is_real = True
    in_latex = r"\mathbb{{P}}\left[ {0} \leq {1} \right]"
    in_typst, in_text = "bb(P) [{0} <= {1}]", "P[{0} <= {1}]"


class ManySums(Notation):
    """Σ_{p_1=1}^{n} ⋯ Σ_{p_m=1}^{n} f, as many sums as m says. Arguments: f, p_1, p_m and n."""

    nargs = 4
    in_latex = r"\sum_{{{1}=1}}^{{{3}}} \cdots \sum_{{{2}=1}}^{{{3}}} {0}"
    in_typst = "sum_({1} = 1)^({3}) dots.c sum_({2} = 1)^({3}) {0}"
    in_text = "Sum_({1}=1..{3}) ... Sum_({2}=1..{3}) {0}"


class ZeroSet(Notation):
    """{x : f(x) = 0}. Arguments: f and its variable."""

    nargs = 2
    in_latex = r"\left\{{ {1} : {0} = 0 \right\}}"
    in_typst, in_text = "{{ {1} : {0} = 0 }}", "{{{1} : {0} = 0}}"


class SlopeImage(Notation):
    """φ′(S): the set of values that the derivative takes on S."""

    nargs = 1
    in_latex, in_typst, in_text = r"\varphi'\left({0}\right)", "phi' ({0})", "phi'({0})"


class Image(Notation):
    """f(S): the set of values that f takes on S. Arguments: f (a name) and S."""

    nargs = 2
    in_latex, in_typst, in_text = r"{0}\left({1}\right)", "{0} ({1})", "{0}({1})"


class OneSided(Notation):
    """p⁻ or p⁺: the point p approached from one side. Arguments: p and −1 or 1."""

    nargs = 2
    power = BRACKETED
    in_latex, in_typst, in_text = "{0}^{{{1}}}", "{0}^({1})", "{0}{1}"

    def shown(self, printer: Any) -> Sequence[str]:
        """The point and the sign of the side."""
        return [printer._print(self.args[0]), "-" if self.args[1] == -1 else "+"]


class Juxtaposed(Notation):
    """A B: factors side by side, in the order given (matrices do not commute)."""

    in_latex = in_typst = in_text = "{0}"

    def shown(self, printer: Any) -> Sequence[str]:
        """All factors, with spaces."""
        return [" ".join(printer._print(arg) for arg in self.args)]


class Chain(Notation):
    """F_hi F_{hi−1} ⋯ F_lo: a product of matrices with the order kept. Arguments: factor, index, lo, hi."""

    nargs = 4
    in_latex, in_typst, in_text = r"{0} \, {1} \cdots {2}", "{0} thin {1} dots.c {2}", "{0} {1} ... {2}"

    def shown(self, printer: Any) -> Sequence[str]:
        """The first two factors and the last."""
        factor, index, lo, hi = self.args
        return [printer._print(factor.subs(index, at)) for at in (hi, hi - 1, lo)]
