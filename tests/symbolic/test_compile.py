"""Kernels against mpmath at awkward points, in both precisions; buffers and threads."""

from __future__ import annotations

import threading
import tracemalloc

import numpy as np
import pytest
import sympy as sp
from mpmath import mp, mpf

from symgrad.symbolic.compile import Program, _Erfc, _Expm1, compile_expression, stable
from symgrad.symbolic.letters import x
from symgrad.theory.activations import CORE
from tests.theory.reference import evaluate, number

NAMES = tuple(CORE)
SIZES = (5e-324, 1e-300, 1e-30, 1e-16, 1e-8, 1e-3, 0.5, 1, 3, 5, 10, 17, 30, 40, 100, 745, 1e6, 1e30)
AWKWARD = [0.0, -0.0, *SIZES, *(-at for at in SIZES)]
"""Where cancellation, overflow and underflow lie in wait; hard-swish has its kinks at ±3."""


def slope_tree(name: str) -> sp.Expr:
    return sp.diff(CORE[name].expression, x)


def exact(expr: sp.Expr, name: str, at: float) -> mpf:
    """With digits to spare for what cancels: e⁻⁷⁴⁵ beside 1, erf beside 1."""
    saturated = abs(at) > 1e5
    with mp.workdps(400 if abs(at) < 30 else 60 if saturated else 1600):
        values = {symbol: number(value) for symbol, value in CORE[name].parameters.items()}
        return evaluate(expr, {**values, x: mpf(at)})


def compiled(expr: sp.Expr, name: str) -> Program:
    return compile_expression(expr, x, dict(CORE[name].parameters))


def run(program: Program, points, dtype=np.float64) -> np.ndarray:
    a = np.array(points, dtype)
    out = np.full_like(a, np.nan)
    program(a, out)
    return out


@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
@pytest.mark.parametrize("which", ["phi", "slope"])
@pytest.mark.parametrize("name", NAMES)
def test_awkward_points(name: str, which: str, dtype: type) -> None:
    """Within a few rounding errors of φ, and of φ′ relative to its own size up to where it underflows.

    Allowed beside that: the conditioning |x f′(x)| of the point itself (one rounding of a product inside).
    """
    info = np.finfo(dtype)
    points: np.ndarray = np.unique(
        np.array([at for at in AWKWARD if abs(at) < 1e30 or dtype is np.float64], dtype)
    )
    tree = CORE[name].expression if which == "phi" else slope_tree(name)
    for at, value in zip(points, run(compiled(tree, name), points, dtype), strict=True):
        expected = exact(tree, name, float(at))
        # a saturating tail e^{−x²/2} or e^{−x} is as well conditioned as its exponent is large
        conditioning = max(1.0, min(float(at) ** 2, 1e6))
        allowed = 8 * float(info.eps) * conditioning * abs(expected) + 4 * float(info.smallest_normal)
        assert abs(mpf(float(value)) - expected) <= allowed, (
            f"{which}({at}) = {value}, not {mp.nstr(expected, 17)}"
        )


@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
@pytest.mark.parametrize("name", NAMES)
def test_the_line_has_no_hole(name: str, dtype: type) -> None:
    """φ and φ′ are finite, φ′ inside its range up to rounding, on a dense sweep of the whole line."""
    from symgrad.theory.activations import slope_range

    entry = CORE[name]
    reach = np.geomspace(1e-40, 1e15, 3001)
    points: np.ndarray = np.concatenate([-reach, [0.0], reach, np.linspace(-60, 60, 6001)]).astype(dtype)
    values, slopes = (
        run(compiled(tree, name), points, dtype) for tree in (entry.expression, slope_tree(name))
    )
    assert np.isfinite(values).all()
    assert np.isfinite(slopes).all()
    found = slope_range(entry)
    low, high = (float(end.value.enclosure().decimal) for end in (found.inf, found.sup))
    slack = 8 * float(np.finfo(dtype).eps)
    assert slopes.min() >= low - slack
    assert slopes.max() <= high + slack


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


@pytest.mark.parametrize("tree", TREES, ids=str)
def test_stable_forms_are_equal(tree: sp.Expr) -> None:
    """The forms that keep their digits are the same function: compared in 50 digits of the rewritten tree."""
    rewritten = stable(tree)
    for private, meant in ((_Expm1, lambda u: sp.exp(u) - 1), (_Erfc, lambda u: 1 - sp.erf(u))):
        rewritten = rewritten.replace(private, meant)
    rewritten = rewritten.doit()
    with mp.workdps(50):
        for k in range(1, 12):
            at = mpf(k) / 7
            assert abs(evaluate(rewritten, {x: at}) - evaluate(tree, {x: at})) < mpf(10) ** -45


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
    program = compiled(slope_tree(name), name)
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
    program = compiled(slope_tree(name), name)
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
    program = compiled(slope_tree("mish"), "mish")
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
        for operation in compiled(slope_tree(name), name).operations:
            assert (
                isinstance(operation.run, np.ufunc) or operation.run.__module__ == "symgrad.symbolic.compile"
            )
