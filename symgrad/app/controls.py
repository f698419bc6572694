"""The controls of a net: the key of each is its name in the address, its help says what it does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import streamlit as st

from symgrad.app.parts import projector
from symgrad.app.phi import chosen_phi, parameter_fields
from symgrad.app.presets import DEPTH_DEFAULTS

__all__ = ["control_panel", "net_controls"]

SLIDER_DEPTH = 500
WEIGHTS = ("gaussian", "orthogonal")


@contextmanager
def control_panel() -> Iterator[None]:
    """Where controls stand: in the open, or folded away in projector mode."""
    if projector():
        with st.expander("Controls", key="folded-controls"):
            yield
    else:
        with st.container(border=True, key="controls"):
            yield


def net_controls() -> dict[str, Any] | None:
    """The arguments of `simulate`; None where the activation is none, which is said beside its field."""
    chosen = chosen_phi(DEPTH_DEFAULTS["activation"])
    if chosen is not None:
        settings = parameter_fields(*chosen)
    second, third, fourth = st.columns([5, 2, 3], vertical_alignment="bottom")
    with third:
        depth = st.number_input(
            "Layers L",
            1,
            100_000,
            DEPTH_DEFAULTS["depth"],
            key="depth",
            bind="query-params",
            help="The depth as a number, for nets deeper than the slider goes.",
        )
    with second:
        depth_slider(depth)
    with fourth:
        sigma_w = st.slider(
            r"Weight scale $\sigma_w$",
            0.0,
            10.0,
            DEPTH_DEFAULTS["sigma_w"],
            0.05,
            key="sigma_w",
            bind="query-params",
            help=(
                r"Weights are drawn with variance $\sigma_w^2$ / fan-in. 1 keeps the size of a sum; √2 ≈ "
                r"1.41 is the choice of He et al. for ReLU."
            ),
        )
    finer = finer_controls()
    if chosen is None:
        return None
    return {"activation": chosen[0], "settings": settings, "depth": depth, "sigma_w": sigma_w, **finer}


def depth_slider(depth: int) -> None:
    """The same depth as a slider; it follows the number, and moves it."""
    st.session_state["depth_slider"] = min(depth, SLIDER_DEPTH)
    st.slider(
        "Depth: layers the gradient passes on its way to the front",
        1,
        SLIDER_DEPTH,
        key="depth_slider",
        on_change=lambda: st.session_state.update(depth=st.session_state["depth_slider"]),
        help=(
            "Layer 1 is the front, next to the input; layer L is next to the output, where the gradient "
            "starts."
        ),
    )


WHOLE_NUMBERS = (
    (
        "width",
        "Units a layer",
        1_000_000,
        "The width N. Wide nets agree with each other; narrow ones scatter.",
    ),
    (
        "batch",
        "Inputs at once",
        1_000_000,
        "The batch B: so many random inputs go through each net together.",
    ),
    (
        "seeds",
        "Nets",
        100_000,
        "So many independent nets are drawn; the charts show their median and a band.",
    ),
)


def finer_controls() -> dict[str, Any]:
    """Width, batch, seeds, kind of weights, bias, seed."""
    with st.container(key="finer"):
        columns = st.columns([2, 2, 2, 3, 3, 2])
    chosen: dict[str, Any] = {}
    for column, (key, label, largest, why) in zip(columns, WHOLE_NUMBERS, strict=False):
        chosen[key] = column.number_input(
            label, 1, largest, DEPTH_DEFAULTS[key], key=key, bind="query-params", help=why
        )
    chosen["weights"] = columns[3].segmented_control(
        "Weights",
        WEIGHTS,
        default=DEPTH_DEFAULTS["weights"],
        required=True,
        key="weights",
        bind="query-params",
        help=(
            "Gaussian: independent entries. Orthogonal: a random rotation times the weight scale, which "
            "stretches every direction equally."
        ),
    )
    chosen["sigma_b"] = columns[4].slider(
        r"Bias scale $\sigma_b$",
        0.0,
        5.0,
        DEPTH_DEFAULTS["sigma_b"],
        0.05,
        key="sigma_b",
        bind="query-params",
        help=r"Biases are drawn with variance $\sigma_b^2$.",
    )
    chosen["seed"] = columns[5].number_input(
        "Seed",
        0,
        2**31 - 1,
        DEPTH_DEFAULTS["seed"],
        key="seed",
        bind="query-params",
        help="All random draws follow from this number: the same seed gives the same nets, on every machine.",
    )
    return chosen
