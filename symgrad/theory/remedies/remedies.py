"""The remedies as a table: what each does to the product of n factors, what it cures, and what it changes in
a net and its training. One remedy is one row.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from symgrad.errors import InputError

__all__ = ["BESIDE", "REMEDIES", "Choice", "Remedy", "chosen"]


@dataclass(frozen=True)
class Remedy:
    """A row of the table.

    text         what it does to the product of n factors φ′(a) W, in one sentence
    cures        of "vanishing" and "exploding"; none where it is no remedy of either
    limits       where it does not help, in words
    cost         what a step costs with it
    derivations  the pages that derive it
    plan         fields of `numeric.training.Plan` that it sets, all but `kernel`
    activation   what it puts in the place of the net's own activation
    training     what it changes in the training: "clip", the largest norm of a gradient, or "pretraining"
    """

    title: str
    text: str
    cures: tuple[str, ...]
    limits: str
    cost: str
    derivations: tuple[str, ...]
    plan: Mapping[str, Any] = field(default_factory=dict)
    activation: str | None = None
    training: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Choice:
    """What remedies together come to: the activation, and what they set in the plan and in the training."""

    activation: str
    plan: Mapping[str, Any]
    training: Mapping[str, Any]


def chosen(names: Iterable[str], activation: str) -> Choice:
    """The choice that these remedies make for a net of that activation.

    Raises `InputError`, one line, for an unknown name, one that stands twice, and for two that set the same
    thing differently.
    """
    plan, training, phi = dict[str, Any](), dict[str, Any](), activation
    setters, seen = dict[str, str](), set[str]()
    for name in names:
        if name not in REMEDIES:
            raise InputError(f"remedy {name!r}: legal are {', '.join(REMEDIES)}")
        if name in seen:
            raise InputError(f"remedy {name!r} stands twice: once is legal")
        seen.add(name)
        remedy = REMEDIES[name]
        sets = {**remedy.plan, **remedy.training}
        if remedy.activation is not None:
            sets["activation"] = phi = remedy.activation
        for part in sets:
            if part in setters:
                raise InputError(f"remedies {setters[part]} and {name} both set {part}: legal is one of them")
            setters[part] = name
        plan |= remedy.plan
        training |= remedy.training
    return Choice(phi, plan, training)


BOTH = ("vanishing", "exploding")

REMEDIES: dict[str, Remedy] = {
    "relu": Remedy(
        "ReLU",
        "φ′ is 1 on the active half, so that no factor is small; E φ′² = 1/2, which He's scale makes up for.",
        ("vanishing",),
        "units may die, and with weights of variance 1/fan-in half of the mean square is lost a layer",
        "none: it is cheaper than the sigmoid",
        ("activation-relu", "he-initialization"),
        activation="relu",
    ),
    "selu": Remedy(
        "SELU",
        "λ and α are those for which mean 0 and variance 1 are a stable fixed point: factors stay near 1.",
        BOTH,
        "the fixed point is that of wide nets with weights of variance 1/fan-in",
        "an exponential a unit",
        ("selu-constants", "activation-selu"),
        activation="selu",
    ),
    "he": Remedy(
        "He's initialisation",
        "Weights of variance 2/fan-in make up for the half that ReLU loses.",
        BOTH,
        "made for ReLU: a sigmoid's E φ′² is 1/22 at q = 1, so that twice the variance is far from enough",
        "none",
        ("he-initialization",),
        {"sigma_w": math.sqrt(2)},
    ),
    "glorot": Remedy(
        "Glorot's initialisation",
        "Weights of variance 2/(fan-in + fan-out) keep both mean squares where φ′(0) = 1.",
        BOTH,
        "made for activations with slope 1 at 0; a sigmoid's is 1/4",
        "none",
        ("glorot-initialization",),
        {"sigma_w": 1.0},
    ),
    "orthogonal": Remedy(
        "Orthogonal weights",
        "All singular values of W are 1: the weights neither shrink nor stretch, whatever φ′ does.",
        BOTH,
        "φ′ stays in the product: with a sigmoid every factor is at most 1/4",
        "a QR decomposition a layer, once",
        ("orthogonal-initialization",),
        {"weights": "orthogonal"},
    ),
    "residual": Remedy(
        "Residual connections",
        "The factor is I + φ′(a) W: the product is a sum over 2^L paths, one of them without a factor.",
        ("vanishing",),
        "a branch that keeps the mean square doubles the variance a block; scale it by 1/√L or start it at 0",
        "an addition a layer",
        ("residual-paths", "residual-scaling"),
        {"block": "residual"},
    ),
    "batch-norm": Remedy(
        "Batch normalisation",
        "Before each φ the batch is brought to mean 0 and variance 1, so that the factor is E φ′²/Var φ ≥ 1.",
        ("vanishing",),
        "gradients grow: by π/(π − 1) a layer with ReLU at the start of training; "
        "samples of a batch depend on each other",
        "means and variances of a batch, forwards and backwards",
        ("batch-norm-growth",),
        {"norm": "batch"},
    ),
    "layer-norm": Remedy(
        "Layer normalisation",
        "After each φ the units of a layer are brought to mean 0 and variance 1: the factor is "
        "σ_w² E φ′²/Var φ.",
        ("vanishing",),
        "before φ it does not help a sigmoid, whose mean it leaves in E φ²; here it stands after φ",
        "means and variances of a layer, forwards and backwards",
        (),
        {"norm": "layer", "place": "after"},
    ),
    "rms-norm": Remedy(
        "RMS normalisation",
        "The stream is divided by its root mean square before each residual branch: the factor is "
        "I + φ′(a) W/rms.",
        ("vanishing",),
        "alone it does not help a sigmoid, whose mean it does not take off; here it stands before residual "
        "branches",
        "a mean square of a layer",
        (),
        {"norm": "rms", "block": "pre-norm"},
    ),
    "highway": Remedy(
        "Highway layers",
        "A gate t lets the layer below through: the factor has 1 − t on its diagonal, near 1 where "
        "the gate is closed.",
        ("vanishing",),
        "gates have to be opened to learn anything, and hold as many weights again",
        "twice the products of a layer",
        (),
        {"block": "highway"},
    ),
    "clip": Remedy(
        "Gradient clipping",
        "g is replaced by g min(1, τ/‖g‖): the step has a limit, and direction and ratios of layers stay.",
        ("exploding",),
        "does nothing for a gradient that vanishes: what is below τ is not changed",
        "a norm of the gradient",
        ("clipping-by-norm",),
        training={"clip": 1.0},
    ),
    "pretrain-autoencoder": Remedy(
        "Auto-encoders first",
        "Each layer learns to keep its own input, with an error of its own: no product of n factors until "
        "fine-tuning.",
        ("vanishing",),
        "fine-tuning has the product again, from weights that are no longer random",
        "a training of every layer before the net's own",
        (),
        training={"pretraining": "autoencoder"},
    ),
    "pretrain-rbm": Remedy(
        "Boltzmann machines first",
        "Each layer learns the law of its input by contrastive divergence, without an error from above.",
        ("vanishing",),
        "for sigmoid units; contrastive divergence follows no gradient exactly",
        "a training of every layer before the net's own",
        (),
        training={"pretraining": "rbm"},
    ),
}
"""Name → remedy: those that `train --remedy` knows."""

BESIDE: dict[str, Remedy] = {
    "momentum": Remedy(
        "Momentum",
        "Steps that agree add up to 1/(1 − β) times one: a constant, the same for every layer.",
        (),
        "a constant of ten is nothing beside a product of n factors",
        "a vector as long as the parameters",
        (),
    ),
    "adam": Remedy(
        "Adam",
        "Each step is the gradient over its own root mean square: a common factor cancels where |g| is far "
        "above ε = 10⁻⁸.",
        BOTH,
        "not below ε, and the noise of a batch is scaled up with the gradient",
        "two vectors as long as the parameters",
        (),
    ),
    "rprop": Remedy(
        "Rprop",
        "Steps take the sign of the gradient alone: any positive factor cancels, until the gradient "
        "underflows to 0.",
        BOTH,
        "made for the whole training set as one batch: small batches have signs of noise",
        "two vectors as long as the parameters",
        (),
    ),
    "more-compute": Remedy(
        "More compute",
        "k times the compute buys ln k/ln(1/ρ) layers where a layer leaves ρ of the gradient.",
        (),
        "a million times the compute buys ten layers of sigmoids",
        "the compute",
        ("more-compute",),
    ),
}
"""What is done beside the net itself: other steps, and more of them."""
