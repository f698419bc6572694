"""The printers: every construct is set, nothing unknown passes, and brackets keep the value."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path

import mpmath
import pytest
import sympy as sp
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from symgrad.present import latex, typst
from symgrad.present.breaking import lines
from symgrad.present.names import UnprintableError, read_name
from symgrad.present.plain import plain
from symgrad.present.python_code import Names, PythonPrinter
from symgrad.present.typst_math import TypstPrinter
from symgrad.present.width import width
from symgrad.symbolic import notation
from symgrad.symbolic.calculus.textbook import Sigma
from symgrad.symbolic.letters import h, l, x, y
from symgrad.symbolic.notation import Increment, Partial, Transposed, dphi
from tests.present.samples import CONSTRUCTS, KEYS, LONG, Unknown, compiled, derivation
from tests.present.typst_reader import value

each = pytest.mark.parametrize("expr", CONSTRUCTS, ids=lambda e: str(e)[:40])
POINT = {"x": mpmath.mpf("0.75"), "y": mpmath.mpf("1.25")}
EXACT = {x: sp.Rational(3, 4), y: sp.Rational(5, 4)}


def test_the_list_of_constructs_has_all_of_our_notation() -> None:
    used = {type(part) for expr in CONSTRUCTS for part in sp.preorder_traversal(expr)}
    assert used >= {getattr(notation, name) for name in notation.__all__} - {notation.Notation}


def test_every_construct_compiles_in_typst() -> None:
    document = "\n".join(f"$ {typst.typst(expr)} $" for expr in CONSTRUCTS)
    assert typst.pdf(document).startswith(b"%PDF")


def test_every_construct_compiles_in_latex(pdflatex: str, tmp_path: Path) -> None:
    body = "\n".join(f"\\[{latex.latex(expr)}\\]" for expr in CONSTRUCTS)
    compiled(pdflatex, latex.PREAMBLE + "\\begin{document}\n" + body + "\n\\end{document}\n", tmp_path)


@each
def test_latex_may_stand_in_a_table_and_needs_no_macro(expr: sp.Basic) -> None:
    text = latex.latex(expr)
    assert "|" not in text
    assert not re.search(r"\\(label|tag|eqref|DeclareMathOperator|mathtt|multline)", text)


@pytest.mark.parametrize("printer", [latex.latex, typst.typst, PythonPrinter(Names()).doprint])
@pytest.mark.parametrize("expr", [Unknown(x), 1 + Unknown(x) ** 2, sp.Symbol(r"\input{x}"), sp.Symbol("a b")])
def test_what_is_unknown_is_an_error(printer, expr: sp.Basic) -> None:
    if printer not in (latex.latex, typst.typst) and not expr.has(Unknown):
        assert printer(expr).isidentifier()  # code gives a symbol a name of its own
        return
    if printer is latex.latex and expr.has(Unknown):
        assert r"\operatorname{Unknown}" in latex.latex(expr)  # a function by its name, as LaTeX does
        return
    with pytest.raises(UnprintableError):
        printer(expr)


@pytest.mark.parametrize(
    ("expr", "in_latex", "in_typst"),
    [
        (
            Partial(x, y) ** 2,
            r"\left(\frac{\partial x}{\partial y}\right)^{2}",
            "((partial x)/(partial y))^(2)",
        ),
        (Increment(x) ** 2, r"\left(\Delta x\right)^{2}", "(Delta x)^(2)"),
        (
            Transposed(Partial(x, y)),
            r"\left(\frac{\partial x}{\partial y}\right)^{\top}",
            "((partial x)/(partial y))^top",
        ),
        (Transposed(h[l - 1]), r"{h}_{l - 1}^{\top}", "h_(l - 1)^top"),
        (
            sp.Derivative(x * y, x),
            r"\frac{\partial}{\partial x} \left[x y\right]",
            "frac(partial, partial x) [x y]",
        ),
        (sp.And(x > -3, x < 3), "-3 < x < 3", "-3 < x < 3"),
        (1 - sp.tanh(x) ** 2, r"1 - \tanh^{2}{\left(x \right)}", "1 - tanh^(2) (x)"),
        (sp.Interval.Lopen(0, 1), r"\left(0, 1\right]", r"lr(\( 0 comma 1 \])"),
        (sp.Pow(4, -511, evaluate=False), "4^{-511}", "4^(-511)"),
    ],
    ids=str,
)
def test_writing(expr: sp.Basic, in_latex: str, in_typst: str) -> None:
    assert latex.latex(expr) == in_latex
    assert typst.typst(expr) == in_typst


def test_names() -> None:
    assert read_name("sigma_w").below == ("w",)
    assert latex.latex(sp.Symbol("varphi'")) == r"\varphi'"
    assert latex.latex(sp.Symbol("w_max")) == r"w_{\mathrm{max}}"
    assert typst.typst(sp.Symbol("w_max")) == 'w_("max")'


LEAVES = st.sampled_from([x, y, sp.pi, sp.Integer(2), sp.Integer(-3), sp.Rational(-2, 3), sp.Rational(5, 7)])
UNARY = (
    sp.sin,
    sp.tanh,
    sp.erf,
    sp.Abs,
    dphi,
    Sigma,
    lambda u: sp.exp(u / 4),
    lambda u: sp.log(2 + u**2),
    lambda u: sp.sqrt(1 + u**2),
    lambda u: 1 / (1 + u**2),
    lambda u: -u,
    lambda u: u**2,
    lambda u: (1 + u**2) ** sp.Rational(-2, 3),
    lambda u: sp.cbrt(1 + u**2),
    lambda u: sp.Mul(sp.Integer(2), sp.Rational(3, 5), u, evaluate=False),
)
BINARY = (
    sp.Add,
    sp.Mul,
    lambda u, v: u - v,
    lambda u, v: u / (1 + v**2),
    lambda u, v: (1 + u**2) ** (sp.tanh(v)),
    lambda u, v: sp.Mul(u, v, evaluate=not (u.free_symbols and v.free_symbols)),
    lambda u, v: sp.Add(u, v, evaluate=not (u.free_symbols and v.free_symbols)),
)
"""Unevaluated only with letters on both sides: SymPy itself stumbles over an unevaluated 0 + 0."""


def built(make: Callable[..., sp.Expr], *args: sp.Expr) -> sp.Expr:
    """The expression, unless SymPy itself stumbles over the unevaluated parts (0/0 in a content)."""
    try:
        return make(*args)
    except ZeroDivisionError:
        reject()


EXPRESSIONS = st.recursive(
    LEAVES,
    lambda part: st.one_of(
        st.builds(built, st.sampled_from(UNARY), part),
        st.builds(built, st.sampled_from(BINARY), part, part),
    ),
    max_leaves=8,
)


def slope(u: sp.Expr) -> sp.Expr:
    """What φ′ is taken for here."""
    return 1 - sp.tanh(u) ** 2


def true_value(expr: sp.Basic) -> mpmath.mpf:
    plain = expr.replace(dphi, slope).doit()
    return mpmath.mpf(sp.N(plain.subs(EXACT), 30))


@settings(max_examples=150)
@given(EXPRESSIONS)
def test_brackets_in_typst_keep_the_value(expr: sp.Basic) -> None:
    with mpmath.workdps(30):
        assert mpmath.almosteq(value(typst.typst(expr), POINT), true_value(expr), 1e-20, 1e-20), expr


@settings(max_examples=100)
@given(EXPRESSIONS)
def test_brackets_in_code_keep_the_value(expr: sp.Basic) -> None:
    names = Names([x, y])
    text = PythonPrinter(names).doprint(expr)
    given_names = {"sp": sp, "x": x, "y": y, "dphi": slope, "sigmoid": Sigma}
    with mpmath.workdps(30):
        assert mpmath.almosteq(
            true_value(sp.sympify(eval(text, given_names))), true_value(expr), 1e-20, 1e-20
        )


def test_the_reader_would_see_a_lost_bracket() -> None:
    with mpmath.workdps(30):
        good = typst.typst(2 * (x + y) ** 2)
        assert mpmath.almosteq(value(good, POINT), mpmath.mpf(8))
        assert not mpmath.almosteq(value(good.replace("(x + y)^", "x + y^"), POINT), mpmath.mpf(8))


@pytest.mark.parametrize("statement", LONG[:2] + LONG[3:5], ids=range(4))
def test_broken_lines_keep_the_value(statement: sp.Equality) -> None:
    found = lines(statement)
    assert len(found.rows) > 1
    printer = TypstPrinter()
    sides = [""]
    for part in (*found.lead, *(part for row in found.rows for part in row)):
        if part == "==":
            sides.append("")
        elif isinstance(part, str):
            sides[-1] += f" {typst.OPERATORS[part]} "
        else:
            sides[-1] += f" {printer.part(part.expr, part.role)} "
    with mpmath.workdps(30):
        for side, text in zip(statement.args, sides, strict=True):
            assert mpmath.almosteq(value(text.strip(), POINT), true_value(side), 1e-18, 1e-18)


def test_width_is_estimated_on_the_safe_side(pdflatex: str, tmp_path: Path) -> None:
    formulas = [latex.latex(step.statement) for key in KEYS for step in derivation(key).steps]
    statements = len(formulas)
    formulas += [latex.latex(expr) for expr in CONSTRUCTS]
    boxes = "\n".join(
        rf"\setbox0\hbox{{$\displaystyle {formula}$}}\typeout{{WIDTH \the\wd0}}" for formula in formulas
    )
    log = compiled(
        pdflatex, latex.PREAMBLE + "\\begin{document}\n" + boxes + "\nx\\end{document}\n", tmp_path
    )
    measured = [float(points) / 10.95 for points in re.findall(r"WIDTH ([\d.]+)pt", log)]
    assert len(measured) == len(formulas)
    assert all(width(formula) >= 0.97 * real - 0.3 for formula, real in zip(formulas, measured, strict=True))
    for formula, real in zip(formulas[:statements], measured, strict=False):
        estimate = width(formula)
        assert 0.97 * real - 0.3 <= estimate <= 1.6 * real + 3, (formula, real, estimate)
    ratio = [width(formula) / real for formula, real in zip(formulas, measured, strict=True) if real > 10]
    assert math.fsum(ratio) / len(ratio) < 1.25


def test_the_negation_of_an_implication_is_not_lost() -> None:
    claim = sp.Implies(sp.Symbol("p"), sp.Symbol("q"))
    for written in (latex.latex, plain, TypstPrinter().doprint):
        assert written(sp.Not(claim, evaluate=False)) != written(claim)
