"""The training loop: the only one. It knows a vector of parameters, a function that gives the loss and writes
the gradient, batches, an optimiser and a clip; what the model is it does not know.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field

import numpy as np

from symgrad.numeric.kernel import Array
from symgrad.numeric.threads import blas_threads
from symgrad.numeric.training.batches import Batches
from symgrad.numeric.training.chain import LossAndGradient
from symgrad.numeric.training.clip import Clip
from symgrad.numeric.training.optimisers import Optimiser
from symgrad.numeric.training.parameters import Layout, norm, relative_change

CANCELLED = "cancelled"


@dataclass
class State:
    """All that a run goes on from, bit for bit: the only thing here that changes.

    parameters  the vector θ
    memory      the optimiser's vectors by name
    step        steps done; batches are functions of it, so this is the generator's position as well
    since       θ as it was at the last relative update, where those are recorded
    stopped     why the run ended before its last step: "cancelled", or what was not finite, where; else None
    """

    parameters: Array
    memory: dict[str, Array]
    step: int = 0
    since: Array | None = None
    stopped: str | None = None

    @classmethod
    def start(cls, parameters: Array, optimiser: Optimiser) -> State:
        """Before the first step. The vector is taken as it is and changed in place by `train`."""
        return cls(parameters, optimiser.start(parameters))


@dataclass(frozen=True, slots=True)
class Record:
    """One step: its number from 1 on, the loss before it, ‖∂E/∂θ‖₂ before the clip, and, every so many steps
    where a layout was given, ‖ΔT‖/‖T‖ of each tensor T since the last time (∞ from 0 to anything else)."""

    step: int
    loss: float
    gradient_norm: float
    relative_update: Mapping[str, float] = field(default_factory=dict)


def train(
    state: State,
    loss_and_gradient: LossAndGradient,
    batches: Batches,
    optimiser: Optimiser,
    *,
    steps: int,
    clip: Clip | None = None,
    cancelled: Callable[[], bool] | None = None,
    layout: Layout | None = None,
    every: int = 1,
    threads: int | None = 1,
) -> Generator[Record, None, None]:
    """Takes the state to step ``steps`` in place, a record a step; between two records it may be saved.

    It ends early, and says why in ``state.stopped``, when ``cancelled()`` answers true before a step, and
    when a loss or a gradient is not finite: then the state is the one before that step, whose record (loss
    and norm as they came out) is the last. ``every`` is the number of steps that a relative update spans.

    ``threads``: BLAS threads. With one the bits depend on nothing but the machine, and other work beside this
    costs its share. OpenBLAS's threads wait in a loop: two (None: as many as `threads.cores` allows) need
    0.53–0.62 of the time for float64 products beyond 64³ on an idle machine of two cores, and 7–19 times as
    long on a busy one; the last bits may differ. Raises ValueError when steps or every is out of range, and
    as ``loss_and_gradient`` does.
    """
    if steps < state.step or every < 1:
        raise ValueError(
            f"steps = {steps}, every = {every}: legal are steps from {state.step} (done) on, every from 1 on"
        )
    gradient = np.empty_like(state.parameters)
    if layout is not None and state.since is None:
        state.since = state.parameters.copy()
    state.stopped = None
    with blas_threads(threads):
        while state.step < steps:
            if cancelled is not None and cancelled():
                state.stopped = CANCELLED
                return
            number = state.step + 1
            with np.errstate(all="ignore"):
                loss = loss_and_gradient(state.parameters, batches(state.step), gradient)
                length = norm(gradient)
                state.stopped = _fault(number, loss, length, gradient, layout)
                if state.stopped is None:
                    if clip is not None:
                        clip(gradient, length)
                    optimiser.update(state.parameters, gradient, state.memory, number)
                    state.step = number
            if state.stopped is not None:
                yield Record(number, loss, length)
                return
            changes: Mapping[str, float] = {}
            if layout is not None and state.since is not None and number % every == 0:
                changes = relative_update(layout, state.since, state.parameters)
                np.copyto(state.since, state.parameters)
            yield Record(number, loss, length, changes)


def relative_update(layout: Layout, before: Array, after: Array) -> dict[str, float]:
    """‖T_after − T_before‖/‖T_before‖ of every tensor: 0 where nothing changed, ∞ from 0 to anything else."""
    new = layout.views(after)
    return {name: relative_change(new[name], old) for name, old in layout.views(before).items()}


def _fault(step: int, loss: float, length: float, gradient: Array, layout: Layout | None) -> str | None:
    """What is not finite, in one line; of a gradient the tensor nearest the output, met first on the way."""
    if not math.isfinite(loss):
        return f"the loss is {loss} at step {step}"
    if math.isfinite(length):
        return None
    tensors = layout.views(gradient) if layout is not None else {}
    for name, tensor in reversed(tensors.items()):
        if not np.isfinite(tensor).all():
            return f"the gradient of {name} is not finite at step {step}, where the loss is {loss:.6g}"
    return f"the gradient is not finite at step {step}, where the loss is {loss:.6g}"
