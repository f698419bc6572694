"""G: ‖∂E/∂h_l‖ and ‖∂E/∂W_l‖_F of every layer, for a stack of seeds."""

from __future__ import annotations

import math
from dataclasses import replace

from benchmarks.workload import OURS, Case, Contender, Limit, Workload

EAGER = ("PyTorch eager", "PyTorch eager, hooks")
FAST_EAGER = ("PyTorch eager, seeds batched", "PyTorch eager, a seed a Python thread")
"""Forms that take five times the memory, or threads of the caller: shown, and no limit is set by them."""
JAX = (
    "JAX jit, loop over seeds",
    "JAX jit, lax.map over seeds",
    "JAX jit, vmap",
    "JAX jit, scan over layers",
)
HAND = ("PyTorch by hand, Gram norms", "PyTorch by hand, a seed a thread")
THREE = "three products a layer"

CONTENDERS = (
    Contender(OURS, "benchmarks.peers.ours:gradient", threads=(0,)),
    *(
        Contender(name, f"benchmarks.peers.pytorch_gradient:gradient_{form}", ("torch",))
        for name, form in zip(
            (*EAGER, *FAST_EAGER, "torch.func.vmap", *HAND),
            ("eager", "hooks", "batched", "eager_threads", "vmap", "by_hand", "by_hand_threads"),
            strict=True,
        )
    ),
    *(
        Contender(name, f"benchmarks.peers.xla:gradient_{form}", ("jax",))
        for name, form in zip(JAX, ("loop", "map", "vmap", "scan"), strict=True)
    ),
    Contender("autograd", "benchmarks.peers.hips:gradient", ("autograd",)),
    Contender(THREE, "benchmarks.peers.products:three"),
    Contender(f"{THREE}, a seed a thread", "benchmarks.peers.products:three_seed_a_thread"),
    Contender("two products a layer, a seed a thread", "benchmarks.peers.products:two"),
    Contender(f"{THREE}, PyTorch", "benchmarks.peers.pytorch_gradient:products_mm", ("torch",)),
)

BASE = Case("tanh float64", depth=50, width=256, batch=64, seeds=16)
SINGLE = replace(BASE, name="tanh float32", dtype="float32")
RELU = replace(BASE, name="relu float64", activation="relu", sigma_w=math.sqrt(2))
CASES = (BASE, SINGLE, RELU, replace(RELU, name="relu float32", dtype="float32"))

GRADIENT = Workload(
    title="G: gradient norms of every layer, L=50, N=256, B=64, 16 seeds",
    cases=CASES,
    quick=(
        replace(BASE, depth=4, width=16, batch=4, seeds=3),
        replace(CASES[-1], depth=4, width=16, batch=16, seeds=3),
    ),
    contenders=CONTENDERS,
    limits=(
        *(Limit(case.name, 0.65, EAGER) for case in CASES),
        *(
            limit
            for case in (BASE, RELU)
            for limit in (
                Limit(case.name, 0.55, JAX),
                Limit(case.name, 0.20, ("autograd",)),
                Limit(case.name, 0.80, (THREE,)),
            )
        ),
        *(Limit(case.name, 1 / 3, EAGER[:1], measure="memory") for case in CASES),
        *(Limit(case.name, 1.0, HAND, stretch=True) for case in CASES),
    ),
    tolerance={"float64": 1e-10, "float32": 1e-4},
)
