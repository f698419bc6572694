"""D: the cost of a layer and the memory from ten layers to ten thousand, and what is left of faint
gradients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from benchmarks.workload import OURS, Case, Contender, Limit, Workload

EAGER = ("PyTorch eager", "PyTorch eager, hooks")
DEPTHS = (10, 100, 1_000, 10_000)


def until(deepest: int, why: str) -> Callable[[Case], str]:
    """A contender that is not asked for more layers than that."""
    return lambda case: f"not run beyond {deepest:,} layers: {why}" if case.depth > deepest else ""


IN_HUNDREDS = "symgrad, as many layers in nets of 100"
ONE_FORM = "one form of PyTorch is enough there"

CONTENDERS = (
    Contender(OURS, "benchmarks.peers.ours:gradient", threads=(0,)),
    Contender(f"{OURS}, √L checkpoints", "benchmarks.peers.ours:checkpointed", threads=(0,)),
    Contender(
        IN_HUNDREDS,
        "benchmarks.peers.ours:in_hundreds",
        threads=(0,),
        able=lambda case: "" if case.depth > 1_000 else "for the deepest nets only",
    ),
    Contender(EAGER[0], "benchmarks.peers.pytorch_gradient:gradient_eager", ("torch",)),
    Contender(
        EAGER[1], "benchmarks.peers.pytorch_gradient:gradient_hooks", ("torch",), able=until(1_000, ONE_FORM)
    ),
    Contender(
        "PyTorch by hand, Gram norms",
        "benchmarks.peers.pytorch_gradient:gradient_by_hand",
        ("torch",),
        able=until(1_000, ONE_FORM),
    ),
    Contender(
        "JAX jit", "benchmarks.peers.xla:gradient_loop", ("jax",), able=until(100, "it compiles for minutes")
    ),
    Contender("JAX jit, scan over layers", "benchmarks.peers.xla:gradient_scan", ("jax",)),
    Contender(
        "autograd",
        "benchmarks.peers.hips:gradient",
        ("autograd",),
        able=until(1_000, "its time grows faster than L"),
    ),
    Contender("three products a layer", "benchmarks.peers.products:three"),
)


def activations_stored(case: Case) -> float:
    """Bytes of one (B, N) array a layer, and of its Gram matrix, (B, B)."""
    return case.depth * case.batch * (case.width + case.batch) * case.real.itemsize


BASE = Case("", depth=0, width=128, batch=32)
PLAIN = tuple(replace(BASE, name=f"L={depth:,}", depth=depth) for depth in DEPTHS)
FAINT = tuple(
    replace(
        BASE, name=f"σ_w=0.5, float32, L={depth:,}", depth=depth, sigma_w=0.5, dtype="float32", faint=True
    )
    for depth in (100, 1_000, 10_000)
)

DEPTH = Workload(
    title="D: depth, N=128, B=32, one seed",
    cases=(*PLAIN, *FAINT),
    quick=(
        replace(PLAIN[0], width=16, batch=4),
        replace(FAINT[0], width=16, batch=4, depth=80),
    ),
    contenders=CONTENDERS,
    limits=(
        *(Limit(case.name, 1.0, EAGER) for case in (*PLAIN, *FAINT)),
        Limit("L=10,000", 1.6, (IN_HUNDREDS,)),
        *(Limit(case.name, 1.15, expected=activations_stored, measure="memory") for case in PLAIN[2:]),
    ),
    tolerance={"float64": 1e-10, "float32": 1e-3},
)
