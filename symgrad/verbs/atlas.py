"""Questions about the atlas: its rows as stored with this version, and any row worked out now."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from symgrad.errors import InputError
from symgrad.verbs.asked import Document, entry_of

if TYPE_CHECKING:
    from sympy import Expr, Symbol

    from symgrad.symbolic.number import Number
    from symgrad.symbolic.ranges.extremum import Extremum
    from symgrad.theory.propagation.criticality import Criticality

__all__ = ["STORED", "atlas", "atlas_row"]

STORED = "data/atlas.json"
"""Where in the package the rows stand that this version worked out."""


def atlas(
    activation: str | None = None,
    anew: bool = False,
    formats: Sequence[str] = (),
    out: str | None = None,
) -> Document:
    """The rows of all registered activations as this version stores them.

    `activation`: that row alone, worked out now; `anew`: all of them (minutes; each is kept between runs).
    With `out` they are written there as atlas.csv, atlas.md and atlas.tex; a single format without a folder
    is the document's "text".
    """
    rows = _rows(activation, anew)
    document: Document = {"rows": rows}
    if out is not None:
        from symgrad.files import stored
        from symgrad.present.atlas import FORMATS

        files = {f"atlas.{kind}": FORMATS[kind](rows).encode() for kind in formats or FORMATS}
        document["files"] = stored(files, Path(out))
    elif len(formats) == 1:
        from symgrad.present.atlas import FORMATS

        document["text"] = FORMATS[formats[0]](rows)
    elif formats:
        raise InputError("--out is missing: several formats are written to a folder")
    return document


def _rows(activation: str | None, anew: bool) -> list[Document]:
    from symgrad.verbs import call

    if activation is not None:
        return [call("atlas-row", {"activation": activation})]
    if anew:
        from symgrad.theory.activations import ACTIVATIONS

        return [call("atlas-row", {"activation": name}) for name in ACTIVATIONS]
    stored: list[Document] = json.loads(
        resources.files("symgrad").joinpath(STORED).read_text(encoding="utf-8")
    )
    return stored


def atlas_row(activation: str) -> Document:
    """One row: φ, φ′ and its range, the shape of φ, g with φ′ = g(φ), the gains at q = 1, the criticality
    class, the source."""
    from symgrad.present.latex import latex
    from symgrad.present.plain import plain, prose_plain, written
    from symgrad.theory.atlas import row
    from symgrad.theory.bibliography import BIBLIOGRAPHY

    found = row(entry_of(activation, None))
    source, values = found.source, dict(found.parameters)
    extrema = {name: getattr(found.slopes, name) for name in ("inf", "sup", "lipschitz")}
    gains = {"forward_gain": found.gains.forward, "backward_gain": found.gains.backward}
    return {
        "name": found.name,
        "family": found.family,
        "expression": written(found.phi.xreplace(values)),
        "latex": latex(found.phi),
        "parameters": {symbol.name: str(value) for symbol, value in values.items()},
        "derivative": written(found.derivative.xreplace(values)),
        "derivative_latex": latex(found.derivative),
        **{name: _extremum(extremum, values) for name, extremum in extrema.items()},
        "smoothness": found.smoothness,
        "parity": found.parity,
        "direction": found.direction,
        "autonomous": None if found.own is None else plain(found.own.xreplace(values)),
        "autonomous_latex": None if found.own is None else latex(found.own),
        "autonomous_says": prose_plain(found.own_says),
        **{name: _number(number) for name, number in gains.items()},
        "criticality": _criticality(found.criticality),
        "source": None if source is None else BIBLIOGRAPHY[source.key].written(where=source.where),
        "frameworks": found.frameworks,
    }


def _extremum(extremum: Extremum | None, values: Mapping[Symbol, Expr]) -> Document | None:
    """E of the command line, without what only a drawing needs; null where there is no such number."""
    from symgrad.documents import extremum_document

    if extremum is None:
        return None
    document = extremum_document(extremum, parameters=values)
    return {name: value for name, value in document.items() if name != "points"}


def _number(number: Number | None) -> Document | None:
    from symgrad.verbs.gains import number_document

    return number_document(number)


def _criticality(found: Criticality) -> Document:
    """The class; q (null where every length does), σ_w² and σ_b² where both factors are 1; `short`: what
    short lengths do, K ↦ K + aK^p; `points`: all q > 0 that were found; whether it is proved that these are
    all."""
    from symgrad.present.plain import written

    short = found.drift
    return {
        "kind": found.kind,
        "proof": found.proof,
        **{name: _number(getattr(found, name)) for name in ("q", "sigma_w2", "sigma_b2")},
        "short": None
        if short is None
        else {
            "coefficient": None if short.coefficient is None else written(short.coefficient),
            "power": None if short.power is None else str(short.power),
            "side": short.side,
        },
        "points": [
            {
                **{name: _number(getattr(point, name)) for name in ("q", "sigma_w2", "sigma_b2")},
                "returns_from": {1: "below", -1: "above"}.get(point.bends),
            }
            for point in found.points
        ],
        "complete": found.complete,
        "why": found.why,
    }
