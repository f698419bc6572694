"""Charts of recurrent nets: the powers of a matrix beside its Jacobian's, an orbit, and gradients that were
clipped.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import altair as alt

from symgrad.present.lines import Line, by_step, finished, panel, rule_at
from symgrad.present.theme import DASHES, Theme, theme

__all__ = ["clipped_directions", "clipped_sizes", "matrix_powers", "orbit"]

Document = Mapping[str, Any]
STEPS = ("k", "steps k")
LENGTH = ("length", "length of the sequence T")
CLIPS = {"none": "not clipped", "norm": "clipped by norm", "value": "clipped by value"}


def matrix_powers(document: Document, dark: bool = False) -> alt.LayerChart:
    """log10 ‖Wᵏ‖₂ and ‖Jᵏ‖₂ against k, with the product along the orbit under its worst-case bound
    (γ‖W‖₂)ᵏ, and what the spectral radius alone would say.
    """
    look = theme(dark)
    roles, k = look.roles, document["k"]
    radius = float(document["radius"]["decimal"])
    lines = [
        Line("worst case (γ‖W‖)ᵏ", roles["bound"], DASHES[1], document["log10_bound"] or []),
        Line("nonlinear, along its orbit", roles["predicted"], DASHES[0], document["log10_orbit"]),
        Line(
            "‖Jᵏ‖ at the fixed point",
            roles["slope"],
            DASHES[3],
            document["log10_jacobian"] or [],
        ),
        Line("linear net ‖Wᵏ‖", roles["measured"], DASHES[0], document["log10_power"], main=True),
        Line("ρ(W)ᵏ", look.quiet, DASHES[2], _geometric(radius, len(k))),
    ]
    return by_step(
        k,
        lines,
        look,
        across=STEPS,
        up="norm of the product over k steps",
        says=str(document["finding"]),
        more=rule_at(0, "y", look),
    )


def _geometric(ratio: float, count: int) -> list[float]:
    """log10 of the powers; none where the ratio is 0."""
    return [k * math.log10(ratio) for k in range(count)] if ratio > 0 else []


def orbit(document: Document, dark: bool = False) -> alt.LayerChart:
    """Both units of the net, step by step, in float64."""
    look = theme(dark)
    one, other = document["state"]
    lines = [
        Line("unit 1", look.series[0], DASHES[0], one),
        Line("unit 2", look.series[1], DASHES[1], other),
    ]
    says = "The two units of the net, from its start, step by step in double precision."
    chart = panel(document["k"], lines, look, across=STEPS, up="state h", height=200, powered=False)
    return finished(chart, says, look)


def clipped_sizes(document: Document, dark: bool = False) -> alt.VConcatChart:
    """log10 of the gradient's norm against the length of the sequence: the net that vanishes and the one that
    explodes, as it is and clipped.
    """
    look = theme(dark)
    panels = [_clipped(net, look) for net in document["nets"]]
    return finished(alt.vconcat(*panels, spacing=18), str(document["finding"]), look)


def _clipped(net: Document, look: Theme) -> Any:
    colours = (look.roles["bound"], look.roles["measured"], look.roles["slope"])
    lines = [
        Line(CLIPS[key], colour, dash, net["log10_norm"][key])
        for key, colour, dash in zip(CLIPS, colours, (DASHES[0], DASHES[1], DASHES[2]), strict=True)
    ]
    words = f"The net that is {net['name']}: weight scale σ_w = {net['sigma_w']:g}"
    chart = panel(net["step"], lines, look, across=LENGTH, up="size of the gradient", height=210)
    return chart.properties(title=words)


def clipped_directions(document: Document, dark: bool = False) -> alt.LayerChart:
    """The cosine of the angle between the gradient and the clipped one, for the net that explodes: 1 where
    the direction is kept.
    """
    look = theme(dark)
    (net,) = (net for net in document["nets"] if net["name"] == "exploding")
    lines = [
        Line(CLIPS["norm"], look.roles["measured"], DASHES[1], net["cosine"]["norm"]),
        Line(CLIPS["value"], look.roles["slope"], DASHES[2], net["cosine"]["value"]),
    ]
    says = "Clipping by norm keeps the direction of the gradient; clipping by value turns it."
    chart = panel(
        net["step"],
        lines,
        look,
        across=LENGTH,
        up="cosine with the unclipped",
        height=210,
        powered=False,
    )
    return finished(chart, says, look)
