"""The update of gradient descent: each weight moves in proportion to its gradient."""

import sympy as sp

from symgrad.errors import RefutedError
from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.symbolic.derivation import Claim, Source, prove
from symgrad.symbolic.letters import E, eta, w_scalar
from symgrad.symbolic.notation import Increment, Partial
from symgrad.theory.entry import Body, derivation
from symgrad.theory.nets import SMALL

STEP = Increment(w_scalar)


@derivation("update-rule", "The update is the gradient times the learning rate", "learning")
def update_rule() -> Body:
    """Δw = −η ∂E/∂w lowers E to first order by η(∂E/∂w)², and is as small as the gradient is."""
    error = sp.Function("E")
    gradient = Partial(E, w_scalar)

    def lowers() -> str:
        slope = error(w_scalar).diff(w_scalar)
        moved = error(w_scalar - eta * slope)
        first = sp.diff(moved, eta).doit().subs(eta, 0).doit()
        return prove_equal(first, -(slope**2))

    def proportional() -> str:
        g = sp.Symbol("g", real=True)
        if sp.simplify(sp.Abs(-eta * g) - eta * sp.Abs(g)) != 0:
            raise RefutedError("|−ηg| is not η|g|")
        return "|−ηg| = η|g| for η > 0"

    rule = prove(
        sp.Eq(STEP, -eta * gradient, evaluate=False),
        (
            "the weight moves against the slope of the error ",
            E,
            ", by the learning rate ",
            eta,
            " times that slope",
        ),
        lambda: "a definition; the next step shows that it does what it should",
        rule="definition",
    )
    effect = prove(
        sp.Eq(sp.Derivative(E, eta), -(gradient**2), evaluate=False),
        (
            "at ",
            sp.Eq(eta, 0, evaluate=False),
            ": the error falls, at first order, by the squared gradient times ",
            eta,
        ),
        lowers,
        rule="chain rule",
    )
    conclusion = prove(
        sp.Eq(sp.Abs(STEP), eta * sp.Abs(gradient), evaluate=False),
        (
            (
                "the size of an update is the size of the gradient: a weight whose gradient vanishes "
                "does not learn"
            ),
        ),
        proportional,
    )
    return Body(
        summary=(
            (
                "Gradient descent moves every weight in proportion to the derivative of the error with "
                "respect to it."
            ),
        ),
        assumptions=(
            ("the error ", E, " is differentiable in the weight ", w_scalar),
            (eta, " > 0 is the learning rate"),
        ),
        steps=(rule, effect),
        conclusion=conclusion,
        sources=(Source("rumelhart1986", "eq 8"),),
        picture={"verb": "simulate", "activation": "sigmoid", "depth": 20},
        claims=(
            Claim(
                "update-rule/descent",
                ("a small step lowers the error by ", eta, " times the squared gradient, to first order"),
                "update-rule",
                nets=SMALL,
            ),
        ),
    )
