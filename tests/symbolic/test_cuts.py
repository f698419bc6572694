"""Domains, cuts and joints of functions written by hand, and of random ones against their own values."""

from __future__ import annotations

import random

import pytest
import sympy as sp
from mpmath import mp, mpc, mpf

from symgrad.symbolic.letters import x
from symgrad.symbolic.named_root import NamedRoot
from symgrad.symbolic.zeros.cuts import Cuts, cuts
from symgrad.symbolic.zeros.isolation import ball_of
from tests.symbolic.test_germs import function, middle
from tests.theory.reference import evaluate

oo, half, third = sp.oo, sp.Rational(1, 2), sp.Rational(1, 3)
line = [(-oo, oo)]
Expected = tuple[sp.Expr, list[tuple[sp.Expr, sp.Expr]], list[tuple[sp.Expr | str, str]]]

TABLE: list[Expected] = [
    # φ, domain, cuts with their joints (a decimal where there is no closed form)
    (sp.tanh(x), line, []),
    (sp.Abs(x), line, [(0, "kink")]),
    (x * sp.Abs(x), line, [(0, "smooth")]),
    (sp.sign(x), line, [(0, "jump")]),
    (sp.tanh(x) / x, line, [(0, "removable")]),
    (sp.sin(x) / x, line, [(0, "removable")]),
    (sp.exp(-1 / x**2), line, [(0, "removable")]),
    (sp.Piecewise((sp.sin(x) / x, sp.Ne(x, 0)), (1, True)), line, [(0, "smooth")]),
    (x / sp.log(1 + x), [(-1, oo)], [(-1, "edge"), (0, "removable")]),
    (1 / x, [(-oo, 0), (0, oo)], [(0, "pole")]),
    (sp.exp(1 / x), [(-oo, 0), (0, oo)], [(0, "pole")]),
    (sp.log(sp.Abs(x)), [(-oo, 0), (0, oo)], [(0, "pole")]),
    (1 / (x**2 - 1), [(-oo, -1), (-1, 1), (1, oo)], [(-1, "pole"), (1, "pole")]),
    (1 / (1 + x**2), line, []),
    (1 / (sp.exp(x) - x - 1), [(-oo, 0), (0, oo)], [(0, "pole")]),
    (sp.sqrt(x), [(0, oo)], [(0, "edge")]),
    (x**third, [(0, oo)], [(0, "edge")]),
    (x**x, [(0, oo)], [(0, "edge")]),
    (sp.log(sp.log(x)), [(1, oo)], [(1, "edge")]),
    (sp.sqrt(1 - x**2), [(-1, 1)], [(-1, "edge"), (1, "edge")]),
    (sp.atanh(x), [(-1, 1)], [(-1, "edge"), (1, "edge")]),
    (sp.sqrt(sp.Abs(x)), line, [(0, "cusp")]),
    (x * sp.log(sp.Abs(x)), line, [(0, "cusp")]),
    (sp.sqrt(x**4 + 1), line, []),
    (sp.sqrt(sp.Abs(sp.cos(x) - x)), line, [("0.739085133215160641655312", "cusp")]),
    (sp.Abs(sp.log(x)), [(0, oo)], [(0, "edge"), (1, "kink")]),
    (sp.Abs(sp.exp(x) - 2), line, [(sp.log(2), "kink")]),
    (sp.Abs(sp.Abs(x) - 1), line, [(-1, "kink"), (0, "kink"), (1, "kink")]),
    (
        sp.Max(sp.tanh(x), x / 2),
        line,
        [("-1.9150080481545374813530", "kink"), (0, "kink"), ("1.9150080481545374813530", "kink")],
    ),
    (x * sp.Min(1, sp.Max(0, (x + 3) / 6)), line, [(-3, "kink"), (3, "kink")]),
    (sp.Max(-1, x, sp.Min(x**2 - 1, sp.exp(x) - 2)), line, [(-1, "kink"), ((1 + sp.sqrt(5)) / 2, "kink")]),
    (sp.Piecewise((x, x > 0), (sp.exp(x) - 1, True)), line, [(0, "smooth")]),
    (sp.Piecewise((x, x > 1), (sp.log(1 + sp.exp(x)), True)), line, [(1, "jump")]),
    (sp.Piecewise((sp.log(x), x > 1), (x, True)), line, [(1, "jump")]),
    (sp.Piecewise((sp.sqrt(x), x > 0), (x, True)), line, [(0, "cusp")]),
    (x * sp.Heaviside(sp.tanh(x) - half), line, [(sp.log(3) / 2, "jump")]),
    (sp.Max(0, x) / x, [(-oo, 0), (0, oo)], [(0, "jump")]),
    (1 / sp.Max(0, x), [(0, oo)], [(0, "edge")]),
    (sp.sign(x) * sp.log(1 + sp.Abs(x)), line, [(0, "smooth")]),
    (sp.log(x**4 + 1) ** third, line, [(0, "smooth")]),
    (
        (x - sp.cos(x)) / (1 + sp.Abs(x - sp.cos(x))),
        line,
        [("0.739085133215160641655312", "smooth")],
    ),
    (sp.sign(sp.Max(x, x / (x + 2))), [(-oo, -2), (-2, oo)], [(-2, "jump"), (0, "jump")]),
]


