"""The certified range against values known in closed form and dense samples in fifty digits."""

from __future__ import annotations

import gc
import sys
import threading
import time
import weakref
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise

import pytest
import sympy as sp
from flint import arb

from symgrad.symbolic.balls import ball, precision
from symgrad.symbolic.budget import cpu_limit
from symgrad.symbolic.letters import x
from symgrad.symbolic.ranges import cover as covering
from symgrad.symbolic.ranges.certified_range import certified_range
from symgrad.symbolic.ranges.certify import Covered, certify
from symgrad.symbolic.ranges.cover import Known, cover, slope
from symgrad.symbolic.ranges.derivative_range import derivative_range
from symgrad.symbolic.ranges.elements import Bounded, Constant, Critical, Monotone, at_mark
from symgrad.symbolic.ranges.extrema import exact_range
from symgrad.symbolic.ranges.extremum import agree
from symgrad.symbolic.ranges.jets import jet
from symgrad.symbolic.ranges.range import Range
from symgrad.symbolic.zeros.roots import UnprovedError
from symgrad.theory.activations import ACTIVATIONS, CORE
from tests.slopes import Slope, abscissas

e, oo, R = sp.exp, sp.oo, sp.Rational
logistic = 1 / (1 + e(-x))

# φ: inf, sup, attained, places of inf, places of sup, domain, Lipschitz constant (None: left open)
KNOWN: dict[str, tuple] = {
    "x atan x": (x * sp.atan(x), -sp.pi / 2, sp.pi / 2, (False, False), ["x -> -oo"], ["x -> oo"], sp.pi / 2),
    "bell": (e(-(x**2)), -sp.sqrt(2 / sp.E), sp.sqrt(2 / sp.E), (True, True), ["sqrt(2)/2"], ["-sqrt(2)/2"],
             sp.sqrt(2 / sp.E)),
    "wave packet": (x * e(-(x**2)), -2 * e(R(-3, 2)), 1, (True, True), ["-sqrt(6)/2", "sqrt(6)/2"], ["0"], 1),
    "flat point": (x**5 / 5 - x**4, -27, oo, (True, False), ["3"], ["x -> -oo", "x -> oo"], oo),
    "cubic over quadratic": (x**3 / (1 + x**2), 0, R(9, 8), (True, True), ["0"],
                             ["-sqrt(3)", "sqrt(3)"], R(9, 8)),
    "Gumbel": (e(-e(-x)), 0, e(-1), (False, True), ["x -> -oo", "x -> oo"], ["0"], e(-1)),
    "isolated kinks": (sp.Max(sp.tanh(x), x / 2), 0, 1, (False, False), ["x -> -oo"], ["x -> 0+"], 1),
    "rectified sine": (sp.Abs(sp.sin(x)), -1, 1, (False, False), ["x -> (pi*k)-"], ["x -> (pi*k)+"], 1),
    "snake": (x + sp.sin(x) ** 2, 0, 2, (True, True), ["pi*k + 3*pi/4"], ["pi*k + pi/4"], 2),
    "signed logarithm": (sp.sign(x) * sp.log(1 + sp.Abs(x)), 0, 1, (False, True), ["x -> -oo", "x -> oo"],
                         ["0"], 1),
    "hard swish": (sp.Min(1, sp.Max(0, (x + 3) / 6)) * x, R(-1, 2), R(3, 2), (False, False), ["x -> -3+"],
                   ["x -> 3-"], R(3, 2)),
    "ReLU": (sp.Max(0, x), 0, 1, (True, True), ["x < 0"], ["x > 0"], 1),
    "ELU": (sp.Piecewise((x, x > 0), (e(x) - 1, True)), 0, 1, (False, True), ["x -> -oo"], ["x >= 0"], 1),
    "step": (sp.sign(x), 0, 0, (True, True), ["x < 0", "x > 0"], ["x < 0", "x > 0"], oo),
    "cusp": (sp.sqrt(sp.Abs(x)), -oo, oo, (False, False), ["x -> 0-"], ["x -> 0+"], oo),
    "logarithm": (sp.log(x), 0, oo, (False, False), ["x -> oo"], ["x -> 0+"], oo),
    "half line": (x ** R(3, 2) / (1 + x) ** 2 + 0, None, None, None, None, None, None),
    "pole": (1 / x, -oo, 0, (False, False), ["x -> 0-", "x -> 0+"], ["x -> -oo", "x -> oo"], oo),
    "tangent": (sp.tan(x), 1, oo, (True, False), ["pi*k"], None, oo),
    "growing wave": (x * sp.sin(x), -oo, oo, (False, False), None, None, oo),
    "chirp": (sp.sin(x**2), -oo, oo, (False, False), None, None, oo),
    "exponential": (e(x), 0, oo, (False, False), ["x -> -oo"], ["x -> oo"], oo),
    "half a wave": (sp.Piecewise((sp.sin(x), x > 0), (x, True)), -1, 1, (True, True), None, None, 1),
    "soft edge": (sp.sqrt(1 + x**2), -1, 1, (False, False), ["x -> -oo"], ["x -> oo"], 1),
}  # fmt: skip
DOMAINS = {"logarithm": "(0, oo)", "pole": "(-oo, 0) U (0, oo)", "half line": "[0, oo)"}


