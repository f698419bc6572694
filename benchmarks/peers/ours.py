"""symgrad itself, on the tensors that the peers are given."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks import draws
from benchmarks.draws import RATE
from benchmarks.peers import logs
from benchmarks.workload import Case, Prepared, Results
from symgrad.numeric import Draw, Kernel, Measurement, Net
from symgrad.numeric.feedforward.measure import measure, measure_draw, measure_together
from symgrad.numeric.feedforward.plan import Plan
from symgrad.numeric.jacobian.graded import singular_values
from symgrad.numeric.recurrent import TimeGradients, Weights, through_time
from symgrad.numeric.recurrent.net import CELLS
from symgrad.numeric.threads import blas_threads
from symgrad.numeric.training import SGD, Chain, Dense, State, train, whole
from symgrad.theory.activations import ACTIVATIONS, kernel


def activation(case: Case) -> Kernel:
    """The kernel that the project compiles for the case's activation."""
    return kernel(ACTIVATIONS[case.activation])


def net(case: Case) -> Net:
    """The case as the engine's own net, without biases."""
    return Net(
        depth=case.depth, width=case.width, batch=case.batch, seeds=case.seeds, sigma_w=case.sigma_w,
        sigma_b=0.0, dtype=case.dtype,
    )  # fmt: skip


def gradient(case: Case, plan: Plan | None = None) -> Prepared:
    """Every norm of the passes on tensors given; stacks and threads as the engine chooses, or as the plan
    says."""
    spec, phi = net(case), activation(case)
    tensors = Draw(list(draws.layers(case)), None, draws.inputs(case), draws.covector(case), None)
    return Prepared(lambda: measure_draw(spec, phi, tensors, plan=plan), _measured)


def planned(case: Case, stack: int, threads: int, blas: int) -> Prepared:
    """The same with seeds per stack, stacks side by side and BLAS threads as told."""
    return gradient(case, Plan(stack, threads, blas))


def checkpointed(case: Case) -> Prepared:
    """The same with √L layers a segment, so that the stored activations grow as √L."""
    return gradient(case, replace(net(case).plan, segment=math.isqrt(case.depth)))


def in_hundreds(case: Case) -> Prepared:
    """As many layers in nets of 100: the time that L would take if a layer of a deep net cost no more."""
    short = replace(case, depth=100)
    run = gradient(short).run

    def every() -> None:
        for _ in range(case.depth // short.depth):
            run()

    return Prepared(every)


def _measured(found: Measurement) -> Results:
    return {"ln_gradient": found.ln_gradient, "ln_weight_gradient": found.ln_weight_gradient}


def recurrence(case: Case) -> Prepared:
    """Backpropagation through time on tensors given."""
    weight, input_weight, steps, covector = draws.recurrent(case)
    cell, weights = CELLS[case.cell](activation(case), True), Weights(weight, input_weight)
    end = np.zeros((case.batch, cell.parts * case.width), case.real)
    end[:, : case.width] = covector

    def run() -> TimeGradients:
        with blas_threads():
            return through_time(cell, weights, steps, end)

    def read(found: TimeGradients) -> Results:
        norms = np.array([found.recurrent.ln_norm, found.input.ln_norm])
        return {"ln_state": found.ln_state, "ln_weights": norms}

    return Prepared(run, read)


def training(case: Case) -> Prepared:
    """The project's training loop; every run starts from the same parameters."""
    chain = Chain(case.width, (Dense(case.width, activation(case)),) * case.depth)
    start = chain.initial(dtype=case.dtype)
    views = chain.layout.views(start)
    for number, layer in enumerate(draws.scaled_layers(case), 1):
        views[f"{number}.weight"][...] = layer[0]
    optimiser, batches = SGD(RATE), whole(draws.inputs(case)[0], draws.targets(case))

    def run() -> list[float]:
        state, loss_and_gradient = State.start(start.copy(), optimiser), chain.loss_and_gradient()
        return [
            record.loss for record in train(state, loss_and_gradient, batches, optimiser, steps=case.steps)
        ]

    return Prepared(run, lambda losses: {"ln_loss": logs(losses)})


def jacobian(case: Case) -> Prepared:
    """All singular values of ∂h_L/∂h_0 from the factors diag(φ′(a_l)) W_l, kept apart by scale."""
    weights, inputs = [layer[0] for layer in draws.scaled_layers(case)], draws.inputs(case)[0, 0]
    phi = activation(case)

    def run() -> Any:
        h, factors = inputs, []
        with blas_threads(1):
            for weight in weights:
                a = weight @ h
                factors.append(phi.slope(a)[:, None] * weight)
                h = phi.value(a)
            return singular_values(factors)

    return Prepared(run, lambda found: {"ln_values": found.ln_values})


AXIS = tuple(np.linspace(0.6, 2.0, 8))
"""σ_w of a sweep."""


def _sweep_logs(found: list[Measurement]) -> Results:
    return {
        "ln_gradient": np.stack([one.ln_gradient for one in found]),
        "ln_weight_gradient": np.stack([one.ln_weight_gradient for one in found]),
    }


def swept_together(case: Case, norms: bool) -> Prepared:
    """An axis of σ_w, every layer drawn once for all; a new seed each run, so that nothing is remembered."""
    spec, phi, seeds = net(case), activation(case), itertools.count()

    def run() -> list[Measurement]:
        seed = next(seeds)
        nets = [replace(spec, sigma_w=sigma_w, seed=seed) for sigma_w in AXIS]
        return measure_together(nets, [phi] * len(nets), norms)

    return Prepared(run, _sweep_logs)


def swept_anew(case: Case, norms: bool) -> Prepared:
    """The same axis with draws of their own for each σ_w, a seed for each point of each run."""
    spec, phi, seeds = net(case), activation(case), itertools.count()

    def run() -> list[Measurement]:
        return [measure(replace(spec, sigma_w=sigma_w, seed=next(seeds)), phi, norms) for sigma_w in AXIS]

    return Prepared(run, _sweep_logs)
