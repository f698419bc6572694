"""How the name of a symbol is read: letter, primes, indices; and what no printer here can write."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sympy.printing.conventions import split_super_sub

__all__ = ["GREEK", "Name", "UnprintableError", "read_name"]


class UnprintableError(TypeError):
    """A construct that a printer has no rule for: an error, never a formula that is silently wrong."""


GREEK: dict[str, tuple[str, str]] = {
    **{
        name: (f"\\{name}", name)
        for name in (
            "alpha beta gamma delta zeta eta theta iota kappa mu nu xi pi rho sigma tau upsilon chi psi "
            "omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega"
        ).split()
    },
    "lamda": (r"\lambda", "lambda"),
    "lambda": (r"\lambda", "lambda"),
    "phi": (r"\phi", "phi.alt"),
    "varphi": (r"\varphi", "phi"),
    "epsilon": (r"\epsilon", "epsilon.alt"),
    "varepsilon": (r"\varepsilon", "epsilon"),
    "vartheta": (r"\vartheta", "theta.alt"),
    "ell": (r"\ell", "ell"),
}
"""Names of letters, in LaTeX and in Typst."""

_PART = re.compile(r"[A-Za-z]+|[0-9]+|\*|[+-]")


@dataclass(frozen=True)
class Name:
    """A symbol's name: base, number of primes, subscripts, superscripts."""

    base: str
    primes: int
    below: tuple[str, ...]
    above: tuple[str, ...]


def read_name(text: str) -> Name:
    """`sigma_w`, `W_ij`, `h0`, `varphi'`, `x^*` into their parts.

    Raises `UnprintableError` on anything but letters, digits, `*`, `+` and `-` in the parts: a name is data,
    not typesetting, so no target can be given commands by one.
    """
    base, above, below = split_super_sub(text.rstrip("'"))
    primes = len(text) - len(text.rstrip("'"))
    if not base.isalpha() or not all(_PART.fullmatch(part) for part in (base, *above, *below)):
        raise UnprintableError(f"the name {text!r} cannot be typeset")
    return Name(base, primes, tuple(below), tuple(above))
