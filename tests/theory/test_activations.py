"""The first sixteen activations with all their parameters against the same contracts; the oracle is φ alone,
in 50 digits. The whole registry at its defaults stands in `test_atlas`.
"""

from __future__ import annotations

import re

import mpmath
import numpy as np
import pytest
import sympy as sp
from mpmath import mp, mpf

from symgrad.errors import InputError
from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.symbolic.letters import x
from symgrad.symbolic.ranges.extremum import Extremum, Place
from symgrad.symbolic.ranges.range import Range
from symgrad.theory.activations import ACTIVATIONS, CORE, Activation, activation, kernel, slope_range
from symgrad.theory.bibliography import BIBLIOGRAPHY
from tests.theory.reference import DIGITS, number, phi, slope

NAMES = tuple(CORE)
each = pytest.mark.parametrize("name", NAMES)

SAMPLES = sorted(
    {0.0}
    | {sign * step * k for sign in (-1, 1) for step in (0.001, 0.03, 0.25, 1.1) for k in range(1, 24)}
    | {sign * 10.0**k for sign in (-1, 1) for k in range(-8, 5)}
)
"""Dense around 0, then out to ±10⁴."""
OTHER = {
    "a": (sp.Rational(1, 5), sp.Integer(3)),
    "alpha": (sp.Rational(1, 2), sp.Integer(2)),
    "lambda": (sp.Integer(2),),
}
"""Other values of parameters, by the parameter's name; one that is not listed is tried at 1/3."""


@pytest.fixture(autouse=True)
def _fifty_digits():
    with mp.workdps(3 * DIGITS):
        yield


def variants(entry: Activation) -> list[Activation]:
    """The activation, and the activation with each of its parameters changed."""
    changed = [
        entry.with_parameters({symbol.name: value})
        for symbol in entry.parameters
        for value in OTHER.get(symbol.name, (sp.Rational(1, 3),))
    ]
    return [entry, *changed]


def enclosed(extremum: Extremum) -> tuple[mpf, mpf]:
    enclosure = extremum.value.enclosure()
    return mpf(enclosure.lower.replace("oo", "inf")), mpf(enclosure.upper.replace("oo", "inf"))


def place_value(place: Place) -> mpf:
    """The abscissa of a place, its named root solved here from the equation by bisection."""
    if place.named is None:
        return number(place.point)
    return number_at(place.point, place.named)


def number_at(expr: sp.Expr, named) -> mpf:
    """An expression in a named root; the root is bisected out of its equation inside its bracket."""
    from tests.theory.reference import evaluate

    difference = named.equation.lhs - named.equation.rhs

    def at(value: mpf) -> mpf:
        return evaluate(difference, {named.symbol: value})

    lo, hi = number(named.lo), number(named.hi)
    assert at(lo) * at(hi) < 0, "the equation changes sign over the bracket"
    root = mpmath.findroot(at, (lo, hi), solver="anderson", tol=mpf(10) ** (-2 * DIGITS))
    assert lo < root < hi
    return evaluate(expr, {named.symbol: root})


def sampled(found: Range) -> list[float]:
    """The sample points that are not kinks of this activation."""
    joints = [float(number(part.hi)) for part in found.pieces[:-1]]
    return [at for at in SAMPLES if all(abs(at - joint) > 1e-9 for joint in joints)]


@each
def test_no_slope_leaves_the_range(name: str) -> None:
    for entry in variants(ACTIVATIONS[name]):
        found, f = slope_range(entry), phi(entry)
        lowest, highest = enclosed(found.inf)[0], enclosed(found.sup)[1]
        slack = mpf(10) ** (-DIGITS + 10)
        for at in sampled(found):
            value = slope(f, at)
            assert lowest - slack <= value <= highest + slack, f"φ′({at}) = {mp.nstr(value, 20)}"


