"""Measurements of initialisations: layers of unequal width, normalised rows, isometry, typical drift."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import sympy as sp
from flint import arb
from numpy.random import Generator

from symgrad.errors import InputError
from symgrad.numeric.kernel import Array
from symgrad.symbolic.balls import ball, precision
from symgrad.symbolic.derivation import Claim
from symgrad.symbolic.letters import n_in, n_out
from symgrad.verify.nets import Float, NetOptions, draw, phi_kernel, resolve
from symgrad.verify.oracles import number_ball
from symgrad.verify.verdict import Evidence, combine, within

__all__ = ["isometry", "normalized_rows", "typical_drift", "uneven_layers"]

SIGMAS = 4.0
BITS = 64
BLOCK = 16
"""Nets drawn together."""
INPUTS = 16
"""Inputs that one net with normalised rows is told."""
FIRST, MOST = 64, 1024
"""Nets drawn at first, and the most while the answer is undecided; four times as many when thorough."""
FACTOR_ALLOWED = 0.03
"""Relative error of a factor a layer: rounding of a finite sample, since the mean is exact at every width."""
MAP_ALLOWED = 0.05
"""Relative error of a mean square after some layers of normalised rows, for widths from 100 on."""
DRIFT_ALLOWED = 0.06
"""Error of a drift a layer in units of 1/N: a linear net's is −1/(2N)."""
DRIFT_NETS = 4096

LAWS: dict[str, Callable[[Generator, tuple[int, ...]], Float]] = {
    "gaussian": lambda rng, shape: rng.standard_normal(shape),
    "uniform": lambda rng, shape: rng.uniform(-math.sqrt(3.0), math.sqrt(3.0), shape),
}
"""Law of a weight → entries of mean 0 and variance 1."""


@dataclass(frozen=True)
class Uneven:
    """A net whose layers differ in width: N_0 … N_L, and the law of its weights."""

    activation: str
    widths: tuple[int, ...]
    weights: str = "gaussian"
    batch: int = 8

    def __str__(self) -> str:
        return f"{self.activation}, widths {' '.join(map(str, self.widths))}, {self.weights}"


@dataclass(frozen=True)
class Normalized:
    """A net whose rows have sum 0 and sum of squares 1, told an input of that mean and variance."""

    activation: str
    depth: int
    width: int
    mean: float
    variance: float

    def __str__(self) -> str:
        return f"{self.activation}, {self.depth} layers from ({self.mean:g}, {self.variance:g})"


def _read(kind: type[Any], claim: Claim, net: Mapping[str, Any] | None) -> Any:
    known = {field.name for field in fields(kind)}
    given = dict(net or {})
    for name in given:
        if name not in known:
            raise InputError(
                f"claim {claim.key}: net option {name!r} is not known (legal: {', '.join(sorted(known))})"
            )
    return kind(**given)


def uneven_layers(claim: Claim, net: Mapping[str, Any] | None, rng: Generator, thorough: bool) -> Evidence:
    """Over L layers the mean square of a unit grows by ∏ `forward`, that of the gradient by ∏ `backward`.

    expects: variance (of a weight), forward and backward (factors of a layer), expressions in n_in and n_out.
    nets: activation, widths N_0 … N_L, weights (law), batch. No biases; inputs and co-vectors N(0, 1). The
    L-th roots of the measured ratios, means over nets with mean ± 4 standard errors, must lie within 3 % of
    the geometric means of the factors, as whole intervals. Own passes in NumPy, φ′ by differences of φ.
    Margin: share of the 3 % left.
    """
    options = _read(Uneven, claim, net)
    if options.weights not in LAWS:
        raise InputError(f"claim {claim.key}: weights {options.weights!r} (legal: {', '.join(LAWS)})")
    pairs = list(zip(options.widths, options.widths[1:], strict=False))
    variances = [_at(claim.expects["variance"], *pair) for pair in pairs]
    seen: list[Float] = []
    goal = FIRST
    while True:
        while len(seen) * BLOCK < goal:
            seen.append(_uneven_ratios(options, [float(v.mid()) for v in variances], rng))
        ratios, parts = np.concatenate(seen), []
        for column, way in enumerate(("forward", "backward")):
            expected = arb(1)
            for pair in pairs:
                expected *= _at(claim.expects[way], *pair)
            parts.append(_factor(ratios[:, column], expected, len(pairs), f"{options}: {way}"))
        evidence = combine(parts)
        if evidence.outcome != "UNDECIDED" or goal >= MOST * (4 if thorough else 1):
            return evidence
        goal *= 4


