"""Dynamical isometry, all singular values near 1 at any depth. Orthogonal tanh reaches it, ReLU cannot."""

from __future__ import annotations

import sympy as sp

from symgrad.errors import RefutedError
from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.symbolic.calculus.limits import limit
from symgrad.symbolic.derivation import Claim, Source, prove
from symgrad.symbolic.letters import n, x
from symgrad.symbolic.notation import Mean
from symgrad.theory.activations import CORE, kernel
from symgrad.theory.entry import Body, derivation
from symgrad.theory.propagation.length_map import SIGMA_B, SIGMA_W
from symgrad.theory.spectra.jacobian_spectrum_moments import MU1, MU2, S1
from symgrad.theory.spectra.moments import critical_scales, infinite_layer, relative_variance

__all__ = ["SHARP", "STEEPNESS", "dynamical_isometry"]

LENGTH = sp.Symbol("q^*", positive=True)
"""The fixed point of the length map."""
SLACK = sp.Symbol("epsilon", positive=True)
"""How large the variance may be."""
Z = sp.Symbol("z", real=True)
SLOPE = 1 - sp.tanh(x) ** 2
"""tanh′."""
BOUND = 1 / (1 - 2 * LENGTH) ** 2 - 1
"""Above μ₂/μ₁² − 1 of tanh for q* < ½."""
SHARP = sp.Integer(8)
"""The limit of (μ₂/μ₁² − 1)/q*² for tanh."""
STEEPNESS = sp.Rational(4, 3)
"""The limit of σ_b²/q*³ on the critical line of tanh."""
HALF = sp.Rational(1, 2)
ORDER = 6
"""Powers of x up to which functions of tanh x are expanded."""
NEAR = sp.Rational(1, 50)
NETS = (("tanh", NEAR, 8, 192), ("relu", sp.S.One, 8, 96))