@each
@pytest.mark.parametrize("end", ["inf", "sup"])
def test_the_ends_are_reached_where_it_is_said(name: str, end: str) -> None:
    """Attained: the slope there is the value. Approached: it comes as near as we like and stays off it."""
    for entry in variants(ACTIVATIONS[name]):
        extremum: Extremum = getattr(slope_range(entry), end)
        f, (lower, upper) = phi(entry), enclosed(extremum)
        value, narrow = (lower + upper) / 2, mpf(10) ** -28
        assert extremum.at
        for place in extremum.at:
            if place.until is not None:
                for at in interval_points(place):
                    assert abs(slope(f, at) - value) < narrow
            elif place.period is not None:
                for k in (-3, 0, 1, 7):
                    assert abs(slope(f, number(place.point) + k * number(place.period)) - value) < narrow
            elif extremum.attained:
                assert abs(slope(f, place_value(place)) - value) < narrow
            else:
                gaps = [abs(slope(f, at) - value) for at in approach(place)]
                assert gaps[0] > gaps[1] > gaps[2] > 0 or gaps[-1] < mpf(10) ** -40
                assert gaps[-1] < mpf(10) ** -8


def interval_points(place: Place) -> list[mpf]:
    """Points of an interval: one well inside, and the ends that belong to it (their slope is two-sided)."""
    assert place.until is not None
    lo = number(place.point) if place.point.is_finite else None
    hi = number(place.until) if place.until.is_finite else None
    inside = [(lo + hi) / 2] if lo is not None and hi is not None else []
    inside += [lo + d for d in (mpf("1e-9"), 5, 10**6)] if lo is not None and hi is None else []
    inside += [hi - d for d in (mpf("1e-9"), 5, 10**6)] if hi is not None and lo is None else []
    inside += [mpf(-7), mpf(0), mpf(3)] if lo is None and hi is None else []
    return inside + [
        end for end, closed in zip((lo, hi), place.closed, strict=True) if closed and end is not None
    ]


def approach(place: Place) -> list[mpf]:
    if place.point in (sp.oo, -sp.oo):
        sign = 1 if place.point is sp.oo else -1
        return [sign * mpf(10) ** k for k in (1, 3, 5)]
    return [number(place.point) + place.side * mpf(10) ** -k for k in (2, 6, 12)]


@each
def test_decimals(name: str) -> None:
    """v to 30 significant digits; lower ≤ v ≤ upper, at most 10⁻³⁰·max(1, |v|) apart."""
    for entry in variants(ACTIVATIONS[name]):
        found = slope_range(entry)
        assert found.lipschitz is not None
        for extremum in (found.inf, found.sup, found.lipschitz):
            text, value = extremum.value.enclosure(), extremum.value
            if value.number.is_infinite:
                assert text.decimal == text.lower == text.upper == str(value.number)
                continue
            exact = number_at(value.number, value.named[0]) if value.named else number(value.number)
            lower, upper = enclosed(extremum)
            assert lower <= exact <= upper
            assert upper - lower <= mpf(10) ** -30 * max(1, abs(exact))
            digits = re.sub(r"e.*|[-.]", "", text.decimal).lstrip("0")
            assert len(digits) == 30 or text.decimal == "0"
            assert abs(mpf(text.decimal) - exact) <= mpf("0.5001e-29") * abs(exact)


@each
def test_lipschitz_constant_is_the_larger_size(name: str) -> None:
    for entry in variants(ACTIVATIONS[name]):
        found = slope_range(entry)
        (low, _), (_, high) = enclosed(found.inf), enclosed(found.sup)
        assert found.lipschitz is not None
        lower, upper = enclosed(found.lipschitz)
        assert lower - mpf("1e-29") <= max(-low, high) <= upper + mpf("1e-29")
        sides = [e for e, size in ((found.inf, -low), (found.sup, high)) if abs(size - upper) < mpf("1e-29")]
        assert found.lipschitz.attained == any(side.attained for side in sides)
        expected = [p for side in sides if side.attained == found.lipschitz.attained for p in side.at]
        assert set(found.lipschitz.at) == set(expected)


