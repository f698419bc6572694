"""Optimisers: against PyTorch, closed forms and what the definitions say of signs."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

from symgrad.numeric.training import OPTIMISERS, Rprop, Shuffled, State, norm, train
from tests.numeric.oracles import relative
from tests.numeric.training_oracles import TORCH_OPTIMISERS, TorchNet, chain, samples


@pytest.mark.parametrize("name", OPTIMISERS)
@pytest.mark.parametrize("loss", ["squared-error", "cross-entropy"])
def test_twenty_steps_equal_pytorch(name: str, loss: str) -> None:
    torch = pytest.importorskip("torch")
    model, optimiser = chain("tanh", loss), OPTIMISERS[name](0.05)
    batches = Shuffled(*samples(model, 11), size=4, seed=2)
    state = State.start(model.initial(1), optimiser)
    peer = TorchNet(model, state.parameters)
    theirs = TORCH_OPTIMISERS[name](torch.optim, list(peer.tensors.values()))
    for record in train(state, model.loss_and_gradient(), batches, optimiser, steps=20):
        theirs.zero_grad()
        expected = peer.loss(*batches(record.step - 1))
        expected.backward()
        assert record.loss == pytest.approx(expected.item(), rel=1e-10)
        assert record.gradient_norm == pytest.approx(norm(peer.vector(gradients=True)), rel=1e-10)
        theirs.step()
    assert relative(state.parameters, peer.vector()) < 1e-10


EIGENVALUES = np.array([0.1, 1.0, 3.0, 12.0])


def quadratic(parameters: Any, batch: Any, gradient: Any) -> float:
    """E = ½ Σ λ θ²: any function of that signature is trained."""
    np.multiply(EIGENVALUES, parameters, out=gradient)
    return 0.5 * float(np.dot(gradient, parameters))


def closed_sgd(theta: Any, eigenvalue: Any, steps: int) -> Any:
    """(1 − η λ)^k θ."""
    return (1 - mpmath.mpf(0.1) * eigenvalue) ** steps * theta


def closed_momentum(theta: Any, eigenvalue: Any, steps: int) -> Any:
    """θ_{k+1} − (1 + μ − ηλ) θ_k + μ θ_{k−1} = 0 with θ_1 = (1 − ηλ) θ_0: A r₁^k + B r₂^k, r its roots."""
    mu, rate = mpmath.mpf(0.9), mpmath.mpf(0.1) * eigenvalue
    middle = (1 + mu - rate) / 2
    root = mpmath.sqrt(mpmath.mpc(middle**2 - mu))
    one, two = middle + root, middle - root
    first = theta * ((1 - rate) - two) / (one - two)
    return (first * one**steps + (theta - first) * two**steps).real


def closed_adam(theta: Any, eigenvalue: Any, steps: int) -> Any:
    """The recursion of Kingma & Ba, algorithm 1, step by step in mpmath: there is no closed form."""
    first, second = mpmath.mpf(0.9), mpmath.mpf(0.999)
    mean = square = mpmath.mpf(0)
    for k in range(1, steps + 1):
        g = eigenvalue * theta
        mean, square = first * mean + (1 - first) * g, second * square + (1 - second) * g**2
        theta -= (
            mpmath.mpf(0.1)
            * (mean / (1 - first**k))
            / (mpmath.sqrt(square / (1 - second**k)) + mpmath.mpf(1e-8))
        )
    return theta


def closed_rprop(theta: Any, eigenvalue: Any, steps: int) -> Any:
    """Only the sign of θ counts: straight on in growing steps, at a change of sign half of one and a rest."""
    size, before = mpmath.mpf(0.1), 0
    for _ in range(steps):
        sign = int(mpmath.sign(theta))
        if sign * before < 0:
            size, before = size / 2, 0
            continue
        size *= mpmath.mpf(1.2) if sign * before > 0 else 1
        theta -= sign * size
        before = sign
    return theta


CLOSED = {"sgd": closed_sgd, "momentum": closed_momentum, "adam": closed_adam, "rprop": closed_rprop}
"""Name of an optimiser → θ_k on E = ½ λ θ² at learning rate 0.1."""


def test_every_optimiser_has_its_oracles() -> None:
    assert set(OPTIMISERS) == set(CLOSED) == set(TORCH_OPTIMISERS)


@pytest.mark.parametrize("name", OPTIMISERS)
def test_on_a_quadratic_the_closed_form(name: str) -> None:
    optimiser, theta = OPTIMISERS[name](0.1), np.array([1.0, -2.0, 0.5, 3.0])
    state = State.start(theta.copy(), optimiser)
    records = list(train(state, quadratic, lambda step: None, optimiser, steps=25))
    with mpmath.workdps(40):
        paths = [
            [
                float(CLOSED[name](mpmath.mpf(t), mpmath.mpf(e), k))
                for t, e in zip(theta, EIGENVALUES, strict=True)
            ]
            for k in range(26)
        ]
    assert np.allclose(state.parameters, paths[-1], rtol=1e-12, atol=1e-12)
    energies = [0.5 * float(EIGENVALUES @ np.square(path)) for path in paths[:-1]]
    assert np.allclose([record.loss for record in records], energies, rtol=1e-11)


@pytest.mark.parametrize("scale", [1e-300, 1e-30, 1e30])
def test_rprop_does_not_see_the_size_of_a_gradient(scale: float) -> None:
    """However small: PyTorch multiplies two gradients, which underflows; here signs are multiplied."""
    paths = []
    for factor in (1.0, scale):

        def f(parameters: Any, batch: Any, gradient: Any, factor: float = factor) -> float:
            loss = quadratic(parameters, batch, gradient)
            gradient *= factor
            return loss

        state = State.start(np.array([1.0, -2.0, 0.5, 3.0]), Rprop(0.1))
        list(train(state, f, lambda step: None, Rprop(0.1), steps=40))
        paths.append(state.parameters)
    assert np.array_equal(paths[0], paths[1]) and np.abs(paths[0]).max() < 0.1
