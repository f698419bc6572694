"""PyTorch: eager with autograd, `torch.func.vmap`, and driven by hand into buffers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from benchmarks import draws
from benchmarks.draws import RATE
from benchmarks.peers import gradient_logs, in_threads, logs, recurrent_logs
from benchmarks.workload import Case, Prepared, Results

Tensor = Any

PHI: dict[str, Callable[[Tensor], Tensor]] = {"tanh": torch.tanh, "relu": torch.relu}


def _by_seed(case: Case, learned: bool) -> list[list[Tensor]]:
    """Weights seed by seed and layer by layer, S × L × (N, N), each contiguous."""
    seeds: list[list[Tensor]] = [[] for _ in range(case.seeds)]
    for layer in draws.scaled_layers(case):
        for seed, weight in zip(seeds, layer, strict=True):
            seed.append(torch.from_numpy(weight).requires_grad_(learned))
    return seeds


def _ends(case: Case) -> tuple[Tensor, Tensor]:
    return torch.from_numpy(draws.inputs(case)), torch.from_numpy(draws.covector(case))


def _norms(tensors: Any) -> list[Tensor]:
    return [torch.linalg.vector_norm(tensor) for tensor in tensors]


def gradient_eager(case: Case) -> Prepared:
    """One seed after another, all gradients from one call of autograd.grad."""
    weights, (inputs, covector), phi = _by_seed(case, learned=True), _ends(case), PHI[case.activation]

    def one(seed: int) -> tuple[list[Tensor], list[Tensor]]:
        h, outputs = inputs[seed], []
        for weight in weights[seed]:
            h = phi(torch.nn.functional.linear(h, weight))
            outputs.append(h)
        found = torch.autograd.grad(h, outputs + weights[seed], covector[seed])
        return _norms(found[: case.depth]), _norms(found[case.depth :])

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
    weights, (inputs, covector) = _by_seed(case, learned=True), _ends(case)
    norm = torch.linalg.vector_norm

    def run() -> Any:
        return [
            _hooked(inputs[seed], weights[seed], covector[seed], case, norm) for seed in range(case.seeds)
        ]

    return Prepared(run, gradient_logs)


def gradient_batched(case: Case) -> Prepared:
    """All seeds in one batched product a layer, norms taken by hooks."""
    weights = [torch.from_numpy(layer).requires_grad_() for layer in draws.scaled_layers(case)]
    inputs, covector = _ends(case)

    def norm(tensor: Tensor) -> Tensor:
        return torch.linalg.vector_norm(tensor, dim=(1, 2))

    def run() -> Any:
        return _hooked(inputs, weights, covector, case, norm)

    def read(returned: Any) -> Results:
        gradient, by_weight = (torch.stack(norms, dim=1) for norms in returned)
        return {"ln_gradient": logs(gradient), "ln_weight_gradient": logs(by_weight)}

    return Prepared(run, read)


def gradient_vmap(case: Case) -> Prepared:
    """torch.func.vmap over seeds of torch.func.grad; ∂E/∂h_l as the gradient of a zero added to h_l."""
    weights = tuple(torch.from_numpy(layer) for layer in draws.scaled_layers(case))
    inputs, covector = _ends(case)
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
        gradient, by_weight = (torch.stack(norms, dim=1) for norms in returned)
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


@torch.no_grad()
def gradient_by_hand(case: Case) -> Prepared:
    """By hand with Gram norms, one seed after another, threads inside the products."""
    weights, (inputs, covector) = _by_seed(case, learned=False), _ends(case)

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
    import threading

    weights, (inputs, covector), local = _by_seed(case, learned=False), _ends(case), threading.local()

    def one(seed: int) -> Any:
        hand = local.__dict__.setdefault("hand", None) or _ByHand(case)
        local.hand = hand
        return hand.run(weights[seed], inputs[seed], covector[seed])

    return Prepared(_seed_a_thread(case, one), gradient_logs)


def gradient_eager_threads(case: Case) -> Prepared:
    """Autograd, a seed a Python thread."""
    weights, (inputs, covector), phi = _by_seed(case, learned=True), _ends(case), PHI[case.activation]

    def one(seed: int) -> Any:
        h, outputs = inputs[seed], []
        for weight in weights[seed]:
            h = phi(torch.nn.functional.linear(h, weight))
            outputs.append(h)
        found = torch.autograd.grad(h, outputs + weights[seed], covector[seed])
        return _norms(found[: case.depth]), _norms(found[case.depth :])

    return Prepared(_seed_a_thread(case, one), gradient_logs)


def products_mm(case: Case) -> Prepared:
    """The three products a layer alone, in PyTorch (MKL): what its matrix library leaves to reach."""
    weights, (inputs, covector) = _by_seed(case, learned=False), _ends(case)
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


def recurrence_eager(case: Case) -> Prepared:
    """A loop over time under autograd; U x_t for all steps at once, taken apart into a list by unbind."""
    weight, input_weight, steps, covector = (torch.from_numpy(found) for found in draws.recurrent(case))
    weight.requires_grad_()
    input_weight.requires_grad_()
    start, phi = torch.zeros_like(covector), PHI[case.activation]

    def run() -> Any:
        h, states, transposed = start, [], weight.t()
        for drive in torch.nn.functional.linear(steps, input_weight).unbind(0):
            h = phi(torch.addmm(drive, h, transposed))
            states.append(h)
        found = torch.autograd.grad(h, [*states, weight, input_weight], covector)
        return torch.stack(_norms(found[:-2])), found[-2], found[-1]

    return Prepared(run, lambda found: recurrent_logs(*found))


def _trained(case: Case) -> tuple[Any, Tensor, Tensor]:
    linear = torch.nn.Linear
    real = torch.from_numpy(draws.targets(case)).dtype
    layers: list[Any] = []
    for drawn in draws.scaled_layers(case):
        one = linear(case.width, case.width, dtype=real)
        with torch.no_grad():
            one.weight.copy_(torch.from_numpy(drawn[0]))
            one.bias.zero_()
        layers += [one, torch.nn.Tanh() if case.activation == "tanh" else torch.nn.ReLU()]
    return (
        torch.nn.Sequential(*layers),
        torch.from_numpy(draws.inputs(case)[0]),
        torch.from_numpy(draws.targets(case)),
    )


def _training(case: Case, make_step: Callable[[Any], Callable[[Tensor], None]]) -> Prepared:
    """``make_step(model)`` is a step from the loss on. Every run starts from the same parameters."""
    model, inputs, targets = _trained(case)
    start = [parameter.detach().clone() for parameter in model.parameters()]
    step, loss_of = make_step(model), torch.nn.functional.mse_loss

    def run() -> Tensor:
        with torch.no_grad():
            torch._foreach_copy_(list(model.parameters()), start)
        losses = []
        for _ in range(case.steps):
            loss = loss_of(model(inputs), targets)
            step(loss)
            losses.append(loss.detach())
        return torch.stack(losses)

    return Prepared(run, lambda losses: {"ln_loss": logs(losses)})


def training_eager(case: Case) -> Prepared:
    """nn.Sequential, MSE, loss.backward() and torch.optim.SGD, as in any tutorial."""

    def make_step(model: Any) -> Callable[[Tensor], None]:
        optimiser = torch.optim.SGD(model.parameters(), lr=RATE)

        def step(loss: Tensor) -> None:
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()

        return step

    return _training(case, make_step)


def training_foreach(case: Case) -> Prepared:
    """autograd.grad, and one foreach call that updates all parameters."""

    def make_step(model: Any) -> Callable[[Tensor], None]:
        parameters = list(model.parameters())

        def step(loss: Tensor) -> None:
            found = torch.autograd.grad(loss, parameters)
            with torch.no_grad():
                torch._foreach_add_(parameters, found, alpha=-RATE)

        return step

    return _training(case, make_step)


def jacobian(case: Case) -> Prepared:
    """torch.func.jacrev, then svdvals."""
    weights, inputs, phi = _by_seed(case, learned=False)[0], _ends(case)[0][0, 0], PHI[case.activation]

    def net(h: Tensor) -> Tensor:
        for weight in weights:
            h = phi(weight @ h)
        return h

    rows = torch.func.jacrev(net)
    return Prepared(lambda: torch.linalg.svdvals(rows(inputs)), lambda found: {"ln_values": logs(found)})
