"""The kinds of layer that a chain can be made of."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from symgrad.numeric.training.blocks import Highway, Residual, Stack
from symgrad.numeric.training.dense import Activation, Dense
from symgrad.numeric.training.layer import Layer
from symgrad.numeric.training.normalization import NORMS, Normalization
from symgrad.numeric.training.recurrent import Recurrent

LAYERS: dict[str, Callable[..., Layer]] = {
    "dense": Dense,
    "activation": Activation,
    "recurrent": Recurrent,
    **{f"{kind}-norm": partial(Normalization, kind) for kind in NORMS},
    "stack": Stack,
    "residual": Residual,
    "highway": Highway,
}
"""Name → kind of layer."""
