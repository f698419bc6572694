"""Questions about one activation: its derivative, the range of it, its curve."""

from __future__ import annotations

from typing import TYPE_CHECKING

from symgrad.errors import InputError
from symgrad.verbs.asked import Document, Settings, entry_of

if TYPE_CHECKING:
    import sympy as sp

    from symgrad.theory.activations import Activation

__all__ = ["bound", "curve", "derive"]

MAX_REACH = 1e6
MAX_POINTS = 100_001


def derive(activation: object, settings: Settings | None = None) -> Document:
    """φ′ by named rules down to the textbook form, and g with φ′ = g(φ) where there is one."""
    from symgrad.documents import step_document
    from symgrad.present.latex import latex
    from symgrad.present.markdown import prose_markdown
    from symgrad.present.plain import plain, prose_plain, written
    from symgrad.theory.activation_derivative import differentiation, own_slope

    entry = entry_of(activation, settings)
    found = differentiation(entry)
    own = own_slope(entry)
    steps = [
        {**step_document(line.as_step()), "before": plain(line.before), "after": plain(line.after)}
        for line in found.steps
    ]
    return {
        "activation": entry.name,
        "slug": entry.slug,
        "expression": _expression(entry, entry.expression),
        "expression_latex": latex(entry.expression),
        "parameters": {symbol.name: str(value) for symbol, value in entry.parameters.items()},
        "derivative": written(found.derivative),
        "latex": latex(found.derivative),
        "steps": steps,
        "autonomous": {
            "exact": None if own.g is None else str(own.g),
            "latex": None if own.g is None else latex(own.g),
            "statement": prose_markdown(own.sentence),
            "text": prose_plain(own.sentence),
            "steps": [step_document(step) for step in own.steps],
        },
    }


def bound(activation: object, settings: Settings | None = None, symbolic: bool = False) -> Document:
    """inf, sup and Lipschitz constant of φ over the real line, each with its proof grade, and the argument as
    steps.
    """
    from symgrad.documents import extremum_document, step_document
    from symgrad.present.markdown import prose_markdown
    from symgrad.present.plain import plain, prose_plain, written
    from symgrad.theory.activation_derivative import reader_sentence, slope_as_shown
    from symgrad.theory.activations import slope_range

    entry = entry_of(activation, settings)
    found = slope_range(entry)
    return {
        "activation": entry.name,
        "slug": entry.slug,
        "expression": _expression(entry, entry.expression if symbolic else entry.phi),
        "derivative": written(slope_as_shown(entry)),
        "parameters": {symbol.name: str(value) for symbol, value in entry.parameters.items()},
        "domain": found.domain,
        "inf": extremum_document(found.inf, symbolic, entry.parameters),
        "sup": extremum_document(found.sup, symbolic, entry.parameters),
        "lipschitz": None
        if found.lipschitz is None
        else extremum_document(found.lipschitz, symbolic, entry.parameters),
        "image": plain(found.image),
        "kinks": [{"at": str(k.point), "left": str(k.left), "right": str(k.right)} for k in found.kinks],
        "joins": [{"at": str(point), "how": how} for point, how in found.joins],
        "sentence": prose_markdown(reader_sentence(entry, found)),
        "text": prose_plain(reader_sentence(entry, found)),
        "steps": [step_document(step) for step in found.steps],
    }


def curve(
    activation: object,
    settings: Settings | None = None,
    reach: float = 6.0,
    points: int = 601,
    ranged: bool = True,
) -> Document:
    """Samples of φ and φ′ for drawing; `ranged` adds inf and sup of φ′ and with them the places where they
    are attained or approached.
    """
    from symgrad.documents import curve_document
    from symgrad.theory.activation_curve import activation_curve
    from symgrad.theory.activations import slope_range

    if not 0 < reach <= MAX_REACH:
        raise InputError(f"reach {reach}: legal are numbers above 0, up to {MAX_REACH:g}")
    if not 2 <= points <= MAX_POINTS:
        raise InputError(f"points {points}: legal is 2 to {MAX_POINTS}")
    entry = entry_of(activation, settings)
    return curve_document(
        entry, activation_curve(entry, reach, points), slope_range(entry) if ranged else None
    )


def _expression(entry: Activation, phi: sp.Expr) -> str:
    """φ as a text that parses again: a typed one without parameters has such a text for its name."""
    from symgrad.present.plain import written

    return entry.name if entry.source is None and not entry.parameters else written(phi)
