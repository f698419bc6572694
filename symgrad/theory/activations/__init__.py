"""The activations, grouped by family; a new one is one entry in one of these files."""

from functools import cache

import sympy as sp

from symgrad.errors import InputError
from symgrad.symbolic.derivation import Grade
from symgrad.symbolic.letters import x
from symgrad.symbolic.notation import dphi
from symgrad.symbolic.ranges.derivative_range import PATIENCE, derivative_range
from symgrad.symbolic.ranges.extremum import Value
from symgrad.symbolic.ranges.range import Range
from symgrad.theory.activations.activation import Activation
from symgrad.theory.activations.bumps import BUMPS
from symgrad.theory.activations.exponential_linear import EXPONENTIAL_LINEAR
from symgrad.theory.activations.gated import GATED
from symgrad.theory.activations.kernels import kernel
from symgrad.theory.activations.periodic import PERIODIC
from symgrad.theory.activations.piecewise_linear import PIECEWISE_LINEAR
from symgrad.theory.activations.piecewise_quadratic import PIECEWISE_QUADRATIC
from symgrad.theory.activations.powers import POWERS
from symgrad.theory.activations.sigmoidal import SIGMOIDAL
from symgrad.theory.activations.smooth_rectifiers import SMOOTH_RECTIFIERS
from symgrad.theory.activations.typed import asked

__all__ = ["ACTIVATIONS", "CORE", "FAMILIES", "Activation", "activation", "gamma", "kernel", "slope_range"]

LONG_PATIENCE = 20.0
"""Seconds of processor time for the closed forms of a registered activation."""

FAMILIES: dict[str, tuple[Activation, ...]] = {
    "piecewise linear": PIECEWISE_LINEAR,
    "piecewise quadratic": PIECEWISE_QUADRATIC,
    "sigmoidal": SIGMOIDAL,
    "smooth rectifier": SMOOTH_RECTIFIERS,
    "exponential linear": EXPONENTIAL_LINEAR,
    "gated": GATED,
    "oscillating": PERIODIC,
    "bump": BUMPS,
    "power and logarithm": POWERS,
}
"""The families of the atlas, in its order."""

ACTIVATIONS: dict[str, Activation] = {entry.name: entry for family in FAMILIES.values() for entry in family}
"""Every registered activation by name."""

CORE: dict[str, Activation] = {
    name: ACTIVATIONS[name]
    for name in (
        "identity sigmoid tanh relu leaky_relu softplus softsign arctan erf sin elu selu gelu silu "
        "mish hard_swish"
    ).split()
}
"""The sixteen that a course begins with; each has a derivation page of its own among the exports."""


def activation(given: object) -> Activation:
    """The activation meant by a name, a text in x, a SymPy expression or a function written in SymPy; raises
    `InputError`, about a text with the column.
    """
    return asked(given, ACTIVATIONS)


def slope_range(entry: Activation) -> Range:
    """The proved range of φ′ over the line, computed once for each entry and set of parameters."""
    return _slope_range(entry.expression, tuple(entry.parameters.items()))


def gamma(entry: Activation) -> Value:
    """γ = sup|φ′| over the line, perhaps infinite; `InputError` where φ is not defined on all of it."""
    found = slope_range(entry)
    if found.lipschitz is None:
        raise InputError(f"{entry.name} is defined on {found.domain} only: it has no Lipschitz constant")
    return found.lipschitz.value


@cache
def _slope_range(expression: sp.Expr, parameters: tuple[tuple[sp.Symbol, sp.Expr], ...]) -> Range:
    registered = expression in {entry.expression for entry in ACTIVATIONS.values()}
    patience = LONG_PATIENCE if registered else PATIENCE
    found = derivative_range(expression, x, dict(parameters), dphi, patience)
    if registered and parameters and _grades(found) != {"exact"}:  # letters hide what numbers show
        at_values = derivative_range(expression.xreplace(dict(parameters)), x, {}, dphi, patience)
        return at_values if _grades(at_values) == {"exact"} else found
    return found


def _grades(found: Range) -> set[Grade]:
    return {found.inf.proof, found.sup.proof}
