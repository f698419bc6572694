"""Layer-wise pre-training: hidden layers learn one after the other, each to keep what stands below it.

No layer waits for an error from above, so no product of n factors stands between it and what it learns from.
Layer l sees H_{l−1}, what the layers below (already done) make of the inputs, and is trained by `train` like
any other model; its W and b are then the deep net's. Fine-tuning is `train` on the deep net from there on.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Generator
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from symgrad.numeric.kernel import Array, Kernel
from symgrad.numeric.training.batches import Shuffled, stream
from symgrad.numeric.training.chain import Chain, LossAndGradient
from symgrad.numeric.training.dense import Dense
from symgrad.numeric.training.layer import Layer
from symgrad.numeric.training.loop import State, train
from symgrad.numeric.training.optimisers import SGD
from symgrad.numeric.training.parameters import Layout, squares

HIDDEN = 36
"""Role of the draws that hidden units are sampled with, beside that of `datasets`."""


@dataclass(frozen=True)
class Visible:
    """What is reconstructed: y = mean(v) from v = s W + c for the hidden s.

    error(v, x)  the mean over the batch of −ln p(x | v) but for a constant: its gradient by v is (y − x)/B
    start(x)     c at which y is the mean of x over the samples, where s is 0
    rate         what learning rates are multiplied by: nothing bounds a reconstruction by real numbers, and
                 "the learning rate needs to be one or two orders of magnitude smaller" (Hinton 2012, A
                 practical guide to training restricted Boltzmann machines, section 13.2)
    """

    mean: Callable[[Array], Array]
    error: Callable[[Array, Array], float]
    start: Callable[[Array], Array]
    rate: float


def _logit(x: Array) -> Array:
    mean = np.clip(x.mean(axis=0), 0.001, 0.999)
    return np.log(mean / (1 - mean))


GAUSSIAN = Visible(
    lambda v: v,
    lambda v, x: squares((v - x).reshape(-1)) / (2 * len(x)),
    lambda x: x.mean(axis=0),
    0.1,
)
"""Real numbers of variance 1 around v: ½ Σ (v − x)² a sample."""
BERNOULLI = Visible(
    expit,
    lambda v, x: float((np.logaddexp(0, v) - x * v).sum(dtype=np.float64)) / len(x),
    _logit,
    1.0,
)
"""Probabilities σ(v): cross-entropy −Σ (x ln y + (1 − x) ln(1 − y)) a sample."""


def autoencoder(layer: Dense, visible: Visible, layout: Layout) -> LossAndGradient:
    """x ↦ s = φ(x Wᵀ + b) ↦ v = s W + c: the error of v, its exact gradient; batches are (x, anything).

    W is used both ways. Source: Bengio, Lamblin, Popovici & Larochelle 2006 (NIPS 19), section 3.
    """
    kernel = layer.kernel

    def run(parameters: Array, batch: tuple[Array, Array], gradient: Array) -> float:
        (x, _), p, found = batch, layout.views(parameters), layout.views(gradient)
        a = x @ p["weight"].T + p["bias"]
        s = kernel.value(a)
        v = s @ p["weight"] + p["visible"]
        above = (visible.mean(v) - x) / len(x)
        slope = np.empty_like(a)
        kernel.dphi(a, s, slope)
        delta = (above @ p["weight"].T) * slope
        found["weight"][...] = s.T @ above + delta.T @ x
        found["bias"][...] = delta.sum(axis=0)
        found["visible"][...] = above.sum(axis=0)
        return visible.error(v, x)

    return run


def contrastive_divergence(layer: Dense, visible: Visible, layout: Layout) -> LossAndGradient:
    """A restricted Boltzmann machine by CD-1; batches are (x, u), u uniform on [0, 1] for each hidden unit.

    p = σ(x Wᵀ + b), s = [u < p], y = mean(s W + c), q = σ(y Wᵀ + b): the step against −(pᵀx − qᵀy)/B for W,
    −mean(p − q) for b, −mean(x − y) for c. That is no gradient of the error that is told, the one of s W + c.
    Source: Hinton 2002 (Neural Computation 14, 1771–1800); y and q as probabilities: Hinton 2012 (see
    `Visible`), section 3.
    """

    def run(parameters: Array, batch: tuple[Array, Array], gradient: Array) -> float:
        (x, u), w, found = batch, layout.views(parameters), layout.views(gradient)
        p = expit(x @ w["weight"].T + w["bias"])
        v = (u < p).astype(x.dtype) @ w["weight"] + w["visible"]
        y = visible.mean(v)
        q = expit(y @ w["weight"].T + w["bias"])
        found["weight"][...] = (q.T @ y - p.T @ x) / len(x)
        found["bias"][...] = (q - p).mean(axis=0)
        found["visible"][...] = (y - x).mean(axis=0)
        return visible.error(v, x)

    return run


PRETRAINING: dict[str, Callable[[Dense, Visible, Layout], LossAndGradient]] = {
    "autoencoder": autoencoder,
    "rbm": contrastive_divergence,
}
"""Name → what one layer learns by."""


@dataclass(frozen=True)
class Pretraining:
    """How every hidden layer is pre-trained: by SGD for so many epochs, at the rate times `Visible.rate`.

    Raises ValueError, one line, where a field is out of range.
    """

    kind: str
    epochs: int = 10
    learning_rate: float = 0.3
    batch: int = 32

    def __post_init__(self) -> None:
        if self.kind not in PRETRAINING:
            raise ValueError(f"kind = {self.kind!r}: legal are {', '.join(PRETRAINING)}")
        for name in ("epochs", "batch"):
            value = getattr(self, name)
            if isinstance(value, bool) or operator.index(value) < 1:
                raise ValueError(f"{name} = {value!r}: legal are whole numbers from 1 on")
        SGD(self.learning_rate)  # checks it


@dataclass(frozen=True, slots=True)
class Pretrained:
    """Hidden layer number ``layer`` is done; the mean reconstruction error of each of its epochs."""

    layer: int
    losses: tuple[float, ...]


def pretrain(
    state: State,
    chain: Chain,
    inputs: Array,
    pretraining: Pretraining,
    *,
    seed: int = 0,
    cancelled: Callable[[], bool] | None = None,
) -> Generator[Pretrained, None, None]:
    """Takes ``state.parameters`` from their initial values in place, a record a hidden layer.

    ``state.step`` is the number of layers done. Between two records the state may be saved; taken up again,
    the layer under way begins anew and ends at the same bits. It ends early and says why in
    ``state.stopped``, with the layer under way as it was: when ``cancelled()`` answers true, or when an error
    or a gradient is not finite. What stands below a layer is taken for real numbers (`GAUSSIAN`) where it is
    the inputs or φ is not the sigmoid, else for probabilities (`BERNOULLI`).

    Raises ValueError, one line, where a hidden layer is not `Dense` with biases, or its φ not the sigmoid for
    "rbm". Sources: Schmidhuber 1992 (Neural Computation 4, 234–242); Hinton, Osindero & Teh 2006 (Neural
    Computation 18, 1527–1554).
    """
    hidden = [_checked(layer, pretraining.kind) for layer in chain.layers[:-1]]
    state.stopped, h, start = None, inputs, 0
    for number, layer in enumerate(hidden, 1):
        alone = Chain(h.shape[1], (layer,))
        own = state.parameters[start : start + alone.layout.size]
        start += alone.layout.size
        if number > state.step:
            visible = BERNOULLI if number > 1 and _is_sigmoid(layer.kernel) else GAUSSIAN
            layout = Layout((*layer.shapes(h.shape[1]).items(), ("visible", (h.shape[1],))))
            learned = State(np.concatenate([own, visible.start(h).astype(h.dtype)]), {})
            shuffled = Shuffled(h, h, pretraining.batch, seed)
            steps = pretraining.epochs * shuffled.steps

            def batches(step: int, done: int = (number - 1) * steps, samples: Shuffled = shuffled) -> object:
                x = samples(step)[0]
                return x, stream(seed, HIDDEN, done + step).random((len(x), layer.units))  # noqa: B023

            f = PRETRAINING[pretraining.kind](layer, visible, layout)
            sgd, losses = SGD(pretraining.learning_rate * visible.rate), list[float]()
            for record in train(learned, f, batches, sgd, steps=steps, cancelled=cancelled, layout=layout):
                losses.append(record.loss)
            if learned.stopped is not None:
                state.stopped = f"hidden layer {number} in pre-training: {learned.stopped}"
                return
            own[...] = learned.parameters[: len(own)]
            state.step = number
            means = np.array(losses).reshape(pretraining.epochs, -1).mean(axis=1)
            yield Pretrained(number, tuple(means.tolist()))
        h = alone.outputs(own, h)


def _checked(layer: Layer, kind: str) -> Dense:
    if not (isinstance(layer, Dense) and layer.bias):
        raise ValueError(f"a hidden layer is {type(layer).__name__}: legal for pre-training is Dense with b")
    if kind == "rbm" and not _is_sigmoid(layer.kernel):
        raise ValueError("an rbm has units that are on with probability σ: legal is φ = sigmoid")
    return layer


def _is_sigmoid(kernel: Kernel) -> bool:
    points = np.linspace(-30, 30, 61)
    return np.allclose(kernel.value(points), expit(points), rtol=1e-9, atol=0)
