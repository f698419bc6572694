"""The machine: every operation against mpmath, shared parts, clipped branches; buffers and threads."""

from __future__ import annotations

import threading
import tracemalloc

import numpy as np
import pytest
import sympy as sp
from mpmath import mp, mpf

from symgrad.symbolic.calculus.textbook import Sigma, unfold
from symgrad.symbolic.kernels.accurate import Accurate, accurate
from symgrad.symbolic.kernels.compile import Erfc, Expm1, Log1p, compile_expression
from symgrad.symbolic.kernels.program import Program
from symgrad.symbolic.kernels.stable import forms, stable
from symgrad.symbolic.letters import x
from symgrad.theory.activations import CORE
from tests.theory.reference import evaluate

NAMES = tuple(CORE)


def compiled(name: str) -> Accurate:
    return accurate(CORE[name].phi, x, 1)


def run(program: Program | Accurate, points, dtype=np.float64) -> np.ndarray:
    a = np.array(points, dtype)
    out = np.full_like(a, np.nan)
    program(a, out)
    return out


TREES = (
    x**3 - 2 * x + 1,
    x**-2 + 3,
    sp.sqrt(1 + x**2) / (2 + sp.cos(x)),
    sp.Max(0, x, 2 - x) - sp.Min(x, 5),
    sp.Abs(x) ** sp.Rational(3, 2) + sp.sign(x),
    sp.Piecewise((sp.exp(x), x < 0), (x, sp.And(x >= 0, x <= 2)), (sp.log(x), True)),
    sp.Piecewise((1, sp.Or(x < -1, sp.Not(x < 3))), (x, True)),
    sp.asinh(x) + sp.atan(x) * sp.tanh(x) - sp.erfc(x),
    sp.pi * x + sp.E + sp.Rational(1, 3),
    sp.Integer(7),
    x,
    2**x + sp.sinh(x / 2) * sp.cosh(x / 3),
    1 - sp.tanh(3 * x) ** 2 + (1 + sp.erf(-x)) * (sp.exp(x) - 1),
    sp.asin(x / 10) - sp.acos(x / 10) + sp.atanh(x / 10) + sp.acosh(2 + x**2) + sp.tan(x / 10) + sp.sin(x),
)


POINTS = np.concatenate([np.linspace(-4, 4, 161) + 1 / 512, [-1.0, 1.0, 2.0, 3.0, -1e-5, 1e-5, 1e-12]])


@pytest.mark.parametrize("tree", TREES, ids=str)
def test_trees(tree: sp.Expr) -> None:
    """Every operation there is a rule for, against mpmath."""
    with mp.workdps(50):
        for at, value in zip(POINTS, run(compile_expression(tree, x), POINTS), strict=True):
            expected = evaluate(tree, {x: mpf(float(at))})
            assert abs(mpf(float(value)) - expected) <= mpf(2) ** -46 * (10 + abs(expected)), at


FORMS = (
    *TREES[:2],
    1 - sp.tanh(3 * x) ** 2 + (1 + sp.erf(-x)) * (sp.exp(x) - 1),
    3 - 3 * Sigma(x) + sp.log(1 + sp.exp(2 * x)) - sp.log(sp.cosh(x)),
    1 + sp.tanh(x) + sp.log(2 - sp.exp(x / 9)) + sp.log((1 + sp.exp(x)) / (1 + sp.exp(x - 1))),
    sp.diff(x * sp.tanh(sp.log(1 + sp.exp(x))), x),
    sp.diff(x / (1 + sp.exp(-x)), x),
    sp.sqrt(1 + x**2) - x + x / sp.sqrt(4 + x**2) - 1,
    sp.exp(x) * sp.exp(-sp.exp(x)) / sp.cosh(x) ** 2,
)


@pytest.mark.parametrize("tree", FORMS, ids=str)
def test_forms_are_equal(tree: sp.Expr) -> None:
    """The forms that keep their digits are the same function: compared in 50 digits of the rewritten tree."""
    tree = unfold(tree)
    with mp.workdps(50):
        for form in (stable(tree), *forms(tree, x)):
            plain = unfold(form).doit()
            for k in (-37, -11, -3, 2, 5, 12, 31):
                at = mpf(k) / 7
                assert abs(evaluate(plain, {x: at}) - evaluate(tree, {x: at})) < mpf(10) ** -43


def test_named_operations_mean_what_they_say() -> None:
    for named, meant in ((Expm1, sp.exp(x) - 1), (Log1p, sp.log(1 + x)), (Erfc, sp.erfc(x))):
        assert unfold(named(x)) == meant
        points = np.array([0.25, 1.0, 3.0])
        expected = [float(meant.subs(x, sp.Rational(p))) for p in points]
        np.testing.assert_allclose(run(compile_expression(named(x), x), points), expected, rtol=1e-15)


