"""The argument in seven steps, as data: where each formula comes from, what is drawn, and what to open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from symgrad.app.presets import DEPTH_DEFAULTS, DEPTH_PRESETS

__all__ = ["ARGUMENT", "REMEDIES", "Link", "Point", "Remedy"]


@dataclass(frozen=True)
class Link:
    """A view and the settings it opens with."""

    label: str
    view: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Point:
    """A derivation, of which the conclusion is shown or the `step` of that number, and a picture of it."""

    title: str
    says: str
    derivation: str
    picture: str
    links: tuple[Link, ...]
    options: Mapping[str, Any] = field(default_factory=dict)
    step: int | None = None


@dataclass(frozen=True)
class Remedy:
    """What changes the product, in a line; `links` only where it can be tried today."""

    name: str
    says: str
    links: tuple[Link, ...] = ()


def in_depth(name: str) -> Link:
    """The Depth view at its preset of that name."""
    (preset,) = (preset for preset in DEPTH_PRESETS if preset.name == name)
    return Link(preset.name, "depth", preset.options)


def in_library(key: str, label: str = "The derivation") -> Link:
    return Link(label, "library", {"derivation": key})


def in_activation(name: str) -> Link:
    return Link(f"{name.capitalize()}, drawn and derived", "activation", {"activation": name})


FIVE_LAYERS = {**DEPTH_DEFAULTS, "depth": 5}
HUNDRED_LAYERS = {**DEPTH_DEFAULTS, "activation": "tanh", "depth": 100, "sigma_w": 0.8}

ARGUMENT: tuple[Point, ...] = (
    Point(
        title="The update",
        says="Gradient descent moves every weight in proportion to its own derivative of the error: a layer "
        "learns as fast as its gradient is large. With five layers of sigmoid units the first already learns "
        "far more slowly than the last.",
        derivation="update-rule",
        step=1,
        picture="updates",
        options=FIVE_LAYERS,
        links=(Link("Five sigmoid layers", "depth", FIVE_LAYERS), in_library("update-rule")),
    ),
    Point(
        title="The range of the derivative",
        says="On its way back the gradient is multiplied, at every unit, by the slope of the activation "
        "function. For tanh that slope lies in (0, 1], for the sigmoid in (0, 1/4]: it can shrink the "
        "gradient, and never enlarge it.",
        derivation="activation-sigmoid",
        picture="slopes",
        links=(in_activation("sigmoid"), in_activation("tanh")),
    ),
    Point(
        title="The product",
        says="Through n layers the chain rule multiplies n such factors, each a slope times a weight. Here "
        "is a chain with one unit a layer: what was measured, and the most that its weights would allow.",
        derivation="scalar-chain",
        step=2,
        picture="gradient",
        options={"depth": 20, "width": 1, "batch": 1, "seeds": 1},
        links=(
            in_depth("A chain of single units"),
            in_library("scalar-chain"),
            in_library("matrix-chain", "The same with matrices"),
        ),
    ),
    Point(
        title="Exponential decay",
        says="When γ, the largest slope, times ω, the largest norm of a weight matrix, is below 1, every "
        "layer takes away at least that factor: the gradient falls exponentially with depth, on a "
        "logarithmic axis along a straight line.",
        derivation="vanishing-condition",
        step=1,
        picture="decay",
        options={"names": ["sigmoid", "tanh", "hard_swish"], "depth": 30},
        links=(
            in_library("vanishing-condition"),
            in_library("norm-bound", "The bound"),
            in_library("float-floor", "Until it is stored as 0"),
        ),
    ),
    Point(
        title="The front layers",
        says="The update of a layer contains the product over all layers behind it. The last layer has none "
        "behind it; layer 1 has them all. It hardly moves, and everything after it has to build on what it "
        "was drawn as.",
        derivation="weight-gradient",
        picture="updates",
        links=(in_depth("Sigmoid vanishes"), in_library("weight-gradient")),
    ),
    Point(
        title="The same through time",
        says="A recurrent net, unfolded, is as deep as its sequence is long, and every layer has the same "
        "weights: the same factor again and again. With sigmoid units it is below 1 whenever |w| < 4.",
        derivation="hochreiter-condition",
        step=2,
        picture="unfolded",
        links=(
            Link("A hundred layers", "depth", HUNDRED_LAYERS),
            Link("A recurrent net, measured", "time"),
            in_library("hochreiter-condition"),
        ),
    ),
    Point(
        title="What can be done",
        says="Every remedy changes the factors, or their number. The typical factor of a random net is "
        "known; s is its logarithm, the slope of the curve. With ReLU and weights of variance 2/fan-in it is "
        "0, and the gradient reaches the front of the same thirty layers.",
        derivation="length-map",
        picture="gradient",
        options={"activation": "relu", "sigma_w": 2**0.5},
        links=(in_depth("ReLU with He weights holds"), in_library("length-map", "Why this scale")),
    ),
)

REMEDIES: tuple[Remedy, ...] = (
    Remedy("ReLU", "a slope of exactly 1 on the active side", (in_depth("ReLU with He weights holds"),)),
    Remedy("Initialisation", "weights that stretch nothing: orthogonal", (in_depth("Orthogonal tanh"),)),
    Remedy("Pre-training", "each layer first learns a task of its own, so that no product spans the layers"),
    Remedy(
        "LSTM",
        "a cell whose state is carried on by a factor near 1, set by a gate",
        (Link("Gates", "gates"), in_library("constant-error-carousel")),
    ),
    Remedy("Normalisation", "the input of every layer is put back to a standard size"),
    Remedy("Residual connections", "each layer adds to its input: the identity stands in every factor"),
    Remedy(
        "Clipping",
        "cuts gradients that are too large: a cure for exploding, none for vanishing",
        (Link("Clipping, shown", "time", {"part": "Clipping"}),),
    ),
    Remedy("Sign-based steps", "the size of a step no longer depends on the size of the gradient"),
    Remedy("More compute", "more steps in the same time; against an exponential it buys a few layers"),
)
"""Those without a link are not derived here yet, and the page says so."""
