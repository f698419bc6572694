"""PyTorch's training beside the project's, and central differences, for the tests of `numeric.training`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from symgrad.numeric.training import Chain, Dense
from tests.numeric.kernels import KERNELS, TORCH

TORCH_LOSSES: dict[str, str] = {"squared-error": "mse_loss", "cross-entropy": "cross_entropy"}
"""Name of a loss → PyTorch's function of it."""

TORCH_OPTIMISERS: dict[str, Callable[[Any, list[Any]], Any]] = {
    "sgd": lambda optim, tensors: optim.SGD(tensors, lr=0.05),
    "momentum": lambda optim, tensors: optim.SGD(tensors, lr=0.05, momentum=0.9),
    "adam": lambda optim, tensors: optim.Adam(tensors, lr=0.05),
}
"""Name of an optimiser → PyTorch's at learning rate 0.05."""


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

    def __init__(self, model: Chain, name: str, parameters: Any) -> None:
        import torch

        self.torch, self.model, self.phi = torch, model, TORCH[name]
        views = model.layout.views(parameters)
        self.tensors = {key: torch.tensor(view, requires_grad=True) for key, view in views.items()}

    def loss(self, inputs: Any, targets: Any) -> Any:
        """The loss as a tensor that gradients can be asked of."""
        h = self.torch.tensor(inputs)
        for l in range(1, len(self.model.layers) + 1):
            h = self.phi(h @ self.tensors[f"{l}.weight"].T + self.tensors[f"{l}.bias"])
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
