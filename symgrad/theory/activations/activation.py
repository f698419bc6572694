"""What an activation is to symgrad: one entry, from which everything else is derived."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import sympy as sp

from symgrad.errors import InputError, RefutedError
from symgrad.symbolic.balls import ball, precision
from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.symbolic.derivation import Source
from symgrad.symbolic.language.allowed import InadmissibleError, Known, admit
from symgrad.symbolic.letters import x

__all__ = ["Activation"]

SAMPLES = tuple(sp.Rational(p, q) for p, q in ((1, 3), (-2, 3), (5, 2), (-7, 2), (29, 3), (-40, 3)))


@dataclass(frozen=True)
class Activation:
    """φ as data: name, LaTeX of the name as a function, expression in x, source, defaults of its parameters.

    One that somebody typed has its own text as its name and no source.
    Derivative, steps, range of φ′, kernels, page, export and tests are derived from the expression. Raises
    `ValueError` when the expression has a symbol that is neither x nor a parameter.
    """

    name: str
    latex: str
    expression: sp.Expr
    source: Source | None
    parameters: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)

    def __post_init__(self) -> None:
        unknown = self.expression.free_symbols - {x} - set(self.parameters)
        if unknown:
            raise ValueError(f"activation {self.name}: undeclared symbols {unknown}")

    @property
    def spoken(self) -> str:
        """What a sentence calls it: its name, φ where it was typed."""
        return "φ" if self.source is None else self.name

    @property
    def slug(self) -> str:
        """Its name in the name of a file; nothing of a typed text gets into it."""
        if self.source is not None:
            return self.name.replace("_", "-")
        return f"typed-{hashlib.sha256(self.name.encode()).hexdigest()[:12]}"

    @property
    def phi(self) -> sp.Expr:
        """φ(x) with every parameter at its default."""
        return self.expression.xreplace(dict(self.parameters))

    def with_parameters(self, values: Mapping[str, sp.Expr]) -> Activation:
        """The same activation with other defaults, given by parameter name; raises `InputError` on an unknown
        one.
        """
        by_name = {symbol.name: symbol for symbol in self.parameters}
        for name, value in values.items():
            if name not in by_name:
                legal = ", ".join(by_name) or "none"
                raise InputError(f"--set {name}: {self.spoken} has no such parameter (legal: {legal})")
            if not value.is_positive:
                raise InputError(f"--set {name}={value}: parameters are positive real numbers")
        merged = {symbol: values.get(symbol.name, default) for symbol, default in self.parameters.items()}
        return Activation(self.name, self.latex, self.expression, self.source, merged)

    def checked(self) -> Activation:
        """Itself; raises `InputError` where the values of its parameters leave nothing that is real and
        depends on x.
        """
        try:
            admit(self.phi, Known())
        except InadmissibleError as reason:
            raise InputError(f"{self._values()}: {reason}") from None
        if _is_constant(self.phi):
            raise InputError(f"{self._values()}: the expression does not depend on x (legal: one that does)")
        return self

    def _values(self) -> str:
        values = ", ".join(f"{symbol.name} = {value}" for symbol, value in self.parameters.items())
        return values or self.name[:80]


def _is_constant(phi: sp.Expr) -> bool:
    """Whether φ is proved to be one number wherever it is defined; asked for only where samples agree."""
    if x not in phi.free_symbols:
        return True
    with precision(128):
        values = [ball(phi, {x: ball(point)}) for point in SAMPLES]
    if not values[0].is_finite() or not all(value.overlaps(values[0]) for value in values):
        return False
    try:
        prove_equal(phi, phi.xreplace({x: SAMPLES[0]}))
    except (RefutedError, NotImplementedError):
        return False
    return True
