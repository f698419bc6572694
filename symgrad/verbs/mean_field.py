"""Where wide nets of an activation settle, in which phase they are, and where the edge of chaos is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from symgrad.errors import InputError
from symgrad.verbs.asked import Document, Settings, entry_of, fraction
from symgrad.verbs.gains import number_document

if TYPE_CHECKING:
    from sympy import Rational

__all__ = ["MEAN_FIELD_NUMBERS", "critical", "mean_field"]

LARGEST = 10**6
MEAN_FIELD_NUMBERS = ("q", "chi1", "chi_parallel", "correlation", "xi_q", "xi_c", "xi_grad")


def mean_field(
    activation: str, settings: Settings | None = None, sigma_w2: str = "1", sigma_b2: str = "0"
) -> Document:
    """The fixed point at which lengths settle, χ₁ there, the correlation that two inputs come to, depth
    scales and the phase."""
    from symgrad.present.plain import written
    from symgrad.theory.propagation import mean_field as theory

    entry = entry_of(activation, settings)
    found = theory.mean_field(entry, _variance("--sigma-w2", sigma_w2), _variance("--sigma-b2", sigma_b2))
    return {
        "activation": entry.name,
        "expression": written(entry.phi),
        "parameters": {symbol.name: str(value) for symbol, value in entry.parameters.items()},
        "sigma_w2": sigma_w2,
        "sigma_b2": sigma_b2,
        **{name: number_document(getattr(found, name)) for name in MEAN_FIELD_NUMBERS},
        "phase": found.phase,
        "why": found.why,
        "text": found.finding(),
    }


def critical(activation: str, settings: Settings | None = None, sigma_b2: str = "0") -> Document:
    """Every σ_w² at which χ₁ = 1 for this σ_b², with the fixed point and whether nets settle there (null in
    a limit); the first stands for itself as well."""
    from symgrad.present.plain import written
    from symgrad.theory.propagation import mean_field as theory

    entry = entry_of(activation, settings)
    found = theory.critical(entry, _variance("--sigma-b2", sigma_b2))
    solutions = [
        {"sigma_w2": number_document(scale), "q": number_document(q), "attracts": attracts}
        for scale, q, attracts in found.solutions
    ]
    first = solutions[0] if solutions else {"sigma_w2": None, "q": None, "attracts": None}
    return {
        "activation": entry.name,
        "expression": written(entry.phi),
        "parameters": {symbol.name: str(value) for symbol, value in entry.parameters.items()},
        "sigma_b2": sigma_b2,
        **first,
        "solutions": solutions,
        "why": found.why,
    }


def _variance(option: str, text: str) -> Rational:
    """An exact variance out of text."""
    from sympy import Rational

    value = None if text.strip().startswith("-") else Rational(*fraction(option, text))
    if value is None or value > LARGEST:
        raise InputError(f"{option}={text}: legal are variances from 0 to {LARGEST}")
    return value