@pytest.mark.parametrize("name", KNOWN)
def test_known_ranges(name: str) -> None:
    phi, inf, sup, attained, lowest, highest, lipschitz = KNOWN[name]
    found = certified_range(phi, x, {}, sp.Function("f"))
    if name != "tangent":
        assert found.domain == DOMAINS.get(name, "(-oo, oo)")
    if inf is None:
        assert found.lipschitz is None, "bounded on half of the line alone"
        return
    for extremum, value, taken, places in (
        (found.inf, inf, attained[0], lowest),
        (found.sup, sup, attained[1], highest),
    ):
        assert agree(extremum.value, type(extremum.value)(sp.sympify(value)))
        assert extremum.attained is taken
        assert extremum.proof in ("exact", "certified")
        assert places is None or [str(place) for place in extremum.at] == places
    assert found.lipschitz is not None
    assert agree(found.lipschitz.value, type(found.lipschitz.value)(sp.sympify(lipschitz)))
    assert all(step.check for step in found.steps)


JOINS = {
    sp.tanh(x) / x: ["removable"],
    sp.Max(sp.tanh(x), x / 2): ["kink", "kink", "kink"],
    sp.sign(x) * (1 + x**2): ["jump"],
    sp.cbrt(sp.Abs(x)): ["cusp"],
    1 / (x**2 - 2): ["pole", "pole"],
    sp.sqrt(1 - x**2): ["edge", "edge"],
    sp.Piecewise((x**2, x > 0), (-(x**2), True)): [],
}


@pytest.mark.parametrize("phi", JOINS, ids=str)
def test_how_pieces_join(phi: sp.Expr) -> None:
    found = certified_range(phi, x, {}, sp.Function("f"))
    assert [word for _, word in found.joins] == JOINS[phi]


NARROW = (
    x * sp.tanh(sp.log(1 + e(x))), x * logistic, sp.tanh(x) / x, sp.sin(x) / x, 1 / (1 + x**4), x * sp.erf(x),
    (x + sp.sin(x)) * logistic, x * e(-sp.Abs(x)) + sp.tanh(3 * x), sp.atan(x) * sp.cos(x) * e(-(x**2)),
)  # fmt: skip


@pytest.mark.parametrize("phi", NARROW, ids=str)
def test_enclosures_are_narrow_and_hold_every_sample(phi: sp.Expr) -> None:
    """Thirty digits, at 256 and at 600 bits the same number; difference quotients of φ never leave them."""
    found = certified_range(phi, x, {}, sp.Function("f"))
    for extremum in (found.inf, found.sup):
        ends = extremum.value.enclosure()
        lower, upper = R(ends.lower), R(ends.upper)
        assert lower <= upper <= lower + R(1, 10**30) * max(1, abs(upper))
        fine, coarse = extremum.value.ball(600), extremum.value.ball(256)
        with precision(700):
            assert fine.overlaps(coarse)
            assert fine.rad() < arb("1e-60")
    _samples_inside(phi, found)


def _samples_inside(phi: sp.Expr, found: Range) -> None:
    rises = Slope(phi)
    inf, sup = (extremum.value.ball(400) for extremum in (found.inf, found.sup))
    for point in abscissas(rises.cuts(), 300):
        rise = rises(point)
        if rise is not None:
            with precision(420):
                slack = arb("1e-40") * (1 + abs(rise))
                assert not rise + slack < inf
                assert not rise - slack > sup


# --- the cover ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CORE)
def test_exact_and_certified_agree(name: str) -> None:
    _agree(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in ACTIVATIONS if name not in CORE])
def test_exact_and_certified_agree_on_the_whole_atlas(name: str) -> None:
    _agree(name)


def _agree(name: str) -> None:
    entry = ACTIVATIONS[name]
    certified = certified_range(entry.phi, x, {}, sp.Function("f"))
    assert "estimated" not in (certified.inf.proof, certified.sup.proof)
    try:
        exact = exact_range(entry.phi, x)
    except Exception:  # there need not be a closed form
        return
    for mine, other in ((exact.inf, certified.inf), (exact.sup, certified.sup)):
        if mine.proof == "exact":
            assert agree(mine.value, other.value)


COVERED = (
    x * sp.tanh(sp.log(1 + e(x))),
    1 / (1 + x**4),
    sp.Max(sp.tanh(x), x / 2),
    sp.sin(x) + x / (1 + x**2),
)


