"""Time, unfolded: the measured gradient of a recurrent net by time step, under its worst-case bound."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from symgrad.app.ask import Document, ask
from symgrad.app.controls import control_panel, finer_controls
from symgrad.app.derived import conclusion
from symgrad.app.fields import STEPS, linked_slider, scale
from symgrad.app.measured import gradient_chart, headline, net_takeaway, reading
from symgrad.app.parts import projector, steps
from symgrad.app.phi import chosen_phi, parameter_fields
from symgrad.app.presets import DEPTH_DEFAULTS, Preset, preset_buttons

__all__ = ["TIME_DEFAULTS", "TIME_PRESETS", "part"]

TIME_DEFAULTS: Mapping[str, Any] = {
    **DEPTH_DEFAULTS,
    "architecture": "rnn",
    "activation": "tanh",
    "depth": 50,
}
ARCHITECTURES = {"rnn": "RNN", "lstm": "LSTM", "gru": "GRU"}
SLIDER_STEPS = 500
LAWS = ("gaussian", "orthogonal", "identity")


def time_preset(name: str, why: str, **options: Any) -> Preset:
    """What it does not name stands at its default."""
    return Preset(name, why, {**TIME_DEFAULTS, **options})


TIME_PRESETS: tuple[Preset, ...] = (
    time_preset(
        "Tanh vanishes",
        "One matrix, applied at every step: with weights of scale 1 every step takes a little away, and "
        "fifty "
        "steps nearly all.",
    ),
    time_preset(
        "Sigmoid vanishes at once",
        "Its slope is at most 1/4: ten steps back, hardly anything of the error is left.",
        activation="sigmoid",
    ),
    time_preset(
        "Orthogonal tanh",
        "A rotation stretches nothing, so the bound does not grow: the gradient cannot explode. It vanishes "
        "all the same, by the slopes of tanh.",
        weights="orthogonal",
    ),
    time_preset(
        "Identity with ReLU",
        "Starting from the identity, an active unit passes its gradient on unchanged, step after step.",
        activation="relu",
        weights="identity",
    ),
    time_preset(
        "Large weights explode",
        "At weight scale 3 the states wander about chaotically, and the gradient grows exponentially.",
        sigma_w=3.0,
    ),
    time_preset(
        "LSTM",
        "The cell is carried on by its forget gate, a factor near σ(0) = 1/2 while no bias opens it: see "
        "Gates.",
        architecture="lstm",
    ),
    time_preset(
        "GRU",
        "Its state is a mean of the old one and a new one: the update gate decides how much is kept.",
        architecture="gru",
    ),
)

DERIVATIONS = {
    "rnn": ("unfolded-net", "backpropagation-through-time", "time-norm-bound"),
    "lstm": ("constant-error-carousel", "lstm-jacobian"),
    "gru": ("gru-leak",),
}
"""What stands behind each architecture, in the order of the argument."""


def part() -> None:
    """The controls, and what the net that they describe does."""
    top = st.container()
    with control_panel():
        presets = st.container()
        options = time_controls()
    with presets:
        preset_buttons(TIME_PRESETS, "time")
    if options is None:
        return
    document = ask("simulate", **options)
    with top:
        headline(document)
    result(document, options)


def time_controls() -> dict[str, Any] | None:
    """The arguments of `simulate`; None where the activation is none, which is said beside its field."""
    architecture = st.segmented_control(
        "Cell",
        list(ARCHITECTURES),
        default=TIME_DEFAULTS["architecture"],
        required=True,
        key="architecture",
        bind="query-params",
        help="rnn: a plain recurrent net with the activation below. lstm, gru: nets with gates, whose "
        "activations are fixed.",
    )
    asked: dict[str, Any] = {"architecture": architecture}
    if architecture == "rnn":
        chosen = chosen_phi(TIME_DEFAULTS["activation"])
        if chosen is None:
            return None
        asked |= {"activation": chosen[0], "settings": parameter_fields(*chosen)}
    second, third, fourth = st.columns([5, 2, 3], vertical_alignment="bottom")
    depth = STEPS.draw(third, TIME_DEFAULTS["depth"])
    linked_slider(
        second,
        "Time steps the gradient passes on its way to the first input",
        "depth",
        depth,
        SLIDER_STEPS,
        "Step 1 reads the first input; the error comes after step T.",
    )
    sigma_w = scale(
        fourth,
        "sigma_w",
        r"Weight scale $\sigma_w$",
        10.0,
        TIME_DEFAULTS["sigma_w"],
        r"The recurrent weights have variance $\sigma_w^2/N$; those of the inputs stay at $1/N$.",
    )
    return {**asked, "depth": depth, "sigma_w": sigma_w, **finer_controls(TIME_DEFAULTS, LAWS)}


def result(document: Document, options: dict[str, Any]) -> None:
    if projector():
        gradient_chart(document, "step", "back in time")
        return
    wide, beside = st.columns([3, 2], gap="large")
    with wide:
        gradient_chart(document, "step", "back in time")
        name = f"time-{options['architecture']}-{options['depth']}-steps-seed-{options['seed']}"
        net_takeaway(document, {"settings": {}, "activation": "tanh", **options}, TIME_DEFAULTS, name)
        reading(READING)
        for key in DERIVATIONS[options["architecture"]]:
            conclusion(key)
    with beside:
        st.subheader("The derivation, with the numbers of this net", anchor=False)
        steps(document["steps"])


READING = r"""
- **A recurrent net, unfolded**, is a net of $T$ layers with the same weights in each:
  $h_t = \varphi(W h_{t-1} + U x_t + b)$. The error is given at the last step; the curve is the size of
  its derivative by the state $h_t$, or by an LSTM's cell $c_t$, of each step.
- **Vertical axis**: powers of ten. One step of 1 down the axis is a gradient ten times smaller.
- **Median and band**: every net drawn gives one curve. The line is their median; the band reaches from the
  5 % to the 95 % quantile.
- **Worst-case bound**: what the norms of the very weights that were drawn allow, whatever the inputs. It may
  lie far above what happens, never below.
- **Prediction**: the typical size of gradients in very wide nets with random weights, where it is known.
"""
