"""Compiled kernels on PyTorch tensors against φ in balls: the bound that holds in NumPy holds there.

What takes long is done for ten activations, four of them other ones each day; all are in the slow set.
"""

from __future__ import annotations

import datetime
import random
from typing import Any

import numpy as np
import pytest
import sympy as sp

from symgrad.symbolic.kernels.accurate import ULPS, accurate, audit_points
from symgrad.symbolic.kernels.array_api import NAMES
from symgrad.symbolic.kernels.compile import _UFUNCS, compile_expression
from symgrad.symbolic.letters import x
from symgrad.theory.activations import ACTIVATIONS, kernel

torch = pytest.importorskip("torch")
xp = pytest.importorskip("array_api_compat.torch")

FEW = ("tanh", "gelu", "elu", "tanh_shrink", "penalized_tanh", "thin_plate_spline")
"""From the output and from the input, erfc, a select over it, tables, rows of both kinds, log."""
TODAY = (*FEW, *random.Random(datetime.datetime.now(tz=datetime.UTC).day).sample(tuple(ACTIVATIONS), 4))
names = pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in TODAY else pytest.mark.slow) for name in ACTIVATIONS]
)


@names
@pytest.mark.parametrize("order", [0, 1], ids=["phi", "dphi"])
def test_the_audit_holds_on_tensors(name: str, order: int) -> None:
    """|fl f − f| ≤ 8 ε (|f| + |a f′|) at some thousand awkward points of |a| ≤ 10⁴. Rows of eight: some are
    saturated and some are not. PyTorch's float32 sinh overflows a factor of two early."""
    entry = ACTIVATIONS[name]
    made: Any = kernel(entry)
    truth = audit_points(entry.phi, x, order)

    def on_tensors(a: Any, out: Any) -> None:
        padded = np.resize(a, (-(-a.size // 8), 8))
        tensor = torch.from_numpy(padded)
        h = made.phi.on(xp, tensor)
        found = made.dphi.on(xp, tensor, h) if order else h
        assert found.dtype == tensor.dtype
        assert found.shape == tensor.shape
        out[:] = found.numpy().ravel()[: a.size]
        np.testing.assert_array_equal(tensor.numpy(), padded)

    for dtype in (np.float64, np.float32):
        errors = truth.errors(on_tensors, dtype)
        assert errors[np.abs(truth.value) < 0.25 * float(np.finfo(dtype).max)].max() <= ULPS


def test_every_operation_has_a_name_that_pytorch_knows() -> None:
    assert set(_UFUNCS.values()) <= set(NAMES)
    assert [name for name in NAMES.values() if not hasattr(xp, name)] == ["cbrt"]
    program = compile_expression(sp.Abs(x) ** sp.Rational(1, 3), x)
    with pytest.raises(NotImplementedError, match=r"has no cbrt\b[^\n]*$"):
        program.on(xp, torch.ones(3))


@pytest.mark.parametrize(
    "tree",
    [
        sp.Integer(7),
        x,
        sp.Piecewise((1, sp.Or(x < -1, sp.Not(x < 3))), (x, True)),
        sp.Piecewise((1, x > 0), (-2, True)),
        sp.Max(0, x, 2 - x) - sp.Min(x, 5) + 2**x,
        sp.asinh(x) + sp.atan(x) * sp.sign(x) - sp.erfc(x),
    ],
    ids=str,
)
def test_programs(tree: sp.Expr) -> None:
    program, a = compile_expression(tree, x), np.linspace(-4, 4, 33)
    expected = np.empty_like(a)
    program(a, expected)
    found = program.on(xp, torch.from_numpy(a))
    assert found.dtype == torch.float64
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-15, atol=1e-15)


def test_a_row_takes_its_own_way() -> None:
    """What a row becomes does not depend on the rows beside it: bit for bit in NumPy. PyTorch's functions
    differ in the last bit with an entry's place in memory."""
    made: Any = kernel(ACTIVATIONS["tanh"])
    a = np.random.default_rng(0).standard_normal((5, 6, 9))
    a[0, 0, 0], a[2, 3] = 5.0, 9.0
    apart = np.array([[made.slope(row) for row in part] for part in a])
    assert np.array_equal(made.slope(a), apart)
    g = made.dphi.from_output
    assert {g.holds(np.tanh(row)) for row in a.reshape(-1, 9)} == {True, False}
    assert np.array_equal(made.slope(a.swapaxes(0, 1)), apart.swapaxes(0, 1))
    tensor = torch.from_numpy(a)
    together = made.dphi.on(xp, tensor, torch.tanh(tensor))
    for part, whole in zip(tensor.reshape(-1, 9), together.reshape(-1, 9), strict=True):
        torch.testing.assert_close(made.dphi.on(xp, part, torch.tanh(part)), whole, rtol=1e-14, atol=0)


def test_tables_on_tensors_are_the_tables() -> None:
    made = accurate(x - sp.tanh(x), x)
    a = np.linspace(made.tables[0].low, made.tables[-1].high, 4001)
    assert len(made.tables) > 1
    expected = np.empty_like(a)
    made(a, expected)
    np.testing.assert_allclose(made.on(xp, torch.from_numpy(a)).numpy(), expected, rtol=2e-15)