@pytest.mark.parametrize("phi", COVERED, ids=str)
def test_every_statement_of_a_cover_holds_at_points(phi: sp.Expr) -> None:
    for stretch in certify(phi, x).stretches:
        compiled = jet(stretch.segment.phi, x)
        for element in stretch.elements:
            ends = (max(float(element.lo), -50.0), min(float(element.hi), 50.0))
            lo, hi = map(Fraction, ends)
            for k in range(1, 40):
                with precision(200):
                    terms = slope(compiled, at_mark(lo + (hi - lo) * Fraction(k, 40)), 8)
                    _holds(element, terms)


def _holds(element: object, terms: list[arb]) -> None:
    if isinstance(element, Bounded):
        assert element.value[0] <= terms[0] <= element.value[1]
    elif isinstance(element, Monotone):
        assert element.slope[0] <= terms[1] <= element.slope[1]
        low, high = sorted(element.ends, key=float)
        assert low <= terms[0] <= high
    elif isinstance(element, Critical):
        low, high = element.span
        assert low <= terms[0] <= high
        leading = terms[element.order] * sp.factorial(element.order).__int__()
        assert element.leading[0] <= leading <= element.leading[1]
    else:
        assert isinstance(element, Constant)
        assert terms[0].overlaps(ball(element.value))


@pytest.mark.parametrize("phi", COVERED, ids=str)
def test_a_cover_leaves_no_gap(phi: sp.Expr) -> None:
    found: Covered = certify(phi, x)
    for stretch in found.stretches:
        marks = [(element.lo, element.hi) for element in stretch.elements]
        assert all(left[1] == right[0] for left, right in pairwise(marks))
        for tail, mark, side in ((stretch.left, marks[0][0], -1), (stretch.right, marks[-1][1], 1)):
            if tail is not None and tail.end.infinite:
                assert float(mark) * side >= tail.R


# --- planted errors ----------------------------------------------------------------------------------------


def test_what_is_not_covered_is_not_claimed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the Taylor statement no maximum can be closed in: the cover gives up and says so."""
    monkeypatch.setattr(covering, "_critical", lambda *args: None)
    with pytest.raises(UnprovedError):
        cover(jet(x * logistic, x), Fraction(-5), Fraction(5), Known(arb.pos_inf(), arb.neg_inf()))


def test_a_contradiction_between_the_methods_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from symgrad.errors import RefutedError
    from symgrad.symbolic.ranges import derivative_range as choosing

    wrong = exact_range(sp.tanh(x) * R(1000001, 1000000), x)
    monkeypatch.setattr(choosing, "exact_range", lambda *args: wrong)
    with pytest.raises(RefutedError, match="in balls"):
        derivative_range(sp.tanh(x), x)


def test_without_a_proof_it_is_an_estimate_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    found = derivative_range(sp.sin(x) + sp.sin(sp.sqrt(2) * x), x)
    for extremum, value in ((found.inf, -2.41), (found.sup, 2.41)):
        assert extremum.proof == "estimated"
        assert extremum.attained is None
        assert "no proof was found" in extremum.why
        assert abs(float(extremum.value.number) - value) < 0.1


# --- the budget --------------------------------------------------------------------------------------------


def _swallowing() -> None:
    """What SymPy does in places: the end of the time must not be taken for an error of the computation."""
    try:
        while True:
            sum(range(1000))
    except Exception:
        pytest.fail("swallowed")


def _until(seconds: float) -> None:
    until = time.process_time() + seconds
    while time.process_time() < until:
        sum(range(1000))


class _Lingering:
    """Dies slowly: Python drops what is raised in its destructor."""

    def __del__(self) -> None:
        _until(0.1)


def _collected(phase: str, info: dict[str, int]) -> None:
    """Hears of the garbage collector, slowly: Python drops what is raised here as well."""
    if phase == "stop":
        _until(0.1)


def _collect() -> None:
    gc.callbacks.append(_collected)
    try:
        gc.collect()
    finally:
        gc.callbacks.remove(_collected)


class _Plain:
    pass


def _finalize() -> None:
    weakref.finalize(_Plain(), _until, 0.1)  # dead at once


@pytest.mark.parametrize("linger", [_Lingering, _collect, _finalize])
def test_a_limit_waits_where_python_would_drop_it(
    linger: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    dropped: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", dropped.append)
    begun = time.process_time()

    def lingering() -> None:
        linger()
        _until(20)

    with pytest.raises(TimeoutError), cpu_limit(0.05):
        lingering()
    assert not dropped
    assert time.process_time() - begun < 1


def test_the_limit_on_processor_time_ends_a_computation() -> None:
    with pytest.raises(TimeoutError, match=r"more than 0\.05 s"), cpu_limit(0.05):
        _swallowing()
    with cpu_limit(0.05):
        pass
    sum(range(2_000_000))  # nothing goes off later


def test_inside_another_limit_or_thread_there_is_none() -> None:
    with pytest.raises(TimeoutError, match=r"0\.1 s"), cpu_limit(0.1), cpu_limit(0.01):
        _swallowing()
    outcome: list[str] = []

    def elsewhere() -> None:
        with cpu_limit(0.01):
            sum(range(1_000_000))
            outcome.append("done")

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert outcome == ["done"]
