"""Typed text becomes the expression that a mathematician reads, or one line that points at the column."""

from __future__ import annotations

import pytest
import sympy as sp

from symgrad.errors import ExpressionError
from symgrad.symbolic.language.parse import WRITTEN, called, parse
from symgrad.symbolic.language.write import write
from symgrad.symbolic.letters import PARAMETERS, x
from symgrad.theory.activations import ACTIVATIONS
from tests.symbolic.fuzzing import SEEDS

R = sp.Rational
a, lam = PARAMETERS["a"], PARAMETERS["lambda"]

LANGUAGE = {
    # numbers are exact
    "0.1x": R(1, 10) * x, "1e-3*x": R(1, 1000) * x, ".5x": x / 2, "2.x": 2 * x, "007*x": 7 * x,
    "1e19x": 10**19 * x,
    "12345678901234567890x": 12345678901234567890 * x, "0.00000000000000000001x": R(1, 10**20) * x,
    # precedence
    "-x^2": -(x**2), "-x²": -(x**2), "2^-x": 2**-x, "x**2**3": x**8, "2^-x*3": 3 * 2**-x,
    "-2x^2+x": x - 2 * x**2,
    "x - -x^2": x + x**2, "1-x-2": -1 - x, "8/x/2": 4 / x, "+x": x, "-x*x": -(x**2), "(-x)^2": x**2,
    "a-x^-2": a - x**-2,
    # multiplication without a sign
    "2x": 2 * x, "e x": sp.E * x, "3x(x+1)": 3 * x * (x + 1), "2sin(x)": 2 * sp.sin(x),
    "(x+1)(x+2)": (x + 1) * (x + 2),
    "x x": x**2, "2pi x": 2 * sp.pi * x, "a(x+1)": a * (x + 1), "2x^2 e^x": 2 * x**2 * sp.exp(x),
    "x|x|": x * sp.Abs(x),
    # bars
    "|x|": sp.Abs(x), "||x|-1|": sp.Abs(sp.Abs(x) - 1), "|x|/(1+|x|)": sp.Abs(x) / (1 + sp.Abs(x)),
    "|x(|x|-2)|": sp.Abs(x * (sp.Abs(x) - 2)), "2|x|": 2 * sp.Abs(x),
    "|x-1|-|x+1|": sp.Abs(x - 1) - sp.Abs(x + 1),
    "|log(x)|": sp.Max(sp.log(x), -sp.log(x)),
    "|exp(sqrt(x))|": sp.Max(sp.exp(sp.sqrt(x)), -sp.exp(sp.sqrt(x))),
    # other spellings
    "x³ − x⁻¹·x³": x**3 - x**2, "σ(x)": 1 / (1 + sp.exp(-x)), "x¹⁰": x**10, "e^x²": sp.exp(x**2), "x·x": x**2,
    "Abs(x)+Max(x,1)+Min(x,2)": sp.Abs(x) + sp.Max(x, 1) + sp.Min(x, 2), "Heaviside(x)": sp.Heaviside(x),
    "step(x)": sp.Heaviside(x), "E*x": sp.E * x, "lambda x": lam * x, " \tx ": x,
    # functions
    "e^x": sp.exp(x), "log1p(x)": sp.log(1 + x), "expm1(x)": sp.exp(x) - 1, "sqrt(x)": sp.sqrt(x),
    "x^(1/3)": x ** R(1, 3),
    "cbrt(x)": sp.sign(x) * sp.Abs(x) ** R(1, 3), "relu(x)": sp.Piecewise((x, x > 0), (0, True)),
    "softplus(2x)": sp.log(1 + sp.exp(2 * x)), "leaky_relu(x, 1/5)": sp.Piecewise((x, x > 0), (x / 5, True)),
    "leaky_relu(x)": sp.Piecewise((x, x > 0), (x / 100, True)), "silu(-x)": -x / (1 + sp.exp(x)),
    "elu(x+1, a)": sp.Piecewise((x + 1, x > -1), (a * (sp.exp(x + 1) - 1), True)),
    "max(x,|x|,-x)": sp.Max(x, -x, sp.Abs(x)),
    "gelu(x)": x * (1 + sp.erf(x / sp.sqrt(2))) / 2, "erfc(x)": sp.erfc(x), "asinh(x)": sp.asinh(x),
    # cases
    "where(x>0, x, 0)": sp.Piecewise((x, x > 0), (0, True)),
    "where(x≥0, x, 0)": sp.Piecewise((x, x >= 0), (0, True)),
    "where(-1 < x <= 1, x, 0)": sp.Piecewise((x, (x > -1) & (x <= 1)), (0, True)),
    "where(x<-1 or x>1 and x<3, x, 0)": sp.Piecewise((x, (x < -1) | ((x > 1) & (x < 3))), (0, True)),
    "where(not (x<0), x, 0)": sp.Piecewise((x, x >= 0), (0, True)),
    "where((x > 0) & (x < 2), x, 1)": sp.Piecewise((x, (x > 0) & (x < 2)), (1, True)),
    "where((x > 2) | (x < 0), x, 1)": sp.Piecewise((x, (x > 2) | (x < 0)), (1, True)),
    "where(|x| < 1, x, sign(x))": sp.Piecewise((x, sp.Abs(x) < 1), (sp.sign(x), True)),
    "Piecewise((1, Eq(x, 0)), (sin(x)/x, True))": sp.Piecewise((1, sp.Eq(x, 0)), (sp.sin(x) / x, True)),
    "Piecewise((1, x == 0), (x, x != a), (2, True))": sp.Piecewise(
        (1, sp.Eq(x, 0)), (x, sp.Ne(x, a)), (2, True)
    ),
    "where(1 < 2, x, 3)": x,
}  # fmt: skip