def test_equal_parts_are_computed_once() -> None:
    tree = sp.exp(-(x**2)) / (1 + sp.exp(-(x**2))) ** 2 + sp.exp(-2 * x**2)
    operations = compile_expression(tree, x).operations
    assert [operation.run for operation in operations].count(np.exp) == 1


def test_a_branch_is_not_computed_where_it_does_not_hold() -> None:
    """Under np.errstate(all="raise") inside the operations e^x at 1000 would stop the program."""
    tree = sp.Piecewise((sp.exp(x), x < 0), (sp.log(x), x > 2), (1 / (1 + x), True))
    with np.errstate(all="raise"):
        registers: dict[tuple[int, bool], np.ndarray] = {}
        program = compile_expression(tree, x)
        a = np.array([-1000.0, -2.0, 0.5, 3.0, 1000.0])
        for operation in program.operations:
            values = [
                o if isinstance(o, float) else a if o == (0, False) else registers[o]
                for o in operation.operands
            ]
            out = registers.setdefault(operation.out, np.empty(a.shape, bool if operation.out[1] else float))
            if operation.run is np.exp:
                assert np.max(values[0]) <= 0
            with np.errstate(under="ignore"):
                operation.run(*values, out=out)


@pytest.mark.parametrize("rate", [sp.Rational(1, 5), sp.pi, sp.Integer(3)], ids=str)
def test_parameters(rate: sp.Expr) -> None:
    a = sp.Symbol("a", positive=True)
    program = compile_expression(a * sp.exp(-a * x) + a**x, x, {a: rate})
    points = np.linspace(-2, 2, 9)
    expected = float(rate) * np.exp(-float(rate) * points) + float(rate) ** points
    np.testing.assert_allclose(run(program, points), expected, rtol=1e-14)


def test_refusals() -> None:
    with pytest.raises(NotImplementedError, match="besselj"):
        compile_expression(sp.besselj(0, x) + 1, x)
    with pytest.raises(NotImplementedError, match="f"):
        compile_expression(sp.Function("f")(x), x)
    with pytest.raises(NotImplementedError, match="final branch"):
        compile_expression(sp.Piecewise((x, x > 0)), x)
    with pytest.raises(ValueError, match="no value for a"):
        compile_expression(sp.Symbol("a") * x, x)


@pytest.mark.parametrize("name", NAMES)
def test_shapes_and_buffers(name: str) -> None:
    """Any shape; the input is left as it was; a strided or a stale output is overwritten wholly."""
    program = compiled(name)
    generator = np.random.default_rng(5)
    for shape in [(), (1,), (7,), (3, 4), (2, 3, 5), (0, 4), (7,)]:
        a = generator.standard_normal(shape)
        before, out = a.copy(), np.full(shape, np.inf)
        program(a, out)
        np.testing.assert_array_equal(a, before)
        np.testing.assert_array_equal(out, run(program, a.ravel()).reshape(shape))
    wide = generator.standard_normal((6, 10))
    strided = np.zeros((6, 10))
    program(wide[:, ::2], strided[:, ::2])
    np.testing.assert_array_equal(strided[:, ::2], run(program, wide[:, ::2]))
    assert not strided[:, 1::2].any()


@pytest.mark.parametrize("name", NAMES)
def test_nothing_grows(name: str) -> None:
    """After the first call of a shape none allocates an array: the peak stays far under 800 kB, one more."""
    program = compiled(name)
    a, out = np.linspace(-5, 5, 100_000), np.empty(100_000)
    program(a, out)
    tracemalloc.start()
    try:
        for _ in range(5):
            program(a, out)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 300_000


def test_threads_with_different_shapes() -> None:
    """One program in four threads at once: each has its own scratch arrays."""
    program = compiled("mish")
    inputs = [np.random.default_rng(k).standard_normal((50 + k, 31)) for k in range(4)]
    expected = [run(program, a) for a in inputs]
    wrong: list[int] = []
    start = threading.Barrier(len(inputs))

    def work(k: int) -> None:
        start.wait()
        for _ in range(200):
            same = np.array_equal(run(program, inputs[k]), expected[k])
            wrong.extend([] if same else [k])

    threads = [threading.Thread(target=work, args=(k,)) for k in range(len(inputs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_no_python_is_made() -> None:
    """A program is a list of NumPy operations: no code object hides in it but the few named here."""
    for name in NAMES:
        for operation in compiled(name).program.operations:
            assert (
                isinstance(operation.run, np.ufunc)
                or operation.run.__module__ == "symgrad.symbolic.kernels.program"
            )


@pytest.mark.parametrize("expression", [sp.exp(-(x**2)) * sp.atan(x**3), 2 * x**2 + 2 * x**4 + x**3 - x**2])
def test_a_number_is_not_taken_for_the_line_of_that_number(expression: sp.Expr) -> None:
    points = np.array([-2.0, 0.5, 1.0, 4.0])
    found = np.empty_like(points)
    compile_expression(expression, x)(points, found)
    assert found == pytest.approx(
        [float(expression.subs(x, sp.Rational(point))) for point in points], rel=1e-14
    )
