"""The lines hang together, are checked, end in the textbook form, and agree with outside oracles."""

import itertools
from dataclasses import replace

import mpmath
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from symgrad.errors import RefutedError
from symgrad.symbolic.calculus.differentiate import DerivativeStep, Differentiation, differentiate, line
from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.symbolic.calculus.rules import RULES, TABLE, Node, slope_of
from symgrad.symbolic.calculus.textbook import Named, Sigma, Softplus, textbook, unfold
from symgrad.symbolic.derivation import Step
from symgrad.symbolic.letters import x
from symgrad.theory.activations import CORE

a, alpha, scale = sp.symbols("a alpha lambda", positive=True)
exp, tanh, sqrt, pi, P = sp.exp, sp.tanh, sp.sqrt, sp.pi, sp.Piecewise
s = Softplus(x)

TEXTBOOK = {
    "identity": sp.S.One,
    "relu": P((0, x < 0), (1, x > 0)),
    "leaky_relu": P((a, x < 0), (1, x > 0)),
    "sigmoid": Sigma(x) * (1 - Sigma(x)),
    "tanh": 1 - tanh(x) ** 2,
    "softsign": 1 / (1 + sp.Abs(x)) ** 2,
    "arctan": 1 / (1 + x**2),
    "erf": 2 / sqrt(pi) * exp(-(x**2)),
    "softplus": Sigma(x),
    "gelu": (1 + sp.erf(x / sqrt(2))) / 2 + x * exp(-(x**2) / 2) / sqrt(2 * pi),
    "silu": Sigma(x) * (1 + x * (1 - Sigma(x))),
    "mish": tanh(s) + x * Sigma(x) * (1 - tanh(s) ** 2),
    "hard_swish": P((0, x < -3), ((2 * x + 3) / 6, (x > -3) & (x < 3)), (1, x > 3)),
    "elu": P((alpha * exp(x), x < 0), (1, x > 0)),
    "selu": P((scale * alpha * exp(x), x < 0), (scale, x > 0)),
    "sin": sp.cos(x),
}

BEYOND = [
    exp(-(x**2)),
    sp.sin(x) / (2 + sp.cos(x)),
    sp.Abs(x) ** 3,
    sqrt(1 + x**2),
    x**3 / (1 + x**2),
    sp.log(sp.cosh(x)),
    x * sp.Max(x, 0),
    (1 + x**2) ** x,
    2 ** sp.sin(x),
    x * exp(-x) * sp.cos(3 * x),
    sp.Abs(x - 1) * tanh(x),
    sp.sign(x) * x**2,
    P((x**2, x < 1), (2 * x - 1, True)),
    sp.atan(sp.asinh(x / 3)),
    sp.S(3),
]

SUBJECTS = {name: entry.expression for name, entry in CORE.items()}
SUBJECTS |= {f"{name} in numbers": entry.phi for name, entry in CORE.items() if entry.parameters}
SUBJECTS |= {str(expr): expr for expr in BEYOND}


@pytest.fixture(scope="module", params=list(SUBJECTS), ids=list(SUBJECTS))
def derived(request: pytest.FixtureRequest) -> Differentiation:
    return differentiate(SUBJECTS[request.param], x)


def test_the_lines_hang_together_and_are_checked(derived: Differentiation) -> None:
    steps = derived.steps
    assert steps[0].before == sp.Derivative(derived.phi, x)
    assert all(one.after == other.before for one, other in itertools.pairwise(steps))
    assert all(step.check and step.rule and step.because for step in steps)
    assert not derived.derivative.has(sp.Derivative)


def test_every_line_equals_sympys_derivative(derived: Differentiation) -> None:
    for step in derived.steps:
        assert prove_equal(step.after.doit(), sp.diff(derived.phi, x))


def test_a_line_is_a_step_of_a_derivation(derived: Differentiation) -> None:
    step = derived.steps[0].as_step()
    assert isinstance(step, Step)
    assert step.statement.args == (derived.steps[0].before, derived.steps[0].after)