REFUSED = {
    # names
    "y": 1, "x+y": 3, "sinx": 1, "x1": 1, "2xx": 2, "x*foo(x)": 3, "ln(x)": 1, "asin(x)": 1, "X": 1,
    "oo*x": 1, "x+nan": 3,
    "factorial(x)": 1, "x+Sum(x,x)": 3, "integrate(x,x)": 1, "gamma(x)": 1, "True": 1, "None": 1, "x.func": 2,
    "I*x": 1,
    # characters
    "x @ x": 3, "√x": 1, "х+1": 1, "ｘ": 1, "x\x00": 2, "x\n+1": 2, "π x": 1, "x×x": 2, "x[0]": 2,
    "f'{x}'": 1, "x%2": 2, "x!": 2,
    # form
    "": 1, "   ": 1, "x +": 4, "*x": 1, "x*/x": 3, "(x": 1, "x)": 2, "sin(x": 4, "|x": 1, "x,x": 2,
    "sin x": 1, "sin^2(x)": 1,
    "()": 2, "sin()": 5, "2 3x": 3, "x 2": 3, "1.2.3*x": 4, "x/2(1+x)": 4, "1/2x": 4, "max(x)": 1,
    "log(x,2)": 1, "elu(x,1,2)": 1,
    "leaky_relu(x,-1)": 1, "leaky_relu(x,x)": 1, "x^^2": 3, "x if x": 3, "where(x>0,x)": 12,
    "where(x,1,x)": 7,
    "Piecewise((x,x>0),(0,x<=0))": 1, "Piecewise(x)": 11, "Piecewise((x,True)": 10,
    # conditions stay in their places
    "x>0": 2, "x == 1": 3, "(x>0)*x": 3, "where((x>0)+1>0,x,0)": 12, "where(x>0>x>(x>1),x,0)": 13,
    "x and x": 3, "not x": 1,
    "where(x and x>0,x,0)": 9, "where(x<1 and x,x,0)": 15, "sin(x>0)": 6, "where(x=0,1,x)": 8, "Eq(x,0)": 1,
    # constants, and what is not a finite real number
    "5": 1, "pi": 1, "a": 1, "x-x": 1, "x/x": 1, "0*x": 1, "x^0": 1, "0/0": 2, "1/0": 2, "x/(1-1)": 2,
    "x+1/(a-a)": 4, "log(0)+x": 1,
    "(-8)^(1/3)*x": 5, "sqrt(-1)x": 1, "log(-2)*x": 1, "(-2)^x": 5, "0^x": 2, "0^-1*x": 2, "tan(pi/2)*x": 1,
    "sqrt(-1-x^2)": 1,
    "sqrt(-x^2)": 1, "x/(sin(1)^2+cos(1)^2-1)": 2, "sqrt(x)^2": 8, "exp(log(x))": 1, "x+0*log(x)": 4,
    # sizes
    "x^33": 2, "x^-33": 2, "x^(65/2)": 2, "x^(1/65)": 2, "x^20*x^20": 5, "(x^8)^8": 6, "x**(10**9)": 2,
    "9**9**9**9": 5,
    "10**10**10": 3, "(10^19)^32*x": 8, "123456789012345678901x": 1, "1e20*x": 1, "x+1e-21": 3, "1e400*x": 1,
    "1e-400*x": 1,
    "exp(300)*x": 1, "exp(exp(100))x": 1, "x*exp(-400)": 3, "x^(e^4)": 2, "gelu(" * 9 + "x" + ")" * 9: 6,
    "x+" * 250 + "x": 501, "(" * 25 + "x" + ")" * 25: 25, "-" * 25 + "x": 25,
    "sin(" * 25 + "x" + ")" * 25: 100,
    "x*sqrt(1+" + "sqrt(1+" * 9 + "1" + ")" * 10: 10,
    "max(" + ",".join(f"x^{n}" for n in range(1, 13)) + ")": 1,
}  # fmt: skip


