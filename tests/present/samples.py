"""What the tests of presentation run over: every derivation, and statements made to be awkward."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path

import sympy as sp

from symgrad.symbolic.calculus.textbook import Sigma, Softplus
from symgrad.symbolic.derivation import Claim, Derivation, Source, prove
from symgrad.symbolic.letters import D, E, W, a, gamma, h, k, l, n, w, w_scalar, widths, x, y
from symgrad.symbolic.notation import (
    Chain,
    Image,
    Increment,
    Juxtaposed,
    ManySums,
    Mean,
    Norm,
    NormAny,
    NormF,
    OneSided,
    Partial,
    Probability,
    SlopeImage,
    Transposed,
    Variance,
    ZeroSet,
    dphi,
    phi,
)
from symgrad.theory.registry import DERIVATIONS

KEYS = tuple(DERIVATIONS)

A, B = sp.MatrixSymbol("A", 2, 2), sp.MatrixSymbol("B", 2, 2)
f = sp.Function("f")
CONSTRUCTS: tuple[sp.Basic, ...] = (
    sp.Integer(-7),
    sp.Rational(-3, 4),
    sp.Float("0.25"),
    sp.Float("1.5e-300"),
    sp.pi * sp.E * sp.I,
    sp.Symbol("sigma_w") ** 2 * sp.Symbol("x^*") ** 2,
    sp.Symbol("W_ij") * sp.Symbol("w_max") * sp.Symbol("varphi'") * sp.Symbol("net"),
    (x + 1) ** 2 / (x - 1) ** 3,
    sp.sqrt(x) + sp.cbrt(x) + x ** sp.Rational(2, 3) + x**-2,
    sp.Pow(2, -1022, evaluate=False),
    sp.Pow(sp.Rational(1, 4), n),
    2 ** (1 / x) + x ** (1 / y),
    (-2) ** n,
    sp.exp(-(x**2) / 2) ** 2,
    sp.exp(x) ** y,
    sp.Abs(x) / (1 + sp.Abs(x)),
    sp.sin(x) ** 2 + sp.atan(x) + sp.acosh(x) + sp.tanh(x) ** -2,
    sp.erf(x) * sp.erfc(x) * sp.erfinv(y) ** 2,
    sp.log(x) ** 2,
    sp.floor(x) + sp.ceiling(x) + sp.sign(x) + sp.Heaviside(x),
    sp.factorial(n) ** 2 + sp.binomial(n, k),
    sp.Max(x, y, 0) - sp.Min(x, 1),
    f(x) ** 2 + sp.Function("softsign")(x) + sp.Function("sup")(dphi(x)),
    sp.Piecewise((x, x > 0), (sp.exp(x) - 1, True)) ** 2,
    sp.Piecewise((0, x < -3), (x, sp.And(x > -3, x < 3)), (1, True)),
    sp.Sum(a[l] + 1, (l, 1, n)) * sp.Product(w[l] * dphi(a[l]), (l, 1, n)) ** 2,
    sp.Sum(w[l], (l, 1, n), (k, 1, n)),
    sp.Integral(sp.exp(-(x**2)), (x, -sp.oo, sp.oo)),
    sp.Integral(x + 1, x),
    sp.Limit(sp.tanh(x) + 1, x, sp.oo),
    sp.Limit(sp.Abs(x) / x, x, 0, dir="-"),
    sp.Derivative(x * sp.exp(x), x),
    sp.Derivative(f(x, y), x, (y, 2)),
    sp.Eq(x, y),
    sp.Ne(x, y),
    sp.Implies(sp.And(x > 0, y < 0), x > y),
    sp.Or(x < 0, sp.And(x > 1, y > 1)),
    sp.Not(sp.Or(x < 0, y < 0)),
    sp.Equivalent(sp.Symbol("p"), sp.Symbol("q")),
    sp.Contains(x, sp.Interval.Lopen(0, 1)),
    sp.Interval(0, sp.oo),
    sp.Union(sp.Interval(0, 1), sp.FiniteSet(2, 3)),
    sp.Complement(sp.S.Reals, sp.FiniteSet(0)),
    sp.ConditionSet(x, sp.sin(x) > 0, sp.S.Reals),
    sp.S.EmptySet,
    sp.Tuple(x, y),
    sp.true,
    sp.Matrix([[1, x / 2], [0, y]]),
    sp.MatPow(sp.Matrix([[1, 1], [0, 1]]), n),
    A * B.T + A.I - 2 * sp.Identity(2),
    A[0, 1],
    phi(x) ** 2 / dphi(x + 1) ** 3,
    Partial(E, W[l]) ** 2,
    Norm(Partial(h[n], h[0])) ** n * NormF(W[1]),
    Juxtaposed(D[l] + 1, Transposed(Partial(E, h[l]))),
    Transposed(W[l]) ** 2,
    Increment(w_scalar) ** 2,
    Chain(Juxtaposed(D[l], W[l]), l, 1, n) ** 2,
    Mean(phi(x) ** 2) ** 2,
    Variance(W[l]) ** 2,
    sp.polygamma(0, k / 2) ** 2 + sp.polygamma(1, k / 2),
    Mean(widths[l] * sp.binomial(n, k)),
    ManySums(x * y, l, k, n),
    NormAny(W[l]) ** 2,
    Probability(x, y),
    sp.Eq(ZeroSet(x**2 - 1, x), sp.FiniteSet(-1, 1), evaluate=False),
    Image(sp.Symbol("g"), sp.Interval.open(0, 1)),
    sp.Eq(SlopeImage(sp.S.Reals), sp.Interval.Lopen(0, 1), evaluate=False),
    dphi(OneSided(sp.Integer(-3), 1)),
    Sigma(x) ** 2 * (1 - Softplus(x)),
    gamma**n,
)


class Unknown(sp.Function):
    """A construct that no printer has heard of."""


LONG: tuple[sp.Basic, ...] = (
    sp.Eq(y, sp.Add(*(sp.sin(k * x) / (k + 1) for k in range(1, 30)))),
    sp.Eq(sp.Add(*(sp.sin(k * x) for k in range(1, 25))), sp.Add(*(sp.cos(k * x) for k in range(1, 25)))),
    sp.Le(sp.Abs(y), sp.Mul(*(Norm(W[k]) for k in range(1, 30)))),
    sp.Eq(y, sp.Mul(x, sp.Add(*(sp.exp(k * x) for k in range(1, 40))), evaluate=False) / 7),
    sp.Eq(y, -x * sp.Add(*(sp.exp(-k * x) for k in range(1, 40)))),
    sp.And(*(sp.Lt(sp.Symbol(f"x{k}"), sp.sin(sp.Symbol(f"x{k + 1}"))) for k in range(9)), evaluate=False),
    sp.Eq(y, sp.tanh(sp.Add(*(sp.exp(k * x) for k in range(1, 18))))),
    sp.Eq(y, sp.Add(*(sp.exp(k * x) for k in range(9))) / sp.Add(*(sp.cos(k * x) for k in range(1, 9)))),
)


@cache
def derivation(key: str) -> Derivation:
    """The registry's derivation, built once for all tests."""
    return DERIVATIONS[key]()


