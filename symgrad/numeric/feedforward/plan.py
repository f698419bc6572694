"""How a measurement is carried out: what lies in memory at once, and how many stacks run side by side.

No result depends on a plan, but for rounding where blas > 1: OpenBLAS's products are not the same to the bit
on one thread and on two unless sizes are multiples of 16.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from symgrad.numeric.draws import weights as draw
from symgrad.numeric.threads import cores

if TYPE_CHECKING:
    from symgrad.numeric.feedforward.net import Net

BLOCK = 2**28
"""Bytes of one stack that are kept without a second thought; and, a core, of all stacks side by side."""
KEPT = 2**31
"""Bytes of a measurement beyond which activations are recomputed and weights drawn again."""
STACK = 2**15
"""Entries of h_l in a stack: a quarter of a MiB in each of two or three buffers stays in a core's cache."""
ALONE = 2**14
"""Entries of one seed's h_l from which on it is a stack of its own: half the memory of two, for a twentieth
of the time."""
NARROW = 64
"""Widths up to this are measured in one thread where one stack holds all seeds."""


@dataclass(frozen=True)
class Plan:
    """stack     seeds measured together, one above the other in each array
    threads   stacks measured side by side
    blas      threads of each matrix product; more than 1 is never chosen automatically
    segment   None: φ′(a_l) is stored for every layer. Else every segment-th h_l is, and φ′(a_l) for the
    layers of
              one segment at a time, computed from it a second time (segment ≈ √depth: 2√depth arrays in all)
    redraw    the weights are not kept either: each is drawn for the forward pass and again for its segment

    Raises ValueError unless stack, threads, blas and segment are whole numbers from 1 on.
    """

    stack: int
    threads: int
    blas: int = 1
    segment: int | None = None
    redraw: bool = False

    def __post_init__(self) -> None:
        for name in ("stack", "threads", "blas", "segment"):
            value = getattr(self, name)
            if not (isinstance(value, int) and value >= 1) and not (name == "segment" and value is None):
                raise ValueError(f"{name} = {value!r}: legal are whole numbers from 1 on")

    def stacks(self, seeds: int) -> list[range]:
        """The replicas, stack by stack."""
        return [range(s, min(s + self.stack, seeds)) for s in range(0, seeds, self.stack)]


def automatic(net: Net) -> Plan:
    """Everything kept where that takes less than 2 GiB; else the activations of √depth layers; else their
    weights alone as well.
    """
    chosen = _spread(net, Plan(1, 1))
    if memory(net, chosen) >= KEPT and net.depth > 1:
        checkpointed = Plan(1, 1, segment=math.isqrt(net.depth - 1) + 1)
        chosen = _spread(net, checkpointed)
        if memory(net, chosen) >= KEPT:
            chosen = _spread(net, replace(checkpointed, redraw=True))
    return chosen


def _spread(net: Net, plan: Plan) -> Plan:
    """The plan with stacks that fit into cache and memory, and as many side by side as there are cores.

    Narrow nets that fit into one stack take one thread: their products are so short that two threads wait for
    each other's Python (16 seeds, stack × threads: N=64, B=16 14.0 ms as 16 × 1, 16.8 as 8 × 2; N=32, B=8 3.9
    against 6.1; but N=128, B=32 66.6 against 42.2, N=256, B=64 205 as 2 × 2 and 216 as 1 × 2).
    """
    seed = _seed_bytes(net, plan)
    if net.width <= NARROW and net.seeds * net.batch * net.width <= STACK and net.seeds * seed <= BLOCK:
        return replace(plan, stack=net.seeds)
    entries = net.batch * net.width
    together = min(BLOCK // seed, STACK // entries, -(-net.seeds // cores()))
    stack = max(1, together) if entries < ALONE else 1
    threads = min(cores(), -(-net.seeds // stack), cores() * BLOCK // (stack * seed))
    return replace(plan, stack=stack, threads=max(1, threads))


def memory(net: Net, plan: Plan) -> int:
    """Estimated bytes at the peak of a measurement: what the stacks measured side by side hold, the
    weights that are remembered of the others, and all results."""
    present = min(net.seeds, plan.stack * plan.threads)
    others = (net.seeds - present) * weight_bytes(net) if remembered(net, plan) else 0
    return present * _seed_bytes(net, plan) + others + 48 * net.seeds * net.depth


def memory_together(nets: Sequence[Net]) -> int:
    """The same for nets measured together: that of the largest, and the results of all."""
    return max(net.memory for net in nets) + 48 * sum(net.seeds * net.depth for net in nets)


def remembered(net: Net, plan: Plan) -> bool:
    """Whether the weights of all seeds are kept for the next net that shares them."""
    return not plan.redraw and draw.fits_memo(net.seeds * weight_bytes(net))


def grams(net: Net) -> bool:
    """Whether ‖∂E/∂W_l‖_F is taken from the batch's Gram matrices, Σ (δδᵀ) ∘ (HHᵀ), and ∂E/∂W_l never formed.

    Two symmetric products of B²N operations each stand against one of 2BN². Measured in float64 on one
    thread: 63 µs against 167 at B = N/4 = 64, 12 against 22 at B = N/4 = 32, 7.4 against 6.7 at B = N/2 = 32,
    where forming ∂E/∂W_l costs the sum over its N² squares and a second stored array besides.
    """
    return 2 * net.batch <= net.width


def weight_bytes(net: Net) -> int:
    """Bytes of the weights of one seed."""
    return net.depth * net.width**2 * net.real.itemsize


def _seed_bytes(net: Net, plan: Plan) -> int:
    size, n, b = net.real.itemsize, net.width, net.batch
    layers = plan.segment or net.depth
    held = layers + 1 if plan.redraw else net.depth
    kept = held * size * n * n + layers * size * (b * n + b * min(b if grams(net) else n, n))
    if plan.segment:
        kept += -(-net.depth // plan.segment) * size * b * n
    small = net.depth * (size * n * (net.sigma_b != 0) + 1200) + layers * (64 * b + 1500)
    return kept + small + size * (9 * b * n + 2 * min(b * b, n * n)) + 24 * n * n