def test_the_tree_of_rules_gives_the_same_derivative(derived: Differentiation) -> None:
    assert prove_equal(derived.rule.derivative, derived.derivative)

    def walk(node: Node) -> None:
        assert node.statement is not None or node.rule in ("table entry", "piecewise branch")
        for child in node.children:
            walk(child)

    walk(derived.rule)


@pytest.mark.parametrize("step", range(6))
def test_a_line_altered_by_a_thousandth_is_refused(derived: Differentiation, step: int) -> None:
    if step >= len(derived.steps):
        return
    good = derived.steps[step]
    if good.after == 0:
        return
    with pytest.raises(RefutedError):
        line(good.rule, good.before, good.after * sp.Rational(1001, 1000), good.because)


AWKWARD = ["-37.5", "-3.0001", "-2.5", "-1", "-1e-9", "1e-9", "0.3", "1.4142", "2.9999", "7", "61.25"]


@pytest.mark.parametrize("name", list(CORE))
def test_the_derivative_agrees_with_differences_of_the_activation_to_50_digits(name: str) -> None:
    phi = CORE[name].phi
    slope = unfold(differentiate(phi, x).derivative)
    for text in AWKWARD:
        point = sp.Rational(text)
        step = sp.Rational(1, 10**30)
        with mpmath.workdps(130):
            values = [phi.subs(x, point + k * step).evalf(120) for k in (-2, -1, 1, 2)]
            difference = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * step)
            claimed = slope.subs(x, point).evalf(60)
        assert abs(difference - claimed) <= sp.Float("1e-48", 60) * max(1, abs(claimed)), (name, text)


@pytest.mark.parametrize("name", list(CORE))
def test_the_last_line_is_the_textbook_form(name: str) -> None:
    """The very form, not only an equal one."""
    assert differentiate(CORE[name].expression, x).derivative == TEXTBOOK[name]


@pytest.mark.parametrize(
    ("name", "lines"), [("tanh", 1), ("sigmoid", 4), ("softplus", 2), ("gelu", 5), ("silu", 5), ("mish", 8)]
)
def test_no_more_lines_than_a_lecturer_would_write(name: str, lines: int) -> None:
    assert len(differentiate(CORE[name].expression, x).steps) <= lines


def test_joints_say_what_happens_there() -> None:
    elu = CORE["elu"]
    assert [j.kind for j in differentiate(elu.expression, x).joints] == ["kink"]
    assert [(j.at, j.left, j.right, j.kind) for j in differentiate(elu.phi, x).joints] == [
        (0, 1, 1, "smooth")
    ]
    kinks = [(j.at, j.left, j.right) for j in differentiate(CORE["hard_swish"].phi, x).joints]
    assert kinks == [(-3, 0, -sp.S.Half), (3, sp.Rational(3, 2), 1)]
    assert differentiate(sp.sign(x), x).joints[0].kind == "jump"
    assert differentiate(sp.sign(x) * x**2, x).joints[0].kind == "smooth"
    assert differentiate(sqrt(sp.Abs(x)), x).joints[0].kind == "kink"


def test_a_kink_says_both_values_and_when_it_goes_away() -> None:
    *_, step = differentiate(CORE["elu"].expression, x).steps
    assert step.rule == "kink"
    assert alpha in step.because and sp.Eq(alpha, 1) in step.because


def test_a_smooth_joint_takes_the_point_in() -> None:
    slope = differentiate(CORE["elu"].phi, x).derivative
    assert slope.subs(x, 0) == 1
    assert differentiate(CORE["relu"].phi, x).derivative.subs(x, 0) is sp.nan


@pytest.mark.parametrize("function", list(TABLE), ids=lambda f: f.__name__)
def test_the_table_agrees_with_sympy(function: type[sp.Function]) -> None:
    u = sp.Symbol("u", real=True)
    assert prove_equal(slope_of(function(u)), function(u).diff(u))


