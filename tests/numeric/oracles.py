"""Independent answers to compare the engine with; each uses φ alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import mpmath
import numpy as np

from symgrad.numeric import Draw, Gradients, Kernel, Net


def relative(found: Any, expected: Any) -> float:
    """‖found − expected‖_F / ‖expected‖_F; the plain norm where expected is 0."""
    found, expected = np.asarray(found, np.float64), np.asarray(expected, np.float64)
    assert found.shape == expected.shape
    return float(np.linalg.norm(found - expected) / (np.linalg.norm(expected) or 1.0))


def furthest(found: Gradients, expected: Gradients) -> float:
    """The largest relative error of any tensor."""
    pairs = [
        *zip(found.weights, expected.weights, strict=True),
        *zip(found.biases, expected.biases, strict=True),
        *zip(found.outputs, expected.outputs, strict=True),
    ]
    return max(relative(a, b) for a, b in pairs)


def random_tensors(seed: int, widths: Sequence[int], batch: int, lead: tuple[int, ...] = ()) -> Any:
    """Weights, biases, inputs and co-vector of a net with these widths, input first."""
    rng = np.random.default_rng(seed)
    weights = [rng.standard_normal((*lead, n, m)) * 1.3 / m**0.5 for m, n in pairwise(widths)]
    biases = [0.3 * rng.standard_normal((*lead, n)) for n in widths[1:]]
    return (
        weights,
        biases,
        rng.standard_normal((*lead, batch, widths[0])),
        rng.standard_normal((*lead, batch, widths[-1])),
    )


def scaled_tensors(net: Net, draw: Draw) -> Any:
    """The tensors of a drawn stack as they stand in the net."""
    weights = [net.real.type(net.sigma_w) * w for w in draw.weights]
    biases = draw.biases and [net.real.type(net.sigma_b) * b for b in draw.biases]
    return weights, biases, draw.inputs, draw.covector


def torch_gradients(
    phi: Callable[[Any], Any], weights: Any, biases: Any, inputs: Any, covector: Any
) -> Gradients:
    """PyTorch's autograd on the same tensors."""
    import torch

    leaves = [[torch.tensor(t, requires_grad=True) for t in tensors] for tensors in (weights, biases)]
    states = [torch.tensor(inputs, requires_grad=True)]
    for w, b in zip(*leaves, strict=True):
        states.append(phi(states[-1] @ w.mT + b.unsqueeze(-2)))
        states[-1].retain_grad()
    (states[-1] * torch.tensor(covector)).sum().backward()
    return Gradients(*([t.grad.numpy() for t in tensors] for tensors in (*leaves, states)))


def multiprecision(array: Any) -> Any:
    """A float array as an object array of mpmath numbers, exactly."""
    return np.vectorize(mpmath.mpf, otypes=[object])(np.asarray(array, np.float64))


def exact_energy(phi: Callable[[Any], Any], weights: Any, biases: Any, inputs: Any, covector: Any) -> Any:
    """E = ⟨g, h_L⟩ in the working precision of mpmath; tensors as object arrays."""
    h = inputs
    for w, b in zip(weights, biases, strict=True):
        h = np.vectorize(phi, otypes=[object])(h @ w.T + b)
    return (h * covector).sum()


