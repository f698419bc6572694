"""JAX under jit: compiled before it is timed, the time to compile told apart."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks import draws
from benchmarks.draws import RATE
from benchmarks.peers import gradient_logs, logs, recurrent_logs
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


def recurrence_scan(case: Case) -> Prepared:
    """grad through lax.scan; ∂E/∂h_t as the gradient of a zero added to h_t, U x_t for all steps at once."""
    weight, input_weight, steps, covector = (jnp.asarray(found) for found in draws.recurrent(case))
    phi, zeros = PHI[case.activation], jnp.zeros_like(steps)

    def energy(weight: Any, input_weight: Any, nudges: Any, steps: Any, g: Any) -> Any:
        def step(h: Any, given: Any) -> Any:
            return phi(h @ weight.T + given[0]) + given[1], None

        h, _ = jax.lax.scan(step, jnp.zeros_like(g), (steps @ input_weight.T, nudges))
        return jnp.vdot(g, h)

    def norms(*given: Any) -> Any:
        by_weight, by_input_weight, by_state = jax.grad(energy, (0, 1, 2))(*given)
        return jnp.sqrt(jnp.sum(by_state * by_state, axis=(1, 2))), by_weight, by_input_weight

    return _recurrence(norms, weight, input_weight, zeros, steps, covector)


def _recurrence(function: Callable[..., Any], *arguments: Any) -> Prepared:
    call, seconds = compiled(function, *arguments)
    return Prepared(
        lambda: jax.block_until_ready(call(*arguments)), lambda found: recurrent_logs(*found), seconds
    )


def recurrence_two_scans(case: Case) -> Prepared:
    """A scan there and one back by hand, ∂E/∂W and ∂E/∂U as one product each over all steps."""
    weight, input_weight, steps, covector = (jnp.asarray(found) for found in draws.recurrent(case))
    phi = PHI[case.activation]

    def norms(weight: Any, input_weight: Any, steps: Any, g: Any) -> Any:
        def there(h: Any, drive: Any) -> Any:
            a = h @ weight.T + drive
            above, slope = jax.jvp(phi, (a,), (jnp.ones_like(a),))
            return above, (h, slope)

        def back(g: Any, slope: Any) -> Any:
            delta = g * slope
            return delta @ weight, (delta, _norm(g))

        _, (below, slopes) = jax.lax.scan(there, jnp.zeros_like(g), steps @ input_weight.T)
        _, (deltas, by_state) = jax.lax.scan(back, g, slopes, reverse=True)
        every = deltas.reshape(-1, case.width)
        return by_state, every.T @ below.reshape(-1, case.width), every.T @ steps.reshape(-1, case.width)

    return _recurrence(norms, weight, input_weight, steps, covector)


def _chain(case: Case) -> tuple[Any, Callable[[Any], Any]]:
    """Parameters (weights, biases), and (loss, gradient) as a function of them."""
    weights = [jnp.asarray(layer[0]) for layer in draws.scaled_layers(case)]
    biases = [jnp.zeros(case.width, case.real) for _ in weights]
    inputs, targets = jnp.asarray(draws.inputs(case)[0]), jnp.asarray(draws.targets(case))

    def loss(parameters: Any) -> Any:
        h = inputs
        for weight, bias in zip(*parameters, strict=True):
            h = PHI[case.activation](h @ weight.T + bias)
        return jnp.mean((h - targets) ** 2)

    return (weights, biases), jax.value_and_grad(loss)


def _step(with_gradient: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def step(parameters: Any) -> Any:
        value, found = with_gradient(parameters)
        return jax.tree.map(lambda tensor, gradient: tensor - RATE * gradient, parameters, found), value

    return step


def training_steps(case: Case) -> Prepared:
    """A Python loop over a compiled step."""
    parameters, with_gradient = _chain(case)
    call, seconds = compiled(_step(with_gradient), parameters)

    def run() -> Any:
        here, losses = parameters, []
        for _ in range(case.steps):
            here, value = call(here)
            losses.append(value)
        return jax.block_until_ready((here, losses))[1]

    return Prepared(run, lambda losses: {"ln_loss": logs(losses)}, seconds)


def training_loop(case: Case) -> Prepared:
    """All steps in one compiled lax.scan."""
    parameters, with_gradient = _chain(case)
    step = _step(with_gradient)

    def every(parameters: Any) -> Any:
        return jax.lax.scan(lambda here, _: step(here), parameters, None, length=case.steps)

    call, seconds = compiled(every, parameters)
    return Prepared(
        lambda: jax.block_until_ready(call(parameters)), lambda found: {"ln_loss": logs(found[1])}, seconds
    )


def jacobian(case: Case) -> Prepared:
    """jacrev, then svdvals, in one compiled function."""
    weights = [jnp.array(layer[0]) for layer in draws.scaled_layers(case)]
    inputs, phi = jnp.asarray(draws.inputs(case)[0, 0]), PHI[case.activation]

    def values(weights: Any, inputs: Any) -> Any:
        def net(h: Any) -> Any:
            for weight in weights:
                h = phi(weight @ h)
            return h

        return jnp.linalg.svdvals(jax.jacrev(net)(inputs))

    call, seconds = compiled(values, weights, inputs)
    return Prepared(
        lambda: jax.block_until_ready(call(weights, inputs)),
        lambda found: {"ln_values": logs(found)},
        seconds,
    )
