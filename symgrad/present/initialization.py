"""Ready-to-paste initialisation for PyTorch, JAX and Keras, from one recipe.

Weights W ~ N(0, g²/fan-in), or random orthogonal ones of the same variance, and biases b ~ N(0, σ_b²) for
layers h_l = φ(W_l h_{l−1} + b_l). The recipe says what it keeps; the code of each framework is a table entry
with the numbers put in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from symgrad.errors import InputError

if TYPE_CHECKING:  # the app's page names the modes without loading SymPy
    from symgrad.symbolic.number import Number
    from symgrad.theory.initialization.gains import Gains

__all__ = ["FRAMEWORKS", "MODES", "Recipe", "code", "recipe"]

MODES = ("forward", "backward")
"""What is to be kept: the variance of the pre-activations, or the mean squared gradient."""


@dataclass(frozen=True)
class Recipe:
    """What it is called, the scale g of the weights and the standard deviation of the biases as literals, a
    clause about what they keep, and the law of the weights."""

    title: str
    gain: str
    bias_std: str
    keeps: str
    weights: str = "gaussian"


def recipe(activation: str, found: Gains, mode: str = "forward") -> Recipe:
    """The gain that keeps q forwards, or the gradient backwards with the biases that hold q beside it.

    Where the biases would need a negative variance there are none, and the sentence says so. Raises
    `InputError` for another mode, or where a moment is 0 or infinite.
    """
    if mode not in MODES:
        raise InputError(f"mode {mode!r} is not known (legal: {', '.join(MODES)})")
    gain = found.keeping if mode == "forward" else found.backward
    if gain.infinite or gain.exact == 0:
        moment = "second moment" if mode == "forward" else "second moment of the derivative"
        raise InputError(f"{activation}: no gain keeps the {mode} mean square, the {moment} is 0 or infinite")
    q = str(found.q)
    title = f"{mode.capitalize()} gain of {activation} at q = {q}"
    if mode == "forward":
        keeps = f"keeps the variance of the pre-activations at {q}"
        return Recipe(title, _digits(gain), "0.0", keeps)
    bias = found.bias_variance
    if bias is None or bias.value < 0:
        keeps = (
            f"keeps the mean squared gradient only where the variance is {q}, and no biases hold it there: "
            f"their variance would have to be {_bias_text(bias)}"
        )
        return Recipe(title, _digits(gain), "0.0", keeps)
    keeps = f"keeps the mean squared gradient, and with these biases the variance at {q}"
    return Recipe(title, _digits(gain), _root(bias), keeps)


def _digits(number: Number) -> str:
    """A float literal that is the number to double precision."""
    return repr(float(number.enclosure().decimal))


def _bias_text(bias: Number | None) -> str:
    return "infinite" if bias is None else f"{float(bias.value.mid()):.6g}"


def _root(number: Number) -> str:
    return repr(float(number.enclosure().decimal) ** 0.5)


_PYTORCH = '''\
from torch import nn


def initialize(module: nn.Module) -> None:
    """{title}:
    {keeps}.
    """
    if isinstance(module, (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)):
        {weights}
        if module.bias is not None:
            nn.init.normal_(module.bias, std={bias_std})


# model.apply(initialize)
'''

_JAX = '''\
import math

import jax
import jax.numpy as jnp


def weights(key, shape, dtype=jnp.float32):
    """{title}:
    {keeps}.
    """
    {weights}


def biases(key, shape, dtype=jnp.float32):
    return {bias_std} * jax.random.normal(key, shape, dtype)


# flax.linen.Dense(units, kernel_init=weights, bias_init=biases)
'''

_KERAS = '''\
import math

from keras import initializers


def weights(seed=None):
    """{title}:
    {keeps}.
    """

    def draw(shape, dtype=None):
        {weights}
        return law(shape, dtype=dtype)

    return draw


def biases(seed=None):
    return initializers.RandomNormal(stddev={bias_std}, seed=seed)


# keras.layers.Dense(units, kernel_initializer=weights(), bias_initializer=biases())
'''

FRAMEWORKS: dict[str, str] = {"pytorch": _PYTORCH, "jax": _JAX, "keras": _KERAS}
"""The code of each framework with the recipe's numbers left open."""

_STRETCH = "max(1, fan_out / fan_in) ** 0.5"
"""Columns of an orthogonal matrix taller than wide have length 1, so its entries have variance 1/fan-out."""

_LAWS: dict[str, dict[str, tuple[str, str]]] = {
    "gaussian": {
        "pytorch": (
            "fan_in = module.weight[0].numel()",
            "nn.init.normal_(module.weight, std={gain} / fan_in**0.5)",
        ),
        "jax": (
            "fan_in = math.prod(shape[:-1])",
            "return {gain} / fan_in**0.5 * jax.random.normal(key, shape, dtype)",
        ),
        "keras": (
            "fan_in = math.prod(shape[:-1])",
            "law = initializers.RandomNormal(stddev={gain} / fan_in**0.5, seed=seed)",
        ),
    },
    "orthogonal": {
        "pytorch": (
            "fan_in, fan_out = module.weight[0].numel(), module.weight.shape[0]",
            f"nn.init.orthogonal_(module.weight, gain={{gain}} * {_STRETCH})",
        ),
        "jax": (
            "fan_in, fan_out = math.prod(shape[:-1]), shape[-1]",
            f"return jax.nn.initializers.orthogonal({{gain}} * {_STRETCH})(key, shape, dtype)",
        ),
        "keras": (
            "fan_in, fan_out = math.prod(shape[:-1]), shape[-1]",
            f"law = initializers.Orthogonal(gain={{gain}} * {_STRETCH}, seed=seed)",
        ),
    },
}
"""The lines that draw the weights, by the law of a recipe and by framework."""

_DEEP = {"pytorch": 8, "jax": 4, "keras": 8}
"""Spaces before these lines."""


def code(chosen: Recipe, framework: str) -> str:
    """The code that initialises layers by the recipe. Raises `InputError` for another framework."""
    if framework not in FRAMEWORKS:
        raise InputError(f"framework {framework!r} is not known (legal: {', '.join(FRAMEWORKS)})")
    lines = f"\n{' ' * _DEEP[framework]}".join(_LAWS[chosen.weights][framework]).format(gain=chosen.gain)
    return FRAMEWORKS[framework].format(
        title=_comment(chosen.title), keeps=chosen.keeps, weights=lines, bias_std=chosen.bias_std
    )


def _comment(title: str) -> str:
    """A title, a typed expression in it, as it may stand inside a docstring."""
    return "".join(c for c in title if c.isalnum() or c in " _+-*/^()|.,<>=±√'")