def difference_gradients(
    phi: Callable[[Any], Any], weights: Any, biases: Any, inputs: Any, covector: Any
) -> Gradients:
    """Central differences of E at step 10⁻¹⁷ in 50 digits, error about 10⁻³³; for ∂E/∂h_l, h_l is shifted."""
    with mpmath.workdps(50):
        step = mpmath.mpf(10) ** -17
        w, b = [multiprecision(t) for t in weights], [multiprecision(t) for t in biases]
        g, states = multiprecision(covector), [multiprecision(inputs)]
        for weight, bias in zip(w, b, strict=True):
            states.append(np.vectorize(phi, otypes=[object])(states[-1] @ weight.T + bias))

        def slopes(tensor: Any, first: int) -> Any:
            out = np.empty(tensor.shape)
            for at in np.ndindex(tensor.shape):
                kept, ends = tensor[at], []
                for sign in (1, -1):
                    tensor[at] = kept + sign * step
                    ends.append(exact_energy(phi, w[first:], b[first:], states[first], g))
                tensor[at] = kept
                out[at] = (ends[0] - ends[1]) / (2 * step)
            return out

        return Gradients(
            [slopes(t, l) for l, t in enumerate(w)],
            [slopes(t, l) for l, t in enumerate(b)],
            [slopes(t, l) for l, t in enumerate(states)],
        )


def exact_slope(phi: Callable[[Any], Any], x: Any) -> Any:
    """φ′(x), x ≠ 0, by a central difference of relative step 10⁻²⁵, right to 30 digits however large x is."""
    with mpmath.workdps(80 + max(0, -int(mpmath.log10(abs(x))))):
        step = x * mpmath.mpf(10) ** -25
        return (phi(x + step) - phi(x - step)) / (2 * step)


def exact_logs(phi: Callable[[Any], Any], net: Net, draw: Draw, seed: int) -> dict[str, Any]:
    """One seed of a net in 40 digits without bounds on the exponent: what `measure` reports, from φ alone."""
    with mpmath.workdps(40):
        slope = np.vectorize(lambda x: exact_slope(phi, x), [object])
        sigma_w, sigma_b = mpmath.mpf(net.sigma_w), mpmath.mpf(net.sigma_b)
        weights = [sigma_w * multiprecision(w[seed]) for w in draw.weights]
        states, slopes, mean, rms = [multiprecision(draw.inputs[seed])], [], [], []
        for l, weight in enumerate(weights):
            a = states[-1] @ weight.T
            if draw.biases is not None:
                a = a + sigma_b * multiprecision(draw.biases[l][seed])
            mean.append(float(a.sum() / a.size))
            rms.append(_ln((a * a).sum() / a.size) / 2)
            states.append(np.vectorize(phi, otypes=[object])(a))
            slopes.append(slope(a))
        grad, gradient, weight_gradient = multiprecision(draw.covector[seed]), [], []
        for l in reversed(range(net.depth)):
            gradient.append(_ln((grad * grad).sum()) / 2)
            delta = grad * slopes[l]
            formed = delta.T @ states[l]
            weight_gradient.append(_ln((formed * formed).sum()) / 2)
            grad = delta @ weights[l]
        return {
            "ln_gradient": gradient[::-1],
            "ln_weight_gradient": weight_gradient[::-1],
            "preactivation_mean": mean,
            "ln_preactivation_rms": rms,
        }


def _ln(square: Any) -> float:
    return float(mpmath.log(square)) if square else -np.inf


def renormalised_logs(kernel: Kernel, homogeneous: bool, net: Net, draw: Draw) -> Any:
    """ln ‖∂E/∂h_l‖ in float64, (S, L), for φ bounded, or positively homogeneous without biases.

    Written the plain way: after each layer divide by the norm and add up its logarithm.
    """
    out = np.empty((net.seeds, net.depth))
    for s in range(net.seeds):
        h, slopes = draw.inputs[s], []
        for l in range(net.depth):
            a = net.sigma_w * h @ draw.weights[l][s].T
            if draw.biases is not None:
                a = a + net.sigma_b * draw.biases[l][s]
            h = kernel.value(a)
            slopes.append(kernel.slope(a))
            if homogeneous:
                h = h / np.linalg.norm(h)
        grad, total = draw.covector[s], 0.0
        for l in reversed(range(net.depth)):
            norm = np.linalg.norm(grad)
            total += np.log(norm)
            out[s, l] = total
            grad = net.sigma_w * (grad / norm * slopes[l]) @ draw.weights[l][s]
    return out
