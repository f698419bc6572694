"""Edge of chaos: the plane of weight and bias variances, and the concrete net at the point that is chosen."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import streamlit as st

from symgrad.app.ask import Document, ahead, ask, told
from symgrad.app.controls import control_panel
from symgrad.app.downloads import takeaway
from symgrad.app.drawing import drawn
from symgrad.app.fields import NETS, SEED, WIDTH, Whole, wholes
from symgrad.app.gains import table_of
from symgrad.app.links import open_view
from symgrad.app.measured import gradient_chart, reading
from symgrad.app.parts import ON_A_PAGE, dark, figure, finding, projector
from symgrad.app.phi import as_address, chosen_phi, parameter_fields
from symgrad.app.presets import Preset, preset_buttons
from symgrad.app.words import escaped, scales
from symgrad.present import phase_chart
from symgrad.present.phase_chart import POINT

__all__ = ["PHASE_DEFAULTS", "PHASE_PRESETS", "view"]

PHASE_DEFAULTS: Mapping[str, Any] = {
    "activation": "tanh",
    "sigma_w2": 1.76,
    "sigma_b2": 0.05,
    "depth": 30,
    "width": 128,
    "seeds": 16,
    "seed": 0,
}
LAYERS = Whole("depth", "Layers L", "The depth of the concrete net beside the diagram.", 1_000)
START = 0.5
"""Correlation of the two inputs."""
BATCH = 4


def phase_preset(name: str, why: str, **options: Any) -> Preset:
    """What it does not name stands at its default."""
    return Preset(name, why, {**PHASE_DEFAULTS, **options})


PHASE_PRESETS = (
    phase_preset("On the edge", "tanh with σ_b² = 0.05 at σ_w² = 1.76: neither vanishing nor exploding."),
    phase_preset(
        "Ordered",
        "Weights a little smaller: inputs become one, and the gradient vanishes with them.",
        sigma_w2=1.2,
    ),
    phase_preset("Chaotic", "Weights larger: close inputs part, and the gradient explodes.", sigma_w2=3.0),
    phase_preset(
        "ReLU with He weights",
        "No line, a point: without biases every length is kept, with them lengths grow.",
        activation="relu",
        sigma_w2=2.0,
        sigma_b2=0.0,
    ),
    phase_preset(
        "GELU",
        "Its edge begins above σ_w² = 1.9, and beyond it lengths grow without bound.",
        activation="gelu",
        sigma_w2=1.9,
        sigma_b2=0.15,
    ),
    phase_preset(
        "erf, in closed form",
        "The line is (π/4)√(1 + 4q): an exact check of everything drawn here.",
        activation="erf",
        sigma_w2=1.2,
    ),
)


@st.fragment
def view() -> None:
    """The finding, the plane, and the net at the chosen point."""
    top = st.container()
    with told():
        with control_panel():
            presets = st.container()
            options = controls()
        with presets:
            preset_buttons(PHASE_PRESETS, "phase")
        if options is None:
            return
        for verb, arguments in questions(options).items():
            ahead(verb, **arguments)
        asked: dict[str, Any] = {"activation": options["activation"], "settings": options["settings"]}
        document = ask("phase", **asked)
        variances = {name: f"{options[name]:.6f}" for name in ("sigma_w2", "sigma_b2")}
        point = ask("mean-field", **(asked | variances))
        with top:
            finding(scales(document["finding"]))
            st.markdown(scales(point["text"]))
        result(document, point, options)


def controls() -> dict[str, Any] | None:
    """The activation, the point, and the sizes of the net; None where the activation is none."""
    chosen = chosen_phi(PHASE_DEFAULTS["activation"])
    settings = parameter_fields(*chosen) if chosen is not None else {}
    with st.container(key="finer"):
        columns = st.columns([3, 3, 2, 2, 2, 2])
    found = {
        key: columns[k].number_input(
            rf"${label}$",
            0.0,
            100.0,
            PHASE_DEFAULTS[key],
            step,
            format="%.4g",
            key=key,
            bind="query-params",
            help=f"{why} Or click on the plane.",
        )
        for k, (key, label, step, why) in enumerate(
            (
                ("sigma_w2", r"\sigma_w^2", 0.05, "Weights have this variance over the fan-in."),
                ("sigma_b2", r"\sigma_b^2", 0.01, "Biases have this variance."),
            )
        )
    }
    sizes = wholes(columns[2:], (LAYERS, WIDTH, NETS, SEED), PHASE_DEFAULTS)
    if chosen is None:
        return None
    return {"activation": chosen[0], "settings": settings, **found, **sizes}


def result(document: Document, point: Document, options: dict[str, Any]) -> None:
    if projector():
        plane(document, options)
        net(options)
        return
    wide, beside = st.columns([1, 1], gap="large")
    with wide:
        plane(document, options)
        table_of(point, ROWS)
        files(document, options)
        with st.container(horizontal=True, gap="small"):
            open_view("library", "Why both meet at the edge", {"derivation": "edge-of-chaos"})
            open_view("library", "Where the length map comes from", {"derivation": "length-map"})
            open_view("advise", "Which initialisation to take", {"activation": options["activation"]})
    with beside:
        net(options)
    reading(READING)


ROWS = (
    ("q", "fixed point", "$q^*$"),
    ("chi1", "squared gradient a layer", r"$\chi_1$"),
    ("correlation", "two inputs come to", "$c^*$"),
    ("xi_c", "depth scale of correlations", r"$\xi_c$"),
    ("xi_grad", "depth scale of the gradient", r"$\xi_\nabla$"),
)


def plane(document: Document, options: dict[str, Any]) -> None:
    """The diagram; a click takes its cell's point into the fields."""
    point = {name: [options[name]] for name in ("sigma_w2", "sigma_b2")}
    specification = phase_chart.with_point(drawn(phase_chart.plane, document), dark())
    specification = {**specification, "config": {**specification["config"], **ON_A_PAGE}}
    st.vega_lite_chart(
        point,
        specification,
        theme=None,
        key="phase-plane",
        width="stretch",
        on_select=_take,
        selection_mode=POINT,
    )
    st.caption(
        "Click on the plane, or type the two variances above, for the net at that point. Grey: no net "
        "settles there. Dashed: where six depth scales $\\xi_c$ make so many layers, the depth that nets "
        "were found to train to."
    )