def same_number(found: sp.Expr, expected: sp.Expr) -> bool:
    """To 25 digits; both may be undefined there."""
    found, expected = found.evalf(30), expected.evalf(30)
    if not expected.is_comparable:
        return not found.is_comparable
    return bool(abs(found - expected) < sp.Float("1e-25", 30) * (1 + abs(expected)))


@pytest.mark.parametrize(("text", "meant"), LANGUAGE.items())
def test_language(text: str, meant: sp.Expr) -> None:
    assert parse(text, ACTIVATIONS) == meant


@pytest.mark.parametrize(("text", "column"), REFUSED.items())
def test_refusals_point_at_the_column(text: str, column: int) -> None:
    with pytest.raises(ExpressionError) as refusal:
        parse(text, ACTIVATIONS)
    message = str(refusal.value)
    assert message.startswith(f"column {column}: ")
    assert refusal.value.column == column
    assert message.isprintable()
    assert len(message) < 300


def test_just_inside_the_limits() -> None:
    """What is one less than each limit is read."""
    accepted = (
        "x^32", "x^-32", "x^(1/64)", "x^(63/64)", "99999999999999999999x", "(" * 24 + "x" + ")" * 24,
        "-" * 24 + "x",
        "x+" * 249 + "x", "sin(" * 24 + "x" + ")" * 24, "exp(200)x", "(1+x)**32*(1-x)**32", "x^" * 23 + "x",
    )  # fmt: skip
    for text in accepted:
        assert x in parse(text).free_symbols


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_registered_activation_is_a_function(name: str) -> None:
    """At x it is itself, and elsewhere what x is put into; with parameters in their order."""
    entry = ACTIVATIONS[name]
    assert called(f"{name}(x)", ACTIVATIONS) == (name, ())
    assert parse(f"{name}(x)", ACTIVATIONS) == entry.phi
    values = [value + R(n + 1, 7) for n, value in enumerate(entry.parameters.values())]
    meant = entry.expression.xreplace(dict(zip(entry.parameters, values, strict=True)))
    found = parse(f"{name}({', '.join(['x', *map(write, values)])})", ACTIVATIONS)
    moved = parse(f"{name}(1-2x)", ACTIVATIONS)
    for point in (R(-7, 3), R(1, 5), R(5, 2)):
        assert same_number(found.xreplace({x: point}), meant.xreplace({x: point}))
        assert same_number(moved.xreplace({x: point}), entry.phi.xreplace({x: 1 - 2 * point}))


def test_cases_within_conditions_stay_small_and_right() -> None:
    """Composition of piecewise functions, against the composition of their values."""
    inner, outer = ACTIVATIONS["hard_swish"].phi, ACTIVATIONS["elu"].phi
    text = "elu(hard_swish(elu(x)) - relu(x)/2)"
    found = parse(text, ACTIVATIONS)
    for node in found.atoms(sp.Piecewise):
        assert not any(condition.has(sp.Piecewise) for _, condition in node.args)
    for point in (R(n, 4) for n in range(-20, 21)):
        value = inner.xreplace({x: outer.xreplace({x: point})}) - sp.Max(point, 0) / 2
        assert same_number(found.xreplace({x: point}), outer.xreplace({x: value}))


@pytest.mark.parametrize("text", SEEDS)
def test_seeds_of_the_fuzzer_are_valid(text: str) -> None:
    found = parse(text, ACTIVATIONS)
    assert parse(write(found), limits=WRITTEN) == found