@derivation(
    "dynamical-isometry",
    "Orthogonal tanh nets can keep every direction at any depth, ReLU nets cannot",
    "spectra",
)
def dynamical_isometry() -> Body:
    """n(μ₂/μ₁² − 1) → 0 for orthogonal tanh as q* → 0; ReLU has n at least, Gaussian weights n at least."""
    argument = sp.sqrt(LENGTH) * Z
    mean1, mean2 = (Mean(SLOPE.subs(x, argument) ** power) for power in (2, 4))
    spread = mean2 / mean1**2 - 1
    first, second = (sp.Function(f"mu_{k}")(LENGTH) for k in (1, 2))
    chosen = (1 - 1 / sp.sqrt(1 + SLACK / n)) / 2
    steps = (
        prove(
            sp.Ge(SLOPE**2, 1 - 2 * x**2, evaluate=False),
            ("near 0 the slope of tanh is nearly 1; this holds everywhere",),
            _below,
            rule="inequality",
        ),
        prove(
            sp.Implies(
                sp.And(
                    sp.Ge(MU1, 1 - 2 * LENGTH, evaluate=False),
                    sp.Le(MU2, 1, evaluate=False),
                    sp.Lt(LENGTH, HALF, evaluate=False),
                ),
                sp.Le(MU2 / MU1**2 - 1, BOUND, evaluate=False),
            ),
            (
                "so with ",
                sp.Eq(MU1, mean1, evaluate=False),
                " and ",
                sp.Eq(MU2, mean2, evaluate=False),
                " the slopes of one layer spread by less than this, for every ",
                LENGTH,
                " below one half",
            ),
            _bounded,
            rule="means of inequalities",
        ),
        prove(
            sp.Eq(sp.Limit(spread / LENGTH**2, LENGTH, 0), SHARP, evaluate=False),
            ("and for small lengths it goes with their square",),
            _sharp,
            rule="Taylor's theorem",
        ),
        prove(
            sp.Eq(
                sp.Limit(
                    (LENGTH - Mean(sp.tanh(argument) ** 2) / mean1) / LENGTH**3,
                    LENGTH,
                    0,
                ),
                STEEPNESS,
                evaluate=False,
            ),
            (
                "every small length is the fixed point of a critical net: ",
                sp.Eq(SIGMA_W**2, 1 / mean1, evaluate=False),
                " and ",
                sp.Eq(SIGMA_B**2, LENGTH - Mean(sp.tanh(argument) ** 2) / mean1, evaluate=False),
                ", which is above 0; and nets settle there, since the length map is flatter than 1",
            ),
            _line,
            rule="Taylor's theorem",
        ),
        prove(
            sp.Implies(sp.Eq(LENGTH, chosen, evaluate=False), sp.Eq(n * BOUND, SLACK, evaluate=False)),
            (
                "orthogonal weights add nothing, so for any number of layers ",
                n,
                " and any ",
                SLACK,
                " a net of variance below ",
                SLACK,
                " is one that settles there",
            ),
            lambda: _solved(chosen),
            rule="solved for the length",
        ),
        prove(
            sp.Implies(
                sp.And(sp.Eq(MU1, HALF, evaluate=False), sp.Eq(MU2, HALF, evaluate=False)),
                sp.Eq(MU2 / MU1**2 - 1, 1, evaluate=False),
            ),
            (
                (
                    "the slope of ReLU is 0 or 1, with equal chances at every length: its powers all have "
                    "the mean one half, and spread by 1 in every layer"
                ),
            ),
            _relu,
            rule="two values",
        ),
        prove(
            sp.Implies(
                sp.Le(S1, 0, evaluate=False),
                sp.Ge(n * infinite_layer(HALF, HALF, S1), n, evaluate=False),
            ),
            (
                "so a critical ReLU net of ",
                n,
                " layers has a variance of ",
                n,
                " at least, whatever its weights: what they add themselves is a variance, ",
                sp.Ge(-S1, 0, evaluate=False),
            ),
            _at_least,
            rule="sum of variances",
        ),
        prove(
            sp.Implies(
                sp.Ge(MU2, MU1**2, evaluate=False),
                sp.Ge(n * infinite_layer(MU1, MU2, -1), n, evaluate=False),
            ),
            ("nor does any activation with Gaussian weights: those alone add 1 a layer",),
            _gaussian,
            rule="sum of variances",
        ),
    )
    conclusion = prove(
        sp.Eq(sp.Limit(n * (second / first**2 - 1), LENGTH, 0), 0, evaluate=False),
        (
            (
                "the variance of all squared singular values of a critical orthogonal tanh net, whose mean "
                "is 1: at a fixed depth it goes to 0 with the length of pre-activations, as "
            ),
            SHARP * n * LENGTH**2,
        ),
        _vanishes,
    )
    return Body(
        summary=(
            (
                "A net can hand every direction of a gradient on unchanged, at any depth, if its weights are "
                "orthogonal and its units are nearly linear where they work. ReLU is never nearly linear."
            ),
        ),
        assumptions=(
            ("the width is infinite, and nets are critical: ", sp.Eq(SIGMA_W**2 * MU1, 1, evaluate=False)),
            ("every layer sees pre-activations of variance ", LENGTH, ", the inputs included"),
            ("the variance is that of the page on the spectrum's moments",),
        ),
        steps=steps,
        conclusion=conclusion,
        sources=(Source("pennington2017"), Source("pennington2018"), Source("saxe2014")),
        picture={"verb": "spectrum", "activation": "tanh", "weights": "orthogonal", "q": 0.02},
        claims=(
            Claim(
                "dynamical-isometry/tanh-and-relu",
                (
                    (
                        "over orthogonal nets of eight layers the relative variance of squared singular "
                        "values is about 0.02 with tanh that settles at a length of 1/50, and about 8 with "
                        "ReLU, each within its confidence interval and 6 %"
                    ),
                ),
                "jacobian-spectrum",
                {"q": {name: q for name, q, _, _ in NETS}, "relative": relative_variance},
                _nets(),
                scope="mean",
                regime="infinite width",
            ),
        ),
    )


def _nets() -> tuple[dict[str, object], ...]:
    found: list[dict[str, object]] = []
    for name, q, depth, width in NETS:
        sigma_w, sigma_b = critical_scales(kernel(CORE[name]), float(q))
        scales = {"sigma_w": sigma_w, "sigma_b": sigma_b, "weights": "orthogonal"}
        found.append({"activation": name, "depth": depth, "width": width, **scales})
    return tuple(found)


def _below() -> str:
    """x − tanh x rises from 0, so tanh² ≤ x²; and (1 − t)² − (1 − 2t) = t² ≥ 0 with t = tanh²."""
    prove_equal(sp.diff(x - sp.tanh(x), x), sp.tanh(x) ** 2)
    prove_equal((x - sp.tanh(x)).subs(x, 0), sp.S.Zero)
    prove_equal(sp.expand(SLOPE**2 - (1 - 2 * sp.tanh(x) ** 2)), sp.tanh(x) ** 4)
    return "x − tanh x rises from 0, so tanh² is at most x²; with x² in its place what is left is a square"


