"""The controls of a net: the key of each is its name in the address, its help says what it does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import streamlit as st

from symgrad.app.fields import BATCH, DEPTH, NETS, SEED, WIDTH, linked_slider, scale, weights, wholes
from symgrad.app.parts import projector
from symgrad.app.phi import chosen_phi, parameter_fields
from symgrad.app.presets import DEPTH_DEFAULTS

__all__ = ["control_panel", "finer_controls", "net_controls"]

SLIDER_DEPTH = 500


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
    depth = DEPTH.draw(third, DEPTH_DEFAULTS["depth"])
    linked_slider(
        second,
        "Depth: layers the gradient passes on its way to the front",
        "depth",
        depth,
        SLIDER_DEPTH,
        "Layer 1 is the front, next to the input; layer L is next to the output, where the gradient starts.",
    )
    sigma_w = scale(
        fourth,
        "sigma_w",
        r"Weight scale $\sigma_w$",
        10.0,
        DEPTH_DEFAULTS["sigma_w"],
        r"Weights are drawn with variance $\sigma_w^2$ / fan-in. 1 keeps the size of a sum; √2 ≈ 1.41 is "
        r"the choice of He et al. for ReLU.",
    )
    finer = finer_controls(DEPTH_DEFAULTS, ("gaussian", "orthogonal"))
    if chosen is None:
        return None
    return {"activation": chosen[0], "settings": settings, "depth": depth, "sigma_w": sigma_w, **finer}


def finer_controls(defaults: Mapping[str, Any], laws: Sequence[str]) -> dict[str, Any]:
    """Width, batch, seeds, kind of weights, bias, seed."""
    with st.container(key="finer"):
        columns = st.columns([2, 2, 2, 3 if len(laws) < 3 else 4, 3, 2])
    chosen: dict[str, Any] = wholes(columns, (WIDTH, BATCH, NETS), defaults)
    chosen["weights"] = weights(columns[3], defaults["weights"], laws)
    chosen["sigma_b"] = scale(
        columns[4],
        "sigma_b",
        r"Bias scale $\sigma_b$",
        5.0,
        defaults["sigma_b"],
        r"Biases are drawn with variance $\sigma_b^2$.",
    )
    chosen["seed"] = SEED.draw(columns[5], defaults["seed"])
    return chosen
