"""PyTorch: what its contenders share, and recurrence, training and Jacobian."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from benchmarks import draws
from benchmarks.draws import RATE
from benchmarks.peers import logs, recurrent_logs
from benchmarks.workload import Case, Prepared

Tensor = Any

PHI: dict[str, Callable[[Tensor], Tensor]] = {"tanh": torch.tanh, "relu": torch.relu}


def by_seed(case: Case, learned: bool) -> list[list[Tensor]]:
    """Weights seed by seed and layer by layer, S × L × (N, N), each contiguous."""
    seeds: list[list[Tensor]] = [[] for _ in range(case.seeds)]
    for layer in draws.scaled_layers(case):
        for seed, weight in zip(seeds, layer, strict=True):
            seed.append(torch.from_numpy(weight).requires_grad_(learned))
    return seeds


def ends(case: Case) -> tuple[Tensor, Tensor]:
    """h_0 and g, (S, B, N)."""
    return torch.from_numpy(draws.inputs(case)), torch.from_numpy(draws.covector(case))


def norms(tensors: Any) -> list[Tensor]:
    """Frobenius norms."""
    return [torch.linalg.vector_norm(tensor) for tensor in tensors]


def _rnn(drive: Tensor, state: Any, weight: Tensor, phi: Callable[[Tensor], Tensor]) -> Any:
    return (phi(torch.addmm(drive, state[0], weight)),)


def _lstm(drive: Tensor, state: Any, weight: Tensor, phi: Callable[[Tensor], Tensor]) -> Any:
    i, f, g, o = torch.addmm(drive, state[0], weight).chunk(4, 1)
    c = torch.sigmoid(f) * state[1] + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


def _gru(drive: Tensor, state: Any, weight: Tensor, phi: Callable[[Tensor], Tensor]) -> Any:
    given, by_state = drive.chunk(3, 1), torch.mm(state[0], weight).chunk(3, 1)
    r, z = (torch.sigmoid(given[k] + by_state[k]) for k in (0, 1))
    n = torch.tanh(given[2] + r * by_state[2])
    return (n + z * (state[0] - n),)


STEPS = {"rnn": _rnn, "lstm": _lstm, "gru": _gru}
"""Cell → its step: (U x_t, state, Wᵀ, φ of a plain cell) → state."""


def recurrence_eager(case: Case) -> Prepared:
    """A loop over time under autograd; U x_t for all steps at once, taken apart into a list by unbind."""
    weight, input_weight, steps, covector = (torch.from_numpy(found) for found in draws.recurrent(case))
    weight.requires_grad_()
    input_weight.requires_grad_()
    start, phi, step = torch.zeros_like(covector), PHI[case.activation], STEPS[case.cell]

    def run() -> Any:
        state, states, transposed = (start, start), [], weight.t()
        for drive in torch.nn.functional.linear(steps, input_weight).unbind(0):
            state = step(drive, state, transposed, phi)
            states.append(state[0])
        found = torch.autograd.grad(state[0], [*states, weight, input_weight], covector)
        return torch.stack(norms(found[:-2])), found[-2], found[-1]

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
    weights, inputs, phi = by_seed(case, learned=False)[0], ends(case)[0][0, 0], PHI[case.activation]

    def net(h: Tensor) -> Tensor:
        for weight in weights:
            h = phi(weight @ h)
        return h

    rows = torch.func.jacrev(net)
    return Prepared(lambda: torch.linalg.svdvals(rows(inputs)), lambda found: {"ln_values": logs(found)})