@cache
def sample(*statements: sp.Basic) -> Derivation:
    """Any statements as a derivation with words that need escaping everywhere."""
    awkward = (
        r"50 % of _these_ & {those} cost $3 #1 ~ ^ \ <b> | [x](y) *a* `c` σ(x) ≤ γⁿ, ‖W‖₂ − é “q” x⁻¹ 0.5e-3"
    )
    steps = tuple(
        prove(statement, (awkward, x, awkward), lambda: awkward, awkward) for statement in statements
    )
    return Derivation(
        key="sample",
        title=awkward,
        subject="tests",
        summary=(awkward,),
        assumptions=((awkward, sp.Eq(x, y)),),
        steps=steps,
        conclusion=prove(sp.Eq((x + 1) ** 2, x**2 + 2 * x + 1), (awkward,)),
        sources=(Source("hochreiter1991", awkward),),
        claims=(Claim("sample/claim", (awkward,), "nothing"),),
    )


def compiled(program: str, source: str, folder: Path) -> str:
    """The log of pdflatex, which must succeed."""
    (folder / "document.tex").write_text(source, "utf-8")
    command = [program, "-no-shell-escape", "-halt-on-error", "-interaction=nonstopmode", "document.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=120)
    log = done.stdout.decode("utf-8", "replace")
    assert done.returncode == 0, log[-2000:]
    return log


def overfull(log: str) -> list[float]:
    """By how many points lines are too wide."""
    return [float(points) for points in re.findall(r"Overfull \\hbox \(([\d.]+)pt", log)]