def _bounded() -> str:
    """E (1 − 2 q z²) = 1 − 2 q; φ′⁴ ≤ 1; and μ₂/μ₁² rises with μ₂ and falls with μ₁."""
    prove_equal(1 - 2 * LENGTH * _even(2), 1 - 2 * LENGTH)
    prove_equal(sp.diff(MU2 / MU1**2, MU2), 1 / MU1**2)
    prove_equal(sp.diff(MU2 / MU1**2, MU1), -2 * MU2 / MU1**3)
    prove_equal((MU2 / MU1**2 - 1).subs({MU2: 1, MU1: 1 - 2 * LENGTH}), BOUND)
    return (
        "the mean of each side; the ratio rises with the one and falls with the other while both are positive"
    )


def _even(power: int) -> sp.Expr:
    """E z^power, (power − 1)!! by the integral itself."""
    density = sp.exp(-(Z**2) / 2) / sp.sqrt(2 * sp.pi)
    return sp.simplify(sp.integrate(Z**power * density, (Z, -sp.oo, sp.oo)))


def _expanded(f: sp.Expr) -> sp.Expr:
    """E f(√q z) up to q^(ORDER/2), f a polynomial in tanh: what is left is at most a bound of the next even
    derivative, again such a polynomial, times a moment of the next power."""
    t, total = sp.Symbol("t", real=True), sp.S.Zero
    polynomial = f.subs(sp.tanh(x), t)
    if not polynomial.is_polynomial(t):
        raise RefutedError(f"{f} is no polynomial in tanh x")
    for power in range(ORDER + 2):
        if power % 2 == 0:
            moment = sp.factorial2(power - 1) if power else sp.S.One
            total += polynomial.subs(t, 0) * moment * LENGTH ** (power // 2) / sp.factorial(power)
        polynomial = sp.expand(sp.diff(polynomial, t) * (1 - t**2))  # tanh′ = 1 − tanh²
    return total


def _ratio(power: int) -> sp.Expr:
    return _expanded(sp.expand(SLOPE**power))


def _sharp() -> str:
    prove_equal(sp.diff(sp.tanh(x), x), SLOPE)
    for power in (2, 4, 6):
        prove_equal(_even(power), sp.factorial2(power - 1))
    found = limit((_ratio(4) / _ratio(2) ** 2 - 1) / LENGTH**2, LENGTH, sp.S.Zero)
    prove_equal(found, SHARP)
    return (
        "derivatives of tanh are polynomials in tanh and so are bounded: three terms and a remainder of "
        "higher order in each mean; the limit of the quotient"
    )


def _line() -> str:
    """σ_b² = q − E φ²/E φ′², and χ_∥ = (d E φ²/dq)/E φ′² = 1 − 2q + …."""
    second = _expanded(sp.tanh(x) ** 2)
    variance = LENGTH - second / _ratio(2)
    prove_equal(limit(variance / LENGTH**3, LENGTH, sp.S.Zero), STEEPNESS)
    flatter = limit((1 - sp.diff(second, LENGTH) / _ratio(2)) / LENGTH, LENGTH, sp.S.Zero)
    prove_equal(flatter, sp.Integer(2))
    return "four terms of each mean; the slope of the length map is 1 − 2q to first order"


def _solved(chosen: sp.Expr) -> str:
    prove_equal(sp.simplify(n * BOUND.subs(LENGTH, chosen)), SLACK)
    return "the length put into n times the bound, and simplified"


def _relu() -> str:
    """The mean of the step function under a Gaussian of any variance."""
    density = sp.exp(-(Z**2) / (2 * LENGTH)) / sp.sqrt(2 * sp.pi * LENGTH)
    half = sp.simplify(sp.integrate(density, (Z, 0, sp.oo)))
    prove_equal(half, HALF)
    prove_equal(infinite_layer(half, half, 0), sp.S.One)
    return "0 and 1 are their own squares; half of a Gaussian lies on either side, at every variance"


def _at_least() -> str:
    return prove_equal(n * infinite_layer(HALF, HALF, S1) - n, -n * S1)


def _gaussian() -> str:
    return prove_equal(n * infinite_layer(MU1, MU2, -1) - n, n * (MU2 - MU1**2) / MU1**2)


def _vanishes() -> str:
    if limit(BOUND, LENGTH, sp.S.Zero) != 0:
        raise RefutedError("the bound on the spread of slopes does not go to 0")
    return "0 is below it, and n times the bound, which goes to 0, above"