def _at(formula: Any, entering: int, leaving: int) -> arb:
    with precision(BITS):
        return ball(sp.S.One * formula, {n_in: arb(entering), n_out: arb(leaving)})


def _factor(values: Float, expected: arb, layers: int, text: str) -> Evidence:
    """The L-th root of a measured mean against that of the product of the factors."""
    half = SIGMAS * float(values.std(ddof=1)) / math.sqrt(len(values))
    root = arb(1) / layers
    with precision(BITS):
        found, wanted = arb(float(values.mean()), half) ** root, expected**root
        measured = f"{text} {float(found.mid()):.4f} ± {float(found.rad()):.4f} a layer"
        says = f"{measured}, expected {float(wanted.mid()):.4f}"
        return within(abs(found / wanted - 1), FACTOR_ALLOWED, says)


def _uneven_ratios(options: Uneven, variances: list[float], rng: Generator) -> Float:
    """Mean squares of h_L over those of h_0, of ∂E/∂h_0 over those of ∂E/∂h_L, of a block of nets, (S, 2)."""
    kernel = phi_kernel(resolve(options.activation))
    weights = [
        math.sqrt(v) * LAWS[options.weights](rng, (BLOCK, leaving, entering))
        for v, entering, leaving in zip(variances, options.widths, options.widths[1:], strict=False)
    ]
    start, covector = (rng.standard_normal((BLOCK, options.batch, options.widths[end])) for end in (0, -1))
    slopes: list[Array] = []
    h: Array = start
    for matrix in weights:
        a = h @ matrix.mT
        h = kernel.value(a)
        slopes.append(kernel.slope(a))
    g = covector
    for matrix, slope in zip(reversed(weights), reversed(slopes), strict=True):
        g = (g * slope) @ matrix
    pairs = ((h, start), (g, covector))
    return np.stack([np.mean(end**2, (1, 2)) / np.mean(begin**2, (1, 2)) for end, begin in pairs], axis=-1)


def normalized_rows(claim: Claim, net: Mapping[str, Any] | None, rng: Generator, thorough: bool) -> Evidence:
    """After L layers whose rows have sum 0 and sum of squares 1 the units have mean and variance of the map.

    expects: letter ν, mean and second (E φ and E φ² at variance ν, in ν). nets: activation, depth,
    width, mean and variance of the input. The map (μ, ν) ↦ (E φ, E φ² − (E φ)²) is iterated in balls; mean
    and variance over units and nets, each ± 4 standard errors over nets, must lie within 0.05 of it, as whole
    intervals. Margin: share of the 0.05 left.
    """
    options = _read(Normalized, claim, net)
    entry = phi_kernel(resolve(options.activation))
    letter, formulas = claim.expects["letter"], (claim.expects["mean"], claim.expects["second"])
    with precision(BITS):
        mean, variance = arb(options.mean), arb(options.variance)
        for _ in range(options.depth):
            mean, second = (ball(formula, {letter: variance}) for formula in formulas)
            variance = second - mean**2
    rows = []
    for _ in range((4 if thorough else 1) * FIRST):
        h: Array = rng.standard_normal((options.width, INPUTS))
        h = options.mean + math.sqrt(options.variance) * (h - h.mean(axis=0)) / h.std(axis=0)
        for _ in range(options.depth):
            matrix = rng.standard_normal((options.width, options.width))
            matrix -= matrix.mean(axis=1, keepdims=True)
            h = entry.value(matrix @ h / np.linalg.norm(matrix, axis=1, keepdims=True))
        rows.append((h.mean(), h.var(axis=0).mean()))
    parts = []
    for name, column, expected in zip(("mean", "variance"), np.array(rows).T, (mean, variance), strict=True):
        half = SIGMAS * float(column.std(ddof=1)) / math.sqrt(len(column))
        found = arb(float(column.mean()), half)
        text = (
            f"{options}: {name} {float(column.mean()):.4f} ± {half:.4f}, expected {float(expected.mid()):.4f}"
        )
        parts.append(within(abs(found - expected), MAP_ALLOWED, text))
    return combine(parts)


