"""JAX under jit: compiled before it is timed, the time to compile told apart."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks import draws
from benchmarks.peers import gradient_logs, logs
from benchmarks.workload import Case, Prepared, Results

jax.config.update("jax_enable_x64", True)

PHI: dict[str, Callable[[Any], Any]] = {"tanh": jnp.tanh, "relu": jax.nn.relu}


def compiled(function: Callable[..., Any], *arguments: Any) -> tuple[Callable[..., Any], float]:
    """The function compiled for arguments like these, and the seconds that took."""
    start = time.perf_counter()
    found: Callable[..., Any] = jax.jit(function).lower(*arguments).compile()
    return found, time.perf_counter() - start


def _norm(x: Any) -> Any:
    return jnp.sqrt(jnp.sum(x * x))


def _unrolled(case: Case) -> Callable[[Any, Any, Any], Any]:
    """One seed: weights L × (N, N), h_0, g → norms of ∂E/∂h_l and ∂E/∂W_l, each (L,); a vjp a layer."""
    phi = PHI[case.activation]

    def layer(h: Any, weight: Any) -> Any:
        return phi(h @ weight.T)

    def norms(weights: Any, h: Any, g: Any) -> Any:
        back = []
        for weight in weights:
            h, pull = jax.vjp(layer, h, weight)
            back.append(pull)
        by_output, by_weight = [], []
        for pull in reversed(back):
            by_output.append(_norm(g))
            g, found = pull(g)
            by_weight.append(_norm(found))
        return jnp.stack(by_output[::-1]), jnp.stack(by_weight[::-1])

    return norms


def _scanned(case: Case) -> Callable[[Any, Any, Any], Any]:
    """As `_unrolled`, weights (L, N, N), with lax.scan over the layers there and back."""
    phi = PHI[case.activation]

    def layer(h: Any, weight: Any) -> Any:
        return phi(h @ weight.T)

    def norms(weights: Any, h: Any, g: Any) -> Any:
        def there(h: Any, weight: Any) -> Any:
            return layer(h, weight), h

        def back(g: Any, kept: Any) -> Any:
            weight, below = kept
            above, found = jax.vjp(layer, below, weight)[1](g)
            return above, (_norm(g), _norm(found))

        _, below = jax.lax.scan(there, h, weights)
        return jax.lax.scan(back, g, (weights, below), reverse=True)[1]

    return norms


def _ends(case: Case) -> tuple[Any, Any]:
    return jnp.asarray(draws.inputs(case)), jnp.asarray(draws.covector(case))


def _loop(case: Case, norms: Callable[..., Any], weights: list[Any]) -> Prepared:
    """A Python loop over seeds of one compiled function."""
    inputs, covector = ([*found] for found in _ends(case))
    call, seconds = compiled(norms, weights[0], inputs[0], covector[0])

    def run() -> Any:
        found = [call(weights[seed], inputs[seed], covector[seed]) for seed in range(case.seeds)]
        return jax.block_until_ready(found)

    return Prepared(run, gradient_logs, seconds)


def gradient_loop(case: Case) -> Prepared:
    """A Python loop over seeds, layers unrolled."""
    weights: list[Any] = [[] for _ in range(case.seeds)]
    for layer in draws.scaled_layers(case):
        for seed, weight in zip(weights, layer, strict=True):
            seed.append(jnp.array(weight))
    return _loop(case, _unrolled(case), weights)


def gradient_scan(case: Case) -> Prepared:
    """A Python loop over seeds, lax.scan over layers."""
    shape = (case.seeds, case.depth, case.width, case.width)
    together = np.empty(shape, case.real)
    for l, layer in enumerate(draws.scaled_layers(case)):
        together[:, l] = layer
    weights = [jnp.asarray(one) for one in together]
    return _loop(case, _scanned(case), weights)


def _stacked(case: Case, over_seeds: Callable[..., Any]) -> Prepared:
    weights = [jnp.array(layer) for layer in draws.scaled_layers(case)]
    inputs, covector = _ends(case)
    call, seconds = compiled(over_seeds, weights, inputs, covector)

    def read(returned: Any) -> Results:
        return {"ln_gradient": logs(returned[0]), "ln_weight_gradient": logs(returned[1])}

    return Prepared(lambda: jax.block_until_ready(call(weights, inputs, covector)), read, seconds)


def gradient_map(case: Case) -> Prepared:
    """lax.map over seeds, a loop inside the compiled function, layers unrolled."""
    norms = _unrolled(case)
    return _stacked(case, lambda *stacks: jax.lax.map(lambda one: norms(*one), stacks))


def gradient_vmap(case: Case) -> Prepared:
    """vmap over seeds, layers unrolled."""
    return _stacked(case, jax.vmap(_unrolled(case)))
