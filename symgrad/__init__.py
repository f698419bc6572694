"""Why gradients vanish or explode in deep nets, in symbols and in numbers at once.

A tour (each verb answers with a plain document, see docs/cli.md):

>>> import symgrad
>>> symgrad.bound("sigmoid")["sup"]["exact"]
'1/4'
>>> symgrad.bound("tanh")["sentence"]
'tanh′ takes values in $\\\\left(0, 1\\\\right]$'
>>> symgrad.bound("x*tanh(x)/(1+x^2)")["sup"]["proof"]
'certified'
>>> symgrad.derive("sigmoid")["derivative"]
'sigmoid(x)*(1 - sigmoid(x))'
>>> net = symgrad.simulate("sigmoid", depth=30, width=32, seeds=4)
>>> net["violations"], round(net["log10_front_factor"]) < -15
(0, True)
>>> symgrad.show("scalar-chain")["conclusion"]["check"]
'both sides are the same expression'
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = [
    "InputError",
    "advise",
    "atlas",
    "bound",
    "certificate",
    "check",
    "curve",
    "derive",
    "export",
    "gain",
    "initialization",
    "listing",
    "show",
    "simulate",
    "sweep",
    "swept",
    "verdicts",
]

if TYPE_CHECKING:
    from symgrad.errors import InputError
    from symgrad.verbs import (
        bound,
        certificate,
        check,
        curve,
        derive,
        export,
        gain,
        initialization,
        listing,
        show,
        simulate,
        sweep,
        swept,
    )
    from symgrad.verbs import verify as verdicts
    from symgrad.verbs.advise import advise
    from symgrad.verbs.atlas import atlas


def __getattr__(name: str) -> Any:
    """The public names are loaded when first used: importing symgrad loads neither SymPy nor NumPy."""
    if name == "InputError":
        from symgrad import errors

        return errors.InputError
    if name in __all__:
        from symgrad import verbs

        # `symgrad.verify` is the judge's package; the verb of that name goes by what it returns
        return verbs.verify if name == "verdicts" else getattr(verbs, name)
    raise AttributeError(f"module 'symgrad' has no attribute {name!r}")
