"""φ′ = g(φ) is found where it holds, proved, and refused where it does not."""

import mpmath
import pytest
import sympy as sp

from symgrad.symbolic.calculus.autonomous import Autonomous, NotAutonomous, Undetermined, autonomous, inverted
from symgrad.symbolic.calculus.differentiate import differentiate
from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.symbolic.calculus.textbook import unfold
from symgrad.symbolic.letters import x, y
from symgrad.theory.activations import CORE

a, alpha, scale = sp.symbols("a alpha lambda", positive=True)
P, oo, open_ = sp.Piecewise, sp.oo, sp.Interval.open

FOUND = {
    "identity": (sp.S.One, open_(-oo, oo)),
    "relu": (P((0, sp.Eq(y, 0)), (1, y > 0)), sp.Interval(0, oo)),
    "leaky_relu": (P((a, y < 0), (1, y > 0)), open_(-oo, oo)),
    "sigmoid": (y * (1 - y), open_(0, 1)),
    "tanh": (1 - y**2, open_(-1, 1)),
    "softsign": ((1 - sp.Abs(y)) ** 2, open_(-1, 1)),
    "arctan": (sp.cos(y) ** 2, open_(-sp.pi / 2, sp.pi / 2)),
    "erf": (2 / sp.sqrt(sp.pi) * sp.exp(-(sp.erfinv(y) ** 2)), open_(-1, 1)),
    "softplus": (1 - sp.exp(-y), open_(0, oo)),
    "elu": (P((y + alpha, y < 0), (1, y > 0)), open_(-alpha, oo)),
    "selu": (P((y + scale * alpha, y < 0), (scale, y > 0)), open_(-scale * alpha, oo)),
}


@pytest.mark.parametrize("name", list(CORE))
def test_every_activation_is_answered(name: str) -> None:
    answer = autonomous(CORE[name].expression, x)
    if name in FOUND:
        assert isinstance(answer, Autonomous)
        assert (answer.g, answer.domain) == FOUND[name]
    else:
        assert isinstance(answer, NotAutonomous)
    assert answer.steps and all(step.check for step in answer.steps)


POINTS = ["-11.5", "-2", "-1e-6", "1e-6", "0.75", "3.5", "9"]


@pytest.mark.parametrize("name", list(FOUND))
def test_g_agrees_with_differences_of_the_activation(name: str) -> None:
    """Finite differences of φ alone, 40 digits: neither φ′ nor its algebra is used."""
    entry = CORE[name]
    answer = autonomous(entry.phi, x)
    assert isinstance(answer, Autonomous)
    step = sp.Rational(1, 10**25)
    for text in POINTS:
        point = sp.Rational(text)
        with mpmath.workdps(110):
            values = [entry.phi.subs(x, point + j * step).evalf(100) for j in (-2, -1, 1, 2)]
            slope = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * step)
            claimed = answer.g.subs(y, entry.phi.subs(x, point)).evalf(60)
        assert abs(slope - claimed) < sp.Float("1e-40", 50), (name, text)


@pytest.mark.parametrize("name", [name for name in CORE if name not in FOUND])
def test_why_there_is_no_g_is_seen_in_numbers(name: str) -> None:
    phi = CORE[name].phi
    answer = autonomous(phi, x)
    assert isinstance(answer, NotAutonomous)
    first, second = answer.points
    values = [complex(phi.subs(x, p).evalf(30)).real for p in answer.points]
    slopes = [complex(sp.diff(phi, x).subs(x, p).evalf(30)).real for p in answer.points]
    assert first != second
    assert (values[0] == values[1] and slopes[0] != slopes[1]) or slopes[0] < 0 < slopes[1]


def test_the_sine_is_refuted_by_an_exact_pair() -> None:
    answer = autonomous(sp.sin(x), x)
    assert isinstance(answer, NotAutonomous)
    assert answer.points == (0, sp.pi)


@pytest.mark.parametrize(
    ("phi", "g"),
    [
        (sp.exp(-sp.exp(-x)), -y * sp.log(y)),
        (sp.sinh(x), sp.sqrt(1 + y**2)),
        (sp.asinh(x), 1 / sp.cosh(y)),
        (3 - 2 * sp.tanh(x / 2), ((3 - y) ** 2 - 4) / 4),
        (sp.exp(x), y),
        (sp.S(7), sp.S.Zero),
        (sp.Max(x / 2, x), P((sp.S.Half, y < 0), (1, y > 0))),
        (P((-x, x > 0), (-2 * x, True)), P((-1, y < 0), (-2, y > 0))),
    ],
    ids=str,
)
def test_beyond_the_registry(phi: sp.Expr, g: sp.Expr) -> None:
    answer = autonomous(phi, x)
    assert isinstance(answer, Autonomous)
    assert prove_equal(answer.g, g)


def test_a_smooth_joint_has_a_value_in_g() -> None:
    answer = autonomous(CORE["elu"].phi, x)
    assert isinstance(answer, Autonomous)
    assert answer.g.subs(y, 0) == 1


@pytest.mark.parametrize(
    "phi", [sp.Abs(x), sp.exp(-(x**2)), x * sp.exp(-x), sp.sqrt(1 + x**2), x**2], ids=str
)
def test_functions_that_turn_have_none(phi: sp.Expr) -> None:
    assert isinstance(autonomous(phi, x), NotAutonomous)


@pytest.mark.parametrize("phi", [x + x**3, x**3 / (1 + x**2), sp.log(x), 1 / x, sp.tan(x)], ids=str)
def test_what_is_not_known_is_not_claimed(phi: sp.Expr) -> None:
    """Injective without an inverse in closed form, or with a hole in the domain: neither yes nor no."""
    answer = autonomous(phi, x)
    assert isinstance(answer, Undetermined) and answer.why


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "arctan", "softplus", "erf"])
def test_the_inverse_undoes_the_activation(name: str) -> None:
    phi = CORE[name].phi
    inverse = inverted(phi, x, y)
    assert inverse is not None
    assert prove_equal(inverse.subs(y, phi), x)


@pytest.mark.parametrize("name", list(FOUND))
def test_a_g_off_by_a_thousandth_would_be_refused(name: str) -> None:
    phi = CORE[name].phi
    answer = autonomous(phi, x)
    assert isinstance(answer, Autonomous)
    wrong = answer.g * sp.Rational(1001, 1000)
    point = sp.Rational(3, 4)
    slope = unfold(differentiate(phi, x).derivative).subs(x, point)
    with pytest.raises(AssertionError, match="differ by"):
        prove_equal(wrong.subs(y, phi.subs(x, point)), slope)