def isometry(claim: Claim, net: Mapping[str, Any] | None, rng: Generator, thorough: bool) -> Evidence:
    """Every singular value of ∂h_L/∂h_0 of a linear net is `value`, to rounding: 64 ε L N.

    expects: value. nets: `NetOptions` with the activation identity. The Jacobian's columns are what the net
    makes of the unit vectors, by the forward pass alone. Margin: share of the tolerance left.
    """
    options = NetOptions.read(net or {})
    if options.activation != "identity" or options.sigma_b or options.bias:
        raise InputError(f"claim {claim.key}: singular values are read off a linear net without biases")
    tensors = draw(options, rng, options.seeds * (4 if thorough else 1))
    columns = np.broadcast_to(np.eye(options.width), tensors.weights[0].shape)
    for matrix in tensors.weights:
        columns = matrix @ columns
    values = np.linalg.svd(columns, compute_uv=False)
    expected = float(number_ball(claim.expects["value"], BITS).mid())
    error = float(np.max(np.abs(values / expected - 1)))
    text = (
        f"{options}: singular values from {values.min():.15g} to {values.max():.15g}, expected {expected:.6g}"
    )
    return within(error, 64 * np.finfo(float).eps * options.depth * options.width, text)


def typical_drift(claim: Claim, net: Mapping[str, Any] | None, rng: Generator, thorough: bool) -> Evidence:
    """The mean over nets of ln(‖∂E/∂h_0‖/‖∂E/∂h_L‖)/L is the drift.

    expects: drift {activation: {width: number}}. nets: `NetOptions` without biases; nets whose gradient is 0
    do not count. Mean ± 4 standard errors must lie within 0.06/N of it, as a whole interval. Own passes in
    NumPy, φ′ by differences of φ. Margin: share of the 0.06/N left.
    """
    options = NetOptions.read(net or {})
    expected = number_ball(claim.expects["drift"][options.activation][options.width], BITS)
    kernel = phi_kernel(resolve(options.activation))
    drifts: list[Float] = []
    goal = DRIFT_NETS
    while True:
        while len(drifts) * DRIFT_NETS < goal:
            tensors = draw(options, rng, DRIFT_NETS)
            h: Array = tensors.inputs
            slopes: list[Array] = []
            for matrix in tensors.weights:
                a = h @ matrix.mT
                h = kernel.value(a)
                slopes.append(kernel.slope(a))
            g = tensors.covector
            for matrix, slope in zip(reversed(tensors.weights), reversed(slopes), strict=True):
                g = (g * slope) @ matrix
            sizes = [np.linalg.norm(part, axis=(1, 2)) for part in (g, tensors.covector)]
            alive = sizes[0] > 0
            drifts.append(np.log(sizes[0][alive] / sizes[1][alive]) / options.depth)
        values = np.concatenate(drifts)
        half = SIGMAS * float(values.std(ddof=1)) / math.sqrt(len(values))
        middle = float(values.mean())
        text = f"{options}: {middle:.5f} ± {half:.5f} a layer, expected {float(expected.mid()):.5f}"
        evidence = within(abs(arb(middle, half) - expected), DRIFT_ALLOWED / options.width, text)
        if evidence.outcome != "UNDECIDED" or goal >= DRIFT_NETS * (64 if thorough else 16):
            return evidence
        goal *= 4