@each
def test_image(name: str) -> None:
    """Its ends are inf and sup, included when attained; every sampled slope is in it, up to rounding."""
    for entry in variants(ACTIVATIONS[name]):
        found, f = slope_range(entry), phi(entry)
        values = dict(entry.parameters)
        image = found.image.xreplace(values)
        spans = image.args if isinstance(image, sp.Union) else (image,)
        ends = []
        for span in spans:
            pairs = (
                [(p, True) for p in span]
                if isinstance(span, sp.FiniteSet)
                else [(span.start, not span.left_open), (span.end, not span.right_open)]
            )
            roots = {r.symbol: r for e in (found.inf, found.sup) for r in e.value.named}
            for end, included in pairs:
                named = [roots[s] for s in end.free_symbols]
                ends.append((number_at(end, named[0]) if named else number(end), included))
        low, high = min(ends), max(ends)
        tiny = mpf(10) ** -28
        assert abs(low[0] - enclosed(found.inf)[0]) < tiny
        assert abs(high[0] - enclosed(found.sup)[0]) < tiny
        assert (low[1], high[1]) == (found.inf.attained, found.sup.attained)
        for at in sampled(found):
            assert any(contains(span, slope(f, at), ends) for span in spans), at


def contains(span: sp.Set, value: mpf, ends: list[tuple[mpf, bool]]) -> bool:
    tiny = mpf(10) ** (10 - DIGITS)
    if isinstance(span, sp.FiniteSet):
        return any(abs(value - number(point)) < tiny for point in span)
    if span.free_symbols:  # named roots: a single interval, whose ends were found above
        return min(ends)[0] - tiny <= value <= max(ends)[0] + tiny
    return number(span.start) - tiny <= value <= number(span.end) + tiny


@each
def test_kinks(name: str) -> None:
    """Exactly the joints where both one-sided slopes of φ differ, with these slopes."""
    for entry in variants(ACTIVATIONS[name]):
        found, f, values = slope_range(entry), phi(entry), dict(entry.parameters)
        kinks = {kink.point: kink for kink in found.kinks}
        joints = {part.hi for part in found.pieces[:-1]}
        assert set(kinks) <= joints
        for joint in joints:
            at = number(joint.xreplace(values))
            left, right = slope(f, at, -1), slope(f, at, 1)
            if joint not in kinks:
                assert abs(left - right) < mpf(10) ** -30
                continue
            assert abs(left - right) > mpf(10) ** -6
            assert abs(number(kinks[joint].left.xreplace(values)) - left) < mpf(10) ** -30
            assert abs(number(kinks[joint].right.xreplace(values)) - right) < mpf(10) ** -30


@each
def test_odd_part_x_half(name: str) -> None:
    """Lemma: φ(x) − φ(−x) = x gives φ′(x) + φ′(−x) = 1, hence inf φ′ = 1 − sup φ′."""
    entry = ACTIVATIONS[name]
    f = phi(entry)
    identity = all(abs(f(at) - f(-at) - at) < mpf(10) ** -60 * (1 + abs(at)) for at in map(mpf, SAMPLES))
    if identity:
        prove_equal(entry.phi - entry.phi.subs(x, -x), x)
        found = slope_range(entry)
        assert abs(enclosed(found.inf)[0] + enclosed(found.sup)[0] - 1) < mpf(10) ** -29
    else:
        with pytest.raises(AssertionError):
            prove_equal(entry.phi - entry.phi.subs(x, -x), x)


def test_the_lemma_speaks_of_some() -> None:
    held = [n for n in NAMES if abs(phi(ACTIVATIONS[n])(2) - phi(ACTIVATIONS[n])(-2) - 2) < mpf(10) ** -60]
    assert {"gelu", "silu"} <= set(held)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_entry(name: str) -> None:
    entry = ACTIVATIONS[name]
    assert entry.source is not None
    assert entry.name == name
    assert re.fullmatch(r"[a-z][a-z0-9_]*", name)
    assert entry.latex
    assert entry.source.key in BIBLIOGRAPHY
    assert entry.expression.free_symbols == {x} | set(entry.parameters)
    assert not entry.expression.has(sp.Float), "an expression holds no pasted decimals"
    assert all(value.is_positive and not value.has(sp.Float) for value in entry.parameters.values())


