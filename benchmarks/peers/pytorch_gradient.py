"""PyTorch, gradient norms: eager with autograd, `torch.func.vmap`, and driven by hand into buffers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import torch

from benchmarks import draws
from benchmarks.peers import gradient_logs, in_threads, logs
from benchmarks.peers.pytorch import PHI, Tensor, by_seed, ends, norms
from benchmarks.workload import Case, Prepared, Results


def _eager(case: Case) -> Callable[[int], tuple[list[Tensor], list[Tensor]]]:
    """The norms of one seed, all gradients from one call of autograd.grad."""
    weights, (inputs, covector), phi = by_seed(case, learned=True), ends(case), PHI[case.activation]

    def one(seed: int) -> tuple[list[Tensor], list[Tensor]]:
        h, outputs = inputs[seed], []
        for weight in weights[seed]:
            h = phi(torch.nn.functional.linear(h, weight))
            outputs.append(h)
        found = torch.autograd.grad(h, outputs + weights[seed], covector[seed])
        return norms(found[: case.depth]), norms(found[case.depth :])

    return one


def gradient_eager(case: Case) -> Prepared:
    """One seed after another, all gradients from one call of autograd.grad."""
    one = _eager(case)
    return Prepared(lambda: [one(seed) for seed in range(case.seeds)], gradient_logs)


def _hooked(h: Tensor, weights: list[Tensor], covector: Tensor, case: Case, norm: Any) -> Any:
    """One pass with hooks that take each norm as the gradient comes by and keep no gradient."""
    phi, transposed = PHI[case.activation], h.dim() == 3
    outputs: list[Tensor] = []
    by_weight: list[Tensor] = []

    def note(gradient: Tensor) -> None:
        outputs.append(norm(gradient))

    def note_weight(weight: Tensor) -> None:
        by_weight.append(norm(weight.grad))
        weight.grad = None

    hooks = []
    for weight in weights:
        hooks.append(weight.register_post_accumulate_grad_hook(note_weight))
        h = phi(torch.matmul(h, weight.mT) if transposed else torch.nn.functional.linear(h, weight))
        h.register_hook(note)
    h.backward(covector)
    for hook in hooks:
        hook.remove()
    return outputs[::-1], by_weight[::-1]


def gradient_hooks(case: Case) -> Prepared:
    """One seed after another, norms taken by hooks."""
    weights, (inputs, covector) = by_seed(case, learned=True), ends(case)
    norm = torch.linalg.vector_norm

    def run() -> Any:
        return [
            _hooked(inputs[seed], weights[seed], covector[seed], case, norm) for seed in range(case.seeds)
        ]

    return Prepared(run, gradient_logs)


def gradient_batched(case: Case) -> Prepared:
    """All seeds in one batched product a layer, norms taken by hooks."""
    weights = [torch.from_numpy(layer).requires_grad_() for layer in draws.scaled_layers(case)]
    inputs, covector = ends(case)

    def norm(tensor: Tensor) -> Tensor:
        return torch.linalg.vector_norm(tensor, dim=(1, 2))

    def run() -> Any:
        return _hooked(inputs, weights, covector, case, norm)

    def read(returned: Any) -> Results:
        gradient, by_weight = (torch.stack(each, dim=1) for each in returned)
        return {"ln_gradient": logs(gradient), "ln_weight_gradient": logs(by_weight)}

    return Prepared(run, read)


def gradient_vmap(case: Case) -> Prepared:
    """torch.func.vmap over seeds of torch.func.grad; ∂E/∂h_l as the gradient of a zero added to h_l."""
    weights = tuple(torch.from_numpy(layer) for layer in draws.scaled_layers(case))
    inputs, covector = ends(case)
    phi, zeros = PHI[case.activation], torch.zeros_like(inputs[0])
    nudges = (zeros,) * case.depth

    def energy(weights: Any, nudges: Any, h: Tensor, g: Tensor) -> Tensor:
        for weight, nudge in zip(weights, nudges, strict=True):
            h = phi(torch.nn.functional.linear(h, weight)) + nudge
        return (h * g).sum()

    every = torch.func.vmap(torch.func.grad(energy, argnums=(0, 1)), in_dims=(0, None, 0, 0))

    def run() -> Any:
        by_weight, by_output = every(weights, nudges, inputs, covector)
        return [
            [torch.linalg.vector_norm(one, dim=(1, 2)) for one in found] for found in (by_output, by_weight)
        ]

    def read(returned: Any) -> Results:
        gradient, by_weight = (torch.stack(each, dim=1) for each in returned)
        return {"ln_gradient": logs(gradient), "ln_weight_gradient": logs(by_weight)}

    return Prepared(run, read)


class _ByHand:
    """Forward and backward pass of one seed into buffers, ‖∂E/∂W‖_F from Gram matrices (formed where B >
    N/2)."""

    def __init__(self, case: Case) -> None:
        shape, real = (case.batch, case.width), torch.from_numpy(draws.inputs(case)[:0]).dtype
        self.case = case
        self.outputs = [torch.empty(shape, dtype=real) for _ in range(case.depth)]
        self.delta, self.gradient = torch.empty(shape, dtype=real), torch.empty(shape, dtype=real)
        self.gram = 2 * case.batch <= case.width
        side = case.batch if self.gram else case.width
        self.left, self.right = (torch.empty(side, side, dtype=real) for _ in range(2))

    def slope_times(self, gradient: Tensor, h: Tensor) -> Tensor:
        if self.case.activation == "relu":  # the slope of relu is 1 where its output is positive
            return torch.mul(gradient, h > 0, out=self.delta)
        torch.mul(h, h, out=self.delta)
        return torch.addcmul(gradient, gradient, self.delta, value=-1, out=self.delta)

    def run(self, weights: list[Tensor], inputs: Tensor, covector: Tensor) -> tuple[Any, Any]:
        h = inputs
        for weight, out in zip(weights, self.outputs, strict=True):
            torch.mm(h, weight.t(), out=out)
            h = torch.relu_(out) if self.case.activation == "relu" else torch.tanh_(out)
        gradient = covector
        squares: list[Tensor] = []
        for l in range(len(weights) - 1, -1, -1):
            below = self.outputs[l - 1] if l else inputs
            delta = self.slope_times(gradient, self.outputs[l])
            squares.append(torch.dot(gradient.view(-1), gradient.view(-1)))
            if self.gram:
                left = torch.mm(delta, delta.t(), out=self.left)
                right = torch.mm(below, below.t(), out=self.right)
            else:
                left = right = torch.mm(delta.t(), below, out=self.left)
            squares.append(torch.dot(left.view(-1), right.view(-1)))
            if l:
                gradient = torch.mm(delta, weights[l], out=self.gradient)
        found = torch.stack(squares).sqrt().flip(0)
        return found[1::2], found[::2]


def gradient_by_hand(case: Case) -> Prepared:
    """By hand with Gram norms, one seed after another, threads inside the products."""
    weights, (inputs, covector) = by_seed(case, learned=False), ends(case)

    def run() -> Any:
        hand = _ByHand(case)
        return [hand.run(weights[seed], inputs[seed], covector[seed]) for seed in range(case.seeds)]

    return Prepared(run, gradient_logs)


def _seed_a_thread(case: Case, one: Callable[[int], Any]) -> Callable[[], list[Any]]:
    """A seed a Python thread, one thread inside each product."""

    def work(seed: int) -> Any:
        torch.set_num_threads(1)  # OpenMP counts for every thread that calls it
        return one(seed)

    torch.set_num_threads(1)
    return in_threads(work, case.seeds)


def gradient_by_hand_threads(case: Case) -> Prepared:
    """By hand with Gram norms, a seed a Python thread."""
    weights, (inputs, covector), local = by_seed(case, learned=False), ends(case), threading.local()

    def one(seed: int) -> Any:
        hand = local.__dict__.setdefault("hand", None) or _ByHand(case)
        local.hand = hand
        return hand.run(weights[seed], inputs[seed], covector[seed])

    return Prepared(_seed_a_thread(case, one), gradient_logs)


def gradient_eager_threads(case: Case) -> Prepared:
    """Autograd, a seed a Python thread."""
    return Prepared(_seed_a_thread(case, _eager(case)), gradient_logs)


def products_mm(case: Case) -> Prepared:
    """The three products a layer alone, in PyTorch (MKL): what its matrix library leaves to reach."""
    weights, (inputs, covector) = by_seed(case, learned=False), ends(case)
    outputs = [torch.empty_like(inputs[0]) for _ in range(case.depth)]
    gradient, square = torch.empty_like(inputs[0]), torch.empty_like(weights[0][0])

    def run() -> None:
        for seed in range(case.seeds):
            h = inputs[seed]
            for weight, out in zip(weights[seed], outputs, strict=True):
                torch.mm(h, weight.t(), out=out)
            for weight, out in zip(weights[seed][::-1], outputs[::-1], strict=True):
                torch.mm(covector[seed], weight, out=gradient)
                torch.mm(covector[seed].t(), out, out=square)

    return Prepared(run)