def _take() -> None:
    """The cell that was clicked becomes the point."""
    chosen = st.session_state["phase-plane"].selection.get(POINT) or []
    if chosen:
        for key in ("sigma_w2", "sigma_b2"):
            st.session_state[key] = round(float(chosen[0][key]), 4)


def questions(options: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What is asked about the concrete net: verb → arguments."""
    own = {name: options[name] for name in ("activation", "settings", "depth", "width", "seeds", "seed")}
    weights = {"sigma_w": math.sqrt(options["sigma_w2"]), "sigma_b": math.sqrt(options["sigma_b2"])}
    return {
        "simulate": {**own, **weights, "batch": BATCH},
        "pair": {**own, **weights, "start": START},
    }


def net(options: dict[str, Any]) -> None:
    """The concrete net: gradient by layer and two inputs by layer, each against its prediction."""
    asked = questions(options)
    gradient_chart(ask("simulate", **asked["simulate"]))
    two = ask("pair", **asked["pair"])
    figure(drawn(phase_chart.correlation_by_layer, two), "pair-chart")
    st.caption(escaped(two["text"]))


def files(document: Document, options: dict[str, Any]) -> None:
    """The diagram as a picture and as columns."""
    cells = [
        (w, b, document["ln_chi1"][row][column], document["q"][row][column], document["xi_c"][row][column])
        for row, b in enumerate(document["sigma_b2"])
        for column, w in enumerate(document["sigma_w2"])
    ]
    names = ("sigma_w2", "sigma_b2", "ln_chi1", "q", "xi_c")
    columns = {name: [cell[k] for cell in cells] for k, name in enumerate(names)}
    name = f"phase-{document['slug']}"
    takeaway(name, phase_chart.plane, document, columns, as_address(options), PHASE_DEFAULTS)


READING = r"""
- **Colour**: the change of the mean squared gradient a layer, $\ln\chi_1$, at the fixed point where lengths
  settle. Blue vanishes, red explodes, pale is the edge of chaos.
- **Full line**: $\chi_1 = 1$. Below it two inputs become one (ordered), above it close inputs part (chaotic).
- **Depth scales**: a difference of two inputs falls by $e$ in $\xi_c$ layers. That nets train to about
  $6\,\xi_c$ layers was found in experiments, not proved.
- **The net beside**: weights of $\sigma_w^2$/fan-in and biases of $\sigma_b^2$ drawn anew for every net. The
  dotted lines are predicted for infinite width, the bands hold 99 % of medians at this one; two inputs of
  correlation 1/2 are followed layer by layer.
"""