@each
def test_the_first_ones_are_exact(name: str) -> None:
    entry = ACTIVATIONS[name]
    assert slope_range(entry).inf.proof == slope_range(entry).sup.proof == "exact"


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_a_name_is_a_function_of_the_language(name: str) -> None:
    """As a name, as a call, inside an expression; its parameters are further arguments."""
    entry = ACTIVATIONS[name]
    assert activation(name) is entry
    assert activation(f"{name}(x)").phi == entry.phi
    shifted = activation(f"1 + {name}(x)").phi
    assert all(abs(number((shifted - entry.phi).subs(x, at)) - 1) < 1e-30 for at in (sp.Rational(3, 7), -2))
    if len(entry.parameters) == 1:
        (symbol,) = entry.parameters
        assert activation(f"{name}(x, 3/2)").phi == entry.expression.subs(symbol, sp.Rational(3, 2))


@each
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_kernel_is_phi_and_its_slope(name: str, dtype: type) -> None:
    """φ and φ′ of the compiled kernel: to a few rounding errors of the value, or of the argument."""
    entry = ACTIVATIONS[name]
    f, found = phi(entry), slope_range(entry)
    points: np.ndarray = np.array(sampled(found), dtype)
    points = points[np.abs(points) <= 12]  # farther out: test_compile, in more digits
    values, slopes = kernel(entry).value(points), kernel(entry).slope(points)
    eps = float(np.finfo(dtype).eps)
    for at, value, derivative in zip(points, values, slopes, strict=True):
        exact, steep = f(float(at)), slope(f, float(at))
        assert (
            abs(mpf(float(value)) - exact)
            <= 16 * eps * (abs(exact) + abs(steep * float(at))) + np.finfo(dtype).tiny
        )
        assert abs(mpf(float(derivative)) - steep) <= 64 * eps * max(abs(steep), 1)


@each
def test_kernel_ends(name: str) -> None:
    """What the engine is told of φ at 0 and at ±∞, against φ alone."""
    for entry in variants(ACTIVATIONS[name]):
        f, made = phi(entry), kernel(entry)
        if made.at_zero is None:
            assert f(0) != 0
        else:
            assert f(0) == 0
            for side, claimed in zip((-1, 1), made.at_zero, strict=True):
                assert abs(slope(f, 0, side) - claimed) < 1e-15 * max(1, abs(claimed))
        assert made.at_infinity is not None
        for side, claimed in zip((-1, 1), made.at_infinity, strict=True):
            assert abs(f(side * mpf(10) ** 40) / (side * mpf(10) ** 40) - claimed) < 1e-15
        assert made.kinks == tuple(float(number(part.hi)) for part in slope_range(entry).pieces[:-1])


def test_an_unknown_activation_is_refused_with_what_is_near() -> None:
    with pytest.raises(InputError, match=r"'tanhh' is not known \(near: tanh"):
        activation("tanhh")


@each
def test_unknown_parameter_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="--set nonsense"):
        ACTIVATIONS[name].with_parameters({"nonsense": sp.Integer(1)})
    for symbol in ACTIVATIONS[name].parameters:
        for bad in (sp.Integer(0), sp.Integer(-1), sp.nan, sp.oo * -1):
            with pytest.raises(InputError, match=f"--set {symbol.name}="):
                ACTIVATIONS[name].with_parameters({symbol.name: bad})


def test_undeclared_symbol_is_refused() -> None:
    with pytest.raises(ValueError, match="undeclared symbols"):
        Activation("bad", "b", sp.Symbol("z") * x, ACTIVATIONS["tanh"].source)