@pytest.mark.parametrize("case", TABLE, ids=lambda case: str(case[0]))
def test_written_by_hand(case: Expected) -> None:
    phi, domain, points = case
    found = cuts(phi, x)
    assert [(lo.point, hi.point) for lo, hi in found.domain] == domain
    assert [cut.joins for cut in found.points] == [joins for _, joins in points]
    for cut, (wanted, _) in zip(found.points, points, strict=True):
        if isinstance(wanted, str):
            assert isinstance(cut.point, NamedRoot)
            with mp.workdps(40):
                assert abs(middle(cut.ball(128)) - mpf(wanted)) < mpf(10) ** (2 - len(wanted))
        else:
            assert not isinstance(cut.point, NamedRoot)
            assert sp.simplify(cut.point - wanted) == 0


PERIODIC: list[tuple[sp.Expr, sp.Expr, list[str]]] = [
    (sp.sin(x), 2 * sp.pi, []),
    (sp.sin(x) ** 2, sp.pi, []),
    (x + sp.sin(3 * x) ** 2 / 3, sp.pi / 3, []),
    (sp.sin(x) + sp.cos(sp.Rational(3, 2) * x + 1), 4 * sp.pi, []),
    (sp.tan(x), sp.pi, ["pole"]),
    (1 / sp.sin(x), 2 * sp.pi, ["pole", "pole"]),
    (sp.Abs(sp.sin(x)), sp.pi, ["kink"]),
    (sp.Max(0, sp.sin(2 * x)), sp.pi, ["kink", "kink"]),
    (sp.sign(sp.sin(x)), 2 * sp.pi, ["jump", "jump"]),
    (sp.sqrt(sp.Abs(sp.cos(x))), sp.pi, ["cusp"]),
    (sp.sqrt(sp.sin(x)), 2 * sp.pi, ["edge", "edge"]),
]


@pytest.mark.parametrize("case", PERIODIC, ids=lambda case: str(case[0]))
def test_one_period_of_a_periodic_function(case) -> None:
    phi, period, joints = case
    found = cuts(phi, x)
    assert found.period == period
    assert [cut.joins for cut in found.points] == joints
    start, end = found.pieces[0][0].point, found.pieces[-1][1].point
    assert not isinstance(start, NamedRoot)
    assert not isinstance(end, NamedRoot)
    assert end - start == period
    assert start.is_Rational


@pytest.mark.parametrize(
    "phi", [x * sp.sin(x), sp.sin(x) * sp.exp(-x), sp.sin(x**2), sp.sin(x) + sp.sin(sp.pi * x)], ids=str
)
def test_what_only_turns_has_no_period(phi: sp.Expr) -> None:
    found = cuts(phi, x)
    assert found.period is None
    assert found.points == ()


@pytest.mark.parametrize(
    "phi",
    [sp.sin(1 / x), x * sp.Abs(sp.sin(x)), x * sp.tan(x), sp.Max(sp.sin(x), sp.tanh(x)), sp.log(-1 - x**2)],
    ids=str,
)
def test_what_has_no_finite_list_is_refused(phi: sp.Expr) -> None:
    """Infinitely many cuts without a period, an oscillation at a singular point, real nowhere."""
    with pytest.raises(NotImplementedError):
        cuts(phi, x)


def branch_at(found: Cuts, at: mpf) -> sp.Expr | None:
    for lo, hi, branch in found.pieces:
        after = lo.point is -oo or middle(ball_of(lo.point, 128)) < at
        if after and (hi.point is oo or at < middle(ball_of(hi.point, 128))):
            return branch
    return None


def check_against_values(phi: sp.Expr, found: Cuts, draw: random.Random) -> None:
    """Real exactly on the pieces, and there equal to their expressions, which have no switch."""
    for *_, branch in found.pieces:
        assert not branch.has(sp.Abs, sp.Max, sp.Min, sp.sign, sp.Heaviside, sp.Piecewise)
    with mp.workdps(40):
        for _ in range(12):
            at = mpf(draw.uniform(-6, 6)) if found.period is None else mpf(draw.uniform(0.2, 1))
            branch = branch_at(found, at)
            try:
                v = evaluate(phi, {x: at})
            except (ZeroDivisionError, OverflowError, TypeError):  # a complex number was compared
                assert branch is None
                continue
            if not phi.has(sp.Abs):  # the modulus of a complex number is real
                assert (branch is not None) == (not isinstance(v, mpc) or v.imag == 0)
            if branch is not None:
                assert abs(evaluate(branch, {x: at}) - v) <= mpf(10) ** -30 * (1 + abs(v))


@pytest.mark.parametrize("case", TABLE, ids=lambda case: str(case[0]))
def test_pieces_are_the_function(case: Expected) -> None:
    phi = case[0]
    if not phi.has(sp.Heaviside, sp.Ne):
        check_against_values(phi, cuts(phi, x), random.Random(1))


def test_random_compositions() -> None:
    draw = random.Random(20261123)
    settled = tried = 0
    while tried < 40:
        phi = function(draw)
        tried += 1
        try:
            found = cuts(phi, x)
        except NotImplementedError:
            continue
        settled += 1
        check_against_values(phi, found, draw)
    assert settled >= 0.9 * tried


@pytest.mark.parametrize("case", TABLE, ids=lambda case: str(case[0]))
def test_a_cut_says_what_holds_beside_it(case: Expected) -> None:
    """One-sided values 10⁻¹² beside the cut are near the limits that the two sides claim."""
    phi = case[0]
    if phi.has(sp.Ne, sp.Heaviside):
        return
    with mp.workdps(60):
        for cut in cuts(phi, x).points:
            for side, towards in ((-1, cut.left), (1, cut.right)):
                if towards is None:
                    continue
                v = evaluate(phi, {x: middle(cut.ball(200)) + side * mpf(10) ** -12})
                if towards.phi.ball is None:
                    assert abs(v) > 20 or towards.phi_limit in (oo, -oo)
                else:
                    assert abs(v - middle(towards.phi.ball)) < 0.05
