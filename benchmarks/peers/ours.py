"""symgrad itself, on the tensors that the peers are given."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from benchmarks import draws
from benchmarks.workload import Case, Prepared, Results
from symgrad.numeric import Draw, Kernel, Measurement, Net
from symgrad.numeric.measure import measure_draw
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


def drawn(case: Case) -> Draw:
    """The case's tensors as a draw of the engine."""
    return Draw(list(draws.layers(case)), None, draws.inputs(case), draws.covector(case), None)


def gradient(case: Case, **choice: Any) -> Prepared:
    """Every norm of the passes on tensors given; stacks and threads as the engine chooses."""
    spec, phi, tensors = net(case), activation(case), drawn(case)
    return Prepared(lambda: measure_draw(spec, phi, tensors, **choice), read)


def checkpointed(case: Case) -> Prepared:
    """The same with √L layers a segment, so that the stored activations grow as √L."""
    return gradient(case, plan=replace(net(case).plan, segment=math.isqrt(case.depth)))


def read(found: Measurement) -> Results:
    """The logarithms that the peers give too."""
    return {"ln_gradient": found.ln_gradient, "ln_weight_gradient": found.ln_weight_gradient}
