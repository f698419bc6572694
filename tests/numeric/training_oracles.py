"""PyTorch's training beside the project's, and central differences, for the tests of `numeric.training`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from symgrad.numeric.kernel import Kernel
from symgrad.numeric.recurrent.cells import GRU, LSTM, RNN
from symgrad.numeric.training import (
    LINEAR,
    Activation,
    Chain,
    Dense,
    Highway,
    Layer,
    Normalization,
    Recurrent,
    Residual,
    Stack,
)
from symgrad.numeric.training.parameters import under
from tests.numeric.kernels import KERNELS, TORCH

TORCH_LOSSES: dict[str, str] = {"squared-error": "mse_loss", "cross-entropy": "cross_entropy"}
"""Name of a loss → PyTorch's function of it."""

TORCH_OPTIMISERS: dict[str, Callable[[Any, list[Any]], Any]] = {
    "sgd": lambda optim, tensors: optim.SGD(tensors, lr=0.05),
    "momentum": lambda optim, tensors: optim.SGD(tensors, lr=0.05, momentum=0.9),
    "adam": lambda optim, tensors: optim.Adam(tensors, lr=0.05),
    "rprop": lambda optim, tensors: optim.Rprop(tensors, lr=0.05),
}
"""Name of an optimiser → PyTorch's at learning rate 0.05."""

TANH, SOFTPLUS = KERNELS["tanh"], KERNELS["softplus"]
EXAMPLES: dict[str, list[Layer]] = {
    "dense": [
        *(Dense(5, kernel, sigma_b=0.5) for kernel in KERNELS.values()),
        Dense(3, TANH, weights="orthogonal", bias=False),
    ],
    "activation": [Activation(TANH), Activation(KERNELS["gelu"])],
    "recurrent": [
        Recurrent(5, RNN(TANH), 2),
        Recurrent(5, RNN(TANH), 4, weights="orthogonal"),
        Recurrent(3, LSTM(), 4, forget_bias="chrono"),
        Recurrent(3, LSTM(forget_gate=False), 2),
        Recurrent(3, GRU(), 4),
    ],
    "batch-norm": [Normalization("batch"), Normalization("batch", 0.3)],
    "layer-norm": [Normalization("layer"), Normalization("layer", 0.3)],
    "rms-norm": [Normalization("rms"), Normalization("rms", 0.3)],
    "stack": [Stack((Dense(6, SOFTPLUS, bias=False), Normalization("batch"), Activation(TANH)))],
    "residual": [
        Residual((Dense(4, TANH),)),
        Residual((Normalization("layer"), Dense(6, TANH), Dense(4, SOFTPLUS)), scale=-0.7),
        Residual((Residual((Dense(4, TANH),), 0.5), Highway(4, SOFTPLUS))),
    ],
    "highway": [Highway(4, TANH), Highway(4, SOFTPLUS, weights="orthogonal", sigma_b=0.5)],
}
"""Kind of layer → examples that see 4 units."""


def _phi(kernel: Kernel) -> Callable[[Any], Any]:
    return TORCH["identity" if kernel is LINEAR else next(n for n, k in KERNELS.items() if k is kernel)]


def _torch_dense(layer: Any, tensors: Any, h: Any) -> Any:
    a = h @ tensors["weight"].T
    return _phi(layer.kernel)(a + tensors["bias"] if layer.bias else a)


def _torch_activation(layer: Any, tensors: Any, h: Any) -> Any:
    return _phi(layer.kernel)(h)


def _torch_normalization(layer: Any, tensors: Any, h: Any) -> Any:
    import torch.nn.functional as f

    weight, shape = tensors["scale"], h.shape[1:]
    if layer.kind == "rms":
        return f.rms_norm(h, shape, weight, layer.epsilon)
    if layer.kind == "layer":
        return f.layer_norm(h, shape, weight, tensors["shift"], layer.epsilon)
    return f.batch_norm(h, None, None, weight, tensors["shift"], training=True, eps=layer.epsilon)


def _torch_stack(layer: Any, tensors: Any, h: Any) -> Any:
    for number, inner in enumerate(layer.layers, 1):
        h = TORCH_LAYERS[type(inner)](inner, under(number, tensors), h)
    return h


def _torch_residual(layer: Any, tensors: Any, h: Any) -> Any:
    return h + layer.scale * _torch_stack(Stack(layer.branch), tensors, h)


def _torch_highway(layer: Any, tensors: Any, h: Any) -> Any:
    t = (h @ tensors["gate.weight"].T + tensors["gate.bias"]).sigmoid()
    return t * _torch_dense(Dense(layer.units, layer.kernel), tensors, h) + (1 - t) * h


TORCH_LAYERS: dict[type, Callable[[Any, Any, Any], Any]] = {
    Dense: _torch_dense,
    Activation: _torch_activation,
    Normalization: _torch_normalization,
    Stack: _torch_stack,
    Residual: _torch_residual,
    Highway: _torch_highway,
}
"""Kind of layer but for the recurrent one → the same on PyTorch tensors, (layer, parameters by name, h)."""


def chain(name: str = "tanh", loss: str = "squared-error", widths: tuple[int, ...] = (4, 6, 5, 3)) -> Chain:
    """Dense layers of one activation with biases."""
    layers = tuple(Dense(units, KERNELS[name], sigma_w=1.2, sigma_b=0.3) for units in widths[1:])
    return Chain(widths[0], layers, loss)


def samples(model: Chain, count: int, dtype: str = "float64") -> tuple[Any, Any]:
    """Random inputs and targets that the model's loss takes."""
    rng = np.random.default_rng(7)
    inputs = rng.standard_normal((count, model.inputs)).astype(dtype)
    if model.loss == "cross-entropy":
        return inputs, rng.integers(model.widths[-1], size=count)
    return inputs, rng.standard_normal((count, model.widths[-1])).astype(dtype)


class TorchNet:
    """The chain's net on PyTorch tensors that begin as copies of the parameters."""

    def __init__(self, model: Chain, parameters: Any) -> None:
        import torch

        self.torch, self.model = torch, model
        views = model.layout.views(parameters)
        self.tensors = {key: torch.tensor(view, requires_grad=True) for key, view in views.items()}

    def loss(self, inputs: Any, targets: Any) -> Any:
        """The loss as a tensor that gradients can be asked of."""
        h = _torch_stack(Stack(self.model.layers), self.tensors, self.torch.tensor(inputs))
        loss = getattr(self.torch.nn.functional, TORCH_LOSSES[self.model.loss])
        return loss(h, self.torch.tensor(targets))

    def vector(self, gradients: bool = False) -> Any:
        """All parameters, or their gradients, as one vector."""
        parts = [t.grad if gradients else t.detach() for t in self.tensors.values()]
        return np.concatenate([part.numpy().reshape(-1) for part in parts])


def differences(f: Callable[[Any], float], at: Any, step: float = 1e-6) -> Any:
    """∂f/∂x by central differences, entry by entry; ``at`` (float64) is left as it was."""
    found = np.empty_like(at)
    for index in np.ndindex(at.shape):
        kept, ends = at[index], []
        for sign in (1, -1):
            at[index] = kept + sign * step
            ends.append(f(at))
        at[index] = kept
        found[index] = (ends[0] - ends[1]) / (2 * step)
    return found