@pytest.mark.parametrize(
    "name", [n for n in RULES if n not in ("chain", "polynomial", "power", "general power")]
)
def test_the_rules_are_true(name: str) -> None:
    assert prove_equal(RULES[name].lhs, RULES[name].rhs)


@pytest.mark.parametrize("name", ["polynomial", "power", "general power", "chain"])
def test_the_rules_with_functions_in_them_hold_for_an_instance(name: str) -> None:
    (v0,) = RULES["constant factor"].rhs.atoms(sp.Derivative)
    t = v0.variables[0]
    u, v, f = (sp.Function(letter, real=True) for letter in "uvf")
    c, r = sp.symbols("c r", real=True)
    instance = RULES[name].replace(u, lambda z: 2 + sp.sin(z)).replace(v, lambda z: z**2).replace(f, sp.atan)
    lhs, rhs = (side.doit().subs({c: 3, r: 5}).subs(t, x) for side in instance.args)
    assert prove_equal(lhs, rhs)


def test_a_function_without_a_rule_is_named() -> None:
    with pytest.raises(NotImplementedError, match="gamma"):
        differentiate(sp.gamma(x), x)


class TestNamed:
    def test_definitions_unfold_and_evaluate(self) -> None:
        assert unfold(Sigma(Softplus(x))) == 1 / (1 + 1 / (1 + exp(x)))
        assert Sigma(x).doit() == 1 / (1 + exp(-x))
        assert abs(Softplus(1).evalf(40) - sp.log(1 + exp(1)).evalf(40)) < 1e-39

    def test_they_print_as_the_expression_language_reads_them(self) -> None:
        assert str(Sigma(x) * Softplus(-x)) == "sigmoid(x)*softplus(-x)"
        assert sp.latex(Sigma(x) ** 2) == r"\sigma\left(x\right)^{2}"

    def test_their_slopes_come_from_the_definition(self) -> None:
        assert Softplus(x).diff(x) == Sigma(x)
        assert Sigma(x).diff(x) == Sigma(x) * (1 - Sigma(x))
        assert differentiate(x * Sigma(x), x).derivative == TEXTBOOK["silu"]

    @pytest.mark.parametrize("name", list(CORE))
    def test_the_textbook_form_is_equal_to_what_it_came_from(self, name: str) -> None:
        slope = sp.diff(CORE[name].phi, x)
        assert prove_equal(slope, textbook(slope))
        assert not unfold(textbook(slope)).has(Named)


def _grow(inner: st.SearchStrategy[sp.Expr]) -> st.SearchStrategy[sp.Expr]:
    entire = [
        sp.exp,
        sp.sin,
        sp.cos,
        sp.tanh,
        sp.sinh,
        sp.cosh,
        sp.atan,
        sp.asinh,
        sp.erf,
        sp.erfc,
        Sigma,
        Softplus,
    ]
    return st.one_of(
        st.builds(lambda p, q: p + q, inner, inner),
        st.builds(lambda p, q: p * q, inner, inner),
        st.builds(lambda p, q: p / (2 + sp.sin(q)), inner, inner),
        st.builds(lambda p: sqrt(1 + p**2), inner),
        st.builds(lambda p: sp.log(1 + p**2), inner),
        st.builds(lambda f, p: f(p), st.sampled_from(entire), inner),
    )


LEAVES = st.sampled_from([x, x, 2 * x - 1, x**2, sp.Rational(3, 7), sqrt(2) * x])


@settings(max_examples=40, deadline=None)
@given(st.recursive(LEAVES, _grow, max_leaves=3))
def test_random_expressions_agree_with_sympy(expr: sp.Expr) -> None:
    derived = differentiate(expr, x)
    assert prove_equal(derived.derivative, sp.diff(unfold(expr), x))


def test_lines_are_plain_data() -> None:
    step = differentiate(tanh(x), x).steps[0]
    assert replace(step, check="again") == DerivativeStep(
        step.rule, step.before, step.after, step.because, "again"
    )
