"""What can be said of an activation at once: the documents of other verbs, filled as far as a limit allowed.

Nothing here is proved: inf and sup are those of samples, graded `estimated`, with the limit named as the
reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from symgrad.verbs.asked import Document, Settings, entry_of, fraction
from symgrad.verbs.gains import GAIN_NUMBERS, number_document

if TYPE_CHECKING:
    from symgrad.theory.activations import Activation
    from symgrad.theory.slope_samples import Sampled

__all__ = ["SKETCHES", "STAGES", "parse", "sketch"]

STAGES = ("samples", "derivative", "expression")
"""How far a sketch goes, the furthest first: each needs less time than the one before."""


def parse(activation: str, settings: Settings | None = None) -> Document:
    """What a name or a typed text was understood as: the expression, its LaTeX, its parameters."""
    return _opening(entry_of(activation, settings), STAGES.index("expression"))


def sketch(verb: str, arguments: Mapping[str, Any], why: str, stage: str = STAGES[0]) -> Document:
    """The document of that verb with what is known without a proof; `why` says which limit came first."""
    entry = entry_of(arguments["activation"], arguments.get("settings"))
    document = SKETCHES[verb](entry, arguments, why, STAGES.index(stage))
    return {**document, "complete": False, "why": why}


def _bound(entry: Activation, arguments: Mapping[str, Any], why: str, stage: int) -> Document:
    from symgrad.present.markdown import prose_markdown
    from symgrad.theory.slope_samples import Sampled

    found = _samples(entry) if stage == 0 else None
    low, high = found or (None, None)
    ends = [Sampled(abs(end.value), end.at) for end in found or ()]
    steepest = max(ends, key=lambda end: end.value, default=None)
    text = "not proved within the limit"
    if low and high:
        text = f"samples of φ′ lie between {low.value:.6g} and {high.value:.6g}; {text}"
    return {
        **_opening(entry, stage),
        "domain": None,
        "inf": _extremum(low, "the smallest sample of φ′", why),
        "sup": _extremum(high, "the largest sample of φ′", why),
        "lipschitz": _extremum(steepest, "the largest sample of |φ′|", why),
        "image": None,
        "kinks": [],
        "joins": [],
        "sentence": prose_markdown((text,)),
        "text": text,
        "steps": [],
    }


def _derive(entry: Activation, arguments: Mapping[str, Any], why: str, stage: int) -> Document:
    unknown = "whether φ′ is a function of φ was not decided within the limit"
    return {
        **_opening(entry, stage),
        "steps": [],
        "autonomous": {"exact": None, "latex": None, "statement": unknown, "text": unknown, "steps": []},
    }


def _curve(entry: Activation, arguments: Mapping[str, Any], why: str, stage: int) -> Document:
    from symgrad.documents import curve_document
    from symgrad.theory.activation_curve import Curve, activation_curve

    found = _samples(entry) if stage == 0 else None
    low, high = found or (None, None)
    drawn = activation_curve(entry, 6.0, 601) if found else Curve.empty()
    return {
        **curve_document(entry, drawn),
        "inf": _extremum(low, "the smallest sample of φ′", why),
        "sup": _extremum(high, "the largest sample of φ′", why),
    }


def _gain(entry: Activation, arguments: Mapping[str, Any], why: str, stage: int) -> Document:
    from flint import arb
    from sympy import Rational

    from symgrad.symbolic.number import Number
    from symgrad.theory.initialization.gains import Gains, gain_sentence
    from symgrad.theory.slope_samples import mean_squares

    q = Rational(*fraction("--q", arguments.get("q", "1")))
    moments = mean_squares(entry, float(q)) if stage == 0 else None
    reason = f"{why}; this is a sum over samples, without a proof"
    found = None
    if moments:
        second, slope = (Number(None, arb(moment), "estimated", reason) for moment in moments)
        found = Gains(q, second, slope)
    return {
        **_opening(entry, stage),
        "q": str(q),
        **{name: None if found is None else number_document(getattr(found, name)) for name in GAIN_NUMBERS},
        "text": "not known within the limit" if found is None else gain_sentence(entry, found),
    }


def _opening(entry: Activation, stage: int) -> Document:
    from symgrad.present.latex import latex
    from symgrad.present.plain import written
    from symgrad.symbolic.letters import x

    derivative = entry.expression.diff(x) if stage < STAGES.index("expression") else None
    return {
        "activation": entry.name,
        "slug": entry.slug,
        "name_latex": entry.latex,
        "expression": written(entry.expression),
        "expression_latex": latex(entry.expression),
        "parameters": {symbol.name: str(value) for symbol, value in entry.parameters.items()},
        "derivative": None if derivative is None else written(derivative),
        "latex": None if derivative is None else latex(derivative),
    }


def _samples(entry: Activation) -> tuple[Sampled, Sampled] | None:
    from symgrad.theory.slope_samples import slope_samples

    try:
        return slope_samples(entry)
    except NotImplementedError:  # a function without a kernel
        return None


def _extremum(found: Sampled | None, what: str, why: str) -> Document:
    """E of the command line, without a proof."""
    reason = why if found is None else f"{why}; this is {what} on [-1e6, 1e6], without a proof"
    return {
        "exact": None,
        "latex": None,
        "decimal": None if found is None else f"{found.value:.15g}",
        "lower": None,
        "upper": None,
        "attained": None,
        "at": [] if found is None else [f"{found.at:.6g}"],
        "points": [],
        "proof": "estimated",
        "why": reason,
    }


SKETCHES: Mapping[str, Callable[[Activation, Mapping[str, Any], str, int], Document]] = {
    "bound": _bound,
    "derive": _derive,
    "curve": _curve,
    "gain": _gain,
}
