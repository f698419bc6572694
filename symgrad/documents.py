"""Results as plain JSON values: text, numbers, lists. What scripts may rely on is written in docs/cli.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import sympy as sp

from symgrad.numeric import Measurement
from symgrad.present.latex import latex
from symgrad.present.markdown import prose_markdown
from symgrad.present.plain import plain, prose_plain
from symgrad.symbolic.derivation import Derivation, Step
from symgrad.symbolic.ranges.extremum import Extremum, Place
from symgrad.symbolic.ranges.range import Range
from symgrad.theory.activation_curve import Curve
from symgrad.theory.activations import Activation
from symgrad.theory.bibliography import BIBLIOGRAPHY
from symgrad.theory.net_result import bands
from symgrad.theory.simulation import Simulation
from symgrad.theory.through_time.simulation import RecurrentSimulation

__all__ = [
    "Document",
    "curve_document",
    "derivation_document",
    "extremum_document",
    "simulation_document",
    "step_document",
]

Document = dict[str, Any]
Values = Mapping[sp.Symbol, sp.Expr]


def extremum_document(
    extremum: Extremum, symbolic: bool = False, parameters: Values | None = None
) -> Document:
    """E of the command line: exact text, 30 digits, an enclosure, where, whether attained, the proof grade
    and why; with the letters of parameters where `symbolic`.
    """
    value = extremum.value
    enclosure = value.enclosure()
    estimated = extremum.proof == "estimated"
    places = [place.valued(parameters or {}) for place in extremum.at]
    return {
        "exact": value.text(symbolic) if extremum.proof == "exact" else None,
        "latex": latex(value.expr if symbolic else value.number),
        "decimal": enclosure.decimal,
        "lower": None if estimated else enclosure.lower,
        "upper": None if estimated else enclosure.upper,
        "attained": None if estimated else extremum.attained,
        "at": [str(place) for place in (extremum.at if symbolic else places)],
        "points": [_point(place) for place in places],
        "proof": extremum.proof,
        "why": extremum.why,
    }


def _point(place: Place) -> Document:
    """Where to draw it: the nearest float, which side it is approached from, the end of an interval, the
    period.
    """
    named = {place.named.symbol: place.named.ball(64).mid().str(20, radius=False)} if place.named else {}
    return {
        "x": _float(place.point, named),
        "side": place.side,
        "until": None if place.until is None else _float(place.until, {}),
        "period": None if place.period is None else _float(place.period, {}),
    }


def _float(number: Any, named: Document) -> float | str:
    if number.is_infinite:
        return str(number)
    return float(number.evalf(17, subs=named))


def step_document(step: Step) -> Document:
    """One step: what is stated, why, how it was checked; as text, Markdown and LaTeX."""
    return {
        "statement": plain(step.statement),
        "because": prose_plain(step.because),
        "check": step.check,
        "rule": step.rule,
        "latex": latex(step.statement),
        "because_markdown": prose_markdown(step.because),
    }


def derivation_document(derivation: Derivation) -> Document:
    """All of a derivation but its rendered files."""
    return {
        "key": derivation.key,
        "title": derivation.title,
        "subject": derivation.subject,
        "summary": prose_markdown(derivation.summary),
        "assumptions": [prose_markdown(assumption) for assumption in derivation.assumptions],
        "steps": [step_document(step) for step in derivation.steps],
        "conclusion": step_document(derivation.conclusion),
        "proof": derivation.proof,
        "picture": dict(derivation.picture),
        "sources": [_source(source.key, source.where) for source in derivation.sources],
        "claims": [
            {
                "key": claim.key,
                "statement": prose_markdown(claim.statement),
                "measure": claim.measure,
                "scope": claim.scope,
                "regime": claim.regime,
                "status": claim.status,
            }
            for claim in derivation.claims
        ],
    }


def _source(key: str, where: str) -> Document:
    work = BIBLIOGRAPHY[key]
    text = work.written(identifier="")
    return {"key": key, "where": where, "text": text, "identifier": work.identifier}


def curve_document(entry: Activation, curve: Curve, found: Range | None = None) -> Document:
    """φ and φ′ for drawing; with the range also inf and sup, and so the places to mark."""
    return {
        "name": entry.name,
        "latex": entry.latex,
        "x": _numbers(curve.x),
        "phi": _numbers(curve.phi),
        "dphi": _numbers(curve.dphi),
        "breaks": list(curve.breaks),
        "inf": None if found is None else extremum_document(found.inf, parameters=entry.parameters),
        "sup": None if found is None else extremum_document(found.sup, parameters=entry.parameters),
    }


def simulation_document(simulation: Simulation | RecurrentSimulation) -> Document:
    """The document of `simulate`; null stands for a value that does not exist or is an exact zero's
    logarithm.
    """
    net, predicted = simulation.net, simulation.predicted
    bounded, supremum = simulation.bounded, simulation.gamma
    return {
        "config": {
            "architecture": simulation.architecture,
            "activation": simulation.activation.name,
            "parameters": {s.name: str(value) for s, value in simulation.activation.parameters.items()},
            **simulation.options,
        },
        "depth": list(range(1, net.depth + 1)),
        "log10_gradient": _bands(simulation.log10_gradient),
        **_own_measurements(simulation),
        "log10_bound": _numbers(np.median(simulation.log10_bound, axis=0)) if bounded else [None] * net.depth,
        "log10_predicted": None if predicted is None else _numbers(simulation.log10_predicted),
        "gamma": None if supremum is None else supremum.enclosure().decimal,
        "violations": simulation.violations,
        "verdict": "UNDECIDED" if not bounded else "FAIL" if simulation.violations else "PASS",
        "slope_measured": _number(simulation.slope_measured),
        "slope_predicted": None if predicted is None else _number(simulation.slope_predicted),
        "slope_band": None if simulation.slope_band is None else list(simulation.slope_band),
        "log10_band": _banded(simulation),
        "why_no_band": simulation.why_no_band or None,
        "why_unpredicted": simulation.why_unpredicted or None,
        "log10_front_factor": _number(simulation.front_factor),
        "finding": simulation.finding(),
        "steps": [step_document(step) for step in simulation.steps()],
    }


def _banded(simulation: Simulation | RecurrentSimulation) -> Document | None:
    """What the median by layer is expected to be at this width, with its 99 % band."""
    if simulation.gradient_band is None:
        return None
    return {
        name: _numbers(row)
        for name, row in zip(("low", "middle", "high"), simulation.gradient_band, strict=True)
    }


def _own_measurements(simulation: Simulation | RecurrentSimulation) -> Document:
    """What is measured at every layer where each has weights of its own, and once where all steps share
    them.
    """
    measured = simulation.measured
    if isinstance(measured, Measurement):
        return {
            "log10_weight_gradient": _bands(measured.ln_weight_gradient / np.log(10)),
            "preactivation_log10_rms": _numbers(
                np.median(measured.ln_preactivation_rms, axis=0) / np.log(10)
            ),
        }
    shared = {
        "recurrent": measured.ln_recurrent_gradient,
        "input": measured.ln_input_gradient,
        "bias": measured.ln_bias_gradient,
    }
    quantiles = {name: _bands(logs[:, None] / np.log(10)) for name, logs in shared.items()}
    return {
        "log10_shared_gradient": {
            name: {quantile: values[0] for quantile, values in found.items()}
            for name, found in quantiles.items()
        }
    }


def _bands(logs: np.ndarray) -> Document:
    """Median and the 5 % and 95 % quantiles over seeds, (S, L) → three lists."""
    low, middle, high = bands(logs)
    return {"median": _numbers(middle), "q05": _numbers(low), "q95": _numbers(high)}


def _numbers(values: Any) -> list[float | None]:
    return [_number(value) for value in values]


def _number(value: Any) -> float | None:
    number = float(value)
    return number if np.isfinite(number) else None
